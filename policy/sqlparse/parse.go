package sqlparse

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"github.com/pganalyze/pg_query_go/v6/parser"
)

const (
	// MaxBytes bounds a rule's text.
	MaxBytes = 16 << 10
	// MaxDepth bounds how deeply a rule's expression may nest.
	MaxDepth = 64
	// MaxNodes bounds how many nodes a rule's expression may have.
	MaxNodes = 4096
)

// Error is a mistake in a rule's SQL.
type Error struct {
	// Line and Column count from 1 in the rule's text; Column counts characters. Both are 0 where the place is unknown.
	Line, Column int
	Message      string
}

// Error returns "line L, column C: message".
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Message
	}
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Message)
}

// Rule is a parsed condition whose names are not resolved yet. It is immutable.
type Rule struct {
	text  string // as the author wrote it
	node  *pg_query.Node
	glued []int // where glue inserted a space, as offsets in the text that was parsed
}

// prefix makes the condition a statement; offsets in the tree count from its start.
const prefix = "SELECT 1 WHERE "

// Parse reads one SQL condition. A mistake is an *Error.
func Parse(text string) (*Rule, error) {
	if len(text) > MaxBytes {
		return nil, &Error{Message: fmt.Sprintf("the condition is longer than %d bytes", MaxBytes)}
	}
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return nil, &Error{Message: "the condition is not valid UTF-8 text"}
	}
	if strings.TrimSpace(text) == "" {
		return nil, &Error{Message: "the condition is empty"}
	}
	r := &Rule{text: text}
	unglued, err := r.unglue()
	if err != nil {
		return nil, err
	}
	tree, err := pg_query.Parse(prefix + unglued)
	if err != nil {
		return nil, r.syntaxError(err)
	}
	if r.node, err = condition(tree); err != nil {
		return nil, err
	}
	return r, nil
}

// condition takes the tree of exactly `SELECT 1 WHERE condition`, so that no text can smuggle in more than a condition.
func condition(tree *pg_query.ParseResult) (*pg_query.Node, error) {
	notOne := &Error{Message: "a rule is one SQL condition, without any other clause or statement"}
	if len(tree.Stmts) != 1 {
		return nil, notOne
	}
	s := tree.Stmts[0].GetStmt().GetSelectStmt()
	if s == nil || s.WhereClause == nil || len(s.TargetList) != 1 || len(s.FromClause) != 0 || !plainSelect(s) {
		return nil, notOne
	}
	return s.WhereClause, nil
}

// plainSelect reports whether a SELECT has nothing but a target list, FROM and WHERE.
func plainSelect(s *pg_query.SelectStmt) bool {
	return len(s.DistinctClause) == 0 && s.IntoClause == nil && len(s.GroupClause) == 0 && !s.GroupDistinct &&
		s.HavingClause == nil && len(s.WindowClause) == 0 && len(s.ValuesLists) == 0 && len(s.SortClause) == 0 &&
		s.LimitOffset == nil && s.LimitCount == nil && len(s.LockingClause) == 0 && s.WithClause == nil &&
		s.Op == pg_query.SetOperation_SETOP_NONE && s.Larg == nil && s.Rarg == nil
}

// syntaxError turns the parser's error into one with a position in the rule.
func (r *Rule) syntaxError(err error) error {
	var pe *parser.Error
	if !errors.As(err, &pe) {
		return &Error{Message: err.Error()}
	}
	if pe.Cursorpos <= 0 {
		return &Error{Message: pe.Message}
	}
	// The parser counts characters from 1; the prefix is ASCII, so it may be taken off before the conversion to bytes.
	n, offset := pe.Cursorpos-1-len(prefix), 0
	parsed := r.parsedText()
	for n > 0 && offset < len(parsed) {
		_, size := utf8.DecodeRuneInString(parsed[offset:])
		offset, n = offset+size, n-1
	}
	return r.at(int32(offset+len(prefix)), "%s", pe.Message)
}

// at makes an Error from a byte offset in the parsed text; a negative one is unknown.
func (r *Rule) at(location int32, format string, args ...any) *Error {
	e := &Error{Message: fmt.Sprintf(format, args...)}
	offset := int(location) - len(prefix)
	if offset < 0 {
		return e
	}
	inserted := 0
	for _, g := range r.glued {
		if g < offset {
			inserted++
		}
	}
	offset = min(offset-inserted, len(r.text))
	before := r.text[:offset]
	e.Line = strings.Count(before, "\n") + 1
	e.Column = utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
	return e
}
