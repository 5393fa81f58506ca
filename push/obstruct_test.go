package push_test

import (
	"strings"
	"testing"
	"time"

	"github.com/posternsql/postern/identity"
)

// TestRevocationCannotBeHeldUp: whatever a person holds with a session of their own, what is taken from them is taken, and soon.
func TestRevocationCannotBeHeldUp(t *testing.T) {
	for name, hold := range map[string]string{
		"their own search path":          "BEGIN; ALTER ROLE {ann} IN DATABASE {database} SET search_path = public",
		"their own settings":             "BEGIN; ALTER ROLE {ann} SET statement_timeout = 0; ALTER ROLE {ann} IN DATABASE {database} RESET ALL",
		"a read of the view":             "BEGIN; SELECT count(*) FROM governed_public.customer; SELECT count(*) FROM public.nation",
		"a lock on the view":             "BEGIN; LOCK TABLE governed_public.customer IN ACCESS SHARE MODE",
		"a cursor":                       "BEGIN; DECLARE c CURSOR FOR SELECT * FROM governed_public.customer; FETCH 1 FROM c",
		"a view on the view":             "BEGIN; CREATE TEMP VIEW mine AS SELECT * FROM governed_public.customer",
		"the lock of one who syncs":      "SELECT pg_advisory_lock(1886745448, 1702260578)",
		"that lock, shared":              "SELECT pg_advisory_lock_shared(1886745448, 1702260578)",
		"that lock, in a transaction":    "BEGIN; SELECT pg_advisory_xact_lock(1886745448, 1702260578)",
		"that lock, and others like it":  "SELECT count(pg_advisory_lock(1886745448, 1702260578 + i)) FROM generate_series(0, 500) AS i",
		"an advisory lock of the module": "SELECT pg_advisory_lock(1886745448::bigint << 32 | 1702260578)",
	} {
		t.Run(name, func(t *testing.T) {
			w := newShop(t)
			w.sync()
			ann := w.as(w.accounts["ann"])
			w.exec(ann, strings.NewReplacer("{ann}", w.accounts["ann"], "{database}", w.database).Replace(hold))
			w.specs["ann"] = identity.Spec{User: "ann"}
			start := time.Now()
			r, err := w.syncer().Sync(t.Context(), w.input())
			took := time.Since(start)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("taken away in %v; %v", took.Round(time.Millisecond), r.Findings)
			again := w.as(w.accounts["ann"])
			for _, sql := range []string{"SELECT count(*) FROM governed_public.customer", "SELECT count(*) FROM public.nation"} {
				w.refused(again, sql, "42501")
			}
			if limit := 5 * w.settings.WithDefaults().LockTimeout; took > limit {
				t.Errorf("it took %v", took)
			}
			w.exec(ann, "ROLLBACK; SELECT pg_advisory_unlock_all()")
			w.finish()
		})
	}
}

// TestKeptAfterRevocation: what was prepared is refused from then on; what was shown before is the person's, and PostgreSQL has no way to take it back.
func TestKeptAfterRevocation(t *testing.T) {
	w := newShop(t)
	w.sync()
	ann := w.as(w.accounts["ann"])
	w.exec(ann, "PREPARE p AS SELECT c_custkey FROM customer; CREATE TEMP TABLE taken AS TABLE customer; CREATE TEMP VIEW seen AS TABLE customer")
	w.exec(ann, "BEGIN; DECLARE held CURSOR WITH HOLD FOR SELECT c_custkey FROM customer; COMMIT; EXECUTE p")
	narrowed := identity.Spec{User: "ann", Groups: []string{"analysts"}, Attributes: map[string][]string{"region": {"ASIA"}}}
	w.specs["ann"] = narrowed
	w.sync()
	for sql, want := range map[string]string{"EXECUTE p": "2", "SELECT c_custkey FROM seen": "2", "FETCH ALL FROM held": "1\n3", "SELECT c_custkey FROM taken": "1\n3"} {
		if got := w.value(ann, sql); got != want {
			t.Errorf("narrowed, %s shows %q, want %q", sql, got, want)
		}
	}
	w.specs["ann"] = identity.Spec{User: "ann"}
	w.sync()
	for _, sql := range []string{"EXECUTE p", "SELECT c_custkey FROM seen", "SELECT c_custkey FROM customer"} {
		w.refused(ann, sql, "42501")
	}
	if got := w.value(ann, "SELECT c_custkey FROM taken"); got != "1\n3" {
		t.Errorf("what was kept is %q", got)
	}
}

// TestPlanCannotBeMadeToRunMore: a plan is SQL that an administrator may run as it is; names that others chose must not add to it.
func TestPlanCannotBeMadeToRunMore(t *testing.T) {
	w := newShop(t)
	w.sync()
	ann, bob := w.accounts["ann"], w.accounts["bob"]
	w.exec(w.admin, "CREATE SCHEMA lab AUTHORIZATION "+ann+"; GRANT pg_read_all_data TO "+ann)
	name := "\"v\nCREATE TABLE public.taken (x integer); --\r\nCREATE TABLE public.taken (x integer); --\""
	w.exec(w.as(ann), "CREATE VIEW lab."+name+" AS SELECT * FROM public.customer; GRANT USAGE ON SCHEMA lab TO "+bob+"; GRANT SELECT ON lab."+name+" TO "+bob)
	p, err := w.syncer().Plan(t.Context(), w.input())
	if err != nil {
		t.Fatal(err)
	}
	text := p.String()
	if !strings.Contains(text, "through view lab.") || !strings.Contains(text, "taken") {
		t.Fatalf("the view is not found:\n%s", text)
	}
	w.exec(w.admin, text)
	if got := w.value(w.admin, "SELECT to_regclass('public.taken')"); got != "NULL" {
		t.Errorf("running the plan made %s:\n%s", got, text)
	}
}
