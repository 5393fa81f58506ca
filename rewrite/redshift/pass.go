package redshift

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/posternsql/postern/lex"
	"github.com/posternsql/postern/pgerror"
)

// maxClauses bounds what looks for the ends of its query: each may look at all tokens.
const maxClauses = 200

// pass translates the tokens of one statement.
type pass struct {
	sql    string
	tokens []lex.Token
	// pair is the other bracket of a bracket, -1 for one without, and for all else; depth is how many brackets are open before a token.
	pair, depth []int
	// out is what a token becomes; before and after are put around it, and last behind all.
	out, before, after, last []string
	clauses                  int
	// stored marks the query of a view, as the warehouse prints it.
	stored bool
}

func newPass(sql string, tokens []lex.Token) *pass {
	n := len(tokens)
	p := &pass{sql: sql, tokens: tokens, pair: make([]int, n), depth: make([]int, n), out: make([]string, n), before: make([]string, n), after: make([]string, n), last: make([]string, n)}
	var open []int
	for i, t := range tokens {
		p.pair[i], p.depth[i] = -1, len(open)
		switch {
		case t.Sign("("):
			open = append(open, i)
		case t.Sign(")") && len(open) > 0:
			p.pair[i] = open[len(open)-1]
			p.pair[p.pair[i]] = i
			open = open[:len(open)-1]
			p.depth[i] = len(open)
		}
	}
	return p
}

// refuse names what is not supported, and where it stands.
func (p *pass) refuse(i int, format string, args ...any) error {
	return pgerror.NotSupported(format+" is not supported through Postern on Redshift", args...).At(character(p.sql, p.tokens[i].Start))
}

// is reports an unquoted word, or a sign, at a place that may be outside.
func (p *pass) is(i int, words ...string) bool {
	if i < 0 || i >= len(p.tokens) {
		return false
	}
	for _, w := range words {
		if p.tokens[i].Is(w) || p.tokens[i].Sign(w) {
			return true
		}
	}
	return false
}

func (p *pass) kind(i int) lex.Kind {
	if i < 0 || i >= len(p.tokens) {
		return 0
	}
	return p.tokens[i].Kind
}

// run checks each token and decides what it becomes.
func (p *pass) run() error {
	for i := 0; i < len(p.tokens); i++ {
		if n := max(p.firstSchema(i), p.rights(i)); n > 0 {
			i += n - 1
			continue
		}
		if err := p.token(i); err != nil {
			return err
		}
	}
	for i := range p.tokens {
		if p.tokens[i].Kind != lex.Name || p.is(i-1, ".") {
			continue
		}
		if err := p.word(i); err != nil {
			return err
		}
	}
	return nil
}

// token checks one token by itself and writes it in PostgreSQL's form.
func (p *pass) token(i int) error {
	t := p.tokens[i]
	p.out[i] = t.Value
	switch t.Kind {
	case lex.Name, lex.Quoted:
		return p.name(i)
	case lex.String:
		return p.constant(i)
	case lex.Temporary:
		return p.refuse(i, "a temporary table (#%s)", t.Value)
	case lex.Operator:
		if word, ok := matching(t.Value); ok && p.stored {
			p.out[i] = word
			return nil
		}
		if t.Value == "@" && p.kind(i-1) == lex.Name && p.kind(i+1) == lex.Name {
			return p.refuse(i, "a name in another catalog (database@catalog)")
		}
		if !operators(t.Value) {
			return p.refuse(i, "operator %s", t.Value)
		}
	case lex.Sign:
		switch t.Value {
		case "[", "]":
			if p.is(i-1, "array") {
				return p.refuse(i-1, "ARRAY")
			}
			return p.refuse(i, "PartiQL navigation, or a subscript,")
		case "(":
			if p.is(i+1, "+") && p.is(i+2, ")") {
				return p.refuse(i, "an outer join by (+)")
			}
		case ".":
			if p.is(i-1, ")") {
				return p.refuse(i, "PartiQL navigation, or a field of an expression,")
			}
		case ":", ":=", "..":
			return p.refuse(i, "the sign %s", t.Value)
		}
	case lex.Number, lex.Parameter:
	case lex.Escaped, lex.Prefixed:
		return p.refuse(i, "this constant")
	}
	return nil
}

// operators are those that both engines have, with the same meaning.
func operators(text string) bool {
	switch text {
	case "+", "-", "*", "/", "%", "^", "=", "<>", "!=", "<", "<=", ">", ">=", "||", "&", "|", "~", "~*", "!~", "!~*", "<<", ">>":
		return true
	}
	return false
}

// name checks a name. PostgreSQL's parser would cut one above 63 bytes.
func (p *pass) name(i int) error {
	t := p.tokens[i]
	switch {
	case strings.HasPrefix(t.Value, Own):
		return p.refuse(i, "a name that begins with %s", Own)
	case len(t.Value) > 63:
		return p.refuse(i, "a name of more than 63 bytes (%.20s…)", t.Value)
	case t.Kind == lex.Quoted && (strings.ToLower(t.Value) != t.Value || strings.Contains(t.Value, `\`) ||
		strings.ContainsFunc(t.Value, func(r rune) bool { return !unicode.IsPrint(r) })):
		return p.refuse(i, "the name %q, whose folding is not certain,", t.Value)
	case t.Kind == lex.Quoted:
		p.out[i] = `"` + strings.ReplaceAll(t.Value, `"`, `""`) + `"`
	case strings.ContainsFunc(t.Value, func(r rune) bool { return r >= utf8.RuneSelf }):
		return p.refuse(i, "a character beyond ASCII outside of quotes (%q)", t.Value)
	}
	return nil
}

// text joins what the tokens became.
func (p *pass) text() (string, []place) {
	var b strings.Builder
	places := make([]place, 0, len(p.tokens))
	for i, t := range p.tokens {
		for _, part := range []string{p.before[i], p.out[i], p.after[i], p.last[i]} {
			if part == "" {
				continue
			}
			if b.Len() > 0 {
				b.WriteByte(' ')
			}
			places = append(places, place{b.Len(), t.Start})
			b.WriteString(part)
		}
	}
	return b.String(), places
}

// level is the query around a token: from its SELECT to behind its last token, as brackets and set operations bound it.
type level struct {
	start, end int
	// operand is set where a set operation stands before or behind it.
	operand bool
}

// query finds the level around i; false if i stands in none, or there are too many to look for.
func (p *pass) query(i int) (level, bool) {
	if p.clauses++; p.clauses > maxClauses {
		return level{}, false
	}
	d, l := p.depth[i], level{start: i, end: i + 1}
	for l.start >= 0 && p.depth[l.start] >= d && !(p.depth[l.start] == d && p.is(l.start, "select")) {
		l.start--
	}
	if l.start < 0 || p.depth[l.start] != d {
		return level{}, false
	}
	for ; l.end < len(p.tokens) && p.depth[l.end] >= d && !(p.is(l.end, ")") && p.pair[l.end] < 0); l.end++ {
		if p.depth[l.end] == d && p.setOperation(l.end) {
			l.operand = true
			break
		}
	}
	before := l.start - 1
	l.operand = l.operand || p.setOperation(before) || p.is(before, "all", "distinct") && p.setOperation(before-1)
	return l, true
}

func (p *pass) setOperation(i int) bool {
	return p.is(i, "union", "intersect", "except") || p.is(i, "minus") && p.beginsQuery(i+1)
}

// beginsQuery reports SELECT, or brackets before one.
func (p *pass) beginsQuery(i int) bool {
	for p.is(i, "(") {
		i++
	}
	return p.is(i, "select")
}

// find is the first of the words within the level, at its own depth; -1 if there is none.
func (p *pass) find(from, end, depth int, words ...string) int {
	for i := from; i < end; i++ {
		if p.depth[i] == depth && p.is(i, words...) && !p.is(i-1, ".") {
			return i
		}
	}
	return -1
}
