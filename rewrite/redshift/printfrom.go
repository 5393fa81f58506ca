package redshift

import pg "github.com/pganalyze/pg_query_go/v6"

func (p *printer) with(w *pg.WithClause) {
	if w == nil {
		return
	}
	p.put("WITH ")
	if w.Recursive {
		p.put("RECURSIVE ")
	}
	p.list(w.Ctes, p.cte)
	p.put(" ")
}

func (p *printer) cte(n *pg.Node) {
	c := n.GetCommonTableExpr()
	if c == nil {
		p.unknown(n)
		return
	}
	p.must(c.Ctematerialized == pg.CTEMaterialize_CTEMaterializeDefault, "WITH … AS [NOT] MATERIALIZED")
	p.must(c.SearchClause == nil && c.CycleClause == nil, "SEARCH and CYCLE of WITH")
	p.ident(c.Ctename)
	p.columns(c.Aliascolnames)
	p.put(" AS (")
	p.query(c.Ctequery.GetSelectStmt())
	p.put(")")
}

// columns prints the names of an alias list in brackets.
func (p *printer) columns(names []*pg.Node) {
	if len(names) == 0 {
		return
	}
	p.put(" (")
	p.list(names, func(n *pg.Node) { p.ident(n.GetString_().GetSval()) })
	p.put(")")
}

func (p *printer) alias(a *pg.Alias) {
	if a == nil {
		return
	}
	p.put(" AS ")
	p.ident(a.Aliasname)
	p.columns(a.Colnames)
}

// from prints one item of FROM.
func (p *printer) from(n *pg.Node) {
	if !p.enter() {
		return
	}
	defer p.leave()
	switch v := n.GetNode().(type) {
	case *pg.Node_RangeVar:
		p.relation(v.RangeVar)
	case *pg.Node_RangeSubselect:
		p.must(!v.RangeSubselect.Lateral, "LATERAL")
		p.put("(")
		p.query(v.RangeSubselect.Subquery.GetSelectStmt())
		p.put(")")
		p.alias(v.RangeSubselect.Alias)
	case *pg.Node_JoinExpr:
		p.join(v.JoinExpr)
	case *pg.Node_RangeFunction:
		p.refuse("a function in FROM")
	case *pg.Node_RangeTableSample:
		p.refuse("TABLESAMPLE")
	default:
		p.unknown(n)
	}
}

func (p *printer) relation(rv *pg.RangeVar) {
	p.must(rv.Inh, "ONLY")
	p.must(rv.Catalogname == "", "a name with a database")
	if rv.Schemaname != "" {
		p.ident(rv.Schemaname)
		p.put(".")
	}
	p.ident(rv.Relname)
	p.alias(rv.Alias)
}

func (p *printer) join(j *pg.JoinExpr) {
	p.must(j.Alias == nil && j.JoinUsingAlias == nil, "an alias of a join")
	p.from(j.Larg)
	if j.IsNatural {
		p.put(" NATURAL")
	}
	switch j.Jointype {
	case pg.JoinType_JOIN_INNER:
		if j.Quals == nil && len(j.UsingClause) == 0 && !j.IsNatural {
			p.put(" CROSS")
		}
	case pg.JoinType_JOIN_LEFT:
		p.put(" LEFT")
	case pg.JoinType_JOIN_RIGHT:
		p.put(" RIGHT")
	case pg.JoinType_JOIN_FULL:
		p.put(" FULL")
	default:
		p.refuse("this join")
	}
	p.put(" JOIN ")
	if j.Rarg.GetJoinExpr() != nil {
		p.put("(")
		p.from(j.Rarg)
		p.put(")")
	} else {
		p.from(j.Rarg)
	}
	if len(j.UsingClause) > 0 {
		p.put(" USING")
		p.columns(j.UsingClause)
	}
	if j.Quals != nil {
		p.put(" ON ")
		p.expr(j.Quals)
	}
}
