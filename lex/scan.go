package lex

import "strings"

// MaxBytes bounds a text. Redshift takes 16 MB.
const MaxBytes = 16 << 20

// scanner reads one text.
type scanner struct {
	text  string
	at    int
	rules Rules
	out   []Token
}

// Scan splits a text into tokens. The error is an *Error.
func Scan(text string, rules Rules) ([]Token, error) {
	if rules != Postgres() && rules != Redshift() {
		return nil, &Error{What: "scanning by no rules"}
	}
	if len(text) > MaxBytes {
		return nil, &Error{What: "a text of more than 16 MB"}
	}
	s := &scanner{text: text, rules: rules, out: make([]Token, 0, len(text)/5+1)}
	for {
		if err := s.skip(); err != nil {
			return nil, err
		}
		if s.at == len(s.text) {
			return s.out, nil
		}
		start := s.at
		token, err := s.token()
		if err != nil {
			return nil, err
		}
		token.Start, token.End = start, s.at
		s.out = append(s.out, token)
	}
}

// peek is the byte that many further on, 0 behind the end.
func (s *scanner) peek(ahead int) byte {
	if s.at+ahead >= len(s.text) {
		return 0
	}
	return s.text[s.at+ahead]
}

func (s *scanner) fail(what string) error { return &Error{Offset: s.at, What: what} }

// skip passes space and comments. Comments between /* and */ nest in both engines.
func (s *scanner) skip() error {
	for s.at < len(s.text) {
		switch {
		case isSpace(s.text[s.at]):
			s.at++
		case strings.HasPrefix(s.text[s.at:], "--"):
			end := strings.IndexAny(s.text[s.at:], "\r\n")
			if end < 0 {
				end = len(s.text) - s.at
			}
			s.at += end
		case strings.HasPrefix(s.text[s.at:], "/*"):
			if err := s.comment(); err != nil {
				return err
			}
		default:
			return nil
		}
	}
	return nil
}

func (s *scanner) comment() error {
	depth, i := 0, s.at
	for i < len(s.text) {
		switch {
		case strings.HasPrefix(s.text[i:], "/*"):
			depth++
			i += 2
		case strings.HasPrefix(s.text[i:], "*/"):
			depth--
			i += 2
			if depth == 0 {
				s.at = i
				return nil
			}
		default:
			i++
		}
	}
	return s.fail("a comment that is not closed")
}

// token reads one token; it ends behind it.
func (s *scanner) token() (Token, error) {
	c := s.text[s.at]
	switch {
	case c == '\'':
		return s.quotedString()
	case c == '"':
		return s.quotedName()
	case c == '$':
		return s.dollar()
	case isDigit(c), c == '.' && isDigit(s.peek(1)):
		return s.number()
	case isNameStart(c):
		if kind, length := s.prefix(); kind != 0 {
			return s.prefixed(kind, length)
		}
		return s.name(Name)
	case c == '#' && s.rules.redshift() && isNameStart(s.peek(1)):
		s.at++
		return s.name(Temporary)
	case strings.IndexByte("()[],;", c) >= 0:
		s.at++
		return Token{Kind: Sign, Value: string(c)}, nil
	case c == '.' || c == ':':
		return s.dots()
	case isOperator(c):
		return s.operator()
	}
	return Token{}, s.fail("a character that begins no token")
}

// dots reads . and .. and : and :: and := as PostgreSQL does.
func (s *scanner) dots() (Token, error) {
	text := s.text[s.at : s.at+1]
	switch next := s.peek(1); {
	case text == "." && next == '.', text == ":" && (next == ':' || next == '='):
		text = s.text[s.at : s.at+2]
	}
	s.at += len(text)
	return Token{Kind: Sign, Value: text}, nil
}

// name reads a word. Only ASCII letters are folded.
func (s *scanner) name(kind Kind) (Token, error) {
	start := s.at
	for s.at < len(s.text) && isNamePart(s.text[s.at]) {
		s.at++
	}
	return Token{Kind: kind, Value: fold(s.text[start:s.at])}, nil
}

// fold makes ASCII letters small.
func fold(text string) string {
	for i := range len(text) {
		if c := text[i]; c >= 'A' && c <= 'Z' {
			folded := []byte(text)
			for j := i; j < len(folded); j++ {
				if folded[j] >= 'A' && folded[j] <= 'Z' {
					folded[j] += 'a' - 'A'
				}
			}
			return string(folded)
		}
	}
	return text
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isNameStart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= 0x80
}

func isNamePart(c byte) bool { return isNameStart(c) || isDigit(c) || c == '$' }

func isOperator(c byte) bool { return c != 0 && strings.IndexByte("~!@#^&|`?+-*/%<>=", c) >= 0 }
