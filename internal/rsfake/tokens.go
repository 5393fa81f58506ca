package rsfake

import "strings"

// maxDepth bounds parentheses.
const maxDepth = 200

// print puts tokens together.
func print(tokens []token) string {
	var b strings.Builder
	for i, t := range tokens {
		switch {
		case i == 0:
		case t.newline:
			b.WriteByte('\n')
		default:
			b.WriteByte(' ')
		}
		b.WriteString(t.text)
	}
	return b.String()
}

// words makes tokens of text that is known to be well formed.
func words(text string, at int) []token {
	out, refused := lex(text)
	if refused != nil {
		return []token{{kind: punct, text: text, at: at}}
	}
	for i := range out {
		out[i].at = at
	}
	return out
}

func makeLiteral(value string, at int) token { return token{kind: literal, text: quote(value), at: at} }

func makeName(name string, at int) token { return token{kind: quoted, text: quoteName(name), at: at} }

// split cuts at the semicolons. Empty statements are left out.
func split(tokens []token) [][]token {
	var out [][]token
	start := 0
	for i := 0; i <= len(tokens); i++ {
		if i < len(tokens) && !tokens[i].is(";") {
			continue
		}
		if i > start {
			out = append(out, tokens[start:i])
		}
		start = i + 1
	}
	return out
}

// closing is the index of the mark that closes the parenthesis or bracket at i; -1 if none does.
func closing(tokens []token, i int) int {
	depth := 0
	for j := i; j < len(tokens); j++ {
		switch {
		case tokens[j].is("("), tokens[j].is("["):
			depth++
		case tokens[j].is(")"), tokens[j].is("]"):
			if depth--; depth == 0 {
				return j
			}
		}
	}
	return -1
}

// arguments splits at the commas of the outermost level.
func arguments(tokens []token) [][]token {
	var out [][]token
	depth, start := 0, 0
	for i, t := range tokens {
		switch {
		case t.is("("), t.is("["):
			depth++
		case t.is(")"), t.is("]"):
			depth--
		case t.is(",") && depth == 0:
			out = append(out, tokens[start:i])
			start = i + 1
		}
	}
	if len(tokens) > 0 {
		out = append(out, tokens[start:])
	}
	return out
}

// starts reports that the tokens begin with these words.
func starts(tokens []token, text ...string) bool {
	if len(tokens) < len(text) {
		return false
	}
	for i, w := range text {
		if !tokens[i].is(w) {
			return false
		}
	}
	return true
}

// find is the index of a word at the outermost level, from an index on; -1 if there is none.
func find(tokens []token, from int, text ...string) int {
	depth := 0
	for i := from; i < len(tokens); i++ {
		switch {
		case tokens[i].is("("), tokens[i].is("["):
			depth++
		case tokens[i].is(")"), tokens[i].is("]"):
			depth--
		}
		if depth == 0 && starts(tokens[i:], text...) {
			return i
		}
	}
	return -1
}

// cut takes tokens out of the middle.
func cut(tokens []token, from, to int) []token {
	return append(append(make([]token, 0, len(tokens)), tokens[:from]...), tokens[to:]...)
}

// depthOf is how deep the parentheses are, and whether each has its other.
func depthOf(tokens []token) (deepest int, balanced bool) {
	depth := 0
	for _, t := range tokens {
		switch {
		case t.is("("), t.is("["):
			depth++
			deepest = max(deepest, depth)
		case t.is(")"), t.is("]"):
			if depth--; depth < 0 {
				return deepest, false
			}
		}
	}
	return deepest, depth == 0
}
