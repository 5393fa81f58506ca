package expr

import "fmt"

// Rewrite returns e with every node replaced by f, from the leaves up; nodes inside sub-selects too. f must return a
// node. Nodes that did not change are copied, never altered in place. An Expr of a type that is not of this package's set
// is a panic: it cannot be made outside of it.
func Rewrite(e Expr, f func(Expr) Expr) Expr {
	switch v := e.(type) {
	case nil:
		return nil
	case Literal, Column, HasAttribute, IsInGroups, IsUsingPurpose, Username, UsingAnyPurpose, NullOf, Now, CountOver, ConditionFlag, KnownPerson:
		return f(v)
	case Call:
		v.Args = rewriteAll(v.Args, f)
		return f(v)
	case Keyed:
		v.Arg = Rewrite(v.Arg, f)
		return f(v)
	case Pick:
		v.Index, v.Items = Rewrite(v.Index, f), rewriteAll(v.Items, f)
		return f(v)
	case Op:
		v.Left, v.Right = Rewrite(v.Left, f), Rewrite(v.Right, f)
		return f(v)
	case And:
		v.Args = rewriteAll(v.Args, f)
		return f(v)
	case Or:
		v.Args = rewriteAll(v.Args, f)
		return f(v)
	case Not:
		v.Arg = Rewrite(v.Arg, f)
		return f(v)
	case IsNull:
		v.Arg = Rewrite(v.Arg, f)
		return f(v)
	case Cast:
		v.Arg = Rewrite(v.Arg, f)
		return f(v)
	case Case:
		return f(rewriteCase(v, f))
	case In:
		v.Arg, v.List = Rewrite(v.Arg, f), rewriteAll(v.List, f)
		return f(v)
	case InSelect:
		v.Arg, v.Query = Rewrite(v.Arg, f), rewriteSelect(v.Query, f)
		return f(v)
	case AttributeContains:
		v.Arg = Rewrite(v.Arg, f)
		return f(v)
	case GroupsContain:
		v.Arg = Rewrite(v.Arg, f)
		return f(v)
	case PurposesContain:
		v.Arg = Rewrite(v.Arg, f)
		return f(v)
	}
	panic(fmt.Sprintf("expr: rewriting a %T", e))
}

// Walk calls f for every node, leaves first.
func Walk(e Expr, f func(Expr)) {
	Rewrite(e, func(e Expr) Expr {
		f(e)
		return e
	})
}

func rewriteAll(list []Expr, f func(Expr) Expr) []Expr {
	out := make([]Expr, len(list))
	for i, e := range list {
		out[i] = Rewrite(e, f)
	}
	return out
}

func rewriteCase(c Case, f func(Expr) Expr) Case {
	out := Case{Whens: make([]When, len(c.Whens)), Else: Rewrite(c.Else, f)}
	for i, w := range c.Whens {
		out.Whens[i] = When{Cond: Rewrite(w.Cond, f), Result: Rewrite(w.Result, f)}
	}
	return out
}

func rewriteSelect(s *Select, f func(Expr) Expr) *Select {
	if s == nil {
		return nil
	}
	out := &Select{Target: Rewrite(s.Target, f), From: make([]Relation, len(s.From)), Where: Rewrite(s.Where, f)}
	for i, r := range s.From {
		r.On = Rewrite(r.On, f)
		out.From[i] = r
	}
	return out
}
