package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/rewrite/redshift"
)

// judgeRedshiftBody is judgeBody for a Redshift. Its own conditions are guarded like a person's: the rows of its tables that a filter hides
// have no fence before them. What stands around it is told by body.hides and body.fails.
func (r *resolver) judgeRedshiftBody(t *catalog.Table) (*body, error) {
	stored, err := redshift.TranslateView(t.Definition)
	if err != nil {
		return nil, err
	}
	r.req.SQL = stored.Query.SQL
	stmts, err := parse(stored.Query.SQL, &r.rw.config)
	if err != nil {
		return nil, err
	}
	if len(stmts) != 1 || stmts[0].Stmt.GetSelectStmt() == nil {
		return nil, pgerror.NotSupported("the definition is not one query")
	}
	root := stmts[0].Stmt
	if err := redshift.DesugarView(root); err != nil {
		return nil, err
	}
	r.root = root
	if stored.Named && hasStar(root.ProtoReflect()) {
		return nil, pgerror.NotSupported("the definition has a list of names and a star, so that a name can come to stand for another column")
	}
	names, err := r.query(root, nil)
	if err != nil {
		return nil, err
	}
	if err := sameColumns(t, names, stored); err != nil {
		return nil, err
	}
	query := root.GetSelectStmt()
	out := r.bodyOfNames(query, names)
	if r.leader != "" {
		return nil, pgerror.NotSupported("it calls %s, which runs on the leader node alone", r.leader)
	}
	if err := r.finishRedshift(); err != nil {
		return nil, err
	}
	unplace(root)
	return out, nil
}

// sameColumns holds the columns of a query against those that the view has. A late-binding view is read anew each time: where its author left the
// list of columns to a star, what a policy says of a column must be about the one of that name.
func sameColumns(t *catalog.Table, names []string, stored redshift.View) error {
	if len(names) != len(t.Columns) {
		return pgerror.NotSupported("the definition has %d columns instead of %d", len(names), len(t.Columns))
	}
	for i, name := range names {
		if name != t.Columns[i].Name && !stored.Named {
			return pgerror.NotSupported("column %d of the definition is %s instead of %s", i+1, name, t.Columns[i].Name)
		}
	}
	return nil
}

func hasStar(m protoreflect.Message) bool {
	if ref, ok := m.Interface().(*pg.ColumnRef); ok && len(ref.Fields) > 0 {
		return ref.Fields[len(ref.Fields)-1].GetAStar() != nil
	}
	return anyMessage(m, hasStar)
}
