package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/pgerror"
)

// query judges a sub-select wherever one can stand, and returns the names of its columns.
func (r *resolver) query(n *pg.Node, parent *scope) ([]string, error) {
	stmt := n.GetSelectStmt()
	if stmt == nil {
		// INSERT, UPDATE, DELETE and MERGE can stand in a WITH clause.
		return nil, r.at(pgerror.NotSupported("%s inside a query is not supported through Postern", nodeName(n)), -1)
	}
	names, err := r.selectStmt(stmt, parent, nil)
	if err == nil && len(names) > 0 {
		r.first[n] = names[0]
	}
	return names, err
}

// selectStmt judges one SELECT, VALUES or set operation. afterFirst, if it is set, hears the columns of a set operation's first
// arm before the second is judged: a recursive WITH query sees itself in the second.
func (r *resolver) selectStmt(stmt *pg.SelectStmt, parent *scope, afterFirst func([]string)) ([]string, error) {
	if err := r.enter(); err != nil {
		return nil, err
	}
	defer r.leave()
	if stmt.IntoClause != nil {
		return nil, r.at(pgerror.NotSupported("SELECT INTO is not supported through Postern"), stmt.IntoClause.Rel.GetLocation())
	}
	if len(stmt.LockingClause) > 0 {
		return nil, pgerror.NotSupported("row locks (FOR UPDATE, FOR SHARE) are not supported through Postern")
	}
	outer := child(parent)
	if err := r.with(stmt.WithClause, outer); err != nil {
		return nil, err
	}
	switch {
	case stmt.Op != pg.SetOperation_SETOP_NONE:
		return r.setOperation(stmt, outer, afterFirst)
	case len(stmt.ValuesLists) > 0:
		return r.values(stmt, outer)
	}
	return r.plainSelect(stmt, outer)
}

func (r *resolver) setOperation(stmt *pg.SelectStmt, outer *scope, afterFirst func([]string)) ([]string, error) {
	names, err := r.selectStmt(stmt.Larg, outer, nil)
	if err != nil {
		return nil, err
	}
	if afterFirst != nil {
		afterFirst(names)
	}
	if _, err := r.selectStmt(stmt.Rarg, outer, nil); err != nil {
		return nil, err
	}
	r.fenceSetOperation(stmt)
	result := &item{byColumn: true, columns: computed(names)}
	return names, r.tail(stmt, child(outer, result), names)
}

func (r *resolver) values(stmt *pg.SelectStmt, outer *scope) ([]string, error) {
	if err := r.exprs(outer, stmt.ValuesLists...); err != nil {
		return nil, err
	}
	r.fenceValues(stmt, outer)
	names := make([]string, len(stmt.ValuesLists[0].GetList().GetItems()))
	for i := range names {
		names[i] = valuesName(i)
	}
	result := &item{byColumn: true, columns: computed(names)}
	return names, r.tail(stmt, child(outer, result), names)
}

func (r *resolver) plainSelect(stmt *pg.SelectStmt, outer *scope) ([]string, error) {
	defer r.outsideWhere()()
	level, err := r.from(stmt.FromClause, outer)
	if err != nil {
		return nil, err
	}
	if r.rw.redshift() {
		if stmt.TargetList, err = r.excluded(stmt.TargetList, level); err != nil {
			return nil, err
		}
	}
	names, err := r.targets(stmt.TargetList, level)
	if err != nil {
		return nil, err
	}
	if err := r.where(stmt, level); err != nil {
		return nil, err
	}
	if err := r.expr(stmt.HavingClause, level); err != nil {
		return nil, err
	}
	for _, g := range stmt.GroupClause {
		if err := r.groupItem(g, level, names); err != nil {
			return nil, err
		}
	}
	for _, w := range stmt.WindowClause {
		if w.GetWindowDef() == nil {
			return nil, r.unknown(w)
		}
		if err := r.window(w.GetWindowDef(), level); err != nil {
			return nil, err
		}
	}
	for _, d := range stmt.DistinctClause {
		if err := r.outputOrExpr(d, level, names); err != nil {
			return nil, err
		}
	}
	if err := r.tail(stmt, level, names); err != nil {
		return nil, err
	}
	if !r.rw.redshift() {
		r.groupByKey(stmt, level)
	}
	r.fenceSelect(stmt, level, names)
	return names, nil
}

// tail judges ORDER BY, LIMIT and OFFSET.
func (r *resolver) tail(stmt *pg.SelectStmt, level *scope, names []string) error {
	for _, n := range stmt.SortClause {
		by := n.GetSortBy()
		if by == nil {
			return r.unknown(n)
		}
		if err := r.sortOperator(by); err != nil {
			return err
		}
		if err := r.outputOrExpr(by.Node, level, names); err != nil {
			return err
		}
	}
	return r.exprs(level, stmt.LimitOffset, stmt.LimitCount)
}

// outputOrExpr judges an item of ORDER BY or DISTINCT ON: a bare name is an output column if there is one of that name.
func (r *resolver) outputOrExpr(n *pg.Node, level *scope, names []string) error {
	if name, ok := bareColumn(n); ok && slices.Contains(names, name) {
		return nil
	}
	return r.expr(n, level)
}

// groupItem judges an item of GROUP BY: a bare name is a column of FROM if there is one of that name, else an output column.
func (r *resolver) groupItem(n *pg.Node, level *scope, names []string) error {
	if err := r.enter(); err != nil {
		return err
	}
	defer r.leave()
	if set := n.GetGroupingSet(); set != nil {
		for _, content := range set.Content {
			if err := r.groupItem(content, level, names); err != nil {
				return err
			}
		}
		return nil
	}
	if name, ok := bareColumn(n); ok && slices.Contains(names, name) && (name != "tableoid" || systemItem(level) == nil) {
		if _, found := child(nil, level.items...).lookup(name); found == 0 {
			r.stuck = true // a column of that name would come before it
			return nil
		}
	}
	return r.expr(n, level)
}

func bareColumn(n *pg.Node) (string, bool) {
	fields := n.GetColumnRef().GetFields()
	if len(fields) != 1 || fields[0].GetString_() == nil {
		return "", false
	}
	return fields[0].GetString_().Sval, true
}

// targets judges a select list and returns the names of the output columns. A column whose expression had to be replaced keeps
// the name that PostgreSQL would have given it.
func (r *resolver) targets(list []*pg.Node, level *scope) ([]string, error) {
	names := make([]string, 0, len(list))
	for _, n := range list {
		target := n.GetResTarget()
		if target == nil || len(target.Indirection) > 0 {
			return nil, r.unknown(n)
		}
		subLink := false
		before := outputName(target.Val, func(*pg.Node) string { subLink = true; return "" })
		r.shown = target.Val.GetColumnRef() != nil && outermost(level)
		err := r.expr(target.Val, level)
		if r.shown = false; err != nil {
			return nil, err
		}
		if ref := target.Val.GetColumnRef(); ref != nil && ref.Fields[len(ref.Fields)-1].GetAStar() != nil {
			names = append(names, r.starNames(ref, level)...)
			continue
		}
		after := outputName(target.Val, r.firstColumn)
		switch {
		case target.Name != "":
			names = append(names, target.Name)
			r.nameTarget(target.Name, target.Val, level)
			continue
		case subLink:
			before = after
		case before != after:
			target.Name = before
		}
		names = append(names, before)
	}
	return names, nil
}

// firstColumn is the name of the first column of a sub-select that was judged.
func (r *resolver) firstColumn(subselect *pg.Node) string { return r.first[subselect] }

// computed makes columns that stand for no governed column.
func computed(names []string) []column {
	out := make([]column, len(names))
	for i, name := range names {
		out[i].name = name
	}
	return out
}
