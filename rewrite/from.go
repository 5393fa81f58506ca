package rewrite

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/pgerror"
)

// from judges a FROM clause and returns the scope in which the query's expressions stand.
func (r *resolver) from(list []*pg.Node, outer *scope) (*scope, error) {
	level := child(outer)
	for _, n := range list {
		items, err := r.fromItem(n, outer, level.items)
		if err != nil {
			return nil, err
		}
		level.items = append(level.items, items...)
		if err := r.distinctAliases(level.items); err != nil {
			return nil, err
		}
	}
	return level, nil
}

// distinctAliases refuses two items of one name. PostgreSQL lets two tables of different schemas bear one name unaliased; as
// sub-selects they cannot.
func (r *resolver) distinctAliases(items []*item) error {
	seen := make(map[string]*item, len(items))
	for _, it := range items {
		if !it.byAlias || it.alias == "" {
			continue
		}
		if err := r.schemaAlias(it.alias, -1); err != nil {
			return err
		}
		other, dup := seen[it.alias]
		switch {
		case dup && other.schema != "" && it.schema != "" && other.schema != it.schema:
			return pgerror.NotSupported("two tables called %q in one FROM are not supported through Postern: use aliases", it.alias)
		case dup:
			return &pgerror.Error{Code: "42712", Message: fmt.Sprintf("table name %q specified more than once", it.alias)}
		}
		seen[it.alias] = it
	}
	return nil
}

// fromItem judges one item of FROM, or of a join. left has the items before it, which LATERAL items and functions see.
func (r *resolver) fromItem(n *pg.Node, outer *scope, left []*item) ([]*item, error) {
	if err := r.enter(); err != nil {
		return nil, err
	}
	defer r.leave()
	switch v := n.GetNode().(type) {
	case *pg.Node_RangeVar:
		if err := r.navigates(v.RangeVar, outer, left); err != nil {
			return nil, err
		}
		it, err := r.rangeVar(n, outer)
		return []*item{it}, err
	case *pg.Node_RangeSubselect:
		it, err := r.rangeSubselect(v.RangeSubselect, outer, left)
		return []*item{it}, err
	case *pg.Node_RangeFunction:
		it, err := r.rangeFunction(n, child(outer, left...))
		if err != nil {
			return nil, err
		}
		return []*item{inFunction(it)}, nil
	case *pg.Node_JoinExpr:
		return r.join(v.JoinExpr, outer, left)
	case *pg.Node_RangeTableSample:
		it, err := r.tableSample(n, outer)
		return []*item{it}, err
	case *pg.Node_RangeTableFunc:
		it, err := r.xmlTable(v.RangeTableFunc, child(outer, left...))
		return []*item{it}, err
	}
	return nil, r.unknown(n)
}

// rangeVar is a WITH query, which stays as it is, or a table, which its View replaces.
func (r *resolver) rangeVar(n *pg.Node, outer *scope) (*item, error) {
	rv := n.GetRangeVar()
	alias, names, err := r.aliasOf(rv.Alias)
	if err != nil {
		return nil, err
	}
	if rv.Schemaname == "" && rv.Catalogname == "" {
		if c := outer.cte(rv.Relname); c != nil {
			if err := r.know(c, rv.Location); err != nil {
				return nil, err
			}
			if c.silent {
				return nil, r.at(&pgerror.Error{Code: pgerror.CodeFeatureNotSupported, Message: fmt.Sprintf("WITH query %q does not have a RETURNING clause", c.name)}, rv.Location)
			}
			if alias == "" {
				alias = rv.Relname
			}
			return (&item{columns: r.withOutputs(c)}).withAlias(alias, names), nil
		}
	}
	v, err := r.table(rv)
	if err != nil {
		return nil, err
	}
	if r.relations += v.relations; r.relations > r.rw.config.MaxRelations {
		return nil, pgerror.LimitExceeded("statement names too many relations: at most %d", r.rw.config.MaxRelations)
	}
	u := r.useOf(v)
	base := &item{}
	as := alias
	if as == "" {
		as = rv.Relname
	}
	only := !rv.Inh
	shown := rv.Alias
	if alias == "" {
		shown = &pg.Alias{Aliasname: rv.Relname}
	}
	n.Node = v.splice(shown, only).Node
	g := r.guard(v, n.GetRangeSubselect().Subquery.GetSelectStmt())
	at := &place{view: v, use: u, node: n, guard: g}
	r.spliced = append(r.spliced, at)
	if g != nil {
		g.at = at
	}
	for i, name := range v.columns {
		base.columns = append(base.columns, column{name: name, origins: []origin{{u, name, as, at}}, fact: v.columnFact(i, g)})
	}
	if alias == "" {
		it := base.withAlias(rv.Relname, nil)
		it.schema = v.decision.Table.Schema
		return it, nil
	}
	return base.withAlias(alias, names), nil
}

func (r *resolver) rangeSubselect(s *pg.RangeSubselect, outer *scope, left []*item) (*item, error) {
	parent := outer
	if s.Lateral {
		parent = child(outer, left...)
	}
	names, err := r.query(s.Subquery, parent)
	if err != nil {
		return nil, err
	}
	alias, columns, err := r.aliasOf(s.Alias)
	if err != nil {
		return nil, err
	}
	stmt := s.Subquery.GetSelectStmt()
	it := (&item{columns: r.outputs(stmt, names)}).withAlias(alias, columns)
	it.byAlias = alias != ""
	return it, nil
}

// aliasOf returns an alias and its column names; "" without one.
func (r *resolver) aliasOf(a *pg.Alias) (string, []string, error) {
	names, ok := stringList(a.GetColnames())
	if !ok {
		return "", nil, pgerror.NotSupported("this column alias list is not supported through Postern")
	}
	return a.GetAliasname(), names, nil
}
