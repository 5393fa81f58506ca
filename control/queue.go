package control

import (
	"context"
	"time"
)

// QueuedNotice is a Notice with its number.
type QueuedNotice struct {
	ID int64
	Notice
}

// Progress is how far one webhook has been told.
type Progress struct {
	// Sent is the number of the last notice that was delivered.
	Sent int64
	// Attempts at the next one so far, and when the next is due.
	Attempts int
	NextAt   time.Time
	// Lost counts notices that were given up since the last delivery, because the queue was full.
	Lost int64
	// MoreLost is what Advance adds to Lost; below zero, what a delivery told of. Lost itself is not written: the queue counts there meanwhile.
	MoreLost int64
}

// QueueStore keeps what webhooks have to tell yet.
type QueueStore interface {
	// Claim takes a hook over for a while, unless another server holds it.
	Claim(ctx context.Context, hook, holder string, now time.Time, lasts time.Duration) (p Progress, ok bool, err error)
	// Next are the notices after a number, in order.
	Next(ctx context.Context, after int64, limit int) ([]QueuedNotice, error)
	// Advance notes progress, if the holder still holds the hook.
	Advance(ctx context.Context, hook, holder string, p Progress) error
	// Forget drops the position of a hook that is gone, unless another server holds it.
	Forget(ctx context.Context, hook, holder string, now time.Time) error
}
