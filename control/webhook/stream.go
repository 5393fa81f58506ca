package webhook

import (
	"context"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/posternsql/postern/control"
	"github.com/posternsql/postern/control/resource"
)

// batch is how many notices are read at once.
const batch = 100

// storeTimeout bounds the letting go of a lease at the end.
const storeTimeout = 2 * time.Second

// stream is one webhook's.
type stream struct {
	sender  *Sender
	webhook resource.Webhook
	client  *http.Client
	// known is the position as it was last seen; only a Claim says where it really is.
	known control.Progress
	seen  bool
}

// run sends until the context ends, and lets another server go on at once.
func (s *stream) run(ctx context.Context) {
	c := s.sender.config
	for ctx.Err() == nil {
		wait, err := s.step(ctx)
		if err != nil && ctx.Err() == nil {
			c.Log.Warn("sending webhooks: the queue cannot be used", "webhook", s.webhook.Name, "error", err)
		}
		if wait == 0 {
			continue
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	if _, _, err := c.Store.Claim(last, s.webhook.Name, s.sender.holder, time.Now(), 0); err != nil {
		c.Log.Debug("letting a webhook go", "webhook", s.webhook.Name, "error", err)
	}
}

// step sends at most one event, and says how long there is nothing to do.
func (s *stream) step(ctx context.Context) (time.Duration, error) {
	c := s.sender.config
	if s.seen {
		// Looking costs no write; the lease is asked for only where there is something to do.
		next, err := c.Store.Next(ctx, s.known.Sent, 1)
		if err != nil || len(next) == 0 || s.webhook.Disabled {
			return c.Poll, err
		}
	}
	now := time.Now()
	p, held, err := c.Store.Claim(ctx, s.webhook.Name, s.sender.holder, now, c.Lease)
	if err != nil {
		return c.Poll, err
	}
	s.known, s.seen = p, true
	if !held || s.webhook.Disabled {
		return c.Poll, nil
	}
	if wait := p.NextAt.Sub(now); wait > 0 {
		// Claiming again in time keeps the lease.
		return min(wait, c.Lease/3), nil
	}
	next, err := c.Store.Next(ctx, p.Sent, batch)
	if err != nil || len(next) == 0 {
		return c.Poll, err
	}
	return s.send(ctx, p, next)
}

// send passes over what the webhook does not want, gives up what is too old, and makes one attempt at the first of the rest.
func (s *stream) send(ctx context.Context, p control.Progress, next []control.QueuedNotice) (time.Duration, error) {
	c, now := s.sender.config, time.Now()
	var old int64
	for _, n := range next {
		// What waited for us alone is not given up: only what the endpoint did not take.
		tooOld := p.Attempts > 0 && now.Sub(n.At) > c.MaxAge
		switch {
		case !s.webhook.Wants(n.Topic):
			p.Sent = n.ID
		case tooOld:
			p.Sent, old = n.ID, old+1
		default:
			return s.attempt(ctx, p, n, old)
		}
	}
	p.MoreLost = old
	if old > 0 {
		// The next event is tried at the pace of this endpoint.
		c.Log.Warn("sending webhooks: events are given up", "webhook", s.webhook.Name, "events", old)
	}
	return 0, s.advance(ctx, p)
}

func (s *stream) attempt(ctx context.Context, p control.Progress, n control.QueuedNotice, old int64) (time.Duration, error) {
	c := s.sender.config
	told := p.Lost + old
	err := post(ctx, s.client, s.webhook, n, told, time.Now())
	if err != nil && ctx.Err() != nil {
		// Interrupted is not failed.
		return 0, nil
	}
	if err == nil {
		// What arrived is noted even where we are to end.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
		defer cancel()
		c.Metrics.attempts.WithLabelValues(s.webhook.Name, "delivered").Inc()
		c.Metrics.lost.WithLabelValues(s.webhook.Name).Add(float64(told))
		return 0, s.advance(ctx, control.Progress{Sent: n.ID, MoreLost: -p.Lost})
	}
	p.Attempts++
	wait := backoff(c.First, c.Most, p.Attempts)
	p.NextAt, p.MoreLost = time.Now().Add(wait), old
	c.Metrics.attempts.WithLabelValues(s.webhook.Name, "failed").Inc()
	c.Log.Warn("sending webhooks: an attempt failed", "webhook", s.webhook.Name, "event", identify(n), "attempt", p.Attempts, "next", wait.Round(time.Millisecond), "error", err)
	return 0, s.advance(ctx, p)
}

// advance notes the position. Where that fails, the same event is sent again: the wait keeps that from being a storm.
func (s *stream) advance(ctx context.Context, p control.Progress) error {
	err := s.sender.config.Store.Advance(ctx, s.webhook.Name, s.sender.holder, p)
	if err == nil {
		s.known = p
		return nil
	}
	select {
	case <-ctx.Done():
	case <-time.After(s.sender.config.First):
	}
	return err
}

// backoff doubles from first to most with the number of failed attempts; half of it is drawn, so that endpoints that fell together are not
// all asked together.
func backoff(first, most time.Duration, attempts int) time.Duration {
	wait := most
	// Beyond 30 doublings even a nanosecond is more than a second: most holds, and nothing overflows.
	if shift := attempts - 1; shift < 30 && first < most>>shift {
		wait = first << shift
	}
	return wait/2 + rand.N(wait/2+1) //nolint:gosec // spreads load, keeps no secret
}
