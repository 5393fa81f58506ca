package push_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/push"
)

// TestTwoSyncers: of many at once one works, the others are told so, and people never see anything between.
func TestTwoSyncers(t *testing.T) {
	w := newShop(t)
	w.data[2].On, w.data[2].Rules[0].Mask.Columns = tables("Sales.Order"), []string{"note"}
	w.settings.MaxLocks = 14
	first := w.moment
	w.sync()
	people := w.log()
	before := w.probe(people)
	w.set(another())
	w.sync()
	after := w.probe(people)
	var busy, worked atomic.Int64
	for round := range 6 {
		w.set([]moment{first, another()}[round%2])
		in := w.input()
		var group sync.WaitGroup
		for range 6 {
			s := w.syncer()
			group.Go(func() {
				switch _, err := s.Sync(t.Context(), in); {
				case errors.Is(err, push.ErrBusy):
					busy.Add(1)
				case err != nil:
					t.Error(err)
				default:
					worked.Add(1)
				}
			})
		}
		for range 5 {
			for _, bad := range w.probe(people).between(before, after) {
				t.Error(bad)
			}
		}
		group.Wait()
		w.finish()
		if want := []seen{before, after}[round%2]; !w.probe(people).equal(want) {
			t.Error("not as it should be")
		}
	}
	t.Logf("%d runs worked, %d were told that another does", worked.Load(), busy.Load())
	if busy.Load() == 0 || worked.Load() < 6 {
		t.Error("they did not meet")
	}
}

// TestLockHeldByAnother: somebody's long query holds a view. What is taken away is taken away all the same, nobody reads the view until it is changed, and
// the next run completes.
func TestLockHeldByAnother(t *testing.T) {
	w := newShop(t)
	w.settings.LockTimeout = 300 * time.Millisecond
	w.sync()
	people := w.log()
	holder := w.as(w.service)
	w.exec(w.admin, "GRANT pg_read_all_data TO "+w.service)
	w.exec(holder, "BEGIN; SELECT count(*) FROM governed_public.customer")
	w.data = append(w.data, policy.DataPolicy{Name: "not the first", On: tables("public.customer"), Rules: []policy.Rule{{Rows: "c_custkey > 1"}}})
	w.specs["bob"] = identity.Spec{User: "bob"}
	w.data = append(w.data, policy.DataPolicy{Name: "nation", On: tables("public.nation"), Rules: []policy.Rule{{Rows: "n_nationkey = 1"}}})
	in := w.input()
	start := time.Now()
	r, err := w.syncer().Sync(t.Context(), in)
	if err != nil || r.Done {
		t.Fatal(err, r.Done)
	}
	t.Logf("with a lock held by somebody else: %v, %d transactions", time.Since(start).Round(time.Millisecond), r.Transactions)
	if !slices.ContainsFunc(r.Findings, func(f push.Finding) bool {
		return f.Kind == push.Blocked && f.Object == "governed_public.customer" && strings.Contains(f.Detail, "55P03")
	}) {
		t.Errorf("it is not said: %v", r.Findings)
	}
	w.refused(people["bob"], `SELECT * FROM "governed_Sales"."Order"`, "42501")
	w.refused(people["bob"], "SELECT * FROM governed_public.customer", "42501")
	w.refused(people["ann"], "SELECT * FROM governed_public.customer", "42501")
	if got := w.value(people["ann"], "SELECT * FROM governed_public.nation"); got != "1|FRANCE" {
		t.Errorf("the other view is not changed: %s", got)
	}
	w.exec(holder, "COMMIT")
	w.finish()
	if got := w.value(people["ann"], "SELECT c_custkey FROM governed_public.customer"); got != "3" {
		t.Errorf("afterwards ann sees %s", got)
	}
	// Nothing at all can be done while our own tables are held.
	w.specs["ann"] = identity.Spec{User: "ann"}
	in = w.input()
	w.exec(w.admin, "BEGIN; LOCK TABLE postern_system.profile IN ACCESS EXCLUSIVE MODE")
	c := w.config()
	c.Settings.StatementTimeout = 400 * time.Millisecond
	s, err := push.New(c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = s.Sync(t.Context(), in); err == nil {
		t.Error("it worked with the profile held")
	}
	w.exec(w.admin, "COMMIT")
	w.finish()
	w.refused(people["ann"], "SELECT * FROM governed_public.customer", "42501")
}

// TestReadOnly: a database that takes no writes is left alone, and it is said why.
func TestReadOnly(t *testing.T) {
	w := newShop(t)
	w.sync()
	w.exec(w.admin, "ALTER DATABASE "+w.database+" SET default_transaction_read_only = on")
	if _, err := w.syncer().Sync(t.Context(), w.input()); !errors.Is(err, push.ErrReadOnly) {
		t.Errorf("got %v", err)
	}
	w.exec(w.admin, "ALTER DATABASE "+w.database+" RESET default_transaction_read_only")
	w.sync()
}

// TestOpenSnapshot: who had a transaction open when something was taken away keeps nothing of it, where the system role may end sessions; else it is said.
func TestOpenSnapshot(t *testing.T) {
	for _, may := range []bool{false, true} {
		t.Run(fmt.Sprint(may), func(t *testing.T) {
			w := newShop(t)
			if may {
				w.exec(w.admin, "GRANT pg_signal_backend TO "+w.settings.SystemRole)
			}
			w.sync()
			ann, cid := w.as(w.accounts["ann"]), w.as(w.accounts["cid"])
			for _, conn := range []string{"ann", "cid"} {
				use := map[string]bool{"ann": true}[conn]
				if use {
					w.exec(ann, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM customer")
				} else {
					w.exec(cid, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM customer")
				}
			}
			w.specs["ann"] = identity.Spec{User: "ann", Groups: []string{"analysts"}, Attributes: map[string][]string{"region": {"ASIA"}}}
			r, err := w.syncer().Sync(t.Context(), w.input())
			if err != nil {
				t.Fatal(err)
			}
			said := slices.ContainsFunc(r.Findings, func(f push.Finding) bool { return strings.Contains(f.Detail, "transaction open") })
			rows, err := fetch(t.Context(), ann, "SELECT c_custkey FROM customer")
			if may && (err == nil || r.Ended != 1 || said) {
				t.Errorf("ann's old snapshot shows %q; %d ended, %v", rows, r.Ended, r.Findings)
			}
			if !may && (err != nil || r.Ended != 0 || !said) {
				t.Errorf("%v; %d ended, %v", err, r.Ended, r.Findings)
			}
			if got := w.value(cid, "SELECT count(*) FROM customer"); got != "4" {
				t.Errorf("cid, of whom nothing was taken, has %s rows", got)
			}
		})
	}
}

// TestDrift: whatever somebody changes behind our back is undone by the next run.
func TestDrift(t *testing.T) {
	w := newShop(t)
	w.sync()
	people := w.log()
	want := w.probe(people)
	role := w.value(w.admin, "SELECT rolname FROM pg_roles WHERE starts_with(rolname, '"+w.settings.RolePrefix+"')")
	tried := 0
	for _, sql := range []string{
		"GRANT SELECT ON governed_public.customer TO PUBLIC", "GRANT SELECT ON postern_system.profile TO " + w.accounts["bob"] + "; GRANT USAGE ON SCHEMA postern_system TO PUBLIC",
		"GRANT ALL ON public.customer TO " + role, "GRANT SELECT (s) ON public.secret TO " + role, "REVOKE SELECT ON governed_public.customer FROM " + role,
		"REVOKE " + role + " FROM " + w.accounts["ann"], "GRANT " + role + " TO " + w.service,
		"ALTER VIEW governed_public.customer SET (security_barrier = false)", "ALTER VIEW governed_public.customer RESET (security_barrier)",
		"CREATE OR REPLACE VIEW governed_public.customer WITH (security_barrier=true) AS SELECT c_custkey, c_name, c_phone, c_nationkey, c_region FROM public.customer",
		"DROP VIEW governed_public.customer", `ALTER VIEW governed_public.customer RENAME COLUMN c_name TO other`, `ALTER VIEW governed_public.customer RENAME TO other`,
		"UPDATE postern_system.profile SET attributes = '{\"region\": [\"ASIA\", \"EUROPE\"]}'", "DELETE FROM postern_system.profile", "TRUNCATE postern_system.profile",
		"DELETE FROM postern_system.admission", "UPDATE postern_system.admission SET digest = 'x'", "INSERT INTO postern_system.admission SELECT schema, name, 'another', digest FROM postern_system.admission",
		"UPDATE postern_system.profile SET audiences = '{}'", "UPDATE postern_system.profile SET audiences = audiences || '{another}'",
		"UPDATE postern_system.profile SET flags = '{}'", "INSERT INTO postern_system.profile SELECT 'postgres', user_name, groups, purposes, attributes, flags FROM postern_system.profile LIMIT 1",
		"ALTER ROLE " + w.accounts["ann"] + " IN DATABASE " + w.database + " RESET search_path", "GRANT CREATE ON SCHEMA governed_public TO PUBLIC",
		"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA postern_system TO PUBLIC", "DELETE FROM postern_system.ledger WHERE kind = 'path'",
		"GRANT UPDATE ON public.nation TO " + role, "GRANT SELECT ON public.nation TO " + role,
	} {
		by := w.admin
		if strings.Contains(sql, " ON public.") || strings.HasPrefix(sql, "REVOKE "+role) || strings.HasPrefix(sql, "GRANT "+role) {
			// What the owner grants only the owner can take back: see TestNotGoverned. The system role's own grants are ours.
			by = w.as(w.settings.SystemRole)
		}
		w.exec(by, sql)
		tried++
		r, err := w.syncer().Sync(t.Context(), w.input())
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		if sql != "DELETE FROM postern_system.ledger WHERE kind = 'path'" && r.Plan.Empty() {
			t.Errorf("%s: nothing is found", sql)
		}
		if again, err := w.syncer().Plan(t.Context(), w.input()); err != nil || !again.Empty() {
			t.Errorf("%s: then there is still to do: %v\n%s", sql, err, again)
		}
		if got := w.probe(people); !got.equal(want) {
			t.Errorf("%s: people see something else", sql)
		}
		if strings.Contains(sql, "RENAME TO other") {
			w.exec(w.admin, "DROP VIEW governed_public.other")
		}
	}
	t.Logf("%d changes were undone", tried)
}
