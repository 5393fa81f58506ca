package rsfake

import (
	"strings"
)

// kind is what a token is.
type kind byte

const (
	word    kind = iota // an unquoted name or key word, folded to lower case
	quoted              // a name in double quotes
	literal             // '…', in which a backslash takes the next character with it
	dollar              // $$…$$ or $tag$…$tag$
	number              // 12, 1.5e3
	param               // $1
	op                  // a run of operator characters
	punct               // one of ( ) [ ] , ; : . and what is nothing else
)

// token is one token of a statement.
type token struct {
	kind kind
	// text is how it is printed: words folded, names in quotes folded, everything else as it came.
	text string
	// at is the byte offset in the client's text, for error positions.
	at int
	// newline reports a line break before it: two literals are one only then.
	newline bool
}

// is reports a key word or a mark.
func (t token) is(text string) bool {
	return (t.kind == word || t.kind == punct || t.kind == op) && t.text == text
}

// isName reports what can be a name.
func (t token) isName() bool { return t.kind == word || t.kind == quoted }

// name is what a name means.
func (t token) name() string {
	if t.kind == quoted {
		return strings.ReplaceAll(t.text[1:len(t.text)-1], `""`, `"`)
	}
	return t.text
}

// value is what a literal means, with Redshift's escapes taken out.
func (t token) value() string {
	if t.kind != literal {
		return ""
	}
	body := t.text[1 : len(t.text)-1]
	var b strings.Builder
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case c == '\'':
			i++
			b.WriteByte('\'')
		case c == '\\' && i+1 < len(body):
			i++
			b.WriteString(unescape(body[i]))
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func unescape(c byte) string {
	switch c {
	case 'n':
		return "\n"
	case 't':
		return "\t"
	case 'r':
		return "\r"
	case 'b':
		return "\b"
	case 'f':
		return "\f"
	}
	return string(rune(c))
}

// quote prints a literal that every rule reads alike but for backslashes, which are doubled: the stand-in's sessions have
// standard_conforming_strings off.
func quote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(s) + "'"
}

func quoteName(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// lexer splits text by Redshift's rules, which are PostgreSQL 8.0's.
type lexer struct {
	text string
	pos  int
	out  []token
}

const operators = "+-*/<>=~!@#%^&|`?"

// lex splits a text into tokens. Comments are left out.
func lex(text string) ([]token, *Refusal) {
	l := &lexer{text: text}
	for {
		newline, refused := l.space()
		if refused != nil {
			return nil, refused
		}
		if l.pos >= len(l.text) {
			return l.out, nil
		}
		t, refused := l.next()
		if refused != nil {
			return nil, refused
		}
		t.newline = newline
		l.out = append(l.out, t)
	}
}

// space passes over white space and comments.
func (l *lexer) space() (newline bool, _ *Refusal) {
	for l.pos < len(l.text) {
		rest := l.text[l.pos:]
		switch c := rest[0]; {
		case c == '\n' || c == '\r':
			newline = true
			l.pos++
		case c == ' ' || c == '\t' || c == '\f' || c == '\v':
			l.pos++
		case strings.HasPrefix(rest, "--"):
			end := strings.IndexAny(rest, "\r\n")
			if end < 0 {
				end = len(rest)
			}
			l.pos += end
		case strings.HasPrefix(rest, "/*"):
			if !l.comment() {
				return newline, syntax("unterminated /* comment", l.pos)
			}
		default:
			return newline, nil
		}
	}
	return newline, nil
}

// comment passes over a comment, which can hold others.
func (l *lexer) comment() bool {
	depth := 0
	for i := l.pos; i+1 < len(l.text); i++ {
		switch l.text[i : i+2] {
		case "/*":
			depth++
			i++
		case "*/":
			depth--
			i++
		}
		if depth == 0 {
			l.pos = i + 1
			return true
		}
	}
	return false
}

func (l *lexer) next() (token, *Refusal) {
	start := l.pos
	c := l.text[start]
	switch {
	case c == '\'':
		return l.literal()
	case c == '"':
		return l.quoted()
	case c == '$':
		return l.dollar()
	case isDigit(c), c == '.' && start+1 < len(l.text) && isDigit(l.text[start+1]):
		return l.number(), nil
	case isNameStart(c):
		return l.word()
	case c == ':' && strings.HasPrefix(l.text[start:], "::"), c == ':' && strings.HasPrefix(l.text[start:], ":="):
		l.pos += 2
		return token{kind: op, text: l.text[start:l.pos], at: start}, nil
	case strings.IndexByte(operators, c) >= 0:
		return l.operator(), nil
	case c == 0:
		return token{}, syntax("invalid byte sequence for encoding \"UTF8\": 0x00", start)
	}
	l.pos++
	return token{kind: punct, text: l.text[start:l.pos], at: start}, nil
}

// literal reads '…'. A backslash takes the next character with it.
func (l *lexer) literal() (token, *Refusal) {
	start := l.pos
	for i := start + 1; i < len(l.text); i++ {
		switch l.text[i] {
		case '\\':
			i++
		case '\'':
			if i+1 < len(l.text) && l.text[i+1] == '\'' {
				i++
				continue
			}
			l.pos = i + 1
			return token{kind: literal, text: l.text[start:l.pos], at: start}, nil
		}
	}
	return token{}, syntax("unterminated quoted string", start)
}

// quoted reads "…" and folds it: enable_case_sensitive_identifier is off.
func (l *lexer) quoted() (token, *Refusal) {
	start := l.pos
	for i := start + 1; i < len(l.text); i++ {
		if l.text[i] != '"' {
			continue
		}
		if i+1 < len(l.text) && l.text[i+1] == '"' {
			i++
			continue
		}
		l.pos = i + 1
		t := token{kind: quoted, text: fold(l.text[start:l.pos]), at: start}
		if len(t.text) == 2 {
			return token{}, syntax("zero-length delimited identifier", start)
		}
		return t, checkName(t)
	}
	return token{}, syntax("unterminated quoted identifier", start)
}

// checkName refuses names that PostgreSQL would cut: Redshift's have up to 127 bytes.
func checkName(t token) *Refusal {
	if n := len(t.name()); n > 127 {
		return &Refusal{Code: "42622", Message: "identifier \"" + t.name()[:32] + "…\" is longer than 127 bytes", Position: t.at + 1}
	} else if n > 63 {
		return standIn("names of more than 63 bytes", t.at)
	}
	return nil
}

// dollar reads a parameter or a dollar-quoted string.
func (l *lexer) dollar() (token, *Refusal) {
	start := l.pos
	i := start + 1
	for i < len(l.text) && isDigit(l.text[i]) {
		i++
	}
	if i > start+1 {
		l.pos = i
		return token{kind: param, text: l.text[start:i], at: start}, nil
	}
	for i < len(l.text) && l.text[i] != '$' && (isNameStart(l.text[i]) || i > start+1 && isDigit(l.text[i])) {
		i++
	}
	if i >= len(l.text) || l.text[i] != '$' {
		return token{}, syntax("syntax error at or near \"$\"", start)
	}
	tag := l.text[start : i+1]
	end := strings.Index(l.text[i+1:], tag)
	if end < 0 {
		return token{}, syntax("unterminated dollar-quoted string", start)
	}
	l.pos = i + 1 + end + len(tag)
	return token{kind: dollar, text: l.text[start:l.pos], at: start}, nil
}

func (l *lexer) number() token {
	start, i := l.pos, l.pos
	dot := false
	for i < len(l.text) && (isDigit(l.text[i]) || l.text[i] == '.' && !dot && !strings.HasPrefix(l.text[i:], "..")) {
		dot = dot || l.text[i] == '.'
		i++
	}
	if i+1 < len(l.text) && (l.text[i] == 'e' || l.text[i] == 'E') {
		j := i + 1
		if l.text[j] == '+' || l.text[j] == '-' {
			j++
		}
		if j < len(l.text) && isDigit(l.text[j]) {
			for i = j; i < len(l.text) && isDigit(l.text[i]); {
				i++
			}
		}
	}
	l.pos = i
	return token{kind: number, text: l.text[start:i], at: start}
}

// word reads a name. What PostgreSQL reads as one token with the string behind it is refused as Redshift does it: it takes
// the letter for a type.
func (l *lexer) word() (token, *Refusal) {
	start, i := l.pos, l.pos
	for i < len(l.text) && (isNameStart(l.text[i]) || isDigit(l.text[i]) || l.text[i] == '$') {
		i++
	}
	l.pos = i
	t := token{kind: word, text: fold(l.text[start:i]), at: start}
	if i < len(l.text) && l.text[i] == '\'' {
		switch t.text {
		case "e", "b", "x":
			return token{}, &Refusal{Code: "42704", Message: `type "` + t.text + `" does not exist`, Position: start + 1}
		}
	}
	if t.text == "u" && strings.HasPrefix(l.text[i:], "&") && i+1 < len(l.text) && (l.text[i+1] == '\'' || l.text[i+1] == '"') {
		return token{}, &Refusal{Code: "42704", Message: `type "u" does not exist`, Position: start + 1}
	}
	return t, checkName(t)
}

// operator reads a run of operator characters, by PostgreSQL's rules: it ends before a comment, and a sign at its end is its
// own unless the operator has a character that SQL's do not have.
func (l *lexer) operator() token {
	start, i := l.pos, l.pos
	for i < len(l.text) && strings.IndexByte(operators, l.text[i]) >= 0 {
		if i > start && (strings.HasPrefix(l.text[i:], "--") || strings.HasPrefix(l.text[i:], "/*")) {
			break
		}
		i++
	}
	for i > start+1 && (l.text[i-1] == '+' || l.text[i-1] == '-') && !strings.ContainsAny(l.text[start:i-1], "~!@#%^&|`?") {
		i--
	}
	l.pos = i
	return token{kind: op, text: l.text[start:i], at: start}
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isNameStart(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// fold folds ASCII letters, as identifiers in a UTF-8 database are.
func fold(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
