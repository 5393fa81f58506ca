package lex

import "fmt"

// Kind is what a token is.
type Kind uint8

// The kinds of tokens. Space and comments are none.
const (
	// Name is a word without quotes: a name or a keyword. Value is folded.
	Name Kind = iota + 1
	// Quoted is a name in quotes. Value is the name.
	Quoted
	// String is a constant in single quotes, or between dollars. Value is its text.
	String
	// Escaped is E'…', of PostgreSQL's alone; its Value is not decoded.
	Escaped
	// Prefixed is a constant or a name with another prefix (U&, B, X), of PostgreSQL's alone; its Value is not decoded.
	Prefixed
	// Number is a constant without a sign; Value is as it stands.
	Number
	// Parameter is $1; Value is as it stands.
	Parameter
	// Operator is a run of signs; Value is as it stands.
	Operator
	// Sign is one of ( ) [ ] , ; . : and the typecast ::, with := and the two dots of a range.
	Sign
	// Temporary is #name, of Redshift's alone. Value is folded.
	Temporary
)

// Token is one token of a text.
type Token struct {
	Kind Kind
	// Start and End are byte offsets.
	Start, End int
	// Value is what the token means by the rules by which it was read.
	Value string
	// Doubt names what in a string is not known to mean the same everywhere: a backslash with another character than a backslash
	// or a quote. Its bounds are certain all the same.
	Doubt string
	// Dollar marks a string between dollars.
	Dollar bool
}

// Is reports an unquoted word.
func (t Token) Is(word string) bool { return t.Kind == Name && t.Value == word }

// Sign reports a sign or an operator.
func (t Token) Sign(text string) bool {
	return (t.Kind == Sign || t.Kind == Operator) && t.Value == text
}

// Rules are one engine's. The zero value scans nothing.
type Rules struct{ engine string }

// Postgres has the rules of PostgreSQL 17 with standard_conforming_strings on, as the parser has them.
func Postgres() Rules { return Rules{"PostgreSQL"} }

// Redshift has the rules of Amazon Redshift with enable_case_sensitive_identifier off.
func Redshift() Rules { return Rules{"Redshift"} }

func (r Rules) redshift() bool { return r == Redshift() }

// longest is how many bytes of a name count.
func (r Rules) longest() int {
	if r.redshift() {
		return 127
	}
	return 63
}

// Error says what in a text is no token.
type Error struct {
	// Offset is where it stands, in bytes.
	Offset int
	// What it is, in words for the client.
	What string
}

func (e *Error) Error() string { return fmt.Sprintf("%s at byte %d", e.What, e.Offset) }
