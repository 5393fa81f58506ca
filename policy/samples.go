package policy

import (
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy/expr"
)

// Samples returns decisions that together hold every row filter and every mask of the program, bound to a person who has one
// value of everything. Whether a dialect can print them is asked before the program is published.
func (p *Program) Samples() []Decision {
	var out []Decision
	for _, table := range p.snapshot.Tables() {
		t, ok := p.tables[table]
		if !ok {
			continue
		}
		rounds := 1
		for _, c := range t.columns {
			rounds = max(rounds, len(c.masks))
		}
		for i := range rounds {
			out = append(out, t.sample(i))
		}
	}
	return out
}

// sample applies all row rules and the i-th mask of each column.
func (t *tableProgram) sample(i int) Decision {
	d := Decision{Table: t.table, Allowed: true}
	value := "sample"
	person := identity.NewPrincipal(identity.Spec{User: value, Groups: []string{value}, Purposes: []string{value}})
	var filters []expr.Expr
	for _, r := range t.rows {
		withValue := expr.Rewrite(r.filter, func(e expr.Expr) expr.Expr {
			if a, ok := e.(expr.AttributeContains); ok && a.Placeholder == nil {
				a.Placeholder = &value
				return a
			}
			return e
		})
		filters = append(filters, bind(withValue, person))
	}
	if len(filters) > 0 {
		d.Filter = expr.And{Args: filters}
	}
	for _, c := range t.columns {
		decision := ColumnDecision{Column: c.column}
		if i < len(c.masks) {
			m := c.masks[i]
			decision.Mask, decision.Kind, decision.Policy = m.mask, m.kind, m.policy
		}
		d.Columns = append(d.Columns, decision)
	}
	return d
}
