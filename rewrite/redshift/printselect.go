package redshift

import pg "github.com/pganalyze/pg_query_go/v6"

// query prints a SELECT or a set operation, without brackets.
func (p *printer) query(s *pg.SelectStmt) {
	if !p.enter() {
		return
	}
	defer p.leave()
	if s == nil {
		p.refuse("a query of this kind")
		return
	}
	p.must(s.IntoClause == nil, "SELECT INTO")
	p.must(len(s.LockingClause) == 0, "a row lock")
	p.must(len(s.ValuesLists) == 0, "VALUES as a query")
	p.must(len(s.WindowClause) == 0, "the WINDOW clause")
	p.with(s.WithClause)
	if s.Op == pg.SetOperation_SETOP_NONE {
		p.plain(s)
	} else {
		p.setOperation(s)
	}
	p.tail(s)
}

func (p *printer) plain(s *pg.SelectStmt) {
	p.put("SELECT ")
	switch {
	case len(s.DistinctClause) == 1 && s.DistinctClause[0].GetNode() == nil:
		p.put("DISTINCT ")
	case len(s.DistinctClause) > 0:
		p.refuse("DISTINCT ON")
	}
	p.must(len(s.TargetList) > 0, "a SELECT of no columns")
	p.list(s.TargetList, p.target)
	if len(s.FromClause) > 0 {
		p.put(" FROM ")
		p.list(s.FromClause, p.from)
	}
	if s.WhereClause != nil {
		p.put(" WHERE ")
		p.expr(s.WhereClause)
	}
	p.must(!s.GroupDistinct, "GROUP BY DISTINCT")
	if len(s.GroupClause) > 0 {
		p.put(" GROUP BY ")
		p.list(s.GroupClause, p.groupItem)
	}
	p.having(s.HavingClause)
}

// having prints HAVING and QUALIFY, which stands there as a call.
func (p *printer) having(n *pg.Node) {
	f := n.GetFuncCall()
	switch name := FunctionName(f); {
	case n == nil:
	case name == Own+"qualify" && len(f.Args) == 1:
		p.put(" QUALIFY ")
		p.expr(f.Args[0])
	case name == Own+"having" && len(f.Args) == 2:
		p.put(" HAVING ")
		p.expr(f.Args[0])
		p.put(" QUALIFY ")
		p.expr(f.Args[1])
	default:
		p.put(" HAVING ")
		p.expr(n)
	}
}

func (p *printer) groupItem(n *pg.Node) {
	set := n.GetGroupingSet()
	if set == nil {
		p.expr(n)
		return
	}
	switch set.Kind {
	case pg.GroupingSetKind_GROUPING_SET_EMPTY:
		p.put("()")
		return
	case pg.GroupingSetKind_GROUPING_SET_ROLLUP:
		p.put("ROLLUP ")
	case pg.GroupingSetKind_GROUPING_SET_CUBE:
		p.put("CUBE ")
	case pg.GroupingSetKind_GROUPING_SET_SETS:
		p.put("GROUPING SETS ")
	case pg.GroupingSetKind_GROUPING_SET_SIMPLE, pg.GroupingSetKind_GROUPING_SET_KIND_UNDEFINED:
		p.refuse("this GROUP BY")
	}
	p.put("(")
	p.list(set.Content, p.groupContent)
	p.put(")")
}

// groupContent prints what stands in brackets of GROUP BY: an expression, or several in brackets of their own.
func (p *printer) groupContent(n *pg.Node) {
	if row := n.GetRowExpr(); row != nil {
		p.put("(")
		p.list(row.Args, p.expr)
		p.put(")")
		return
	}
	p.groupItem(n)
}

func (p *printer) setOperation(s *pg.SelectStmt) {
	p.operand(s.Larg)
	switch s.Op {
	case pg.SetOperation_SETOP_UNION:
		p.put(" UNION ")
		if s.All {
			p.put("ALL ")
		}
	case pg.SetOperation_SETOP_INTERSECT:
		p.must(!s.All, "INTERSECT ALL")
		p.put(" INTERSECT ")
	case pg.SetOperation_SETOP_EXCEPT:
		p.must(!s.All, "EXCEPT ALL")
		p.put(" EXCEPT ")
	case pg.SetOperation_SETOP_NONE, pg.SetOperation_SET_OPERATION_UNDEFINED:
		p.refuse("this set operation")
	}
	p.operand(s.Rarg)
}

// operand prints one side of a set operation. Redshift takes no LIMIT there, and an ORDER BY would mean nothing.
func (p *printer) operand(s *pg.SelectStmt) {
	p.must(s.GetLimitCount() == nil && s.GetLimitOffset() == nil, "LIMIT in an operand of a set operation")
	p.must(len(s.GetSortClause()) == 0, "ORDER BY in an operand of a set operation")
	p.must(s.GetWithClause() == nil, "WITH in an operand of a set operation")
	if s.GetOp() == pg.SetOperation_SETOP_NONE {
		p.query(s)
		return
	}
	p.put("(")
	p.query(s)
	p.put(")")
}

func (p *printer) tail(s *pg.SelectStmt) {
	if len(s.SortClause) > 0 {
		p.put(" ORDER BY ")
		p.list(s.SortClause, p.sort)
	}
	p.must(s.LimitOption != pg.LimitOption_LIMIT_OPTION_WITH_TIES, "FETCH FIRST … WITH TIES")
	if s.LimitCount != nil {
		p.put(" LIMIT ")
		if s.LimitCount.GetAConst().GetIsnull() {
			p.put("ALL")
		} else {
			p.number(s.LimitCount, "LIMIT")
		}
	}
	if s.LimitOffset != nil {
		p.put(" OFFSET ")
		p.number(s.LimitOffset, "OFFSET")
	}
}

// number prints a count of rows: Redshift documents a number there, and takes parameters.
func (p *printer) number(n *pg.Node, what string) {
	c := n.GetAConst()
	whole := c.GetIval() != nil && c.GetIval().Ival >= 0 || c.GetFval() != nil && isDigits(c.GetFval().Fval) || n.GetParamRef() != nil
	p.must(whole, what+" of anything but a number")
	p.expr(n)
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

func (p *printer) sort(n *pg.Node) {
	by := n.GetSortBy()
	if by == nil {
		p.unknown(n)
		return
	}
	p.must(len(by.UseOp) == 0, "ORDER BY … USING")
	p.expr(by.Node)
	switch by.SortbyDir {
	case pg.SortByDir_SORTBY_ASC:
		p.put(" ASC")
	case pg.SortByDir_SORTBY_DESC:
		p.put(" DESC")
	case pg.SortByDir_SORTBY_DEFAULT:
	case pg.SortByDir_SORTBY_USING, pg.SortByDir_SORT_BY_DIR_UNDEFINED:
		p.refuse("this ORDER BY")
	}
	switch by.SortbyNulls {
	case pg.SortByNulls_SORTBY_NULLS_FIRST:
		p.put(" NULLS FIRST")
	case pg.SortByNulls_SORTBY_NULLS_LAST:
		p.put(" NULLS LAST")
	case pg.SortByNulls_SORTBY_NULLS_DEFAULT:
	case pg.SortByNulls_SORT_BY_NULLS_UNDEFINED:
		p.refuse("this ORDER BY")
	}
}

func (p *printer) target(n *pg.Node) {
	t := n.GetResTarget()
	if t == nil || len(t.Indirection) > 0 {
		p.unknown(n)
		return
	}
	p.expr(t.Val)
	if t.Name != "" {
		p.put(" AS ")
		p.ident(t.Name)
	}
}
