package policy

import (
	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy/expr"
)

// Times outside of these years read NULL under a round mask, and so do the infinities: near the ends of a type's range the
// start of a year or week may lie outside of it.
const (
	earliest = "0001-01-01"
	latest   = "9999-12-31"
)

// roundTime cuts a date or time to the start of its unit. The zone of a timestamp with time zone is always UTC: by choosing
// zones of their own, people could otherwise find out the exact time.
func roundTime(c catalog.Column, unit string) builtMask {
	t := typeOf(c)
	column := sourceColumn(c)
	name := expr.Literal{Type: "text", Value: unit}
	bound := func(day, clock string) expr.Expr {
		switch t.base {
		case "timestamp without time zone":
			day += " " + clock
		case "timestamp with time zone":
			day += " " + clock + "+00"
		}
		return expr.Literal{Type: expr.Type(t.base), Value: day}
	}
	var cut expr.Expr
	switch t.base {
	case "date":
		if unit == "day" || unit == "hour" || unit == "minute" {
			return fallback(c, "rounding to a %s would show every value of type %s as it is", unit, c.Type)
		}
		cut = call("date_trunc", name, expr.Cast{Arg: column, Type: "timestamp without time zone"})
	case "timestamp without time zone":
		cut = call("date_trunc", name, column)
	case "timestamp with time zone":
		cut = call("date_trunc", name, column, expr.Literal{Type: "text", Value: "UTC"})
	default:
		return fallback(c, "type %s cannot be rounded to a %s", c.Type, unit)
	}
	inRange := between(column, bound(earliest, "00:00:00"), bound(latest, "00:00:00"))
	return builtMask{kind: MaskRound, expr: expr.Cast{
		Arg: expr.Case{Whens: []expr.When{{Cond: inRange, Result: cut}}}, Type: t.full,
	}}
}
