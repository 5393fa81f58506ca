package push_test

import (
	"context"
	"errors"
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

// deaths are ways in which a Syncer can die at a statement.
func (s *scene) deaths() map[string]func(conn *pgconn.PgConn, sql string) {
	return map[string]func(conn *pgconn.PgConn, sql string){
		// The process is killed before the statement.
		"before": func(conn *pgconn.PgConn, _ string) { _ = conn.Conn().Close() },
		// It is killed when the statement is on its way.
		"after": func(conn *pgconn.PgConn, sql string) {
			if !strings.Contains(sql, "$1") {
				conn.Frontend().Send(&pgproto3.Query{String: sql})
				_ = conn.Frontend().Flush()
			}
			_ = conn.Conn().Close()
		},
		// The server ends the session.
		"server": func(conn *pgconn.PgConn, _ string) { s.terminate(conn.PID()) },
	}
}

// death is one of a Syncer on the way to one of two moments.
type death struct {
	to  int
	how string
}

// crossing is the way from one moment to another and back, on which Syncers die.
type crossing struct {
	// set makes a moment what shall be.
	set [2]func()
	// deaths are those at a statement, of the ways that there are.
	deaths func(at int, ways []string) []death
	// step is from one statement to the next at which somebody dies.
	step int
}

// killEverywhere stops a Syncer at each statement of a crossing in turn. After each transaction and after each death nobody sees anything but what they saw before, what
// they shall see, or nothing; and the next run completes. It says how many statements there are, how many deaths, and how often all was looked at.
func (s *scene) killEverywhere(c crossing, people map[string]*pgconn.PgConn) (statements, kills, looks int) {
	s.t.Helper()
	here := 0
	arrive := func(to int) seen {
		c.set[to]()
		s.finish()
		here = to
		return s.probe(people)
	}
	right := [2]seen{1: arrive(1)}
	if right[0] = arrive(0); right[0].equal(right[1]) {
		s.t.Fatal("nothing changes")
	}
	deaths := s.deaths()
	ways := slices.Sorted(maps.Keys(deaths))
	for at, quiet := 0, 0; quiet < 2; at += c.step { // twice: the ways there and back are not of the same length
		quiet++
		for _, d := range c.deaths(at, ways) {
			from := 1 - d.to
			if here != from && !arrive(from).equal(right[from]) {
				s.t.Fatal("what was before is not again")
			}
			c.set[d.to]()
			died := s.killedAt(at, func(string) bool { return true }, deaths[d.how], func() {
				looks++
				for _, bad := range s.probe(people).between(right[from], right[d.to]) {
					s.t.Errorf("%s, statement %d: %s", d.how, at, bad)
				}
			})
			if !arrive(d.to).equal(right[d.to]) {
				s.t.Fatalf("%s, statement %d: the next run did not complete", d.how, at)
			}
			if died {
				statements, kills, quiet = at+1, kills+1, 0
			}
		}
	}
	return statements, kills, looks
}

// killedAt runs a Syncer that dies at one of the statements that count, and looks after each of its transactions and after its death.
func (s *scene) killedAt(at int, counts func(sql string) bool, kill func(*pgconn.PgConn, string), look func()) (died bool) {
	s.t.Helper()
	var conn *pgconn.PgConn
	n := 0
	syncer := s.syncer(func(c *push.Config) {
		dial := c.Dial
		c.Dial = func(ctx context.Context) (*pgconn.PgConn, error) {
			var err error
			conn, err = dial(ctx)
			n = 0
			return conn, err
		}
		c.Committed(look)
		c.Before(func(sql string) error {
			if !counts(sql) {
				return nil
			}
			if n++; n-1 == at {
				died = true
				kill(conn, sql)
			}
			return nil
		})
	})
	in := s.input()
	_, err := syncer.Sync(s.t.Context(), in)
	for ; errors.Is(err, push.ErrBusy) && !died; time.Sleep(5 * time.Millisecond) { // the one before is not quite gone
		_, err = syncer.Sync(s.t.Context(), in)
	}
	if (err != nil) != died {
		s.t.Fatalf("died: %v, error: %v", died, err)
	}
	look()
	return died
}

// finish runs until all is done: the lock or the lease of one who died is free when the server has noticed.
func (s *scene) finish() {
	s.t.Helper()
	in := s.input()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		r, err := s.syncer().Sync(s.t.Context(), in)
		if errors.Is(err, push.ErrBusy) && time.Now().Before(deadline) {
			continue
		}
		if err != nil || !r.Done {
			s.t.Fatalf("%v, %+v", err, r)
		}
		return
	}
}

// TestKilledAtEveryStatement stops a Syncer at each statement in turn, in three ways, where all is one transaction and where it is many.
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
			first := w.moment
			w.sync()
			statements, kills, looks := w.killEverywhere(crossing{
				set: [2]func(){func() { w.set(first) }, func() { w.set(another()) }}, step: 1,
				deaths: func(_ int, ways []string) (all []death) {
					for _, how := range ways {
						all = append(all, death{1, how})
					}
					return all
				},
			}, w.log())
			t.Logf("%d statements, killed at each in 3 ways: %d deaths, %d times all was looked at", statements, kills, looks)
			if statements < 20 {
				t.Errorf("only %d statements", statements)
			}
		})
	}
}
