package lex

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Same lets a text pass that both engines read as the same tokens with the same meaning: the same kinds, bounds and values. Every text
// that is sent to a Redshift must pass it, because what was judged is what PostgreSQL's parser read.
//
// It is stricter than comparing, where the manuals leave a doubt: nothing outside of quotes is beyond ASCII; no comments; no backslash
// anywhere; no strings between dollars or side by side; no control characters but in strings; no name longer than 63 bytes or with a
// capital letter of any script; no words that Redshift reserves and PostgreSQL does not, but where its own grammar has them.
func Same(text string) error {
	if !utf8.ValidString(text) {
		return &Error{What: "a text that is not UTF-8"}
	}
	if i := strings.IndexAny(text, "\\\x00"); i >= 0 {
		return &Error{Offset: i, What: "a backslash or a zero byte"}
	}
	postgres, err := Scan(text, Postgres())
	if err != nil {
		return fmt.Errorf("by PostgreSQL's rules: %w", err)
	}
	redshift, err := Scan(text, Redshift())
	if err != nil {
		return fmt.Errorf("by Redshift's rules: %w", err)
	}
	if !slices.Equal(postgres, redshift) {
		return &Error{Offset: firstDifference(postgres, redshift), What: "a token that the two engines read differently"}
	}
	end := 0
	for i, t := range postgres {
		if strings.Trim(text[end:t.Start], " \n") != "" {
			return &Error{Offset: end, What: "a comment, or another space than blanks and line feeds"}
		}
		end = t.End
		if what := doubtful(postgres, i); what != "" {
			return &Error{Offset: t.Start, What: what}
		}
	}
	if strings.Trim(text[end:], " \n") != "" {
		return &Error{Offset: end, What: "a comment, or another space than blanks and line feeds"}
	}
	return nil
}

func firstDifference(a, b []Token) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return min(a[i].Start, b[i].Start)
		}
	}
	return 0
}

// doubtful says what of a token is not known to be read alike; "" if nothing.
func doubtful(tokens []Token, i int) string {
	t := tokens[i]
	switch t.Kind {
	case Name:
		switch {
		case strings.ContainsFunc(t.Value, func(r rune) bool { return r >= utf8.RuneSelf }):
			return "a character beyond ASCII outside of quotes"
		case len(t.Value) > Postgres().longest():
			return "a name of more than 63 bytes"
		}
	case Quoted:
		return doubtfulName(t.Value)
	case String:
		if t.Dollar {
			return "a string between dollars"
		}
		if i > 0 && (tokens[i-1].Kind == String || tokens[i-1].Kind == Name && tokens[i-1].End == t.Start) {
			return "a string that touches another token"
		}
	case Escaped, Prefixed, Temporary:
		return "a constant or name of one engine alone"
	case Number, Parameter, Operator, Sign:
		if i > 0 && tokens[i-1].End == t.Start && tokens[i-1].Kind == Operator && t.Kind == Operator {
			return "operators side by side"
		}
	}
	return ""
}

// doubtfulName says what of a name in quotes is in doubt.
func doubtfulName(name string) string {
	switch {
	case len(name) > Postgres().longest():
		return "a name of more than 63 bytes"
	case strings.ToLower(name) != name:
		return "a name with a capital letter"
	case strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return "a name with what cannot be printed"
	}
	return ""
}
