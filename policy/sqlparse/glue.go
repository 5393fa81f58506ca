package sqlparse

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// unglue returns the text in which `name =@username` has become `name = @username`. PostgreSQL's lexer takes the longest
// run of operator characters, so `=@` would be one unknown operator with another precedence.
//
// Only comparisons, arithmetic and || are taken apart, and only in front of a known @function; `<@` is an operator of its own, so it is
// refused there rather than guessed at.
func (r *Rule) unglue() (string, error) {
	if !strings.Contains(r.text, "@") {
		return r.text, nil
	}
	scan, err := pg_query.Scan(r.text)
	if err != nil {
		return "", &Error{Message: err.Error()}
	}
	var b strings.Builder
	last := 0
	for i, token := range scan.Tokens {
		start, end := int(token.Start), int(token.End)
		if start < 0 || end > len(r.text) || start >= end || i+1 >= len(scan.Tokens) {
			continue
		}
		next := scan.Tokens[i+1]
		operator := r.text[start:end]
		if token.Token != pg_query.Token_Op || !strings.HasSuffix(operator, "@") || len(operator) == 1 ||
			int(next.Start) != end || int(next.End) > len(r.text) {
			continue
		}
		if !isPersonFunction(strings.ToLower(r.text[next.Start:next.End])) {
			continue
		}
		switch operator {
		case "=@", "<>@", "!=@", "<=@", ">=@", ">@", "||@", "+@", "-@", "*@", "/@", "%@":
			b.WriteString(r.text[last : end-1])
			r.glued = append(r.glued, b.Len())
			b.WriteByte(' ')
			last = end - 1
		default:
			return "", r.at(int32(start+len(prefix)), "%s%s can be read in two ways: write a space before @", operator, r.text[next.Start:next.End])
		}
	}
	b.WriteString(r.text[last:])
	return b.String(), nil
}

// parsedText is the rule's text with the spaces that unglue inserted.
func (r *Rule) parsedText() string {
	text := r.text
	for _, g := range r.glued {
		text = text[:g] + " " + text[g:]
	}
	return text
}
