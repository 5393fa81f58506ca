package sqlgen

import (
	"strings"

	"github.com/posternsql/postern/policy/expr"
)

// inSelect prints `arg [NOT] IN (SELECT …)`. What is about the person in it is asked in it.
func (r *redshift) inSelect(v expr.InSelect) typed {
	if r.mask {
		return r.refuse("a sub-select in a mask: Redshift does not take every sub-select inside CASE")
	}
	if r.profile != nil && r.profile.own {
		return r.refuse("a sub-select in an expression over the profile")
	}
	q := v.Query
	if q == nil || len(q.From) == 0 {
		return r.refuse("a sub-select without FROM")
	}
	arg := r.expr(v.Arg)
	outer := r.profile
	if outer != nil {
		r.profile = &redshiftProfile{own: outer.own}
	}
	outerKeys := r.keys
	if outerKeys != nil {
		r.keys = &redshiftKeys{}
	}
	target := r.expr(q.Target)
	r.comparable("IN", arg, target)
	from := ""
	for i, relation := range q.From {
		from += r.relation(relation, i == 0)
	}
	where := ""
	if q.Where != nil {
		r.truth = true
		where = " WHERE " + r.expr(q.Where).sql
	}
	// The sub-select asks for itself, so that it depends on nothing around it; first, so that conditions of joins can tell of the person.
	if r.profile != nil && len(r.profile.columns) > 0 {
		from = r.profile.relation() + " CROSS JOIN " + from
	}
	for _, keys := range r.keyRelations() {
		from = keys + " CROSS JOIN " + from
	}
	r.profile, r.keys = outer, outerKeys
	sql := "SELECT " + target.sql + " FROM " + from + where
	return boolean("(" + arg.sql + choose(v.Negate, " NOT IN (", " IN (") + sql + "))")
}

func (r *redshift) relation(v expr.Relation, first bool) string {
	if r.ownAlias(v.Alias) {
		r.refuse("a sub-select with the alias %s, which is the printer's own", v.Alias)
		return ""
	}
	if first && v.Join != expr.JoinCross || (v.Join == expr.JoinCross) != (v.On == nil) {
		r.refuse("a malformed join of %s", v.Alias)
		return ""
	}
	sql := ""
	if !first {
		switch v.Join {
		case expr.JoinCross:
			sql = " CROSS JOIN "
		case expr.JoinInner:
			sql = " JOIN "
		case expr.JoinLeft:
			sql = " LEFT JOIN "
		default:
			r.refuse("an unknown kind of join %d", v.Join)
		}
	}
	sql += r.name(v.Table) + " AS " + r.ident(v.Alias)
	if v.On != nil {
		sql += " ON " + r.expr(v.On).sql
	}
	return sql
}

// countOver is a window over all rows that pass the View's filter.
func (r *redshift) countOver(v expr.CountOver) typed {
	if len(v.By) == 0 {
		return r.refuse("a count over no columns")
	}
	r.counted = true
	by := make([]string, len(v.By))
	for i, c := range v.By {
		by[i] = r.column(c).sql
	}
	return typed{sql: "count(*) OVER (PARTITION BY " + strings.Join(by, ", ") + ")", base: "bigint"}
}
