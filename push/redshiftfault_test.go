package push_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/push"
)

// probe reads everything as everybody, in sessions that stay open.
func (w *store) probe(people map[string]*pgconn.PgConn) seen {
	w.t.Helper()
	out := seen{}
	for who, conn := range people {
		for _, name := range []string{"shop.nation", "shop.customer", "shop.secret", "sales.orders", "lake.events", "governed_shop.nation", "governed_shop.customer", "governed_shop.secret",
			"governed_sales.orders", "governed_lake.events", "postern_system.profile", "postern_system.entitlement", "postern_system.user_profile"} {
			rows, err := fetch(context.Background(), conn, "SELECT * FROM "+name)
			var pg *pgconn.PgError
			if err != nil && !errors.As(err, &pg) {
				w.t.Fatalf("%s reads %s: %v", who, name, err)
			}
			out[who+" "+name] = rows
		}
	}
	return out
}

// anotherMoment is one at which much is different: attributes, groups, rules, types of columns, who may, tables that get a rule, and those that lose theirs.
func anotherMoment() moment {
	return moment{
		subscriptions: []policy.SubscriptionPolicy{
			grant("analysts", storeSources("shop.nation", "shop.customer", "sales.orders"), policy.Allow{When: "isInGroups('analysts')"}), grant("insiders", storeSources("shop.secret"), policy.Allow{Users: []string{"cid"}}),
		},
		data: []policy.DataPolicy{
			{Name: "region", On: storeSources("shop.customer"), Rules: []policy.Rule{{Rows: "@attributeValuesContains('region', c_region) AND c_custkey > 1", ExceptFor: "isInGroups('world')"}}},
			{Name: "nation", On: storeSources("shop.nation"), Rules: []policy.Rule{{Mask: &policy.Mask{Columns: []string{"n_name"}, Null: true}, ExceptFor: "hasAttribute('clearance', 'high')"}}},
			{Name: "key", On: storeSources("shop.customer"), Rules: []policy.Rule{{Mask: &policy.Mask{Columns: []string{"c_custkey"}, Null: true}, ExceptFor: "isInGroups('analysts')"}}},
		},
		specs: map[string]identity.Spec{
			"ann": {User: "ann", Groups: []string{"analysts"}, Attributes: map[string][]string{"region": {"ASIA"}}},
			"bob": {User: "bob", Attributes: map[string][]string{"region": {"ASIA", "EUROPE"}}},
			"cid": {User: "cid", Groups: []string{"analysts"}, Attributes: map[string][]string{"region": {"ASIA", "EUROPE"}, "clearance": {"high"}}},
		},
	}
}

// deaths are ways in which a Syncer can die at a statement.
func deaths() map[string]func(w *store, conn *pgconn.PgConn, sql string) {
	return map[string]func(w *store, conn *pgconn.PgConn, sql string){
		"before": func(_ *store, conn *pgconn.PgConn, _ string) { _ = conn.Conn().Close() },
		"after": func(_ *store, conn *pgconn.PgConn, sql string) {
			if !strings.Contains(sql, "$1") {
				conn.Frontend().Send(&pgproto3.Query{String: sql})
				_ = conn.Frontend().Flush()
			}
			_ = conn.Conn().Close()
		},
		"server": func(w *store, conn *pgconn.PgConn, _ string) {
			w.value(fmt.Sprintf("SELECT pg_terminate_backend(%d)", conn.PID()))
		},
	}
}

// TestRedshiftKilledAtEveryStatement stops a Syncer at each statement in turn, where all is one transaction and where it is many. After each transaction and after each
// death nobody sees anything but what they saw before, what they shall see, or nothing; and the next run completes.
func TestRedshiftKilledAtEveryStatement(t *testing.T) {
	for _, mode := range []struct {
		name        string
		locks, step int
	}{{"at once", 0, 7}, {"apart", 14, 1}} { // within one transaction nothing is to be seen: some of its statements stand for all
		t.Run(mode.name, func(t *testing.T) {
			w := newStore(t)
			w.settings.MaxLocks = mode.locks
			first := moment{w.subscriptions, w.data, w.specs}
			set := func(m moment) { w.subscriptions, w.data, w.specs = m.subscriptions, m.data, m.specs }
			w.sync()
			people := map[string]*pgconn.PgConn{}
			for user := range w.accounts {
				people[user] = w.as(user)
			}
			before := w.probe(people)
			set(anotherMoment())
			w.sync()
			after := w.probe(people)
			if before.equal(after) {
				t.Fatal("nothing changes")
			}
			// On the way there and on the way back by turns.
			moments, views := []moment{anotherMoment(), first}, []seen{after, before}
			kills, probes, at, survived := 0, 0, 0, 0
			for ways := slices.Sorted(maps.Keys(deaths())); survived < 2; at += mode.step {
				turn, how := at/mode.step%2, ways[at/mode.step%len(ways)]
				from, to := views[turn], views[1-turn]
				if !w.probe(people).equal(from) {
					t.Fatal("what was before is not again")
				}
				set(moments[1-turn])
				died := w.killedAt(at, deaths()[how], func() {
					probes++
					for _, bad := range w.probe(people).between(from, to) {
						t.Errorf("%s, statement %d: %s", how, at, bad)
					}
				})
				w.finish()
				if !w.probe(people).equal(to) {
					t.Fatalf("%s, statement %d: the next run did not complete", how, at)
				}
				if !died {
					survived++
					continue
				}
				kills, survived = kills+1, 0
			}
			t.Logf("%d statements: %d deaths, in 3 ways by turns, %d times all was looked at", at, kills, probes)
			if at < 30 {
				t.Errorf("only %d statements", at)
			}
		})
	}
}

// killedAt runs a Syncer that dies at a statement, and looks after each of its transactions and after its death.
func (w *store) killedAt(at int, kill func(*store, *pgconn.PgConn, string), look func()) (died bool) {
	w.t.Helper()
	var conn *pgconn.PgConn
	n := 0
	s := w.syncer(func(c *push.Config) {
		dial := c.Dial
		c.Dial = func(ctx context.Context) (*pgconn.PgConn, error) {
			var err error
			conn, err = dial(ctx)
			return conn, err
		}
		c.Committed(look)
		c.Before(func(sql string) error {
			if n++; n-1 != at {
				return nil
			}
			died = true
			kill(w, conn, sql)
			return nil
		})
	})
	if _, err := s.Sync(w.t.Context(), w.input()); (err != nil) != died {
		w.t.Fatalf("died: %v, error: %v", died, err)
	}
	look()
	return died
}

// finish runs until all is done: the lease of one who died is free when the server has noticed.
func (w *store) finish() {
	w.t.Helper()
	in := w.input()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		r, err := w.syncer().Sync(w.t.Context(), in)
		if errors.Is(err, push.ErrBusy) && time.Now().Before(deadline) {
			continue
		}
		if err != nil || !r.Done {
			w.t.Fatalf("%v, %+v", err, r)
		}
		return
	}
}

// TestRedshiftLease: one Syncer is at work at a time; who finds another gives way, who is gone has lost it, and who lost it can commit nothing.
func TestRedshiftLease(t *testing.T) {
	w := newStore(t)
	w.sync()
	held := w.dial()
	defer held.Close(t.Context())
	hold := func(pid uint32, until string) {
		w.exec(fmt.Sprintf("UPDATE postern_system.sync SET holder = 'another', holder_pid = %d, until = dateadd(second, %s, getdate())", pid, until))
	}
	hold(held.PID(), "-10")
	if _, err := w.syncer().Sync(t.Context(), w.input()); !errors.Is(err, push.ErrBusy) {
		t.Errorf("another is at work: %v", err)
	}
	hold(1, "600")
	w.sync()
	if got := w.value("SELECT holder || '.' FROM postern_system.sync"); got != "." {
		t.Errorf("the lease is kept: %s", got)
	}
	// Somebody else takes the lease between two transactions.
	for _, again := range []string{"once", "again"} {
		spec := w.specs["bob"]
		spec.Attributes = map[string][]string{"region": {"EUROPE", again}}
		w.specs["bob"] = spec
		taken := false
		s := w.syncer(func(c *push.Config) {
			c.Before(func(now string) error {
				if now != "BEGIN" || taken {
					return nil // within a transaction the table is locked
				}
				if holder := w.value("SELECT holder FROM postern_system.sync"); holder != "" && holder != "another" {
					taken = true
					hold(1, "600")
				}
				return nil
			})
		})
		if _, err := s.Sync(t.Context(), w.input()); !errors.Is(err, push.ErrBusy) || !taken {
			t.Errorf("a Syncer that lost its lease: %v (%v)", err, taken)
		}
		w.reads("bob", "SELECT c_custkey FROM governed_shop.customer", "2")
	}
	w.sync()
	w.reads("bob", "SELECT c_custkey FROM governed_shop.customer", "1\n3")
}
