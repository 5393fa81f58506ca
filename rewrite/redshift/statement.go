package redshift

import (
	"errors"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/posternsql/postern/lex"
	"github.com/posternsql/postern/pgerror"
)

// Own begins the names that stand for what PostgreSQL has no grammar for. No client may write one.
const Own = "postern_rs_"

// Statement is one statement of a client's text.
type Statement struct {
	// SQL is it in PostgreSQL's grammar, for the parser alone.
	SQL string
	// Text is the part of the client's text that it is.
	Text string
	// Unload is an UNLOAD; then SQL is empty.
	Unload *Unload
	// Show is a SHOW that lists what there is; then SQL is empty.
	Show   *Show
	source string
	places []place
}

// place says that what begins at out in SQL stands at in in the client's text.
type place struct{ out, in int }

// Translate reads a client's text by Redshift's rules and returns its statements for PostgreSQL's parser. What has no proven translation is
// refused by name. Every error is a *pgerror.Error.
func Translate(sql string) ([]Statement, error) {
	if !utf8.ValidString(sql) || strings.ContainsRune(sql, 0) {
		return nil, &pgerror.Error{Code: pgerror.CodeCharacterNotInRep, Message: `invalid byte sequence for encoding "UTF8"`}
	}
	tokens, err := lex.Scan(sql, lex.Redshift())
	if err != nil {
		return nil, lexical(sql, err)
	}
	var out []Statement
	for start := 0; start < len(tokens); {
		end := start
		for end < len(tokens) && !tokens[end].Sign(";") {
			end++
		}
		if end > start {
			st, err := translate(sql, tokens[start:end])
			if err != nil {
				return nil, err
			}
			out = append(out, st)
		}
		start = end + 1
	}
	return out, nil
}

// lexical is a text that has no tokens.
func lexical(sql string, err error) error {
	var e *lex.Error
	if !errors.As(err, &e) {
		return err
	}
	return pgerror.Syntax(e.What, character(sql, e.Offset))
}

// character turns a byte offset into a position in characters, from 1.
func character(sql string, offset int) int {
	return utf8.RuneCountInString(sql[:min(max(offset, 0), len(sql))]) + 1
}

func translate(sql string, tokens []lex.Token) (Statement, error) {
	st := Statement{Text: sql[tokens[0].Start:tokens[len(tokens)-1].End], source: sql}
	p := newPass(sql, tokens)
	if tokens[0].Is("unload") {
		var err error
		st.Unload, err = p.unload()
		return st, err
	}
	show, err := p.show()
	if err != nil {
		return Statement{}, err
	}
	if show != nil {
		st.Show = show
		return st, nil
	}
	if tokens[0].Is("copy") {
		return Statement{}, p.refuse(0, "COPY")
	}
	if err := p.refusedStatement(); err != nil {
		return Statement{}, err
	}
	if err := p.unloadWithin(); err != nil {
		return Statement{}, err
	}
	if err := p.run(); err != nil {
		return Statement{}, err
	}
	st.SQL, st.places = p.text()
	return st, nil
}

// Position turns a position in SQL, in characters from 1, into one in the client's text; 0 stays 0.
func (s *Statement) Position(at int) int {
	if at < 1 || len(s.places) == 0 {
		return 0
	}
	offset := 0
	for range at - 1 {
		_, size := utf8.DecodeRuneInString(s.SQL[offset:])
		if size == 0 {
			break
		}
		offset += size
	}
	i := sort.Search(len(s.places), func(i int) bool { return s.places[i].out > offset })
	if i == 0 {
		return 0
	}
	return character(s.source, s.places[i-1].in)
}

// Positions is Position of many, which are sorted.
func (s *Statement) Positions(list []int) []int {
	out := make([]int, len(list))
	offset, at, client, clientAt := 0, 1, 0, 1
	for n, want := range list {
		for ; at < want && offset < len(s.SQL); at++ {
			_, size := utf8.DecodeRuneInString(s.SQL[offset:])
			offset += size
		}
		i := sort.Search(len(s.places), func(i int) bool { return s.places[i].out > offset })
		if i == 0 || want < 1 {
			continue
		}
		in := s.places[i-1].in
		if in < client {
			client, clientAt = 0, 1
		}
		clientAt += utf8.RuneCountInString(s.source[client:in])
		client = in
		out[n] = clientAt
	}
	return out
}
