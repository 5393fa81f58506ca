package push_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/push"
)

// scene is what a world and a store have in common: people, and policies that a test changes, over a database.
type scene struct {
	t        testing.TB
	settings push.Settings
	// connection is how policies call the database, whatever the settings say.
	connection string
	// crawl reads what is there now; what is registered and tagged is set. Columns are reviewed by the scene.
	crawl func() []*catalog.Table
	// login logs the system account in.
	login func(context.Context) (*pgconn.PgConn, error)
	// before sees each statement that changes anything; nil where nothing looks.
	before func(sql string) error
	// terminate ends a session at the server.
	terminate func(pid uint32)
	// probed are all names under which anything could be read.
	probed []string

	moment
	projects []policy.Project
	accounts map[string]string
	mayActAs map[string][]string // by names of people
	hidden   map[string]bool     // schema.table.column that nobody has reviewed
	version  uint64

	mu     sync.Mutex
	events []audit.Event
}

// moment is what may be read, by whom, at one time.
type moment struct {
	subscriptions []policy.SubscriptionPolicy
	data          []policy.DataPolicy
	specs         map[string]identity.Spec
}

func (s *scene) set(m moment) { s.moment = m }

// program compiles the policies of now against what is there now.
func (s *scene) program() *policy.Program {
	s.t.Helper()
	tables := s.crawl()
	for _, t := range tables {
		for i := range t.Columns {
			t.Columns[i].Reviewed = !s.hidden[t.Schema+"."+t.Name+"."+t.Columns[i].Name]
		}
	}
	s.version++
	snapshot, err := catalog.New(s.version, s.connection, tables)
	if err != nil {
		s.t.Fatal(err)
	}
	p, _, err := policy.Compile(policy.Input{Version: s.version, Snapshot: snapshot, Subscriptions: s.subscriptions, Data: s.data, Projects: s.projects})
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

func (s *scene) input() push.Input {
	s.t.Helper()
	in := push.Input{Settings: s.settings, Program: s.program(), Now: time.Now()}
	for _, user := range slices.Sorted(maps.Keys(s.specs)) {
		p := push.Person{Principal: identity.NewPrincipal(s.specs[user]), Account: s.accounts[user]}
		for _, other := range s.mayActAs[user] {
			p.MayActAs = append(p.MayActAs, s.accounts[other])
		}
		in.People = append(in.People, p)
	}
	return in
}

func (s *scene) config() push.Config {
	return push.Config{
		Settings: s.settings, Log: slog.New(slog.DiscardHandler), Dial: s.login,
		Record: func(_ context.Context, events ...audit.Event) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.events = append(s.events, events...)
			return nil
		},
	}
}

func (s *scene) syncer(with ...func(*push.Config)) *push.Syncer {
	s.t.Helper()
	c := s.config()
	if s.before != nil {
		c.Before(s.before)
	}
	for _, f := range with {
		f(&c)
	}
	syncer, err := push.New(c)
	if err != nil {
		s.t.Fatal(err)
	}
	return syncer
}

// sync runs once and must leave nothing undone; a second run must find nothing to do.
func (s *scene) sync() *push.Report {
	s.t.Helper()
	syncer, in := s.syncer(), s.input()
	r, err := syncer.Sync(s.t.Context(), in)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, f := range r.Findings {
		if f.Kind == push.Blocked {
			s.t.Errorf("%s", f)
		}
	}
	again, err := syncer.Sync(s.t.Context(), in)
	if err != nil {
		s.t.Fatal(err)
	}
	if !r.Done || !again.Plan.Empty() {
		s.t.Fatalf("done: %v; the second run finds\n%s", r.Done, again.Plan)
	}
	return r
}

// seen is what each person reads under each name: "person name" to rows, "" where that is nothing or refused.
type seen map[string]string

// probe reads everything as everybody, in sessions that stay open. Behind each question the statements of behind are run.
func (s *scene) probe(people map[string]*pgconn.PgConn, behind ...string) seen {
	s.t.Helper()
	out := seen{}
	for who, conn := range people {
		for _, name := range s.probed {
			rows, err := fetch(context.Background(), conn, "SELECT * FROM "+name)
			var pg *pgconn.PgError
			if err != nil && !errors.As(err, &pg) {
				s.t.Fatalf("%s reads %s: %v", who, name, err)
			}
			for _, sql := range behind {
				if _, err := fetch(context.Background(), conn, sql); err != nil {
					s.t.Fatalf("%s: %v", who, err)
				}
			}
			out[who+" "+name] = rows
		}
	}
	return out
}

// between wants everybody to see of everything what they saw before, what they shall see, or nothing.
func (s seen) between(before, after seen) (bad []string) {
	for key, rows := range s {
		if rows != "" && rows != before[key] && rows != after[key] {
			bad = append(bad, fmt.Sprintf("%s: sees\n%s\nbefore\n%s\nafter\n%s", key, rows, before[key], after[key]))
		}
	}
	return bad
}

func (s seen) equal(other seen) bool {
	return len(s.between(other, other)) == 0 && len(other.between(s, s)) == 0
}
