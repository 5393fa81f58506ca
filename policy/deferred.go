package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"time"

	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy/expr"
)

// BindDeferred leaves the person open: what depends on the person stays in the decision, as expressions that are looked up
// in the person's profile when rows are read. Conditions on people become flags of the profile (Program.Flags), because
// they are evaluated here and nowhere else.
//
// A deferred decision is for reading: it has no privileges. It is denied where nobody could be let in. For who has no
// profile it shows no rows, and NULL in place of every mask.
func BindDeferred() Binding { return Binding{deferred: true} }

// Flags lists what a person's profile holds for this program, sorted: for each condition that it is true or that it is
// false, and in which project the person acts. What is not listed is neither; that always means less.
func (p *Program) Flags(who identity.Principal) []string {
	if p == nil || who.IsZero() {
		return nil
	}
	out := []string{projectFlag(who.Project()).Name}
	for _, c := range p.conditions {
		switch {
		case c.holds(who):
			out = append(out, holdsFlag(c).Name)
		case c.fails(who):
			out = append(out, failsFlag(c).Name)
		}
	}
	slices.Sort(out)
	return out
}

func holdsFlag(c *condition) expr.ConditionFlag {
	return expr.ConditionFlag{Name: "true:" + digest(c.text)}
}
func failsFlag(c *condition) expr.ConditionFlag {
	return expr.ConditionFlag{Name: "false:" + digest(c.text)}
}

func projectFlag(name string) expr.ConditionFlag {
	if name == "" {
		return expr.ConditionFlag{Name: "project:"}
	}
	return expr.ConditionFlag{Name: "project:" + digest(name)}
}

// digest keeps the texts of conditions, which may be long and say how people are judged, out of the warehouse.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:12])
}

// decideDeferred is decideProject for whoever asks.
func (p *Program) decideDeferred(t *tableProgram, at time.Time) Decision {
	d := Decision{Table: t.table}
	access := expr.Simplify(expr.And{Args: []expr.Expr{p.inProject(t), t.guarded(at, &d), t.granted(at, &d)}})
	if expr.IsFalse(access) {
		return d
	}
	d.Allowed = true
	filter := []expr.Expr{expr.KnownPerson{}, access}
	for i := range t.rows {
		r := &t.rows[i]
		d.because(r.policy, r.rule, EffectFilter, "")
		filter = append(filter, expr.Or{Args: []expr.Expr{expr.Not{Arg: r.applies(at, &d)}, r.filter}})
	}
	d.Filter = expr.Simplify(expr.And{Args: filter})
	d.Columns = make([]ColumnDecision, len(t.columns))
	for i := range t.columns {
		d.Columns[i] = t.columns[i].deferred(at, &d)
	}
	return d
}

// inProject is true for who acts in no project, or in one of which the source is. Projects that change what is seen there
// (equalized ones, and those with a token domain of their own) show nothing.
func (p *Program) inProject(t *tableProgram) expr.Expr {
	any := expr.Or{Args: []expr.Expr{projectFlag("")}}
	for _, name := range slices.Sorted(maps.Keys(p.projects)) {
		if project := p.projects[name]; project.sources[t.table] && !project.Equalize && project.Domain == "" {
			any.Args = append(any.Args, projectFlag(name))
		}
	}
	return any
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
		if !g.expires.IsZero() {
			if at.IsZero() || !at.Before(g.expires) {
				continue
			}
			d.ValidUntil = sooner(d.ValidUntil, g.expires)
		}
		d.because(g.policy, 0, EffectAllow, "if it holds for the person")
		any.Args = append(any.Args, g.who.deferred(at, d))
	}
	return any
}

// deferred says whom a policy lets in.
func (a audience) deferred(at time.Time, d *Decision) expr.Expr {
	names := a.users
	switch {
	case a.anyone:
		return expr.True
	case a.when != nil:
		return holdsFlag(a.when)
	case a.approvals != nil:
		names = nil
		for _, name := range slices.Sorted(maps.Keys(a.approvals.people)) {
			ok, until := a.approvals.has(name, at)
			d.ValidUntil = sooner(d.ValidUntil, until)
			if ok {
				names = append(names, name)
			}
		}
	}
	in := expr.In{Arg: expr.Username{}}
	for _, name := range names {
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
		all.Args = append(all.Args, expr.Not{Arg: holdsFlag(o.except)})
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

// deferred is a CASE over the masks in the order in which they are tried. Its kind is that of the first.
func (c *columnProgram) deferred(at time.Time, d *Decision) ColumnDecision {
	out := ColumnDecision{Column: c.column}
	if len(c.masks) == 0 {
		return out
	}
	choice := expr.Case{Else: sourceColumn(c.column), Whens: []expr.When{{Cond: expr.Not{Arg: expr.KnownPerson{}}, Result: typeOf(c.column).null(c.column)}}}
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
			choice.Else = m.mask
			break
		}
		choice.Whens = append(choice.Whens, expr.When{Cond: cond, Result: m.mask})
	}
	out.Mask = choice
	// CASE keeps a modifier only where all results have it. A cast to a domain would check the value again.
	if t := typeOf(c.column); t.base != "" {
		out.Mask = expr.Cast{Arg: choice, Type: t.full}
	}
	return out
}
