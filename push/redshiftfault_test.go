package push_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/push"
)

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

// TestRedshiftKilledAtEveryStatement is TestKilledAtEveryStatement on a Redshift, on the way there and on the way back by turns.
func TestRedshiftKilledAtEveryStatement(t *testing.T) {
	for _, mode := range []struct {
		name        string
		locks, step int
	}{{"at once", 0, 7}, {"apart", 14, 1}} { // within one transaction nothing is to be seen: some of its statements stand for all
		t.Run(mode.name, func(t *testing.T) {
			w := newStore(t)
			w.settings.MaxLocks = mode.locks
			first := w.moment
			w.sync()
			people := map[string]*pgconn.PgConn{}
			for user := range w.accounts {
				people[user] = w.as(user)
			}
			statements, kills, looks := w.killEverywhere(crossing{
				set: [2]func(){func() { w.set(first) }, func() { w.set(anotherMoment()) }}, step: mode.step,
				deaths: func(at int, ways []string) []death {
					turn := at / mode.step
					return []death{{1 - turn%2, ways[turn%len(ways)]}}
				},
			}, people)
			t.Logf("%d statements: %d deaths, in 3 ways by turns, %d times all was looked at", statements, kills, looks)
			if statements < 30 {
				t.Errorf("only %d statements", statements)
			}
		})
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
