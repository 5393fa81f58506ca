package rewrite

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// Functions about the catalogues that give rows. Each is replaced by a sub-select of ours. An access list is an array of texts here
// (catalog.sql), and says one thing: the person may read.

// catalogRows turns FROM aclexplode(…) and the like into a sub-select; nil where the function is not one of these.
func (r *resolver) catalogRows(n *pg.Node, s *scope, alias string, names []string) (*item, error) {
	f := n.GetRangeFunction()
	call := functionNode(f.Functions[0]).GetFuncCall()
	name, ok := builtin(call.GetFuncname())
	if !ok || f.Ordinality || len(f.Coldeflist) > 0 || call.FuncVariadic {
		return nil, nil
	}
	var text string
	var columns []string
	switch fmt.Sprintf("%s/%d", name, len(call.Args)) {
	case "aclexplode/1":
		columns = []string{"grantor", "grantee", "privilege_type", "is_grantable"}
		text = "SELECT 10::pg_catalog.oid AS grantor, 10::pg_catalog.oid AS grantee, 'SELECT'::pg_catalog.text AS privilege_type, " +
			"false AS is_grantable FROM pg_catalog.unnest($1::pg_catalog.text[]) AS postern_u"
	case "pg_show_all_settings/0":
		text = "SELECT * FROM pg_catalog.pg_settings"
	case "pg_available_extensions/0":
		text = "SELECT a.name, a.default_version, a.comment FROM pg_catalog.pg_available_extensions AS a"
	default:
		return nil, nil
	}
	if err := r.exprs(s, call.Args...); err != nil {
		return nil, err
	}
	tree, err := pg.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("parsing rows of the virtual catalogue: %w", err)
	}
	query := tree.Stmts[0].Stmt
	if columns == nil {
		if columns, err = r.query(query, nil); err != nil {
			return nil, err
		}
	}
	putArguments(query.ProtoReflect(), call.Args)
	if alias == "" {
		alias = name
	}
	n.Node = &pg.Node_RangeSubselect{RangeSubselect: &pg.RangeSubselect{
		Lateral: true, Subquery: query, Alias: &pg.Alias{Aliasname: alias, Colnames: f.Alias.GetColnames()},
	}}
	return (&item{columns: computed(columns)}).withAlias(alias, names), nil
}
