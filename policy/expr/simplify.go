package expr

import "slices"

// Simplify folds the boolean constants that binding leaves behind. It keeps SQL's three-valued logic: FALSE AND NULL is
// FALSE, TRUE OR NULL is TRUE, and nothing is folded that could be NULL.
func Simplify(e Expr) Expr { return Rewrite(e, simplifyNode) }

// IsTrue reports whether e is the constant TRUE.
func IsTrue(e Expr) bool { return isBool(e, "true") }

// IsFalse reports whether e is the constant FALSE.
func IsFalse(e Expr) bool { return isBool(e, "false") }

func isBool(e Expr, value string) bool {
	l, ok := e.(Literal)
	return ok && l.Type == "boolean" && !l.Null && l.Value == value
}

// simplifyNode folds one node whose children are folded. Nodes that are not about booleans come back as they are.
func simplifyNode(e Expr) Expr {
	switch v := e.(type) {
	case And:
		return junction(v.Args, IsTrue, IsFalse, True, False, flattenAnd, func(a []Expr) Expr { return And{Args: a} })
	case Or:
		return junction(v.Args, IsFalse, IsTrue, False, True, flattenOr, func(a []Expr) Expr { return Or{Args: a} })
	case Not:
		if IsTrue(v.Arg) {
			return False
		}
		if IsFalse(v.Arg) {
			return True
		}
	case In:
		if len(v.List) == 0 && v.Negate {
			return True
		}
		if len(v.List) == 0 {
			return False
		}
	case InSelect:
		// Nothing is in an empty set, NULL neither.
		if v.Query != nil && v.Query.Where != nil && IsFalse(v.Query.Where) && v.Negate {
			return True
		}
		if v.Query != nil && v.Query.Where != nil && IsFalse(v.Query.Where) {
			return False
		}
	case Case:
		return simplifyCase(v)
	case AttributeContains, Call, Cast, Column, CountOver, GroupsContain, HasAttribute, IsInGroups, IsNull, IsUsingPurpose, Keyed,
		Literal, Now, NullOf, Op, Pick, PurposesContain, Username, UsingAnyPurpose, ConditionFlag, KnownPerson:
		// Not about booleans.
	}
	return e
}

// junction folds AND and OR: neutral arguments are dropped, one absorbing argument decides.
func junction(args []Expr, neutral, absorbing func(Expr) bool, none, absorbed Expr, flatten func(Expr) []Expr, build func([]Expr) Expr) Expr {
	var out []Expr
	for _, a := range args {
		for _, a := range flatten(a) {
			if absorbing(a) {
				return absorbed
			}
			if !neutral(a) {
				out = append(out, a)
			}
		}
	}
	switch len(out) {
	case 0:
		return none
	case 1:
		return out[0]
	}
	return build(out)
}

func flattenAnd(e Expr) []Expr {
	if a, ok := e.(And); ok {
		return a.Args
	}
	return []Expr{e}
}

func flattenOr(e Expr) []Expr {
	if o, ok := e.(Or); ok {
		return o.Args
	}
	return []Expr{e}
}

// simplifyCase drops arms that cannot be reached. An arm that is always taken ends the list. A single value is not taken
// out of its CASE unless it is a boolean, because CASE decides the type of the others.
func simplifyCase(c Case) Expr {
	whens := slices.DeleteFunc(slices.Clone(c.Whens), func(w When) bool { return IsFalse(w.Cond) })
	otherwise := c.Else
	for i, w := range whens {
		if IsTrue(w.Cond) {
			whens, otherwise = whens[:i], w.Result
			break
		}
	}
	if len(whens) == 0 && (IsTrue(otherwise) || IsFalse(otherwise)) {
		return otherwise
	}
	if len(whens) == 0 {
		return c
	}
	return Case{Whens: whens, Else: otherwise}
}
