package lex

import "strings"

// quotedString reads '…'. On Redshift a backslash takes the next byte with it.
func (s *scanner) quotedString() (Token, error) {
	token := Token{Kind: String}
	var value strings.Builder
	for i := s.at + 1; i < len(s.text); i++ {
		switch c := s.text[i]; {
		case c == '\\' && s.rules.redshift():
			if i++; i == len(s.text) {
				return token, s.fail("a string that is not closed")
			}
			if s.text[i] != '\\' && s.text[i] != '\'' {
				token.Doubt = s.text[i-1 : i+1]
			}
			value.WriteByte(s.text[i])
		case c != '\'':
			value.WriteByte(c)
		case i+1 < len(s.text) && s.text[i+1] == '\'':
			value.WriteByte(c)
			i++
		default:
			s.at, token.Value = i+1, value.String()
			return token, nil
		}
	}
	return token, s.fail("a string that is not closed")
}

// quotedName reads "…".
func (s *scanner) quotedName() (Token, error) {
	for i := s.at + 1; i < len(s.text); i++ {
		if s.text[i] != '"' {
			continue
		}
		if i+1 < len(s.text) && s.text[i+1] == '"' {
			i++
			continue
		}
		value := strings.ReplaceAll(s.text[s.at+1:i], `""`, `"`)
		if value == "" {
			return Token{}, s.fail("a name of no characters")
		}
		if s.rules.redshift() {
			value = fold(value)
		}
		s.at = i + 1
		return Token{Kind: Quoted, Value: value}, nil
	}
	return Token{}, s.fail("a name that is not closed")
}

// dollar reads $1 or $tag$…$tag$.
func (s *scanner) dollar() (Token, error) {
	end := 1
	if isDigit(s.peek(1)) {
		for isDigit(s.peek(end)) {
			end++
		}
		if c := s.peek(end); isNameStart(c) {
			return Token{}, s.fail("a parameter with letters behind it")
		}
		value := s.text[s.at : s.at+end]
		s.at += end
		return Token{Kind: Parameter, Value: value}, nil
	}
	if isNameStart(s.peek(end)) {
		for c := s.peek(end); isNameStart(c) || isDigit(c); c = s.peek(end) {
			end++
		}
	}
	if s.peek(end) != '$' {
		return Token{}, s.fail("a dollar sign that begins no token")
	}
	tag := s.text[s.at : s.at+end+1]
	body := s.text[s.at+len(tag):]
	length := strings.Index(body, tag)
	if length < 0 {
		return Token{}, s.fail("a string between dollars that is not closed")
	}
	s.at += 2*len(tag) + length
	return Token{Kind: String, Value: body[:length], Dollar: true}, nil
}

// prefix reports the prefix of a constant at this place, and its length. Redshift has none: there it is a word.
func (s *scanner) prefix() (Kind, int) {
	if s.rules.redshift() {
		return 0, 0
	}
	switch c, next := s.text[s.at]|0x20, s.peek(1); {
	case c == 'e' && next == '\'':
		return Escaped, 1
	case (c == 'b' || c == 'x') && next == '\'':
		return Prefixed, 1
	case c == 'u' && next == '&' && (s.peek(2) == '\'' || s.peek(2) == '"'):
		return Prefixed, 2
	}
	return 0, 0
}

// prefixed reads a constant with a prefix, up to its end.
func (s *scanner) prefixed(kind Kind, length int) (Token, error) {
	start := s.at
	quote := s.text[start+length]
	doubled := kind == Escaped || length > 1 // in bit strings a quote is never part of the text
	for i := start + length + 1; i < len(s.text); i++ {
		switch {
		case s.text[i] == '\\' && kind == Escaped:
			i++
		case s.text[i] != quote:
		case doubled && i+1 < len(s.text) && s.text[i+1] == quote:
			i++
		default:
			s.at = i + 1
			return Token{Kind: kind, Value: s.text[start:s.at]}, nil
		}
	}
	return Token{}, s.fail("a constant that is not closed")
}
