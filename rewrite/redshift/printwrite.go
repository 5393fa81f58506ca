package redshift

import pg "github.com/pganalyze/pg_query_go/v6"

// write prints a statement that writes, in the forms that Redshift has (Database Developer Guide, "INSERT", "UPDATE", "DELETE", "TRUNCATE").
func (p *printer) write(n *pg.Node) {
	switch v := n.GetNode().(type) {
	case *pg.Node_InsertStmt:
		p.insert(v.InsertStmt)
	case *pg.Node_UpdateStmt:
		p.update(v.UpdateStmt)
	case *pg.Node_DeleteStmt:
		d := v.DeleteStmt
		p.bare(d.ReturningList, d.WithClause)
		p.put("DELETE FROM ")
		p.relation(d.Relation)
		p.fromAndWhere(" USING ", d.UsingClause, d.WhereClause)
	case *pg.Node_TruncateStmt:
		p.must(len(v.TruncateStmt.Relations) == 1 && !v.TruncateStmt.RestartSeqs && v.TruncateStmt.Behavior != pg.DropBehavior_DROP_CASCADE, "this form of TRUNCATE")
		p.put("TRUNCATE ")
		for _, rv := range v.TruncateStmt.Relations {
			p.from(rv)
		}
	default:
		p.unknown(n)
	}
}

// bare refuses what these statements do not have there.
func (p *printer) bare(returning []*pg.Node, with *pg.WithClause) {
	p.must(len(returning) == 0, "RETURNING")
	p.must(with == nil, "WITH before a statement that writes")
}

func (p *printer) insert(s *pg.InsertStmt) {
	p.bare(s.ReturningList, s.WithClause)
	p.must(s.OnConflictClause == nil, "ON CONFLICT")
	p.must(s.Override == pg.OverridingKind_OVERRIDING_NOT_SET, "OVERRIDING")
	p.put("INSERT INTO ")
	p.relation(s.Relation)
	if len(s.Cols) > 0 {
		p.put(" (")
		p.list(s.Cols, func(n *pg.Node) {
			p.must(len(n.GetResTarget().GetIndirection()) == 0, "a part of a column")
			p.ident(n.GetResTarget().GetName())
		})
		p.put(")")
	}
	source := s.SelectStmt.GetSelectStmt()
	switch {
	case source == nil:
		p.put(" DEFAULT VALUES")
	case len(source.ValuesLists) > 0:
		p.must(source.WithClause == nil && len(source.SortClause) == 0 && source.LimitCount == nil && source.LimitOffset == nil, "VALUES as a query")
		p.put(" VALUES ")
		p.list(source.ValuesLists, func(n *pg.Node) {
			p.put("(")
			p.list(n.GetList().GetItems(), p.assigned)
			p.put(")")
		})
	default:
		p.put(" ")
		p.query(source)
	}
}

func (p *printer) update(s *pg.UpdateStmt) {
	p.bare(s.ReturningList, s.WithClause)
	p.put("UPDATE ")
	p.relation(s.Relation)
	p.put(" SET ")
	p.list(s.TargetList, func(n *pg.Node) {
		set := n.GetResTarget()
		p.must(set != nil && len(set.Indirection) == 0 && set.Val.GetMultiAssignRef() == nil, "SET of several columns at once, or of a part of one,")
		p.ident(set.GetName())
		p.put(" = ")
		p.assigned(set.GetVal())
	})
	p.fromAndWhere(" FROM ", s.FromClause, s.WhereClause)
}

func (p *printer) assigned(n *pg.Node) {
	if n.GetSetToDefault() != nil {
		p.put("DEFAULT")
		return
	}
	p.expr(n)
}

func (p *printer) fromAndWhere(word string, from []*pg.Node, where *pg.Node) {
	if len(from) > 0 {
		p.put(word)
		p.list(from, p.from)
	}
	if where != nil {
		p.put(" WHERE ")
		p.expr(where)
	}
}
