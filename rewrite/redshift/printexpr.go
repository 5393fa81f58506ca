package redshift

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// expr prints an expression so that it can stand anywhere: what is not an atom is in brackets.
func (p *printer) expr(n *pg.Node) {
	if !p.enter() {
		return
	}
	defer p.leave()
	switch v := n.GetNode().(type) {
	case *pg.Node_ColumnRef:
		p.column(v.ColumnRef)
	case *pg.Node_AConst:
		p.constant(v.AConst)
	case *pg.Node_ParamRef:
		p.parameter(v.ParamRef)
	case *pg.Node_AExpr:
		p.operator(v.AExpr)
	case *pg.Node_BoolExpr:
		p.junction(v.BoolExpr)
	case *pg.Node_NullTest:
		p.put("(")
		p.expr(v.NullTest.Arg)
		p.put(map[bool]string{true: " IS NULL)", false: " IS NOT NULL)"}[v.NullTest.Nulltesttype == pg.NullTestType_IS_NULL])
	case *pg.Node_BooleanTest:
		p.booleanTest(v.BooleanTest)
	case *pg.Node_CaseExpr:
		p.caseExpr(v.CaseExpr)
	case *pg.Node_CoalesceExpr:
		p.call("coalesce", v.CoalesceExpr.Args)
	case *pg.Node_MinMaxExpr:
		p.call(map[bool]string{true: "greatest", false: "least"}[v.MinMaxExpr.Op == pg.MinMaxOp_IS_GREATEST], v.MinMaxExpr.Args)
	case *pg.Node_GroupingFunc:
		p.call("grouping", v.GroupingFunc.Args)
	case *pg.Node_FuncCall:
		p.function(v.FuncCall)
	case *pg.Node_TypeCast:
		p.cast(v.TypeCast)
	case *pg.Node_SubLink:
		p.subLink(v.SubLink)
	case *pg.Node_SqlvalueFunction:
		p.valueFunction(v.SqlvalueFunction)
	default:
		p.construct(n)
	}
}

// construct names what Redshift does not have, or has with another meaning.
func (p *printer) construct(n *pg.Node) {
	switch n.GetNode().(type) {
	case *pg.Node_AIndirection:
		p.refuse("PartiQL navigation, or a field of an expression,")
	case *pg.Node_AArrayExpr:
		p.refuse("ARRAY")
	case *pg.Node_RowExpr:
		p.refuse("a row of values in this place")
	case *pg.Node_CollateClause:
		p.refuse("COLLATE")
	case *pg.Node_NamedArgExpr:
		p.refuse("an argument by name")
	case *pg.Node_SetToDefault:
		p.refuse("DEFAULT")
	default:
		p.unknown(n)
	}
}

func (p *printer) column(c *pg.ColumnRef) {
	for i, f := range c.Fields {
		if i > 0 {
			p.put(".")
		}
		switch v := f.GetNode().(type) {
		case *pg.Node_String_:
			p.ident(v.String_.Sval)
		case *pg.Node_AStar:
			p.put("*")
		default:
			p.unknown(f)
		}
	}
}

func (p *printer) junction(b *pg.BoolExpr) {
	word := ""
	switch b.Boolop {
	case pg.BoolExprType_AND_EXPR:
		word = " AND "
	case pg.BoolExprType_OR_EXPR:
		word = " OR "
	case pg.BoolExprType_NOT_EXPR:
		p.put("(NOT ")
		p.expr(b.Args[0])
		p.put(")")
		return
	case pg.BoolExprType_BOOL_EXPR_TYPE_UNDEFINED:
		p.refuse("this condition")
		return
	}
	p.put("(")
	for i, a := range b.Args {
		if i > 0 {
			p.put(word)
		}
		p.expr(a)
	}
	p.put(")")
}

func (p *printer) booleanTest(t *pg.BooleanTest) {
	words := map[pg.BoolTestType]string{
		pg.BoolTestType_IS_TRUE: " IS TRUE)", pg.BoolTestType_IS_NOT_TRUE: " IS NOT TRUE)", pg.BoolTestType_IS_FALSE: " IS FALSE)",
		pg.BoolTestType_IS_NOT_FALSE: " IS NOT FALSE)", pg.BoolTestType_IS_UNKNOWN: " IS UNKNOWN)", pg.BoolTestType_IS_NOT_UNKNOWN: " IS NOT UNKNOWN)",
	}
	p.must(words[t.Booltesttype] != "", "this test of a truth value")
	p.put("(")
	p.expr(t.Arg)
	p.put(words[t.Booltesttype])
}

func (p *printer) caseExpr(c *pg.CaseExpr) {
	p.put("CASE")
	if c.Arg != nil {
		p.put(" ")
		p.expr(c.Arg)
	}
	for _, n := range c.Args {
		w := n.GetCaseWhen()
		if w == nil {
			p.unknown(n)
			return
		}
		p.put(" WHEN ")
		p.expr(w.Expr)
		p.put(" THEN ")
		p.expr(w.Result)
	}
	if c.Defresult != nil {
		p.put(" ELSE ")
		p.expr(c.Defresult)
	}
	p.put(" END")
}

// operator prints an operator, which must be bare or of pg_catalog.
func (p *printer) operator(e *pg.A_Expr) {
	name := ""
	if names := e.Name; len(names) == 1 {
		name = names[0].GetString_().GetSval()
	} else if len(names) == 2 && names[0].GetString_().GetSval() == "pg_catalog" {
		// One of ours: Redshift's are all built in.
		name = names[1].GetString_().GetSval()
		e.Name = names[1:]
	}
	switch e.Kind {
	case pg.A_Expr_Kind_AEXPR_OP:
		if !operators(name) {
			p.refuseAt(e.Location, "operator %s", name)
			return
		}
		if strings.Contains(name, "~") && e.Lexpr != nil && e.Rexpr.GetAConst() == nil && e.Rexpr.GetParamRef() == nil {
			p.refuseAt(e.Location, "%s with a pattern that is not a constant, or has a backslash (write [0-9], [.]),", name)
		}
		p.infix(e.Lexpr, name, e.Rexpr)
	case pg.A_Expr_Kind_AEXPR_IN:
		p.put("(")
		p.expr(e.Lexpr)
		p.put(map[bool]string{true: " NOT IN (", false: " IN ("}[name == "<>"])
		p.list(e.Rexpr.GetList().GetItems(), p.expr)
		p.put("))")
	case pg.A_Expr_Kind_AEXPR_LIKE:
		p.matching(e, map[bool]string{true: "NOT LIKE", false: "LIKE"}[name == "!~~"])
	case pg.A_Expr_Kind_AEXPR_ILIKE:
		p.matching(e, map[bool]string{true: "NOT ILIKE", false: "ILIKE"}[name == "!~~*"])
	case pg.A_Expr_Kind_AEXPR_SIMILAR:
		p.matching(e, map[bool]string{true: "NOT SIMILAR TO", false: "SIMILAR TO"}[name == "!~"])
	case pg.A_Expr_Kind_AEXPR_BETWEEN:
		p.between(e, "BETWEEN")
	case pg.A_Expr_Kind_AEXPR_NOT_BETWEEN:
		p.between(e, "NOT BETWEEN")
	case pg.A_Expr_Kind_AEXPR_NULLIF:
		p.call("nullif", []*pg.Node{e.Lexpr, e.Rexpr})
	case pg.A_Expr_Kind_AEXPR_DISTINCT, pg.A_Expr_Kind_AEXPR_NOT_DISTINCT:
		p.refuseAt(e.Location, "IS DISTINCT FROM")
	case pg.A_Expr_Kind_AEXPR_OP_ANY, pg.A_Expr_Kind_AEXPR_OP_ALL:
		p.refuseAt(e.Location, "ANY and ALL of an array")
	case pg.A_Expr_Kind_AEXPR_BETWEEN_SYM, pg.A_Expr_Kind_AEXPR_NOT_BETWEEN_SYM:
		p.refuseAt(e.Location, "BETWEEN SYMMETRIC")
	case pg.A_Expr_Kind_A_EXPR_KIND_UNDEFINED:
		p.refuseAt(e.Location, "this operator")
	}
}

func (p *printer) infix(left *pg.Node, name string, right *pg.Node) {
	p.must(right != nil, "an operator behind its operand")
	p.put("(")
	if left != nil {
		p.expr(left)
		p.put(" ")
	}
	p.put(name, " ")
	p.expr(right)
	p.put(")")
}

// matching prints LIKE and its like. PostgreSQL's grammar keeps ESCAPE as a call.
func (p *printer) matching(e *pg.A_Expr, word string) {
	pattern := e.Rexpr
	var escape *pg.Node
	if f := pattern.GetFuncCall(); f != nil && len(f.Funcname) == 2 {
		switch name := FunctionName(f); {
		case name == "like_escape" && len(f.Args) == 2, name == "similar_to_escape" && len(f.Args) == 2:
			pattern, escape = f.Args[0], f.Args[1]
		case name == "similar_to_escape" && len(f.Args) == 1:
			pattern = f.Args[0]
		}
	}
	p.put("(")
	p.expr(e.Lexpr)
	p.put(" ", word, " ")
	p.expr(pattern)
	if escape != nil {
		c := escape.GetAConst().GetSval()
		p.must(c != nil && len(c.Sval) == 1 && c.Sval != `\`, "ESCAPE of anything but one character other than a backslash")
		p.put(" ESCAPE ")
		p.expr(escape)
	}
	p.put(")")
}

func (p *printer) between(e *pg.A_Expr, word string) {
	bounds := e.Rexpr.GetList().GetItems()
	if len(bounds) != 2 {
		p.refuseAt(e.Location, "this BETWEEN")
		return
	}
	p.put("(")
	p.expr(e.Lexpr)
	p.put(" ", word, " ")
	p.expr(bounds[0])
	p.put(" AND ")
	p.expr(bounds[1])
	p.put(")")
}

func (p *printer) subLink(l *pg.SubLink) {
	p.put("(")
	switch l.SubLinkType {
	case pg.SubLinkType_EXISTS_SUBLINK:
		p.put("EXISTS ")
	case pg.SubLinkType_EXPR_SUBLINK:
	case pg.SubLinkType_ANY_SUBLINK, pg.SubLinkType_ALL_SUBLINK:
		if row := l.Testexpr.GetRowExpr(); row != nil {
			p.put("(")
			p.list(row.Args, p.expr)
			p.put(")")
		} else {
			p.expr(l.Testexpr)
		}
		p.comparison(l)
	default:
		p.refuse("ARRAY of a sub-select")
	}
	p.put("(")
	p.query(l.Subselect.GetSelectStmt())
	p.put("))")
}

func (p *printer) comparison(l *pg.SubLink) {
	if len(l.OperName) == 0 {
		p.put(" IN ")
		return
	}
	name := l.OperName[0].GetString_().GetSval()
	if len(l.OperName) != 1 || !operators(name) {
		p.refuseAt(l.Location, "this operator")
	}
	p.put(" ", name, map[bool]string{true: " ANY ", false: " ALL "}[l.SubLinkType == pg.SubLinkType_ANY_SUBLINK])
}
