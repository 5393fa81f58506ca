package rewrite

import (
	"strings"
	"unicode/utf8"

	"github.com/posternsql/postern/pgerror"
)

// checkText bounds a client text before the C parser sees it: its size, its encoding, the number of its tokens and how
// deeply it can nest. The parser itself keeps its states on the heap, but what it builds is then walked recursively on the C
// stack, which Go cannot grow: a text that nests too deeply would end the process.
func checkText(sql string, c *Config) error {
	if len(sql) > c.MaxSQLBytes {
		return pgerror.LimitExceeded("statement is too long: %d bytes, at most %d", len(sql), c.MaxSQLBytes)
	}
	if i := strings.IndexByte(sql, 0); i >= 0 {
		return &pgerror.Error{Code: pgerror.CodeCharacterNotInRep, Message: `invalid byte sequence for encoding "UTF8": 0x00`}
	}
	if !utf8.ValidString(sql) {
		return &pgerror.Error{Code: pgerror.CodeCharacterNotInRep, Message: `invalid byte sequence for encoding "UTF8"`}
	}
	tokens, deepening := estimate(sql)
	if tokens > c.MaxTokens {
		return pgerror.LimitExceeded("statement has too many parts: more than %d", c.MaxTokens)
	}
	if deepening <= c.MaxDepth {
		return nil
	}
	depth, err := nesting(sql, c.MaxDepth)
	if err != nil {
		return err
	}
	if depth > c.MaxDepth {
		return pgerror.TooComplex("statement is nested too deeply: more than %d levels", c.MaxDepth)
	}
	return nil
}

// estimate counts, without knowing of strings and comments, a text's tokens and those of them that could make a tree
// deeper. Both are upper bounds: inside quotes it counts too much, never too little.
func estimate(sql string) (tokens, deepening int) {
	for i := 0; i < len(sql); {
		switch c := sql[i]; {
		case isWordByte(c):
			start := i
			for i < len(sql) && isWordByte(sql[i]) {
				i++
			}
			tokens++
			if deepens(sql[start:i]) {
				deepening++
			}
		case isOperatorByte(c):
			// Signs of one run may be several operators: 1 - -1.
			tokens++
			deepening++
			i++
		case c == '(' || c == '[':
			tokens++
			deepening++
			i++
		case c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f' || c == '\v':
			i++
		default:
			tokens++
			i++
		}
	}
	return tokens, deepening
}

func isWordByte(c byte) bool {
	return c == '_' || c == '$' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

func isOperatorByte(c byte) bool { return strings.IndexByte("+-*/<>=~!@#%^&|`?:", c) >= 0 }

// deepens reports words that put one expression, query or join upon another without a bracket.
func deepens(word string) bool {
	if len(word) < 2 || len(word) > 9 {
		return false
	}
	switch strings.ToUpper(word) {
	case "UNION", "INTERSECT", "EXCEPT", "JOIN", "NOT", "IS", "ISNULL", "NOTNULL", "COLLATE", "AT", "CASE", "LIKE", "ILIKE",
		"SIMILAR", "BETWEEN", "IN", "OPERATOR", "ATOMIC", "OVERLAPS", "ESCAPE":
		return true
	}
	return false
}
