package push_test

import (
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/push"
)

// beginning is how a session of a person's takes the snapshot that it keeps.
const beginning = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_catalog.pg_class; SAVEPOINT here"

// crossedByOldSnapshots goes from one moment to another and back while everybody keeps the snapshot of before. Definitions and privileges are those of now in such a transaction, and the
// profile is that of then: people see what they saw, what they shall see, or nothing.
func (s *scene) crossedByOldSnapshots(moments [2]moment, people func() map[string]*pgconn.PgConn) (looks int) {
	s.t.Helper()
	ask := people()
	right := [2]seen{}
	for _, at := range []int{1, 0} {
		s.set(moments[at])
		s.finish()
		right[at] = s.probe(ask)
	}
	if right[0].equal(right[1]) {
		s.t.Fatal("nothing changes")
	}
	for to := 1; to >= 0; to-- {
		old := people()
		for who, conn := range old {
			if _, err := fetch(s.t.Context(), conn, beginning); err != nil {
				s.t.Fatalf("%s: %v", who, err)
			}
		}
		s.set(moments[to])
		syncer := s.syncer(func(c *push.Config) {
			c.Committed(func() {
				looks++
				for _, bad := range s.probe(old, "ROLLBACK TO here").between(right[1-to], right[to]) {
					s.t.Errorf("to %d: %s", to, bad)
				}
			})
		})
		if _, err := syncer.Sync(s.t.Context(), s.input()); err != nil {
			s.t.Fatal(err)
		}
		for who, conn := range old {
			if _, err := fetch(s.t.Context(), conn, "COMMIT"); err != nil {
				s.t.Fatalf("%s: %v", who, err)
			}
		}
		if !s.probe(old).equal(right[to]) {
			s.t.Error("the run did not complete")
		}
	}
	return looks
}

// TestOldSnapshots is about transactions that outlive a run of the Syncer.
func TestOldSnapshots(t *testing.T) {
	for _, mode := range []struct {
		name    string
		locks   int
		enforce push.Enforce
	}{{"views at once", 0, push.EnforceViews}, {"views apart", 14, push.EnforceViews}, {"row policies at once", 0, push.EnforceRowSecurity}, {"row policies apart", 14, push.EnforceRowSecurity}} {
		t.Run(mode.name, func(t *testing.T) {
			w := newShop(t)
			other := another()
			if mode.enforce == push.EnforceRowSecurity {
				owner := ""
				w.secure(&owner)
				// An open transaction that has read a table keeps its row policies from being changed: it reads them at the end.
				w.data, other.data = w.data[:1], other.data[:1]
			}
			w.settings.MaxLocks, w.settings.GroupRoles = mode.locks, push.GroupRolesAll
			first := w.moment
			looks := w.crossedByOldSnapshots([2]moment{first, other}, w.log)
			t.Logf("%d times all was looked at", looks)
			if looks < 2 {
				t.Errorf("only %d looks", looks)
			}
		})
	}
}

// TestOldSnapshotsWriting: who may write only since their transaction took its snapshot writes no row that the profile of then shows.
func TestOldSnapshotsWriting(t *testing.T) {
	for _, enforce := range []push.Enforce{push.EnforceViews, push.EnforceRowSecurity} {
		t.Run(string(enforce), func(t *testing.T) {
			w := newWritableShop(t)
			if owner := ""; enforce == push.EnforceRowSecurity {
				w.secure(&owner)
			}
			w.subscriptions[1].Allow = policy.Allow{When: "isInGroups('writers')"}
			w.sync()
			ann := w.as(w.accounts["ann"])
			write := "UPDATE customer SET c_phone = c_phone RETURNING c_custkey"
			w.refused(ann, write, "42501")
			w.exec(ann, beginning)
			w.specs["ann"] = identity.Spec{User: "ann", Groups: []string{"analysts", "writers"}, Attributes: map[string][]string{"region": {"ASIA"}}}
			w.sync()
			if rows, err := fetch(t.Context(), ann, write); rows != "" || err != nil && codeOf(err) != "42501" {
				t.Errorf("by the profile of then, ann writes\n%s %v", rows, err)
			}
			w.exec(ann, "ROLLBACK")
			if got := w.value(ann, write); got != "2" {
				t.Errorf("ann writes\n%s", got)
			}
		})
	}
}

// entitled gives everybody every privilege on all that is governed, as a server does that has not heard yet what was taken from them, or hears of what they were given first.
func (w *world) entitled(to string) {
	w.t.Helper()
	for _, schema := range []string{"governed_public", `"governed_Sales"`} {
		if w.value(w.admin, "SELECT to_regnamespace('"+schema+"') IS NOT NULL") == "t" {
			w.exec(w.admin, "GRANT USAGE ON SCHEMA "+schema+" TO "+to+"; GRANT SELECT ON ALL TABLES IN SCHEMA "+schema+" TO "+to)
		}
	}
}

// TestPrivilegesOfAnotherTime: privileges are checked by what a session has heard of, which at the instant of a commit is not what its snapshot shows. Somebody who has every privilege on all
// views at each commit of a run still sees what they saw, what they shall see, or nothing.
func TestPrivilegesOfAnotherTime(t *testing.T) {
	for _, locks := range []int{0, 14} {
		t.Run(fmt.Sprint(locks), func(t *testing.T) {
			w := newShop(t)
			w.settings.MaxLocks = locks
			moments := [2]moment{w.moment, another()}
			people := w.log()
			right := [2]seen{}
			for _, at := range []int{1, 0} {
				w.set(moments[at])
				w.finish()
				right[at] = w.probe(people)
			}
			everything := w.role("everything")
			for _, account := range w.accounts {
				w.exec(w.admin, "GRANT "+everything+" TO "+account)
			}
			looks := 0
			for to := 1; to >= 0; to-- {
				w.set(moments[to])
				look := func() {
					looks++
					w.entitled(everything)
					for _, bad := range w.probe(people).between(right[1-to], right[to]) {
						t.Errorf("to %d: %s", to, bad)
					}
				}
				look()
				if _, err := w.syncer(func(c *push.Config) { c.Committed(look) }).Sync(t.Context(), w.input()); err != nil {
					t.Fatal(err)
				}
			}
			t.Logf("%d times all was looked at", looks)
			if looks < 4 {
				t.Errorf("only %d looks", looks)
			}
		})
	}
}

// TestBeforeAdmissions: a database of a version that knew no admissions is brought up to date, and it is said beforehand how.
func TestBeforeAdmissions(t *testing.T) {
	w := newShop(t)
	w.sync()
	people := w.log()
	want, count := w.probe(people), w.value(w.admin, "SELECT count(*) FROM postern_system.admission")
	w.exec(w.admin, "DROP TABLE postern_system.admission CASCADE; ALTER TABLE postern_system.profile DROP COLUMN audiences CASCADE")
	if p, err := w.syncer().Plan(t.Context(), w.input()); err != nil || p.Empty() {
		t.Fatal(err, p)
	}
	w.sync()
	if got := w.value(w.admin, "SELECT count(*) FROM postern_system.admission"); got != count || count == "0" {
		t.Errorf("%s admissions, and there were %s", got, count)
	}
	if !w.probe(people).equal(want) {
		t.Error("people see something else")
	}
}
