package policy

import (
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy/expr"
)

// Samples returns decisions that together hold every row filter and every mask of the program, bound to a person who has one
// value of everything. Whether a dialect can print them is asked before the program is published. A mask that many columns
// share is in one of them only.
func (p *Program) Samples() []Decision {
	var out []Decision
	seen := map[int]bool{}
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
			if d := t.sample(i, seen); i == 0 || len(d.Columns) > 0 {
				out = append(out, d)
			}
		}
	}
	return out
}

// sample applies all row rules and the i-th mask of each column. The first sample has every column, later ones those with a
// mask that was not seen yet.
func (t *tableProgram) sample(i int, seen map[int]bool) Decision {
	d := Decision{Table: t.table, Allowed: true}
	if i == 0 {
		d.Filter = t.sampleFilter()
	}
	for j := range t.columns {
		c := &t.columns[j]
		decision := ColumnDecision{Column: c.column}
		switch {
		case i < len(c.masks) && (c.masks[i].same == 0 || !seen[c.masks[i].same]):
			m := &c.masks[i]
			seen[m.same] = true
			decision.Mask, decision.Kind, decision.Policy = layered(c.column, []maskRule{*m}, samplePerson()), m.kind, m.policy
		case i > 0:
			continue
		}
		d.Columns = append(d.Columns, decision)
	}
	return d
}

// sampleValue is the one value that the person has of everything for whom samples are made.
const sampleValue = "sample"

func samplePerson() identity.Principal {
	return identity.NewPrincipal(identity.Spec{User: sampleValue, Groups: []string{sampleValue}, Purposes: []string{sampleValue}})
}

// sampleFilter is all row rules of a source.
func (t *tableProgram) sampleFilter() expr.Expr {
	var filters []expr.Expr
	for _, r := range t.rows {
		filters = append(filters, sampleBound(r.filter))
	}
	if len(filters) == 0 {
		return nil
	}
	return expr.And{Args: filters}
}

// sampleBound is a row rule for the person of the samples.
func sampleBound(filter expr.Expr) expr.Expr {
	value := sampleValue
	withValue := expr.Rewrite(filter, func(e expr.Expr) expr.Expr {
		if a, ok := e.(expr.AttributeContains); ok && a.Placeholder == nil {
			a.Placeholder = &value
			return a
		}
		return e
	})
	return bind(withValue, samplePerson())
}
