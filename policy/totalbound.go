package policy

import (
	"strings"

	"github.com/posternsql/postern/policy/expr"
)

// baseOf is the type of an expression without modifiers, as far as total wants to know it; "" if it cannot be told. A constant in quotes is
// text.
func baseOf(e expr.Expr) string {
	switch v := e.(type) {
	case expr.Literal:
		if v.Type == "" {
			return "text"
		}
		return typeOfName(v.Type).base
	case expr.Column:
		return typeOfName(v.Type).base
	case expr.Cast:
		return typeOfName(v.Type).base
	case expr.Call:
		return callBase(v)
	case expr.Op:
		return operatorBase(v)
	case expr.Case:
		return caseBase(v)
	case expr.Username:
		return "text"
	case expr.Now:
		return "timestamp with time zone"
	case expr.And, expr.Or, expr.Not, expr.IsNull, expr.In, expr.InSelect, expr.AttributeContains, expr.GroupsContain, expr.PurposesContain,
		expr.HasAttribute, expr.IsInGroups, expr.IsUsingPurpose, expr.UsingAnyPurpose, expr.ConditionFlag, expr.KnownPerson:
		return "boolean"
	case expr.Keyed, expr.Pick, expr.CountOver, expr.NullOf:
	}
	return ""
}

func callBase(c expr.Call) string {
	switch c.Func.Name {
	case "length", "char_length", "character_length", "octet_length", "strpos", "position":
		return "integer"
	case "starts_with":
		return "boolean"
	case "abs", "ceil", "ceiling", "floor", "sign", "round", "trunc", "div", "mod", "extract":
		return "numeric"
	case "date_part":
		return "double precision"
	case "lower", "upper", "initcap", "btrim", "ltrim", "rtrim", "reverse", "md5", "translate", "replace", "left", "right", "substr", "substring",
		"lpad", "rpad", "repeat", "split_part":
		return "text"
	}
	return ""
}

func operatorBase(o expr.Op) string {
	switch o.Name {
	case "=", "<>", "<", "<=", ">", ">=", "~~", "!~~", "~~*", "!~~*", "~", "!~", "~*", "!~*", "@>", "<@":
		return "boolean"
	case "||", "->>":
		return "text"
	case "->":
		return baseOf(o.Left)
	case "/", "%":
		if baseOf(o.Left) == "numeric" || baseOf(o.Right) == "numeric" {
			return "numeric"
		}
		return "bigint"
	case "+", "-", "*":
		if o.Left == nil {
			return baseOf(o.Right)
		}
		if baseOf(o.Left) == "numeric" || baseOf(o.Right) == "numeric" {
			return "numeric"
		}
	}
	return ""
}

// caseBase is the one type of all results that are not NULL, or text for several kinds of text.
func caseBase(c expr.Case) string {
	out := ""
	results := []expr.Expr{c.Else}
	for _, w := range c.Whens {
		results = append(results, w.Result)
	}
	for _, r := range results {
		if l, ok := r.(expr.Literal); r == nil || ok && l.Null {
			continue
		}
		base := baseOf(r)
		switch {
		case base == "":
			return ""
		case out == "" || out == base:
			out = base
		case typeOfName(expr.Type(out)).isText() && typeOfName(expr.Type(base)).isText():
			out = "text"
		default:
			return ""
		}
	}
	return out
}

// textBound is the most bytes that a text expression can have, 0 for what is no text. Columns without a length are held to a megabyte by
// guarded.
func textBound(e expr.Expr) int {
	switch v := e.(type) {
	case expr.Literal:
		return len(v.Value)
	case expr.Column:
		t := typeOfName(v.Type)
		switch {
		case !t.isText():
			return 1_000
		case len(t.mods) == 1:
			return min(4*t.mods[0], maxRegexBytes)
		}
		return maxRegexBytes
	case expr.Cast:
		return textBound(v.Arg)
	case expr.Op:
		switch v.Name {
		case "||":
			return capped(textBound(v.Left) + textBound(v.Right))
		case "->", "->>":
			return maxRegexBytes
		}
		return 0
	case expr.Case:
		most := textBound(v.Else)
		for _, w := range v.Whens {
			most = max(most, textBound(w.Result))
		}
		return most
	case expr.Call:
		return callBound(v)
	case expr.Username:
		return 1_000
	case expr.And, expr.Or, expr.Not, expr.IsNull, expr.In, expr.InSelect, expr.AttributeContains, expr.GroupsContain, expr.PurposesContain,
		expr.HasAttribute, expr.IsInGroups, expr.IsUsingPurpose, expr.UsingAnyPurpose, expr.ConditionFlag, expr.KnownPerson, expr.Now:
		return 0
	case expr.Keyed, expr.Pick, expr.CountOver, expr.NullOf:
	}
	if e == nil {
		return 0
	}
	// Nothing is known of it, so nothing bounds it.
	return maxTextBytes + 1
}

// capped keeps sums and products from overflowing.
func capped(n int) int { return min(n, 1<<40) }

func callBound(c expr.Call) int {
	if callBase(c) != "text" || len(c.Args) == 0 {
		return 0
	}
	first := textBound(c.Args[0])
	switch c.Func.Name {
	case "lower", "upper", "initcap":
		// A character can become three.
		return capped(3 * first)
	case "replace":
		return capped(first * max(1, textBound(c.Args[len(c.Args)-1])))
	case "translate":
		return capped(4 * first)
	case "left", "right":
		if n, ok := constantInteger(c.Args[1], 0, 1_000_000); ok {
			return min(first, 4*n)
		}
	case "repeat":
		if n, ok := constantInteger(c.Args[1], 0, 1_000); ok {
			return capped(n * first)
		}
		return capped(1_000 * first)
	case "lpad", "rpad":
		return 4_000
	case "md5":
		return 32
	}
	return first
}

// digitBound is the most digits that a number can have, before and after the point together.
func digitBound(e expr.Expr) int {
	const unbounded = maxNumberDigits + 1
	switch v := e.(type) {
	case nil:
		return 0
	case expr.Literal:
		return len(strings.Trim(v.Value, "-."))
	case expr.Column, expr.Cast:
		return typeDigits(v)
	case expr.Op:
		switch v.Name {
		case "*":
			return capped(digitBound(v.Left) + digitBound(v.Right))
		case "+", "-":
			return capped(digitBound(v.Left) + digitBound(v.Right) + 1)
		case "/", "%":
			// A quotient has up to 20 digits after those of its operands (PostgreSQL: select_div_scale).
			return capped(digitBound(v.Left) + digitBound(v.Right) + 20)
		}
		return 0
	case expr.Call:
		switch c := v; c.Func.Name {
		case "abs", "ceil", "ceiling", "floor", "sign", "trunc":
			return digitBound(c.Args[0])
		case "round":
			return digitBound(c.Args[0]) + 1
		case "div", "mod":
			return capped(digitBound(c.Args[0]) + digitBound(c.Args[1]))
		case "extract":
			return 20
		case "length", "char_length", "character_length", "octet_length", "strpos", "position":
			return 10
		}
		return 0
	case expr.Case:
		most := digitBound(v.Else)
		for _, w := range v.Whens {
			most = max(most, digitBound(w.Result))
		}
		return most
	case expr.And, expr.Or, expr.Not, expr.IsNull, expr.In, expr.InSelect, expr.AttributeContains, expr.GroupsContain, expr.PurposesContain,
		expr.HasAttribute, expr.IsInGroups, expr.IsUsingPurpose, expr.UsingAnyPurpose, expr.ConditionFlag, expr.KnownPerson, expr.Now,
		expr.Username:
		return 0
	case expr.Keyed, expr.Pick, expr.CountOver, expr.NullOf:
	}
	// Nothing is known of it, so nothing bounds it.
	return unbounded
}

// typeDigits is what the type of a column or cast allows.
func typeDigits(e expr.Expr) int {
	name := expr.Type("")
	switch v := e.(type) { //nolint:gochecksumtype // digitBound asks for these two
	case expr.Column:
		name = v.Type
	case expr.Cast:
		name = v.Type
	}
	t := typeOfName(name)
	switch {
	case t.isInteger():
		return map[int]int{16: 5, 32: 10, 64: 19}[t.bits()]
	case t.base == "numeric" && len(t.mods) == 0:
		if c, ok := e.(expr.Cast); ok {
			return digitBound(c.Arg)
		}
		return maxNumberDigits + 1
	case t.base == "numeric":
		if len(t.mods) > 1 && t.mods[1] < 0 {
			return t.mods[0] - t.mods[1]
		}
		return t.mods[0]
	}
	return 0
}
