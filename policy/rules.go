package policy

import (
	"errors"
	"fmt"

	"github.com/posternsql/postern/policy/expr"
	"github.com/posternsql/postern/policy/sqlparse"
)

// rule checks one rule by its kind and adds it, and what is otherwise, to the sources.
func (c *compiler) rule(r Rule, o origin, sources []*tableProgram, staged bool, report Problem) {
	refuse := func(message string) {
		report.Message = message
		c.problem(report)
	}
	kinds := countSet(r.Mask != nil, r.Rows != "", r.Window != nil, r.Sample != nil, r.Purposes != nil)
	if kinds != 1 {
		refuse("a rule says exactly one of mask, rows, window, sample and purposes")
		return
	}
	if r.Mask != nil {
		c.maskRule(r.Mask, o, sources, staged, report)
	} else {
		c.rowRules(Otherwise{Rows: r.Rows, Window: r.Window, Sample: r.Sample}, r.Purposes, o, sources, staged, report)
	}
	if r.Otherwise == nil {
		return
	}
	other := *r.Otherwise
	o.others = true
	switch {
	case r.OnlyFor == "":
		refuse("otherwise needs onlyFor: it is for those for whom onlyFor is false")
	case r.Purposes != nil:
		refuse("purposes has no otherwise")
	case countSet(other.Mask != nil, other.Rows != "", other.Window != nil, other.Sample != nil) != 1:
		refuse("otherwise says exactly one of mask, rows, window and sample")
	case (other.Mask == nil) != (r.Mask == nil):
		refuse("otherwise has a mask for a mask, and a row rule for a row rule")
	case other.Mask == nil:
		c.rowRules(other, nil, o, sources, staged, report)
	case len(other.Mask.Columns)+len(other.Mask.ColumnTags) > 0:
		refuse("otherwise: its mask acts on the columns of the rule and names none itself")
	default:
		mask := *other.Mask
		mask.Columns, mask.ColumnTags = r.Mask.Columns, r.Mask.ColumnTags
		c.maskRule(&mask, o, sources, staged, report)
	}
}

func countSet(set ...bool) (n int) {
	for _, s := range set {
		if s {
			n++
		}
	}
	return n
}

// rowMaker makes the filter of a row rule for one source. An error says what the source lacks.
type rowMaker func(t *tableProgram) (expr.Expr, error)

// rowRules adds a row rule of whatever kind to each source.
func (c *compiler) rowRules(r Otherwise, purposes *PurposeLimit, o origin, sources []*tableProgram, staged bool, report Problem) {
	var kind string
	var maker rowMaker
	var err error
	switch {
	case r.Rows != "":
		kind = "rows"
		maker, err = c.sqlRows(r.Rows, report)
	case r.Window != nil:
		kind = "window"
		maker, err = windowRows(r.Window)
	case r.Sample != nil:
		kind = "sample"
		maker, err = sampleRows(r.Sample)
	case purposes != nil:
		kind = "purposes"
		maker, err = purposeRows(purposes)
	}
	if err != nil {
		report.Message = kind + ": " + err.Error()
		c.problem(report)
		return
	}
	for _, t := range sources {
		filter, err := maker(t)
		if err != nil {
			report.Message = fmt.Sprintf("%s, for %s: %s", kind, t.table.QualifiedName(), err)
			c.problem(report)
			continue
		}
		if !staged {
			t.rows = append(t.rows, rowRule{origin: o, filter: filter})
		}
	}
}

// sqlRows resolves a SQL condition for each source.
func (c *compiler) sqlRows(text string, report Problem) (rowMaker, error) {
	rule, err := sqlparse.Parse(text)
	if err != nil {
		return nil, err
	}
	return func(t *tableProgram) (expr.Expr, error) {
		resolved, err := rule.Resolve(c.in.Snapshot, t.table)
		if err != nil {
			return nil, err
		}
		if err := provenRows(resolved, t.table); err != nil {
			return nil, err
		}
		for _, note := range resolved.Notes {
			report.Message = "rows: " + note
			c.warn(report)
		}
		c.tellReads("rows", resolved.Reads, report)
		return resolved.Expr, nil
	}, nil
}

// purposeRows shows rows to those who act under the purposes.
func purposeRows(p *PurposeLimit) (rowMaker, error) {
	if countSet(len(p.Any) > 0, len(p.All) > 0, p.AnyPurpose) != 1 {
		return nil, errors.New("it says exactly one of any, all and anyPurpose: true")
	}
	var filter expr.Expr = expr.UsingAnyPurpose{}
	if len(p.Any) > 0 {
		filter = expr.IsUsingPurpose{Names: p.Any}
	}
	if len(p.All) > 0 {
		var all []expr.Expr
		for _, name := range p.All {
			all = append(all, expr.IsUsingPurpose{Names: []string{name}})
		}
		filter = expr.And{Args: all}
	}
	return func(*tableProgram) (expr.Expr, error) { return filter, nil }, nil
}
