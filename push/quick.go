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
	// wanted are the profiles that then should be there, whether or not they could be had.
	wanted map[string]Profile
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
	r.s.last = &remembered{have, r.facts.revision, r.base, r.want.Profile}
	return nil
}

// quick does what is to be done where that is about people alone, and reports whether that was so: the profile, who is in which role, and who comes and goes. It
// reads back those alone. What else those who come may do it does not ask: it has a whole run look soon.
func (r *run) quick(ctx context.Context, last *remembered, err *error) bool {
	// Who has become a member of a table's owner since may give it row policies.
	if last == nil || last.revision != r.facts.revision || last.have.facts.rights != r.facts.rights {
		return false
	}
	r.base = last.base
	have := last.have
	d := diff(r.s.config.Settings, r.want, have, past{base: r.base})
	if d.traffic(r.want, last) {
		var known bool
		if have, known = r.sameRoster(ctx, last.have); !known {
			return false
		}
		r.roster, r.report.Look = true, true
		d = diff(r.s.config.Settings, r.want, have, past{base: r.base})
	}
	p := d.plan(r.s.budget(r.facts), false, nil)
	if !d.aboutPeople(p) {
		r.report.Look = false
		return false
	}
	// What the baseline holds stays settled while nobody's membership changes.
	if r.quickly = len(d.join)+len(d.leave) == 0 && !r.roster; !r.quickly && !r.roster && !r.sameMembers(ctx, have) {
		return false
	}
	if *err = r.s.attribute(ctx, d, r.facts.at, nil); *err != nil {
		return true
	}
	r.report.Plan, r.report.Findings = p, d.findings
	*err = r.peopleOnly(ctx, d, have)
	return true
}

// otherRights reports that the system role has the rights of other roles than at the last run, or that another Syncer was at work since; not where that cannot be
// asked, or a run is under way.
func (s *Syncer) otherRights(ctx context.Context) bool {
	if !s.syncing.TryLock() {
		return false
	}
	defer s.syncing.Unlock()
	if s.last == nil {
		return false
	}
	conn, f, err := s.open(ctx)
	if err != nil {
		s.config.Log.Debug("asking for the system role's rights", "connection", s.config.Settings.Connection, "error", err)
		return false
	}
	if err := conn.Close(context.WithoutCancel(ctx)); err != nil {
		s.config.Log.Debug("closing a connection", "error", err)
	}
	return f.revision != s.last.revision || f.rights != s.last.have.facts.rights
}

// aboutPeople reports that a plan is one transaction about people, and drops nothing but roles of theirs.
func (d *difference) aboutPeople(p *Plan) bool {
	for _, t := range p.Transactions {
		for _, st := range t.Statements {
			if st.admits || len(st.Params) == 0 && !st.member && !st.person {
				return false
			}
		}
	}
	return len(p.Transactions) <= 1 && len(d.oldSchemas) == 0 && !slices.ContainsFunc(d.oldRoles, func(name string) bool { return d.have.kindOf(name) != RolePerson })
}

// traffic reports that somebody comes or goes: then it is asked which roles there are now, and not taken for granted.
func (d *difference) traffic(want *Desired, last *remembered) bool {
	if len(d.newRoles)+len(d.oldRoles)+len(d.paths)+len(d.oldPaths)+len(d.gone) > 0 {
		return true
	}
	for account := range want.Profile {
		_, known := last.have.Profile[account]
		if _, asked := last.wanted[account]; !known && !asked {
			return true
		}
	}
	return slices.ContainsFunc(d.profiles, func(p Profile) bool {
		_, known := d.have.Profile[p.Account]
		return !known
	})
}

// sameRoster is what was there with the people and roles of now, and whether nobody else has changed anything about those that were there: a whole run tells of
// that.
func (r *run) sameRoster(ctx context.Context, had *Actual) (*Actual, bool) {
	now, err := r.rosterNow(ctx, had)
	if err != nil || now == nil {
		return nil, false
	}
	for name := range had.Roles {
		if _, still := now.Server[name]; !still {
			return nil, false
		}
	}
	return now, maps.Equal(now.Members, had.Members) && maps.Equal(now.Paths, had.Paths) && maps.Equal(now.foreignPaths, had.foreignPaths) && maps.Equal(now.ledger, had.ledger) &&
		maps.EqualFunc(now.Profile, had.Profile, Profile.equal)
}

// rosterNow is what was there with the roles, their members, the profile and the search paths of now; nil where the warehouse does not tell them apart.
func (r *run) rosterNow(ctx context.Context, had *Actual) (*Actual, error) {
	now := *had
	now.State = had.clone()
	now.Roles, now.Server, now.ledger, now.foreignPaths = map[string]Role{}, map[string]serverRole{}, map[ledgerKey]ledgerEntry{}, map[string]string{}
	now.Members, now.memberships, now.findings = map[Member]bool{}, map[string][]string{}, slices.Clone(had.findings)
	now.Profile, now.Paths = map[string]Profile{}, map[string]string{}
	c := &crawler{ctx: ctx, conn: r.conn, settings: r.s.config.Settings, want: r.want, out: &now}
	if !r.s.dialect().roster(c) {
		return nil, nil
	}
	return &now, c.err
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

// peopleNow reads back what the run may have changed.
func (r *run) peopleNow(ctx context.Context, had *Actual) (*Actual, error) {
	if r.roster {
		return r.rosterNow(ctx, had)
	}
	now, err := had, error(nil)
	if !r.quickly {
		if now, err = r.membersNow(ctx, had); err != nil {
			return nil, err
		}
	}
	return r.profileNow(ctx, now)
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
	now, err := r.peopleNow(ctx, had)
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
