package sqlparse

import (
	"regexp"
	"strconv"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy/expr"
)

// The types that inference names. unknown is that of a string constant whose type its context decides; "" is a type that
// cannot be told.
const (
	typeUnknown     = "unknown"
	typeBool        = "boolean"
	typeText        = "text"
	typeNumeric     = "numeric"
	typeDate        = "date"
	typeTimestamp   = "timestamp without time zone"
	typeTimestampTZ = "timestamp with time zone"
	typeInterval    = "interval"
)

// castTypes maps the grammar's type names to what format_type prints. Only these can be named in a rule.
func castType(name string) (string, bool) {
	switch name {
	case "bool":
		return typeBool, true
	case "int2":
		return "smallint", true
	case "int4":
		return "integer", true
	case "int8":
		return "bigint", true
	case "float4":
		return "real", true
	case "float8":
		return "double precision", true
	case "varchar":
		return "character varying", true
	case "bpchar":
		return "character", true
	case "timestamp":
		return typeTimestamp, true
	case "timestamptz":
		return typeTimestampTZ, true
	case "time":
		return "time without time zone", true
	case "numeric", "text", "date", "interval", "uuid", "json", "jsonb", "inet", "cidr":
		return name, true
	}
	return "", false
}

// typeName resolves the type of a cast: a built-in scalar with constant modifiers.
func (r *resolver) typeName(t *pg_query.TypeName) (expr.Type, error) {
	refuse := func(what string) error { return r.at(t.GetLocation(), "%s cannot be used in a rule", what) }
	names := stringsOf(t.GetNames())
	if len(names) == 2 && names[0] == "pg_catalog" {
		names = names[1:]
	}
	if len(names) != 1 {
		return "", refuse("type " + strings.Join(names, "."))
	}
	printed, ok := castType(names[0])
	if !ok || !catalog.SafeType(names[0]) {
		return "", refuse("type " + names[0])
	}
	if t.Setof || t.PctType || len(t.ArrayBounds) > 0 {
		return "", refuse("an array or %TYPE")
	}
	mods := make([]string, len(t.Typmods))
	for i, m := range t.Typmods {
		c := m.GetAConst()
		if c == nil || c.GetIval() == nil {
			return "", refuse("a type modifier that is not a number")
		}
		mods[i] = strconv.Itoa(int(c.GetIval().GetIval()))
	}
	return modified(printed, mods, refuse)
}

// modified adds modifiers to a type's name where format_type prints them.
func modified(name string, mods []string, refuse func(string) error) (expr.Type, error) {
	if len(mods) == 0 {
		return expr.Type(name), nil
	}
	list := "(" + strings.Join(mods, ",") + ")"
	switch name {
	case "character varying", "character":
		if len(mods) == 1 {
			return expr.Type(name + list), nil
		}
	case typeNumeric:
		if len(mods) <= 2 {
			return expr.Type(name + list), nil
		}
	}
	return "", refuse("a modifier of type " + name)
}

// baseType strips modifiers: "character varying(25)" is "character varying". Domains, enums and extension types keep their
// qualified name, of which nothing is known.
func baseType(t expr.Type) string {
	s := string(t)
	open := strings.IndexByte(s, '(')
	if open < 0 {
		return s
	}
	closing := strings.IndexByte(s, ')')
	if closing < open {
		return s
	}
	return s[:open] + s[closing+1:]
}

func isText(t string) bool {
	switch t {
	case typeText, "character varying", "character", "name", `"char"`:
		return true
	}
	return false
}

func isInteger(t string) bool { return t == "smallint" || t == "integer" || t == "bigint" }

func isNumber(t string) bool {
	return isInteger(t) || t == typeNumeric || t == "real" || t == "double precision"
}

func isDateTime(t string) bool { return t == typeDate || t == typeTimestamp || t == typeTimestampTZ }

// fixedText reports whether a value's text form is the same under every setting, so that it may be compared as text.
func fixedText(t string) bool {
	switch t {
	case typeNumeric, typeBool, typeUnknown, "uuid", "json", "jsonb", "inet", "cidr":
		return true
	}
	return isText(t) || isInteger(t)
}

// compatible reports whether a value of type have can stand where an overload wants type want. It errs on the side of
// yes: more candidates can only lead to a refusal.
func compatible(have, want string) bool {
	switch {
	case have == want, have == typeUnknown, have == "":
		return true
	case want == "anyarray", want == "anycompatiblearray":
		return strings.HasSuffix(have, "[]")
	case strings.HasSuffix(want, "range") && strings.HasPrefix(want, "any"):
		return strings.HasSuffix(have, "range")
	case want == "anyenum":
		return !builtinScalar(have)
	case strings.HasPrefix(want, "any"), want == `"any"`:
		return true
	case isText(have):
		return isText(want)
	case isNumber(have):
		return isNumber(want)
	case isDateTime(have):
		return isDateTime(want)
	}
	return false
}

// columnType is the type by which a column is judged. Domains and extension types count as what their category says;
// for a date or time of unknown kind it cannot be told.
func columnType(c catalog.Column) string {
	t := baseType(expr.Type(c.Type))
	if builtinScalar(t) {
		return t
	}
	switch c.Category {
	case 'S':
		return typeText
	case 'N':
		if c.Type != "money" && c.Type != "oid" && !strings.HasPrefix(c.Type, "reg") {
			return typeNumeric
		}
	case 'B':
		return typeBool
	case 'D', 'T':
		return ""
	}
	return t
}

// builtinScalar reports whether nothing but the type itself and what is listed above can be implied by it.
func builtinScalar(t string) bool {
	switch t {
	case typeBool, typeInterval, "uuid", "json", "jsonb", "inet", "cidr", "bytea", "time without time zone":
		return true
	}
	return isText(t) || isNumber(t) || isDateTime(t)
}

var (
	isoDate        = regexp.MustCompile(`^\d{4}-\d\d-\d\d$`)
	isoTimestamp   = regexp.MustCompile(`^\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?)?$`)
	plainInterval  = regexp.MustCompile(`^\d{1,6} ?(second|minute|hour|day|week|month|year)s?( \d{1,6} ?(second|minute|hour|day|week|month|year)s?)*$`)
	plainNumber    = regexp.MustCompile(`^-?\d{1,500}(\.\d{1,500})?$`)
	plainUUID      = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	isoTimestampTZ = regexp.MustCompile(`^\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?([+-]\d\d(:?\d\d)?|Z)$`)
)

// constant checks that a string constant means the same under every setting when it is read as the type.
func (r *resolver) constant(location int32, value, typ string) error {
	switch typ {
	case typeDate:
		if !isoDate.MatchString(value) {
			return r.at(location, "a date must be written '2026-12-31': other forms depend on settings")
		}
	case typeTimestamp:
		if !isoTimestamp.MatchString(value) {
			return r.at(location, "a timestamp must be written '2026-12-31 23:59:59': other forms depend on settings")
		}
	case typeTimestampTZ:
		if !isoTimestampTZ.MatchString(value) {
			return r.at(location, "a timestamp with time zone must be written '2026-12-31 23:59:59+00': other forms depend on settings")
		}
	case typeInterval:
		if !plainInterval.MatchString(value) {
			return r.at(location, "an interval must be written '30 days' or '1 year 6 months': other forms depend on settings")
		}
	case "smallint", "integer", "bigint":
		bits := map[string]int{"smallint": 16, "integer": 32, "bigint": 64}[typ]
		if _, err := strconv.ParseInt(value, 10, bits); err != nil {
			return r.at(location, "not a value of type %s", typ)
		}
	case typeNumeric, "real", "double precision":
		if !plainNumber.MatchString(value) {
			return r.at(location, "not a value of type %s", typ)
		}
	case typeBool:
		if value != "true" && value != "false" && value != "t" && value != "f" {
			return r.at(location, "a boolean must be written true or false")
		}
	case "uuid":
		if !plainUUID.MatchString(value) {
			return r.at(location, "not a value of type uuid")
		}
	}
	return nil
}
