package rewrite

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"go.yaml.in/yaml/v3"
)

// explained runs an EXPLAIN and answers what the client is told.
func explained(conn *pgconn.PgConn, st *Statement) answer {
	results, err := conn.Exec(context.Background(), st.SQL).ReadAll()
	if err != nil {
		return answer{code: err.Error()}
	}
	rows, err := st.Explain.Rows(results[0].Rows[0][0])
	if err != nil {
		return answer{code: err.Error()}
	}
	return answer{rows: rows, bytes: strings.Join(rows, "\n")}
}

func (o *oracle) explain(t *testing.T, sql string) string {
	t.Helper()
	result, err := o.h.rewrite(sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	got := explained(o.raw, &result.Statements[0])
	if got.code != "" {
		t.Fatalf("%s: %s", sql, got.code)
	}
	return got.bytes
}

// explainQueries touch filters, masks, lookups, partitions and the catalogue.
func explainQueries() []string {
	return []string{
		"SELECT * FROM public.customer WHERE id = 5 AND k > 2 AND note = 'x' ORDER BY name, id",
		"SELECT c.country, count(*) FROM public.customer c JOIN public.orders o ON o.customer_id = c.id LEFT JOIN public.nation n ON n.code = c.country GROUP BY 1 HAVING count(*) > 1",
		"SELECT * FROM public.orders WHERE placed BETWEEN '2020-01-01' AND '2021-01-01' AND id IN (1, 2, 3)",
		"SELECT * FROM public.event WHERE id > 5 LIMIT 3",
		"WITH w AS MATERIALIZED (SELECT * FROM public.orders) SELECT * FROM w a, w b WHERE a.id = b.id AND a.memo LIKE 'a%'",
		"SELECT (SELECT max(total) FROM public.orders o WHERE o.customer_id = c.id) FROM public.customer c WHERE lower(country) = 'us'",
		"SELECT * FROM public.parent UNION ALL SELECT id, name FROM public.customer",
		"SELECT relname FROM pg_class WHERE relname = 'customer'",
	}
}

// TestExplainTellsNothing holds plans of guarded queries, in every form, against what they must not hold.
func TestExplainTellsNothing(t *testing.T) {
	o := newOracle(t, damage{})
	for _, query := range explainQueries() {
		for _, options := range []string{"", "(VERBOSE)", "(ANALYZE)", "(ANALYZE, VERBOSE, BUFFERS, WAL, SETTINGS)", "(FORMAT JSON)",
			"(FORMAT YAML, VERBOSE)", "(FORMAT XML)", "(ANALYZE, FORMAT JSON)"} {
			got := o.explain(t, "EXPLAIN "+options+" "+query)
			for _, secret := range []string{marker, "cost=", "Cost", "width", "Plan Rows", "Removed", "Buffers", "Hit", "postern", "regexp_replace", "ssn", "OFFSET"} {
				if strings.Contains(got, secret) {
					t.Errorf("%q is told by %s %s\n%s", secret, options, query, got)
				}
			}
			if !strings.Contains(query, "'us'") && strings.Contains(strings.ToLower(got), "'us'") {
				t.Errorf("the filter's constant is told by %s %s\n%s", options, query, got)
			}
			if options == "" {
				t.Logf("%s\n%s", query, got)
			}
		}
	}
}

// TestExplainOfHiddenRows: many more hidden rows change nothing in what is told.
func TestExplainOfHiddenRows(t *testing.T) {
	o := newOracle(t, damage{})
	queries := []string{"SELECT * FROM public.customer WHERE id = 5", "SELECT * FROM public.customer WHERE id > 5 ORDER BY k LIMIT 1",
		"SELECT country, count(*) FROM public.customer WHERE k < 100 GROUP BY 1", "SELECT * FROM public.event WHERE id = 3"}
	var before []string
	for _, q := range queries {
		before = append(before, o.explain(t, "EXPLAIN "+q))
	}
	must := ask(o.raw, "INSERT INTO public.customer (id, name, country, k) SELECT 100000 + i, 'n', 'XX', i FROM generate_series(1, 50000) i; ANALYZE public.customer", true)
	if must.code != "" {
		t.Fatal(must.bytes)
	}
	for i, q := range queries {
		if after := o.explain(t, "EXPLAIN "+q); after != before[i] {
			t.Errorf("%s\nbefore:\n%s\nafter:\n%s", q, before[i], after)
		}
	}
}

// TestExplainShowsTheClientsOwn: what is not hidden stays readable.
func TestExplainShowsTheClientsOwn(t *testing.T) {
	o := newOracle(t, damage{})
	for _, c := range []struct {
		sql   string
		words []string
	}{
		// Nothing of nation is hidden from the person: this is PostgreSQL's own plan.
		{"EXPLAIN SELECT * FROM public.nation WHERE pop > 5 ORDER BY title", []string{"cost=", "rows=", "Sort Key: ", "title", "Scan on nation", "Filter: ", "pop > 5"}},
		{"EXPLAIN (COSTS OFF) SELECT 1", []string{"Result"}},
		{"EXPLAIN (ANALYZE, COSTS OFF) SELECT code FROM public.nation", []string{"Scan on nation", "actual time=", "loops=1", "Planning Time: ", "Execution Time: "}},
		{"EXPLAIN ANALYZE SELECT * FROM public.customer", []string{"Scan on customer", "actual rows=", "Execution Time: "}},
		{"EXPLAIN (SUMMARY) SELECT * FROM public.customer", []string{"Planning Time: "}},
		{"EXPLAIN SELECT count(*) FROM public.customer c JOIN public.orders o ON o.customer_id = c.id", []string{"Aggregate", "Join", "Scan on customer", "Scan on orders"}},
		{"EXPLAIN DECLARE c CURSOR FOR SELECT * FROM public.nation", []string{"Scan on nation"}},
	} {
		got := o.explain(t, c.sql)
		for _, word := range c.words {
			if !strings.Contains(got, word) {
				t.Errorf("%s does not tell %q:\n%s", c.sql, word, got)
			}
		}
	}
}

// TestExplainForms: each form is what its readers expect.
func TestExplainForms(t *testing.T) {
	o := newOracle(t, damage{})
	for _, query := range append(explainQueries(), "SELECT n.*, 'a<b&\"c' FROM public.nation n WHERE title = 'a<b&\"c' AND code IN (SELECT code FROM public.nation)") {
		var asJSON []struct{ Plan map[string]any }
		if err := json.Unmarshal([]byte(o.explain(t, "EXPLAIN (ANALYZE, FORMAT JSON) "+query)), &asJSON); err != nil || len(asJSON) != 1 || asJSON[0].Plan["Node Type"] == nil {
			t.Error(query, err, asJSON)
		}
		var asYAML []struct {
			Plan map[string]any `yaml:"Plan"`
		}
		text := o.explain(t, "EXPLAIN (ANALYZE, FORMAT YAML) "+query)
		if err := yaml.Unmarshal([]byte(text), &asYAML); err != nil || len(asYAML) != 1 || asYAML[0].Plan["Node Type"] != asJSON[0].Plan["Node Type"] {
			t.Error(query, err, text)
		}
		var asXML struct {
			Query struct {
				Plan struct {
					Kind string `xml:"Node-Type"`
				}
			}
		}
		if err := xml.Unmarshal([]byte(o.explain(t, "EXPLAIN (FORMAT XML) "+query)), &asXML); err != nil || asXML.Query.Plan.Kind != asJSON[0].Plan["Node Type"] {
			t.Error(query, err, asXML)
		}
	}
}

// TestExplainSeesDamage proves that the suite sees a plan that is told as it is.
func TestExplainSeesDamage(t *testing.T) {
	o := newOracle(t, damage{})
	result, err := o.h.rewrite("EXPLAIN (ANALYZE, VERBOSE) SELECT * FROM public.event")
	if err != nil {
		t.Fatal(err)
	}
	st := result.Statements[0]
	x := *st.Explain
	x.whole, x.filtered, x.costs = true, false, true
	st.Explain = &x
	if got := explained(o.raw, &st); !strings.Contains(got.bytes, marker) || !strings.Contains(got.bytes, "Removed") {
		t.Errorf("a whole plan holds no secret:\n%s", got.bytes)
	}
}

// FuzzPlan reads anything as a plan.
func FuzzPlan(f *testing.F) {
	f.Add(`[{"Plan": {"Node Type": "Seq Scan", "Filter": "(a = 'x')", "Plans": [{"Node Type": "Hash"}]}, "Planning Time": 1.5}]`)
	f.Add(strings.Repeat("[", 5000))
	f.Fuzz(func(t *testing.T, text string) {
		for format := PlanText; format <= PlanXML; format++ {
			x := &Explain{Format: format, known: known{}}
			rows, err := x.Rows([]byte(text))
			if err == nil && strings.Contains(fmt.Sprint(rows), marker) {
				t.Error(rows)
			}
		}
	})
}
