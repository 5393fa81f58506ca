package lex

import "strings"

// number reads a constant. PostgreSQL 16 and newer have other bases and underscores; Redshift would read a number and a name there, so it is an
// error.
func (s *scanner) number() (Token, error) {
	start := s.at
	if !s.rules.redshift() {
		if base := s.peek(1) | 0x20; s.text[s.at] == '0' && (base == 'x' || base == 'o' || base == 'b') {
			return s.based()
		}
	}
	s.digits()
	if s.peek(0) == '.' && s.peek(1) != '.' {
		s.at++
		s.digits()
	}
	if s.peek(0)|0x20 == 'e' {
		sign := 1
		if s.peek(1) == '+' || s.peek(1) == '-' {
			sign = 2
		}
		if isDigit(s.peek(sign)) {
			s.at += sign
			s.digits()
		}
	}
	if c := s.peek(0); isNameStart(c) {
		return Token{}, &Error{Offset: start, What: "a number with letters behind it"}
	}
	return Token{Kind: Number, Value: s.text[start:s.at]}, nil
}

// digits passes digits, and on PostgreSQL single underscores between them.
func (s *scanner) digits() {
	for isDigit(s.peek(0)) || s.peek(0) == '_' && !s.rules.redshift() && s.at > 0 && isDigit(s.text[s.at-1]) && isDigit(s.peek(1)) {
		s.at++
	}
}

// based reads a number in another base.
func (s *scanner) based() (Token, error) {
	start := s.at
	allowed := map[byte]string{'x': "0123456789abcdef", 'o': "01234567", 'b': "01"}[s.peek(1)|0x20]
	s.at += 2
	for digits := 0; ; digits++ {
		c := s.peek(0)
		if c == '_' {
			s.at++
			c = s.peek(0)
			if !isOneOf(c, allowed) {
				break
			}
		}
		if !isOneOf(c, allowed) {
			if digits > 0 && !isNamePart(c) {
				return Token{Kind: Number, Value: s.text[start:s.at]}, nil
			}
			break
		}
		s.at++
	}
	return Token{}, &Error{Offset: start, What: "a number with letters behind it"}
}

func isOneOf(c byte, digits string) bool {
	return isNamePart(c) && strings.IndexByte(digits, c|0x20) >= 0
}
