package proxy

import (
	"bytes"
	"context"
	"strings"

	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/rewrite"
)

// query handles Query: every statement in it is judged before any runs, and they go to the warehouse as one Query again, so
// that they stay one implicit transaction.
func (r *relay) query(ctx context.Context, length int) error {
	if length > r.cfg.MaxMessageBytes {
		if err := r.discard(ctx, length); err != nil {
			return err
		}
		return r.refuseSimple(ctx, r.tooLong(length))
	}
	body, err := r.take(ctx, length)
	if err != nil {
		return err
	}
	text, rest, ok := bytes.Cut(body, []byte{0})
	if !ok || len(rest) != 0 {
		return r.fatal(pgerror.Protocol("invalid message format"))
	}
	sql := string(text)
	if err := r.settle(ctx); err != nil || r.skip != skipNothing {
		return err
	}
	v, err := r.judge(ctx, sql, nil, false)
	var on []*target
	if err == nil {
		on, err = r.targets(ctx, &v)
	}
	if err != nil {
		r.refuse(&v, sql, simpleProtocol, err)
		return r.refuseSimple(ctx, err)
	}
	if ok, err := r.prepareTargets(ctx, on, true); err != nil || !ok {
		return err
	}
	printed, runs := r.program(&v, sql, on)
	if err := r.makeRoom(ctx, headerSize+1+len(printed)); err != nil || r.skip != skipNothing {
		return err
	}
	delete(r.portals, "")
	if err := r.record(ctx); err != nil {
		r.takeBack()
		return r.refuseSimple(ctx, err)
	}
	if s := v.only(); s.Personal() {
		if err := r.personal(ctx, s); err != nil {
			r.unsaid(err, runs...)
			return r.refuseSimple(ctx, err)
		}
	}
	r.batch = appendStringMessage(r.batch, 'Q', printed)
	r.queue.push(expected{awaits: awaitQuery, run: runs, places: placesOf(runs)})
	return r.exchange(ctx)
}

// program prints the judged statements as one text and prepares their audit.
func (r *relay) program(v *verdict, sql string, on []*target) (printed string, runs []*running) {
	var texts []string
	for i := range v.statements {
		s := &v.statements[i]
		if s.Kind == rewrite.KindEmpty {
			continue
		}
		text := s.Text
		if text == "" || len(v.statements) == 1 {
			text = sql
		}
		texts = append(texts, s.SQL)
		run := r.begin(v, s, text, querying)
		if i < len(on) {
			r.rests(run, on[i])
		}
		runs = append(runs, run)
	}
	if len(texts) == 0 {
		return "", []*running{{statement: &rewrite.Statement{Kind: rewrite.KindEmpty}, silent: true}}
	}
	return strings.Join(texts, separator), runs
}

// refuseSimple answers a Query or FunctionCall with an error and ReadyForQuery. Where a transaction is open, also an implicit
// one of a pipeline, the warehouse is made to fail, so that the status it reports is true.
func (r *relay) refuseSimple(ctx context.Context, err error) error {
	if err := r.submit(ctx, true); err != nil || r.skip != skipNothing {
		return err
	}
	e := r.whileFailed(clientError(r.log, err))
	r.out.write(appendError(r.scrap[:0], e))
	switch {
	case e.Severity == pgerror.SeverityFatal:
		if r.out.flush() != nil {
			return errClientGone
		}
		return errSaid
	case r.status != 'T' && !r.unsynced:
		r.out.write([]byte{'Z', 0, 0, 0, 5, r.status})
		if r.out.flush() != nil {
			return errClientGone
		}
		return nil
	}
	r.failed = true
	r.provoke()
	r.batch = append(r.batch, 'S', 0, 0, 0, 4)
	r.queue.push(expected{awaits: awaitSync})
	return r.exchange(ctx)
}

// deny answers a message of the extended protocol with an error at once, after the answers to what came before it. The
// client's messages are then passed over until its Sync, which also makes the warehouse fail.
func (r *relay) deny(ctx context.Context, err error) error {
	if err := r.submit(ctx, true); err != nil || r.skip != skipNothing {
		return err
	}
	e := r.whileFailed(clientError(r.log, err))
	r.out.write(appendError(r.scrap[:0], e))
	if r.out.flush() != nil {
		return errClientGone
	}
	if e.Severity == pgerror.SeverityFatal {
		return errSaid
	}
	r.skip, r.failed = skipDenied, true
	return nil
}

// whileFailed gives PostgreSQL's answer in a failed transaction: it looks at syntax and at names of statements and portals
// before, at everything else after.
func (r *relay) whileFailed(e *pgerror.Error) *pgerror.Error {
	if r.status != 'E' || e.Severity == pgerror.SeverityFatal {
		return e
	}
	switch e.Code {
	case pgerror.CodeUndefinedTable, pgerror.CodeUndefinedColumn, pgerror.CodeAmbiguousColumn,
		pgerror.CodeInsufficientPrivilege, pgerror.CodeFeatureNotSupported:
		return inFailedTransaction()
	}
	return e
}
