package sqlparse

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/policy/expr"
)

// call is a built-in function that only computes.
func (r *resolver) call(c *pg_query.FuncCall, s *scope) (expr.Expr, string, error) {
	names := stringsOf(c.Funcname)
	if len(names) == 2 && names[0] == "pg_catalog" {
		names = names[1:]
	}
	full := strings.Join(names, ".")
	if isPersonFunction(full) {
		return nil, "", r.at(c.Location, "write @%s with an @", full)
	}
	if len(names) != 1 || c.AggStar || c.AggDistinct || c.AggWithinGroup || c.FuncVariadic || len(c.AggOrder) > 0 ||
		c.AggFilter != nil || c.Over != nil {
		return nil, "", r.at(c.Location, "function %s cannot stand in a rule", full)
	}
	if full == "now" && len(c.Args) == 0 {
		return expr.Now{}, typeTimestampTZ, nil
	}
	signatures := functionSignatures(full, len(c.Args))
	if len(signatures) == 0 {
		return nil, "", r.at(c.Location, "function %s with %d arguments cannot stand in a rule", full, len(c.Args))
	}
	args, types, err := r.all(c.Args, s)
	if err != nil {
		return nil, "", err
	}
	candidates := match(signatures, types)
	if len(candidates) == 0 {
		return nil, "", r.at(c.Location, "function %s does not take %s", full, describe(types))
	}
	if err := r.sessionFree(c.Location, "function "+full, candidates, types); err != nil {
		return nil, "", err
	}
	typ := resultType(candidates, types)
	return expr.Call{Func: expr.Name{Schema: "pg_catalog", Name: full}, Args: args, Type: expr.Type(typ)}, typ, nil
}

// sqlValue lets CURRENT_TIMESTAMP through. The others depend on the session.
func (r *resolver) sqlValue(f *pg_query.SQLValueFunction) (expr.Expr, string, error) {
	switch f.Op {
	case pg_query.SQLValueFunctionOp_SVFOP_CURRENT_TIMESTAMP:
		return expr.Now{}, typeTimestampTZ, nil
	case pg_query.SQLValueFunctionOp_SVFOP_CURRENT_DATE:
		return nil, "", r.at(f.Location, "CURRENT_DATE depends on the session's time zone; write (now() AT TIME ZONE 'UTC')::date")
	case pg_query.SQLValueFunctionOp_SVFOP_CURRENT_USER, pg_query.SQLValueFunctionOp_SVFOP_SESSION_USER,
		pg_query.SQLValueFunctionOp_SVFOP_USER, pg_query.SQLValueFunctionOp_SVFOP_CURRENT_ROLE:
		return nil, "", r.at(f.Location, "the database's user is not the person; write @username")
	}
	return nil, "", r.at(f.Location, "this SQL value function cannot stand in a rule")
}

// cast is `x::type`. A cast that reads or prints a value by the session's settings is refused.
func (r *resolver) cast(c *pg_query.TypeCast, s *scope) (expr.Expr, string, error) {
	arg, from, err := r.expr(c.Arg, s)
	if err != nil {
		return nil, "", err
	}
	return r.castOf(c, arg, from)
}

// castOf casts what is resolved already.
func (r *resolver) castOf(c *pg_query.TypeCast, arg expr.Expr, from string) (expr.Expr, string, error) {
	typ, err := r.typeName(c.TypeName)
	if err != nil {
		return nil, "", err
	}
	to := baseType(typ)
	if lit, ok := arg.(expr.Literal); ok && from == typeUnknown {
		if err := r.typed(c.Location, &lit, to); err != nil {
			return nil, "", err
		}
		lit.Type = typ
		return lit, to, nil
	}
	if !settledCast(from, to) {
		return nil, "", r.at(c.Location, "a cast of %s to %s depends on the session's settings, which the person can change", describe([]string{from}), to)
	}
	return expr.Cast{Arg: arg, Type: typ}, to, nil
}

// settledCast reports whether a cast means the same under every setting.
func settledCast(from, to string) bool {
	switch {
	case from == "":
		return false
	case from == to:
		return true
	case isText(to):
		return fixedText(from)
	case isText(from):
		return isNumber(to) || to == typeBool || to == "uuid" || to == "json" || to == "jsonb" || to == "inet" || to == "cidr"
	case isDateTime(from), isDateTime(to):
		return from != typeTimestampTZ && to != typeTimestampTZ
	}
	return true
}
