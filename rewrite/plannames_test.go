package rewrite

import (
	"strings"
	"testing"
)

// TestPlansConfirmNoName holds that an alias, or a WITH query, of the client's does not make the plan tell that there is a hidden table of that name: the plan here is one that
// reads such a table, as a filter's look-up or a plain view does.
func TestPlansConfirmNoName(t *testing.T) {
	const plan = `[{"Plan": {"Node Type": "Seq Scan", "Relation Name": "hidden_base", "Schema": "hidden_schema", "Alias": "postern_t"}}]`
	h := newHarness(t, damage{})
	for _, sql := range []string{
		"EXPLAIN SELECT 1 FROM app.customer AS hidden_base", "EXPLAIN WITH hidden_base AS (SELECT 1 FROM app.customer) SELECT 1 FROM hidden_base",
		"EXPLAIN SELECT hidden_base.id FROM app.customer AS hidden_schema, app.customer AS hidden_base",
	} {
		result, err := h.rewrite(sql)
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		x := *result.Statements[0].Explain
		x.whole = false
		rows, err := x.Rows([]byte(plan))
		if err != nil || strings.Contains(strings.Join(rows, "\n"), "hidden") {
			t.Errorf("%s: %q %v", sql, rows, err)
		}
	}
}
