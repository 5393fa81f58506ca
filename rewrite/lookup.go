package rewrite

import (
	"slices"
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/policy/expr"
)

// apply puts look-ups into the Views: beside the row filter where the comparison cannot fail, else around the whole View.
func apply(moved []lookUp) {
	for _, settled := range []bool{true, false} {
		around := map[*place][]lookUp{}
		for _, l := range moved {
			beside := l.settled && !counts(l.at.view)
			switch {
			case beside == settled && settled:
				l.beside()
			case beside == settled:
				around[l.at] = append(around[l.at], l)
			}
		}
		for at, list := range around {
			at.around(list)
		}
	}
}

// counts reports a View whose masks count rows, of which none may be missing.
func counts(v *view) (found bool) {
	for _, c := range v.decision.Columns {
		expr.Walk(c.Mask, func(e expr.Expr) {
			if _, ok := e.(expr.CountOver); ok {
				found = true
			}
		})
	}
	return found
}

// tree is the spliced copy of the View.
func (p *place) tree() *pg.SelectStmt { return p.node.GetRangeSubselect().Subquery.GetSelectStmt() }

func (l lookUp) beside() {
	tree := l.at.tree()
	for _, ref := range l.refs {
		ref.Fields = []*pg.Node{pg.MakeStrNode(aliasIn(tree)), ref.Fields[0]}
	}
	tree.WhereClause = conjunction(append(conjunctsOf(tree.WhereClause), l.cond))
}

// aroundAlias is the View's name where look-ups stand around it.
const aroundAlias = "postern_v"

// around selects the View's columns from the View with the raw ones beside them. The View keeps its fence, and what leaves it for the
// comparison is opaque to the planner.
func (p *place) around(list []lookUp) {
	inner := p.tree()
	if inner.LimitOffset == nil && p.view.hides() {
		inner.LimitOffset, inner.LimitOption = pg.MakeAConstIntNode(0, -1), pg.LimitOption_LIMIT_OPTION_COUNT
	}
	p.looked = true
	if p.guard != nil {
		p.guard.fenced = true
	}
	table := aliasIn(inner)
	outer := &pg.SelectStmt{
		FromClause: []*pg.Node{{Node: &pg.Node_RangeSubselect{RangeSubselect: &pg.RangeSubselect{
			Subquery: p.node.GetRangeSubselect().Subquery, Alias: &pg.Alias{Aliasname: aroundAlias}}}}},
		LimitOption: pg.LimitOption_LIMIT_OPTION_DEFAULT, Op: pg.SetOperation_SETOP_NONE,
	}
	for _, name := range p.view.columns {
		outer.TargetList = append(outer.TargetList, pg.MakeResTargetNodeWithVal(columnNode(aroundAlias, name), -1))
	}
	prefix := "postern_raw"
	for slices.ContainsFunc(p.view.columns, func(name string) bool { return strings.HasPrefix(name, prefix) }) {
		prefix += "_"
	}
	names := map[string]string{}
	var conditions []*pg.Node
	for _, l := range list {
		conditions = append(conditions, l.cond)
		for _, ref := range l.refs {
			column, _ := lastString(ref.Fields)
			if names[column] == "" {
				names[column] = prefix + strconv.Itoa(len(names))
				raw := &pg.CoalesceExpr{Args: []*pg.Node{columnNode(table, column), columnNode(table, column)}, Location: -1}
				inner.TargetList = append(inner.TargetList, pg.MakeResTargetNodeWithNameAndVal(names[column], &pg.Node{Node: &pg.Node_CoalesceExpr{CoalesceExpr: raw}}, -1))
			}
			ref.Fields = []*pg.Node{pg.MakeStrNode(aroundAlias), pg.MakeStrNode(names[column])}
		}
	}
	outer.WhereClause = conjunction(conditions)
	p.node.GetRangeSubselect().Subquery = &pg.Node{Node: &pg.Node_SelectStmt{SelectStmt: outer}}
}

func columnNode(alias, name string) *pg.Node {
	return pg.MakeColumnRefNode([]*pg.Node{pg.MakeStrNode(alias), pg.MakeStrNode(name)}, -1)
}
