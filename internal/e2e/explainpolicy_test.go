package e2e

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/explain"
)

// TestExplainPolicy asks in psql and by the extended protocol what becomes of a statement, and why.
func TestExplainPolicy(t *testing.T) {
	noticeSources(t)
	ann, bob := people()[0], people()[1]
	const query = "SELECT c_custkey, c_phone FROM customer WHERE c_name = 'O''Brien \\ %' ORDER BY 1"
	wanted := []string{
		"ann on tpch", "public.customer: allowed", "grant sales-for-analysts-and-marketing: holds", "isInGroups('analysts') is true (has: analysts)",
		"rows own-region-customers rule 1: applies", "column c_phone: regex", "hasAttribute('clearance', 'high') is false (has: low)",
		"the SQL that runs:", `E'O''Brien \\ %'`,
	}
	check := func(how, got string) {
		for _, want := range wanted {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %q is missing from\n%s", how, want, got)
			}
		}
		for _, secret := range []string{".yaml", "region_key"} {
			if strings.Contains(got, secret) {
				t.Errorf("%s: %q is told", how, secret)
			}
		}
	}
	check("psql", askPsql(t, shared.server, ann, "EXPLAIN (POLICY) "+query))
	// What is told to run is what runs.
	told := strings.Split(strings.TrimSpace(askPsql(t, shared.server, ann, "EXPLAIN (POLICY) "+query)), "\n")
	askPsql(t, shared.server, ann, query)
	ran := ""
	if err := audit.Search(shared.server.audit, audit.Filter{Kind: audit.Statement, User: "ann"}, func(e audit.Event) error {
		if e.SQL == query {
			ran = e.Rewritten
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if last := strings.TrimSpace(told[len(told)-1]); last != ran || ran == "" {
		t.Errorf("told to run is\n%s\nand what ran is\n%s", last, ran)
	}
	conn := connect(t, shared.server, ann, "")
	rows, err := conn.Query(t.Context(), "explain (policy true, format text) "+query)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	if d := rows.FieldDescriptions(); len(d) != 1 || d[0].Name != "QUERY PLAN" || rows.CommandTag().String() != "EXPLAIN" {
		t.Errorf("the result is described as %+v, %s", d, rows.CommandTag())
	}
	check("pgx", strings.Join(lines, "\n"))
	var document string
	if err := conn.QueryRow(t.Context(), "EXPLAIN (FORMAT JSON, POLICY) "+query).Scan(&document); err != nil {
		t.Fatal(err)
	}
	var report explain.Report
	if err := json.Unmarshal([]byte(document), &report); err != nil {
		t.Fatal(err)
	}
	if report.User != "ann" || len(report.Sources) != 1 || len(report.Sources[0].Columns) != 3 || len(report.SQL) != 1 {
		t.Errorf("the document is %+v", report)
	}
	if got := askPsql(t, shared.server, bob, "EXPLAIN (POLICY) TABLE customer"); !strings.Contains(got, "rows: all") || !strings.Contains(got, "column c_phone: raw") ||
		!strings.Contains(got, "excepted") {
		t.Errorf("bob is told\n%s", got)
	}
	for sql, state := range map[string]string{
		"EXPLAIN (POLICY) SELECT * FROM supplier": "42P01", "EXPLAIN (POLICY) SELECT * FROM gone": "42P01", "EXPLAIN (POLICY, ANALYZE) " + query: "0A000",
		"EXPLAIN (POLICY maybe) " + query: "42601", "EXPLAIN (POLICY) DELETE FROM nation": "0A000", "EXPLAIN (POLICY) SELECT pg_read_file('x')": "0A000",
	} {
		if _, err := conn.Exec(t.Context(), sql); stateOf(err) != state {
			t.Errorf("%s: %v, want SQLSTATE %s", sql, err, state)
		}
	}
}
