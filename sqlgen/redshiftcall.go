package sqlgen

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/posternsql/postern/policy/expr"
)

// call prints the functions that are documented to mean the same on Redshift, or the expression that does.
func (r *redshift) call(c expr.Call) typed {
	name := c.Func.Name
	if c.Func.Schema != "pg_catalog" {
		return r.refuse("function %s.%s", c.Func.Schema, name)
	}
	switch name {
	case "timezone":
		return r.timezone(c.Args)
	case "date_trunc":
		return r.dateTrunc(c.Args)
	case "extract", "date_part":
		return r.extract(c.Args)
	case "regexp_replace":
		return r.regexpReplace(c.Args)
	case "round", "trunc", "div", "abs", "ceil", "ceiling", "floor":
		return r.rounding(name, c.Args)
	case "lower", "upper", "btrim", "ltrim", "rtrim", "length", "char_length", "character_length", "octet_length", "reverse", "md5", "strpos",
		"translate", "replace", "left", "right", "substr", "substring", "lpad", "rpad", "repeat", "split_part":
		return r.textCall(name, c.Args)
	}
	return r.refuse("function %s is not known to mean the same on Redshift", name)
}

// timezone crosses between timestamps with and without a zone, by UTC alone.
func (r *redshift) timezone(args []expr.Expr) typed {
	if len(args) != 2 || r.constant("a time zone", args[0]) != "UTC" {
		return r.refuse("a time zone other than UTC")
	}
	at := r.expr(args[1])
	switch at.base {
	case typeTimestamp:
		return typed{sql: inUTC(at.sql), base: typeTimestampTZ}
	case typeTimestampTZ:
		return typed{sql: inUTC(at.sql), base: typeTimestamp}
	}
	return r.refuse("a time zone for %s", at)
}

func (r *redshift) dateTrunc(args []expr.Expr) typed {
	if len(args) < 2 || len(args) > 3 {
		return r.refuse("date_trunc with %d arguments", len(args))
	}
	unit := r.constant("a unit", args[0])
	switch unit {
	case "minute", "hour", "day", "week", "month", "quarter", "year":
	default:
		return r.refuse("date_trunc to %q", unit)
	}
	at := r.expr(args[1])
	sql := at.sql
	switch {
	case at.base == typeTimestamp && len(args) == 2:
		return typed{sql: "date_trunc('" + unit + "', " + sql + ")", base: typeTimestamp}
	case at.base == typeTimestampTZ && len(args) == 3 && r.constant("a time zone", args[2]) == "UTC":
		return typed{sql: inUTC("date_trunc('" + unit + "', " + inUTC(sql) + ")"), base: typeTimestampTZ}
	}
	return r.refuse("date_trunc over %s, other than in UTC", at)
}

// extract prints fields that are whole numbers. Seconds since 1970 are whole there, and so they are printed for dates alone.
func (r *redshift) extract(args []expr.Expr) typed {
	if len(args) != 2 {
		return r.refuse("extract with %d arguments", len(args))
	}
	field, at := r.constant("a field", args[0]), r.expr(args[1])
	switch field {
	case "year", "quarter", "month", "week", "day", "dow", "doy":
		if at.base == typeDate || at.base == typeTimestamp {
			return typed{sql: "extract(" + field + " FROM " + at.sql + ")", base: "integer", whole: true}
		}
	case "hour", "minute":
		if at.base == typeTimestamp {
			return typed{sql: "extract(" + field + " FROM " + at.sql + ")", base: "integer", whole: true}
		}
	case "epoch":
		if at.base == typeDate {
			return typed{sql: "(datediff(day, CAST('1970-01-01' AS date), " + at.sql + ") * 86400)", base: "bigint", whole: true}
		}
		return r.refuse("extract(epoch) of %s: Redshift's has no fractions of a second", at)
	}
	return r.refuse("extract(%s) of %s", field, at)
}

// rounding prints the functions that make a number whole; the result is cast to a numeric without a fraction, which it fits.
func (r *redshift) rounding(name string, args []expr.Expr) typed {
	if name == "div" && len(args) == 2 {
		args = []expr.Expr{expr.Op{Name: "/", Left: expr.Cast{Arg: args[0], Type: "numeric"}, Right: expr.Cast{Arg: args[1], Type: "numeric"}}}
		name = "trunc"
	}
	if len(args) != 1 {
		return r.refuse("function %s with %d arguments", name, len(args))
	}
	arg := r.expr(args[0])
	if arg.base != "numeric" {
		return r.refuse("function %s over %s", name, arg)
	}
	sql := name + "(" + arg.sql + ")"
	switch name {
	case "abs":
		arg.sql = sql
		return arg
	case "ceiling":
		sql = "ceil(" + arg.sql + ")"
	}
	// One digit more than before the point: rounding 9.9 gives 10.
	out := r.numeric("function "+name, typed{base: "numeric", p: min(maxPrecision, max(1, arg.p-arg.s+1)), whole: true})
	out.sql = "CAST(" + sql + " AS " + out.String() + ")"
	return out
}

// textCall prints a function over text whose result cannot be longer than a text may be.
func (r *redshift) textCall(name string, args []expr.Expr) typed {
	t := make([]typed, len(args))
	sql := make([]string, len(args))
	for i, a := range args {
		t[i] = r.expr(a)
		sql[i] = t[i].sql
	}
	if r.err != nil {
		return typed{}
	}
	if len(t) == 0 || !t[0].isText() {
		return r.refuse("function %s over what is no text", name)
	}
	out := typed{base: "character varying", n: t[0].n, ascii: t[0].ascii}
	for _, a := range t[1:] {
		out.ascii = out.ascii && (a.ascii || !a.isText())
	}
	switch name {
	case "length", "char_length", "character_length", "octet_length", "strpos":
		r.textAt(name, t, 1)
		if t[0].base == "character" {
			return r.refuse("function %s over %s, whose padding may count", name, t[0])
		}
		out = typed{base: "integer", whole: true}
	default:
		out.n *= r.grown(name, args, t)
		if name == "lpad" || name == "rpad" {
			out.n = 4 * max(1, r.countAt(name, args, 1, 0))
		}
		if name == "md5" {
			out.n, out.ascii = 32, true
		}
	}
	switch name {
	case "length", "character_length":
		name = "char_length"
	case "substr":
		name = "substring"
	}
	out.sql = name + "(" + strings.Join(sql, ", ") + ")"
	return r.bounded(out)
}

// grown is by how many times a function can make its first argument longer. It refuses other arguments than the function is known to take.
func (r *redshift) grown(name string, args []expr.Expr, t []typed) int {
	switch name {
	case "lower", "upper", "reverse":
		if !t[0].ascii {
			return 3 // a character can become longer
		}
	case "btrim", "ltrim", "rtrim", "translate":
		r.textAt(name, t, 1)
		r.textAt(name, t, 2)
		return choose4(t)
	case "replace":
		r.textAt(name, t, 1)
		r.textAt(name, t, 2)
		if len(t) == 3 {
			return max(1, t[2].n)
		}
	case "left", "right":
		r.countAt(name, args, 1, 0)
	case "substr", "substring":
		r.countAt(name, args, 1, 1)
		r.countAt(name, args, 2, 0)
	case "lpad", "rpad":
		r.textAt(name, t, 2)
	case "repeat":
		return max(1, r.countAt(name, args, 1, 0))
	case "split_part":
		r.textAt(name, t, 1)
		r.countAt(name, args, 2, 1)
	}
	return 1
}

// countAt is the argument, which must be a constant of at least low; low if there is none.
func (r *redshift) countAt(name string, args []expr.Expr, i, low int) int {
	if i >= len(args) {
		return low
	}
	n, err := strconv.Atoi(plainInteger(args[i]))
	if err != nil || n < low || n > maxRedshiftText {
		r.refuse("function %s with a number that is not a constant from %d to %d", name, low, maxRedshiftText)
	}
	return n
}

// textAt refuses an argument that is no text.
func (r *redshift) textAt(name string, t []typed, i int) {
	if i < len(t) && !t[i].isText() {
		r.refuse("function %s over %s", name, t[i])
	}
}

// choose4 is by how much translated text can grow: to the longest character.
func choose4(t []typed) int {
	for _, a := range t {
		if a.isText() && !a.ascii {
			return 4
		}
	}
	return 1
}

// plainInteger is the constant's digits, "" for anything else.
func plainInteger(e expr.Expr) string {
	if l, ok := e.(expr.Literal); ok && !l.Null && l.Type == "integer" {
		return l.Value
	}
	return ""
}

// maxRedshiftDraws bounds how often a mask names its draw: Redshift calls the function for each.
const maxRedshiftDraws = 16

// pick prints the choice by a draw as a CASE over its bounds, since Redshift has no arrays. A draw that is NULL is no choice.
func (r *redshift) pick(v expr.Pick) typed {
	plus, ok := v.Index.(expr.Op)
	bucket, isCall := plus.Left.(expr.Call)
	if !ok || !isCall || plus.Name != "+" || plainInteger(plus.Right) != "1" || bucket.Func.Name != "width_bucket" || len(bucket.Args) != 2 {
		return r.refuse("a choice that is not by a draw")
	}
	list, ok := bucket.Args[1].(expr.Literal)
	bounds := strings.Split(strings.Trim(list.Value, "{}"), ",")
	if !ok || list.Type != "bigint[]" || len(bounds) != len(v.Items)-1 {
		return r.refuse("a choice whose bounds are no constant")
	}
	if len(bounds) > maxRedshiftDraws {
		return r.refuse("a choice among %d values: without arrays each calls the keyed function again, and %d are the most", len(bounds), maxRedshiftDraws)
	}
	draw := r.expr(bucket.Args[0]).sql
	out := r.expr(v.Items[len(v.Items)-1])
	last := out.sql
	sql := "CASE WHEN (" + draw + " IS NULL) THEN NULL"
	for i, b := range bounds {
		if _, err := strconv.ParseUint(b, 10, 53+1); err != nil {
			return r.refuse("the bound %q of a choice", b)
		}
		item := r.expr(v.Items[i])
		out = r.unite(out, item)
		sql += fmt.Sprintf(" WHEN (%s < CAST('%s' AS bigint)) THEN %s", draw, b, item.sql)
	}
	out.sql = sql + " ELSE " + last + " END"
	return out
}
