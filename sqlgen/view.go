package sqlgen

import (
	"errors"
	"fmt"

	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/policy/expr"
)

// view prints `SELECT columns and masks FROM table AS postern_t WHERE admission AND filter OFFSET 0`. Where a mask counts rows, the fence also keeps
// a person's conditions from choosing which rows are counted.
func (p *printer) view(dec *policy.Decision) Fence {
	p.put("SELECT")
	for i, c := range dec.Columns {
		if i > 0 {
			p.put(",")
		}
		p.put(" ")
		p.viewColumn(c)
	}
	p.put(" FROM ")
	p.name(expr.Name{Schema: dec.Table.Schema, Name: dec.Table.Name})
	p.put(" AS " + tableAlias)
	word, filter := " WHERE ", dec.Filter
	if p.admission != nil {
		p.put(word)
		p.admitted(*p.admission)
		word, filter = " AND ", ofAdmitted(filter)
	}
	if dec.Filter == nil && !p.counted {
		return FenceNone
	}
	if filter != nil {
		p.put(word)
		p.filter(filter)
	}
	p.put(" OFFSET 0")
	return FenceOffset0
}

func (p *printer) viewColumn(c policy.ColumnDecision) {
	if c.Mask == nil {
		p.column(expr.Column{Name: c.Column.Name})
		return
	}
	p.expr(c.Mask)
	p.put(" AS ")
	p.ident(c.Column.Name)
}

// filter prints the row filter. `x IN (SELECT …)` at its top is followed by IS TRUE, which changes nothing in WHERE and
// keeps the planner from turning the filter into a join: it stays a condition on the scan.
func (p *printer) filter(e expr.Expr) {
	conjuncts := []expr.Expr{e}
	if and, ok := e.(expr.And); ok && len(and.Args) > 0 {
		conjuncts = and.Args
	}
	for i, c := range conjuncts {
		if i > 0 {
			p.put(" AND ")
		}
		p.expr(c)
		if _, ok := c.(expr.InSelect); ok {
			p.put(" IS TRUE")
		}
	}
}

// printable checks what a View takes for granted.
func printable(dec *policy.Decision) error {
	switch {
	case dec == nil || !dec.Allowed:
		return errors.New("printing a denied decision")
	case dec.Table == nil:
		return errors.New("printing a decision without a table")
	}
	for _, c := range dec.Columns {
		if (c.Mask == nil) != (c.Kind == policy.MaskNone) {
			return fmt.Errorf("printing column %s: its mask and the mask's kind disagree", c.Column.Name)
		}
	}
	return nil
}
