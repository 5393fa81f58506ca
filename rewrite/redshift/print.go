package redshift

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/pgerror"
)

// MaxSQL is the longest statement of Redshift's, in bytes (Database Developer Guide, "SELECT").
const MaxSQL = 16 << 20

// MaxParameters is the most parameters of a statement; one more is taken for $-32768.
const MaxParameters = 32_767

// maxDepth bounds the printer's own recursion.
const maxDepth = 10_000

// printer prints judged trees. It stops at the first form that it does not know.
type printer struct {
	b     strings.Builder
	err   error
	depth int
}

// Print is a judged tree as one statement for a Redshift. Names are in quotes; the text passes lex.Same, and reads back as the tree, which Print
// may complete: sub-selects get aliases, backslashes are put together with chr(92). What Redshift does not have is refused by name, in
// a *pgerror.Error.
func Print(stmt *pg.Node) (string, error) {
	return PrintPlaced(stmt, func(*pg.Node, *Statement) {})
}

// PrintPlaced is Print, and calls placed with the tree that the printed text reads back as, which has the form of stmt, and with what the text was
// translated into, in which the places of that tree are. Both are good only where there is no error.
func PrintPlaced(stmt *pg.Node, placed func(again *pg.Node, printed *Statement)) (string, error) {
	prepare(stmt)
	p := &printer{}
	p.statement(stmt)
	if p.err != nil {
		return "", p.err
	}
	text := p.b.String()
	if len(text) > MaxSQL {
		return "", pgerror.LimitExceeded("statement is too long for Redshift when it is guarded: %d bytes, at most %d", len(text), MaxSQL)
	}
	if err := readBack(stmt, text, placed); err != nil {
		return "", err
	}
	return text, nil
}

func (p *printer) put(parts ...string) {
	if p.err != nil {
		return
	}
	for _, s := range parts {
		p.b.WriteString(s)
	}
	if p.b.Len() > MaxSQL {
		p.err = pgerror.LimitExceeded("statement is too long for Redshift when it is guarded: more than %d bytes", MaxSQL)
	}
}

// refuse names what Redshift does not have, or is not known to.
func (p *printer) refuse(format string, args ...any) {
	if p.err == nil {
		p.err = pgerror.NotSupported(format+" is not supported through Postern on Redshift", args...)
	}
}

func (p *printer) refuseAt(location int32, format string, args ...any) {
	if p.err != nil {
		return
	}
	p.refuse(format, args...)
	var e *pgerror.Error
	if location >= 0 && errors.As(p.err, &e) {
		p.err = e.At(int(location) + 1)
	}
}

// must refuses where a field holds what is not printed.
func (p *printer) must(ok bool, what string) {
	if !ok {
		p.refuse("%s", what)
	}
}

func (p *printer) enter() bool {
	if p.depth++; p.depth > maxDepth && p.err == nil {
		p.err = pgerror.TooComplex("statement is nested too deeply")
	}
	return p.err == nil
}

func (p *printer) leave() { p.depth-- }

// list prints nodes with commas between them.
func (p *printer) list(nodes []*pg.Node, each func(*pg.Node)) {
	for i, n := range nodes {
		if i > 0 {
			p.put(", ")
		}
		each(n)
	}
}

// ident prints a name: always in quotes, so that no list of words is needed, and only as Redshift folds it.
func (p *printer) ident(name string) {
	switch {
	case name == "", len(name) > 63:
		p.refuse("a name of %d bytes", len(name))
	case !utf8.ValidString(name), strings.ToLower(name) != name, strings.Contains(name, `\`),
		strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		p.refuse("the name %q, whose folding is not certain,", name)
	}
	p.put(`"`, strings.ReplaceAll(name, `"`, `""`), `"`)
}

// text prints a string constant, which has no backslash: see prepare.
func (p *printer) text(value string) {
	if strings.Contains(value, `\`) {
		p.refuse("a backslash in this place, or more than %d of them in a constant,", maxBackslashes)
	}
	p.put("'", strings.ReplaceAll(value, "'", "''"), "'")
}

// unknown refuses a node that nothing names.
func (p *printer) unknown(n *pg.Node) {
	p.refuse("%s", strings.TrimPrefix(fmt.Sprintf("%T", n.GetNode()), "*pg_query.Node_"))
}
