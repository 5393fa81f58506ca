package rewrite

import (
	"errors"
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"

	"github.com/posternsql/postern/pgerror"
)

// explainExecute judges EXPLAIN EXECUTE. What is planned is what the warehouse keeps under the name; what may be told of it goes by the client's
// own text of it, judged as it is now.
func (r *resolver) explainExecute(run *pg.ExecuteStmt, x *Explain, st *Statement) error {
	var in Statement
	if err := r.execute(run, &in); err != nil {
		return err
	}
	var names Names
	if r.req.Names != nil {
		names = r.req.Names()
	}
	r.fleeting = true
	text, ok := names.Prepared[run.Name]
	if !ok {
		return &pgerror.Error{Code: pgerror.CodeInvalidStatementName, Message: fmt.Sprintf("prepared statement %q does not exist", run.Name)}
	}
	query, err := preparedQuery(text, &r.rw.config)
	if err == nil {
		x.known = readKnown(query)
		err = r.inner(proto.Clone(query).(*pg.Node), st, "EXPLAIN")
	}
	var told *pgerror.Error
	if errors.As(err, &told) {
		err = told.At(0) // its place is in another text
	}
	st.Name, st.Inner, st.Runs = run.Name, KindExecute, text
	return err
}

// preparedQuery is the query of a prepared statement, of SQL or of the protocol.
func preparedQuery(text string, config *Config) (*pg.Node, error) {
	stmts, err := parse(text, config)
	if err != nil {
		return nil, err
	}
	if len(stmts) != 1 {
		return nil, pgerror.NotSupported("EXPLAIN of this statement is not supported through Postern")
	}
	if p := stmts[0].Stmt.GetPrepareStmt(); p != nil {
		return p.Query, nil
	}
	return stmts[0].Stmt, nil
}
