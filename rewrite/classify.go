package rewrite

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/pgerror"
)

// judge is THE table of statements: what is let through, as what, and who looks at it closer. Everything that is not named
// here is refused with 0A000 and its name. A handler fills st and rewrites the tree of raw in place.
func (r *resolver) judge(raw *pg.RawStmt, st *Statement) error {
	if r.rw.redshift() {
		if err := r.judgeForRedshift(raw); err != nil {
			return err
		}
	}
	switch v := raw.Stmt.GetNode().(type) {
	case nil:
		st.Kind = KindEmpty
		return nil

	// Queries: SELECT, VALUES, TABLE, WITH … SELECT, UNION and the like. No row locks; INTO makes a table, see sandboxwrite.go.
	case *pg.Node_SelectStmt:
		if into, err := r.selectInto(raw, st); into || err != nil {
			return err
		}
		st.Kind = KindSelect
		if !r.rw.redshift() {
			regOutputs(v.SelectStmt)
		}
		var err error
		r.given, err = r.query(raw.Stmt, nil)
		return err
	// COPY (query) TO STDOUT, and COPY table TO STDOUT as that.
	case *pg.Node_CopyStmt:
		if v.CopyStmt.IsFrom {
			return r.copyIn(v.CopyStmt, st)
		}
		st.Kind = KindCopyOut
		return r.copyOut(v.CopyStmt)

	// Transactions, but for the two-phase kind.
	case *pg.Node_TransactionStmt:
		return r.transaction(v.TransactionStmt, st)

	// Settings of the allow-list in settings.go.
	case *pg.Node_VariableSetStmt:
		st.Kind = KindSet
		return r.set(raw, st)
	case *pg.Node_VariableShowStmt:
		st.Kind = KindShow
		return r.show(raw, st)

	// EXPLAIN of a query: a redacted plan.
	case *pg.Node_ExplainStmt:
		return r.explainStatement(raw, v.ExplainStmt, st)
	}
	return r.judgeWrite(raw, st)
}

// judgeWrite goes on with the table: the statements that write, for those whom a policy gives the privilege; see write.go.
func (r *resolver) judgeWrite(raw *pg.RawStmt, st *Statement) error {
	if r.rw.redshift() {
		switch raw.Stmt.GetNode().(type) {
		case *pg.Node_InsertStmt, *pg.Node_UpdateStmt, *pg.Node_DeleteStmt, *pg.Node_TruncateStmt:
			return r.judgeRedshiftWrite(raw, st)
		}
	}
	switch v := raw.Stmt.GetNode().(type) {
	case *pg.Node_InsertStmt:
		st.Kind = KindInsert
		return r.insert(v.InsertStmt, nil, st)
	case *pg.Node_UpdateStmt:
		st.Kind = KindUpdate
		return r.update(v.UpdateStmt, nil, st)
	case *pg.Node_DeleteStmt:
		st.Kind = KindDelete
		return r.delete(v.DeleteStmt, nil, st)
	case *pg.Node_MergeStmt:
		st.Kind = KindMerge
		return r.mergeInto(v.MergeStmt, st)
	case *pg.Node_TruncateStmt:
		st.Kind = KindTruncate
		return r.truncate(v.TruncateStmt, st)
	}
	return r.judgeSandbox(raw, st)
}

// judgeNamed ends the table: the statements about what the client itself has named in the session.
func (r *resolver) judgeNamed(raw *pg.RawStmt, st *Statement) error {
	switch v := raw.Stmt.GetNode().(type) {
	// Statements and cursors that the client names; see prepared.go.
	case *pg.Node_PrepareStmt:
		return r.prepare(v.PrepareStmt, st)
	case *pg.Node_ExecuteStmt:
		return r.execute(v.ExecuteStmt, st)
	case *pg.Node_DeclareCursorStmt:
		return r.declare(v.DeclareCursorStmt, st)
	case *pg.Node_FetchStmt:
		st.Kind, st.Name = KindFetch, v.FetchStmt.Portalname
		if v.FetchStmt.Ismove {
			st.Kind = KindMove
		}
		return nil
	case *pg.Node_ClosePortalStmt:
		st.Kind, st.Name = KindClose, v.ClosePortalStmt.Portalname
		return nil

	case *pg.Node_UnlistenStmt:
		st.Kind = KindUnlisten
		return nil

	// The session's own objects.
	case *pg.Node_DeallocateStmt:
		st.Kind, st.Name = KindDeallocate, v.DeallocateStmt.Name
		return nil
	case *pg.Node_DiscardStmt:
		st.Kind = KindDiscard
		return r.discard(v.DiscardStmt, st)
	}
	return pgerror.NotSupported("statement %s is not supported through Postern", statementName(raw.Stmt))
}

// statementName is the parser's name of a statement without its ending: "Prepare", "CreateTableAs".
func statementName(n *pg.Node) string { return strings.TrimSuffix(nodeName(n), "Stmt") }

// transaction judges the statements that begin and end transactions.
func (r *resolver) transaction(t *pg.TransactionStmt, st *Statement) error {
	st.Name, st.Chain = t.SavepointName, t.Chain
	switch t.Kind {
	case pg.TransactionStmtKind_TRANS_STMT_BEGIN, pg.TransactionStmtKind_TRANS_STMT_START:
		st.Kind = KindBegin
	case pg.TransactionStmtKind_TRANS_STMT_COMMIT:
		st.Kind = KindCommit
	case pg.TransactionStmtKind_TRANS_STMT_ROLLBACK:
		st.Kind = KindRollback
	case pg.TransactionStmtKind_TRANS_STMT_SAVEPOINT:
		st.Kind = KindSavepoint
	case pg.TransactionStmtKind_TRANS_STMT_RELEASE:
		st.Kind = KindRelease
	case pg.TransactionStmtKind_TRANS_STMT_ROLLBACK_TO:
		st.Kind = KindRollbackTo
	case pg.TransactionStmtKind_TRANS_STMT_PREPARE, pg.TransactionStmtKind_TRANS_STMT_COMMIT_PREPARED,
		pg.TransactionStmtKind_TRANS_STMT_ROLLBACK_PREPARED:
		return pgerror.NotSupported("two-phase transactions are not supported through Postern")
	case pg.TransactionStmtKind_TRANSACTION_STMT_KIND_UNDEFINED:
		return pgerror.NotSupported("this transaction statement is not supported through Postern")
	}
	return allowTransactionModes(t.Options)
}

// allowTransactionModes admits isolation, READ ONLY/READ WRITE and DEFERRABLE with constant values.
func allowTransactionModes(options []*pg.Node) error {
	for _, n := range options {
		o := n.GetDefElem()
		switch o.GetDefname() {
		case "transaction_isolation", "transaction_read_only", "transaction_deferrable":
			if o.Arg.GetAConst() != nil {
				continue
			}
		}
		return pgerror.NotSupported("this transaction mode is not supported through Postern")
	}
	return nil
}

func (r *resolver) discard(d *pg.DiscardStmt, st *Statement) error {
	switch d.Target {
	case pg.DiscardMode_DISCARD_ALL:
		st.Name = "ALL"
	case pg.DiscardMode_DISCARD_PLANS:
		st.Name = "PLANS"
	case pg.DiscardMode_DISCARD_SEQUENCES:
		st.Name = "SEQUENCES"
	case pg.DiscardMode_DISCARD_TEMP:
		st.Name = "TEMP"
	case pg.DiscardMode_DISCARD_MODE_UNDEFINED:
		return pgerror.NotSupported("this form of DISCARD is not supported through Postern")
	}
	return nil
}
