package redshift

import (
	"strconv"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/lex"
)

// statement prints the statements that are let through. Names of cursors and prepared statements are in quotes like all others.
func (p *printer) statement(n *pg.Node) {
	switch v := n.GetNode().(type) {
	case *pg.Node_SelectStmt:
		p.query(v.SelectStmt)
	case *pg.Node_InsertStmt, *pg.Node_UpdateStmt, *pg.Node_DeleteStmt, *pg.Node_TruncateStmt:
		p.write(n)
	case *pg.Node_TransactionStmt:
		p.transaction(v.TransactionStmt)
	case *pg.Node_VariableSetStmt:
		p.set(v.VariableSetStmt)
	case *pg.Node_VariableShowStmt:
		p.put("SHOW ")
		p.setting(v.VariableShowStmt.Name)
	case *pg.Node_PrepareStmt:
		p.prepareStatement(v.PrepareStmt)
	case *pg.Node_ExecuteStmt:
		p.put("EXECUTE ")
		p.ident(v.ExecuteStmt.Name)
		if len(v.ExecuteStmt.Params) > 0 {
			p.put(" (")
			p.list(v.ExecuteStmt.Params, p.expr)
			p.put(")")
		}
	case *pg.Node_ExplainStmt:
		p.must(len(v.ExplainStmt.Options) == 0, "an option of EXPLAIN")
		p.put("EXPLAIN ")
		p.query(v.ExplainStmt.Query.GetSelectStmt())
	case *pg.Node_DeallocateStmt:
		p.put("DEALLOCATE ")
		p.nameOrAll(v.DeallocateStmt.Name)
	case *pg.Node_DeclareCursorStmt:
		p.declare(v.DeclareCursorStmt)
	case *pg.Node_FetchStmt:
		p.fetch(v.FetchStmt)
	case *pg.Node_ClosePortalStmt:
		p.must(v.ClosePortalStmt.Portalname != "", "CLOSE ALL")
		p.put("CLOSE ")
		p.nameOrAll(v.ClosePortalStmt.Portalname)
	default:
		p.unknown(n)
	}
}

func (p *printer) nameOrAll(name string) {
	if name == "" {
		p.put("ALL")
		return
	}
	p.ident(name)
}

func (p *printer) transaction(t *pg.TransactionStmt) {
	p.must(!t.Chain, "AND CHAIN")
	switch t.Kind {
	case pg.TransactionStmtKind_TRANS_STMT_BEGIN, pg.TransactionStmtKind_TRANS_STMT_START:
		t.Kind = pg.TransactionStmtKind_TRANS_STMT_BEGIN
		p.put("BEGIN")
		p.modes(t.Options)
	case pg.TransactionStmtKind_TRANS_STMT_COMMIT:
		p.put("COMMIT")
	case pg.TransactionStmtKind_TRANS_STMT_ROLLBACK:
		p.put("ROLLBACK")
	case pg.TransactionStmtKind_TRANS_STMT_SAVEPOINT, pg.TransactionStmtKind_TRANS_STMT_RELEASE, pg.TransactionStmtKind_TRANS_STMT_ROLLBACK_TO:
		p.refuse("a savepoint")
	default:
		p.refuse("this transaction statement")
	}
}

// modes prints the transaction modes that Redshift's BEGIN takes.
func (p *printer) modes(options []*pg.Node) {
	for _, n := range options {
		o := n.GetDefElem()
		c := o.GetArg().GetAConst()
		switch o.GetDefname() {
		case "transaction_isolation":
			switch level := c.GetSval().GetSval(); level {
			case "serializable":
				p.put(" ISOLATION LEVEL SERIALIZABLE")
			default:
				// Redshift takes the words of the other levels and does not act on them.
				p.refuse("isolation level %s", level)
			}
		case "transaction_read_only":
			if c.GetIval().GetIval() != 0 {
				p.put(" READ ONLY")
			} else {
				p.put(" READ WRITE")
			}
		default:
			p.refuse("this transaction mode")
		}
	}
}

// setting prints the name of a setting, which the grammar wants without quotes.
func (p *printer) setting(name string) {
	for i := range len(name) {
		if c := name[i]; c != '_' && c != '.' && (c < 'a' || c > 'z') {
			p.refuse("this setting")
		}
	}
	p.must(name != "" && !lex.Reserved(name), "this setting")
	p.put(name)
}

// set prints SET and RESET. The names are of the rewriter's list.
func (p *printer) set(s *pg.VariableSetStmt) {
	p.must(!s.IsLocal, "SET LOCAL")
	name := func() { p.setting(s.Name) }
	switch s.Kind {
	case pg.VariableSetKind_VAR_SET_VALUE:
		p.put("SET ")
		name()
		p.put(" TO ")
		p.list(s.Args, p.expr)
	case pg.VariableSetKind_VAR_SET_DEFAULT:
		p.put("SET ")
		name()
		p.put(" TO DEFAULT")
	case pg.VariableSetKind_VAR_RESET:
		p.put("RESET ")
		name()
	case pg.VariableSetKind_VAR_RESET_ALL:
		p.put("RESET ALL")
	default:
		p.refuse("this form of SET")
	}
}

func (p *printer) prepareStatement(s *pg.PrepareStmt) {
	p.put("PREPARE ")
	p.ident(s.Name)
	if len(s.Argtypes) > 0 {
		p.put(" (")
		p.list(s.Argtypes, func(n *pg.Node) {
			printed, err := TypeText(n.GetTypeName())
			p.must(err == nil, "the type of a parameter")
			p.put(printed)
		})
		p.put(")")
	}
	p.put(" AS ")
	if s.Query.GetInsertStmt() != nil || s.Query.GetUpdateStmt() != nil || s.Query.GetDeleteStmt() != nil {
		p.write(s.Query)
		return
	}
	p.query(s.Query.GetSelectStmt())
}

func (p *printer) declare(d *pg.DeclareCursorStmt) {
	const fastPlan = 0x100 // set by the grammar
	p.must(d.Options&^fastPlan == 0, "an option of DECLARE")
	p.put("DECLARE ")
	p.ident(d.Portalname)
	p.put(" CURSOR FOR ")
	p.query(d.Query.GetSelectStmt())
}

// fetch prints the forms of FETCH that Redshift has (Database Developer Guide, "FETCH").
func (p *printer) fetch(f *pg.FetchStmt) {
	p.must(!f.Ismove, "MOVE")
	p.must(f.Direction == pg.FetchDirection_FETCH_FORWARD, "FETCH other than forward")
	p.put("FETCH ")
	switch {
	case f.HowMany == 1<<63-1:
		p.put("ALL")
	case f.HowMany < 1:
		p.refuse("FETCH of this many rows")
	default:
		p.put("FORWARD ", strconv.FormatInt(f.HowMany, 10))
	}
	p.put(" FROM ")
	p.ident(f.Portalname)
}
