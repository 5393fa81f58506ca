package rewrite

import (
	"fmt"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/pgerror"
)

// expr judges one expression in a scope and rewrites it in place. Every node type is named here; any other is refused.
func (r *resolver) expr(n *pg.Node, s *scope) error {
	if n == nil || n.Node == nil {
		return nil
	}
	if err := r.enter(); err != nil {
		return err
	}
	defer r.leave()
	switch v := n.Node.(type) {
	case *pg.Node_ColumnRef:
		if done, err := r.catalogSystemColumn(n, s); done || err != nil {
			return err
		}
		if done, err := r.tableOID(n, s); done || err != nil {
			return err
		}
		r.resolved = column{}
		err := r.columnRef(v.ColumnRef, s)
		if err == nil {
			r.replaceTarget(n)
		}
		return err
	case *pg.Node_AConst:
		return r.allowConstant(v.AConst)
	case *pg.Node_ParamRef:
		if int(v.ParamRef.Number) > r.rw.config.MaxParameters {
			return r.at(pgerror.LimitExceeded("statement has too many parameters: at most %d", r.rw.config.MaxParameters), v.ParamRef.Location)
		}
		r.params = append(r.params, v.ParamRef.Number)
		return nil
	case *pg.Node_AExpr:
		return r.operator(v.AExpr, s)
	case *pg.Node_BoolExpr:
		return r.exprs(s, v.BoolExpr.Args...)
	case *pg.Node_NullTest:
		return r.expr(v.NullTest.Arg, s)
	case *pg.Node_BooleanTest:
		return r.expr(v.BooleanTest.Arg, s)
	case *pg.Node_FuncCall:
		return r.call(n, s)
	case *pg.Node_NamedArgExpr:
		return r.expr(v.NamedArgExpr.Arg, s)
	case *pg.Node_SqlvalueFunction:
		return r.valueFunction(n)
	case *pg.Node_TypeCast:
		return r.typeCast(n, v.TypeCast, s)
	case *pg.Node_CollateClause:
		if err := r.allowCollation(v.CollateClause); err != nil {
			return err
		}
		return r.expr(v.CollateClause.Arg, s)
	case *pg.Node_SubLink:
		if r.nothingSelected(n) {
			return nil
		}
		return r.subLink(v.SubLink, s)
	}
	return r.construct(n, s)
}

// typeCast judges CAST and ::.
func (r *resolver) typeCast(n *pg.Node, c *pg.TypeCast, s *scope) error {
	if boolLiteral(n) {
		return nil
	}
	if !r.rw.redshift() {
		if done, err := r.rowCast(n, s); done || err != nil {
			return err
		}
		if done, err := r.regCast(n, s); done || err != nil {
			return err
		}
	} else {
		objectCast(c)
	}
	if err := r.allowType(c.TypeName); err != nil {
		return err
	}
	return r.expr(c.Arg, s)
}

// boolLiteral turns 't'::bool and 'f'::bool into true and false, as which the printer would print them.
func boolLiteral(n *pg.Node) bool {
	cast := n.GetTypeCast()
	text := cast.Arg.GetAConst().GetSval().GetSval()
	name, ok := builtin(cast.TypeName.GetNames())
	if !ok || name != "bool" || len(cast.TypeName.ArrayBounds) > 0 || text != "t" && text != "f" {
		return false
	}
	n.Node = boolConstant(text == "t").Node
	return true
}

// construct judges the nodes that only hold others.
func (r *resolver) construct(n *pg.Node, s *scope) error {
	switch v := n.Node.(type) {
	case *pg.Node_CaseExpr:
		if err := r.exprs(s, v.CaseExpr.Arg, v.CaseExpr.Defresult); err != nil {
			return err
		}
		return r.exprs(s, v.CaseExpr.Args...)
	case *pg.Node_CaseWhen:
		return r.exprs(s, v.CaseWhen.Expr, v.CaseWhen.Result)
	case *pg.Node_CoalesceExpr:
		return r.exprs(s, v.CoalesceExpr.Args...)
	case *pg.Node_MinMaxExpr:
		return r.exprs(s, v.MinMaxExpr.Args...)
	case *pg.Node_AArrayExpr:
		return r.exprs(s, v.AArrayExpr.Elements...)
	case *pg.Node_RowExpr:
		return r.exprs(s, v.RowExpr.Args...)
	case *pg.Node_List:
		return r.exprs(s, v.List.Items...)
	case *pg.Node_AIndirection:
		return r.indirection(n, s)
	case *pg.Node_GroupingFunc:
		return r.exprs(s, v.GroupingFunc.Args...)
	case *pg.Node_JsonParseExpr:
		return r.jsonCast(n, v.JsonParseExpr, s)
	case *pg.Node_XmlExpr:
		return r.xml(v.XmlExpr, s)
	case *pg.Node_XmlSerialize:
		if err := r.allowType(v.XmlSerialize.TypeName); err != nil {
			return err
		}
		return r.expr(v.XmlSerialize.Expr, s)
	case *pg.Node_SetToDefault:
		return pgerror.Syntax("DEFAULT is not allowed in this context", position(r.req.SQL, v.SetToDefault.Location))
	}
	return r.unknown(n)
}

// unknown refuses a node that no handler names.
func (r *resolver) unknown(n *pg.Node) error {
	if form := jsonForm(n); form != "" {
		return r.at(unknownJSON(form), locationOf(n))
	}
	return r.at(pgerror.NotSupported("%s is not supported through Postern", nodeName(n)), locationOf(n))
}

// nodeName is the parser's word for a node, as its own documents have it.
func nodeName(n *pg.Node) string {
	return strings.TrimPrefix(fmt.Sprintf("%T", n.GetNode()), "*pg_query.Node_")
}

func (r *resolver) exprs(s *scope, list ...*pg.Node) error {
	for _, n := range list {
		if err := r.expr(n, s); err != nil {
			return err
		}
	}
	return nil
}

func (r *resolver) operator(e *pg.A_Expr, s *scope) error {
	switch e.Kind {
	case pg.A_Expr_Kind_AEXPR_OP, pg.A_Expr_Kind_AEXPR_OP_ANY, pg.A_Expr_Kind_AEXPR_OP_ALL, pg.A_Expr_Kind_AEXPR_DISTINCT,
		pg.A_Expr_Kind_AEXPR_NOT_DISTINCT, pg.A_Expr_Kind_AEXPR_NULLIF, pg.A_Expr_Kind_AEXPR_IN, pg.A_Expr_Kind_AEXPR_LIKE,
		pg.A_Expr_Kind_AEXPR_ILIKE, pg.A_Expr_Kind_AEXPR_SIMILAR:
		if err := r.allowOperator(e.Name, e.Location); err != nil {
			return err
		}
	case pg.A_Expr_Kind_AEXPR_BETWEEN, pg.A_Expr_Kind_AEXPR_NOT_BETWEEN, pg.A_Expr_Kind_AEXPR_BETWEEN_SYM,
		pg.A_Expr_Kind_AEXPR_NOT_BETWEEN_SYM:
		// Its name is the word itself; it means >= and <= of pg_catalog.
	case pg.A_Expr_Kind_A_EXPR_KIND_UNDEFINED:
		return r.at(pgerror.NotSupported("this operator is not supported through Postern"), e.Location)
	default:
		return r.at(pgerror.NotSupported("operator kind %s is not supported through Postern", e.Kind), e.Location)
	}
	if err := r.unmovedLookUp(e, s); err != nil {
		return err
	}
	return r.exprs(s, e.Lexpr, e.Rexpr)
}

func (r *resolver) subLink(l *pg.SubLink, s *scope) error {
	if len(l.OperName) > 0 {
		if err := r.allowOperator(l.OperName, l.Location); err != nil {
			return err
		}
	}
	if err := r.expr(l.Testexpr, s); err != nil {
		return err
	}
	if stmt := l.Subselect.GetSelectStmt(); stmt != nil && (l.SubLinkType == pg.SubLinkType_EXPR_SUBLINK || l.SubLinkType == pg.SubLinkType_ARRAY_SUBLINK) {
		r.scalars[stmt] = true
	}
	before := r.leaks
	_, err := r.query(l.Subselect, s)
	r.quiet[l] = r.leaks == before
	return err
}

func (r *resolver) xml(x *pg.XmlExpr, s *scope) error {
	for _, arg := range x.NamedArgs {
		if err := r.expr(arg.GetResTarget().GetVal(), s); err != nil {
			return err
		}
	}
	return r.exprs(s, x.Args...)
}

// window judges OVER (…) and the definitions of a WINDOW clause.
func (r *resolver) window(w *pg.WindowDef, s *scope) error {
	if w == nil {
		return nil
	}
	if err := r.exprs(s, w.PartitionClause...); err != nil {
		return err
	}
	if err := r.sorts(w.OrderClause, s); err != nil {
		return err
	}
	return r.exprs(s, w.StartOffset, w.EndOffset)
}

// sorts judges the ORDER BY of an aggregate or a window, where a bare name is never an output column.
func (r *resolver) sorts(list []*pg.Node, s *scope) error {
	for _, n := range list {
		by := n.GetSortBy()
		if by == nil {
			return r.unknown(n)
		}
		if err := r.sortOperator(by); err != nil {
			return err
		}
		if err := r.expr(by.Node, s); err != nil {
			return err
		}
	}
	return nil
}

func (r *resolver) sortOperator(by *pg.SortBy) error {
	if len(by.UseOp) == 0 {
		return nil
	}
	return r.allowOperator(by.UseOp, by.Location)
}
