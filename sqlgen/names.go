package sqlgen

import "fmt"

// Ident prints a name, for PostgreSQL in quotes where it needs them and for Redshift always. What no server could have as a name is an error, and on
// Redshift what is not folded, longer than 63 bytes, or has a backslash.
func (d Dialect) Ident(name string) (string, error) {
	if d.IsRedshift() {
		r := &redshift{}
		out := r.ident(name)
		return out, r.err
	}
	if d != Postgres() {
		return "", fmt.Errorf("printing a name for dialect %q: it is not known", d.name)
	}
	return ident(name)
}

// Text prints a string constant, for PostgreSQL with standard_conforming_strings = on. What is not valid text is an error, and on Redshift what has more than
// 65,535 bytes. A backslash becomes chr(92) there, so that the constant may be an expression in brackets.
func (d Dialect) Text(value string) (string, error) {
	if d.IsRedshift() {
		r := &redshift{}
		out := r.text(value)
		return out.sql, r.err
	}
	if d != Postgres() {
		return "", fmt.Errorf("printing a constant for dialect %q: it is not known", d.name)
	}
	return literal(value)
}
