package rewrite

import pg "github.com/pganalyze/pg_query_go/v6"

// unnamed is what PostgreSQL calls a column for which it finds no name.
const unnamed = "?column?"

// outputName is the name that PostgreSQL gives an output column without AS (FigureColname in parse_target.c).
// first answers for a sub-select in an expression: the name of its first column, which is known once it was judged.
func outputName(n *pg.Node, first func(*pg.Node) string) string {
	if name, _ := figureName(n, first); name != "" {
		return name
	}
	return unnamed
}

// figureName returns the name and its strength: 0 none, 1 weak (a cast's type, "case"), 2 good.
func figureName(n *pg.Node, first func(*pg.Node) string) (string, int) {
	switch v := n.GetNode().(type) {
	case *pg.Node_ColumnRef:
		return lastString(v.ColumnRef.Fields)
	case *pg.Node_AIndirection:
		if name, strength := lastString(v.AIndirection.Indirection); strength > 0 {
			return name, strength
		}
		return figureName(v.AIndirection.Arg, first)
	case *pg.Node_FuncCall:
		return lastString(v.FuncCall.Funcname)
	case *pg.Node_AExpr:
		if v.AExpr.Kind == pg.A_Expr_Kind_AEXPR_NULLIF {
			return "nullif", 2
		}
	case *pg.Node_TypeCast:
		if name, strength := figureName(v.TypeCast.Arg, first); strength > 1 {
			return name, strength
		}
		if name, strength := lastString(v.TypeCast.TypeName.GetNames()); strength > 0 {
			return name, 1
		}
	case *pg.Node_CollateClause:
		return figureName(v.CollateClause.Arg, first)
	case *pg.Node_GroupingFunc:
		return "grouping", 2
	case *pg.Node_SubLink:
		return subLinkName(v.SubLink, first)
	case *pg.Node_CaseExpr:
		if name, strength := figureName(v.CaseExpr.Defresult, first); strength > 1 {
			return name, strength
		}
		return "case", 1
	case *pg.Node_AArrayExpr:
		return "array", 2
	case *pg.Node_RowExpr:
		return "row", 2
	case *pg.Node_CoalesceExpr:
		return "coalesce", 2
	case *pg.Node_MinMaxExpr:
		if v.MinMaxExpr.Op == pg.MinMaxOp_IS_GREATEST {
			return "greatest", 2
		}
		return "least", 2
	case *pg.Node_SqlvalueFunction:
		return valueFunctionName(v.SqlvalueFunction.Op), 2
	case *pg.Node_XmlExpr:
		return xmlName(v.XmlExpr.Op)
	case *pg.Node_JsonParseExpr:
		return "json", 2
	case *pg.Node_XmlSerialize:
		return "xmlserialize", 2
	}
	return "", 0
}

// lastString is the last name of a list that may hold stars and subscripts.
func lastString(list []*pg.Node) (string, int) {
	for i := len(list) - 1; i >= 0; i-- {
		if s, ok := list[i].GetNode().(*pg.Node_String_); ok {
			return s.String_.Sval, 2
		}
	}
	return "", 0
}

func subLinkName(s *pg.SubLink, first func(*pg.Node) string) (string, int) {
	switch s.SubLinkType {
	case pg.SubLinkType_EXISTS_SUBLINK:
		return "exists", 2
	case pg.SubLinkType_ARRAY_SUBLINK:
		return "array", 2
	case pg.SubLinkType_EXPR_SUBLINK:
		return first(s.Subselect), 2
	}
	return "", 0
}

func valueFunctionName(op pg.SQLValueFunctionOp) string {
	switch op {
	case pg.SQLValueFunctionOp_SVFOP_CURRENT_DATE:
		return "current_date"
	case pg.SQLValueFunctionOp_SVFOP_CURRENT_TIME, pg.SQLValueFunctionOp_SVFOP_CURRENT_TIME_N:
		return "current_time"
	case pg.SQLValueFunctionOp_SVFOP_CURRENT_TIMESTAMP, pg.SQLValueFunctionOp_SVFOP_CURRENT_TIMESTAMP_N:
		return "current_timestamp"
	case pg.SQLValueFunctionOp_SVFOP_LOCALTIME, pg.SQLValueFunctionOp_SVFOP_LOCALTIME_N:
		return "localtime"
	case pg.SQLValueFunctionOp_SVFOP_LOCALTIMESTAMP, pg.SQLValueFunctionOp_SVFOP_LOCALTIMESTAMP_N:
		return "localtimestamp"
	case pg.SQLValueFunctionOp_SVFOP_CURRENT_ROLE:
		return "current_role"
	case pg.SQLValueFunctionOp_SVFOP_CURRENT_USER:
		return "current_user"
	case pg.SQLValueFunctionOp_SVFOP_USER:
		return "user"
	case pg.SQLValueFunctionOp_SVFOP_SESSION_USER:
		return "session_user"
	case pg.SQLValueFunctionOp_SVFOP_CURRENT_CATALOG:
		return "current_catalog"
	case pg.SQLValueFunctionOp_SVFOP_CURRENT_SCHEMA:
		return "current_schema"
	}
	return ""
}

func xmlName(op pg.XmlExprOp) (string, int) {
	switch op {
	case pg.XmlExprOp_IS_XMLCONCAT:
		return "xmlconcat", 2
	case pg.XmlExprOp_IS_XMLELEMENT:
		return "xmlelement", 2
	case pg.XmlExprOp_IS_XMLFOREST:
		return "xmlforest", 2
	case pg.XmlExprOp_IS_XMLPARSE:
		return "xmlparse", 2
	case pg.XmlExprOp_IS_XMLPI:
		return "xmlpi", 2
	case pg.XmlExprOp_IS_XMLROOT:
		return "xmlroot", 2
	}
	return "", 0
}

// strings returns the names of a list of String nodes; false if it holds anything else.
func stringList(list []*pg.Node) ([]string, bool) {
	out := make([]string, len(list))
	for i, n := range list {
		s, ok := n.GetNode().(*pg.Node_String_)
		if !ok {
			return nil, false
		}
		out[i] = s.String_.Sval
	}
	return out, true
}
