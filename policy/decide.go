package policy

import (
	"slices"
	"time"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy/expr"
)

// decisionCacheSize bounds the decisions that a program remembers.
const decisionCacheSize = 8192

// decisionKey is all that a decision of one program depends on, but for the time, which Decision.ValidUntil bounds.
type decisionKey struct {
	principal string
	table     *catalog.Table
	timeless  bool
	through   bool
}

// Decide answers for each wanted source, in the same order. A source that is not registered in the program's own snapshot, and a
// binding of nobody, are denied. Decisions are shared: callers must not change what they point to.
func (p *Program) Decide(b Binding, wants []Want) []Decision {
	out := make([]Decision, len(wants))
	for i, w := range wants {
		out[i].Table = w.Table
		if p == nil || b.principal.IsZero() && !b.deferred || w.Table == nil {
			continue
		}
		t, ok := p.tables[w.Table]
		if !ok {
			continue
		}
		if w.Through {
			t = t.through
		}
		if b.deferred {
			out[i] = p.decideDeferred(t, b.at)
			continue
		}
		key := decisionKey{b.principal.Key(), w.Table, b.at.IsZero(), w.Through}
		d, ok := p.recall(key, b.at)
		if !ok {
			fresh := p.decideProject(t, b.principal, b.at)
			d = &fresh
			p.remember(key, d, b.at)
		}
		out[i] = *d
	}
	return out
}

// holds reports that the decision may still be used at the instant.
func (d *Decision) holds(at time.Time) bool { return d.ValidUntil.IsZero() || at.Before(d.ValidUntil) }

// decide makes the decision for one person at an instant, whatever project they act in.
func (t *tableProgram) decide(p identity.Principal, at time.Time) Decision {
	d := Decision{Table: t.table}
	until, ok := t.fresh(p, at)
	if d.ValidUntil = until; !ok {
		// Whom the old answers would not let in either is told nothing else than before.
		d.Stale = t.subscribed(p, at, &Decision{Table: t.table})
		d.because("identity", 0, EffectDeny, "what outside sources said of the person is too old")
		d.ValidUntil = at
		return d
	}
	if !t.subscribed(p, at, &d) {
		return d
	}
	d.Allowed = true
	t.unloadsOf(p, at, &d)
	d.Filter = t.filter(p, at, &d)
	d.Columns = make([]ColumnDecision, 0, len(t.columns))
	for _, c := range t.columns {
		if column, visible := c.decide(p, at, &d); visible {
			d.Columns = append(d.Columns, column)
		}
	}
	return d
}

// filter ANDs the row rules that are for the person; nil keeps every row.
func (t *tableProgram) filter(p identity.Principal, at time.Time, d *Decision) expr.Expr {
	var all []expr.Expr
	for _, r := range t.rows {
		if !r.concerns(p, at, d) {
			continue
		}
		d.because(r.policy, r.rule, EffectFilter, "")
		all = append(all, bind(r.filter, p))
	}
	filter := expr.Simplify(expr.And{Args: all})
	if expr.IsTrue(filter) {
		return nil
	}
	return filter
}

// decide chooses the first mask, in the documented order, that is for the person. Where it acts on some rows only, the others read as
// the masks after it say; if one of those hides the column it is hidden whole.
func (c columnProgram) decide(p identity.Principal, at time.Time, d *Decision) (_ ColumnDecision, visible bool) {
	out := ColumnDecision{Column: c.column}
	var layers []maskRule
	for _, m := range c.masks {
		if !m.concerns(p, at, d) {
			continue
		}
		if m.kind == MaskHide {
			d.because(m.policy, m.rule, EffectHide, c.column.Name)
			return ColumnDecision{}, false
		}
		d.because(m.policy, m.rule, EffectMask, c.column.Name)
		if out.Kind == MaskNone {
			out.Kind, out.Policy = m.kind, m.policy
		}
		layers = append(layers, m)
		if m.where == nil {
			break
		}
	}
	out.Mask = layered(c.column, layers, p)
	return out, true
}

// layered is the masks on top of each other: a row that the first does not act on reads as the second says, and so on; one that none
// acts on reads raw. A condition that is NULL acts: in doubt a value is masked.
func layered(c catalog.Column, masks []maskRule, p identity.Principal) expr.Expr {
	if len(masks) == 0 {
		return nil
	}
	var out expr.Expr = sourceColumn(c)
	for _, m := range slices.Backward(masks) {
		mask, where := m.mask, m.where
		if m.personal {
			mask, where = bind(mask, p), bind(where, p)
		}
		if where == nil {
			out = mask
			continue
		}
		out = expr.Case{Whens: []expr.When{{Cond: expr.Simplify(expr.Not{Arg: where}), Result: out}}, Else: mask}
	}
	// CASE keeps a modifier only where all results have it. A cast to a domain would check the value again.
	if t := typeOf(c); t.base != "" && masks[0].where != nil {
		out = expr.Cast{Arg: out, Type: t.full}
	}
	return out
}

// concerns reports whether a rule is for the person at the instant. A condition that cannot be evaluated excepts nobody, and neither
// does an exception that has ended.
func (o origin) concerns(p identity.Principal, at time.Time, d *Decision) bool {
	ended := !o.until.IsZero() && (at.IsZero() || !at.Before(o.until))
	if o.except != nil && !ended && o.except.holds(p) {
		d.ValidUntil = sooner(d.ValidUntil, o.until)
		d.because(o.policy, o.rule, EffectExcept, o.except.text)
		return false
	}
	// Where onlyFor cannot be evaluated both halves of a rule are for the person.
	if o.only != nil && !o.others && o.only.fails(p) {
		d.because(o.policy, o.rule, EffectExcept, "not ("+o.only.text+")")
		return false
	}
	if o.only != nil && o.others && o.only.holds(p) {
		return false
	}
	return true
}

// because adds a reason, once.
func (d *Decision) because(policy string, rule int, effect Effect, detail string) {
	r := Reason{Policy: policy, Rule: rule, Effect: effect, Detail: detail}
	for _, have := range d.Because {
		if have == r {
			return
		}
	}
	d.Because = append(d.Because, r)
}
