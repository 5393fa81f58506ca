package explain

import "strings"

// Plain leaves out of a printed expression what only pins names: the schema of built-ins, OPERATOR(…) around built-in operators, and the
// base table's alias. Literals and quoted names stay as they are. The result is for reading and never for running.
func Plain(expression string) string {
	var b strings.Builder
	for rest := expression; rest != ""; {
		switch {
		case rest[0] == '\'' || rest[0] == '"':
			n := quotedLength(rest)
			b.WriteString(rest[:n])
			rest = rest[n:]
			continue
		case strings.HasPrefix(rest, operatorPrefix):
			if name, after, ok := strings.Cut(rest[len(operatorPrefix):], ")"); ok {
				b.WriteString(name)
				rest = after
				continue
			}
		case strings.HasPrefix(rest, catalogPrefix):
			rest = rest[len(catalogPrefix):]
			continue
		case strings.HasPrefix(rest, aliasPrefix):
			rest = rest[len(aliasPrefix):]
			continue
		}
		b.WriteByte(rest[0])
		rest = rest[1:]
	}
	out := b.String()
	if strings.HasPrefix(out, "(") && matching(out) == len(out)-1 {
		out = out[1 : len(out)-1]
	}
	return out
}

const (
	operatorPrefix = "OPERATOR(pg_catalog."
	catalogPrefix  = "pg_catalog."
	aliasPrefix    = "postern_t."
)

// quotedLength is how long the literal or quoted name at the start of s is, doubled quotes inside it included.
func quotedLength(s string) int {
	for i := 1; i < len(s); i++ {
		if s[i] != s[0] {
			continue
		}
		if i+1 < len(s) && s[i+1] == s[0] {
			i++
			continue
		}
		return i + 1
	}
	return len(s)
}

// matching is where the parenthesis at the start of s is closed; -1 if it is not.
func matching(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\'', '"':
			i += quotedLength(s[i:]) - 1
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}
