package policy

import (
	"slices"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy/expr"
)

// Reversible lists the token domains of the reversible masks that rules put on a column, whomever they are for, sorted.
func (p *Program) Reversible(table *catalog.Table, column string) []string {
	if p == nil || p.tables[table] == nil {
		return nil
	}
	var out []string
	for i := range p.tables[table].columns {
		if c := &p.tables[table].columns[i]; c.column.Name == column {
			out = append(out, c.reversible()...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Protected lists the columns that rules protect reversibly under a token domain, by source in the snapshot's order. A token
// does not say of which of them it is.
func (p *Program) Protected(domain string) []Want {
	if p == nil {
		return nil
	}
	var out []Want
	for _, table := range p.snapshot.Tables() {
		t, ok := p.tables[table]
		if !ok {
			continue
		}
		w := Want{Table: table}
		for i := range t.columns {
			if slices.Contains(t.columns[i].reversible(), domain) {
				w.Columns = append(w.Columns, t.columns[i].column.Name)
			}
		}
		if w.Columns != nil {
			out = append(out, w)
		}
	}
	return out
}

// reversible lists the token domains of the column's reversible masks.
func (c *columnProgram) reversible() (out []string) {
	for i := range c.masks {
		expr.Walk(c.masks[i].mask, func(e expr.Expr) {
			if k, ok := e.(expr.Keyed); ok && k.Func == expr.KeyedProtect {
				out = append(out, k.Domain)
			}
		})
	}
	return out
}
