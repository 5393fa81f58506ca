package policy

import (
	"fmt"
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

// The subset of regular expressions that a mask may use. Everything in it means the same to PostgreSQL's advanced regular
// expressions (manual, 9.7.3) and to Go's regexp/syntax with the longest match and a dot that matches line breaks:
//
//	literal characters, \ before punctuation, \t \n \r, the dot, ^ and $ (ends of the text)
//	[abc], [^a-z], with \ before punctuation inside
//	(a|b), (?:a|b), and * + ? {n} {n,} {n,m} with n and m up to 255
//
// Left out is what the two read differently (\b, \w, \d, [[:alpha:]], lazy quantifiers), what makes a match depend on more
// than its own text (back-references, look-around), and what can run for ever (repetition of a repetition).
const (
	maxPattern = 500
	maxReplace = 200
	maxRepeat  = 255
)

// checkPattern reports what keeps a pattern out of the subset, and returns the number of its groups.
func checkPattern(pattern string) (groups int, err error) {
	if pattern == "" || len(pattern) > maxPattern || !utf8.ValidString(pattern) || strings.ContainsRune(pattern, 0) {
		return 0, fmt.Errorf("the pattern must be text of 1 to %d bytes", maxPattern)
	}
	s := patternScanner{rest: pattern}
	for s.rest != "" {
		if err := s.next(); err != nil {
			return 0, err
		}
	}
	parsed, err := syntax.Parse(pattern, syntax.Perl|syntax.DotNL)
	if err != nil {
		return 0, fmt.Errorf("the pattern cannot be read: %w", err)
	}
	if minLength(parsed) == 0 {
		return 0, fmt.Errorf("the pattern matches the empty text")
	}
	if height(parsed) > 1 {
		return 0, fmt.Errorf("the pattern repeats a repetition, which can run for ever")
	}
	return parsed.MaxCap(), nil
}

// patternScanner walks a pattern one item at a time and refuses what is not in the subset.
type patternScanner struct {
	rest string
	// atom is true where a quantifier may follow.
	atom bool
}

func (s *patternScanner) next() error {
	r, size := utf8.DecodeRuneInString(s.rest)
	item := s.rest
	s.rest = s.rest[size:]
	switch r {
	case '\\':
		return s.escape()
	case '[':
		return s.class()
	case '(':
		if strings.HasPrefix(s.rest, "?") && !strings.HasPrefix(s.rest, "?:") {
			return fmt.Errorf("of groups with a question mark only (?:…) may stand in the pattern")
		}
		s.rest = strings.TrimPrefix(s.rest, "?:")
		s.atom = false
	case ')':
		s.atom = true
	case '|', '^':
		s.atom = false
	case '$':
		s.atom = false
	case '*', '+', '?', '{':
		return s.quantifier(item)
	case '}', ']':
		return fmt.Errorf("write \\%c for the character %c", r, r)
	default:
		s.atom = true
	}
	return nil
}

func (s *patternScanner) escape() error {
	r, size := utf8.DecodeRuneInString(s.rest)
	if s.rest == "" {
		return fmt.Errorf("the pattern ends in a backslash")
	}
	s.rest = s.rest[size:]
	s.atom = true
	if escapable(r) {
		return nil
	}
	switch r {
	case 'd':
		return fmt.Errorf(`write [0-9] for \d, which depends on the language`)
	case 'w':
		return fmt.Errorf(`write [A-Za-z0-9_] for \w, which depends on the language`)
	case 's':
		return fmt.Errorf(`write [ \t\r\n] for \s, which depends on the language`)
	}
	return fmt.Errorf(`the pattern cannot use \%c`, r)
}

// escapable reports the characters that may follow a backslash: ASCII punctuation, and t, n, r.
func escapable(r rune) bool {
	return r > ' ' && r < 0x7f && !isWord(r) || r == 't' || r == 'n' || r == 'r'
}

func isWord(r rune) bool {
	return r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

// class takes a bracket expression. Its first character has no special meaning, and [ must be escaped, so that no
// [:class:], [.x.] or [=x=] can occur.
func (s *patternScanner) class() error {
	s.rest = strings.TrimPrefix(s.rest, "^")
	for i := 0; i < len(s.rest); {
		r, size := utf8.DecodeRuneInString(s.rest[i:])
		switch {
		case r == ']' && i > 0:
			s.rest, s.atom = s.rest[i+1:], true
			return nil
		case r == ']':
			return fmt.Errorf(`write \] for a bracket inside brackets`)
		case r == '[':
			return fmt.Errorf(`write \[ for a bracket inside brackets; [[:classes:]] depend on the language`)
		case r == '\\':
			escaped, n := utf8.DecodeRuneInString(s.rest[i+1:])
			if !escapable(escaped) {
				return fmt.Errorf(`the pattern cannot use \%c inside brackets`, escaped)
			}
			size += n
		}
		i += size
	}
	return fmt.Errorf("a bracket is not closed")
}

// quantifier takes * + ? or {n,m}, which must follow something and not be followed by another one.
func (s *patternScanner) quantifier(item string) error {
	if !s.atom {
		return fmt.Errorf("%c does not follow anything that it could repeat", item[0])
	}
	s.atom = false
	if item[0] == '{' {
		end := strings.IndexByte(s.rest, '}')
		if end < 0 || !repeatForm(s.rest[:end]) {
			return fmt.Errorf("write \\{ for a brace, or {n}, {n,}, {n,m} with numbers up to %d", maxRepeat)
		}
		s.rest = s.rest[end+1:]
	}
	if s.rest != "" && strings.IndexByte("*+?{", s.rest[0]) >= 0 {
		return fmt.Errorf("two quantifiers follow each other; lazy and possessive ones are not in the subset")
	}
	return nil
}

// repeatForm reports n, "n,", or "n,m".
func repeatForm(text string) bool {
	low, high, two := strings.Cut(text, ",")
	return repeatNumber(low) && (!two || high == "" || repeatNumber(high))
}

func repeatNumber(text string) bool {
	var n int
	for _, r := range text {
		if r < '0' || r > '9' {
			return false
		}
		if n = n*10 + int(r-'0'); n > maxRepeat {
			return false
		}
	}
	return text != ""
}

// minLength is the least number of characters that a match has.
func minLength(re *syntax.Regexp) int {
	switch re.Op {
	case syntax.OpLiteral:
		return len(re.Rune)
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 1
	case syntax.OpCapture, syntax.OpPlus:
		return minLength(re.Sub[0])
	case syntax.OpRepeat:
		return re.Min * minLength(re.Sub[0])
	case syntax.OpConcat:
		sum := 0
		for _, sub := range re.Sub {
			sum += minLength(sub)
		}
		return sum
	case syntax.OpAlternate:
		least := minLength(re.Sub[0])
		for _, sub := range re.Sub[1:] {
			least = min(least, minLength(sub))
		}
		return least
	case syntax.OpStar, syntax.OpQuest, syntax.OpNoMatch, syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine,
		syntax.OpBeginText, syntax.OpEndText, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return 0
	}
	return 0
}

// height is how deeply repetitions of more than one round stand inside each other.
func height(re *syntax.Regexp) int {
	deepest := 0
	for _, sub := range re.Sub {
		deepest = max(deepest, height(sub))
	}
	repeats := re.Op == syntax.OpStar || re.Op == syntax.OpPlus || re.Op == syntax.OpRepeat && (re.Max == -1 || re.Max > 1)
	if repeats && !fixedWidth(re) {
		return deepest + 1
	}
	return deepest
}

// fixedWidth reports a repetition with one possible number of rounds, such as [0-9]{4}.
func fixedWidth(re *syntax.Regexp) bool { return re.Op == syntax.OpRepeat && re.Min == re.Max }
