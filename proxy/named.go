package proxy

import (
	"context"
	"fmt"
	"strings"

	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/rewrite"
)

// Statements and cursors that the client names in SQL: PREPARE, EXECUTE, DECLARE, FETCH, MOVE and CLOSE. They share their names with
// the statements and portals of the extended protocol, here as in the warehouse, and the same rules: what a name stands for is
// judged again whenever it is used. A prepared statement whose guarded text has changed is prepared again; a cursor is closed.

const (
	// reserved begins names that the client cannot give.
	reserved = "\x01postern"
	// again is the statement and the portal by which a PREPARE is sent again.
	again = reserved + ": prepared again"
)

// target is what an EXECUTE or FETCH runs: what its result rests on.
type target struct {
	verdict *verdict
	// prepared is set for EXECUTE.
	prepared *statement
}

// targets finds what the statements of a text run, for those that run something by its name, and judges it again. It is called
// before anything of the text is sent; the entries are as the statements, nil for those that name nothing from before.
func (r *relay) targets(ctx context.Context, v *verdict) ([]*target, error) {
	if r.exempt {
		return nil, nil
	}
	out := make([]*target, len(v.statements))
	inText := map[string]bool{} // cursors by name, prepared statements by a zero byte and name: those that the text itself makes
	for i := range v.statements {
		s := &v.statements[i]
		var err error
		switch s.Kind {
		case rewrite.KindPrepare:
			inText["\x00"+s.Name] = true
			err = r.room(len(s.Text))
		case rewrite.KindDeclare:
			inText[s.Name] = true
			err = r.room(len(s.Text))
		case rewrite.KindExecute:
			if !inText["\x00"+s.Name] {
				out[i], err = r.prepared(ctx, s.Name)
			}
		case rewrite.KindExplain:
			if s.Inner == rewrite.KindExecute {
				out[i], err = r.explained(ctx, s)
			}
		case rewrite.KindFetch, rewrite.KindMove:
			if !inText[s.Name] {
				out[i], err = r.cursor(ctx, s.Name)
			}
		case rewrite.KindClose:
			if p, known := r.portals[s.Name]; known && p.refused != nil {
				delete(r.portals, s.Name) // the warehouse has closed it already, and says so
			}
		case rewrite.KindEmpty, rewrite.KindSelect, rewrite.KindCopyOut, rewrite.KindBegin, rewrite.KindCommit, rewrite.KindRollback,
			rewrite.KindSavepoint, rewrite.KindRelease, rewrite.KindRollbackTo, rewrite.KindSet, rewrite.KindShow, rewrite.KindReset,
			rewrite.KindDeallocate, rewrite.KindDiscard, rewrite.KindInsert, rewrite.KindUpdate,
			rewrite.KindDelete, rewrite.KindMerge, rewrite.KindTruncate, rewrite.KindCopyIn, rewrite.KindUnlisten, rewrite.KindCreateTable, rewrite.KindDropTable, rewrite.KindUnload:
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// prepared is what EXECUTE runs. Like PostgreSQL it is resolved under the path of now.
func (r *relay) prepared(ctx context.Context, name string) (*target, error) {
	s, known := r.statements[name]
	switch {
	case r.status == 'E':
		return nil, inFailedTransaction()
	case !known:
		return nil, unknownStatement(name)
	}
	if err := r.renew(ctx, s); err != nil {
		return nil, withoutPosition(err)
	}
	v := s.verdict
	return &target{verdict: &v, prepared: s}, nil
}

// explained is what EXPLAIN of EXECUTE plans: what the plan may tell was judged by the text that the name stood for then.
func (r *relay) explained(ctx context.Context, s *rewrite.Statement) (*target, error) {
	t, err := r.prepared(ctx, s.Name)
	if err == nil && t.prepared.sql != s.Runs {
		return nil, pgerror.NotSupported("prepared statement %q is another one by now: send the EXPLAIN again", s.Name)
	}
	return t, err
}

// cursor is what FETCH and MOVE read.
func (r *relay) cursor(ctx context.Context, name string) (*target, error) {
	p, known := r.portals[name]
	switch {
	case r.status == 'E':
		return nil, inFailedTransaction()
	case !known:
		return nil, &pgerror.Error{Code: pgerror.CodeInvalidCursorName, Message: fmt.Sprintf("cursor \"%s\" does not exist", name)}
	}
	if err := r.executable(ctx, p); err != nil {
		if p.refused == nil && !unavailable(err) {
			r.closeUpstream(name)
			p.refused = err
		}
		return nil, withoutPosition(err)
	}
	v := p.verdict
	return &target{verdict: &v}, nil
}

// closeUpstream adds the closing of a portal to the batch. It needs no transaction and begins none.
func (r *relay) closeUpstream(name string) {
	r.batch = appendMessage(r.batch, 'C', []byte{'P'}, []byte(name), []byte{0})
	r.queue.push(expected{awaits: awaitClose, silent: true})
}

// prepareTargets sends what the warehouse has under an outdated text again. With synced it is an exchange of its own, before a
// Query; without, it becomes a part of the pipeline. False means that it failed and that the client was told.
func (r *relay) prepareTargets(ctx context.Context, on []*target, synced bool) (bool, error) {
	for _, t := range on {
		if t == nil || t.prepared == nil || t.prepared.current() {
			continue
		}
		s := t.prepared
		r.appendPrepare(s)
		if !synced {
			r.unsynced = true
			continue
		}
		r.batch = append(r.batch, 'S', 0, 0, 0, 4)
		r.queue.push(expected{awaits: awaitSync, silent: true})
		if err := r.exchange(ctx); err != nil {
			return false, err
		}
		if s.unusable {
			return false, nil
		}
	}
	return true, nil
}

// current reports that the warehouse has the judged text under the statement's name.
func (s *statement) current() bool { return s.sent == s.only().SQL && !s.unusable }

// appendPrepare adds to the batch what replaces the warehouse's statement by the judged text. If it fails or is skipped, what the
// warehouse has is unknown, and the next use sends it again.
func (r *relay) appendPrepare(s *statement) {
	text := s.only().SQL
	r.batch = appendMessage(r.batch, 'C', []byte{'S'}, []byte(s.name), []byte{0})
	r.queue.push(expected{awaits: awaitClose, silent: true})
	failed := func() { s.unusable = true }
	s.sent, s.unusable, s.run = text, false, nil
	if !s.inSQL {
		r.batch = append(r.batch, parseMessage(s.name, text, s.types)...)
		r.queue.push(expected{awaits: awaitParse, silent: true, undo: failed})
		return
	}
	r.batch = append(r.batch, parseMessage(again, text, nil)...)
	r.batch = appendMessage(r.batch, 'B', []byte(again), []byte{0}, []byte(again), []byte{0}, []byte{0, 0, 0, 0, 0, 0})
	r.batch = appendMessage(r.batch, 'E', []byte(again), []byte{0}, []byte{0, 0, 0, 0})
	r.batch = appendMessage(r.batch, 'C', []byte{'P'}, []byte(again), []byte{0})
	r.batch = appendMessage(r.batch, 'C', []byte{'S'}, []byte(again), []byte{0})
	ran := &running{silent: true, statement: &rewrite.Statement{Kind: rewrite.KindEmpty}}
	r.queue.push(expected{awaits: awaitParse, silent: true, undo: failed})
	r.queue.push(expected{awaits: awaitBind, silent: true, undo: failed})
	r.queue.push(expected{awaits: awaitExecute, silent: true, undo: failed, run: []*running{ran}})
	r.queue.push(expected{awaits: awaitClose, silent: true})
	r.queue.push(expected{awaits: awaitClose, silent: true})
}

// newPortal is what a Bind makes.
func newPortal(s *statement, on []*target) *portal {
	p := &portal{statement: s, verdict: s.verdict}
	if len(on) == 1 && on[0] != nil {
		p.runsText = on[0].verdict.only().SQL
	}
	return p
}

// portalTargets is targets for the Execute of a portal. The columns of a portal of EXECUTE were fixed when it was bound.
func (r *relay) portalTargets(ctx context.Context, p *portal) (*target, error) {
	if p.statement.inSQL {
		return nil, nil
	}
	on, err := r.targets(ctx, &p.verdict)
	if err != nil || len(on) == 0 || on[0] == nil {
		return nil, err
	}
	if p.only().Kind == rewrite.KindExecute && on[0].verdict.only().SQL != p.runsText {
		return nil, revocation()
	}
	_, err = r.prepareTargets(ctx, on, false)
	return on[0], err
}

// rests notes what else a statement under way rests on.
func (r *relay) rests(run *running, on *target) {
	if on == nil {
		return
	}
	run.on = on
	if run.event > 0 {
		e := &r.events[run.event-1]
		e.Sources = append(e.Sources, r.sources(on.verdict.only())...)
	}
}

// named follows a completed PREPARE, DECLARE or CLOSE.
func (r *relay) named(run *running) {
	s := run.statement
	switch {
	case s.Kind == rewrite.KindPrepare:
		r.keep(r.byName(run))
	case s.Kind == rewrite.KindDeclare:
		st := r.byName(run)
		r.portals[s.Name] = &portal{statement: st, verdict: st.verdict, held: s.Hold}
	case s.Name == "":
		clear(r.portals)
	default:
		delete(r.portals, s.Name)
	}
}

// byName is what a completed PREPARE or DECLARE leaves under its name. A part of a string rests on a path that the string may have
// changed: it is judged again at its first use.
func (r *relay) byName(run *running) *statement {
	v, text := *run.verdict, run.verdict.text
	if len(v.statements) > 1 {
		v.path, text = "", strings.TrimSpace(run.statement.Text)
	}
	v.text, v.types, v.statements = text, nil, []rewrite.Statement{*run.statement}
	return &statement{name: run.statement.Name, sql: text, verdict: v, sent: run.statement.SQL, inSQL: true}
}

// runs is the statement that executing a portal runs: of one that was made in SQL, the query inside.
func (p *portal) runs() *rewrite.Statement {
	s := p.only()
	if !p.statement.inSQL {
		return s
	}
	query := *s
	query.Kind, query.Name, query.Tag = s.Inner, "", ""
	return &query
}

// endPortals forgets the portals that end with a transaction. Forgetting one too few does no harm: the warehouse knows.
func (r *relay) endPortals() {
	for name, p := range r.portals {
		if !p.held {
			delete(r.portals, name)
		}
	}
}

// names are the client's own texts of its prepared statements and cursors, for pg_prepared_statements and pg_cursors.
func (r *relay) names() rewrite.Names {
	n := rewrite.Names{Prepared: map[string]string{}, Cursors: map[string]string{}}
	for name, s := range r.statements {
		n.Prepared[name] = s.sql
	}
	for name, p := range r.portals {
		n.Cursors[name] = p.statement.sql
	}
	return n
}

func inFailedTransaction() *pgerror.Error {
	return &pgerror.Error{Code: pgerror.CodeInFailedTransaction,
		Message: "current transaction is aborted, commands ignored until end of transaction block"}
}

// withoutPosition takes a place in another text out of an error.
func withoutPosition(err error) error {
	e, ok := err.(*pgerror.Error) //nolint:errorlint // wrapped errors are our own
	if !ok || e.Position == 0 {
		return err
	}
	return e.At(0)
}
