package control

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/warehouse"
)

// badSQL has what only the warehouse can tell to be wrong, beside what is right.
const badSQL = `kind: DataPolicy
name: conditions
on: {tables: [tpch.public.customer]}
rules:
  - rows: "c_acctbal > 0"
  - rows: "c_acctbal > 1/0"
---
kind: DataPolicy
name: patterns
on: {tables: [tpch.public.customer]}
rules:
  - rows: "c_name = 'x' AND 'x' ~ '('"
---
kind: DataPolicy
name: constants
on: {tables: [tpch.public.customer, tpch.public.orders]}
rules:
  - rows: "date_trunc('fortnight', timestamp '2026-01-01 00:00:00') IS NOT NULL"
---
kind: DataPolicy
name: masks
on: {tables: [tpch.public.customer]}
rules:
  - mask: {columns: [c_comment], custom: "left(@value, 1)"}
`

// TestTrials: what authors wrote in SQL and the warehouse does not accept is a mistake with file, line and rule, all of them at once; the set in
// force stays. Nothing is written by a trial.
func TestTrials(t *testing.T) {
	w := newWorld(t)
	p := w.publisher(nil)
	g := w.publish(p)
	w.write("bad.yaml", badSQL)
	w.refused(p,
		"bad.yaml:6: DataPolicy conditions rule 2: rows: connection tpch refuses it on public.customer: division by zero (22012)",
		"bad.yaml:12: DataPolicy patterns rule 1: rows: connection tpch refuses it on public.customer: invalid regular expression: parentheses () not balanced (2201B)",
		`bad.yaml:18: DataPolicy constants rule 1: rows: connection tpch refuses it on public.customer: unit "fortnight" not recognized`)
	if p.Current() != g {
		t.Error("something was published")
	}

	// What was accepted is not asked again, so that a revocation needs no warehouse; what is new does, and is refused without.
	w.write("bad.yaml", "kind: DataPolicy\nname: good\non: {tables: [tpch.public.customer]}\nrules:\n  - rows: \"c_acctbal > 0\"\n")
	w.publish(p)
	t.Setenv("TPCH_PASSWORD", "wrong")
	w.edit("users.yaml", "name: ann", "name: ann\ndisabled: true")
	if g = w.publish(p); g.Version() != 3 {
		t.Errorf("version %d", g.Version())
	}
	if _, err := g.Principal("ann"); err == nil {
		t.Error("the revocation is not in force")
	}
	w.edit("bad.yaml", "c_acctbal > 0", "c_acctbal > 1")
	w.refused(p, "connection.yaml:1: Connection tpch: the warehouse cannot be asked whether it accepts 1 new conditions and masks, beginning with DataPolicy good rule 1 at ")
	if p.Current() != g {
		t.Error("something was published")
	}
	t.Setenv("TPCH_PASSWORD", "pw")
	w.publish(p)
}

// TestTrialsBehindALock: a lock that somebody holds is no mistake of an author's.
func TestTrialsBehindALock(t *testing.T) {
	w := newWorld(t)
	conn := w.conn()
	if _, err := conn.Exec(t.Context(), "BEGIN; LOCK TABLE customer").ReadAll(); err != nil {
		t.Fatal(err)
	}
	g := w.publish(w.publisher(nil))
	if !strings.Contains(fmt.Sprint(g.Warnings()), "could not try it on public.customer: canceling statement due to lock timeout") {
		t.Errorf("warnings %v", g.Warnings())
	}
}

// TestTrialsOfStoredViews: where push looks people up, what it would store is tried too.
func TestTrialsOfStoredViews(t *testing.T) {
	w := newWorld(t)
	var asked []string
	p := w.publisher(nil)
	p.config.try = func(ctx context.Context, c warehouse.Config, queries []string) ([]error, error) {
		asked = append(asked, queries...)
		return tryWarehouse(ctx, c, queries)
	}
	w.publish(p)
	inline := len(asked)
	if inline == 0 || strings.Contains(strings.Join(asked, "\n"), "postern_system") {
		t.Fatalf("asked %d:\n%s", inline, strings.Join(asked, "\n"))
	}
	w.exec(fmt.Sprintf(`CREATE SCHEMA postern_system; CREATE VIEW postern_system.user_profile AS
SELECT 'x'::text AS user_name, '{}'::text[] AS groups, '{}'::text[] AS purposes, '{}'::jsonb AS attributes, '{}'::text[] AS flags;
GRANT USAGE ON SCHEMA postern_system TO %[1]s; GRANT SELECT ON postern_system.user_profile TO %[1]s`, w.role))
	asked = nil
	w.publish(p)
	if len(asked) == 0 || len(asked) > inline || !strings.Contains(strings.Join(asked, "\n"), "postern_system.user_profile") {
		t.Errorf("asked %d more of %d", len(asked), inline)
	}
}

// TestRefusedByTheWarehouse tells a mistake from what can be otherwise at another time.
func TestRefusedByTheWarehouse(t *testing.T) {
	for code, want := range map[string]bool{"42883": true, "42601": true, "22P02": true, "0A000": true, "42501": false, "55P03": false, "57014": false, "57P01": false, "53200": false, "08006": false} {
		if got := warehouse.Refuses(fmt.Errorf("trying: %w", &pgconn.PgError{Code: code})); got != want {
			t.Errorf("%s: %t", code, got)
		}
	}
	if warehouse.Refuses(errors.New("other")) {
		t.Error("an error of another kind is the query's")
	}
}
