package audit

import (
	"context"
	"fmt"
)

// Group commit. At most one goroutine, the leader, touches the file. Whoever
// finds no leader becomes it, takes all that is pending, and writes and syncs
// it; whoever comes meanwhile joins the next batch and waits. When the leader
// is done it tells the members of its batch and, if somebody waits in the next
// one, makes one of them the leader. A batch that nobody waits for is written
// by the timer.

// batch is a set of encoded events that are written and synced together.
type batch struct {
	data   []byte
	bodies []body

	// The rest exists once somebody waits; guarded by the log's mutex until
	// done is closed.
	waiters int
	lead    chan struct{} // capacity 1: a token makes its receiver the leader
	done    chan struct{} // closed when err is final
	err     error
}

// body is one encoded event: data up to end, from the end of the one before.
type body struct {
	end   int
	later bool // nothing waits for it, so it is kept over a failure
}

// join makes the caller one that waits for the batch.
func (b *batch) join() {
	if b.done == nil {
		b.lead, b.done = make(chan struct{}, 1), make(chan struct{})
	}
	b.waiters++
}

// finish tells those who wait. The mutex is held.
func (b *batch) finish(err error) {
	b.err = err
	if b.done != nil {
		close(b.done)
	}
}

// collect adds encoded events to the pending batch. The mutex is held.
func (l *Log) collect(data []byte, ends []int, later bool) *batch {
	if l.pending == nil {
		if l.pending = l.spare; l.pending == nil {
			l.pending = &batch{}
		}
		l.spare = nil
	}
	b := l.pending
	base := len(b.data)
	b.data = append(b.data, data...)
	for _, end := range ends {
		b.bodies = append(b.bodies, body{end: base + end, later: later})
	}
	return b
}

// await waits until the batch is safe, and leads it when told to.
func (l *Log) await(ctx context.Context, b *batch) error {
	select {
	case <-b.done:
		return b.err
	case <-b.lead:
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.writeLocked()
	case <-ctx.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-b.done:
		return b.err
	case <-b.lead:
		// Leadership came while this caller was leaving. It cannot be given
		// back unseen, so the caller stays for one batch, its own.
		return l.writeLocked()
	default:
	}
	// If b is still pending, somebody leads, and will find that nobody waits.
	b.waiters--
	return ctx.Err()
}

// leadLocked makes the caller, who found no leader, the leader for one batch.
// The mutex is held, and released while the batch is written.
func (l *Log) leadLocked() error {
	l.leading = true
	return l.writeLocked()
}

// writeLocked writes and syncs the pending batch. The caller leads and holds
// the mutex, which is released meanwhile.
func (l *Log) writeLocked() error {
	b := l.pending
	l.pending = nil
	l.mu.Unlock()
	err := l.writer.commit(b, &l.stats)
	l.mu.Lock()
	if err != nil {
		l.failLocked(b, err)
		err = l.failure
	}
	b.finish(err)
	l.recycleLocked(b)
	l.passOnLocked()
	return err
}

// recycleLocked keeps a batch's buffers for the next one. A batch that others
// wait for is theirs to read, so only its buffers are taken.
func (l *Log) recycleLocked(b *batch) {
	if l.spare == nil && cap(b.data) <= maxKeptBuffer {
		l.spare = &batch{data: b.data[:0], bodies: b.bodies[:0]}
		b.data, b.bodies = nil, nil
	}
}

// passOnLocked ends the caller's leadership: it goes to one who waits, or to
// nobody.
func (l *Log) passOnLocked() {
	if b := l.pending; b != nil && b.waiters > 0 {
		b.lead <- struct{}{}
		return
	}
	l.leading = false
	l.idle.Broadcast()
	l.armLocked()
}

// failLocked takes the log down: those who wait get an error, and events that
// nobody waits for are kept, in order, for when it is back.
func (l *Log) failLocked(failed *batch, cause error) {
	l.failure = fmt.Errorf("%w: %w", ErrFailed, cause)
	l.cfg.Logger.Error("audit log is down, refusing statements", "error", cause)
	kept := &batch{}
	keepLater(kept, failed)
	if l.pending != nil {
		keepLater(kept, l.pending)
		l.pending.finish(l.failure)
	}
	l.pending = nil
	if len(kept.bodies) > 0 {
		l.pending = kept
	}
}

func keepLater(to, from *batch) {
	start := 0
	for _, b := range from.bodies {
		if b.later {
			to.data = append(to.data, from.data[start:b.end]...)
			to.bodies = append(to.bodies, body{end: len(to.data), later: true})
		}
		start = b.end
	}
}

// armLocked starts the timer if something is pending that nobody will write.
func (l *Log) armLocked() {
	if l.armed || l.pending == nil || l.leading || l.failure != nil || l.closed {
		return
	}
	l.armed = true
	l.timer.Reset(l.cfg.FlushEvery)
}

// flushLater is the timer's work.
func (l *Log) flushLater() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.armed = false
	if l.pending == nil || l.leading || l.usable() != nil {
		return
	}
	// The error is kept in l.failure and was logged; nobody waits for it here.
	_ = l.leadLocked()
}
