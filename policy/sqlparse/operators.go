package sqlparse

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/policy/expr"
)

// operator dispatches what the grammar calls A_Expr.
func (r *resolver) operator(a *pg_query.A_Expr, s *scope) (expr.Expr, string, error) {
	names := stringsOf(a.Name)
	if len(names) == 2 && names[0] == "pg_catalog" {
		names = names[1:]
	}
	if len(names) != 1 {
		return nil, "", r.at(a.Location, "operator %s is not one of pg_catalog", strings.Join(names, "."))
	}
	name := names[0]
	switch a.Kind {
	case pg_query.A_Expr_Kind_AEXPR_OP:
		if name == "@" && a.Lexpr == nil {
			return r.personFunction(a.Rexpr, a.Location, s)
		}
		return r.apply(a.Location, name, a.Lexpr, a.Rexpr, s)
	case pg_query.A_Expr_Kind_AEXPR_LIKE, pg_query.A_Expr_Kind_AEXPR_ILIKE, pg_query.A_Expr_Kind_AEXPR_SIMILAR:
		return r.apply(a.Location, name, a.Lexpr, a.Rexpr, s)
	case pg_query.A_Expr_Kind_AEXPR_IN:
		return r.inList(a, name == "<>", s)
	case pg_query.A_Expr_Kind_AEXPR_BETWEEN, pg_query.A_Expr_Kind_AEXPR_NOT_BETWEEN:
		return r.between(a, s)
	case pg_query.A_Expr_Kind_AEXPR_NULLIF:
		return r.nullIf(a, s)
	case pg_query.A_Expr_Kind_AEXPR_DISTINCT, pg_query.A_Expr_Kind_AEXPR_NOT_DISTINCT:
		return r.distinct(a, s)
	case pg_query.A_Expr_Kind_A_EXPR_KIND_UNDEFINED, pg_query.A_Expr_Kind_AEXPR_OP_ANY, pg_query.A_Expr_Kind_AEXPR_OP_ALL,
		pg_query.A_Expr_Kind_AEXPR_BETWEEN_SYM, pg_query.A_Expr_Kind_AEXPR_NOT_BETWEEN_SYM:
	}
	return nil, "", r.at(a.Location, "this use of operator %s cannot stand in a rule", name)
}

// apply is `left name right`; a nil left makes a prefix operator.
func (r *resolver) apply(location int32, name string, left, right *pg_query.Node, s *scope) (expr.Expr, string, error) {
	var operands []expr.Expr
	var types []string
	for _, n := range []*pg_query.Node{left, right} {
		if n == nil {
			continue
		}
		e, t, err := r.expr(n, s)
		if err != nil {
			return nil, "", err
		}
		operands, types = append(operands, e), append(types, t)
	}
	return r.applied(location, name, operands, types)
}

// applied resolves an operator over operands that are resolved.
func (r *resolver) applied(location int32, name string, operands []expr.Expr, types []string) (expr.Expr, string, error) {
	signatures := operatorSignatures(name, len(operands))
	if len(signatures) == 0 {
		return nil, "", r.at(location, "operator %s cannot stand in a rule", name)
	}
	if len(operands) == 2 {
		if err := r.shareType(location, signatures, operands, types); err != nil {
			return nil, "", err
		}
	}
	candidates := match(signatures, types)
	if len(candidates) == 0 {
		return nil, "", r.at(location, "operator %s does not take %s", name, strings.Join(types, " and "))
	}
	if err := r.sessionFree(location, "operator "+name, candidates, types); err != nil {
		return nil, "", err
	}
	op := expr.Op{Name: name, Right: operands[len(operands)-1]}
	if len(operands) == 2 {
		op.Left = operands[0]
	}
	return op, resultType(candidates, types), nil
}

// shareType gives an untyped constant the type of the operand on the other side, as PostgreSQL does where the operator takes
// that type on both sides (manual, 10.2, step 2.a), so that its text is checked now and cannot mean something else under other
// settings.
func (r *resolver) shareType(location int32, signatures []signature, operands []expr.Expr, types []string) error {
	for i := range operands {
		other := types[1-i]
		lit, ok := operands[i].(expr.Literal)
		if !ok || types[i] != typeUnknown || other == typeUnknown || other == "" || !builtinScalar(other) || !takesTwice(signatures, other) {
			continue
		}
		if isText(other) {
			// The constant stays as it was written: text is read in one way only, and the server chooses the operator that the
			// author meant (character(n) ignores padding, text does not).
			types[i] = other
			continue
		}
		if err := r.typed(location, &lit, other); err != nil {
			return err
		}
		operands[i], types[i] = lit, other
	}
	return nil
}

// takesTwice reports whether one signature has the type on both sides. Text of every kind counts as one type.
func takesTwice(signatures []signature, typ string) bool {
	for _, s := range signatures {
		if s.args[0] == s.args[1] && (s.args[0] == typ || isText(typ) && isText(s.args[0])) {
			return true
		}
	}
	return false
}

// typed gives a constant a type.
func (r *resolver) typed(location int32, lit *expr.Literal, typ string) error {
	if !lit.Null {
		if err := r.constant(location, lit.Value, typ); err != nil {
			return err
		}
	}
	lit.Type = expr.Type(typ)
	return nil
}

// match keeps the signatures that the types can mean; an exact one, or one up to the kind of text, is the only one. A constant
// without a type is text where text is wanted (PostgreSQL manual, 10.3, step 4.e).
func match(signatures []signature, types []string) []signature {
	var out []signature
	for _, s := range signatures {
		exact, possible := true, true
		for i, t := range types {
			want := s.arg(i)
			exact = exact && (t == want || want == typeText && (isText(t) || t == typeUnknown))
			possible = possible && compatible(t, want)
		}
		if exact {
			return []signature{s}
		}
		if possible {
			out = append(out, s)
		}
	}
	return out
}

// sessionFree refuses what could depend on settings that the person can change. A timestamp with time zone plus or minus an
// interval is let through with a note: the zone can shift it by a day at most.
func (r *resolver) sessionFree(location int32, what string, candidates []signature, types []string) error {
	for _, c := range candidates {
		if !c.session {
			continue
		}
		if len(c.args) == 2 && (what == "operator +" || what == "operator -") {
			r.note("A time with zone plus or minus days or months depends on the session's time zone by up to a day.")
			continue
		}
		return r.at(location, "%s over %s depends on the session's settings, which the person can change; "+
			"cast both sides to one type, or fix the zone with AT TIME ZONE 'UTC'", what, describe(types))
	}
	return nil
}

func describe(types []string) string {
	out := make([]string, len(types))
	for i, t := range types {
		if out[i] = t; t == "" {
			out[i] = "a type that cannot be told"
		}
	}
	return strings.Join(out, " and ")
}

// resultType is the common result type of the candidates, "" if they differ or the type is polymorphic.
func resultType(candidates []signature, types []string) string {
	out := ""
	for _, c := range candidates {
		if strings.HasPrefix(c.returns, "any") || out != "" && out != c.returns {
			return widest(types)
		}
		out = c.returns
	}
	return out
}

// widest is the result of arithmetic over several kinds of numbers.
func widest(types []string) string {
	order := []string{"smallint", "integer", "bigint", typeNumeric, "real", "double precision"}
	best := -1
	for _, t := range types {
		at := -1
		for i, o := range order {
			if o == t {
				at = i
			}
		}
		if at < 0 {
			return ""
		}
		best = max(best, at)
	}
	if best < 0 {
		return ""
	}
	return order[best] //nolint:gosec // an index of order, from the loop above
}

// inList is `x [NOT] IN (a, b)`.
func (r *resolver) inList(a *pg_query.A_Expr, negate bool, s *scope) (expr.Expr, string, error) {
	arg, typ, err := r.expr(a.Lexpr, s)
	if err != nil {
		return nil, "", err
	}
	list, types, err := r.all(a.Rexpr.GetList().GetItems(), s)
	if err != nil {
		return nil, "", err
	}
	for i := range list {
		operands, pair := []expr.Expr{arg, list[i]}, []string{typ, types[i]}
		if _, _, err := r.applied(a.Location, "=", operands, pair); err != nil {
			return nil, "", err
		}
		arg, list[i] = operands[0], operands[1]
	}
	return expr.In{Arg: arg, List: list, Negate: negate}, typeBool, nil
}

// between is `x [NOT] BETWEEN low AND high`.
func (r *resolver) between(a *pg_query.A_Expr, s *scope) (expr.Expr, string, error) {
	bounds := a.Rexpr.GetList().GetItems()
	if len(bounds) != 2 {
		return nil, "", r.at(a.Location, "BETWEEN wants two bounds")
	}
	low, _, err := r.apply(a.Location, ">=", a.Lexpr, bounds[0], s)
	if err != nil {
		return nil, "", err
	}
	high, _, err := r.apply(a.Location, "<=", a.Lexpr, bounds[1], s)
	if err != nil {
		return nil, "", err
	}
	both := expr.And{Args: []expr.Expr{low, high}}
	if a.Kind == pg_query.A_Expr_Kind_AEXPR_NOT_BETWEEN {
		return expr.Not{Arg: both}, typeBool, nil
	}
	return both, typeBool, nil
}

// nullIf is NULLIF(a, b): CASE WHEN a = b THEN NULL ELSE a END (PostgreSQL manual, 9.18.3).
func (r *resolver) nullIf(a *pg_query.A_Expr, s *scope) (expr.Expr, string, error) {
	equal, _, err := r.apply(a.Location, "=", a.Lexpr, a.Rexpr, s)
	if err != nil {
		return nil, "", err
	}
	value, typ, err := r.expr(a.Lexpr, s)
	if err != nil {
		return nil, "", err
	}
	return expr.Case{Whens: []expr.When{{Cond: equal, Result: expr.Literal{Null: true}}}, Else: value}, typ, nil
}

// distinct is `a IS [NOT] DISTINCT FROM b`: like <> and =, with NULL as a value.
func (r *resolver) distinct(a *pg_query.A_Expr, s *scope) (expr.Expr, string, error) {
	equal, _, err := r.apply(a.Location, "=", a.Lexpr, a.Rexpr, s)
	if err != nil {
		return nil, "", err
	}
	both, _, err := r.all([]*pg_query.Node{a.Lexpr, a.Rexpr}, s)
	if err != nil {
		return nil, "", err
	}
	same := expr.Case{
		Whens: []expr.When{
			{
				Cond:   expr.Or{Args: []expr.Expr{expr.IsNull{Arg: both[0]}, expr.IsNull{Arg: both[1]}}},
				Result: expr.And{Args: []expr.Expr{expr.IsNull{Arg: both[0]}, expr.IsNull{Arg: both[1]}}},
			},
		},
		Else: equal,
	}
	if a.Kind == pg_query.A_Expr_Kind_AEXPR_NOT_DISTINCT {
		return same, typeBool, nil
	}
	return expr.Not{Arg: same}, typeBool, nil
}
