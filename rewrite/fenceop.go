package rewrite

import (
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// weighOperator weighs the forms of A_Expr.
func (r *resolver) weighOperator(n *pg.Node, s *scope) weight {
	e := n.GetAExpr()
	switch e.Kind {
	case pg.A_Expr_Kind_AEXPR_OP:
		return r.weighOp(n, s)
	case pg.A_Expr_Kind_AEXPR_DISTINCT, pg.A_Expr_Kind_AEXPR_NOT_DISTINCT:
		return r.comparison("=", n, s, e.Lexpr, e.Rexpr)
	case pg.A_Expr_Kind_AEXPR_IN:
		return r.weighIn(n, s)
	case pg.A_Expr_Kind_AEXPR_OP_ANY, pg.A_Expr_Kind_AEXPR_OP_ALL:
		return r.weighArray(n, s)
	case pg.A_Expr_Kind_AEXPR_BETWEEN, pg.A_Expr_Kind_AEXPR_NOT_BETWEEN, pg.A_Expr_Kind_AEXPR_BETWEEN_SYM,
		pg.A_Expr_Kind_AEXPR_NOT_BETWEEN_SYM:
		return r.weighBetween(n, s)
	}
	return r.unsafe(n, s)
}

// comparison weighs one comparison of two expressions.
func (r *resolver) comparison(op string, n *pg.Node, s *scope, left, right *pg.Node) weight {
	l, rt := r.weigh(left, s), r.weigh(right, s)
	if l.fails || rt.fails || !leakproofComparison(op, l, rt) {
		return r.unsafe(n, s)
	}
	return weight{typ: typeBoolean}.with(l, rt)
}

func (r *resolver) weighOp(n *pg.Node, s *scope) weight {
	e := n.GetAExpr()
	op, ok := builtin(e.Name)
	if !ok || e.Lexpr == nil || e.Rexpr == nil {
		return r.unsafe(n, s)
	}
	if left, right := e.Lexpr.GetRowExpr(), e.Rexpr.GetRowExpr(); left != nil && right != nil {
		return r.weighRows(op, n, s, left.Args, right.Args)
	}
	if op == "+" || op == "-" || op == "*" || op == "/" {
		l, rt := r.weigh(e.Lexpr, s), r.weigh(e.Rexpr, s)
		if typ := foldedArithmetic(op, l, rt); typ != "" && !l.fails && !rt.fails {
			return weight{typ: typ, constant: true}
		}
		if typ := movedClock(op, l, e.Rexpr); typ != "" && !l.fails {
			return weight{typ: typ}
		}
		return r.unsafe(n, s)
	}
	return r.comparison(op, n, s, e.Lexpr, e.Rexpr)
}

// movedClock is the type of the present plus or minus a constant that cannot leave the range.
func movedClock(op string, l weight, by *pg.Node) string {
	if !l.clock || op != "+" && op != "-" {
		return ""
	}
	if days := by.GetAConst().GetIval(); days != nil && l.typ == typeDate && days.Ival > -1_000_000 && days.Ival < 1_000_000 {
		return typeDate
	}
	if !isSmallInterval(by) {
		return ""
	}
	if l.typ == typeDate {
		return typeTimestamp
	}
	return l.typ
}

// weighRows weighs (a, b) = (c, d), which is the comparison of each pair.
func (r *resolver) weighRows(op string, n *pg.Node, s *scope, left, right []*pg.Node) weight {
	if op != "=" && op != "<>" || len(left) != len(right) {
		return r.unsafe(n, s)
	}
	out := weight{typ: typeBoolean}
	for i := range left {
		w := r.comparison(op, n, s, left[i], right[i])
		if w.fails {
			return w
		}
		out = out.with(w)
	}
	return out
}

// weighIn weighs x IN (a, b). The common type of all may be another than x's, so all must have that of x.
func (r *resolver) weighIn(n *pg.Node, s *scope) weight {
	e := n.GetAExpr()
	op, ok := builtin(e.Name)
	if !ok || e.Lexpr.GetRowExpr() != nil {
		return r.unsafe(n, s)
	}
	left := r.weigh(e.Lexpr, s)
	out := weight{typ: typeBoolean}.with(left)
	for _, item := range e.Rexpr.GetList().GetItems() {
		w := r.weigh(item, s)
		widened := w.constant && left.typ == typeBigint && w.typ == typeInteger
		if left.fails || w.fails || !w.literal && !sameType(w.typ, left.typ) && !widened || !leakproofComparison(op, left, w) {
			return r.unsafe(n, s)
		}
		out = out.with(w)
	}
	return out
}

// weighArray weighs x = ANY (array).
func (r *resolver) weighArray(n *pg.Node, s *scope) weight {
	e := n.GetAExpr()
	op, ok := builtin(e.Name)
	left, right := r.weigh(e.Lexpr, s), r.arrayWeight(e.Rexpr, s)
	element := right
	element.constant = false
	if !right.literal {
		var isArray bool
		if element.typ, isArray = strings.CutSuffix(right.typ, "[]"); !isArray {
			return r.unsafe(n, s)
		}
	}
	if !ok || left.fails || right.fails || left.literal || !leakproofComparison(op, left, element) {
		return r.unsafe(n, s)
	}
	return weight{typ: typeBoolean}.with(left, right)
}

// arrayWeight weighs ARRAY[…] of values of one type, and anything else as it is.
func (r *resolver) arrayWeight(n *pg.Node, s *scope) weight {
	array := n.GetAArrayExpr()
	if array == nil || len(array.Elements) == 0 {
		return r.weigh(n, s)
	}
	all := r.weighAll(s, array.Elements...)
	out := weight{typ: all[0].typ + "[]", collation: all[0].collation}.with(all...)
	if all[0].typ == "" || slices.ContainsFunc(all, func(w weight) bool { return w.typ != all[0].typ || w.literal }) {
		return r.unsafe(n, s)
	}
	return out
}

func (r *resolver) weighBetween(n *pg.Node, s *scope) weight {
	e := n.GetAExpr()
	bounds := e.Rexpr.GetList().GetItems()
	if len(bounds) != 2 {
		return r.unsafe(n, s)
	}
	out := weight{typ: typeBoolean}
	for _, bound := range bounds {
		for _, op := range []string{">=", "<="} {
			w := r.comparison(op, n, s, e.Lexpr, bound)
			if w.fails {
				return w
			}
			out = out.with(w)
		}
	}
	return out
}

// weighSubLink weighs a sub-select in an expression. EXISTS and IN may become joins, whose conditions are then conditions of this
// level; the others stay what they are, and only one that gives exactly one row cannot fail.
func (r *resolver) weighSubLink(n *pg.Node, s *scope) weight {
	link := n.GetSubLink()
	out := r.unsafe(n, s)
	stmt := link.Subselect.GetSelectStmt()
	if !r.quiet[link] || stmt == nil {
		if link.SubLinkType == pg.SubLinkType_ANY_SUBLINK {
			r.sealAll(stmt)
		}
		return out
	}
	switch link.SubLinkType {
	case pg.SubLinkType_EXISTS_SUBLINK:
		out.fails, out.typ = false, typeBoolean
	case pg.SubLinkType_EXPR_SUBLINK:
		if facts := r.levels[stmt]; len(facts) == 1 && oneRow(stmt) && facts[0].typ != "" {
			out.fails, out.typ = false, facts[0].typ
		}
	case pg.SubLinkType_ANY_SUBLINK:
		if r.quietAny(link, stmt, s) {
			out.fails, out.typ = false, typeBoolean
		} else {
			r.sealAll(stmt)
		}
	}
	return out
}

// quietAny reports that x = ANY (SELECT …) compares by leakproof operators.
func (r *resolver) quietAny(link *pg.SubLink, stmt *pg.SelectStmt, s *scope) bool {
	op := "="
	if len(link.OperName) > 0 {
		op, _ = builtin(link.OperName)
	}
	tests := []*pg.Node{link.Testexpr}
	if row := link.Testexpr.GetRowExpr(); row != nil {
		tests = row.Args
		if op != "=" {
			return false
		}
	}
	facts := r.levels[stmt]
	if len(facts) != len(tests) {
		return false
	}
	for i, test := range tests {
		w := r.weigh(test, s)
		f := facts[i]
		if w.fails || w.literal || !f.known || f.fails || !leakproofComparison(op, w, weight{typ: f.typ, collation: f.collation}) {
			return false
		}
	}
	return true
}

// sealAll closes a sub-select and takes the statistics from what it gives.
func (r *resolver) sealAll(stmt *pg.SelectStmt) {
	if stmt == nil {
		return
	}
	facts := r.levels[stmt]
	if len(facts) == 0 {
		r.fenceAll = true
		return
	}
	for _, f := range facts {
		r.fenceAll = r.fenceAll || !f.known
		for _, p := range f.parts {
			closeSelect(stmt)
			p.conceal()
		}
	}
}

// oneRow reports a select that gives exactly one row whatever it reads.
func oneRow(stmt *pg.SelectStmt) bool {
	if stmt.Op != pg.SetOperation_SETOP_NONE || len(stmt.TargetList) != 1 || len(stmt.FromClause) == 0 {
		return false
	}
	switch name, _ := builtin(stmt.TargetList[0].GetResTarget().GetVal().GetFuncCall().GetFuncname()); name {
	case "count", "min", "max":
		return len(stmt.GroupClause) == 0 && stmt.HavingClause == nil && stmt.LimitCount == nil && stmt.LimitOffset == nil &&
			len(stmt.DistinctClause) == 0
	}
	return false
}
