package proxy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/rewrite"
)

// basis is what a judgement rests on. Two texts judged on one basis get the same answer.
type basis struct {
	version   uint64
	principal string // its key
	path      string // the client's search_path as printed
}

// verdict is a judged text.
type verdict struct {
	basis
	who        identity.Principal
	text       string
	types      []uint32
	statements []rewrite.Statement
	cached     bool
	// until bounds it in time, where a decision says so; zero is for ever.
	until time.Time
}

// statement is a prepared statement, named or not.
type statement struct {
	name  string
	sql   string
	types []uint32
	verdict
	// sent is the text that the warehouse has under this name; "" makes the next Bind send it again.
	sent     string
	unusable bool // sent says nothing: the warehouse may have anything or nothing under the name
	// inSQL marks what PREPARE or DECLARE made; sql is then the whole of that statement.
	inSQL bool
	// told and shape are the result's columns as the client was told, and as they are; "" is not known.
	told, shape string
	run         *running
}

// portal is a bound statement. It keeps what it was decided on.
type portal struct {
	statement *statement
	verdict
	// runsText is the guarded text behind the name, for a portal of EXECUTE: as it was when the portal was bound.
	runsText string
	// held marks a cursor that outlives its transaction.
	held bool
	// refused is set once the portal was closed because its decision changed.
	refused error
}

// now asks who decides now.
func (r *relay) now() (State, identity.Principal, *policy.Program, error) {
	state, err := r.cfg.Current()
	if err != nil {
		var e *pgerror.Error
		if !errors.As(err, &e) {
			r.log.Error("no policies to decide with", "session", r.id, "error", err)
			err = pgerror.Unavailable("no policies are in force; try again later")
		}
		return nil, identity.Principal{}, nil, err
	}
	who, err := r.whoIs(state)
	if err != nil {
		var e *pgerror.Error
		if !errors.As(err, &e) {
			e = &pgerror.Error{Code: pgerror.CodeInvalidAuthorization, Message: fmt.Sprintf("user %q may not log in any more", r.params.user)}
		}
		return nil, who, nil, e.Fatal()
	}
	program, ok := state.Program(r.params.database)
	if !ok {
		return nil, who, nil, pgerror.UnknownDatabase(r.params.database)
	}
	if r.cfg.Engine != nil && r.cfg.Engine(r.params.database) != r.engine {
		return nil, who, nil, pgerror.ShuttingDown().WithDetail("The connection has changed; connect again.")
	}
	if who.IsZero() || who.Exempt() != r.exempt {
		// The upstream session was opened for the other kind: what it was told and allowed so far cannot be taken back.
		return nil, who, nil, pgerror.ShuttingDown().WithDetail("The account has changed; connect again.")
	}
	return state, who, program, nil
}

func (r *relay) basisOf(state State, who identity.Principal) basis {
	return basis{version: state.Version(), principal: who.Key(), path: r.path.printed}
}

// judge decides a text and prints what may be sent instead of it.
func (r *relay) judge(ctx context.Context, sql string, types []uint32, single bool) (verdict, error) {
	state, who, program, err := r.now()
	if err != nil {
		return verdict{}, err
	}
	v := verdict{basis: r.basisOf(state, who), who: who, text: sql, types: types}
	if r.exempt {
		v.statements = []rewrite.Statement{{SQL: sql, Text: sql}}
		return v, nil
	}
	result, err := r.cfg.Rewriter.Rewrite(ctx, rewrite.Request{
		SQL: sql, Program: program, Principal: who, SearchPath: r.path.effective(who.User()), ParamTypes: types,
		Database: r.params.database, Single: single, PathSettled: !r.path.changed(), Names: r.names,
	})
	if err != nil {
		return verdict{who: who}, err
	}
	v.statements, v.cached = result.Statements, result.Cached
	if single && len(v.statements) > 1 {
		return verdict{who: who}, pgerror.Syntax("cannot insert multiple commands into a prepared statement", 0)
	}
	v.until = result.ValidUntil
	v.statements = r.ownVariables(v.statements)
	if err := r.sendable(v.statements, types); err != nil {
		return verdict{who: who}, err
	}
	return v, nil
}

// only is the one statement of an extended text; an empty text has an empty one.
func (v *verdict) only() *rewrite.Statement {
	if len(v.statements) == 0 {
		return &rewrite.Statement{Kind: rewrite.KindEmpty}
	}
	return &v.statements[0]
}

// fresh reports that the verdict rests on what is in force now.
func (r *relay) fresh(v *verdict) (bool, error) {
	state, who, _, err := r.now()
	if err != nil {
		return false, err
	}
	return v.basis == r.basisOf(state, who) && (v.until.IsZero() || r.cfg.Now().Before(v.until)), nil
}

// decided reports that who decides about whom has not changed, whatever else a verdict rests on.
func (r *relay) decided(v *verdict) (bool, error) {
	state, who, _, err := r.now()
	if err != nil {
		return false, err
	}
	return v.version == state.Version() && v.principal == who.Key() && (v.until.IsZero() || r.cfg.Now().Before(v.until)), nil
}

// renew judges a statement again if what it rests on has changed.
func (r *relay) renew(ctx context.Context, s *statement) error {
	ok, err := r.fresh(&s.verdict)
	if ok || err != nil {
		return err
	}
	v, err := r.judge(ctx, s.sql, s.types, true)
	if err != nil {
		return err
	}
	s.verdict = v
	return nil
}

// keep adds a statement under its name and returns what takes that back.
func (r *relay) keep(s *statement) (undo func()) {
	old, had := r.statements[s.name]
	if had {
		r.kept -= len(old.sql)
	}
	r.statements[s.name] = s
	r.kept += len(s.sql)
	return func() {
		r.dropStatement(s.name)
		if had {
			r.statements[s.name] = old
			r.kept += len(old.sql)
		}
	}
}

func (r *relay) dropStatement(name string) {
	if s, ok := r.statements[name]; ok {
		r.kept -= len(s.sql)
		delete(r.statements, name)
	}
}

func (r *relay) dropStatements() {
	clear(r.statements)
	r.kept = 0
}

// room refuses what would make the session hold too much.
func (r *relay) room(text int) error {
	if len(r.statements) >= r.cfg.MaxStatements || len(r.portals) >= r.cfg.MaxStatements {
		return pgerror.LimitExceeded("too many prepared statements or portals in one session")
	}
	if r.kept+text > 4*r.cfg.MaxMessageBytes {
		return pgerror.LimitExceeded("the prepared statements of one session are too long together")
	}
	return nil
}

// tooLong refuses a text that would have to be held as a whole. It was passed over as it came.
func (r *relay) tooLong(length int) error {
	return pgerror.LimitExceeded("statement of %d bytes is longer than the %d that are allowed", length, r.cfg.MaxMessageBytes)
}

// foreignStatement stands for a statement that an exempt user made by SQL (PREPARE); foreignPortal for a cursor (DECLARE).
func (r *relay) foreignStatement(name string) *statement {
	return &statement{name: name, verdict: verdict{statements: []rewrite.Statement{{Text: name}}}}
}

func (r *relay) foreignPortal(name string) *portal {
	s := r.foreignStatement(name)
	return &portal{statement: s, verdict: s.verdict}
}

// shapeOf prints what a client relies on in a RowDescription: names, types and type modifiers. Where a column comes from
// may change without notice.
func shapeOf(kind byte, body []byte) string {
	var b strings.Builder
	b.WriteByte(kind)
	if kind != 'T' || len(body) < 2 {
		return b.String()
	}
	const fixed = 18 // table OID, number, type OID, length, modifier, format
	for rest := body[2:]; ; {
		name, after, ok := bytes.Cut(rest, []byte{0})
		if !ok || len(after) < fixed {
			return b.String()
		}
		b.Write(name)
		b.WriteByte(0)
		b.Write(after[6:10])
		b.Write(after[12:16])
		rest = after[fixed:]
	}
}

// unknownStatement and unknownPortal are PostgreSQL's own words.
func unknownStatement(name string) *pgerror.Error {
	e := &pgerror.Error{Code: pgerror.CodeInvalidStatementName, Message: "unnamed prepared statement does not exist"}
	if name != "" {
		e.Message = fmt.Sprintf("prepared statement \"%s\" does not exist", name)
	}
	return e
}

func unknownPortal(name string) *pgerror.Error {
	return &pgerror.Error{Code: pgerror.CodeInvalidCursorName, Message: fmt.Sprintf("portal \"%s\" does not exist", name)}
}
