package sqlgen

import "fmt"

// Ident prints a name for PostgreSQL, in quotes where it needs them. What no server could have as a name is an error.
func (d Dialect) Ident(name string) (string, error) {
	if d != Postgres() {
		return "", fmt.Errorf("printing a name for dialect %q: only PostgreSQL's own objects are maintained", d.name)
	}
	return ident(name)
}

// Text prints a string constant for PostgreSQL, for standard_conforming_strings = on. What is not valid text is an error.
func (d Dialect) Text(value string) (string, error) {
	if d != Postgres() {
		return "", fmt.Errorf("printing a constant for dialect %q: only PostgreSQL's own objects are maintained", d.name)
	}
	return literal(value)
}
