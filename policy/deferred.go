package policy

import (
	"maps"
	"slices"
	"time"

	"github.com/posternsql/postern/policy/expr"
)

// BindDeferred leaves the person open: what depends on the person stays in the decision, as expressions that are looked up
// in the person's profile when rows are read. Conditions on people become flags of the profile (Program.FlagsAt), because
// they are evaluated here and nowhere else.
//
// A deferred decision is denied where nobody could be let in. For who has no profile it shows no rows, and NULL in place of every
// mask. What ends by time ends by the warehouse's clock too, whether or not the decision is made anew. Program.Deferrable tells what
// a deferred decision cannot say.
func BindDeferred() Binding { return Binding{deferred: true} }

// decideDeferred is decideProject for whoever asks.
func (p *Program) decideDeferred(t *tableProgram, at time.Time) Decision {
	d := Decision{Table: t.table}
	parts := p.equalizedParts(t, at, &d)
	own := []expr.Expr{p.inProject(t), t.guarded(at, &d), t.granted(at, &d)}
	access := expr.Simplify(expr.And{Args: own})
	anybody := access
	for _, part := range parts {
		anybody = expr.Simplify(expr.Or{Args: []expr.Expr{anybody, part.flag}})
	}
	if expr.IsFalse(anybody) {
		return d
	}
	d.Allowed = true
	rows := []expr.Expr{access}
	for i := range t.rows {
		r := &t.rows[i]
		d.because(r.policy, r.rule, EffectFilter, "")
		rows = append(rows, expr.Or{Args: []expr.Expr{expr.Not{Arg: r.applies(at, &d)}, r.filter}})
	}
	shown := expr.Or{Args: []expr.Expr{expr.And{Args: rows}}}
	for _, part := range parts {
		shown.Args = append(shown.Args, part.rows())
	}
	d.Filter = expr.Simplify(expr.And{Args: []expr.Expr{expr.KnownPerson{}, shown}})
	domains := p.sharedDomains(t)
	d.Columns = make([]ColumnDecision, 0, len(t.columns))
	for i := range t.columns {
		if c := &t.columns[i]; c.hidden() {
			d.because(c.masks[0].policy, c.masks[0].rule, EffectHide, c.column.Name)
		} else {
			d.Columns = append(d.Columns, c.deferred(at, &d, parts, domains))
		}
	}
	d.Writes = t.writes(access, parts, at, &d)
	return d
}

// guarded is the guardrails on reading, of which every one must hold.
func (t *tableProgram) guarded(at time.Time, d *Decision) expr.Expr {
	var all expr.And
	for _, g := range t.guardrails {
		if g.privileges == nil {
			d.because(g.policy, 0, EffectDeny, "unless it holds for the person")
			all.Args = append(all.Args, g.who.deferred(at, d))
		}
	}
	return all
}

// granted is the grants, of which one must hold.
func (t *tableProgram) granted(at time.Time, d *Decision) expr.Expr {
	var any expr.Or
	for _, g := range t.grants {
		any.Args = append(any.Args, g.deferred(at, d))
	}
	return any
}

// deferred says whom a grant lets in; what ends does so by the warehouse's clock as well.
func (s subscription) deferred(at time.Time, d *Decision) expr.Expr {
	if !s.expires.IsZero() && (at.IsZero() || !at.Before(s.expires)) {
		return expr.False
	}
	d.ValidUntil = sooner(d.ValidUntil, s.expires)
	d.because(s.policy, 0, EffectAllow, "if it holds for the person")
	return expr.And{Args: []expr.Expr{s.who.deferred(at, d), before(s.expires)}}
}

// before is true until the instant; zero is never over.
func before(until time.Time) expr.Expr {
	if until.IsZero() {
		return expr.True
	}
	return expr.Op{Name: "<", Left: expr.Now{}, Right: expr.Literal{Type: "timestamp with time zone", Value: until.UTC().Format("2006-01-02 15:04:05.999999") + "+00"}}
}

// deferred says whom a policy lets in.
func (a audience) deferred(at time.Time, d *Decision) expr.Expr {
	switch {
	case a.anyone:
		return expr.True
	case a.when != nil:
		return holdsFlag(a.when)
	case a.approvals == nil:
		return named(a.users)
	}
	var lasting []string
	var any expr.Or
	for _, name := range slices.Sorted(maps.Keys(a.approvals.people)) {
		ok, until := a.approvals.has(name, at)
		d.ValidUntil = sooner(d.ValidUntil, until)
		if !ok {
			continue
		}
		// Of several approvals one may end before the person is let in no more.
		for still := ok; still && !until.IsZero(); {
			var next time.Time
			if still, next = a.approvals.has(name, until); still {
				until = next
			}
		}
		if until.IsZero() {
			lasting = append(lasting, name)
			continue
		}
		any.Args = append(any.Args, expr.And{Args: []expr.Expr{named([]string{name}), before(until)}})
	}
	any.Args = append(any.Args, named(lasting))
	return any
}

// named is true for these people.
func named(users []string) expr.Expr {
	in := expr.In{Arg: expr.Username{}}
	for _, name := range users {
		in.List = append(in.List, expr.Literal{Type: "text", Value: name})
	}
	return in
}

// applies is true for whom the rule is.
func (o *origin) applies(at time.Time, d *Decision) expr.Expr {
	var all expr.And
	ended := !o.until.IsZero() && (at.IsZero() || !at.Before(o.until))
	if o.except != nil && !ended {
		d.ValidUntil = sooner(d.ValidUntil, o.until)
		all.Args = append(all.Args, expr.Not{Arg: expr.And{Args: []expr.Expr{holdsFlag(o.except), before(o.until)}}})
	}
	// Where onlyFor cannot be evaluated both halves of a rule are for the person.
	switch {
	case o.only != nil && o.others:
		all.Args = append(all.Args, expr.Not{Arg: holdsFlag(o.only)})
	case o.only != nil:
		all.Args = append(all.Args, expr.Not{Arg: failsFlag(o.only)})
	}
	return expr.Simplify(all)
}

// hidden reports a column that a mask hides from everybody.
func (c *columnProgram) hidden() bool {
	return len(c.masks) > 0 && c.masks[0].kind == MaskHide && c.masks[0].except == nil && c.masks[0].only == nil
}

// hides reports a column that a mask hides from somebody.
func (c *columnProgram) hides() bool {
	return slices.ContainsFunc(c.masks, func(m maskRule) bool { return m.kind == MaskHide })
}

// deferred is a CASE over what the projects show and then over the masks in the order in which they are tried. Its kind is that of the first
// mask.
func (c *columnProgram) deferred(at time.Time, d *Decision, parts []equalizedPart, domains []sharedDomain) ColumnDecision {
	out := ColumnDecision{Column: c.column}
	projects := masksOf(c.column, parts, &out)
	if len(c.masks) == 0 && out.Kind == MaskNone {
		return out
	}
	choice := expr.Case{Else: sourceColumn(c.column), Whens: []expr.When{{Cond: expr.Not{Arg: expr.KnownPerson{}}, Result: typeOf(c.column).null(c.column)}}}
	choice.Whens = append(choice.Whens, projects...)
	for i := range c.masks {
		m := &c.masks[i]
		d.because(m.policy, m.rule, EffectMask, c.column.Name)
		if out.Kind == MaskNone {
			out.Kind, out.Policy = m.kind, m.policy
		}
		cond := m.applies(at, d)
		if m.where != nil {
			// A condition on the row that is NULL acts: in doubt a value is masked.
			cond = expr.Simplify(expr.And{Args: []expr.Expr{cond, expr.Or{Args: []expr.Expr{m.where, expr.IsNull{Arg: m.where}}}}})
		}
		if expr.IsTrue(cond) {
			choice.Else = shared(m.mask, domains)
			break
		}
		choice.Whens = append(choice.Whens, expr.When{Cond: cond, Result: shared(m.mask, domains)})
	}
	out.Mask = choice
	// CASE keeps a modifier only where all results have it. A cast to a domain would check the value again.
	if t := typeOf(c.column); t.base != "" {
		out.Mask = expr.Cast{Arg: choice, Type: t.full}
	}
	return out
}
