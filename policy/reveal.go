package policy

import (
	"cmp"
	"slices"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy/expr"
)

// Undo says how a token of a mask is turned back.
type Undo struct {
	// Domain is the token domain.
	Domain string
	// Alphabet of a format-preserving mask; "" for a reversible one. What was never masked turns into something too under a format-preserving mask,
	// and nothing tells.
	Alphabet string
}

// Reversible lists how the masks that rules put on a column are turned back, whomever they are for, sorted: reversible masks before
// format-preserving ones, whose tokens cannot be told from anything else.
func (p *Program) Reversible(table *catalog.Table, column string) []Undo {
	if p == nil || p.tables[table] == nil {
		return nil
	}
	var out []Undo
	for i := range p.tables[table].columns {
		if c := &p.tables[table].columns[i]; c.column.Name == column {
			out = append(out, c.reversible()...)
		}
	}
	slices.SortFunc(out, func(a, b Undo) int {
		return cmp.Or(cmp.Compare(a.Alphabet, b.Alphabet), cmp.Compare(a.Domain, b.Domain))
	})
	return slices.Compact(out)
}

// Protected lists the columns that rules protect reversibly, in either way, under a token domain, by source in the snapshot's order. A token
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
			if slices.ContainsFunc(t.columns[i].reversible(), func(u Undo) bool { return u.Domain == domain }) {
				w.Columns = append(w.Columns, t.columns[i].column.Name)
			}
		}
		if w.Columns != nil {
			out = append(out, w)
		}
	}
	return out
}

// reversible lists how the column's masks are turned back.
func (c *columnProgram) reversible() (out []Undo) {
	for i := range c.masks {
		expr.Walk(c.masks[i].mask, func(e expr.Expr) {
			switch k, ok := e.(expr.Keyed); {
			case !ok:
			case k.Func == expr.KeyedProtect:
				out = append(out, Undo{Domain: k.Domain})
			case k.Func == expr.KeyedFormatPreserving:
				out = append(out, Undo{Domain: k.Domain, Alphabet: k.Alphabet})
			}
		})
	}
	return out
}
