package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/pgerror"
)

// builtinTable answers for relations of pg_catalog and information_schema. Their names are public, so the refusal may say so.
func (r *resolver) builtinTable(rv *pg.RangeVar) (*view, error) {
	return nil, r.at(pgerror.NotSupported("catalog relation %q is not supported through Postern", rv.Relname), rv.Location)
}
