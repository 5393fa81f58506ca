package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/posternsql/postern/rewrite/redshift"
)

// guardable reports a View whose filter can stand in a CASE: Redshift does not take every sub-select there, and what is volatile would be drawn
// anew. Of a plain view nothing can say whether the rows that it is made of are hidden.
func (v *view) guardable(tree *pg.SelectStmt) bool {
	return tree.WhereClause != nil && !subselects(tree.WhereClause.ProtoReflect()) && (v.body == nil || v.body.whole && !v.body.hides)
}

// computesUnsafely reports a column of a plain view whose expression can give an error: a condition on it runs the expression.
func (v *view) computesUnsafely(i int) bool {
	if v.body == nil {
		return false
	}
	name := v.columns[i]
	for j, c := range v.decision.Table.Columns {
		if c.Name == name {
			return j >= len(v.body.fails) || v.body.fails[j]
		}
	}
	return true
}

func subselects(m protoreflect.Message) bool {
	switch v := m.Interface().(type) {
	case *pg.SubLink:
		return true
	case *pg.FuncCall:
		if known, ok := redshift.Lookup(redshift.FunctionName(v), len(v.Args)); !ok || known.Volatile {
			return true
		}
	}
	return anyMessage(m, subselects)
}

// wrapForRedshift puts a condition into CASE, behind the filters of its tables. A truth value can be tested by IS in WHERE alone there, so it is numbers
// that are compared (Database Developer Guide, "Boolean type"): a row is visible if its number is 1, or NULL because an outer join made it up.
func wrapForRedshift(p pending) {
	var tests []*pg.Node
	for _, g := range p.guards {
		if g.visible != "" {
			shown := &pg.Node{Node: &pg.Node_CoalesceExpr{CoalesceExpr: &pg.CoalesceExpr{Args: []*pg.Node{refNode(g.visible), pg.MakeAConstIntNode(1, -1)}, Location: -1}}}
			tests = append(tests, equalNode(shown, pg.MakeAConstIntNode(1, -1)))
		}
	}
	if len(tests) == 0 {
		return
	}
	met := caseWhen(&pg.Node{Node: p.condition.Node}, pg.MakeAConstIntNode(1, -1), pg.MakeAConstIntNode(0, -1))
	whole := caseWhen(conjunction(tests), met, pg.MakeAConstIntNode(0, -1))
	p.condition.Node = equalNode(whole, pg.MakeAConstIntNode(1, -1)).Node
}

func equalNode(left, right *pg.Node) *pg.Node {
	return &pg.Node{Node: &pg.Node_AExpr{AExpr: &pg.A_Expr{Kind: pg.A_Expr_Kind_AEXPR_OP, Name: []*pg.Node{pg.MakeStrNode("=")}, Lexpr: left, Rexpr: right, Location: -1}}}
}

// closeForRedshift gives the View its extra column, the filter as a number.
func (g *guard) closeForRedshift() {
	if g.visible == "" {
		return
	}
	for _, stmt := range g.carriers[:g.height] {
		stmt.TargetList = append(stmt.TargetList, &pg.Node{Node: &pg.Node_ResTarget{ResTarget: &pg.ResTarget{Val: refNode(g.visible), Location: -1}}})
	}
	number := caseWhen(proto.Clone(g.tree.WhereClause).(*pg.Node), pg.MakeAConstIntNode(1, -1), pg.MakeAConstIntNode(0, -1))
	g.tree.TargetList = append(g.tree.TargetList, &pg.Node{Node: &pg.Node_ResTarget{ResTarget: &pg.ResTarget{Name: g.visible, Val: number, Location: -1}}})
}

// class is a family of types that Redshift compares with one another without a conversion that can fail.
func class(typ string) string {
	switch typ {
	case "smallint", typeInteger, typeBigint, typeNumeric, "real", typeDouble:
		return "number"
	case typeText, typeVarchar, typeChar:
		return "text"
	case typeDate, typeTimestamp, typeTimestamptz:
		return "time"
	case typeBoolean:
		return typeBoolean
	}
	return ""
}

// weighForRedshift weighs an expression by whether it can give an error for a row: what cannot tells nothing of rows that are hidden, since no function on
// the list tells in another way. Masks are made so that they give none.
func (r *resolver) weighForRedshift(n *pg.Node, s *scope) weight {
	switch v := n.GetNode().(type) {
	case nil:
		return weight{literal: true, constant: true}
	case *pg.Node_ColumnRef:
		if w, ok := r.behindAlias(v.ColumnRef, s); ok {
			return w
		}
		return r.weighColumn(n, s)
	case *pg.Node_AConst:
		return weighConstant(v.AConst)
	case *pg.Node_ParamRef:
		return r.weighParameter(v.ParamRef)
	case *pg.Node_BoolExpr:
		return weight{typ: typeBoolean}.with(r.weighAll(s, v.BoolExpr.Args...)...)
	case *pg.Node_NullTest:
		return weight{typ: typeBoolean}.with(r.weigh(v.NullTest.Arg, s))
	case *pg.Node_BooleanTest:
		return weight{typ: typeBoolean}.with(r.weigh(v.BooleanTest.Arg, s))
	case *pg.Node_AExpr:
		return r.weighOperatorForRedshift(n, s)
	case *pg.Node_CoalesceExpr:
		return r.oneClass(n, s, "", v.CoalesceExpr.Args...)
	case *pg.Node_TypeCast:
		return r.weighCastForRedshift(n, s)
	case *pg.Node_FuncCall:
		return r.weighCallForRedshift(n, s)
	case *pg.Node_SubLink:
		return r.weighSubLinkForRedshift(n, s)
	case *pg.Node_SqlvalueFunction:
		return weighValueFunction(v.SqlvalueFunction)
	}
	return r.unsafe(n, s)
}

// oneClass weighs expressions that are compared, or of which one is taken: they must be of one class, or constants that are read when the
// statement is planned.
func (r *resolver) oneClass(n *pg.Node, s *scope, typ string, list ...*pg.Node) weight {
	all := r.weighAll(s, list...)
	out := weight{typ: typ}.with(all...)
	found, of := "", ""
	for _, w := range all {
		c := class(w.typ)
		switch {
		case w.literal:
			continue
		case c == "" || found != "" && c != found:
			return r.unsafe(n, s)
		}
		found, of = c, w.typ
	}
	if typ == "" {
		out.typ = of
	}
	return out
}

func (r *resolver) weighOperatorForRedshift(n *pg.Node, s *scope) weight {
	e := n.GetAExpr()
	op := dotted(e.Name)
	switch e.Kind {
	case pg.A_Expr_Kind_AEXPR_OP:
		switch op {
		case "=", "<>", "<", "<=", ">", ">=":
			if e.Lexpr != nil && e.Rexpr != nil {
				return r.oneClass(n, s, typeBoolean, e.Lexpr, e.Rexpr)
			}
		}
	case pg.A_Expr_Kind_AEXPR_IN:
		return r.oneClass(n, s, typeBoolean, append([]*pg.Node{e.Lexpr}, e.Rexpr.GetList().GetItems()...)...)
	case pg.A_Expr_Kind_AEXPR_BETWEEN, pg.A_Expr_Kind_AEXPR_NOT_BETWEEN:
		return r.oneClass(n, s, typeBoolean, append([]*pg.Node{e.Lexpr}, e.Rexpr.GetList().GetItems()...)...)
	case pg.A_Expr_Kind_AEXPR_NULLIF:
		return r.oneClass(n, s, "", e.Lexpr, e.Rexpr)
	case pg.A_Expr_Kind_AEXPR_LIKE, pg.A_Expr_Kind_AEXPR_ILIKE:
		// A pattern fails at most for what it is, and a constant one when the statement is planned.
		if w := r.weigh(e.Lexpr, s); class(w.typ) == "text" && e.Rexpr.GetAConst().GetSval() != nil {
			return weight{typ: typeBoolean}.with(w)
		}
	default:
	}
	return r.unsafe(n, s)
}

// weighCastForRedshift lets constants pass, and casts within a class that cannot overflow.
func (r *resolver) weighCastForRedshift(n *pg.Node, s *scope) weight {
	cast := n.GetTypeCast()
	typ, plain := castType(cast.TypeName)
	w := r.weigh(cast.Arg, s)
	switch {
	case w.fails || typ == "":
		return r.unsafe(n, s)
	case w.literal && w.constant, w.typ == typ && plain, class(w.typ) == "time" && class(typ) == "time":
		w.literal, w.typ = false, typ
		return w
	}
	return r.unsafe(n, s)
}

func (r *resolver) weighCallForRedshift(n *pg.Node, s *scope) weight {
	f := n.GetFuncCall()
	name := redshift.FunctionName(f)
	known, ok := redshift.Lookup(name, argumentCount(f))
	if what, own := redshift.Placeholder(name); own {
		switch what {
		case "sysdate":
			return weight{typ: typeTimestamp, clock: true}
		case "having", "qualify":
			return weight{typ: typeBoolean}.with(r.weighAll(s, f.Args...)...)
		}
	}
	switch {
	case !ok:
		return r.unsafe(n, s)
	case f.Over != nil && known.Total && f.AggFilter == nil:
		all := r.weighAll(s, f.Args...)
		for _, w := range all {
			if w.fails {
				return r.unsafe(n, s)
			}
		}
		if len(all) > 0 {
			return weight{typ: all[0].typ}
		}
		return weight{typ: typeBigint}
	case known.Aggregate || f.Over != nil:
		return r.weighAggregate(f, name, s)
	case !known.Total:
		return r.weighConstantArguments(n, s, f, name)
	}
	switch name {
	case "getdate":
		return weight{typ: typeTimestamp, clock: true}
	case "nvl", "coalesce":
		return r.oneClass(n, s, "", f.Args...)
	case "len", "length", "char_length", "character_length", "octet_length", "charindex", "strpos", "position", "date_part_year":
		return r.texts(n, s, f, typeInteger)
	}
	return r.texts(n, s, f, typeVarchar)
}

// weighConstantArguments weighs functions that can fail for what stands beside the value alone, where that is a constant that is right.
func (r *resolver) weighConstantArguments(n *pg.Node, s *scope, f *pg.FuncCall, name string) weight {
	count := func(i int) bool {
		c := f.Args[i].GetAConst().GetIval()
		return c != nil && c.Ival >= 0
	}
	switch {
	case (name == "left" || name == "right" || name == "substring" || name == "substr") && count(1) && (len(f.Args) == 2 || count(2)):
		if w := r.weigh(f.Args[0], s); class(w.typ) == "text" {
			return weight{typ: typeVarchar}.with(w)
		}
	case (name == "extract" || name == "date_part" || name == "date_trunc") && f.Args[0].GetAConst().GetSval() != nil:
		if w := r.weigh(f.Args[1], s); class(w.typ) == "time" {
			typ := typeTimestamp
			if name != "date_trunc" {
				typ = typeDouble
			}
			return weight{typ: typ}.with(w)
		}
	}
	return r.unsafe(n, s)
}

// texts weighs a total function of texts.
func (r *resolver) texts(n *pg.Node, s *scope, f *pg.FuncCall, typ string) weight {
	all := r.weighAll(s, f.Args...)
	for _, w := range all {
		if !w.literal && class(w.typ) != "text" && !(w.typ == typeDate && typ == typeInteger) {
			return r.unsafe(n, s)
		}
	}
	return weight{typ: typ}.with(all...)
}

// weighSubLinkForRedshift weighs EXISTS and IN of a sub-select in which nothing can fail.
func (r *resolver) weighSubLinkForRedshift(n *pg.Node, s *scope) weight {
	link := n.GetSubLink()
	out := r.unsafe(n, s)
	stmt := link.Subselect.GetSelectStmt()
	if !r.quiet[link] || stmt == nil {
		return out
	}
	switch link.SubLinkType {
	case pg.SubLinkType_EXISTS_SUBLINK:
		out.fails, out.typ = false, typeBoolean
	case pg.SubLinkType_ANY_SUBLINK:
		facts := r.levels[stmt]
		test := r.weigh(link.Testexpr, s)
		if len(facts) == 1 && facts[0].known && !facts[0].fails && !test.fails && class(test.typ) != "" && class(test.typ) == class(facts[0].typ) {
			out.fails, out.typ = false, typeBoolean
		}
	case pg.SubLinkType_EXPR_SUBLINK:
		if facts := r.levels[stmt]; len(facts) == 1 && oneRow(stmt) && facts[0].typ != "" {
			out.fails, out.typ = false, facts[0].typ
		}
	default:
	}
	return out
}
