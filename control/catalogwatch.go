package control

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/posternsql/postern/warehouse"
)

const (
	// watchPoll is between two questions whether a catalog has changed.
	watchPoll = time.Second
	// watchShare bounds how much of the time is spent looking where tables come and go all the time: a look is followed by ten times its length.
	watchShare = 10
)

// CatalogWatch looks at a warehouse when its catalog has changed, instead of when the interval is over, where the Connection says so. It only makes looks
// come sooner: what it misses is found at the interval.
type CatalogWatch struct {
	Publisher *Publisher
	Log       *slog.Logger
	// Poll is between two questions; a second when it is 0.
	Poll time.Duration
}

// Run watches until the context ends, and then returns nil.
func (r *CatalogWatch) Run(ctx context.Context) error {
	keepSessions(ctx, r.Publisher, (*Generation).watched, r.watch)
	return nil
}

// watched are the connections whose catalogs are watched.
func (g *Generation) watched() map[string]warehouse.Config {
	out := map[string]warehouse.Config{}
	for _, c := range g.Set().Connections {
		if c.ObjectSync.Watch {
			out[c.Name] = c.Warehouse()
			if inForce, ok := g.Connection(c.Name); ok {
				out[c.Name] = *inForce // which keeps the credentials that AWS gave
			}
		}
	}
	return out
}

// watch keeps one session until the context ends. That a warehouse cannot be asked is logged once.
func (r *CatalogWatch) watch(ctx context.Context, name string, config warehouse.Config) {
	message := ""
	for ctx.Err() == nil {
		err := r.session(ctx, name, config, func() { message = "" })
		if now := fmt.Sprint(err); now != message && ctx.Err() == nil {
			r.Log.Warn("watching a catalog: trying again", "connection", name, "error", err)
			message = now
		}
		pause(ctx, requestRetry)
	}
}

// pause waits, or until the context ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// session asks in one session until something fails. What happened before its first question is looked at first.
func (r *CatalogWatch) session(ctx context.Context, name string, config warehouse.Config, answered func()) (err error) {
	dialing, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	conn, err := warehouse.Dial(dialing, config, map[string]string{"application_name": "postern:watch"})
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		err = errors.Join(err, conn.Close(closing))
	}()
	last := ""
	for ctx.Err() == nil {
		var mark string
		err := bounded(ctx, requestTimeout, func(ctx context.Context) (err error) {
			mark, err = warehouse.CatalogMark(ctx, conn)
			return err
		})
		if err != nil {
			return err
		}
		answered()
		wait := cmp.Or(r.Poll, watchPoll)
		if mark != last {
			began := time.Now()
			if _, err := r.Publisher.Sync(ctx, name); err != nil && ctx.Err() == nil {
				r.Log.Debug("looking at a catalog that has changed: the next look will tell", "connection", name, "error", err)
			}
			last, wait = mark, max(wait, watchShare*time.Since(began))
		}
		pause(ctx, wait)
	}
	return nil
}
