package redshift

import (
	"fmt"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// typeName is the name by which Redshift knows a type, "" for one that it does not have; most says how many modifiers it takes, and limit how
// large the first may be (Database Developer Guide, "Data types").
func typeName(name string) (printed string, most int, limit int32) {
	switch name {
	case "bool", "boolean":
		return "boolean", 0, 0
	case "int2", "smallint":
		return "smallint", 0, 0
	case "int", "int4", "integer":
		return "integer", 0, 0
	case "int8", "bigint":
		return "bigint", 0, 0
	case "float4", "real":
		return "real", 0, 0
	case "float8", "float", "double precision":
		return "double precision", 0, 0
	case "numeric", "decimal":
		return "numeric", 2, 38
	case "varchar", "character varying", "nvarchar":
		return "character varying", 1, 65535
	case "bpchar", "char", "character", "nchar":
		return "character", 1, 4096
	case "text":
		return "text", 0, 0
	case "date":
		return "date", 0, 0
	case "time":
		return "time without time zone", 0, 0
	case "timetz":
		return "time with time zone", 0, 0
	case "timestamp":
		return "timestamp without time zone", 0, 0
	case "timestamptz":
		return "timestamp with time zone", 0, 0
	case "super", "geometry", "geography", "hllsketch":
		return name, 0, 0
	case "varbyte", "varbinary":
		return "varbyte", 1, 1024000
	}
	return "", 0, 0
}

// TypeText prints a type, or says why it cannot be named.
func TypeText(t *pg.TypeName) (string, error) {
	var names []string
	for _, n := range t.GetNames() {
		names = append(names, n.GetString_().GetSval())
	}
	if len(names) == 2 && names[0] == "pg_catalog" {
		names = names[1:]
	}
	spelled := strings.Join(names, ".")
	printed, most, limit := typeName(spelled)
	if len(names) != 1 || printed == "" || t.Setof || t.PctType || len(t.ArrayBounds) > 0 {
		return "", fmt.Errorf("type %s", spelled)
	}
	// bpchar without a length is any length to PostgreSQL and character(256) to Redshift; char is character(1) to both, and says so in its tree.
	if len(t.Typmods) > most || printed == "character" && len(t.Typmods) == 0 {
		return "", fmt.Errorf("the modifier of type %s", spelled)
	}
	var modifiers []string
	for i, m := range t.Typmods {
		c := m.GetAConst()
		v := c.GetIval()
		if v == nil || v.Ival < 0 || i == 0 && (v.Ival < 1 || v.Ival > limit) || i == 1 && v.Ival > t.Typmods[0].GetAConst().GetIval().GetIval() {
			return "", fmt.Errorf("the modifier of type %s", spelled)
		}
		modifiers = append(modifiers, fmt.Sprint(v.Ival))
	}
	if len(modifiers) > 0 {
		printed += "(" + strings.Join(modifiers, ",") + ")"
	}
	return printed, nil
}
