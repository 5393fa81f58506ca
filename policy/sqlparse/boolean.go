package sqlparse

import (
	pg_query "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/policy/expr"
)

// condition resolves a node that must be boolean.
func (r *resolver) condition(n *pg_query.Node, s *scope) (expr.Expr, error) {
	e, typ, err := r.expr(n, s)
	if err != nil {
		return nil, err
	}
	if lit, ok := e.(expr.Literal); ok && lit.Null {
		return expr.Literal{Type: typeBool, Null: true}, nil
	}
	if typ != typeBool {
		return nil, &Error{Message: "AND, OR, NOT, WHEN, ON and WHERE want a boolean, not " + orUnclear(typ)}
	}
	return e, nil
}

func (r *resolver) boolean(b *pg_query.BoolExpr, s *scope) (expr.Expr, string, error) {
	if b.Boolop == pg_query.BoolExprType_NOT_EXPR {
		r.negated = !r.negated
		defer func() { r.negated = !r.negated }()
	}
	args := make([]expr.Expr, len(b.Args))
	for i, n := range b.Args {
		var err error
		if args[i], err = r.condition(n, s); err != nil {
			return nil, "", err
		}
	}
	switch b.Boolop {
	case pg_query.BoolExprType_AND_EXPR:
		return expr.And{Args: args}, typeBool, nil
	case pg_query.BoolExprType_OR_EXPR:
		return expr.Or{Args: args}, typeBool, nil
	case pg_query.BoolExprType_NOT_EXPR:
		if len(args) == 1 {
			return expr.Not{Arg: args[0]}, typeBool, nil
		}
	case pg_query.BoolExprType_BOOL_EXPR_TYPE_UNDEFINED:
	}
	return nil, "", r.at(b.Location, "an unknown boolean expression")
}

func (r *resolver) nullTest(n *pg_query.NullTest, s *scope) (expr.Expr, string, error) {
	arg, _, err := r.expr(n.Arg, s)
	if err != nil {
		return nil, "", err
	}
	switch n.Nulltesttype {
	case pg_query.NullTestType_IS_NULL:
		return expr.IsNull{Arg: arg}, typeBool, nil
	case pg_query.NullTestType_IS_NOT_NULL:
		return expr.IsNull{Arg: arg, Negate: true}, typeBool, nil
	case pg_query.NullTestType_NULL_TEST_TYPE_UNDEFINED:
	}
	return nil, "", r.at(n.Location, "an unknown test for NULL")
}

// booleanTest is `x IS [NOT] TRUE | FALSE | UNKNOWN`, said with CASE, which never is NULL.
func (r *resolver) booleanTest(b *pg_query.BooleanTest, s *scope) (expr.Expr, string, error) {
	// What is under it may be shown when it is false, as under NOT.
	r.negated = !r.negated
	arg, err := r.condition(b.Arg, s)
	r.negated = !r.negated
	if err != nil {
		return nil, "", err
	}
	choose := func(cond, then, otherwise expr.Expr) (expr.Expr, string, error) {
		return expr.Case{Whens: []expr.When{{Cond: cond, Result: then}}, Else: otherwise}, typeBool, nil
	}
	switch b.Booltesttype {
	case pg_query.BoolTestType_IS_TRUE:
		return choose(arg, expr.True, expr.False)
	case pg_query.BoolTestType_IS_NOT_TRUE:
		return choose(arg, expr.False, expr.True)
	case pg_query.BoolTestType_IS_FALSE:
		return choose(expr.Not{Arg: arg}, expr.True, expr.False)
	case pg_query.BoolTestType_IS_NOT_FALSE:
		return choose(expr.Not{Arg: arg}, expr.False, expr.True)
	case pg_query.BoolTestType_IS_UNKNOWN:
		return expr.IsNull{Arg: arg}, typeBool, nil
	case pg_query.BoolTestType_IS_NOT_UNKNOWN:
		return expr.IsNull{Arg: arg, Negate: true}, typeBool, nil
	case pg_query.BoolTestType_BOOL_TEST_TYPE_UNDEFINED:
	}
	return nil, "", r.at(b.Location, "an unknown boolean test")
}

// caseExpr is both forms of CASE; `CASE x WHEN a` becomes `CASE WHEN x = a`.
func (r *resolver) caseExpr(c *pg_query.CaseExpr, s *scope) (expr.Expr, string, error) {
	out, types := expr.Case{}, []string(nil)
	for _, n := range c.Args {
		w := n.GetCaseWhen()
		if w == nil {
			return nil, "", r.at(c.Location, "an unknown arm of CASE")
		}
		cond, err := r.caseCondition(c, w, s)
		if err != nil {
			return nil, "", err
		}
		result, typ, err := r.expr(w.Result, s)
		if err != nil {
			return nil, "", err
		}
		out.Whens, types = append(out.Whens, expr.When{Cond: cond, Result: result}), append(types, typ)
	}
	if c.Defresult != nil {
		result, typ, err := r.expr(c.Defresult, s)
		if err != nil {
			return nil, "", err
		}
		out.Else, types = result, append(types, typ)
	}
	return out, commonType(types), nil
}

func (r *resolver) caseCondition(c *pg_query.CaseExpr, w *pg_query.CaseWhen, s *scope) (expr.Expr, error) {
	if c.Arg == nil {
		return r.condition(w.Expr, s)
	}
	equal, _, err := r.apply(w.Location, "=", c.Arg, w.Expr, s)
	return equal, err
}

// coalesce is COALESCE(a, b): the first that is not NULL, said with CASE.
func (r *resolver) coalesce(c *pg_query.CoalesceExpr, s *scope) (expr.Expr, string, error) {
	args, types, err := r.all(c.Args, s)
	if err != nil {
		return nil, "", err
	}
	if len(args) == 0 {
		return nil, "", r.at(c.Location, "COALESCE wants an argument")
	}
	out := expr.Case{Else: args[len(args)-1]}
	if len(args) == 1 {
		return args[0], types[0], nil
	}
	for _, a := range args[:len(args)-1] {
		out.Whens = append(out.Whens, expr.When{Cond: expr.IsNull{Arg: a, Negate: true}, Result: a})
	}
	return out, commonType(types), nil
}

// commonType is the one type of several results; constants without a type follow the others.
func commonType(types []string) string {
	out := typeUnknown
	for _, t := range types {
		switch {
		case t == typeUnknown || t == out:
		case out == typeUnknown:
			out = t
		case isText(t) && isText(out):
			out = typeText
		default:
			return widest(types)
		}
	}
	return out
}
