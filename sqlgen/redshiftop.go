package sqlgen

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/posternsql/postern/policy/expr"
)

// comparable refuses operands whose comparison PostgreSQL and Redshift might see differently.
func (r *redshift) comparable(what string, a, b typed) {
	known := a.base == "" || b.base == "" || a.base == b.base || a.isText() && b.isText() || a.isNumber() && b.isNumber()
	if !known && r.err == nil {
		r.refuse("%s compares %s with %s", what, a, b)
	}
}

// op prints an operator. Redshift lets nobody make operators, so that a plain one is the built-in one.
func (r *redshift) op(o expr.Op) typed {
	if interval, ok := o.Right.(expr.Literal); ok && interval.Type == "interval" && o.Left != nil && !interval.Null {
		return r.shift(o.Name, r.expr(o.Left), interval.Value)
	}
	right := r.expr(o.Right)
	if o.Left == nil {
		if o.Name == "-" && right.isNumber() {
			right.sql = "(- " + right.sql + ")"
			return right
		}
		return r.refuse("the prefix operator %s", o.Name)
	}
	left := r.expr(o.Left)
	if r.err != nil {
		return typed{}
	}
	infix := func(name string) string { return "(" + left.sql + " " + name + " " + right.sql + ")" }
	switch o.Name {
	case "=", "<>", "<", "<=", ">", ">=":
		r.comparable("operator "+o.Name, left, right)
		return boolean(infix(o.Name))
	case "~~", "!~~", "~~*", "!~~*":
		r.constant("a LIKE pattern", o.Right)
		if !left.isText() {
			return r.refuse("LIKE over %s", left)
		}
		return boolean(infix(choose(strings.HasPrefix(o.Name, "!"), "NOT ", "") + choose(strings.HasSuffix(o.Name, "*"), "ILIKE", "LIKE")))
	case "~", "!~":
		pattern := r.pattern(o.Right)
		if !left.isText() {
			return r.refuse("a pattern over %s", left)
		}
		match := "(" + left.sql + " ~ " + pattern + ")"
		if o.Name == "!~" {
			match = "(NOT " + match + ")"
		}
		return boolean(match)
	case "||":
		if !left.isText() || !right.isText() {
			return r.refuse("operator || over %s and %s", left, right)
		}
		return r.bounded(typed{sql: infix("||"), base: "character varying", n: left.n + right.n, ascii: left.ascii && right.ascii})
	case "+", "-", "*", "/", "%":
		return r.arithmetic(o.Name, left, right)
	}
	return r.refuse("operator %s is not known to mean the same on Redshift", o.Name)
}

// bounded refuses text that may be longer than Redshift's longest: that would be an error at run time.
func (r *redshift) bounded(t typed) typed {
	if t.n > maxRedshiftText {
		return r.refuse("text of up to %d bytes, and Redshift's has at most %d", t.n, maxRedshiftText)
	}
	return t
}

// arithmetic follows the rules for the precision and scale of results ("Computations with numeric values" in the Database Developer
// Guide) and refuses what reaches their limits.
func (r *redshift) arithmetic(name string, a, b typed) typed {
	sql := "(" + a.sql + " " + name + " " + b.sql + ")"
	switch {
	case a.isInteger() && b.isInteger():
		out := widerInteger(a, b)
		out.sql = sql
		return out
	case name == "%":
		return r.refuse("operator %% over %s and %s", a, b)
	case a.base == typeDate && b.isInteger() && (name == "+" || name == "-"):
		return typed{sql: "CAST(dateadd(day, " + choose(name == "-", "(- "+b.sql+")", b.sql) + ", " + a.sql + ") AS date)", base: typeDate}
	case a.base != "numeric" && !a.isInteger(), b.base != "numeric" && !b.isInteger():
		return r.refuse("operator %s over %s and %s", name, a, b)
	}
	a, b = r.toNumeric(a), r.toNumeric(b)
	out := typed{base: "numeric", sql: "(" + a.sql + " " + name + " " + b.sql + ")", whole: a.whole && b.whole && name != "/"}
	switch name {
	case "+", "-":
		out.s = max(a.s, b.s)
		out.p = max(a.p-a.s, b.p-b.s) + 1 + out.s
	case "*":
		out.s, out.p = a.s+b.s, a.p+b.p+1
	case "/":
		out.s = max(4, a.s+b.p-b.s+1)
		out.p = a.p - a.s + b.s + out.s
		if out.s < b.p+max(0, a.s-b.s)+1 {
			// The digits would not tell a quotient from the whole number or the half beside it.
			return r.refuse("dividing %s by %s leaves too few digits to round by", a, b)
		}
	}
	return r.numeric("operator "+name, out)
}

var (
	intervalForm = regexp.MustCompile(`^([0-9]{1,6}) ?(second|minute|hour|day|week|month|year)s?`)
)

// shift adds or subtracts an interval by DATEADD, unit by unit. With a zone the days are those of UTC, whatever the session's zone.
func (r *redshift) shift(name string, at typed, interval string) typed {
	sign := choose(name == "-", "-", "")
	if name != "+" && name != "-" {
		return r.refuse("operator %s over an interval", name)
	}
	if at.base != typeTimestamp && at.base != typeTimestampTZ {
		return r.refuse("an interval beside %s: cast it to a timestamp", at)
	}
	sql := at.sql
	if at.base == typeTimestampTZ {
		sql = inUTC(sql)
	}
	for rest := interval; rest != ""; rest = strings.TrimPrefix(rest, " ") {
		m := intervalForm.FindStringSubmatch(rest)
		if m == nil {
			return r.refuse("the interval '%.60s'", interval)
		}
		sql = fmt.Sprintf("dateadd(%s, %s%s, %s)", m[2], sign, m[1], sql)
		rest = rest[len(m[0]):]
	}
	if at.base == typeTimestampTZ {
		sql = inUTC(sql)
	}
	return typed{sql: sql, base: at.base}
}

// inUTC turns a timestamp with a zone into one without and the other way round.
func inUTC(sql string) string { return "timezone('UTC', " + sql + ")" }
