package rewrite

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/posternsql/postern/catalog"
)

// The printer leaves out parentheses around some forms, so that the text reads back as another tree. Where that happens the form is replaced by
// one that means the same and that it can print:
//
//	(a IS NOT DISTINCT FROM b) IS NOT FALSE    CASE WHEN a IS NOT DISTINCT FROM b THEN true ELSE false END IS NOT FALSE
//	a IS DISTINCT FROM (b IS NULL)             a IS DISTINCT FROM CASE WHEN b IS NULL THEN true ELSE false END
//	(COALESCE(a, b))[1], (ARRAY(SELECT a))[1]  ((SELECT COALESCE(a, b)))[1], ((SELECT ARRAY(SELECT a)))[1]

// printable replaces such forms in a tree, from the inside out, and reports whether there were any.
func printable(m protoreflect.Message) bool {
	changed := false
	eachMessage(m, func(child protoreflect.Message) { changed = printable(child) || changed })
	switch v := m.Interface().(type) {
	case *pg.BooleanTest:
		return truthCase(v.Arg, false) || changed
	case *pg.NullTest:
		return truthCase(v.Arg, false) || changed
	case *pg.A_Expr:
		if v.Kind == pg.A_Expr_Kind_AEXPR_DISTINCT || v.Kind == pg.A_Expr_Kind_AEXPR_NOT_DISTINCT {
			changed = truthCase(v.Lexpr, false) || changed
			return truthCase(v.Rexpr, true) || changed
		}
	case *pg.A_Indirection:
		return subscripted(v.Arg) || changed
	}
	return changed
}

// truthCase turns IS [NOT] DISTINCT FROM, and with tests IS NULL, IS TRUE and their like, all of which are never NULL, into CASE.
func truthCase(n *pg.Node, tests bool) bool {
	kind := n.GetAExpr().GetKind()
	distinct := kind == pg.A_Expr_Kind_AEXPR_DISTINCT || kind == pg.A_Expr_Kind_AEXPR_NOT_DISTINCT
	if !distinct && (!tests || n.GetNullTest() == nil && n.GetBooleanTest() == nil) {
		return false
	}
	n.Node = caseWhen(&pg.Node{Node: n.Node}, boolConstant(true), boolConstant(false)).Node
	return true
}

// subscripted puts a form that only looks like a function, or ARRAY (SELECT …), into a sub-select, unless it holds what a sub-select would compute
// by itself.
func subscripted(n *pg.Node) bool {
	array := n.GetSubLink().GetSubLinkType() == pg.SubLinkType_ARRAY_SUBLINK
	if !array && (n.GetCaseExpr() == nil && n.GetCoalesceExpr() == nil && n.GetMinMaxExpr() == nil || anyCall(n.ProtoReflect(), ofManyRows)) {
		return false
	}
	n.Node = &pg.Node_SubLink{SubLink: &pg.SubLink{SubLinkType: pg.SubLinkType_EXPR_SUBLINK, Location: -1,
		Subselect: &pg.Node{Node: &pg.Node_SelectStmt{SelectStmt: &pg.SelectStmt{
			LimitOption: pg.LimitOption_LIMIT_OPTION_DEFAULT, Op: pg.SetOperation_SETOP_NONE,
			TargetList: []*pg.Node{pg.MakeResTargetNodeWithVal(&pg.Node{Node: n.Node}, -1)}}}}}}
	return true
}

func anyCall(m protoreflect.Message, is func(*pg.FuncCall) bool) bool {
	if call, ok := m.Interface().(*pg.FuncCall); ok && is(call) {
		return true
	}
	if _, ok := m.Interface().(*pg.GroupingFunc); ok {
		return true
	}
	return anyMessage(m, func(child protoreflect.Message) bool { return anyCall(child, is) })
}

// ofManyRows reports a call that is of more than its row, or may be: of an aggregate, of a window function, of one that gives many rows or
// another value at each call, or of one that is not known.
func ofManyRows(call *pg.FuncCall) bool {
	name, _ := builtin(call.Funcname)
	f, known := catalog.LookupFunction(name, len(call.Args))
	return !known || call.Over != nil || call.AggStar || f.Set || strings.ContainsAny(f.Kinds, "aw") || strings.Contains(f.Volatility, "v")
}
