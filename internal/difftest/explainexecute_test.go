package difftest

import (
	"context"
	"strings"
	"testing"
)

// TestExplainExecute: the plan of a prepared statement is told as that of its query is, and never by what the name stood for before.
func TestExplainExecute(t *testing.T) {
	p := startPostern(t, damage{})
	c := newOracle(t, p, "ann").proxied
	ask := func(sql string) answer { return c.ask(t.Context(), simple, statement{sql: sql, ordered: true}) }
	for _, sql := range []string{"PREPARE open (text) AS SELECT title FROM ref.nation WHERE code = $1", "PREPARE filtered (int) AS SELECT name FROM customer WHERE id = $1"} {
		if a := ask(sql); a.code != "" {
			t.Fatal(sql, a.message)
		}
	}
	for sql, want := range map[string]string{
		"EXPLAIN EXECUTE open('US')":                        "nation",
		"EXPLAIN (FORMAT json) EXECUTE open('US')":          "Plan",
		"EXPLAIN ANALYZE EXECUTE filtered(3)":               "customer",
		"EXPLAIN SELECT title FROM nation WHERE code = 'x'": "nation",
	} {
		a := ask(sql)
		if a.code != "" || !strings.Contains(strings.Join(a.rows, "\n"), want) {
			t.Errorf("%s: %s\n%s", sql, a.message, strings.Join(a.rows, "\n"))
		}
	}
	for sql, code := range map[string]string{"EXPLAIN EXECUTE nosuch": "26000", "EXPLAIN EXECUTE open(pg_read_file('x'))": "0A000",
		"PREPARE late AS SELECT 1; EXPLAIN EXECUTE late": "26000", "EXPLAIN (POLICY) EXECUTE open('US')": "0A000"} {
		if a := ask(sql); a.code != code {
			t.Errorf("%s: SQLSTATE %q %s, want %s", sql, a.code, a.message, code)
		}
	}
	// Kept by the protocol, it is refused once the name stands for something else.
	if _, err := c.conn.Prepare(context.Background(), "kept", "EXPLAIN EXECUTE open('US')", nil); err != nil {
		t.Fatal(err)
	}
	if r := c.conn.ExecPrepared(t.Context(), "kept", nil, nil, nil).Read(); r.Err != nil || len(r.Rows) == 0 {
		t.Fatal(r.Err)
	}
	for _, sql := range []string{"DEALLOCATE open", "PREPARE open (text) AS SELECT name FROM customer WHERE country = $1"} {
		if a := ask(sql); a.code != "" {
			t.Fatal(sql, a.message)
		}
	}
	if r := c.conn.ExecPrepared(t.Context(), "kept", nil, nil, nil).Read(); r.Err == nil || !strings.Contains(r.Err.Error(), "0A000") {
		t.Errorf("the plan of another statement: %v %v", r.Err, r.Rows)
	}
	if leaked := c.tap.take(); leaked != "" {
		t.Errorf("a hidden value came back: %q", leaked)
	}
}
