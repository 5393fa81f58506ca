package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// What of a query can run on a row that a filter hides, where the table has no fence: the conditions, and nothing else, since the
// filter is a condition on the scan and everything but conditions is computed above. Conditions are those of WHERE, ON and HAVING,
// of this level and of those around it, which the planner moves down through sub-selects. So each condition is weighed where it
// stands, by the columns that it reads, and what cannot be left as it is is contained.

// pending is a condition that must not run before the filters of its tables.
type pending struct {
	condition *pg.Node
	guards    []*guard
	// implied follow from the condition and are leakproof.
	implied []*pg.Node
	// within is the conjunction that the condition is a part of, nil if it stands alone.
	within *pg.BoolExpr
}

// starred is a star of a select list.
type starred struct {
	stmt   *pg.SelectStmt
	target *pg.Node
	level  *scope
	items  []*item
}

// quals weighs a condition, each part of a conjunction by itself. full is set for ON of a FULL JOIN, which can be nothing but
// comparisons.
func (r *resolver) quals(n *pg.Node, s *scope, full bool) {
	if n != nil {
		r.conjunct(n, nil, s, full)
	}
}

func (r *resolver) conjunct(n *pg.Node, within *pg.BoolExpr, s *scope, full bool) {
	if and := n.GetBoolExpr(); and != nil && and.Boolop == pg.BoolExprType_AND_EXPR {
		for _, arg := range and.Args {
			r.conjunct(arg, and, s, full)
		}
		return
	}
	w := r.weigh(n, s)
	if !w.fails {
		return
	}
	r.leaks++
	guards := r.contain(w)
	if len(guards) == 0 {
		return
	}
	if full || r.joins(n, s) {
		// Nothing but a bare comparison can be joined by hash or merge.
		fence(guards)
		return
	}
	r.pendings = append(r.pendings, pending{condition: n, guards: guards, implied: r.narrow(n, w, s), within: within})
}

// contain closes the sub-selects that the condition's columns come from, and returns the tables of its own FROM, or of those around.
func (r *resolver) contain(w weight) []*guard {
	r.fenceAll = r.fenceAll || w.volatile
	var guards []*guard
	for _, c := range w.touched {
		r.fenceAll = r.fenceAll || !c.fact.known
		for _, p := range c.fact.parts {
			if p.seal != nil && r.rw.redshift() {
				r.sealed = true
				continue
			}
			if p.seal != nil {
				p.seal.close()
				p.conceal()
				continue
			}
			p.guard.height = max(p.guard.height, p.height)
			if !slices.Contains(guards, p.guard) {
				guards = append(guards, p.guard)
			}
		}
	}
	return guards
}

func fence(guards []*guard) {
	for _, g := range guards {
		g.fenced = true
	}
}

// joins reports a comparison of two relations for equality.
func (r *resolver) joins(n *pg.Node, s *scope) bool {
	e := n.GetAExpr()
	if e == nil || e.Kind != pg.A_Expr_Kind_AEXPR_OP || dotted(e.Name) != "=" && dotted(e.Name) != "pg_catalog.=" {
		return false
	}
	left, right := r.unsafe(e.Lexpr, s).touched, r.unsafe(e.Rexpr, s).touched
	if len(left) == 0 || len(right) == 0 {
		return false
	}
	only := r.single(left)
	return only == nil || only != r.single(right)
}

// single is the one table that all the columns are of.
func (r *resolver) single(columns []column) *guard {
	var out *guard
	for _, c := range columns {
		if len(c.fact.parts) != 1 || c.fact.parts[0].seal != nil || out != nil && out != c.fact.parts[0].guard {
			return nil
		}
		out = c.fact.parts[0].guard
	}
	return out
}

// fenceJoin weighs what a join compares.
func (r *resolver) fenceJoin(j *pg.JoinExpr, left, right []*item, using []string, on *scope) {
	full := j.Jointype == pg.JoinType_JOIN_FULL
	r.quals(j.Quals, on, full)
	l, rt := child(nil, left...), child(nil, right...)
	for _, name := range using {
		a, _ := l.lookup(name)
		b, _ := rt.lookup(name)
		wa := weight{typ: a.fact.typ, collation: a.fact.collation}
		wb := weight{typ: b.fact.typ, collation: b.fact.collation}
		if !a.fact.fails && !b.fact.fails && a.fact.known && b.fact.known && leakproofComparison("=", wa, wb) {
			continue
		}
		r.leaks++
		fence(r.contain(weight{touched: []column{a, b}}))
	}
	if j.Alias != nil {
		forbidExtra(left)
		forbidExtra(right)
	}
}

// fenceSelect weighs one SELECT when all of it was judged, and notes what its output columns are made of.
func (r *resolver) fenceSelect(stmt *pg.SelectStmt, level *scope, names []string) {
	r.levels[stmt] = r.outputFacts(stmt, level, len(names))
	r.selects = append(r.selects, selected{stmt, level})
	r.stuck = r.stuck || slices.ContainsFunc(stmt.FromClause, hasFunction)
	for _, it := range level.items {
		r.own[stmt] = append(r.own[stmt], it.guards()...)
	}
	for _, g := range r.own[stmt] {
		g.weighed = true
	}
	r.quals(stmt.WhereClause, level, false)
	r.repeatable(stmt.WhereClause, level)
	if !r.rw.redshift() {
		r.repeatInCatalogs(stmt, level)
	}
	r.having(stmt.HavingClause, level)
	for _, n := range slices.Concat(stmt.GroupClause, stmt.DistinctClause, stmt.SortClause) {
		if by := n.GetSortBy(); by != nil {
			n = by.Node
		}
		if n.GetColumnRef() == nil && n.GetAConst() == nil && (n.GetNode() == nil || r.weigh(n, level).fails) {
			r.leaks++
		}
	}
	if stmt.LimitCount != nil && stmt.LimitCount.GetAConst() == nil || stmt.LimitOffset != nil && stmt.LimitOffset.GetAConst() == nil ||
		slices.ContainsFunc(stmt.FromClause, hasFunction) || len(stmt.WindowClause) > 0 {
		r.leaks++
	}
}

// hasFunction reports a function in FROM.
func hasFunction(n *pg.Node) bool {
	switch v := n.GetNode().(type) {
	case *pg.Node_RangeVar, *pg.Node_RangeSubselect:
		return false
	case *pg.Node_JoinExpr:
		return hasFunction(v.JoinExpr.Larg) || hasFunction(v.JoinExpr.Rarg)
	}
	return true
}

// outputFacts weighs the select list; nil where that is not certain.
func (r *resolver) outputFacts(stmt *pg.SelectStmt, level *scope, width int) []fact {
	var out []fact
	for _, n := range stmt.TargetList {
		val := n.GetResTarget().GetVal()
		if fields := val.GetColumnRef().GetFields(); len(fields) > 0 && fields[len(fields)-1].GetAStar() != nil {
			items := starItems(val.GetColumnRef(), level)
			for _, it := range items {
				it.useWhole(-1)
				for _, c := range it.columns {
					out = append(out, c.fact)
				}
			}
			r.stars = append(r.stars, starred{stmt, n, level, items})
			continue
		}
		w := r.weigh(val, level)
		if w.fails {
			r.leaks++
		}
		f := w.fact()
		f.fixed = val.GetColumnRef() != nil && len(w.touched) == 1 && w.touched[0].fact.fixed
		out = append(out, f)
	}
	if len(out) != width {
		return nil
	}
	return out
}

// fact is what a column tells that has the expression's values.
func (w weight) fact() fact {
	f := fact{known: true, typ: w.typ, collation: w.collation, fails: w.fails || w.literal && !w.constant}
	for _, c := range w.touched {
		f.known = f.known && c.fact.known
		f.folds = f.folds || c.fact.folds
		f.parts = append(f.parts, c.fact.parts...)
	}
	return f
}

// starItems are the items whose columns a star stands for.
func starItems(ref *pg.ColumnRef, level *scope) []*item {
	if len(ref.Fields) > 1 {
		it, _ := level.alias("", ref.Fields[0].GetString_().GetSval())
		if it == nil {
			return nil
		}
		return []*item{it}
	}
	var out []*item
	for _, it := range level.items {
		if it.byColumn {
			out = append(out, it)
		}
	}
	return out
}

// having weighs HAVING. A condition without aggregates is moved to WHERE, and one with them is estimated by the columns beside them;
// neither can be wrapped, since only what is grouped can be named there.
func (r *resolver) having(n *pg.Node, s *scope) {
	if n == nil {
		return
	}
	if and := n.GetBoolExpr(); and != nil && and.Boolop == pg.BoolExprType_AND_EXPR {
		for _, arg := range and.Args {
			r.having(arg, s)
		}
		return
	}
	w := r.weigh(n, s)
	if !w.fails {
		return
	}
	r.leaks++
	beside := weight{volatile: w.volatile}
	outsideAggregates(n.ProtoReflect(), func(ref *pg.ColumnRef) {
		beside.touched = append(beside.touched, columnsOf(ref, s)...)
		if behind, ok := r.behindAlias(ref, s); ok {
			beside = beside.with(behind)
		}
	})
	fence(r.contain(beside))
}

// fenceSetOperation notes what the columns of a set operation are made of.
func (r *resolver) fenceSetOperation(stmt *pg.SelectStmt) {
	left, right := r.levels[stmt.Larg], r.levels[stmt.Rarg]
	var out []fact
	if len(left) == len(right) {
		for i := range left {
			out = append(out, mergeFacts(left[i], right[i]))
		}
	}
	r.levels[stmt] = out
	if stmt.LimitCount != nil || stmt.LimitOffset != nil {
		r.leaks++
	}
}

// fenceValues notes what the columns of VALUES are made of.
func (r *resolver) fenceValues(stmt *pg.SelectStmt, s *scope) {
	var out []fact
	for i, row := range stmt.ValuesLists {
		for j, n := range row.GetList().GetItems() {
			w := r.weigh(n, s)
			if w.fails {
				r.leaks++
			}
			if f := w.fact(); i == 0 {
				out = append(out, f)
			} else if j < len(out) {
				out[j] = mergeFacts(out[j], f)
			}
		}
	}
	r.levels[stmt] = out
}
