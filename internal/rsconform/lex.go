package rsconform

import (
	"errors"
	"strings"
)

// token is one token: kind is one of w (word), q (quoted name), s (string), n (number or parameter) and p (punctuation).
type token struct {
	kind byte
	text string
}

// split reads a text. With escapes, a backslash in a string takes the next byte with it.
func split(sql string, escapes bool) ([]token, error) {
	var out []token
	for i := 0; i < len(sql); {
		c, start := sql[i], i
		switch {
		case c == ' ':
			i++
			continue
		case c == '\'' || c == '"':
			end, err := quoted(sql, i, escapes && c == '\'')
			if err != nil {
				return nil, err
			}
			i = end
			out = append(out, token{map[byte]byte{'\'': 's', '"': 'q'}[c], sql[start:i]})
		case letter(c):
			for i < len(sql) && (letter(sql[i]) || digit(sql[i])) {
				i++
			}
			out = append(out, token{'w', sql[start:i]})
		case digit(c), c == '$', c == '.' && i+1 < len(sql) && digit(sql[i+1]):
			i++
			for i < len(sql) && (digit(sql[i]) || sql[i] == '.' || sql[i]|0x20 == 'e' || (sql[i] == '-' || sql[i] == '+') && sql[i-1]|0x20 == 'e') {
				i++
			}
			out = append(out, token{'n', sql[start:i]})
		default:
			i++
			for _, p := range []string{"!~*", "||", "<>", "<=", ">=", "<<", ">>", "!~", "~*", "!=", "::", "--", "/*"} {
				if strings.HasPrefix(sql[start:], p) {
					i = start + len(p)
					break
				}
			}
			out = append(out, token{'p', sql[start:i]})
		}
	}
	return out, nil
}

// quoted is the end of what is in quotes at i.
func quoted(sql string, i int, escapes bool) (int, error) {
	quote := sql[i]
	for i++; i < len(sql); i++ {
		switch {
		case escapes && sql[i] == '\\':
			i++
		case sql[i] == quote && i+1 < len(sql) && sql[i+1] == quote:
			i++
		case sql[i] == quote:
			return i + 1, nil
		}
	}
	return 0, errors.New("a quote is not closed")
}

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }

func digit(c byte) bool { return c >= '0' && c <= '9' }
