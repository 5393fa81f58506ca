package direct

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/control"
	"github.com/posternsql/postern/warehouse/serverlog"
)

// DefaultTurn is how long the other servers wait for one that has died while it collected.
const DefaultTurn = 30 * time.Second

// leaving bounds what is noted when the server is stopped, the giving up of its turn at last.
const leaving = 2 * time.Second

// ErrElsewhere says that another server collects the log.
var ErrElsewhere = errors.New("another server collects the log")

// Turns have one of several servers collect a log at a time, and the next one know what the one before put on record: control.CollectorStore.
type Turns interface {
	TakeTurn(ctx context.Context, connection, server string, known int64, lasts time.Duration) (control.Turn, error)
	NoteTurn(ctx context.Context, t control.Turn, lasts time.Duration, c control.Collected) error
}

// begin is where to read on, if it is this server's turn.
func (c *Collector) begin(ctx context.Context) (at serverlog.Position, err error) {
	if c.config.Turns == nil {
		if at, err = c.config.Positions.Load(); err != nil {
			return at, err
		}
		return at, c.remember(at, nil)
	}
	known := c.turn.Term
	if c.turn, err = c.config.Turns.TakeTurn(ctx, c.config.Connection, c.config.Server, known, c.config.Turn); err != nil || !c.turn.Held {
		c.lose()
		if err == nil {
			err = ErrElsewhere
		}
		return at, err
	}
	if c.turn.Term == known && c.told != nil {
		return c.ahead, nil
	}
	if c.turn.Position == "" {
		at, err = c.config.Positions.Load() // of a time when there was one server
	} else if err = json.Unmarshal([]byte(c.turn.Position), &at); err != nil {
		err = fmt.Errorf("reading how far the server's log was read: %w", err)
	}
	if err != nil {
		c.lose()
		return at, err
	}
	c.told = nil
	if err = c.remember(at, c.turn.Tellings); err != nil {
		c.lose()
		return at, err
	}
	c.turn.Tellings, c.ahead = nil, at
	return at, nil
}

// lose forgets what holds only while it is this server's turn.
func (c *Collector) lose() { c.turn, c.told, c.doubted = control.Turn{}, nil, nil }

// remember learns what is on record behind the position, the first time. What this server was about to record when it died its own record tells;
// of another server's nobody can know.
func (c *Collector) remember(at serverlog.Position, tellings []control.Telling) error {
	if c.told != nil {
		return nil
	}
	told, doubted, since := map[string]time.Time{}, map[string]string{}, at.Time
	if !since.IsZero() {
		since = since.Add(-c.config.Overlap)
	}
	for _, t := range tellings {
		switch {
		case t.Safe:
			told[t.ID] = t.Ended
		case t.Server != c.config.Server:
			doubted[t.ID] = t.Server
		case t.Ended.Before(since):
			since = t.Ended
		}
	}
	if err := c.config.Recorded(since, func(id string) { told[id] = at.Time }); err != nil {
		return fmt.Errorf("reading which direct statements are on record: %w", err)
	}
	c.told, c.doubted = told, doubted
	return nil
}

// announce says which statements are put on record next, so that no other server does. What it returns bounds the recording: behind it the turn may be over.
func (c *Collector) announce(ctx context.Context, events []audit.Event) (context.Context, context.CancelFunc, error) {
	if c.config.Turns == nil {
		return ctx, func() {}, nil
	}
	outlasting, end := outlast(ctx)
	within, stop := context.WithTimeout(outlasting, c.config.Turn*2/3)
	cancel := func() { stop(); end() }
	if err := c.config.Turns.NoteTurn(within, c.turn, c.config.Turn, control.Collected{Intended: c.tellings(events)}); err != nil {
		cancel()
		c.lose()
		return ctx, func() {}, err
	}
	return within, cancel, nil
}

// keep notes the position, behind what was recorded.
func (c *Collector) keep(ctx context.Context, at, next serverlog.Position, recorded []audit.Event) error {
	if c.config.Turns == nil {
		if next == at {
			return nil
		}
		return c.config.Positions.Save(next)
	}
	c.ahead = next
	// What nobody is told of is noted at times only: the state may be on the very server whose log this is, and noting it is told there.
	if now := c.config.Now(); len(recorded) > 0 || next != at && now.Sub(c.kept) > c.config.Turn/3 {
		c.kept = now
	} else {
		return nil
	}
	text, err := json.Marshal(next)
	if err != nil {
		return err
	}
	done := control.Collected{Position: string(text), Safe: c.tellings(recorded), Forget: next.Time.Add(-2 * c.config.Overlap)}
	if c.config.Overlap == 0 {
		// Nothing of a log is read again that is behind the position.
		done.Safe, done.Forget = nil, time.Time{}
		for i := range recorded {
			if end := recorded[i].Time.Add(time.Second); end.After(done.Forget) {
				done.Forget = end
			}
		}
	}
	outlasting, end := outlast(ctx)
	defer end()
	if err := c.config.Turns.NoteTurn(outlasting, c.turn, c.config.Turn, done); err != nil {
		c.lose()
		return err
	}
	return nil
}

// outlast goes on for a little after a context ends: a server that is stopped between what it puts on record and the note of it would have the next one tell all of
// it again.
func outlast(ctx context.Context) (context.Context, context.CancelFunc) {
	outlasting, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(leaving, cancel) })
	return outlasting, func() { stop(); cancel() }
}

func (c *Collector) tellings(events []audit.Event) (out []control.Telling) {
	for i := range events {
		if events[i].Kind == audit.Direct {
			out = append(out, control.Telling{ID: events[i].ID, Ended: events[i].Time})
		}
	}
	return out
}

// leave gives the turn up, so that another server goes on at once.
func (c *Collector) leave(ctx context.Context) {
	if c.config.Turns == nil || !c.turn.Held {
		return
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaving)
	defer cancel()
	text, err := json.Marshal(c.ahead)
	if err == nil {
		err = c.config.Turns.NoteTurn(last, c.turn, 0, control.Collected{Position: string(text)})
	}
	if err != nil {
		c.config.Logger.Debug("giving up the turn to collect", "connection", c.config.Connection, "error", err)
	}
	c.lose()
}
