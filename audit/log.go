package audit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Errors of a Log. Each means that the event is not safe and that what it
// announces must not happen.
var (
	// ErrFailed is wrapped by every error after an I/O error, until Recover
	// succeeds.
	ErrFailed = errors.New("audit log is down")
	// ErrClosed is returned after Close.
	ErrClosed = errors.New("audit log is closed")
	// ErrTooLarge is returned for an event beyond MaxRecordBytes.
	ErrTooLarge = errors.New("audit event is too large")
	// ErrFull is returned by RecordLater while the log is down and has as many
	// events waiting as it may keep.
	ErrFull = errors.New("audit log is down and its waiting events have reached their bound")
)

// Log is an open audit log. Its methods may be called concurrently.
type Log struct {
	cfg     Config
	now     func() time.Time
	lock    *os.File
	scratch sync.Pool // *[]byte, for encoding outside the mutex

	mu      sync.Mutex
	idle    *sync.Cond // signalled when leading becomes false
	leading bool       // somebody writes; the fields of writer are theirs
	pending *batch     // what is being collected; nil when empty
	spare   *batch     // a batch to use again, with its buffers
	timer   *time.Timer
	armed   bool
	failure error // wraps ErrFailed; nil while the log works
	closed  bool

	writer writer
	stats  counters
}

type counters struct {
	records, syncs, bytes, refused atomic.Uint64
	head                           atomic.Pointer[link]
}

// Stats are counts since Open.
type Stats struct {
	// Records is the number of records written and synced.
	Records uint64
	// Syncs is the number of fsyncs of files.
	Syncs uint64
	// Bytes is the number of bytes written and synced.
	Bytes uint64
	// Refused is the number of events for which Record returned an error.
	Refused uint64
	// Failed says whether the log is down.
	Failed bool
}

// Stats returns counts for metrics.
func (l *Log) Stats() Stats {
	return Stats{
		Records: l.stats.records.Load(),
		Syncs:   l.stats.syncs.Load(),
		Bytes:   l.stats.bytes.Load(),
		Refused: l.stats.refused.Load(),
		Failed:  l.Err() != nil,
	}
}

// Head returns the last record that is safe: an anchor to keep elsewhere.
func (l *Log) Head() Anchor { return l.stats.head.Load().anchor() }

// Err returns nil while the log works, else why it does not. A readiness probe
// asks this.
func (l *Log) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.usable()
}

// usable is Err with the mutex held.
func (l *Log) usable() error {
	if l.closed {
		return ErrClosed
	}
	return l.failure
}

// Record writes the events, in order and next to each other, and returns nil
// when they are on stable storage. Any error means that they may not be and
// that what they announce must not happen; an event of a failed Record may
// still be found in the log later when ctx ended the wait. Callers at the same
// time share one fsync.
func (l *Log) Record(ctx context.Context, events ...Event) error {
	if len(events) == 0 {
		return nil
	}
	err := ctx.Err()
	if err == nil {
		err = l.record(ctx, events)
	}
	if err != nil {
		l.stats.refused.Add(uint64(len(events)))
		return fmt.Errorf("recording audit event: %w", err)
	}
	return nil
}

func (l *Log) record(ctx context.Context, events []Event) error {
	body, ends, err := l.encode(events)
	defer l.release(body)
	if err != nil {
		return err
	}
	l.mu.Lock()
	if err := l.usable(); err != nil {
		l.mu.Unlock()
		return err
	}
	b := l.collect(*body, ends, false)
	if !l.leading {
		// Nobody writes: this goroutine does, without handing over to another.
		err := l.leadLocked()
		l.mu.Unlock()
		return err
	}
	b.join()
	l.mu.Unlock()
	return l.await(ctx, b)
}

// RecordLater takes events that nothing waits for, such as completions. They
// are written with the next batch or after Config.FlushEvery, and at the
// latest by Close; while the log is down they are kept, up to
// Config.MaxPendingBytes, and written when it is back. An error means that
// they were not taken.
func (l *Log) RecordLater(events ...Event) error {
	if len(events) == 0 {
		return nil
	}
	body, ends, err := l.encode(events)
	defer l.release(body)
	if err != nil {
		return fmt.Errorf("recording audit event: %w", err)
	}
	l.mu.Lock()
	full := l.pending != nil && len(l.pending.data)+len(*body) > l.cfg.MaxPendingBytes
	switch {
	case l.closed:
		err = ErrClosed
	case full && l.failure != nil:
		err = fmt.Errorf("%w: %w", ErrFull, l.failure)
	}
	if err != nil {
		l.mu.Unlock()
		return fmt.Errorf("recording audit event: %w", err)
	}
	b := l.collect(*body, ends, true)
	if !full {
		l.armLocked()
		l.mu.Unlock()
		return nil
	}
	// The disk does not keep up: wait for it. Should that fail, the events are
	// kept for the recovery, so they were taken all the same.
	if !l.leading {
		_ = l.leadLocked()
		l.mu.Unlock()
		return nil
	}
	b.join()
	l.mu.Unlock()
	_ = l.await(context.Background(), b)
	return nil
}

// encode checks the events and encodes them one after the other; ends holds
// where each ends. The buffer goes back with release.
func (l *Log) encode(events []Event) (*[]byte, []int, error) {
	buf, ok := l.scratch.Get().(*[]byte)
	if !ok {
		buf = new([]byte)
	}
	*buf = (*buf)[:0]
	var first [4]int
	ends := first[:0]
	now := l.now()
	for i := range events {
		if err := events[i].Validate(); err != nil {
			return buf, nil, err
		}
		start := len(*buf)
		*buf = appendBody(*buf, &events[i], l.cfg.MaxSQLBytes, now)
		if size := len(*buf) - start; size > MaxRecordBytes {
			return buf, nil, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, size, MaxRecordBytes)
		}
		ends = append(ends, len(*buf))
	}
	return buf, ends, nil
}

// maxKeptBuffer is the size beyond which a buffer is left to the collector, so
// that one large event does not hold its memory for ever.
const maxKeptBuffer = 256 << 10

func (l *Log) release(buf *[]byte) {
	if cap(*buf) <= maxKeptBuffer {
		l.scratch.Put(buf)
	}
}
