package rewrite

import (
	"fmt"
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/pgerror"
)

// join judges a join. Its sides stay visible by alias; bare names see the join's own columns, in which USING and NATURAL merge
// the common ones. An alias on the join hides its sides.
func (r *resolver) join(j *pg.JoinExpr, outer *scope, before []*item) ([]*item, error) {
	left, err := r.fromItem(j.Larg, outer, before)
	if err != nil {
		return nil, err
	}
	right, err := r.fromItem(j.Rarg, outer, append(slices.Clone(before), left...))
	if err != nil {
		return nil, err
	}
	both := append(slices.Clone(left), right...)
	if err := r.distinctAliases(both); err != nil {
		return nil, err
	}
	outerJoin(j.Jointype, left, right)
	using, err := r.commonColumns(j, left, right)
	if err != nil {
		return nil, err
	}
	if err := r.expr(j.Quals, child(outer, both...)); err != nil {
		return nil, err
	}
	r.fenceJoin(j, left, right, using, child(outer, both...))
	merged := merge(left, right, using)
	var out []*item
	if j.Alias == nil {
		for _, it := range both {
			hidden := *it
			hidden.byColumn = false
			out = append(out, &hidden)
		}
		out = append(out, &item{columns: merged, byColumn: true})
	} else {
		alias, names, err := r.aliasOf(j.Alias)
		if err != nil {
			return nil, err
		}
		if len(names) > 0 {
			countColumns(merged)
		}
		out = append(out, (&item{columns: merged}).withAlias(alias, names))
	}
	if j.JoinUsingAlias != nil {
		out = append(out, &item{alias: j.JoinUsingAlias.Aliasname, columns: merged[:len(using)], byAlias: true})
	}
	return out, nil
}

// countColumns keeps every column of the tables behind the columns: an alias on the join names them by position.
func countColumns(columns []column) {
	for _, c := range columns {
		for _, o := range c.origins {
			if o.at != nil {
				o.at.counted = true
			}
		}
	}
}

// commonColumns are those of USING, or of both sides for NATURAL.
func (r *resolver) commonColumns(j *pg.JoinExpr, left, right []*item) ([]string, error) {
	if j.IsNatural {
		var common []string
		for _, c := range bareColumns(left) {
			if hasColumn(right, c.name) && !slices.Contains(common, c.name) {
				common = append(common, c.name)
			}
		}
		return common, nil
	}
	using, ok := stringList(j.UsingClause)
	if !ok {
		return nil, pgerror.NotSupported("this USING clause is not supported through Postern")
	}
	for _, name := range using {
		side := ""
		switch {
		case !hasColumn(left, name):
			side = "left"
		case !hasColumn(right, name):
			side = "right"
		default:
			continue
		}
		return nil, &pgerror.Error{Code: pgerror.CodeUndefinedColumn,
			Message: fmt.Sprintf("column %q specified in USING clause does not exist in %s table", name, side)}
	}
	return using, nil
}

// merge lists the columns of a join: the common ones once, then the rest of the left, then of the right.
func merge(left, right []*item, using []string) []column {
	out := make([]column, 0, len(using))
	for _, name := range using {
		m := column{name: name}
		var facts []fact
		for _, c := range append(bareColumns(left), bareColumns(right)...) {
			if c.name == name {
				m.origins = append(m.origins, c.origins...)
				facts = append(facts, c.fact)
			}
		}
		m.fact = mergeFacts(facts...)
		m.touch()
		out = append(out, m)
	}
	for _, side := range [][]*item{left, right} {
		for _, c := range bareColumns(side) {
			if !slices.Contains(using, c.name) {
				out = append(out, c)
			}
		}
	}
	return out
}

func bareColumns(items []*item) []column {
	var out []column
	for _, it := range items {
		if it.byColumn {
			out = append(out, it.columns...)
		}
	}
	return out
}

func hasColumn(items []*item, name string) bool {
	return slices.ContainsFunc(bareColumns(items), func(c column) bool { return c.name == name })
}
