package policy

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy/expr"
	"github.com/posternsql/postern/policy/sqlparse"
)

// tableProgram is all that policies say of one source.
type tableProgram struct {
	table *catalog.Table
	// place is where the source stands among all.
	place              int
	grants, guardrails []subscription
	rows               []rowRule
	// columns are the visible ones: those that someone has reviewed.
	columns []columnProgram
}

type columnProgram struct {
	column catalog.Column
	// masks in the order in which the first that is for the person wins.
	masks []maskRule
}

// origin says where a compiled rule comes from and for whom it is.
type origin struct {
	policy string
	rule   int
	// except and only are nil where the rule does not say them.
	except, only *condition
	// until is when the exception ends; zero is never.
	until time.Time
}

type rowRule struct {
	origin
	filter expr.Expr
}

type maskRule struct {
	origin
	// depth is that of the rule's deepest tag that matched; columns that are named stand below every tag.
	depth int
	kind  MaskKind
	mask  expr.Expr
	// same numbers the masks that several columns share, from 1; 0 is a mask of its own.
	same int
}

// namedDepth is the depth of a rule that names the column itself.
const namedDepth = 1 << 30

// sort brings all lists into an order that does not depend on that of the policies.
func (t *tableProgram) sort() {
	byPolicy := func(a, b subscription) int { return cmp.Compare(a.policy, b.policy) }
	slices.SortFunc(t.grants, byPolicy)
	slices.SortFunc(t.guardrails, byPolicy)
	slices.SortFunc(t.rows, func(a, b rowRule) int { return compareOrigin(a.origin, b.origin) })
	for i := range t.columns {
		slices.SortFunc(t.columns[i].masks, compareMasks)
	}
}

func compareOrigin(a, b origin) int {
	return cmp.Or(cmp.Compare(a.policy, b.policy), cmp.Compare(a.rule, b.rule))
}

// compareMasks is the documented order: the deepest tag, the strictest kind, the policy's name.
func compareMasks(a, b maskRule) int {
	return cmp.Or(cmp.Compare(b.depth, a.depth), cmp.Compare(a.kind, b.kind), compareOrigin(a.origin, b.origin))
}

// data checks one data policy and adds its rules to the sources that it selects.
func (c *compiler) data(d DataPolicy) {
	report := Problem{Pos: d.Pos, Policy: d.Name, Rule: -1}
	sources := c.sources(d.On, report)
	if len(d.Rules) == 0 {
		report.Message = "the policy has no rules"
		c.problem(report)
	}
	for i, r := range d.Rules {
		at := report
		at.Rule = i
		if r.Pos != (Pos{}) {
			at.Pos = r.Pos
		}
		o := origin{policy: d.Name, rule: i, except: c.condition(r.ExceptFor, "exceptFor", at), only: c.condition(r.OnlyFor, "onlyFor", at)}
		c.exceptUntil(r, &o, at)
		c.rule(r, o, sources, d.Staged, at)
	}
}

// rowRule resolves a row filter for each source.
func (c *compiler) rowRule(text string, o origin, sources []*tableProgram, staged bool, report Problem) {
	rule, err := sqlparse.Parse(text)
	if err != nil {
		report.Message = "rows: " + err.Error()
		c.problem(report)
		return
	}
	for _, t := range sources {
		resolved, err := rule.Resolve(c.in.Snapshot, t.table)
		if err != nil {
			report.Message = fmt.Sprintf("rows, for %s: %s", t.table.QualifiedName(), err)
			c.problem(report)
			continue
		}
		for _, note := range resolved.Notes {
			report.Message = "rows: " + note
			c.warn(report)
		}
		c.tellReads(resolved.Reads, report)
		if !staged {
			t.rows = append(t.rows, rowRule{origin: o, filter: resolved.Expr})
		}
	}
}

// tellReads tells the author which governed sources a rule reads as they are.
func (c *compiler) tellReads(tables []*catalog.Table, report Problem) {
	var names []string
	for _, t := range tables {
		if t.Registered {
			names = append(names, t.QualifiedName())
		}
	}
	if len(names) > 0 {
		report.Message = "rows: the rule reads " + strings.Join(names, ", ") + " without the policies on them"
		c.warn(report)
	}
}

// maskRule makes a mask for each matching column of each source.
func (c *compiler) maskRule(m *Mask, o origin, sources []*tableProgram, staged bool, report Problem) {
	maker, err := c.sharing(m)
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
		if !c.maskColumns(m, maker, o, t, staged, report) {
			without = append(without, t.table.QualifiedName())
		}
	}
	if len(without) == 0 {
		return
	}
	if len(without) == len(sources) && !c.matchesElsewhere(m) {
		report.Message = fmt.Sprintf("mask: no column of any selected source matches %s", describeColumns(m))
		c.problem(report)
		return
	}
	for _, name := range without {
		report.Message = fmt.Sprintf("mask: no column of %s matches %s", name, describeColumns(m))
		c.warn(report)
	}
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

// maskColumns adds the mask to the matching columns of one source and reports whether there was one. Columns that nobody
// has reviewed count: they are hidden, which is stricter.
func (c *compiler) maskColumns(m *Mask, maker maskMaker, o origin, t *tableProgram, staged bool, report Problem) bool {
	matched, visible := false, 0
	for i := range t.table.Columns {
		col := &t.table.Columns[i]
		at := visible // where the column stands among the visible ones, if it is one
		if col.Reviewed {
			visible++
		}
		if len(col.Tags) == 0 && len(m.Columns) == 0 {
			continue
		}
		depth := tagDepth(m.ColumnTags, col)
		if slices.Contains(m.Columns, col.Name) {
			depth = namedDepth
		}
		if depth == 0 {
			continue
		}
		matched = true
		built := maker(*col)
		if built.fallback != "" {
			report.Message = fmt.Sprintf("mask: %s.%s reads NULL: %s", t.table.QualifiedName(), col.Name, built.fallback)
			c.warn(report)
		}
		if built.remark != "" {
			report.Message = fmt.Sprintf("mask: %s.%s: %s", t.table.QualifiedName(), col.Name, built.remark)
			c.warn(report)
		}
		if col.Reviewed && !staged {
			t.columns[at].masks = append(t.columns[at].masks, maskRule{origin: o, depth: depth, kind: built.kind, mask: built.expr, same: built.same})
		}
	}
	return matched
}

// describeColumns says what a mask looks for.
func describeColumns(m *Mask) string {
	var parts []string
	if len(m.ColumnTags) > 0 {
		parts = append(parts, "the tags "+strings.Join(m.ColumnTags, ", "))
	}
	if len(m.Columns) > 0 {
		parts = append(parts, "the names "+strings.Join(m.Columns, ", "))
	}
	return strings.Join(parts, " or ")
}
