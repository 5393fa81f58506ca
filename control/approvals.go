package control

import (
	"slices"
	"time"

	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/policy"
)

// approvals resolves the Approval resources that count now: each names a policy that asks for approval, a user and people who may approve
// by that policy. What has expired is listed and otherwise passed over, so that nothing has to be tidied up before anything else can be published.
func (b *builder) approvals() (out []policy.Approved) {
	asking := map[string]*policy.SubscriptionPolicy{}
	for i, s := range b.set.Subscriptions {
		asking[s.Name] = &b.set.Subscriptions[i]
		b.approvers(s)
		if at, err := time.Parse(time.RFC3339, s.Expires); err == nil {
			b.ends(at)
			if !b.now.Before(at) {
				b.warn(s.Pos, "subscription policy %s expired at %s and lets nobody in", s.Name, s.Expires)
			}
		}
	}
	for _, d := range b.set.DataPolicies {
		for _, r := range d.Rules {
			if at, err := time.Parse(time.RFC3339, r.ExceptUntil); err == nil {
				b.ends(at)
			}
		}
	}
	for _, a := range b.set.Approvals {
		if given, ok := b.approval(a, asking[a.Policy]); ok {
			out = append(out, given)
		}
	}
	b.pending(out, asking)
	return out
}

// approvers refuses an approving party whose name is both a person's and a group's, and tells of one that is nobody's.
func (b *builder) approvers(s policy.SubscriptionPolicy) {
	for _, party := range s.Allow.Approval.List() {
		for _, name := range party.By {
			_, user := b.specs[name]
			switch group := b.groups[name]; {
			case user && group:
				b.mistake(s.Pos, "SubscriptionPolicy "+s.Name, "allow.approval: %s is the name of a user and of a group", name)
			case !user && !group:
				b.warn(s.Pos, "subscription policy %s: %s may approve, and no user or group of that name is known", s.Name, name)
			}
		}
	}
}

// approval checks one resource; ok is false if it does not count.
func (b *builder) approval(a resource.Approval, asking *policy.SubscriptionPolicy) (out policy.Approved, ok bool) {
	label, before := "Approval "+a.Name, len(b.mistakes)
	out = policy.Approved{Policy: a.Policy, User: a.User, Expires: a.ExpiresAt()}
	if !out.Expires.IsZero() {
		b.ends(out.Expires)
		if !b.now.Before(out.Expires) {
			b.warn(a.Pos, "approval %s expired at %s", a.Name, a.Expires)
			return out, false
		}
	}
	if asking == nil {
		b.mistake(a.Pos, label, "there is no SubscriptionPolicy %q", a.Policy)
		return out, false
	}
	if asking.Allow.Approval == nil {
		b.mistake(a.Pos, label, "SubscriptionPolicy %s does not ask for approval", a.Policy)
		return out, false
	}
	if _, known := b.specs[a.User]; !known {
		b.mistake(a.Pos, label, "there is no User %q", a.User)
	}
	for i, name := range a.ApprovedBy {
		spec, known := b.specs[name]
		who := policy.Approver{Name: name, Groups: spec.Groups}
		switch {
		case !known:
			b.mistake(a.Pos, label, "approvedBy: there is no User %q", name)
		case name == a.User:
			b.mistake(a.Pos, label, "approvedBy: %s cannot approve for themselves", name)
		case slices.Contains(a.ApprovedBy[:i], name):
			b.mistake(a.Pos, label, "approvedBy: %s is named twice", name)
		case !asking.Allow.Approval.Entitled(who):
			// No mistake: who takes somebody out of a group must not be kept from it by what that person approved before.
			b.warn(a.Pos, "approval %s does not count: %s may not approve for SubscriptionPolicy %s", a.Name, name, a.Policy)
			continue
		}
		out.By = append(out.By, who)
	}
	return out, len(b.mistakes) == before && len(out.By) > 0
}

// pending lists the requests for which approvals are still missing.
func (b *builder) pending(given []policy.Approved, asking map[string]*policy.SubscriptionPolicy) {
	type request struct{ policy, user string }
	by := map[request][]policy.Approver{}
	var order []request
	for _, g := range given {
		r := request{g.Policy, g.User}
		if _, seen := by[r]; !seen {
			order = append(order, r)
		}
		by[r] = append(by[r], g.By...)
	}
	for _, r := range order {
		if missing := asking[r.policy].Allow.Approval.Missing(by[r]); missing > 0 {
			b.warn(asking[r.policy].Pos, "the approval of %s for %s wants %d more to approve", r.user, r.policy, missing)
		}
	}
}

// ends notes an instant at which something ends.
func (b *builder) ends(at time.Time) {
	if b.now.Before(at) && (b.expires.IsZero() || at.Before(b.expires)) {
		b.expires = at
	}
}
