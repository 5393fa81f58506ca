package push_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/push"
)

// probed are all names under which anything of the shop could be read.
func probed() []string {
	return []string{"public.nation", "public.customer", "public.secret", `"Sales"."Order"`, "governed_public.nation", "governed_public.customer",
		"governed_public.secret", `"governed_Sales"."Order"`, "postern_system.profile", "postern_system.user_profile", "postern_system.ticket"}
}

// seen is what each person reads under each name: "person name" to rows, "" where that is nothing or refused.
type seen map[string]string

// probe reads everything as everybody, in sessions that stay open.
func (w *world) probe(people map[string]*pgconn.PgConn) seen {
	out := seen{}
	for who, conn := range people {
		for _, name := range probed() {
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

// policies of a moment.
type moment struct {
	subscriptions []policy.SubscriptionPolicy
	data          []policy.DataPolicy
	specs         map[string]identity.Spec
}

func (w *world) set(m moment) { w.subscriptions, w.data, w.specs = m.subscriptions, m.data, m.specs }

// another is a moment at which much is different: attributes, groups, rules, who may, tables that get a rule, and those that lose theirs.
func another() moment {
	all := tables("public.nation", "public.customer", "Sales.Order")
	return moment{
		subscriptions: []policy.SubscriptionPolicy{grant("analysts", all, policy.Allow{When: "isInGroups('analysts')"}), grant("insiders", tables("public.secret"), policy.Allow{Users: []string{"cid"}})},
		data: []policy.DataPolicy{
			{Name: "region", On: tables("public.customer"), Rules: []policy.Rule{{Rows: "@attributeValuesContains('region', c_region) AND c_custkey > 1", ExceptFor: "isInGroups('world')"}}},
			{Name: "nation", On: tables("public.nation"), Rules: []policy.Rule{{Mask: &policy.Mask{Columns: []string{"n_name"}, Null: true}, ExceptFor: "hasAttribute('clearance', 'high')"}}},
			{Name: "name", On: tables("public.customer"), Rules: []policy.Rule{{Mask: &policy.Mask{Columns: []string{"c_custkey"}, Null: true}, ExceptFor: "isInGroups('analysts')"}}},
		},
		specs: map[string]identity.Spec{
			"ann": {User: "ann", Groups: []string{"analysts"}, Attributes: map[string][]string{"region": {"ASIA"}}},
			"bob": {User: "bob", Attributes: map[string][]string{"region": {"ASIA", "EUROPE"}}},
			"cid": {User: "cid", Groups: []string{"analysts"}, Attributes: map[string][]string{"region": {"ASIA", "EUROPE"}, "clearance": {"high"}}},
		},
	}
}

// killing are ways in which a Syncer can die at a statement.
func killing() map[string]func(w *world, conn *pgconn.PgConn, sql string) {
	return map[string]func(w *world, conn *pgconn.PgConn, sql string){
		// The process is killed before the statement.
		"before": func(_ *world, conn *pgconn.PgConn, _ string) { _ = conn.Conn().Close() },
		// It is killed when the statement is on its way.
		"after": func(_ *world, conn *pgconn.PgConn, sql string) {
			if !strings.Contains(sql, "$1") {
				conn.Frontend().Send(&pgproto3.Query{String: sql})
				_ = conn.Frontend().Flush()
			}
			_ = conn.Conn().Close()
		},
		// The server ends the session.
		"server": func(w *world, conn *pgconn.PgConn, _ string) {
			w.value(w.admin, fmt.Sprintf("SELECT pg_terminate_backend(%d, 5000)", conn.PID()))
		},
	}
}

// TestKilledAtEveryStatement stops a Syncer at each statement in turn, in three ways, where all is one transaction and where it is many. After each
// transaction and after each death nobody sees anything but what they saw before, what they shall see, or nothing; and the next run completes.
func TestKilledAtEveryStatement(t *testing.T) {
	for _, mode := range []struct {
		name  string
		locks int
	}{{"at once", 0}, {"apart", 14}} {
		t.Run(mode.name, func(t *testing.T) {
			w := newShop(t)
			w.settings.MaxLocks, w.settings.GroupRoles = mode.locks, push.GroupRolesAll
			// No view that is there at both moments calls a function, which is granted and taken back too.
			w.data[2].On, w.data[2].Rules[0].Mask.Columns = tables("Sales.Order"), []string{"note"}
			first := moment{w.subscriptions, w.data, w.specs}
			w.sync()
			people := w.log()
			before := w.probe(people)
			w.set(another())
			w.sync()
			after := w.probe(people)
			if before.equal(after) {
				t.Fatal("nothing changes")
			}
			kills, probes, most := 0, 0, 0
			for how, kill := range killing() {
				for at := 0; ; at++ {
					w.set(first)
					w.finish()
					if !w.probe(people).equal(before) {
						t.Fatal("what was before is not again")
					}
					w.set(another())
					died := w.killedAt(at, kill, func() {
						probes++
						for _, bad := range w.probe(people).between(before, after) {
							t.Errorf("%s, statement %d: %s", how, at, bad)
						}
					})
					w.finish()
					if !w.probe(people).equal(after) {
						t.Fatalf("%s, statement %d: the next run did not complete", how, at)
					}
					if !died {
						most = max(most, at)
						break
					}
					kills++
				}
			}
			t.Logf("%d statements, killed at each in 3 ways: %d deaths, %d times all was looked at", most, kills, probes)
			if most < 20 {
				t.Errorf("only %d statements", most)
			}
		})
	}
}

// killedAt runs a Syncer that dies at a statement, and looks after each of its transactions and after its death.
func (w *world) killedAt(at int, kill func(*world, *pgconn.PgConn, string), look func()) (died bool) {
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

// finish runs until all is done: the lock of one who died is free when the server has noticed.
func (w *world) finish() {
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
