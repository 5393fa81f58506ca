package sqlgen

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// plainIdent is an identifier that means itself without quotes, unless it is a keyword.
var plainIdent = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)

// maxIdent is the longest identifier in bytes (NAMEDATALEN - 1); longer ones would be cut silently.
const maxIdent = 63

// ident prints an identifier, in quotes unless it is plain. It refuses what no server could have as a name.
func ident(name string) (string, error) {
	switch {
	case name == "":
		return "", fmt.Errorf("printing an empty identifier")
	case len(name) > maxIdent:
		return "", fmt.Errorf("printing an identifier of %d bytes", len(name))
	case !utf8.ValidString(name), strings.ContainsRune(name, 0):
		return "", fmt.Errorf("printing an identifier that is not valid text")
	case plainIdent.MatchString(name) && !keyword(name):
		return name, nil
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`, nil
}

// qualified prints schema.name.
func qualified(schema, name string) (string, error) {
	s, err := ident(schema)
	if err != nil {
		return "", err
	}
	n, err := ident(name)
	if err != nil {
		return "", err
	}
	return s + "." + n, nil
}

// literal prints a string constant in the standard form, in which a backslash is itself (standard_conforming_strings is
// pinned on upstream; PostgreSQL manual, 4.1.2.1).
func literal(value string) (string, error) {
	if !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
		return "", fmt.Errorf("printing a constant that is not valid text")
	}
	return "'" + strings.ReplaceAll(value, "'", "''") + "'", nil
}

// typeForm is what format_type can print: words or quoted names, perhaps qualified, modifiers, array brackets.
var typeForm = regexp.MustCompile(`^(?:[a-z_][a-z0-9_$]*|"(?:[^"\x00]|"")+")(?:\.(?:[a-z_][a-z0-9_$]*|"(?:[^"\x00]|"")+"))?` +
	`(?: [a-z]+)*(?:\([A-Za-z0-9_, -]+\))?(?: [a-z]+)*(?:\[\])*$`)

// typeName checks that a type has a form that can stand behind :: and cannot end the expression.
func typeName(name string) (string, error) {
	if !utf8.ValidString(name) || !typeForm.MatchString(name) {
		return "", fmt.Errorf("printing the type %q", name)
	}
	return name, nil
}

// keyword reports the words that need quotes to be a name: all of PostgreSQL 15 that are not unreserved
// (pg_get_keywords, catcode <> 'U'), and those that 16 to 18 added.
func keyword(word string) bool {
	switch word {
	case
		"all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "authorization", "between",
		"bigint", "binary", "bit", "boolean", "both", "case", "cast", "char", "character", "check", "coalesce",
		"collate", "collation", "column", "concurrently", "constraint", "create", "cross", "current_catalog",
		"current_date", "current_role", "current_schema", "current_time", "current_timestamp", "current_user", "dec",
		"decimal", "default", "deferrable", "desc", "distinct", "do", "else", "end", "except", "exists", "extract",
		"false", "fetch", "float", "for", "foreign", "freeze", "from", "full", "grant", "greatest", "group",
		"grouping", "having", "ilike", "in", "initially", "inner", "inout", "int", "integer", "intersect",
		"interval", "into", "is", "isnull", "join", "lateral", "leading", "least", "left", "like", "limit",
		"localtime", "localtimestamp", "national", "natural", "nchar", "none", "normalize", "not", "notnull", "null",
		"nullif", "numeric", "offset", "on", "only", "or", "order", "out", "outer", "overlaps", "overlay", "placing",
		"position", "precision", "primary", "real", "references", "returning", "right", "row", "select",
		"session_user", "setof", "similar", "smallint", "some", "substring", "symmetric", "table", "tablesample",
		"then", "time", "timestamp", "to", "trailing", "treat", "trim", "true", "union", "unique", "user", "using",
		"values", "varchar", "variadic", "verbose", "when", "where", "window", "with", "xmlattributes", "xmlconcat",
		"xmlelement", "xmlexists", "xmlforest", "xmlnamespaces", "xmlparse", "xmlpi", "xmlroot", "xmlserialize",
		"xmltable",
		"json", "json_array", "json_arrayagg", "json_exists", "json_object", "json_objectagg", "json_query",
		"json_scalar", "json_serialize", "json_table", "json_value", "merge_action", "system_user":
		return true
	}
	return false
}
