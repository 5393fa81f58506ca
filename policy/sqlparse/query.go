package sqlparse

import (
	"fmt"
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/policy/expr"
)

// MaxRelations bounds the tables of one sub-select.
const MaxRelations = 16

// subLink is `x IN (SELECT …)`, also written `x = ANY (SELECT …)`.
func (r *resolver) subLink(l *pg_query.SubLink, s *scope) (expr.Expr, string, error) {
	operator := stringsOf(l.OperName)
	if l.SubLinkType != pg_query.SubLinkType_ANY_SUBLINK || len(operator) > 1 || len(operator) == 1 && operator[0] != "=" {
		return nil, "", r.at(l.Location, "of sub-selects only IN (SELECT …) can stand in a rule")
	}
	arg, argType, err := r.expr(l.Testexpr, s)
	if err != nil {
		return nil, "", err
	}
	query, typ, err := r.query(l.Subselect.GetSelectStmt(), l.Location)
	if err != nil {
		return nil, "", err
	}
	if _, _, err := r.applied(l.Location, "=", []expr.Expr{arg, query.Target}, []string{argType, typ}); err != nil {
		return nil, "", err
	}
	return expr.InSelect{Arg: arg, Query: query}, typeBool, nil
}

// query resolves a sub-select of one column over known tables. Nothing in it can name the outer row.
func (r *resolver) query(stmt *pg_query.SelectStmt, location int32) (*expr.Select, string, error) {
	if stmt == nil || !plainSelect(stmt) || len(stmt.FromClause) == 0 {
		return nil, "", r.at(location, "a sub-select in a rule has a SELECT list, FROM and WHERE, and nothing else")
	}
	inner, out := &scope{inner: true}, &expr.Select{}
	for _, n := range stmt.FromClause {
		if err := r.from(n, inner, out, expr.JoinCross, location); err != nil {
			return nil, "", err
		}
	}
	if len(stmt.TargetList) != 1 {
		return nil, "", r.at(location, "a sub-select in a rule has exactly one column")
	}
	var typ string
	var err error
	if out.Target, typ, err = r.expr(stmt.TargetList[0].GetResTarget().GetVal(), inner); err != nil {
		return nil, "", err
	}
	if stmt.WhereClause != nil {
		if out.Where, err = r.condition(stmt.WhereClause, inner); err != nil {
			return nil, "", err
		}
	}
	return out, typ, nil
}

// from adds one FROM item: a table, or a chain of joins of tables.
func (r *resolver) from(n *pg_query.Node, inner *scope, out *expr.Select, kind expr.JoinKind, location int32) error {
	if len(out.From) >= MaxRelations {
		return r.at(location, "a sub-select in a rule reads at most %d tables", MaxRelations)
	}
	switch v := n.GetNode().(type) {
	case *pg_query.Node_RangeVar:
		return r.table(v.RangeVar, inner, out, kind)
	case *pg_query.Node_JoinExpr:
		return r.join(v.JoinExpr, inner, out, kind, location)
	}
	return r.at(location, "only tables can stand in FROM in a rule")
}

func (r *resolver) join(j *pg_query.JoinExpr, inner *scope, out *expr.Select, first expr.JoinKind, location int32) error {
	if r.depth++; r.depth > MaxDepth {
		return &Error{Message: fmt.Sprintf("the condition is nested more than %d deep", MaxDepth)}
	}
	defer func() { r.depth-- }()
	if j.IsNatural || len(j.UsingClause) > 0 || j.Alias != nil || j.JoinUsingAlias != nil {
		return r.at(location, "joins in a rule are written with ON")
	}
	if err := r.from(j.Larg, inner, out, first, location); err != nil {
		return err
	}
	kind := expr.JoinInner
	switch {
	case j.Jointype == pg_query.JoinType_JOIN_INNER && j.Quals == nil:
		kind = expr.JoinCross
	case j.Jointype == pg_query.JoinType_JOIN_INNER:
	case j.Jointype == pg_query.JoinType_JOIN_LEFT:
		kind = expr.JoinLeft
	default:
		return r.at(location, "of joins only JOIN, LEFT JOIN and CROSS JOIN can stand in a rule")
	}
	right := j.Rarg.GetRangeVar()
	if right == nil {
		return r.at(location, "a join in parentheses cannot stand in a rule")
	}
	if err := r.table(right, inner, out, kind); err != nil {
		return err
	}
	if j.Quals == nil {
		return nil
	}
	on, err := r.condition(j.Quals, inner)
	if err != nil {
		return err
	}
	out.From[len(out.From)-1].On = on
	return nil
}

// table adds a table that the catalog knows; it is read raw.
func (r *resolver) table(v *pg_query.RangeVar, inner *scope, out *expr.Select, kind expr.JoinKind) error {
	if v.Schemaname == "" {
		return r.at(v.Location, "table %s must be written with its schema", v.Relname)
	}
	if v.Catalogname != "" || !v.Inh {
		return r.at(v.Location, "table %s.%s must be written as schema.table", v.Schemaname, v.Relname)
	}
	if strings.HasPrefix(v.Schemaname, "pg_") || v.Schemaname == "information_schema" || v.Schemaname == "postern_functions" {
		return r.at(v.Location, "a rule cannot read schema %s", v.Schemaname)
	}
	t, ok := r.snapshot.Table(v.Schemaname, v.Relname)
	if !ok {
		return r.at(v.Location, "table %s.%s is not known", v.Schemaname, v.Relname)
	}
	alias := v.Relname
	if v.Alias != nil {
		if len(v.Alias.Colnames) > 0 {
			return r.at(v.Location, "an alias in a rule does not rename columns")
		}
		alias = v.Alias.Aliasname
	}
	if slices.ContainsFunc(inner.relations, func(rel relation) bool { return rel.alias == alias }) {
		return r.at(v.Location, "relation %s occurs twice: give each an alias", alias)
	}
	inner.relations = append(inner.relations, relation{alias: alias, table: t})
	out.From = append(out.From, expr.Relation{Table: expr.Name{Schema: t.Schema, Name: t.Name}, Alias: alias, Join: kind})
	if !slices.Contains(r.reads, t) {
		r.reads = append(r.reads, t)
	}
	return nil
}
