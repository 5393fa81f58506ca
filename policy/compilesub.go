package policy

import (
	"fmt"
	"slices"

	"github.com/posternsql/postern/identity"
)

// subscription checks one subscription policy and adds it to the sources that it selects.
func (c *compiler) subscription(s SubscriptionPolicy) {
	report := Problem{Pos: s.Pos, Policy: s.Name, Rule: -1}
	before := len(c.problems)
	sources := c.sources(s.On, report)
	if s.Access != AccessRead && s.Access != AccessWrite {
		report.Message = fmt.Sprintf("access is %q: it must be read or write", s.Access)
		c.problem(report)
	}
	if s.Effect != SubscriptionGrant && s.Effect != SubscriptionGuardrail {
		report.Message = fmt.Sprintf("effect is %q: it must be grant or guardrail", s.Effect)
		c.problem(report)
	}
	who := c.audience(s.Allow, report)
	// A guardrail on writing does not keep anyone from reading; writing itself is not decided yet.
	if s.Staged || len(c.problems) > before || s.Effect == SubscriptionGuardrail && s.Access == AccessWrite {
		return
	}
	sub := subscription{policy: s.Name, who: who}
	for _, t := range sources {
		if s.Effect == SubscriptionGuardrail {
			t.guardrails = append(t.guardrails, sub)
		} else {
			t.grants = append(t.grants, sub)
		}
	}
}

// audience checks `allow`.
func (c *compiler) audience(a Allow, report Problem) audience {
	kinds := 0
	for _, set := range []bool{a.Anyone, a.When != "", len(a.Users) > 0, a.Approval != nil} {
		if set {
			kinds++
		}
	}
	if kinds != 1 {
		report.Message = "`allow` says exactly one of anyone: true, when, users and approval"
		c.problem(report)
	}
	out := audience{anyone: a.Anyone && kinds == 1, users: slices.Clone(a.Users)}
	slices.Sort(out.users)
	out.when = c.condition(a.When, "allow.when", report)
	return out
}

// subscription is a compiled subscription policy.
type subscription struct {
	policy string
	who    audience
}

// audience says whom a subscription policy lets in. The zero value lets nobody in; so does one that waits for approvals.
type audience struct {
	anyone bool
	users  []string // sorted
	when   *condition
}

// has reports whether the person is let in, and why or why not in words.
func (a audience) has(p identity.Principal) (bool, string) {
	switch {
	case p.IsZero():
		return false, "nobody"
	case a.anyone:
		return true, "anyone"
	case a.when != nil:
		return a.when.holds(p), a.when.text
	case len(a.users) > 0:
		_, found := slices.BinarySearch(a.users, p.User())
		return found, "named users"
	}
	return false, "approval"
}
