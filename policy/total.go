package policy

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy/expr"
	"github.com/posternsql/postern/policy/sqlparse"
)

// What stands in a mask must not be able to raise an error, whatever the row holds: an error would speak about a value that is hidden. That is
// proven by a closed set: every part of the expression must be on the lists below, with operands that it cannot fail on.

const (
	// maxTextBytes bounds the text that an expression can make: far below what a value may hold (1 GB).
	maxTextBytes = 256_000_000
	// maxNumberDigits bounds the digits of a number that an expression can make: far below those of numeric (131072).
	maxNumberDigits = 10_000
	// maxFloatDigits bounds the digits of a number that becomes a floating-point number: below those of real.
	maxFloatDigits = 37
)

// total names the first part of an expression that could raise an error.
func total(e expr.Expr) error {
	t := totality{}
	expr.Walk(e, t.node)
	return t.err
}

// provenTotal is total, and refuses columns of collations under which text functions raise an error.
func provenTotal(resolved sqlparse.Resolved, source *catalog.Table) (err error) {
	tables := append([]*catalog.Table{source}, resolved.Reads...)
	expr.Walk(resolved.Expr, func(e expr.Expr) {
		c, ok := e.(expr.Column)
		if !ok {
			return
		}
		for _, t := range tables {
			if column, found := t.Column(c.Name); found && column.Nondeterministic {
				err = fmt.Errorf("column %s has a collation under which text functions can fail", c.Name)
			}
		}
	})
	if err != nil {
		return err
	}
	return total(resolved.Expr)
}

type totality struct {
	err error
	// rows is set for a row rule, of which parts without columns are the same for every row; plain are types of columns of which it is known
	// that they compare without fail.
	rows  bool
	plain map[expr.Type]bool
}

func (t *totality) refuse(format string, args ...any) {
	if t.err == nil {
		t.err = fmt.Errorf(format, args...)
	}
}

func (t *totality) node(e expr.Expr) {
	if t.rows && fixed(e) {
		return
	}
	switch v := e.(type) {
	case expr.Literal:
		t.literal(v)
	case expr.Op:
		t.operator(v)
		t.size("operator "+v.Name, v)
	case expr.Call:
		t.call(v)
		t.size("function "+v.Func.Name, v)
	case expr.Cast:
		t.cast(v)
	case expr.In:
		for _, item := range v.List {
			t.comparison("IN", v.Arg, item)
		}
	case expr.InSelect:
		t.comparison("IN", v.Arg, v.Query.Target)
	case expr.Column, expr.And, expr.Or, expr.Not, expr.IsNull, expr.Case, expr.Now, expr.NullOf, expr.Username,
		expr.AttributeContains, expr.GroupsContain, expr.PurposesContain, expr.HasAttribute, expr.IsInGroups, expr.IsUsingPurpose, expr.UsingAnyPurpose:
		// Total by themselves; the values that @functions compare are of types whose text form is settled.
	case expr.Keyed, expr.Pick, expr.CountOver, expr.ConditionFlag, expr.KnownPerson:
		t.refuse("%T cannot stand in an expression of an author's", v)
	}
}

// size refuses what could make a value that is too large.
func (t *totality) size(what string, e expr.Expr) {
	if textBound(e) > maxTextBytes || digitBound(e) > maxNumberDigits {
		t.refuse("%s can make a value that is too large", what)
	}
}

// literal refuses constants that the server might not be able to read.
func (t *totality) literal(l expr.Literal) {
	if l.Null || l.Type == "" {
		return
	}
	typ := typeOfName(l.Type)
	if typ.base == "jsonb" && readableJSON(l.Value) {
		return
	}
	midnight := typ.base == "timestamp without time zone" && isTime("2006-01-02", l.Value)
	if typ.base == "interval" || typ.isText() || midnight || typ.holds(l.Value) {
		return
	}
	t.refuse("the constant '%s' of type %s is not in a form that is sure to be read", l.Value, l.Type)
}

func (t *totality) operator(o expr.Op) {
	switch o.Name {
	case "=", "<>", "<", "<=", ">", ">=":
		t.comparison("operator "+o.Name, o.Left, o.Right)
	case "~~", "!~~", "~~*", "!~~*":
		pattern, escape, ok := likePattern(o.Right)
		if !ok || escapesEnd(pattern, escape) || len(pattern) > maxPattern || !textLike(o.Left) {
			t.refuse("LIKE can fail unless its pattern is a constant of at most %d bytes that does not end in a single backslash", maxPattern)
		}
	case "~", "!~", "~*", "!~*":
		t.matches(o)
	case "/", "%":
		t.remainder(o)
	case "->", "->>", "@>", "<@":
		t.inside(o)
	case "||":
		if !textLike(o.Left) || !textLike(o.Right) {
			t.refuse("operator || may join text only: cast the other operand to text")
		}
	case "+", "-", "*":
		left, right := baseOf(o.Left), baseOf(o.Right)
		if o.Left == nil {
			left = right
		}
		if left != "numeric" && right != "numeric" || digitBound(o) > maxNumberDigits {
			t.refuse("operator %s on %s and %s can overflow: cast an operand to numeric(precision, scale)%s", o.Name, unclear(left), unclear(right),
				map[bool]string{true: ", or compute on the side of the comparison that has no columns"}[t.rows])
		}
	default:
		t.refuse("operator %s can fail, or it is not known that it cannot", o.Name)
	}
}

// comparison refuses operands of types of which it is not known how they compare.
func (t *totality) comparison(what string, a, b expr.Expr) {
	for _, e := range []expr.Expr{a, b} {
		if !t.compares(e) && (!t.rows || !fixed(e)) {
			t.refuse("%s compares a value whose type is not known not to fail", what)
			return
		}
	}
	// Beside a floating-point number a numeric becomes one, for which it may be too large.
	for _, pair := range [][2]expr.Expr{{a, b}, {b, a}} {
		if base := baseOf(pair[0]); (base == "real" || base == "double precision") && baseOf(pair[1]) == "numeric" && digitBound(pair[1]) > maxFloatDigits {
			t.refuse("%s of a floating-point number and a numeric of unbounded size can fail", what)
		}
	}
}

func (t *totality) cast(c expr.Cast) {
	from, to := typeOfName(expr.Type(baseOf(c.Arg))), typeOfName(c.Type)
	if lit, ok := c.Arg.(expr.Literal); ok && (lit.Null || lit.Type == "" && (to.isText() || to.holds(lit.Value))) {
		return
	}
	switch {
	case from.base == "" && to.isText() && t.plain[typeNameOf(c.Arg)]:
		return
	case from.base == "":
	case to.isText() && from.base == "jsonb":
		return
	case to.isText():
		if from.isText() || from.isInteger() || from.base == "numeric" || from.base == "boolean" || from.base == "uuid" {
			return
		}
	case from.isInteger() && to.isInteger() && from.bits() <= to.bits():
		return
	case to.base == "numeric" && len(to.mods) == 0 && (from.isInteger() || from.base == "numeric"):
		return
	case to.base == "numeric" && len(to.mods) == 2 && to.mods[1] >= 0 && digitBound(c.Arg) <= to.mods[0]-to.mods[1]:
		return
	case from.base == "timestamp without time zone" && to.base == "date", from.base == to.base && len(to.mods) == 0:
		return
	}
	t.refuse("a cast of %s to %s can fail", unclear(from.base), c.Type)
}

func unclear(base string) string {
	if base == "" {
		return "a type that cannot be told"
	}
	return base
}

// call lets the functions through that cannot fail on their operands.
func (t *totality) call(c expr.Call) {
	name, args := c.Func.Name, c.Args
	check := func(ok bool) {
		if !ok {
			t.refuse("function %s can fail on these operands", name)
		}
	}
	switch name {
	case "lower", "upper", "initcap", "btrim", "ltrim", "rtrim", "length", "char_length", "character_length", "octet_length", "reverse",
		"md5", "strpos", "position", "starts_with", "translate":
		check(allText(args))
	case "replace":
		_, literal := args[2].(expr.Literal)
		check(allText(args) && literal)
	case "left", "right":
		_, ok := constantInteger(args[1], -1_000_000, 1_000_000)
		check(textLike(args[0]) && ok)
	case "substr", "substring":
		ok := textLike(args[0])
		for i, low := range []int{-1_000_000, 0} {
			if len(args) > i+1 {
				_, constant := constantInteger(args[i+1], low, 1_000_000)
				ok = ok && constant
			}
		}
		check(ok && len(args) >= 2)
	case "lpad", "rpad", "repeat":
		_, ok := constantInteger(args[1], 0, 1_000)
		check(textLike(args[0]) && ok && (len(args) < 3 || textLike(args[2])))
	case "split_part":
		_, ok := constantInteger(args[2], 1, 1_000)
		check(textLike(args[0]) && textLike(args[1]) && ok)
	case "abs", "ceil", "ceiling", "floor", "sign", "round", "trunc":
		ok := baseOf(args[0]) == "numeric"
		if len(args) == 2 {
			_, constant := constantInteger(args[1], -1_000, 1_000)
			ok = ok && constant
		}
		check(ok)
	case "div", "mod":
		ok := baseOf(args[0]) == "numeric" || baseOf(args[1]) == "numeric"
		check(ok && nonZero(args[1]))
	case "extract", "date_part":
		check(extractable(args))
	case "like_escape":
		// Judged with the operator that it is for.
	default:
		t.refuse("function %s can fail, or it is not known that it cannot", name)
	}
}

// extractable is a field that every value of the type has.
func extractable(args []expr.Expr) bool {
	field, ok := args[0].(expr.Literal)
	if !ok || len(args) != 2 {
		return false
	}
	switch field.Value {
	case "year", "quarter", "month", "week", "day", "dow", "doy":
		return baseOf(args[1]) == "date" || baseOf(args[1]) == "timestamp without time zone"
	case "hour", "minute":
		return baseOf(args[1]) == "timestamp without time zone"
	}
	return false
}

func constantInteger(e expr.Expr, low, high int) (int, bool) {
	sign := 1
	if o, ok := e.(expr.Op); ok && o.Left == nil && o.Name == "-" {
		sign, e = -1, o.Right
	}
	l, ok := e.(expr.Literal)
	n, err := strconv.Atoi(l.Value)
	return sign * n, ok && !l.Null && l.Type == "integer" && err == nil && sign*n >= low && sign*n <= high
}

func nonZero(e expr.Expr) bool {
	l, ok := e.(expr.Literal)
	return ok && !l.Null && typeOfName(l.Type).holds(l.Value) && strings.Trim(l.Value, "-0.") != ""
}

func textLike(e expr.Expr) bool {
	l, ok := e.(expr.Literal)
	return ok && l.Type == "" || typeOfName(expr.Type(baseOf(e))).isText()
}

func allText(args []expr.Expr) bool {
	for _, a := range args {
		if !textLike(a) {
			return false
		}
	}
	return true
}
