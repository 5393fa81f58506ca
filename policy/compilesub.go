package policy

import (
	"fmt"
	"slices"
	"time"

	"github.com/posternsql/postern/identity"
)

// Privilege is one way of writing.
type Privilege string

// The privileges of write access.
const (
	PrivilegeInsert   Privilege = "insert"
	PrivilegeUpdate   Privilege = "update"
	PrivilegeDelete   Privilege = "delete"
	PrivilegeTruncate Privilege = "truncate"
	PrivilegeMerge    Privilege = "merge"
)

// Privileges lists all of them, in the order in which decisions have them.
func Privileges() []Privilege {
	return []Privilege{PrivilegeInsert, PrivilegeUpdate, PrivilegeDelete, PrivilegeTruncate, PrivilegeMerge}
}

// subscription checks one subscription policy and adds it to the sources that it selects.
func (c *compiler) subscription(s SubscriptionPolicy) {
	report := Problem{Pos: s.Pos, Policy: s.Name, Rule: -1}
	before := len(c.problems)
	sources := c.sources(s.On, report)
	if s.Access != AccessRead && s.Access != AccessWrite && s.Access != AccessUnload {
		report.Message = fmt.Sprintf("access is %q: it must be read, write or unload", s.Access)
		c.problem(report)
	}
	if s.Effect != SubscriptionGrant && s.Effect != SubscriptionGuardrail {
		report.Message = fmt.Sprintf("effect is %q: it must be grant or guardrail", s.Effect)
		c.problem(report)
	}
	sub := subscription{policy: s.Name, pos: s.Pos, who: c.audience(s, report), privileges: c.privileges(s, report), unloads: c.unloading(s, report)}
	sub.expires = c.instant(s.Expires, "expires", report)
	if s.Expires != "" && s.Effect == SubscriptionGuardrail {
		report.Message = "a guardrail does not expire: nothing is to open by the passing of time alone"
		c.problem(report)
	}
	if s.Staged || len(c.problems) > before {
		return
	}
	for _, t := range sources {
		list := &t.grants
		switch guards, unloads := s.Effect == SubscriptionGuardrail, s.Access == AccessUnload; {
		case guards && unloads:
			list = &t.unloadGuards
		case guards:
			list = &t.guardrails
		case unloads:
			list = &t.unloads
		}
		*list = append(*list, sub)
	}
}

// privileges are those that a policy on writing is about, nil for one on reading.
func (c *compiler) privileges(s SubscriptionPolicy, report Problem) []Privilege {
	if s.Access != AccessWrite {
		if len(s.Privileges) > 0 {
			report.Message = "privileges narrow access: write; with other access there are none"
			c.problem(report)
		}
		return nil
	}
	seen := map[Privilege]bool{}
	for _, p := range s.Privileges {
		if !slices.Contains(Privileges(), p) || seen[p] {
			report.Message = fmt.Sprintf("privilege %q is given twice or is not one of insert, update, delete, truncate, merge", p)
			c.problem(report)
		}
		seen[p] = true
	}
	if len(seen) == 0 {
		return Privileges()
	}
	return slices.DeleteFunc(Privileges(), func(p Privilege) bool { return !seen[p] })
}

// instant reads an RFC 3339 instant; "" is none.
func (c *compiler) instant(text, field string, report Problem) time.Time {
	if text == "" {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || at.IsZero() {
		report.Message = fmt.Sprintf("%s: %q is not an instant like 2027-01-31T12:00:00Z", field, text)
		c.problem(report)
		return time.Unix(0, 0)
	}
	return at
}

// audience checks `allow`.
func (c *compiler) audience(s SubscriptionPolicy, report Problem) audience {
	a, kinds := s.Allow, 0
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
	if a.Approval != nil {
		if err := a.Approval.validate(); err != nil {
			report.Message = "allow.approval: " + err.Error()
			c.problem(report)
		}
		out.approvals = &approvals{wants: a.Approval, people: map[string][]Approved{}}
		for _, given := range c.approvals[s.Name] {
			out.approvals.people[given.User] = append(out.approvals.people[given.User], given)
		}
	}
	return out
}

// subscription is a compiled subscription policy.
type subscription struct {
	policy string
	pos    Pos
	who    audience
	// privileges are nil for a policy on reading.
	privileges []Privilege
	// unloads are of a grant on unloading.
	unloads []Unloading
	expires time.Time
}

// lets reports whether the policy holds for the person at the instant, why or why not in words, and the next instant at which that may
// change by the passing of time.
func (s subscription) lets(p identity.Principal, at time.Time) (ok bool, why string, until time.Time) {
	if !s.expires.IsZero() && (at.IsZero() || !at.Before(s.expires)) {
		return false, "expired", time.Time{}
	}
	ok, why, until = s.who.has(p, at)
	return ok, why, sooner(until, s.expires)
}

// audience says whom a subscription policy lets in. The zero value lets nobody in.
type audience struct {
	anyone    bool
	users     []string // sorted
	when      *condition
	approvals *approvals
}

// has reports whether the person is let in, why or why not in words, and until when at most.
func (a audience) has(p identity.Principal, at time.Time) (ok bool, why string, until time.Time) {
	switch {
	case p.IsZero():
		return false, "nobody", time.Time{}
	case a.anyone:
		return true, "anyone", time.Time{}
	case a.when != nil:
		return a.when.holds(p), a.when.text, time.Time{}
	case len(a.users) > 0:
		_, found := slices.BinarySearch(a.users, p.User())
		return found, "named users", time.Time{}
	case a.approvals != nil:
		ok, until = a.approvals.has(p.User(), at)
		return ok, "approval", until
	}
	return false, "nobody", time.Time{}
}

// subscribed applies guardrails on reading, of which every one must hold, and grants, of which one must. It then gathers the privileges
// that grants give and no guardrail on writing takes away.
func (t *tableProgram) subscribed(p identity.Principal, at time.Time, d *Decision) bool {
	for _, g := range t.guardrails {
		if g.privileges != nil {
			continue
		}
		ok, why, until := g.who.has(p, at)
		d.ValidUntil = sooner(d.ValidUntil, until)
		if !ok {
			d.because(g.policy, 0, EffectDeny, why)
			return false
		}
		d.because(g.policy, 0, EffectAllow, why)
	}
	var refused []Reason
	allowed, write := false, map[Privilege]bool{}
	for _, g := range t.grants {
		ok, why, until := g.lets(p, at)
		d.ValidUntil = sooner(d.ValidUntil, until)
		if !ok {
			refused = append(refused, Reason{Policy: g.policy, Effect: EffectDeny, Detail: why})
			continue
		}
		gives := slices.ContainsFunc(g.privileges, func(p Privilege) bool { return !write[p] })
		for _, privilege := range g.privileges {
			write[privilege] = true
		}
		if !allowed || gives {
			d.because(g.policy, 0, EffectAllow, why)
		}
		allowed = true
	}
	if !allowed {
		d.Because = append(d.Because, refused...)
		return false
	}
	t.guardWrites(p, at, d, write)
	d.Privileges = slices.DeleteFunc(Privileges(), func(p Privilege) bool { return !write[p] })
	if len(d.Privileges) == 0 {
		d.Privileges = nil
	}
	return true
}

// guardWrites takes away the privileges whose guardrails do not hold for the person.
func (t *tableProgram) guardWrites(p identity.Principal, at time.Time, d *Decision, write map[Privilege]bool) {
	if len(write) == 0 {
		return
	}
	for _, g := range t.guardrails {
		if g.privileges == nil {
			continue
		}
		ok, why, until := g.who.has(p, at)
		d.ValidUntil = sooner(d.ValidUntil, until)
		if ok {
			continue
		}
		d.because(g.policy, 0, EffectDeny, why)
		for _, privilege := range g.privileges {
			delete(write, privilege)
		}
	}
}
