package policy

import (
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/posternsql/postern/policy/expr"
)

// maxChoices bounds the values of a randomized mask.
const maxChoices = 200

// compileRandomized checks the mask that answers at random, the same way at every look.
func compileRandomized(m *RandomizedMask) (maskMaker, error) {
	domain, err := tokenDomain(m.Domain)
	if err != nil {
		return nil, err
	}
	switch {
	case countSet(len(m.Values) > 0, m.Noise != "") != 1:
		return nil, errors.New("randomized says exactly one of values and noise")
	case m.Noise != "" && m.Percent != 0:
		return nil, errors.New("randomized: percent goes with values")
	case m.Noise != "":
		return compileNoise(m.Noise, domain)
	case m.Percent < 1 || m.Percent > 100:
		return nil, fmt.Errorf("randomized.percent is %d: it must be from 1 to 100", m.Percent)
	case len(m.Values) < 2 || len(m.Values) > maxChoices:
		return nil, fmt.Errorf("randomized has %d values: it must have from 2 to %d", len(m.Values), maxChoices)
	}
	return func(at target) builtMask { return chosenMask(at, m, domain) }, nil
}

// drawFor is the draw of a mask on a column; refused says why there is none.
func drawFor(at target, domain, purpose string) (drawn expr.Expr, refused string) {
	value, ok := settledText(at.column)
	if !ok {
		return nil, fmt.Sprintf("the text form of type %s depends on settings", at.column.Type)
	}
	drawn, err := draw(at.table, domain, purpose+" "+at.column.Name, value)
	if err != nil {
		return nil, err.Error()
	}
	return drawn, ""
}

// chosenMask is, with the probability, one of the values, each with the same probability, and else the true value. The draw is NULL for
// a value or key that is NULL, and then so is the result.
func chosenMask(at target, m *RandomizedMask, domain string) builtMask {
	t := typeOf(at.column)
	for _, v := range m.Values {
		if !t.holds(v) {
			return fallback(at.column, "%q is not a value of type %s", v, at.column.Type)
		}
	}
	drawn, refused := drawFor(at, domain, "choice")
	if refused != "" {
		return builtMask{refused: "randomized: " + refused}
	}
	// Draws below the i-th bound take the i-th value; those above all bounds take the true one.
	var items []expr.Expr
	var bounds []string
	for i, v := range m.Values {
		items = append(items, expr.Literal{Type: t.full, Value: v})
		upTo := big.NewRat(int64(m.Percent)*int64(i+1), int64(len(m.Values)))
		bounds = append(bounds, share(upTo))
	}
	items = append(items, sourceColumn(at.column))
	bucket := call("width_bucket", drawn, expr.Literal{Type: "bigint[]", Value: "{" + strings.Join(bounds, ",") + "}"})
	index := expr.Op{Name: "+", Left: bucket, Right: integer(1)}
	return builtMask{kind: MaskRandomized, expr: expr.Cast{Arg: expr.Pick{Index: index, Items: items, Type: expr.Type(t.base)}, Type: t.full}}
}

// compileNoise checks the bound: a number, or a duration.
func compileNoise(bound, domain string) (maskMaker, error) {
	if roundNumber.MatchString(bound) && strings.Trim(bound, "0.") != "" {
		size, ok := new(big.Rat).SetString(bound)
		if !ok {
			return nil, fmt.Errorf("randomized.noise is %q, which is not a number", bound)
		}
		return func(at target) builtMask { return numberNoise(at, size, domain) }, nil
	}
	length, err := parseDuration(bound)
	if err != nil {
		return nil, fmt.Errorf("randomized.noise is %q: it must be a positive number of at most 15 digits before and after the point, or a duration such as 30d", bound)
	}
	if length.seconds() > 100*365*86400 {
		return nil, fmt.Errorf("randomized.noise is %q: it must be at most 100 years", bound)
	}
	return func(at target) builtMask { return timeNoise(at, length, domain) }, nil
}

// steps is a whole number from -n to n, each with the same probability: floor(draw * (2n+1) / 2^53) - n.
func steps(drawn expr.Expr, n *big.Int) expr.Expr {
	number := func(i *big.Int) expr.Expr { return expr.Literal{Type: "numeric", Value: i.String()} }
	odd := new(big.Int).Add(new(big.Int).Lsh(n, 1), big.NewInt(1))
	scaled := times(expr.Cast{Arg: drawn, Type: "numeric"}, number(odd))
	all := number(new(big.Int).Lsh(big.NewInt(1), drawBits))
	return expr.Op{Name: "-", Left: call("div", scaled, all), Right: number(n)}
}

// numberNoise adds noise in steps of the type's own resolution, or of a millionth of the bound where it has none; the value is rounded to a step
// first, so that its last digits tell nothing. Values near the ends of the type read NULL.
func numberNoise(at target, size *big.Rat, domain string) builtMask {
	c, t := at.column, typeOf(at.column)
	unit := new(big.Rat).Quo(size, new(big.Rat).SetInt(pow10(6)))
	limit := new(big.Rat).SetInt(pow10(15))
	switch {
	case t.isInteger():
		n := new(big.Int).Lsh(big.NewInt(1), uint(t.bits()-1))
		unit, limit = big.NewRat(1, 1), new(big.Rat).Sub(new(big.Rat).SetInt(n), big.NewRat(1, 1))
	case t.base == "numeric" && len(t.mods) > 0:
		scale := 0
		if len(t.mods) > 1 {
			scale = t.mods[1]
		}
		unit = ratPow10(-scale)
		limit = new(big.Rat).Sub(ratPow10(t.mods[0]-scale), unit)
	case t.base == "numeric", t.base == "real", t.base == "double precision":
	default:
		return fallback(c, "a number cannot be added to type %s", c.Type)
	}
	count := new(big.Rat).Quo(size, unit)
	n := new(big.Int).Quo(count.Num(), count.Denom())
	limit.Sub(limit, new(big.Rat).Add(size, unit))
	if n.Sign() == 0 || limit.Sign() <= 0 {
		return fallback(c, "noise of %s does not fit type %s", size.FloatString(15), c.Type)
	}
	drawn, refused := drawFor(at, domain, "noise")
	if refused != "" {
		return builtMask{refused: "randomized: " + refused}
	}
	by := expr.Literal{Type: "numeric", Value: decimal(unit)}
	number := expr.Cast{Arg: sourceColumn(c), Type: "numeric"}
	noisy := times(expr.Op{Name: "+", Left: call("round", divided(number, by)), Right: steps(drawn, n)}, by)
	inRange := between(number, negative(expr.Literal{Type: "numeric", Value: decimal(limit)}), expr.Literal{Type: "numeric", Value: decimal(limit)})
	return builtMask{kind: MaskRandomized, expr: expr.Cast{Arg: expr.Case{Whens: []expr.When{{Cond: inRange, Result: noisy}}}, Type: t.full}}
}

// timeNoise adds days to dates, and microseconds to timestamps. Outside of the years 200 to 9800 the result is NULL.
func timeNoise(at target, length duration, domain string) builtMask {
	c, t := at.column, typeOf(at.column)
	column := sourceColumn(c)
	var add func(drawn expr.Expr) expr.Expr
	var low, high string
	switch t.base {
	case "date":
		days := length.seconds() / 86400
		if days == 0 {
			return fallback(c, "noise of less than a day would show every value of type %s as it is", c.Type)
		}
		low, high = "0200-01-01", "9800-01-01"
		add = func(drawn expr.Expr) expr.Expr {
			return expr.Op{Name: "+", Left: column, Right: expr.Cast{Arg: steps(drawn, big.NewInt(int64(days))), Type: "integer"}}
		}
	case "timestamp without time zone", "timestamp with time zone":
		low, high = "0200-01-01 00:00:00", "9800-01-01 00:00:00"
		if t.base == "timestamp with time zone" {
			low, high = low+"+00", high+"+00"
		}
		add = func(drawn expr.Expr) expr.Expr {
			count := expr.Cast{Arg: steps(drawn, big.NewInt(int64(length.seconds())*1_000_000)), Type: "double precision"}
			return expr.Op{Name: "+", Left: column, Right: times(count, expr.Literal{Type: "interval", Value: "00:00:00.000001"})}
		}
	default:
		return fallback(c, "a time cannot be added to type %s", c.Type)
	}
	drawn, refused := drawFor(at, domain, "noise")
	if refused != "" {
		return builtMask{refused: "randomized: " + refused}
	}
	bound := func(day string) expr.Expr { return expr.Literal{Type: expr.Type(t.base), Value: day} }
	return builtMask{kind: MaskRandomized, expr: expr.Cast{
		Arg: expr.Case{Whens: []expr.When{{Cond: between(column, bound(low), bound(high)), Result: add(drawn)}}}, Type: t.full,
	}}
}
