package rewrite

import (
	"errors"
	"strings"
	"unicode/utf8"

	pg "github.com/pganalyze/pg_query_go/v6"
	"github.com/pganalyze/pg_query_go/v6/parser"

	"github.com/posternsql/postern/pgerror"
)

// parse turns a bounded text into its raw statements.
func parse(sql string, c *Config) ([]*pg.RawStmt, error) {
	if err := checkText(sql, c); err != nil {
		return nil, err
	}
	tree, err := pg.Parse(sql)
	if err != nil {
		return nil, hinted(sql, parseError(err))
	}
	if len(tree.Stmts) > c.MaxStatements {
		return nil, pgerror.LimitExceeded("too many statements in one string: %d, at most %d", len(tree.Stmts), c.MaxStatements)
	}
	return tree.Stmts, nil
}

// parseError passes PostgreSQL's own message on. The parser counts positions in characters, from 1.
func parseError(err error) error {
	var p *parser.Error
	if !errors.As(err, &p) {
		// The tree could not be carried over: only depth and encoding can do that to a text that was checked.
		if strings.Contains(err.Error(), "recursion") {
			return pgerror.TooComplex("statement is nested too deeply")
		}
		return &pgerror.Error{Code: pgerror.CodeCharacterNotInRep, Message: `invalid byte sequence for encoding "UTF8"`}
	}
	switch {
	case strings.HasPrefix(p.Message, "memory exhausted"), strings.HasPrefix(p.Message, "stack depth limit"):
		return pgerror.TooComplex("statement is nested too deeply").At(p.Cursorpos)
	case strings.HasPrefix(p.Message, "invalid Unicode") && strings.HasPrefix(p.Filename, "scan"):
		// In E'…'. In U&'…' it is a syntax error.
		return &pgerror.Error{Code: "22025", Message: p.Message, Position: p.Cursorpos}
	case strings.HasPrefix(p.Message, "invalid byte sequence"):
		return &pgerror.Error{Code: pgerror.CodeCharacterNotInRep, Message: p.Message, Position: p.Cursorpos}
	}
	return pgerror.Syntax(p.Message, p.Cursorpos)
}

// position turns a byte offset of the parser into a position in characters, from 1; 0 if it is not known.
func position(sql string, offset int32) int {
	if offset < 0 || int(offset) > len(sql) {
		return 0
	}
	return utf8.RuneCountInString(sql[:offset]) + 1
}

// statementText is the part of the client's text that a raw statement is, without surrounding space.
func statementText(sql string, raw *pg.RawStmt) string {
	start := min(max(int(raw.StmtLocation), 0), len(sql))
	end := len(sql)
	if raw.StmtLen > 0 {
		end = min(start+int(raw.StmtLen), len(sql))
	}
	return strings.TrimSpace(sql[start:end])
}
