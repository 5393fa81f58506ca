package sqlgen

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/posternsql/postern/policy/expr"
)

const (
	typeDate        = "date"
	typeTimestamp   = "timestamp without time zone"
	typeTimestampTZ = "timestamp with time zone"
)

// typed is a printed expression and its type on Redshift. The zero value is NULL of no type.
type typed struct {
	sql  string
	base string
	// p and s are precision and scale of a numeric. A p of a bigint bounds its digits more closely than the type.
	p, s int
	// n is the most bytes of a text.
	n int
	// ascii is true for text of one byte a character, which alone can become character(n).
	ascii bool
	// whole is true for a numeric without a fraction, whatever its scale.
	whole bool
}

// String is the type as it stands in a cast.
func (t typed) String() string {
	switch t.base {
	case "numeric":
		return fmt.Sprintf("numeric(%d,%d)", t.p, t.s)
	case "character varying", "character", "varbyte":
		return fmt.Sprintf("%s(%d)", t.base, t.n)
	}
	return t.base
}

func (t typed) isText() bool { return t.base == "character varying" || t.base == "character" }
func (t typed) isInteger() bool {
	return t.base == "smallint" || t.base == "integer" || t.base == "bigint"
}
func (t typed) isNumber() bool {
	return t.isInteger() || t.base == "numeric" || t.base == "real" || t.base == "double precision"
}

// maxPrecision is that of Redshift's numeric.
const maxPrecision = 38

var typeForms = regexp.MustCompile(`^([a-z ]+?)(?:\(([0-9]{1,5})(?:,([0-9]{1,2}))?\))?( with(?:out)? time zone)?$`)

// redshiftColumn reads a type that a column of Redshift's can have, as format_type prints it.
func redshiftColumn(name string) (typed, error) {
	m := typeForms.FindStringSubmatch(name)
	if m == nil {
		return typed{}, fmt.Errorf("Redshift has no type %s", name)
	}
	t := typed{base: m[1] + m[4]}
	first, _ := strconv.Atoi(m[2])
	second, _ := strconv.Atoi(m[3])
	plain := m[2] == ""
	switch t.base {
	case "smallint", "integer", "bigint":
		t.whole = true
	case "real", "double precision", "boolean", typeDate, typeTimestamp, typeTimestampTZ, "time without time zone", "time with time zone", "super":
	case "numeric":
		t.p, t.s = first, second
		if plain {
			return typed{}, errors.New("numeric without a precision is numeric(18,0) on Redshift")
		}
		if t.p < 1 || t.p > maxPrecision || t.s > t.p || t.s == maxPrecision {
			return typed{}, fmt.Errorf("Redshift has no %s: numeric has at most %d digits", name, maxPrecision)
		}
		t.whole = t.s == 0
		return t, nil
	case "character varying", "character", "varbyte":
		longest := maxRedshiftText
		if t.base == "character" {
			longest, t.ascii = 4096, true
		}
		if t.n = first; t.n < 1 || t.n > longest || m[3] != "" {
			return typed{}, fmt.Errorf("Redshift has no type %s: it wants a length of 1 to %d bytes", name, longest)
		}
		return t, nil
	case "text":
		return typed{}, errors.New("text is character varying(256) on Redshift")
	default:
		return typed{}, fmt.Errorf("Redshift has no type %s", name)
	}
	if !plain {
		return typed{}, fmt.Errorf("Redshift has no modifier in type %s", name)
	}
	return t, nil
}

// cast prints CAST(x AS type). `text` and `numeric` without modifiers would be cut to 256 bytes and 18 digits there: they stand for text
// and numbers of whatever length the argument has.
func (r *redshift) cast(c expr.Cast) typed {
	if null, ok := c.Arg.(expr.NullOf); ok && string(c.Type) == "super" && null.Column.Type == c.Type {
		return typed{sql: "CAST(NULL AS super)", base: "super"}
	}
	arg := r.expr(c.Arg)
	switch c.Type {
	case "text":
		return r.toText(arg)
	case "numeric":
		return r.toNumeric(arg)
	}
	to, err := redshiftColumn(string(c.Type))
	if err != nil {
		return r.refuse("%w", err)
	}
	return r.castTo(arg, to)
}

// castTo is an explicit cast that cannot fail, or that has been guarded. Text is cut to the length, which counts bytes.
func (r *redshift) castTo(arg, to typed) typed {
	ok := arg.base == "" || arg.base == to.base
	switch {
	case to.isText():
		if to.base == "character" && arg.base != "" && !arg.ascii {
			return r.refuse("text that may hold more than ASCII cannot become %s", to)
		}
		to.ascii, ok = arg.ascii || to.base == "character", ok || arg.isText()
	case to.base == "numeric":
		ok = ok || arg.isInteger()
		to.whole = to.whole || arg.whole
	case to.isInteger():
		ok = ok || arg.isInteger() || arg.base == "numeric" && arg.whole
	case to.base == typeDate, to.base == typeTimestamp:
		ok = ok || arg.base == typeDate || arg.base == typeTimestamp
	}
	if !ok {
		return r.refuse("a cast of %s to %s is not known to mean the same", arg, to)
	}
	to.sql = "CAST(" + arg.sql + " AS " + to.String() + ")"
	return to
}

// toText is the text form that PostgreSQL has, too.
func (r *redshift) toText(arg typed) typed {
	out := typed{base: "character varying", ascii: true}
	switch {
	case arg.base == "":
		out.n = 1
	case arg.base == "character varying":
		return arg
	case arg.base == "character":
		// PostgreSQL's cast drops the padding; here it is said.
		out.n, arg.sql = arg.n, "rtrim("+arg.sql+", ' ')"
	case arg.base == "boolean":
		out.n, out.sql = 5, "CASE WHEN "+arg.sql+" THEN 'true' WHEN (NOT "+arg.sql+") THEN 'false' END"
		return out
	case arg.isInteger():
		out.n = 20
	case arg.base == "numeric":
		out.n = arg.p + 3
	default:
		return r.refuse("the text form of %s is not known to be that of PostgreSQL", arg)
	}
	out.sql = "CAST(" + arg.sql + " AS " + out.String() + ")"
	return out
}

// toNumeric makes an integer a numeric of its digits.
func (r *redshift) toNumeric(arg typed) typed {
	out := typed{base: "numeric", p: arg.p, whole: true}
	switch {
	case arg.base == "numeric":
		return arg
	case arg.base == "":
		out.p = 1
	case arg.base == "smallint":
		out.p = 5
	case arg.base == "integer":
		out.p = 10
	case arg.base == "bigint" && arg.p == 0:
		out.p = 19
	case arg.base == "bigint":
	default:
		return r.refuse("a cast of %s to numeric is not known to be exact", arg)
	}
	out.sql = "CAST(" + arg.sql + " AS " + out.String() + ")"
	return out
}

// unite is the type of a CASE whose results have these types.
func (r *redshift) unite(a, b typed) typed {
	switch {
	case a.base == "":
		return b
	case b.base == "":
		return a
	case a.isText() && b.isText():
		a.base, a.n, a.ascii = "character varying", max(a.n, b.n), a.ascii && b.ascii
		return a
	case a.isInteger() && b.isInteger():
		return widerInteger(a, b)
	case (a.base == "numeric" || a.isInteger()) && (b.base == "numeric" || b.isInteger()):
		a, b = r.toNumeric(a), r.toNumeric(b)
		s := max(a.s, b.s)
		return r.numeric("CASE", typed{base: "numeric", s: s, p: max(a.p-a.s, b.p-b.s) + s, whole: a.whole && b.whole})
	case a.base == b.base:
		return a
	}
	return r.refuse("a CASE of %s and %s", a, b)
}

func widerInteger(a, b typed) typed {
	if a.base == "bigint" || b.base == "smallint" {
		a.p = 0
		return a
	}
	b.p = 0
	return b
}

// numeric refuses precisions that Redshift would cut: cutting loses digits, or overflows.
func (r *redshift) numeric(what string, t typed) typed {
	if t.p > maxPrecision {
		return r.refuse("%s makes a number of up to %d digits, and Redshift's have %d", what, t.p, maxPrecision)
	}
	return t
}

// number prints a numeric constant with the precision that it has.
func (r *redshift) number(value string) typed {
	digits := strings.TrimPrefix(value, "-")
	before, after, _ := strings.Cut(digits, ".")
	before = strings.TrimLeft(before, "0")
	t := typed{base: "numeric", s: len(after), p: max(1, len(before)+len(after)), whole: after == ""}
	if !plainNumeric.MatchString(value) || t.p > maxPrecision || t.s == maxPrecision {
		return r.refuse("the number %.50s does not fit into a numeric of %d digits", value, maxPrecision)
	}
	t.sql = "CAST('" + value + "' AS " + t.String() + ")"
	return t
}

var plainNumeric = regexp.MustCompile(`^-?[0-9]{1,50}(\.[0-9]{1,50})?$`)
