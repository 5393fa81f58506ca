package lex

import "strings"

// longestOperator bounds a run of signs, of which each may be looked at anew.
const longestOperator = 63

// operator reads a run of signs (PostgreSQL manual, 4.1.3): it ends before a comment, and a + or - at its end belongs to it only where it has
// a sign that no operator of the standard has.
func (s *scanner) operator() (Token, error) {
	end := s.at
	for end < len(s.text) && isOperator(s.text[end]) {
		if end-s.at > longestOperator {
			return Token{}, s.fail("a run of too many signs")
		}
		if rest := s.text[end:]; end > s.at && (strings.HasPrefix(rest, "--") || strings.HasPrefix(rest, "/*")) {
			break
		}
		end++
	}
	if s.rules.redshift() && end < len(s.text) && end-s.at > 1 && s.text[end-1] == '#' && isNameStart(s.text[end]) {
		end-- // the # begins a name
	}
	run := s.text[s.at:end]
	for len(run) > 1 && (strings.HasSuffix(run, "+") || strings.HasSuffix(run, "-")) && !strings.ContainsAny(run[:len(run)-1], "~!@#^&|`?%") {
		run = run[:len(run)-1]
	}
	s.at += len(run)
	return Token{Kind: Operator, Value: run}, nil
}
