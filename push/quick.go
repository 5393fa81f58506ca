package push

import (
	"context"
	"fmt"
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

// quick does what is to be done where that is about the profile alone, and reports whether that was so. It reads back the profile alone.
func (r *run) quick(ctx context.Context, last *remembered, err *error) bool {
	if last == nil || last.revision != r.facts.revision {
		return false
	}
	r.base, r.quickly = last.base, true
	d := diff(r.s.config.Settings, r.want, last.have, past{base: r.base})
	p := d.plan(r.s.budget(r.facts), false, nil)
	for _, t := range p.Transactions {
		for _, st := range t.Statements {
			if len(st.Params) == 0 {
				r.quickly = false
				return false
			}
		}
	}
	if len(p.Last) > 0 || len(p.Transactions) > 1 {
		r.quickly = false
		return false
	}
	if *err = r.s.attribute(ctx, d, r.facts.at, nil); *err != nil {
		return true
	}
	r.report.Plan, r.report.Findings = p, d.findings
	*err = r.profileOnly(ctx, d, last.have)
	return true
}

func (r *run) profileOnly(ctx context.Context, d *difference, had *Actual) error {
	if !r.report.Plan.Empty() {
		if err := r.s.config.Record(ctx, r.event("push.plan", r.report.Plan.summary())); err != nil {
			return fmt.Errorf("recording the plan: %w", err)
		}
		if err := r.apply(ctx, d); err != nil {
			return err
		}
		if err := r.s.config.Record(context.WithoutCancel(ctx), r.event("push.sync", "the profile was changed")); err != nil {
			return fmt.Errorf("recording what was done: %w", err)
		}
	}
	now := *had
	now.State = had.clone()
	now.Profile = map[string]Profile{}
	c := &crawler{ctx: ctx, conn: r.conn, settings: r.s.config.Settings, want: r.want, out: &now}
	if c.profile(); c.err != nil {
		return fmt.Errorf("reading the profile back: %w", c.err)
	}
	r.report.Done = diff(r.s.config.Settings, r.want, &now, past{base: r.base}).plan(r.s.budget(r.facts), false, nil).Empty()
	return r.remember(ctx, &now, had.findings)
}
