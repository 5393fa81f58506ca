package policy

import (
	"slices"

	"cel.dev/cel-go/common/ast"

	"github.com/posternsql/postern/policy/expr"
)

// groupsAsked are the groups that rules ask about by name; any says that one may ask about a group that stands in no rule.
type groupsAsked struct {
	names []string
	any   bool
}

func (g *groupsAsked) add(other groupsAsked) {
	g.names, g.any = append(g.names, other.names...), g.any || other.any
}

// tidy sorts the names, each once.
func (g *groupsAsked) tidy() {
	slices.Sort(g.names)
	g.names = slices.Compact(g.names)
}

// GroupsAsked lists the groups that conditions and rules name, sorted. all says that one of them may ask about whichever group: a condition that
// puts names together, or @groupsContains.
func (p *Program) GroupsAsked() (names []string, all bool) {
	if p == nil {
		return nil, false
	}
	return p.groups.names, p.groups.any
}

// groupsOfCondition finds the groups that a condition names.
func groupsOfCondition(e ast.Expr) (out groupsAsked) {
	ast.PreOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.CallKind || e.AsCall().FunctionName() != "@isInGroups" {
			return
		}
		args := e.AsCall().Args()
		list, ok := constants(args[len(args)-1])
		out.names, out.any = append(out.names, list...), out.any || !ok
	}))
	return out
}

// groupsOf finds the groups that a source's rules name beside conditions.
func (t *tableProgram) groupsOf() (out groupsAsked) {
	look := func(e expr.Expr) {
		if g, ok := e.(expr.IsInGroups); ok {
			out.names = append(out.names, g.Names...)
		}
		if _, ok := e.(expr.GroupsContain); ok {
			out.any = true
		}
	}
	for i := range t.rows {
		expr.Walk(t.rows[i].filter, look)
	}
	for i := range t.columns {
		for j := range t.columns[i].masks {
			expr.Walk(t.columns[i].masks[j].mask, look)
			expr.Walk(t.columns[i].masks[j].where, look)
		}
	}
	return out
}
