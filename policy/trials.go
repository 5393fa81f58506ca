package policy

import (
	"fmt"
	"strings"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy/expr"
)

// Trial is SQL that an author wrote, as it applies to one source: whether the warehouse accepts it is asked before the program is published. The
// compiler resolves every name, and only the warehouse knows whether the types fit.
type Trial struct {
	// Pos is the rule's place, and Policy and Rule (from 0) are its name.
	Pos    Pos
	Policy string
	Rule   int
	// Kind is "rows" or "mask".
	Kind string
	// Bound has nothing but this rule, for the person of Samples.
	Bound Decision
	// Deferred is the same without a person.
	Deferred Decision
}

// Trials has each row rule, each custom mask and each mask with a condition, once for all sources on which it meets columns of the same types.
func (p *Program) Trials() []Trial { return p.trials(false) }

// Pieces has what Trials has, and every other mask: what is wrong with a sample is wrong with one of them.
func (p *Program) Pieces() []Trial { return p.trials(true) }

func (p *Program) trials(all bool) (out []Trial) {
	seen := map[string]bool{}
	for _, table := range p.snapshot.Tables() {
		t, ok := p.tables[table]
		if !ok {
			continue
		}
		for i := range t.rows {
			r := &t.rows[i]
			if key := r.trialKey(t.table, r.filter); !seen[key] {
				seen[key] = true
				trial := r.trial("rows", t.table)
				trial.Bound.Filter, trial.Deferred.Filter = sampleBound(r.filter), r.filter
				out = append(out, trial)
			}
		}
		for i := range t.columns {
			out = t.columns[i].trials(t.table, all, seen, out)
		}
	}
	return out
}

func (c *columnProgram) trials(table *catalog.Table, all bool, seen map[string]bool, out []Trial) []Trial {
	for i := range c.masks {
		m := &c.masks[i]
		if !all && m.kind != MaskCustom && m.where == nil {
			continue
		}
		key := m.trialKey(table, sourceColumn(c.column), m.mask, m.where)
		if seen[key] {
			continue
		}
		seen[key] = true
		trial := m.trial("mask", table)
		bound := layered(c.column, []maskRule{*m}, samplePerson())
		trial.Bound.Columns = []ColumnDecision{{Column: c.column, Mask: bound, Kind: m.kind, Policy: m.policy}}
		open := *m
		open.personal = false
		trial.Deferred.Columns = []ColumnDecision{{Column: c.column, Mask: layered(c.column, []maskRule{open}, samplePerson()), Kind: m.kind, Policy: m.policy}}
		out = append(out, trial)
	}
	return out
}

func (o *origin) trial(kind string, table *catalog.Table) Trial {
	d := Decision{Table: table, Allowed: true}
	return Trial{Pos: o.pos, Policy: o.policy, Rule: o.rule, Kind: kind, Bound: d, Deferred: d}
}

// trialKey is what decides whether a warehouse accepts the rule on a source: the rule and the types of the columns in it.
func (o *origin) trialKey(table *catalog.Table, parts ...expr.Expr) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\x00%d\x00%s\x00%d\x00%t", o.policy, o.rule, o.pos.File, o.pos.Line, o.others)
	for _, part := range parts {
		if part == nil {
			continue
		}
		expr.Walk(part, func(e expr.Expr) {
			if c, ok := e.(expr.Column); ok {
				if column, found := table.Column(c.Name); found {
					b.WriteString("\x00" + column.Type)
				}
			}
		})
	}
	return b.String()
}
