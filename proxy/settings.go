package proxy

import (
	"slices"
	"strings"

	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/rewrite"
)

// searchPath follows the client's search_path, which the warehouse never gets: its own is pinned. The rules are those of
// PostgreSQL's guc.c: SET lasts when its transaction commits, SET LOCAL until the transaction ends, and a rollback, to a
// savepoint or altogether, restores what was before.
//
// All methods are called when the warehouse has confirmed the statement, never when it was only sent.
type searchPath struct {
	initial []string // what RESET goes back to
	current pathValue
	start   pathValue // at the start of the transaction
	saved   []savepoint
	printed string // the value as SHOW prints it
}

// pathValue is the session's value and, over it, that of SET LOCAL; nil means none.
type pathValue struct{ session, local []string }

type savepoint struct {
	name string
	path pathValue
}

func newSearchPath(initial []string) *searchPath {
	p := &searchPath{initial: initial}
	p.current.session = initial
	p.start = p.current
	p.printed = printPath(p.raw())
	return p
}

// raw is the value as SHOW prints it, element by element.
func (p *searchPath) raw() []string {
	if p.current.local != nil {
		return p.current.local
	}
	return p.current.session
}

// effective is the path for name resolution: "$user" replaced, without pg_catalog, pg_temp and repetitions.
func (p *searchPath) effective(user string) []string {
	out := make([]string, 0, len(p.raw()))
	for _, schema := range p.raw() {
		if schema == "$user" {
			schema = user
		}
		if schema == "" || schema == "pg_catalog" || schema == "pg_temp" || slices.Contains(out, schema) {
			continue
		}
		out = append(out, schema)
	}
	return out
}

// changed reports whether the running transaction has changed the path, so that its end may change it again.
func (p *searchPath) changed() bool {
	return !slices.Equal(p.current.session, p.start.session) || p.current.local != nil || len(p.saved) > 0
}

// apply follows one completed statement; tag is the command tag that the warehouse answered.
func (p *searchPath) apply(s *rewrite.Statement, tag string) {
	switch s.Kind {
	case rewrite.KindSet:
		if s.Setting == "search_path" {
			value := s.Values
			if value == nil {
				value = p.initial
			}
			p.set(value, s.Local)
		}
	case rewrite.KindReset:
		if s.Setting == "search_path" || s.Setting == "" {
			p.set(p.initial, false)
		}
	case rewrite.KindDiscard:
		if s.Name == "ALL" {
			p.set(p.initial, false)
		}
	case rewrite.KindCommit:
		p.endTransaction(tag != "ROLLBACK")
	case rewrite.KindRollback:
		p.endTransaction(false)
	case rewrite.KindSavepoint:
		p.saved = append(p.saved, savepoint{s.Name, p.current})
	case rewrite.KindRelease:
		if i := p.find(s.Name); i >= 0 {
			p.saved = p.saved[:i]
		}
	case rewrite.KindRollbackTo:
		if i := p.find(s.Name); i >= 0 {
			p.current = p.saved[i].path
			p.saved = p.saved[:i+1]
		}
	case rewrite.KindEmpty, rewrite.KindSelect, rewrite.KindCopyOut, rewrite.KindBegin, rewrite.KindShow, rewrite.KindDeallocate,
		rewrite.KindPrepare, rewrite.KindExecute, rewrite.KindDeclare, rewrite.KindFetch, rewrite.KindMove, rewrite.KindClose,
		rewrite.KindExplain, rewrite.KindInsert, rewrite.KindUpdate, rewrite.KindDelete, rewrite.KindMerge, rewrite.KindTruncate, rewrite.KindCopyIn, rewrite.KindUnlisten, rewrite.KindCreateTable, rewrite.KindDropTable, rewrite.KindUnload:
		return
	}
	p.printed = printPath(p.raw())
}

func (p *searchPath) set(value []string, local bool) {
	if local {
		p.current.local = value
		return
	}
	p.current = pathValue{session: value}
}

func (p *searchPath) find(name string) int {
	for i := len(p.saved) - 1; i >= 0; i-- {
		if p.saved[i].name == name {
			return i
		}
	}
	return -1
}

// endTransaction follows the end of an explicit or implicit transaction.
func (p *searchPath) endTransaction(committed bool) {
	if !p.changed() {
		return
	}
	if !committed {
		p.current = p.start
	}
	p.current.local = nil
	p.start = p.current
	p.saved = p.saved[:0]
	p.printed = printPath(p.raw())
}

// affectsNames reports whether, once done, a statement may change how the next one is judged or which prepared statements
// and cursors there are; the next one must then wait for it.
func (p *searchPath) affectsNames(s *rewrite.Statement) bool {
	switch s.Kind {
	case rewrite.KindSet, rewrite.KindReset:
		return s.Setting == "search_path" || s.Setting == ""
	case rewrite.KindDiscard, rewrite.KindDeallocate, rewrite.KindPrepare, rewrite.KindDeclare, rewrite.KindClose:
		return true
	case rewrite.KindCommit, rewrite.KindRollback, rewrite.KindRollbackTo:
		return p.changed()
	case rewrite.KindEmpty, rewrite.KindSelect, rewrite.KindCopyOut, rewrite.KindBegin, rewrite.KindSavepoint,
		rewrite.KindRelease, rewrite.KindShow, rewrite.KindExecute, rewrite.KindFetch, rewrite.KindMove,
		rewrite.KindExplain, rewrite.KindInsert, rewrite.KindUpdate, rewrite.KindDelete, rewrite.KindMerge, rewrite.KindTruncate, rewrite.KindCopyIn, rewrite.KindUnlisten, rewrite.KindCreateTable, rewrite.KindDropTable, rewrite.KindUnload:
		return false
	}
	return true
}

// defaultPath is PostgreSQL's own default.
func defaultPath() []string { return []string{"$user", "public"} }

// parsePath reads a list of identifiers as PostgreSQL's SplitIdentifierString does: unquoted names are folded to lower
// case, quoted ones keep everything.
func parsePath(text string) ([]string, error) {
	bad := &pgerror.Error{Severity: pgerror.SeverityFatal, Code: pgerror.CodeInvalidParameter,
		Message: `invalid value for parameter "search_path"`, Detail: "List syntax is invalid."}
	rest := strings.TrimLeft(text, pathSpace)
	if rest == "" {
		return []string{}, nil
	}
	var path []string
	for {
		name, after, ok := pathElement(rest)
		if !ok || len(path) >= maxPath {
			return nil, bad
		}
		path = append(path, name)
		rest = strings.TrimLeft(after, pathSpace)
		if rest == "" {
			return path, nil
		}
		if rest[0] != ',' {
			return nil, bad
		}
		rest = strings.TrimLeft(rest[1:], pathSpace)
	}
}

const (
	pathSpace = " \t\n\r\f\v"
	// maxPath bounds the schemas of a search_path.
	maxPath = 256
)

// pathElement cuts one name off the front.
func pathElement(s string) (name, rest string, ok bool) {
	if s == "" {
		return "", "", false
	}
	if s[0] != '"' {
		end := strings.IndexAny(s, ","+pathSpace)
		if end < 0 {
			end = len(s)
		}
		return lowerASCII(s[:end]), s[end:], end > 0
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		if s[i] != '"' {
			b.WriteByte(s[i])
			continue
		}
		if i+1 == len(s) || s[i+1] != '"' {
			return b.String(), s[i+1:], true
		}
		b.WriteByte('"')
		i++
	}
	return "", "", false
}

// printPath prints a path as SHOW search_path does.
func printPath(path []string) string {
	quoted := make([]string, len(path))
	for i, name := range path {
		if plainName(name) {
			quoted[i] = name
		} else {
			quoted[i] = `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
		}
	}
	return strings.Join(quoted, ", ")
}

// plainName reports a name that PostgreSQL prints without quotes, keywords aside.
func plainName(name string) bool {
	for i := range len(name) {
		c := name[i]
		if !(c == '_' || c >= 'a' && c <= 'z' || i > 0 && c >= '0' && c <= '9') {
			return false
		}
	}
	return name != ""
}

// lowerASCII folds as PostgreSQL folds identifiers in UTF-8 databases: ASCII letters only.
func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}
