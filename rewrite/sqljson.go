package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/pgerror"
)

// The SQL/JSON forms of the grammar (SQL:2016, 6.33 to 6.40), which came with PostgreSQL 16 and 17. The functions of the same purpose that
// PostgreSQL has had before are ordinary ones.

// jsonForm is the word for such a form; "" for any other node.
func jsonForm(n *pg.Node) string {
	switch v := n.GetNode().(type) {
	case *pg.Node_JsonObjectConstructor:
		return "JSON_OBJECT"
	case *pg.Node_JsonArrayConstructor, *pg.Node_JsonArrayQueryConstructor:
		return "JSON_ARRAY"
	case *pg.Node_JsonObjectAgg:
		return "JSON_OBJECTAGG"
	case *pg.Node_JsonArrayAgg:
		return "JSON_ARRAYAGG"
	case *pg.Node_JsonParseExpr:
		return "JSON"
	case *pg.Node_JsonScalarExpr:
		return "JSON_SCALAR"
	case *pg.Node_JsonSerializeExpr:
		return "JSON_SERIALIZE"
	case *pg.Node_JsonIsPredicate:
		return "IS JSON"
	case *pg.Node_JsonTable:
		return "JSON_TABLE"
	case *pg.Node_JsonFuncExpr:
		switch v.JsonFuncExpr.Op {
		case pg.JsonExprOp_JSON_EXISTS_OP:
			return "JSON_EXISTS"
		case pg.JsonExprOp_JSON_QUERY_OP:
			return "JSON_QUERY"
		case pg.JsonExprOp_JSON_VALUE_OP:
			return "JSON_VALUE"
		case pg.JsonExprOp_JSON_TABLE_OP:
			return "JSON_TABLE"
		case pg.JsonExprOp_JSON_EXPR_OP_UNDEFINED:
		}
		return "SQL/JSON"
	}
	return ""
}

// jsonCast judges json(x), which is a cast where no more is said than that (manual, 4.2.9), on every version.
func (r *resolver) jsonCast(n *pg.Node, p *pg.JsonParseExpr, s *scope) error {
	format := p.Expr.GetFormat()
	if p.UniqueKeys || p.Output != nil || p.Expr.GetRawExpr() == nil || format.GetFormatType() > pg.JsonFormatType_JS_FORMAT_DEFAULT || format.GetEncoding() > pg.JsonEncoding_JS_ENC_DEFAULT {
		return r.unknown(n)
	}
	if err := r.expr(p.Expr.RawExpr, s); err != nil {
		return err
	}
	n.Node = typeCast(p.Expr.RawExpr, "json", false).Node
	return nil
}

// unknownJSON refuses a form of SQL/JSON by its word.
func unknownJSON(form string) error {
	e := pgerror.NotSupported("%s of SQL/JSON is not supported through Postern", form)
	return e.WithHint("Use json_build_object, json_build_array, json_agg, json_object_agg, the operators of jsonb and jsonb_path_query, which every version has.")
}
