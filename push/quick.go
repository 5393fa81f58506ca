package push

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// remembered is what a run left in the database.
type remembered struct {
	have *Actual
	// revision that the database then had; each transaction of a Syncer's makes it another.
	revision string
	// base is what then was settled.
	base *baseline
}

// remember keeps what is there now for a quick run.
func (r *run) remember(ctx context.Context, have *Actual, findings []Finding) error {
	if !r.report.Done {
		return nil
	}
	if err := r.s.sameConnection(ctx, r.conn, r.facts); err != nil {
		return err
	}
	have.findings = findings
	r.s.last = &remembered{have, r.facts.revision, r.base}
	return nil
}

// quick does what is to be done where that is about the profile and about who is in which role alone, and reports whether that was so. It reads back
// those alone.
func (r *run) quick(ctx context.Context, last *remembered, err *error) bool {
	// Who has become a member of a table's owner since may give it row policies.
	if last == nil || last.revision != r.facts.revision || last.have.facts.rights != r.facts.rights {
		return false
	}
	r.base = last.base
	d := diff(r.s.config.Settings, r.want, last.have, past{base: r.base})
	p := d.plan(r.s.budget(r.facts), false, nil)
	for _, t := range p.Transactions {
		for _, st := range t.Statements {
			if len(st.Params) == 0 && !st.member {
				return false
			}
		}
	}
	if len(p.Last) > 0 || len(p.Transactions) > 1 || d.newcomers() {
		return false
	}
	// What the baseline holds stays settled while nobody's membership changes.
	if r.quickly = len(d.join)+len(d.leave) == 0; !r.quickly && !r.sameMembers(ctx, last.have) {
		return false
	}
	if *err = r.s.attribute(ctx, d, r.facts.at, nil); *err != nil {
		return true
	}
	r.report.Plan, r.report.Findings = p, d.findings
	*err = r.peopleOnly(ctx, d, last.have)
	return true
}

// newcomers reports people of whom nothing was known: what else they may do is looked at by a whole run.
func (d *difference) newcomers() bool {
	return slices.ContainsFunc(d.profiles, func(p Profile) bool {
		_, known := d.have.Profile[p.Account]
		return !known
	})
}

// sameMembers reports that nobody else has changed who is in our roles: a whole run tells of that.
func (r *run) sameMembers(ctx context.Context, had *Actual) bool {
	now, err := r.membersNow(ctx, had)
	return err == nil && maps.Equal(now.Members, had.Members)
}

// membersNow is what was there with the members of now.
func (r *run) membersNow(ctx context.Context, had *Actual) (*Actual, error) {
	now := *had
	now.State = had.clone()
	now.Members, now.memberships, now.findings = map[Member]bool{}, map[string][]string{}, slices.Clone(had.findings)
	c := &crawler{ctx: ctx, conn: r.conn, settings: r.s.config.Settings, want: r.want, out: &now}
	r.s.dialect().members(c)
	return &now, c.err
}

// profileNow is what was there with the profile of now.
func (r *run) profileNow(ctx context.Context, had *Actual) (*Actual, error) {
	now := *had
	now.State = had.clone()
	now.Profile = map[string]Profile{}
	c := &crawler{ctx: ctx, conn: r.conn, settings: r.s.config.Settings, want: r.want, out: &now}
	r.s.dialect().people(c)
	return &now, c.err
}

func (r *run) peopleOnly(ctx context.Context, d *difference, had *Actual) error {
	if !r.report.Plan.Empty() {
		if err := r.s.config.Record(ctx, r.event("push.plan", r.report.Plan.summary())); err != nil {
			return fmt.Errorf("recording the plan: %w", err)
		}
		if err := r.apply(ctx, d); err != nil {
			return err
		}
		if err := r.s.config.Record(context.WithoutCancel(ctx), r.event("push.sync", "what is about people was changed")); err != nil {
			return fmt.Errorf("recording what was done: %w", err)
		}
	}
	now, err := had, error(nil)
	if !r.quickly {
		now, err = r.membersNow(ctx, had)
	}
	if err == nil {
		now, err = r.profileNow(ctx, now)
	}
	if err != nil {
		return fmt.Errorf("reading back what is about people: %w", err)
	}
	left := diff(r.s.config.Settings, r.want, now, past{base: r.base})
	r.report.Done = left.plan(r.s.budget(r.facts), false, nil).Empty()
	if r.report.Done && !r.quickly {
		if err := r.settle(ctx, d); err != nil {
			return err
		}
	}
	return r.remember(ctx, now, had.findings)
}
