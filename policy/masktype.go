package policy

import (
	"strconv"
	"strings"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy/expr"
)

// columnType is a column's type taken apart.
type columnType struct {
	// full is what format_type prints; base is full without modifiers, "" for a type that is not a built-in scalar that masks
	// know (a domain, an enum, an array, an extension's type).
	full expr.Type
	base string
	// mods are the modifiers: the length of a string, precision and scale of a numeric.
	mods []int
}

// typeOf takes a column's type apart.
func typeOf(c catalog.Column) columnType { return typeOfName(expr.Type(c.Type)) }

func typeOfName(name expr.Type) columnType {
	t := columnType{full: name}
	base := string(name)
	if open := strings.IndexByte(base, '('); open >= 0 {
		closing := strings.IndexByte(base, ')')
		if closing < open {
			return t
		}
		for _, m := range strings.Split(base[open+1:closing], ",") {
			n, err := strconv.Atoi(strings.TrimSpace(m))
			if err != nil {
				return t
			}
			t.mods = append(t.mods, n)
		}
		base = base[:open] + base[closing+1:]
	}
	switch base {
	case "text", "character varying", "character", "smallint", "integer", "bigint", "numeric", "real", "double precision",
		"boolean", "date", "timestamp without time zone", "timestamp with time zone", "uuid",
		"time without time zone", "time with time zone", "interval", "bytea", "json", "jsonb", "inet", "cidr", "macaddr", "money",
		"name", "oid", "xml":
		t.base = base
	}
	return t
}

// isText reports the types whose values are text of the person's making.
func (t columnType) isText() bool {
	return t.base == "text" || t.base == "character varying" || t.base == "character"
}

func (t columnType) isInteger() bool {
	return t.base == "smallint" || t.base == "integer" || t.base == "bigint"
}

// integerBits is the size of an integer type, 0 for others.
func (t columnType) integerBits() int {
	if t.isInteger() {
		return t.bits()
	}
	return 0
}

// null is NULL of exactly the type. For types of which nothing is known it is taken from the column itself, because a cast of
// NULL to a domain can raise an error. An array of anything can be NULL.
func (t columnType) null(c catalog.Column) expr.Expr {
	if t.base != "" || strings.HasSuffix(string(t.full), "[]") {
		return expr.Literal{Type: t.full, Null: true}
	}
	return expr.Cast{Arg: expr.NullOf{Column: sourceColumn(c)}, Type: t.full}
}
