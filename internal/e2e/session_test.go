package e2e

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// secrets are words of ann's filters and masks, of their keys and of the warehouse's inside.
func secrets() []string {
	return []string{"EUROPE", "ASIA", "r_name", "[0-9]", "1000", "hmac", "postern", "cost", "rows=", "width", "Removed", "Buffers"}
}

// TestExplainByClients: a plan of guarded tables arrives in each form, by both protocols, and tells nothing of policies.
func TestExplainByClients(t *testing.T) {
	who := people()[0]
	const query = "SELECT c_name, n_name FROM customer JOIN nation ON n_nationkey = c_nationkey WHERE c_custkey < 50 ORDER BY c_name"
	cmd := exec.CommandContext(t.Context(), "psql", psqlArgs(shared.server, who, "-c", "EXPLAIN (VERBOSE) "+query, "-c", "EXPLAIN (FORMAT XML) "+query,
		"-c", "SELECT 1; EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, SUMMARY OFF, FORMAT YAML) "+query)...)
	cmd.Env = append(cmd.Environ(), "PGPASSWORD="+who.password, "LC_ALL=C.UTF-8")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	seen := strings.ToLower(string(out))
	for _, word := range []string{"query plan", "scan on public.customer", "<relation-name>customer</relation-name>", `relation name: "customer"`} {
		if !strings.Contains(seen, word) {
			t.Errorf("%q is missing:\n%s", word, out)
		}
	}
	conn := connect(t, shared.server, who, "")
	var text []byte
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol} {
		if err := conn.QueryRow(t.Context(), "EXPLAIN (ANALYZE, FORMAT JSON) "+query, mode).Scan(&text); err != nil || !json.Valid(text) {
			t.Errorf("%v: %s", err, text)
		}
		seen += strings.ToLower(string(text))
		rows, err := conn.Query(t.Context(), "EXPLAIN SELECT * FROM customer WHERE c_custkey = $1", mode, 7)
		lines, err2 := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil || err2 != nil || len(lines) < 2 {
			t.Error(err, err2, lines)
		}
		seen += strings.ToLower(strings.Join(lines, "\n"))
	}
	for _, secret := range secrets() {
		if at := strings.Index(seen, strings.ToLower(secret)); at >= 0 {
			t.Errorf("%q is told: …%s…", secret, seen[max(0, at-200):min(len(seen), at+100)])
		}
	}
}

// TestNamedStatementsByClients: psql's FETCH_COUNT, which declares cursors, and statements prepared in SQL.
func TestNamedStatementsByClients(t *testing.T) {
	who := people()[0]
	ask := func(lines ...string) string {
		cmd := exec.CommandContext(t.Context(), "psql", psqlArgs(shared.server, who, "-At")...)
		cmd.Env = append(cmd.Environ(), "PGPASSWORD="+who.password, "LC_ALL=C.UTF-8")
		cmd.Stdin = strings.NewReader(strings.Join(lines, "\n"))
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return string(out)
	}
	const query = "SELECT * FROM customer ORDER BY c_custkey"
	whole := ask(query + ";")
	if got := ask(`\set FETCH_COUNT 7`, query+";"); got != whole || len(whole) < 1000 {
		t.Errorf("by FETCH_COUNT %d bytes, else %d", len(got), len(whole))
	}
	if got := ask("PREPARE p AS "+query+";", "EXECUTE p;"); got != whole {
		t.Errorf("by EXECUTE %d bytes, else %d", len(got), len(whole))
	}
	if got := ask("DECLARE c CURSOR WITH HOLD FOR "+query+";", "FETCH ALL c;"); got != whole {
		t.Errorf("by FETCH %d bytes, else %d", len(got), len(whole))
	}
	own := ask("DECLARE c SCROLL CURSOR WITH HOLD FOR "+query+";", "PREPARE p(int) AS SELECT $1;",
		"SELECT name, statement, is_holdable, is_scrollable FROM pg_cursors;", "SELECT name, statement, parameter_types, from_sql FROM pg_prepared_statements;")
	want := "c|DECLARE c SCROLL CURSOR WITH HOLD FOR " + query + ";|t|t\np|PREPARE p(int) AS SELECT $1;|{integer}|t\n"
	if own != want {
		t.Errorf("the session's own names:\n%s\nwant:\n%s", own, want)
	}
}
