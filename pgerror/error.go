package pgerror

import "strings"

// Severity of an ErrorResponse. The zero value is ERROR.
type Severity uint8

const (
	// SeverityError ends the statement; the session goes on.
	SeverityError Severity = iota
	// SeverityFatal ends the session.
	SeverityFatal
)

// String returns the untranslated severity as it stands in fields S and V.
func (s Severity) String() string {
	if s == SeverityFatal {
		return "FATAL"
	}
	return "ERROR"
}

// Error is what a client is told. Fields follow the PostgreSQL manual, "Error and Notice Message Fields".
type Error struct {
	Severity Severity
	// Code is the five-character SQLSTATE.
	Code string
	// Message is the primary message: lower case, one line, no final full stop.
	Message string
	// Detail and Hint are optional full sentences.
	Detail string
	Hint   string
	// Position counts characters, from 1, in the text that the client sent; 0 means unknown.
	Position int
}

// Error returns severity, code and message on one line.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Severity.String())
	b.WriteString(": ")
	b.WriteString(e.Message)
	b.WriteString(" (SQLSTATE ")
	b.WriteString(e.Code)
	b.WriteByte(')')
	return b.String()
}

// Fatal returns a copy that ends the session.
func (e *Error) Fatal() *Error {
	c := *e
	c.Severity = SeverityFatal
	return &c
}

// At returns a copy with a position (characters, from 1) in the client's text.
func (e *Error) At(position int) *Error {
	c := *e
	c.Position = position
	return &c
}

// WithHint returns a copy with a hint.
func (e *Error) WithHint(hint string) *Error {
	c := *e
	c.Hint = hint
	return &c
}

// WithDetail returns a copy with a detail.
func (e *Error) WithDetail(detail string) *Error {
	c := *e
	c.Detail = detail
	return &c
}
