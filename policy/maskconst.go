package policy

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy/expr"
)

// constantMask replaces every value by one constant, which must be a value of the column's type.
func constantMask(c catalog.Column, value string) builtMask {
	t := typeOf(c)
	if !t.holds(value) {
		return fallback(c, "the constant is not a value of type %s", c.Type)
	}
	return builtMask{expr: expr.Literal{Type: t.full, Value: value}, kind: MaskConstant}
}

var (
	plainDecimal = regexp.MustCompile(`^-?[0-9]{1,300}(\.[0-9]{1,300})?$`)
	plainUUID    = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
)

// holds reports whether the text is a value of the type, in a form that is read the same under every setting.
func (t columnType) holds(value string) bool {
	if !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
		return false
	}
	switch t.base {
	case "text":
		return true
	case "character varying":
		return len(t.mods) == 0 || utf8.RuneCountInString(value) <= t.mods[0]
	case "character":
		return len(t.mods) == 1 && utf8.RuneCountInString(value) <= t.mods[0]
	case "smallint", "integer", "bigint":
		n, err := strconv.ParseInt(value, 10, t.bits())
		return err == nil && strconv.FormatInt(n, 10) == value
	case "numeric":
		return plainDecimal.MatchString(value) && t.fitsNumeric(value)
	case "real", "double precision":
		return plainDecimal.MatchString(value) && fitsFloat(value, t.bits())
	case "boolean":
		return value == "true" || value == "false"
	case "date":
		return isTime("2006-01-02", value)
	case "timestamp without time zone":
		return len(t.mods) == 0 && isTime("2006-01-02 15:04:05", value)
	case "timestamp with time zone":
		return len(t.mods) == 0 && isTime("2006-01-02 15:04:05Z07:00", value)
	case "uuid":
		return plainUUID.MatchString(value)
	}
	return false
}

// bits is the size of an integer or floating-point type.
func (t columnType) bits() int {
	switch t.base {
	case "smallint":
		return 16
	case "integer", "real":
		return 32
	}
	return 64
}

// fitsNumeric reports whether a decimal fits precision and scale without being rounded.
func (t columnType) fitsNumeric(value string) bool {
	if len(t.mods) == 0 {
		return true
	}
	precision, scale := t.mods[0], 0
	if len(t.mods) > 1 {
		scale = t.mods[1]
	}
	whole, fraction, _ := strings.Cut(strings.TrimPrefix(value, "-"), ".")
	whole, fraction = strings.TrimLeft(whole, "0"), strings.TrimRight(fraction, "0")
	return scale >= 0 && len(whole) <= precision-scale && len(fraction) <= scale
}

// fitsFloat reports whether a decimal is read without overflow or underflow.
func fitsFloat(value string, bits int) bool {
	f, err := strconv.ParseFloat(value, bits)
	if err != nil || math.IsInf(f, 0) {
		return false
	}
	smallest := 1e-300
	if bits == 32 {
		smallest = 1e-37
	}
	zero := strings.Trim(value, "-0.") == ""
	return zero || math.Abs(f) > smallest
}

func isTime(layout, value string) bool {
	at, err := time.Parse(layout, value)
	return err == nil && at.Year() >= 1
}
