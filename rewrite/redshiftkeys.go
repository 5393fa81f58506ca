package rewrite

import (
	"errors"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/sqlgen"
)

// redshiftShape is viewShape for a View of Redshift's: where masks are built in, the keys that they read are joined to the one relation, each as a row of the
// table of keys.
func redshiftShape(s *pg.SelectStmt, columns []string, builtin bool) (*pg.SelectStmt, error) {
	from := s.FromClause
	if builtin && len(from) > 1 {
		for _, keys := range from[1:] {
			if !isKeys(keys) {
				return nil, errors.New("it joins what is not the keys of masks")
			}
		}
		s.FromClause = from[:1]
	}
	out, err := viewShape(s, columns)
	s.FromClause = from
	return out, err
}

// isKeys reports a sub-select from the table of keys alone.
func isKeys(n *pg.Node) bool {
	query := n.GetRangeSubselect().GetSubquery().GetSelectStmt()
	if len(query.GetFromClause()) != 1 {
		return false
	}
	rv := query.FromClause[0].GetRangeVar()
	return rv.GetSchemaname() == sqlgen.RedshiftKeysSchema && rv.GetRelname() == sqlgen.RedshiftKeysTable
}

// strayKeys reports a mask or filter that reads keys where they are not joined: one that was taken out of its View into a statement that writes. m is a
// statement as it is printed.
func strayKeys(m protoreflect.Message) bool {
	switch v := m.Interface().(type) {
	case *pg.ColumnRef:
		return len(v.Fields) == 2 && sqlgen.IsRedshiftKeys(v.Fields[0].GetString_().GetSval())
	case *pg.SelectStmt:
		for _, from := range v.FromClause {
			if isKeys(from) {
				return false // the View itself
			}
		}
	}
	return anyMessage(m, strayKeys)
}

// keysJoined refuses a statement with stray keys: the warehouse would refuse it in words about what the client did not write.
func (rw *Rewriter) keysJoined(stmt *pg.Node) error {
	if rw.config.Dialect == sqlgen.RedshiftBuiltin() && strayKeys(stmt.ProtoReflect()) {
		return pgerror.NotSupported("a statement that writes is not supported through Postern on Redshift where masks or rules of what is written read keys that are kept in the warehouse; names such as postern_k1 are Postern's own")
	}
	return nil
}
