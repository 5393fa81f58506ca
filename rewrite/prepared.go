package rewrite

import (
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/pgerror"
)

// Statements and cursors that the client names in SQL. The warehouse keeps them under the client's names, with guarded text; the
// proxy keeps the client's text, and judges it again at each EXECUTE and FETCH.

// reservedName begins the names of prepared statements and portals that are Postern's own.
const reservedName = "\x01"

// allowName refuses names that are Postern's own.
func allowName(name string) error {
	if strings.HasPrefix(name, reservedName) {
		return pgerror.NotSupported("this name of a prepared statement or cursor is reserved")
	}
	return nil
}

// prepare judges PREPARE name (types) AS query. The types are the parameters' own; the query is judged like any other.
func (r *resolver) prepare(p *pg.PrepareStmt, st *Statement) error {
	st.Kind, st.Name = KindPrepare, p.Name
	if err := allowName(p.Name); err != nil {
		return err
	}
	for _, n := range p.Argtypes {
		if err := r.allowType(n.GetTypeName()); err != nil {
			return err
		}
	}
	return r.inner(p.Query, st, "PREPARE")
}

// inner judges the query inside PREPARE, DECLARE or EXPLAIN as it would be judged alone.
func (r *resolver) inner(query *pg.Node, st *Statement, of string) error {
	var in Statement
	raw := &pg.RawStmt{Stmt: query}
	if query.GetSelectStmt() == nil && (of != "PREPARE" || !writesRows(query)) {
		return pgerror.NotSupported("%s of statement %s is not supported through Postern", of, statementName(query))
	}
	if err := r.judge(raw, &in); err != nil {
		return err
	}
	if in.Kind == KindCreateTable {
		return pgerror.NotSupported("%s of SELECT INTO is not supported through Postern", of)
	}
	query.Node = raw.Stmt.Node
	st.Inner, st.Quiet, st.Written = in.Kind, in.Quiet, in.Written
	return nil
}

// writesRows recognises the statements that write and can be prepared.
func writesRows(n *pg.Node) bool {
	return n.GetInsertStmt() != nil || n.GetUpdateStmt() != nil || n.GetDeleteStmt() != nil || n.GetMergeStmt() != nil
}

// execute judges EXECUTE name (arguments). What the name stands for is judged by whoever keeps it: under the path of the session,
// so nothing before it in one string may have changed that.
func (r *resolver) execute(e *pg.ExecuteStmt, st *Statement) error {
	st.Kind, st.Name = KindExecute, e.Name
	if !r.path.known || !slices.Equal(r.path.schemas, r.req.SearchPath) {
		return pgerror.NotSupported("EXECUTE behind a change of search_path in one string is not supported through Postern: " +
			"send the statements one by one")
	}
	return r.exprs(nil, e.Params...)
}

// Options of DECLARE (parsenodes.h).
const (
	cursorAsensitive = 0x10
	cursorHold       = 0x20
)

// declare judges DECLARE name … CURSOR … FOR query.
func (r *resolver) declare(d *pg.DeclareCursorStmt, st *Statement) error {
	st.Kind, st.Name, st.Hold = KindDeclare, d.Portalname, d.Options&cursorHold != 0
	if err := allowName(d.Portalname); err != nil {
		return err
	}
	if d.Options&cursorAsensitive != 0 {
		d.Options &^= cursorAsensitive // the default, for which the printer has no word
	}
	return r.inner(d.Query, st, "DECLARE")
}
