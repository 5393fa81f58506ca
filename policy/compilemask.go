package policy

import (
	"errors"
	"fmt"
	"slices"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy/expr"
	"github.com/posternsql/postern/policy/sqlparse"
)

// target is a column that a mask acts on.
type target struct {
	column catalog.Column
	table  *catalog.Table
	// with are all columns of the table that the rule acts on, this one too.
	with     []catalog.Column
	snapshot *catalog.Snapshot
}

// maskRule makes a mask for each matching column of each source.
func (c *compiler) maskRule(m *Mask, o origin, sources []*tableProgram, staged bool, report Problem) {
	maker, err := c.sharing(m)
	var where *sqlparse.Rule
	if err == nil && m.Where != "" {
		if where, err = sqlparse.Parse(m.Where); err != nil {
			err = fmt.Errorf("where: %w", err)
		}
	}
	if err == nil && len(m.ColumnTags) == 0 && len(m.Columns) == 0 {
		err = errors.New("a mask says columnTags or columns")
	}
	if err != nil {
		report.Message = "mask: " + err.Error()
		c.problem(report)
		return
	}
	var without []string
	for _, t := range sources {
		matching := maskedColumns(m, t.table)
		if len(matching) == 0 {
			without = append(without, t.table.QualifiedName())
			continue
		}
		rule := maskRule{origin: o}
		if where != nil {
			if rule.where, err = c.maskWhere(where, t, report); err != nil {
				report.Message = fmt.Sprintf("mask: where, for %s: %s", t.table.QualifiedName(), err)
				c.problem(report)
				continue
			}
		}
		c.maskColumns(m, maker, rule, matching, t, staged, report)
	}
	c.unmatched(m, without, len(sources), report)
}

// unmatched tells of sources without a matching column. If all are, the rule protects nothing and is a mistake.
func (c *compiler) unmatched(m *Mask, without []string, sources int, report Problem) {
	if len(without) > 0 && len(without) == sources && !c.matchesElsewhere(m) {
		report.Message = fmt.Sprintf("mask: no column of any selected source matches %s", describeColumns(m))
		c.problem(report)
		return
	}
	for _, name := range without {
		report.Message = fmt.Sprintf("mask: no column of %s matches %s", name, describeColumns(m))
		c.warn(report)
	}
}

// maskWhere resolves the condition under which a mask acts. It stands in the select list, so it must not be able to fail.
func (c *compiler) maskWhere(where *sqlparse.Rule, t *tableProgram, report Problem) (expr.Expr, error) {
	resolved, err := where.Resolve(c.in.Snapshot, t.table)
	if err != nil {
		return nil, err
	}
	if err := provenTotal(resolved, t.table); err != nil {
		return nil, err
	}
	for _, note := range resolved.Notes {
		report.Message = "mask: where: " + note
		c.warn(report)
	}
	c.tellReads("mask: where", resolved.Reads, report)
	return resolved.Expr, nil
}

// matchesElsewhere reports a rule whose tags are all in use in other connections.
func (c *compiler) matchesElsewhere(m *Mask) bool {
	for _, tag := range m.ColumnTags {
		if !c.knownTag(tag) {
			return false
		}
	}
	return len(m.Columns) == 0
}

// maskedColumns are the columns of a table that a mask acts on.
func maskedColumns(m *Mask, t *catalog.Table) (out []catalog.Column) {
	for i := range t.Columns {
		col := &t.Columns[i]
		if (len(col.Tags) > 0 || len(m.Columns) > 0) && maskDepth(m, col) > 0 {
			out = append(out, *col)
		}
	}
	return out
}

// maskDepth is how deep the rule names the column; 0 if it does not.
func maskDepth(m *Mask, col *catalog.Column) int {
	if slices.Contains(m.Columns, col.Name) {
		return namedDepth
	}
	return tagDepth(m.ColumnTags, col)
}

// maskColumns adds the mask to the matching columns of one source. Columns that nobody has reviewed are hidden, which is stricter.
func (c *compiler) maskColumns(m *Mask, maker maskMaker, rule maskRule, matching []catalog.Column, t *tableProgram, staged bool, report Problem) {
	tell := func(add func(Problem), format string, args ...any) {
		report.Message = "mask: " + fmt.Sprintf(format, args...)
		add(report)
	}
	for i := range matching {
		col := matching[i]
		built := maker(target{column: col, table: t.table, with: matching, snapshot: c.in.Snapshot})
		if built.refused != "" {
			tell(c.problem, "%s.%s: %s", t.table.QualifiedName(), col.Name, built.refused)
			continue
		}
		if built.fallback != "" {
			tell(c.warn, "%s.%s reads NULL: %s", t.table.QualifiedName(), col.Name, built.fallback)
		}
		if built.remark != "" {
			tell(c.warn, "%s.%s: %s", t.table.QualifiedName(), col.Name, built.remark)
		}
		at := slices.IndexFunc(t.columns, func(p columnProgram) bool { return p.column.Name == col.Name })
		if at >= 0 && !staged {
			rule.depth, rule.kind, rule.mask, rule.same = maskDepth(m, &matching[i]), built.kind, built.expr, built.same
			rule.personal = m.Custom != "" && personal(built.expr) || rule.where != nil && personal(rule.where)
			t.columns[at].masks = append(t.columns[at].masks, rule)
		}
	}
}
