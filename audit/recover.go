package audit

import (
	"context"
	"fmt"
	"time"
)

// Run tries to bring the log back whenever it is down, every
// Config.RecoverEvery, until ctx is done. It does not close the log: sessions
// that are still ending need it.
func (l *Log) Run(ctx context.Context) error {
	ticker := time.NewTicker(l.cfg.RecoverEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		// A failed attempt leaves the log down, which Err and the first
		// error's log line tell.
		_ = l.Recover(ctx)
	}
}

// Recover brings a failed log back: it cuts away what is not known to be safe,
// writes a record that tells of the failure (Action "audit.recover") together
// with the completions that were kept, and syncs. Only when all that worked
// does the log take events again. On a log that works it does nothing.
func (l *Log) Recover(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.leading && l.failure != nil {
		l.idle.Wait()
	}
	if l.closed {
		return ErrClosed
	}
	if l.failure == nil {
		return nil
	}
	if err := l.restoreLocked(); err != nil {
		return fmt.Errorf("recovering audit log: %w", err)
	}
	l.failure = nil
	l.cfg.Logger.Info("audit log is back")
	l.armLocked()
	return nil
}

// restoreLocked repairs the file and writes what was kept. The mutex is held,
// and released meanwhile; the caller found no leader.
func (l *Log) restoreLocked() error {
	kept := l.pending
	l.pending = nil
	l.leading = true
	note := Event{Kind: Admin, Action: "audit.recover", Detail: l.failure.Error()}
	l.mu.Unlock()
	err := l.writer.repair()
	if err == nil {
		err = l.commitOwn([]Event{note})
	}
	if err == nil && kept != nil {
		err = l.writer.commit(kept, &l.stats)
	}
	l.mu.Lock()
	l.leading = false
	l.idle.Broadcast()
	if err != nil && kept != nil {
		if l.pending != nil {
			keepLater(kept, l.pending)
		}
		l.pending = kept
	}
	return err
}

// Close writes what is pending and a last record (Action "audit.close"), and
// closes the log. On a failed log it tries once to recover; an error says how
// many events were lost.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	l.closed = true
	l.timer.Stop()
	for l.leading {
		l.idle.Wait()
	}
	var err error
	if l.failure != nil {
		err = l.restoreLocked()
	}
	if err == nil && l.pending != nil {
		l.leading = true
		err = l.writeLocked()
	}
	if err == nil {
		err = l.commitOwn([]Event{{Kind: Admin, Action: "audit.close"}})
	}
	if err == nil {
		err = l.writer.f.Close()
	}
	l.writer.abandon()
	lost := 0
	if l.pending != nil {
		lost = len(l.pending.bodies)
	}
	if lockErr := l.lock.Close(); err == nil {
		err = lockErr
	}
	if err != nil {
		return fmt.Errorf("closing audit log, %d events lost: %w", lost, err)
	}
	return nil
}
