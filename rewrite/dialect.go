package rewrite

import (
	"errors"
	"slices"
	"time"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/rewrite/redshift"
)

// redshift reports a Rewriter whose client's SQL and warehouse are Amazon Redshift's.
func (rw *Rewriter) redshift() bool { return rw.config.Dialect.IsRedshift() }

// rewriteRedshift does the work of rewrite for a Redshift: each statement is read by Redshift's rules, judged as a tree, and printed in
// Redshift's words. Positions are those of the client's text.
func (rw *Rewriter) rewriteRedshift(req *Request) (*Result, error) {
	statements, err := rw.translated(req)
	if err != nil {
		return nil, err
	}
	if len(statements) == 0 {
		return &Result{Statements: []Statement{{Kind: KindEmpty, Text: req.SQL}}}, nil
	}
	result := &Result{}
	path := pathState{schemas: req.SearchPath, known: true, settled: req.PathSettled}
	for i := range statements {
		st, holds, err := rw.redshiftStatement(req, &statements[i], path)
		if err == nil {
			err = alone(&st, len(statements))
		}
		if err != nil {
			return nil, err
		}
		result.ValidUntil = earlier(result.ValidUntil, holds)
		path = path.after(&st, req.Principal.User())
		result.Statements = append(result.Statements, st)
	}
	return result, nil
}

// translated bounds the client's text and splits it.
func (rw *Rewriter) translated(req *Request) ([]redshift.Statement, error) {
	c := &rw.config
	if len(req.SQL) > c.MaxSQLBytes {
		return nil, pgerror.LimitExceeded("statement is too long: %d bytes, at most %d", len(req.SQL), c.MaxSQLBytes)
	}
	if tokens, _ := estimate(req.SQL); tokens > c.MaxTokens {
		return nil, pgerror.LimitExceeded("statement has too many parts: more than %d", c.MaxTokens)
	}
	statements, err := redshift.Translate(req.SQL)
	if err != nil {
		return nil, err
	}
	if len(statements) > c.MaxStatements {
		return nil, pgerror.LimitExceeded("too many statements in one string: %d, at most %d", len(statements), c.MaxStatements)
	}
	if req.Single && len(statements) > 1 {
		return nil, pgerror.Syntax("cannot insert multiple commands into a prepared statement", 0)
	}
	return statements, nil
}

// redshiftStatement judges and prints one statement.
func (rw *Rewriter) redshiftStatement(req *Request, translated *redshift.Statement, path pathState) (Statement, time.Time, error) {
	if translated.Unload != nil {
		return rw.unload(req, translated, path)
	}
	if translated.Show != nil {
		return rw.show(req, translated, path)
	}
	inner := *req
	inner.SQL = translated.SQL
	st, holds, err := rw.judgeRedshift(&inner, path)
	if err != nil {
		return Statement{}, time.Time{}, inClientText(err, translated)
	}
	st.Text, st.Places = translated.Text, inClientPlaces(st.Places, translated)
	return st, holds, nil
}

func (rw *Rewriter) judgeRedshift(req *Request, path pathState) (Statement, time.Time, error) {
	stmts, err := parse(req.SQL, &rw.config)
	if err != nil {
		return Statement{}, time.Time{}, hintedForRedshift(err)
	}
	if len(stmts) != 1 {
		return Statement{}, time.Time{}, pgerror.Syntax("this is not one statement", 0)
	}
	if err := redshift.Desugar(stmts[0].Stmt); err != nil {
		return Statement{}, time.Time{}, err
	}
	if req.unload != nil {
		if err := unloadable(stmts[0].Stmt); err != nil {
			return Statement{}, time.Time{}, err
		}
	}
	return rw.statement(req, stmts[0], path)
}

// inClientText moves the position of an error from the translated text to the client's.
func inClientText(err error, translated *redshift.Statement) error {
	var e *pgerror.Error
	if !errors.As(err, &e) || e.Position == 0 {
		return err
	}
	moved := *e
	moved.Position = translated.Position(e.Position)
	return &moved
}

// unplaced takes the position from an error about a text within the client's.
func unplaced(err error) error {
	var e *pgerror.Error
	if !errors.As(err, &e) || e.Position == 0 {
		return err
	}
	moved := *e
	moved.Position = 0
	return &moved
}

// judgeForRedshift is the table of statements for a Redshift: what it lets through goes on to judge.
func (r *resolver) judgeForRedshift(raw *pg.RawStmt) error {
	switch v := raw.Stmt.GetNode().(type) {
	case *pg.Node_SelectStmt:
		if v.SelectStmt.IntoClause != nil {
			return pgerror.NotSupported("SELECT INTO is not supported through Postern on Redshift")
		}
		return nil
	case nil, *pg.Node_InsertStmt, *pg.Node_UpdateStmt, *pg.Node_DeleteStmt, *pg.Node_TruncateStmt, *pg.Node_ExplainStmt, *pg.Node_TransactionStmt, *pg.Node_VariableShowStmt, *pg.Node_PrepareStmt, *pg.Node_ExecuteStmt,
		*pg.Node_DeclareCursorStmt, *pg.Node_FetchStmt, *pg.Node_ClosePortalStmt, *pg.Node_DeallocateStmt:
		return nil
	case *pg.Node_VariableSetStmt:
		if v.VariableSetStmt.Kind != pg.VariableSetKind_VAR_SET_MULTI {
			return nil
		}
	}
	return pgerror.NotSupported("statement %s is not supported through Postern on Redshift", statementName(raw.Stmt))
}

// finishRedshift puts up the guards that a statement needs, or refuses it; see docs/adr.
func (r *resolver) finishRedshift() error {
	if err := r.leaderAlone(); err != nil {
		return err
	}
	if r.fenceAll {
		fence(r.guards)
	}
	for _, g := range r.guards {
		g.fenced = g.fenced || !g.weighed
	}
	r.chooseVisible()
	if !r.rw.config.Unfenced && (r.sealed || slices.ContainsFunc(r.guards, func(g *guard) bool { return g.fenced })) {
		return pgerror.NotSupported("a condition that can fail over a table with a row filter is not supported through Postern on Redshift in this place").
			WithHint("Nothing that Redshift documents would keep it from rows that the filter hides. Compare columns with values of their own type, or compute in the select list.")
	}
	for _, p := range r.pendings {
		wrapForRedshift(p)
	}
	for i := len(r.stars) - 1; i >= 0; i-- {
		r.stars[i].writeOut(r.guards)
	}
	for _, g := range r.guards {
		g.closeForRedshift()
	}
	for _, p := range r.spliced {
		if p.view.catalog {
			p.pruneCatalog()
		} else {
			p.prune()
		}
	}
	return nil
}

// leaderAlone refuses what the leader node alone can run beside a table.
func (r *resolver) leaderAlone() error {
	if r.leader == "" || len(r.uses) == 0 {
		return nil
	}
	return pgerror.NotSupported("%s beside a table is not supported through Postern on Redshift: it runs on the leader node alone", r.leader)
}
