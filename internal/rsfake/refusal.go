package rsfake

import "fmt"

// Refusal is an error of the stand-in's own: what Redshift would refuse, or what the stand-in cannot do.
type Refusal struct {
	Code, Message string
	Detail        string
	// Position counts from 1 in the client's text; 0 is none.
	Position int
}

// Error implements error.
func (r *Refusal) Error() string { return fmt.Sprintf("%s (SQLSTATE %s)", r.Message, r.Code) }

func syntax(message string, at int) *Refusal {
	return &Refusal{Code: "42601", Message: message, Position: at + 1}
}

// near is a syntax error at a token.
func near(t token) *Refusal { return syntax(fmt.Sprintf("syntax error at or near %q", t.text), t.at) }

// unsupported is something that Redshift documents not to have.
func unsupported(what string, at int) *Refusal {
	return &Refusal{Code: "0A000", Message: what + " is not supported", Position: at + 1}
}

// standIn is something that Redshift has and the stand-in does not.
func standIn(what string, at int) *Refusal {
	return &Refusal{Code: "0A000", Message: "the stand-in does not know " + what, Position: at + 1}
}

func sizes(n int) string {
	return fmt.Sprintf("Statement Size: %d bytes. Maximum Allowed: %d bytes", n, MaxStatementBytes)
}
