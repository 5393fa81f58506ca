package push_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/push"
)

// entitled gives a role every privilege on all that is governed.
func (w *store) entitled(to string) {
	w.t.Helper()
	for _, schema := range []string{"governed_shop", "governed_sales", "governed_lake"} {
		if w.value("SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname = '"+schema+"'") == "1" {
			w.exec("GRANT USAGE ON SCHEMA "+schema+" TO ROLE "+to, "GRANT SELECT ON ALL TABLES IN SCHEMA "+schema+" TO ROLE "+to)
		}
	}
}

// TestRedshiftPrivilegesOfAnotherTime is TestPrivilegesOfAnotherTime and TestOldSnapshots on a Redshift: people who have every privilege, in new sessions and in transactions that keep their
// snapshot, see what they saw, what they shall see, or nothing.
func TestRedshiftPrivilegesOfAnotherTime(t *testing.T) {
	for _, locks := range []int{0, 14} {
		t.Run(fmt.Sprint(locks), func(t *testing.T) {
			w := newStore(t)
			w.settings.MaxLocks = locks
			w.probed = []string{"governed_shop.nation", "governed_shop.customer", "governed_sales.orders", "governed_lake.events"}
			moments := [2]moment{w.moment, anotherMoment()}
			log := func() map[string]*pgconn.PgConn {
				out := map[string]*pgconn.PgConn{}
				for user := range w.accounts {
					out[user] = w.as(user)
				}
				return out
			}
			people := log()
			right := [2]seen{}
			for _, at := range []int{1, 0} {
				w.set(moments[at])
				w.finish()
				right[at] = w.probe(people)
			}
			everything := pgtest.Name("everything")
			w.users = append(w.users, "role:"+everything)
			w.exec("CREATE ROLE " + everything)
			for _, account := range w.accounts {
				w.exec("GRANT ROLE " + everything + " TO " + account)
			}
			looks, rows := 0, 0
			for to := 1; to >= 0; to-- {
				old := map[string]map[string]*pgconn.PgConn{}
				for _, name := range w.probed {
					old[name] = log()
					for who, conn := range old[name] {
						if _, err := fetch(t.Context(), conn, "BEGIN ISOLATION LEVEL SERIALIZABLE"); err != nil {
							t.Fatal(err)
						}
						if _, err := fetch(t.Context(), conn, "SELECT count(*) FROM pg_catalog.pg_user"); err != nil {
							t.Fatalf("%s: %v", who, err)
						}
					}
				}
				w.set(moments[to])
				check := func(all seen) {
					looks++
					for _, bad := range all.between(right[1-to], right[to]) {
						t.Errorf("to %d: %s", to, bad)
					}
				}
				look := func() {
					w.entitled(everything)
					check(w.probe(people))
				}
				look()
				if _, err := w.syncer(func(c *push.Config) { c.Committed(look) }).Sync(t.Context(), w.input()); err != nil {
					t.Fatal(err)
				}
				// Once they have read a view they keep it from being changed.
				then := seen{}
				for name, sessions := range old {
					for who, conn := range sessions {
						read, err := fetch(t.Context(), conn, "SELECT * FROM "+name)
						if err != nil && sqlState(err) == "" {
							t.Fatalf("%s: %v", who, err)
						}
						then[who+" "+name] = read
						if read != "" {
							rows += strings.Count(read, "\n") + 1
						}
						if _, err := fetch(t.Context(), conn, "ROLLBACK"); err != nil {
							t.Fatalf("%s: %v", who, err)
						}
					}
				}
				check(then)
			}
			t.Logf("%d times all was looked at; old snapshots showed %d rows", looks, rows)
			// All views are others by then, so that no old snapshot has to show anything.
			if looks < 6 {
				t.Errorf("only %d looks", looks)
			}
		})
	}
}

// TestRedshiftBeforeAdmissions is TestBeforeAdmissions on a Redshift.
func TestRedshiftBeforeAdmissions(t *testing.T) {
	w := newStore(t)
	w.sync()
	want := w.value("SELECT count(*) FROM postern_system.admission")
	w.exec("DROP TABLE postern_system.admission CASCADE", "DELETE FROM postern_system.entitlement WHERE kind = 'audience'", "DELETE FROM postern_system.ledger WHERE object_kind = 'part' AND object_name IN ('admission', 'views')")
	if p, err := w.syncer().Plan(t.Context(), w.input()); err != nil || p.Empty() {
		t.Fatal(err, p)
	}
	w.sync()
	if got := w.value("SELECT count(*) FROM postern_system.admission"); got != want || want == "0" {
		t.Errorf("%s admissions, and there were %s", got, want)
	}
	w.reads("ann", "SELECT c_custkey FROM governed_shop.customer", "1\n3")
}
