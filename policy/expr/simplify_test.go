package expr

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// truth is SQL's three-valued logic.
type truth int

const (
	no truth = iota
	unknown
	yes
)

// value evaluates a boolean expression under SQL's rules; the columns a, b and c have the given values.
func value(t *rapid.T, e Expr, columns map[string]truth) truth {
	switch v := e.(type) {
	case Literal:
		return map[string]truth{"true": yes, "false": no, "": unknown}[v.Value]
	case Column:
		return columns[v.Name]
	case And:
		out := yes
		for _, a := range v.Args {
			out = min(out, value(t, a, columns))
		}
		return out
	case Or:
		out := no
		for _, a := range v.Args {
			out = max(out, value(t, a, columns))
		}
		return out
	case Not:
		return yes - value(t, v.Arg, columns)
	case In:
		if len(v.List) == 0 && v.Negate {
			return yes
		}
		return no
	case Case:
		for _, w := range v.Whens {
			if value(t, w.Cond, columns) == yes {
				return value(t, w.Result, columns)
			}
		}
		if v.Else == nil {
			return unknown
		}
		return value(t, v.Else, columns)
	}
	t.Fatalf("no value for %T", e)
	return no
}

func genExpr(t *rapid.T, depth int) Expr {
	kind := rapid.IntRange(0, 8).Draw(t, "kind")
	if depth == 0 {
		kind %= 4
	}
	several := func() []Expr {
		out := make([]Expr, rapid.IntRange(0, 3).Draw(t, "n"))
		for i := range out {
			out[i] = genExpr(t, depth-1)
		}
		return out
	}
	switch kind {
	case 0:
		return True
	case 1:
		return False
	case 2:
		return Literal{Type: "boolean", Null: true}
	case 4:
		return And{Args: several()}
	case 5:
		return Or{Args: several()}
	case 6:
		return Not{Arg: genExpr(t, depth-1)}
	case 7:
		return In{Arg: Column{Name: "a"}, Negate: rapid.Bool().Draw(t, "negate")}
	case 8:
		c := Case{Whens: []When{{genExpr(t, depth-1), genExpr(t, depth-1)}, {genExpr(t, depth-1), genExpr(t, depth-1)}}}
		if rapid.Bool().Draw(t, "else") {
			c.Else = genExpr(t, depth-1)
		}
		return c
	}
	return Column{Name: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "column"), Type: "boolean"}
}

// TestSimplifyKeepsThreeValuedLogic holds that folding never changes whether an expression is true, false or NULL.
func TestSimplifyKeepsThreeValuedLogic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := genExpr(t, 4)
		before := fmt.Sprintf("%#v", e)
		simple := Simplify(e)
		if fmt.Sprintf("%#v", e) != before {
			t.Fatal("the expression was changed in place")
		}
		for i := range 27 {
			columns := map[string]truth{"a": truth(i % 3), "b": truth(i / 3 % 3), "c": truth(i / 9)}
			if was, is := value(t, e, columns), value(t, simple, columns); was != is {
				t.Fatalf("%#v\nbecame\n%#v\nwhich is %d, not %d, under %v", e, simple, is, was, columns)
			}
		}
	})
}
