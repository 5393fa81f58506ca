package sqlgen

import (
	"regexp"

	"github.com/posternsql/postern/policy/expr"
)

// isoConstant is a date or timestamp in the one form that is read the same everywhere.
var isoConstant = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}(:[0-9]{2})?)?)?$`)

// literal prints a constant.
func (r *redshift) literal(l expr.Literal) typed {
	if l.Null {
		return r.null(l.Type)
	}
	switch l.Type {
	case "", "text":
		return r.text(l.Value)
	case "numeric":
		return r.number(l.Value)
	}
	t, err := redshiftColumn(string(l.Type))
	if err != nil {
		return r.refuse("a constant: %w", err)
	}
	plain := false
	switch {
	case t.base == "boolean" && (l.Value == "true" || l.Value == "false"):
		return boolean(l.Value)
	case t.base == "integer" && bare(l):
		t.sql = l.Value
		return t
	case t.isText():
		text := r.text(l.Value)
		if len(l.Value) > t.n {
			return r.refuse("a constant of %d bytes, more than %s holds: Redshift counts bytes", len(l.Value), t)
		}
		return r.castTo(text, t)
	case t.isNumber():
		plain = plainNumeric.MatchString(l.Value)
	case t.base == typeDate, t.base == typeTimestamp, t.base == typeTimestampTZ:
		plain = isoConstant.MatchString(l.Value)
	}
	if !plain {
		return r.refuse("a constant of type %s in a form that is not sure to be read the same", t)
	}
	t.sql = "CAST('" + l.Value + "' AS " + t.String() + ")"
	return t
}

// null is NULL of a type.
func (r *redshift) null(name expr.Type) typed {
	if name == "" {
		return typed{sql: "NULL"}
	}
	t := typed{base: "character varying", n: 1, ascii: true}
	switch name {
	case "text":
	case "numeric":
		t = typed{base: "numeric", p: 1, whole: true}
	default:
		var err error
		if t, err = redshiftColumn(string(name)); err != nil {
			return r.refuse("NULL: %w", err)
		}
	}
	t.sql = "CAST(NULL AS " + t.String() + ")"
	return t
}
