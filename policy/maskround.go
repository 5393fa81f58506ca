package policy

import (
	"fmt"
	"math/big"
	"regexp"
	"strings"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy/expr"
)

// roundUnit is a unit of date_trunc that the round mask knows.
func roundUnit(to string) bool {
	switch to {
	case "minute", "hour", "day", "week", "month", "quarter", "year":
		return true
	}
	return false
}

var roundNumber = regexp.MustCompile(`^(?:[1-9][0-9]{0,14}(?:\.[0-9]{1,15})?|0\.[0-9]{1,15})$`)

func compileRoundMask(m *RoundMask) (maskMaker, error) {
	if roundUnit(m.To) {
		return byColumn(func(c catalog.Column) builtMask { return roundTime(c, m.To) }), nil
	}
	if !roundNumber.MatchString(m.To) || strings.Trim(m.To, "0.") == "" {
		return nil, fmt.Errorf("round.to is %q: it must be a positive number of at most 15 digits before and after the point, or minute, hour, day, week, month, quarter or year", m.To)
	}
	step, ok := new(big.Rat).SetString(m.To)
	if !ok {
		return nil, fmt.Errorf("round.to is %q, which is not a number", m.To)
	}
	return byColumn(func(c catalog.Column) builtMask { return roundToNumber(c, m.To, step) }), nil
}

// roundToNumber rounds to the nearest multiple of the step, halves away from zero. Where the nearest multiple could lie outside
// of the type, the value is rounded towards zero instead, which makes no value larger.
func roundToNumber(c catalog.Column, to string, step *big.Rat) builtMask {
	t := typeOf(c)
	limit, ok := t.roundLimit(step)
	switch {
	case t.base == "real" || t.base == "double precision":
		return roundFloat(c, t, to)
	case !t.isInteger() && t.base != "numeric":
		return fallback(c, "type %s cannot be rounded to a number", c.Type)
	case !ok:
		return fallback(c, "rounding to %s would show every value of type %s as it is, or one that does not fit", to, c.Type)
	}
	var number expr.Expr = sourceColumn(c)
	if t.base != "numeric" {
		number = expr.Cast{Arg: number, Type: "numeric"}
	}
	by := expr.Literal{Type: "numeric", Value: to}
	nearest := times(call("round", divided(number, by)), by)
	towardsZero := times(call("div", number, by), by)
	rounded := expr.Case{Whens: []expr.When{{Cond: between(number, negative(limit), limit), Result: nearest}}}
	if t.isInteger() || len(t.mods) > 0 {
		rounded.Else = towardsZero
	}
	return builtMask{kind: MaskRound, expr: expr.Cast{Arg: rounded, Type: t.full}}
}

// floatRange is the range in which floating-point values are rounded; the rest, infinities and NaN read NULL.
const floatRange = "1000000000000000"

// roundFloat goes through numeric, whose division cannot underflow.
func roundFloat(c catalog.Column, t columnType, to string) builtMask {
	bound := expr.Literal{Type: "double precision", Value: floatRange}
	low := expr.Literal{Type: "double precision", Value: "-" + floatRange}
	by := expr.Literal{Type: "numeric", Value: to}
	number := expr.Cast{Arg: sourceColumn(c), Type: "numeric"}
	return builtMask{kind: MaskRound, expr: expr.Cast{Arg: expr.Case{Whens: []expr.When{{
		Cond:   between(sourceColumn(c), low, bound),
		Result: times(call("round", divided(number, by)), by),
	}}}, Type: t.full}}
}

// roundLimit is the largest value whose nearest multiple of the step is sure to fit the type. It is false where the step is
// not coarser than the type's own.
func (t columnType) roundLimit(step *big.Rat) (expr.Literal, bool) {
	var largest, resolution *big.Rat
	one := big.NewRat(1, 1)
	switch {
	case t.isInteger():
		n := new(big.Int).Lsh(big.NewInt(1), uint(t.bits()-1))
		largest, resolution = new(big.Rat).Sub(new(big.Rat).SetInt(n), one), one
		if !step.IsInt() {
			return expr.Literal{}, false
		}
	case t.base == "numeric" && len(t.mods) == 0:
		// Without a precision a numeric has up to 131072 digits before the point (PostgreSQL manual, 8.1.2), and dividing
		// the longest by a fraction overflows.
		largest, resolution = new(big.Rat).SetInt(pow10(30)), new(big.Rat)
	case t.base == "numeric":
		scale := 0
		if len(t.mods) > 1 {
			scale = t.mods[1]
		}
		resolution = ratPow10(-scale)
		largest = new(big.Rat).Sub(ratPow10(t.mods[0]-scale), resolution)
	default:
		return expr.Literal{}, false
	}
	if step.Cmp(resolution) <= 0 {
		return expr.Literal{}, false
	}
	limit := new(big.Rat).Sub(largest, step)
	if limit.Sign() < 0 {
		limit = new(big.Rat)
	}
	return expr.Literal{Type: "numeric", Value: decimal(limit)}, true
}

// decimal prints a rational exactly as PostgreSQL reads it; all that occur have a finite decimal form.
func decimal(r *big.Rat) string {
	if r.IsInt() {
		return r.Num().String()
	}
	return strings.TrimRight(r.FloatString(1020), "0")
}

func pow10(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

func ratPow10(n int) *big.Rat {
	if n < 0 {
		return new(big.Rat).SetFrac(big.NewInt(1), pow10(-n))
	}
	return new(big.Rat).SetInt(pow10(n))
}

func negative(l expr.Literal) expr.Literal {
	if l.Value != "0" {
		l.Value = "-" + l.Value
	}
	return l
}

func call(name string, args ...expr.Expr) expr.Expr {
	return expr.Call{Func: expr.Name{Schema: "pg_catalog", Name: name}, Args: args}
}

func times(a, b expr.Expr) expr.Expr   { return expr.Op{Name: "*", Left: a, Right: b} }
func divided(a, b expr.Expr) expr.Expr { return expr.Op{Name: "/", Left: a, Right: b} }

// between is low <= e AND e <= high; it is not true for NULL and NaN.
func between(e, low, high expr.Expr) expr.Expr {
	return expr.And{Args: []expr.Expr{expr.Op{Name: ">=", Left: e, Right: low}, expr.Op{Name: "<=", Left: e, Right: high}}}
}
