package control

import (
	"context"
	"time"
)

// maxExpiryWait bounds one wait for what expires, so that a clock that was set, or a machine that slept, delays nothing by more.
const maxExpiryWait = time.Minute

// ExpiryRetry is how long a publication that failed at an expiry waits before it is tried again. What expired has ended all the same:
// decisions are bound by their own time.
const ExpiryRetry = 10 * time.Second

// RunExpiry publishes the set in force anew at each instant at which something in it ends, until the context ends; it then returns nil.
// after is time.After, or stands in for it in tests.
func (p *Publisher) RunExpiry(ctx context.Context, after func(time.Duration) <-chan time.Time) error {
	published, done := p.Subscribe()
	defer done()
	failed := false
	for {
		var timer <-chan time.Time
		if next := p.Current().Expires(); !next.IsZero() {
			wait := min(max(next.Sub(p.config.Now()), 0), maxExpiryWait)
			if failed {
				wait = ExpiryRetry
			}
			timer = after(wait)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-published:
			failed = false
		case <-timer:
			err := p.Expire(ctx)
			if failed = err != nil; failed && ctx.Err() == nil {
				p.config.Log.Error("publishing at an expiry", "error", firstLines(err))
			}
		}
	}
}

// Expire publishes the set in force anew if something in it has ended, with what the warehouses had at their last crawl.
func (p *Publisher) Expire(ctx context.Context) error {
	p.publishing.Lock()
	defer p.publishing.Unlock()
	current := p.Current()
	if next := current.Expires(); next.IsZero() || p.config.Now().Before(next) {
		return nil
	}
	b := p.builder(current.Set())
	b.tolerant = true
	b.given = p.crawls
	g, err := b.build(ctx)
	if err != nil {
		return err
	}
	return p.enforce(ctx, b, g)
}
