package policy

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy/expr"
)

// tableProgram is all that policies say of one source.
type tableProgram struct {
	table *catalog.Table
	// place is where the source stands among all.
	place              int
	grants, guardrails []subscription
	// unloads and unloadGuards are about unloading: they let nobody read.
	unloads, unloadGuards []subscription
	rows                  []rowRule
	// through decides about the source where it is read by a view; see Want.
	through *tableProgram
	// reached marks the program that is in through.
	reached bool
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
	pos    Pos
	// except and only are nil where the rule does not say them.
	except, only *condition
	// others turns only round: the rule is for those for whom it is false.
	others bool
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
	// where is nil for a mask of all rows; rows for which it is false keep what they would read without this mask.
	where expr.Expr
	// personal marks a mask or condition that asks about the person.
	personal bool
}

// namedDepth is the depth of a rule that names the column itself.
const namedDepth = 1 << 30

// sort brings all lists into an order that does not depend on that of the policies.
func (t *tableProgram) sort() {
	byPolicy := func(a, b subscription) int { return cmp.Compare(a.policy, b.policy) }
	slices.SortFunc(t.grants, byPolicy)
	slices.SortFunc(t.guardrails, byPolicy)
	slices.SortFunc(t.unloads, byPolicy)
	slices.SortFunc(t.unloadGuards, byPolicy)
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
		o := origin{policy: d.Name, rule: i, pos: at.Pos, except: c.condition(r.ExceptFor, "exceptFor", at), only: c.condition(r.OnlyFor, "onlyFor", at)}
		c.exceptUntil(r, &o, at)
		c.rule(r, o, sources, d.Staged, at)
	}
}

// tellReads tells the author which governed sources a rule reads as they are.
func (c *compiler) tellReads(what string, tables []*catalog.Table, report Problem) {
	var names []string
	for _, t := range tables {
		if t.Registered {
			names = append(names, t.QualifiedName())
		}
	}
	if len(names) > 0 {
		report.Message = what + ": the rule reads " + strings.Join(names, ", ") + " without the policies on them"
		c.warn(report)
	}
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
