package rewrite

import (
	"regexp"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/catalog"
)

// Which operator PostgreSQL takes is known here only where it cannot be otherwise: both operands have the types of an operator
// exactly, or one has and the other is an untyped constant, which then takes that type (manual, 10.2, steps 2a and 2b). The upstream
// search_path holds no operators but those of pg_catalog. Everything else counts as not leakproof.

// Types as format_type prints them.
const (
	typeBoolean     = "boolean"
	typeInteger     = "integer"
	typeBigint      = "bigint"
	typeNumeric     = "numeric"
	typeDouble      = "double precision"
	typeText        = "text"
	typeVarchar     = "character varying"
	typeChar        = "character"
	typeDate        = "date"
	typeTimestamp   = "timestamp without time zone"
	typeTimestamptz = "timestamp with time zone"
	typeInterval    = "interval"
)

// baseType takes the modifiers off a type that format_type printed: "timestamp(3) with time zone".
func baseType(printed string) string {
	before, rest, found := strings.Cut(printed, "(")
	if !found {
		return printed
	}
	_, after, _ := strings.Cut(rest, ")")
	return before + after
}

// castType is the type that a cast names, as format_type prints it; "" for one that is not known here. plain says that it has no
// modifiers.
func castType(t *pg.TypeName) (name string, plain bool) {
	short, ok := builtin(t.GetNames())
	if !ok || t.Setof || t.PctType || len(t.ArrayBounds) > 1 {
		return "", false
	}
	if name = printedType(short); name == "" {
		return "", false
	}
	if len(t.ArrayBounds) == 1 {
		name += "[]"
	}
	return name, len(t.Typmods) == 0
}

// printedType is a type's name in pg_type as format_type prints it.
func printedType(short string) string {
	switch short {
	case "bool":
		return typeBoolean
	case "int2":
		return "smallint"
	case "int4":
		return typeInteger
	case "int8":
		return typeBigint
	case "float4":
		return "real"
	case "float8":
		return typeDouble
	case "varchar":
		return typeVarchar
	case "bpchar":
		return typeChar
	case "timestamp":
		return typeTimestamp
	case "timestamptz":
		return typeTimestamptz
	case "time":
		return "time without time zone"
	case "timetz":
		return "time with time zone"
	case typeText, typeNumeric, typeDate, typeInterval, "uuid", "oid", "name", "bytea", "money", "inet", "macaddr", "macaddr8":
		return short
	}
	return ""
}

// parameterType is the type of a declared parameter; "" where it is none of these.
func parameterType(oid uint32) string {
	switch oid {
	case 16:
		return typeBoolean
	case 17:
		return "bytea"
	case 19:
		return "name"
	case 20:
		return typeBigint
	case 21:
		return "smallint"
	case 23:
		return typeInteger
	case 25:
		return typeText
	case 26:
		return "oid"
	case 700:
		return "real"
	case 701:
		return typeDouble
	case 1007:
		return typeInteger + "[]"
	case 1009:
		return typeText + "[]"
	case 1015:
		return typeVarchar + "[]"
	case 1016:
		return typeBigint + "[]"
	case 1042:
		return typeChar
	case 1043:
		return typeVarchar
	case 1082:
		return typeDate
	case 1114:
		return typeTimestamp
	case 1184:
		return typeTimestamptz
	case 1186:
		return typeInterval
	case 1700:
		return typeNumeric
	case 2950:
		return "uuid"
	case 2951:
		return "uuid[]"
	}
	return ""
}

// leakproofComparison reports whether the operator that PostgreSQL takes for these operands is certainly leakproof.
func leakproofComparison(op string, l, r weight) bool {
	left, right := l.typ, r.typ
	switch {
	case l.literal && r.literal:
		return false
	case l.literal:
		left = right
	case r.literal:
		right = left
	}
	if left == "" || right == "" || l.collation != r.collation && l.collation != 0 && r.collation != 0 {
		return false
	}
	if isText(left) && isText(right) {
		// varchar has no operators of its own: it stands for text without a conversion.
		left, right = typeText, typeText
	}
	if left == typeDouble && r.constant && (right == typeInteger || right == typeBigint) {
		right = typeDouble
	}
	return catalog.LeakproofOperator(op, left, right)
}

func isText(typ string) bool { return typ == typeText || typ == typeVarchar }

// sameType reports that a value of one type becomes the other without a conversion that could fail.
func sameType(from, to string) bool {
	return from != "" && from == to || isText(from) && isText(to)
}

// foldedNumbers are types of constants whose conversions into one another are done while planning, whatever rows there are.
func foldedNumber(typ string) bool {
	switch typ {
	case "smallint", typeInteger, typeBigint, typeNumeric, "real", typeDouble:
		return true
	}
	return false
}

// foldedArithmetic is the type of an arithmetic expression of constants; "" where it is not certain. All these operators are
// immutable, so the planner computes them once, and their errors tell of no row.
func foldedArithmetic(op string, l, r weight) string {
	if !l.constant || !r.constant || l.literal || r.literal {
		return ""
	}
	switch {
	case op != "+" && op != "-" && op != "*" && op != "/":
		return ""
	case l.typ == r.typ && foldedNumber(l.typ):
		return l.typ
	}
	return dateArithmetic(op, l.typ, r.typ)
}

// dateArithmetic is the type of a date or time plus or minus something.
func dateArithmetic(op, left, right string) string {
	switch {
	case op != "+" && op != "-":
		return ""
	case left == typeDate && right == typeInteger:
		return typeDate
	case (left == typeDate || left == typeTimestamp) && right == typeInterval:
		return typeTimestamp
	}
	return ""
}

// smallInterval matches intervals by which the present time can be moved without leaving the range of timestamps.
var smallInterval = regexp.MustCompile(`^[0-9]{1,4} (second|minute|hour|day|week|month)s?$|^[0-9]{1,3} (year)s?$`)

// isSmallInterval reports a constant by which the present can be moved.
func isSmallInterval(n *pg.Node) bool {
	cast := n.GetTypeCast()
	name, plain := castType(cast.GetTypeName())
	return plain && name == typeInterval && smallInterval.MatchString(cast.GetArg().GetAConst().GetSval().GetSval())
}
