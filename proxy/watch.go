package proxy

import (
	"context"
	"time"

	"github.com/posternsql/postern/pgerror"
)

// quietDelay is how long a client must be silent before the warehouse's side is watched as well. The hot path never pays
// for the watch.
const quietDelay = 200 * time.Millisecond

// watch waits for either side of a quiet session: the client's next message, or what the warehouse sends unasked (a notice,
// a parameter, its farewell). The second reader lives for the wait only, and never touches the client's stream.
func (r *relay) watch() error {
	if r.upstream.buffered() > 0 {
		return r.unasked()
	}
	if r.upstream.conn.SetReadDeadline(time.Time{}) != nil || r.client.conn.SetReadDeadline(time.Time{}) != nil {
		return errClientGone
	}
	if r.draining() && r.idle() || r.untidy() {
		return nil
	}
	past := time.Unix(1, 0)
	heard := make(chan error, 1)
	go func() {
		err := r.upstream.more()
		_ = r.client.conn.SetReadDeadline(past) // wakes the reader below; if that fails, it has woken already
		heard <- err
	}()
	clientErr := r.client.more()
	_ = r.upstream.conn.SetReadDeadline(past) // likewise
	upstreamErr := <-heard
	switch {
	case upstreamErr == nil:
		return r.unasked()
	case !isTimeout(upstreamErr):
		return r.goneUpstream()
	case clientErr != nil && !isTimeout(clientErr):
		return errClientGone
	}
	return nil
}

// unasked relays what the warehouse sent while nothing was expected.
func (r *relay) unasked() error {
	if err := r.startTick(); err != nil {
		return err
	}
	for r.upstream.buffered() > 0 {
		kind, length, ok, err := r.upstream.header()
		switch {
		case err != nil:
			return r.lost(err)
		case !ok:
			err = r.refill(context.Background())
		case kind != 'N' && kind != 'S' && kind != 'A' && kind != 'E':
			return r.lost(errUpstreamOrder)
		default:
			err = r.report(context.Background(), kind, length)
		}
		if err != nil {
			return err
		}
	}
	r.forward()
	if r.out.flush() != nil {
		return errClientGone
	}
	return nil
}

// recheck cancels a statement whose decision has changed while it runs.
func (r *relay) recheck(ctx context.Context) error {
	if err := r.cancelOutdated(ctx); err != nil {
		return r.fatal(revocation())
	}
	return nil
}

// cancelOutdated is recheck without a word to the client. An error means that the warehouse could not be asked.
func (r *relay) cancelOutdated(ctx context.Context) error {
	if r.revoked {
		return nil
	}
	front := r.queue.front()
	if front == nil || !r.outdated(ctx, front) {
		return nil
	}
	r.revoked = true
	return r.cancelUpstream(ctx)
}

func revocation() *pgerror.Error {
	return pgerror.InsufficientPrivilege("the policies for this result have changed; run the query again")
}

// outdated reports whether any statement under way would now be decided otherwise.
func (r *relay) outdated(ctx context.Context, front *expected) bool {
	for _, run := range front.run {
		if run.done || run.verdict == nil {
			continue
		}
		if r.changed(ctx, run.verdict, front.awaits == awaitExecute) || run.on != nil && r.changed(ctx, run.on.verdict, true) {
			return true
		}
	}
	return false
}

// changed reports whether a text would now be decided otherwise.
func (r *relay) changed(ctx context.Context, v *verdict, single bool) bool {
	same, err := r.decided(v)
	if err != nil {
		return true // also where nobody can confirm any more what is in force
	}
	if same || v.text == "" {
		return false
	}
	again, err := r.judge(ctx, v.text, v.types, single)
	if err != nil || len(again.statements) != len(v.statements) {
		return true
	}
	for i := range again.statements {
		if again.statements[i].SQL != v.statements[i].SQL {
			return true
		}
	}
	v.version, v.principal, v.until = again.version, again.principal, again.until
	return false
}

// replaced is the body of the error that the client gets in place of the warehouse's.
func (r *relay) replaced(rep report) []byte {
	if !r.revoked || rep.code != pgerror.CodeQueryCanceled {
		return rep.body
	}
	return appendError(nil, revocation())[headerSize:]
}
