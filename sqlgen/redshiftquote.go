package sqlgen

import (
	"strings"
	"unicode/utf8"

	"github.com/posternsql/postern/policy/expr"
)

// ident prints a name, always in quotes, so that no list of reserved words is needed. Redshift folds names to lower case even
// in quotes (enable_case_sensitive_identifier is off by default): a name that folding changes would mean another object. Names
// above 63 bytes are refused, because PostgreSQL's parser would cut them.
func (r *redshift) ident(name string) string {
	switch {
	case name == "", len(name) > maxIdent:
		r.refuse("a name of %d bytes", len(name))
	case !utf8.ValidString(name), strings.ContainsAny(name, "\x00\\"):
		r.refuse("the name %q, which is not plain text", name)
	case strings.ToLower(name) != name:
		r.refuse("the name %q, which Redshift folds to lower case even in quotes", name)
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

func (r *redshift) name(n expr.Name) string { return r.ident(n.Schema) + "." + r.ident(n.Name) }

// maxRedshiftText is the longest text in bytes.
const maxRedshiftText = 65535

// text prints a string constant. Redshift reads a backslash as an escape and PostgreSQL does not: so none is printed, and the
// text means the same under both rules.
func (r *redshift) text(value string) typed {
	if !utf8.ValidString(value) || strings.ContainsRune(value, 0) || len(value) > maxRedshiftText {
		return r.refuse("a constant that is not text of at most %d bytes", maxRedshiftText)
	}
	parts := strings.Split(value, `\`)
	for i, part := range parts {
		parts[i] = "'" + strings.ReplaceAll(part, "'", "''") + "'"
	}
	out := typed{sql: strings.Join(parts, " || chr(92) || "), base: "character varying", n: max(1, len(value)), ascii: isASCII(value)}
	if len(parts) > 1 {
		out.sql = "(" + out.sql + ")"
	}
	return out
}

// constant is the text of a constant that must stand as one literal: a pattern, a unit. It has no backslash.
func (r *redshift) constant(what string, e expr.Expr) string {
	l, ok := e.(expr.Literal)
	if !ok || l.Null || l.Type != "" && l.Type != "text" {
		r.refuse("%s that is not a constant", what)
		return ""
	}
	if strings.Contains(l.Value, `\`) {
		r.refuse("%s with a backslash, which Redshift reads as an escape", what)
		return ""
	}
	return l.Value
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
