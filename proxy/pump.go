package proxy

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/rewrite"
)

const (
	// upstreamWriteTimeout bounds one write to a warehouse that has nothing else to do.
	upstreamWriteTimeout = time.Minute
	// maxReport bounds how much of an error or notice of the warehouse is kept; the rest is dropped.
	maxReport = readBuffer - headerSize
)

// pump relays from the warehouse until nothing is expected any more.
func (r *relay) pump(ctx context.Context) error {
	if err := r.startTick(); err != nil {
		return err
	}
	for !r.queue.empty() {
		kind, length, ok, err := r.upstream.header()
		switch {
		case err != nil:
			return r.lost(err)
		case !ok:
			err = r.refill(ctx)
		default:
			err = r.fromUpstream(ctx, kind, length)
		}
		if err != nil {
			return err
		}
	}
	r.forward()
	return nil
}

// fromUpstream handles one message, whose header is in the buffer.
func (r *relay) fromUpstream(ctx context.Context, kind byte, length int) error {
	front := r.queue.front()
	switch kind {
	case 'D', 'd':
		run := front.current()
		if run == nil {
			return r.lost(errUpstreamOrder)
		}
		if r.revoked {
			r.withheld = true
			return r.drop(ctx, length)
		}
		if run.statement.Explain != nil {
			return r.plan(ctx, run, length)
		}
		if r.quiet(run.statement) {
			return r.drop(ctx, length)
		}
		run.rows++
		run.bytes += int64(length)
		return r.pass(ctx, length)
	case 'N', 'S', 'A', 'E':
		return r.report(ctx, kind, length)
	case 'C', 'I', 's', 'Z', 'G':
		return r.milestone(ctx, kind, length)
	case 'T', 'n', 't', 'H', 'c':
		if !front.expects(kind) {
			return r.lost(errUpstreamOrder)
		}
		if kind == 'T' && front.awaits == awaitDescribe && front.quiet {
			return r.noData(ctx, length)
		}
		if kind == 'T' && front.awaits == awaitQuery && r.quietRun(front) {
			return r.drop(ctx, length)
		}
		if front.awaits == awaitDescribe {
			return r.description(ctx, kind, length)
		}
		if x := front.explained(); x != nil && kind == 'T' {
			return r.planColumns(ctx, x, length)
		}
		return r.pass(ctx, length)
	case '1', '2', '3':
		if !front.expects(kind) {
			return r.lost(errUpstreamOrder)
		}
		return r.answer(ctx, length)
	}
	return r.lost(errUpstreamOrder)
}

// expects reports whether a message of the type can answer the entry or be a part of its answer.
func (e *expected) expects(kind byte) bool {
	switch e.awaits {
	case awaitParse:
		return kind == '1'
	case awaitBind:
		return kind == '2'
	case awaitClose:
		return kind == '3'
	case awaitDescribe:
		return kind == 't' || kind == 'T' || kind == 'n'
	case awaitExecute:
		return kind == 'H' || kind == 'c' || kind == 'C' || kind == 'I' || kind == 's' || kind == 'G'
	case awaitQuery:
		return kind == 'T' || kind == 'H' || kind == 'c' || kind == 'C' || kind == 'I' || kind == 'G' || kind == 'Z'
	case awaitSync:
		return kind == 'Z'
	case awaitFailure:
		return false
	}
	return false
}

// current is the running statement that rows belong to, nil where no rows may come.
func (e *expected) current() *running {
	if e.awaits != awaitExecute && e.awaits != awaitQuery {
		return nil
	}
	for _, run := range e.run {
		if !run.done {
			return run
		}
	}
	return nil
}

// answer hands on the message that completes the front of the queue, or swallows it.
func (r *relay) answer(ctx context.Context, length int) error {
	front := r.queue.front()
	r.finish(front.run...)
	silent := front.silent
	r.queue.pop()
	if silent {
		return r.drop(ctx, length)
	}
	return r.pass(ctx, length)
}

// description hands on one part of the answer to Describe: ParameterDescription, then RowDescription or NoData.
func (r *relay) description(ctx context.Context, kind byte, length int) error {
	front := r.queue.front()
	switch {
	case kind == 't' && front.silent:
		return r.drop(ctx, length)
	case kind == 't':
		return r.pass(ctx, length)
	}
	if x := front.explained(); x != nil && kind == 'T' {
		s := front.describes
		r.queue.pop()
		if s != nil {
			s.told, s.shape = "", "" // the same whatever is decided
		}
		return r.planColumns(ctx, x, length)
	}
	if s := front.describes; s != nil && r.upstream.fits(length) {
		body, err := r.whole(ctx, length)
		if err != nil {
			return err
		}
		if s.shape = shapeOf(kind, body); !front.silent {
			s.told = s.shape
		}
	}
	return r.answer(ctx, length)
}

// milestone handles what completes a statement or the whole exchange.
func (r *relay) milestone(ctx context.Context, kind byte, length int) error {
	front := r.queue.front()
	if !front.expects(kind) || !r.upstream.fits(length) {
		return r.lost(errUpstreamOrder)
	}
	if kind == 'G' {
		return r.copyIn(ctx, length)
	}
	body, err := r.whole(ctx, length)
	if err != nil {
		return err
	}
	if kind == 'Z' {
		return r.ready(body)
	}
	run := front.current()
	if run == nil {
		return r.lost(errUpstreamOrder)
	}
	if r.withheld {
		return r.fatal(revocation()) // it was over before the cancel request came: without its rows it must not look complete
	}
	replaced := false
	if kind == 'C' {
		run.tag = string(bytes.TrimRight(body, "\x00"))
		if tag := run.statement.Tag; tag != "" {
			replaced = true
			r.forward()
			r.out.write(appendStringMessage(r.scrap[:0], 'C', tag))
		}
		r.completed(run)
	}
	r.consume(length, !replaced && !front.silent)
	if !run.whole || front.awaits == awaitExecute {
		r.finish(run)
	}
	if front.awaits == awaitExecute {
		r.queue.pop()
	}
	return nil
}

// completed follows what a completed statement means for the session.
func (r *relay) completed(run *running) {
	s := run.statement
	if s.Completed != nil {
		s.Completed()
	}
	switch s.Kind {
	case rewrite.KindSelect, rewrite.KindCopyOut, rewrite.KindShow, rewrite.KindEmpty, 0,
		rewrite.KindInsert, rewrite.KindUpdate, rewrite.KindDelete, rewrite.KindMerge, rewrite.KindTruncate, rewrite.KindCopyIn:
		return
	case rewrite.KindCreateTable, rewrite.KindDropTable, rewrite.KindUnload:
		return
	case rewrite.KindDeallocate:
		if s.Name == "" {
			r.dropStatements()
		} else {
			r.dropStatement(s.Name)
		}
	case rewrite.KindDiscard:
		if s.Name == "ALL" {
			r.dropStatements()
			clear(r.portals)
		}
	case rewrite.KindPrepare, rewrite.KindDeclare, rewrite.KindClose:
		r.named(run)
		return
	case rewrite.KindExecute, rewrite.KindFetch, rewrite.KindMove, rewrite.KindExplain, rewrite.KindUnlisten:
		return
	case rewrite.KindSet, rewrite.KindReset, rewrite.KindBegin, rewrite.KindCommit, rewrite.KindRollback,
		rewrite.KindSavepoint, rewrite.KindRelease, rewrite.KindRollbackTo:
	}
	r.path.apply(s, run.tag)
	r.follow(s)
}

// ready handles ReadyForQuery: the exchange is over.
func (r *relay) ready(body []byte) error {
	if len(body) != 1 || !strings.ContainsRune("ITE", rune(body[0])) {
		return r.lost(errUpstreamOrder)
	}
	front := r.queue.front()
	for _, run := range front.run {
		if !run.done && run.sqlstate == "" && !run.whole {
			return r.lost(errUpstreamOrder)
		}
	}
	r.finish(front.run...)
	silent := front.silent && !r.failed
	r.queue.pop()
	r.status, r.unsynced = body[0], false
	if r.status == 'I' {
		r.path.endTransaction(!r.failed)
		r.endPortals()
	}
	if r.revoked && r.client.conn.SetWriteDeadline(time.Time{}) != nil {
		return errClientGone
	}
	r.failed, r.revoked, r.withheld = false, false, false
	r.setBusy(false) // before the client can know: a cancel that comes later must not hit its next statement
	r.tellPath()
	r.consume(len(body), !silent)
	return nil
}

// report handles an error, a notice, a parameter's new value or a notification, which may come at any time.
func (r *relay) report(ctx context.Context, kind byte, length int) error {
	if kind == 'A' {
		return r.pass(ctx, length)
	}
	kept := length
	if !r.upstream.fits(length) {
		if kind == 'S' {
			return r.lost(errUpstreamOrder)
		}
		kept = maxReport
	}
	body, err := r.whole(ctx, kept)
	if err != nil {
		return err
	}
	if kind == 'S' {
		err = r.parameter(body)
	} else {
		rep := readReport(body, r.exempt)
		if r.redshift() && !r.exempt {
			rep = redshiftError(rep, bytes.Contains(body, []byte(rewrite.RowCheck)))
		}
		if kind == 'N' && r.redshift() && !r.exempt {
			if told := r.unloadNotice(rep); told != nil {
				r.forward()
				r.out.write(appendMessage(r.scrap[:0], 'N', told))
			}
		} else if kind == 'N' {
			r.forward()
			r.out.write(appendMessage(r.scrap[:0], 'N', rep.body))
		} else {
			err = r.upstreamError(rep)
		}
	}
	r.consume(kept, false)
	if err == nil && length > kept {
		err = r.dropBytes(ctx, length-kept)
	}
	return err
}

// upstreamError handles an error of the warehouse: it ends the front of the queue and what the warehouse skips after it.
func (r *relay) upstreamError(rep report) error {
	r.forward()
	front := r.queue.front()
	provoked := front != nil && front.awaits == awaitFailure && !rep.fatal()
	rep = r.rowChecked(r.placed(rep, front), front)
	if !provoked {
		r.out.write(appendMessage(r.scrap[:0], 'E', r.replaced(rep)))
	}
	r.failed = true
	switch {
	case rep.fatal():
		r.mark(rep, r.queue.outstanding())
		if r.out.flush() != nil {
			return errClientGone
		}
		return errSaid
	case front == nil:
		return nil
	case front.awaits == awaitQuery:
		r.mark(rep, r.queue.outstanding()[:1])
		return nil
	}
	removed, synced := r.queue.fail()
	r.mark(rep, removed)
	r.undo(removed)
	if len(removed) > 0 && removed[0].unnamed {
		r.dropStatement("")
	}
	for _, e := range removed {
		r.finish(e.run...)
	}
	if !synced {
		r.skip = skipUpstream
	}
	return nil
}

// mark notes why statements did not complete.
func (r *relay) mark(rep report, entries []expected) {
	for i, e := range entries {
		for j, run := range e.run {
			if run.done || run.sqlstate != "" {
				continue
			}
			run.sqlstate, run.message = rep.code, rep.message
			if i > 0 || j > 0 && e.run[j-1].sqlstate != "" {
				run.message = "not run: an earlier statement failed"
			}
		}
	}
}

// parameter handles a ParameterStatus of the warehouse.
func (r *relay) parameter(body []byte) error {
	name, value, ok := cutStrings(body)
	if !ok {
		return r.lost(errUpstreamOrder)
	}
	r.forward()
	if value, tell := r.clientParameter(name, value); tell {
		r.out.write(appendStringMessage(r.scrap[:0], 'S', name, value))
	}
	return nil
}

// tellPath reports a changed search_path where the warehouse reports its own (PostgreSQL 18).
func (r *relay) tellPath() {
	if r.reported == "" || r.reported == r.path.printed {
		return
	}
	r.reported = r.path.printed
	r.forward()
	r.out.write(appendStringMessage(r.scrap[:0], 'S', "search_path", r.reported))
}

// cutStrings splits a body of two zero-terminated strings.
func cutStrings(body []byte) (first, second string, ok bool) {
	a, rest, ok1 := bytes.Cut(body, []byte{0})
	b, rest, ok2 := bytes.Cut(rest, []byte{0})
	return string(a), string(b), ok1 && ok2 && len(rest) == 0
}

// lost ends a session whose warehouse connection cannot be made sense of.
func (r *relay) lost(err error) error {
	r.log.Error("warehouse broke the protocol", "session", r.id, "database", r.params.database, "error", err)
	if said := r.fatal(pgerror.UpstreamUnreachable(r.params.database)); !errors.Is(said, errSaid) {
		return said
	}
	return errSaid
}
