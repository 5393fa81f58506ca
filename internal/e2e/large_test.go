package e2e

import (
	"strings"
	"testing"
)

// TestLargeResult: bob, who sees everything, gets all line items as they are, by COPY and as rows.
func TestLargeResult(t *testing.T) {
	noticeSources(t)
	const query = "SELECT * FROM lineitem ORDER BY l_orderkey, l_linenumber"
	bob := people()[1]
	expected := rawAnswer(t, query)
	if rows := strings.Count(expected, "\n"); rows < 50_000 {
		t.Fatalf("only %d line items", rows)
	}
	for _, c := range []client{
		{"psql copy", askPsqlCopy}, {"psql", askPsql}, {"pgx extended text", askPgxText}, {"pgx simple", askPgxSimple},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.ask(t, shared.server, bob, query); got != expected {
				t.Errorf("%d bytes that differ from the %d expected", len(got), len(expected))
			}
		})
	}
}
