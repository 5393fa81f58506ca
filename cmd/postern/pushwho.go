package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/direct"
	"github.com/posternsql/postern/push"
)

// following are the collectors that run, by connection. The zero value has none.
type following struct {
	mu sync.Mutex
	of map[string]*direct.Collector
}

func (f *following) set(connection string, c *direct.Collector) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.of == nil {
		f.of = map[string]*direct.Collector{}
	}
	f.of[connection] = c
}

// drop forgets a collector, unless it was replaced.
func (f *following) drop(connection string, c *direct.Collector) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.of[connection] == c {
		delete(f.of, connection)
	}
}

func (f *following) get(connection string) *direct.Collector {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.of[connection]
}

// caughtUp bounds the wait for what the log has of a change that was found just now.
const caughtUp = 3 * time.Second

// pushWho says who changed what drifted, from the statements that were collected.
func (s *server) pushWho(connection string) func(context.Context, []push.Changed) []push.Origin {
	return func(ctx context.Context, changes []push.Changed) []push.Origin {
		all := func(text string) []push.Origin {
			out := make([]push.Origin, len(changes))
			for i := range out {
				out[i].Text = text
			}
			return out
		}
		collector := s.following.get(connection)
		if collector == nil {
			return all("who did it is not known: the server's log is not collected (log, of the Connection)")
		}
		waited, cancel := context.WithTimeout(ctx, caughtUp)
		defer cancel()
		behind := collector.Caught(waited)
		asked := make([]direct.Changed, len(changes))
		for i, c := range changes {
			asked[i] = direct.Changed{Names: c.Names, Since: c.Since}
		}
		found, err := direct.Who(asked, connection, func(since time.Time, fn func(audit.Event) error) error {
			return audit.Search(s.auditDir, audit.Filter{Kind: audit.Direct, Since: since}, fn)
		})
		if err != nil {
			s.log.Error("looking for who changed it", "connection", connection, "error", err)
			return all("who did it is not known: the audit log cannot be searched")
		}
		out := make([]push.Origin, len(found))
		for i, o := range found {
			out[i] = push.Origin{Text: o.Text, Known: o.Known}
			switch {
			case o.Known:
			case errors.Is(behind, direct.ErrElsewhere):
				out[i].Text = "who did it is on the record of another server, which collects the log"
			case behind != nil:
				out[i].Text = "who did it is not known yet: the server's log was not read up to now"
			}
		}
		return out
	}
}
