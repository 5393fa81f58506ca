package rewrite

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/policy/expr"
)

// fenceFilters are the forms of row filter: cheap, costly, one that looks rows up, one with a list. Under a filter of one operator a
// planner runs the filter first even without a fence, which would hide that it is missing.
func fenceFilters() map[string]expr.Expr {
	country := col("country", "text")
	return map[string]expr.Expr{
		"cheap":  eq(country, text("US")),
		"costly": eq(expr.Call{Func: expr.Name{Schema: "pg_catalog", Name: "lower"}, Args: []expr.Expr{country}, Type: "text"}, text("us")),
		"look-up": expr.InSelect{Arg: col("nat", "integer"), Query: &expr.Select{
			Target: expr.Column{Relation: "n", Name: "code", Type: "integer"},
			From:   []expr.Relation{{Table: expr.Name{Schema: "public", Name: "nat"}, Alias: "n"}}}},
		"nested": expr.And{Args: []expr.Expr{expr.And{Args: []expr.Expr{expr.InSelect{Arg: col("nat", "integer"), Query: &expr.Select{
			Target: expr.Column{Relation: "n", Name: "code", Type: "integer"},
			From:   []expr.Relation{{Table: expr.Name{Schema: "public", Name: "nat"}, Alias: "n"}}}}}}, expr.Not{Arg: expr.IsNull{Arg: country}}}},
		"list": expr.In{Arg: expr.Cast{Arg: country, Type: "text"}, List: []expr.Expr{text("US"), text("FR")}},
	}
}

// fencePlans are the settings under which each query runs. PostgreSQL 16 renamed force_parallel_mode to debug_parallel_query.
var fencePlans = map[string]string{
	"default":  "",
	"parallel": "SELECT pg_catalog.set_config(name, 'on', false) FROM pg_catalog.pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query'); SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2",
	"loops":    "SET enable_hashjoin = off; SET enable_mergejoin = off",
	"merge":    "SET enable_hashjoin = off; SET enable_nestloop = off",
	"indexes":  "SET enable_seqscan = off",
}

// fenceQueries put a division by k, which fails on hidden rows only, into every place that an expression can have.
var fenceQueries = []string{
	// Conditions of the table's own level.
	"SELECT id FROM snd WHERE 1/k >= 0", "SELECT * FROM snd WHERE 1/k > 0 AND id < 500", "SELECT id FROM snd WHERE id BETWEEN 1 AND 50 AND 1/k >= 0",
	"SELECT id FROM snd WHERE k = 3 AND 1/k >= 0", "SELECT * FROM snd WHERE 1/k >= 0 ORDER BY id LIMIT 10", "SELECT id FROM snd WHERE id = 8 OR 1/k > 0",
	"SELECT id FROM snd WHERE NOT (1/k < 0)", "SELECT id FROM snd WHERE CASE WHEN id > 3 THEN 1/k > 0 END", "SELECT id FROM snd WHERE (1/k, id) = (1, 8)",
	"SELECT id FROM snd WHERE 1/k IN (0, 1)", "SELECT id FROM snd WHERE 1/k = ANY (ARRAY[0, 1])", "SELECT id FROM snd WHERE 1/k BETWEEN 0 AND 3",
	"SELECT id FROM snd WHERE coalesce(1/k, 2) > 0", "SELECT s.* FROM snd s WHERE v::integer >= 0", "SELECT id FROM snd WHERE (1/k) IS NOT NULL", "SELECT s IS NULL, s.id FROM snd s WHERE 1/k >= 0",
	"SELECT count(s) FROM snd s WHERE 1/k >= 0", "SELECT id FROM snd WHERE id = 1/k", "SELECT id FROM snd WHERE 8 = id AND random() * 0 >= 1/k - 1",
	// Joins.
	"SELECT s.id FROM snd s JOIN oth o ON s.id = o.snd_id AND 1/s.k >= 0", "SELECT * FROM snd s JOIN oth o ON s.id = o.snd_id WHERE 1/s.k >= 0",
	"SELECT s.id FROM oth o LEFT JOIN snd s ON s.id = o.snd_id AND 1/s.k >= 0", "SELECT o.id, s.id FROM oth o LEFT JOIN snd s ON s.id = o.snd_id WHERE 1/s.k >= 0 OR s.id IS NULL",
	"SELECT s.id FROM snd s LEFT JOIN oth o ON 1/s.k = o.x", "SELECT s.id, o.id FROM snd s RIGHT JOIN oth o ON s.id = o.snd_id AND 1/s.k >= o.x",
	"SELECT s.id, o.id FROM snd s FULL JOIN oth o ON s.id = o.snd_id AND 1/s.k = o.x", "SELECT s.id FROM snd s, oth o WHERE s.id = o.snd_id AND 1/s.k = o.x",
	"SELECT s.id FROM snd s JOIN oth o ON 1/s.k = o.x", "SELECT s.id FROM snd s JOIN oth o ON s.id = o.snd_id AND o.x/s.k >= 0", "SELECT s.id FROM snd s JOIN oth o USING (id) WHERE 1/k >= 0",
	"SELECT * FROM snd s JOIN oth o USING (id) WHERE 1/k >= 0", "SELECT * FROM snd JOIN oth USING (amount) WHERE 1/k > 0 AND snd.id < 30", "SELECT id FROM snd NATURAL JOIN (SELECT id, x FROM oth) o WHERE 1/k >= o.x",
	"SELECT * FROM (snd s JOIN oth o ON s.id = o.snd_id) AS j(a) WHERE 1/k >= 0", "SELECT a.id FROM snd a JOIN snd b ON a.id = b.id AND 1/a.k = 1/b.k", "SELECT count(*) FROM snd a, snd b WHERE a.id = b.id AND 1/(a.k * b.k) >= 0",
	"SELECT a.id, b.id FROM snd a LEFT JOIN snd b ON a.id = b.id + 1 WHERE coalesce(1/b.k, 0) = 0",
	// Below and above sub-selects.
	"SELECT * FROM (SELECT id, 1/k AS q FROM snd) d WHERE q >= 0", "SELECT * FROM (SELECT id, k FROM snd) d WHERE 1/k >= 0", "SELECT * FROM (SELECT * FROM snd) d WHERE 1/k >= 0 AND id < 100",
	"SELECT * FROM (SELECT * FROM (SELECT id, k FROM snd) e) d WHERE 1/k >= 0", "SELECT * FROM (SELECT id, k FROM snd OFFSET 0) d WHERE 1/k >= 0", "SELECT * FROM (SELECT id, k FROM snd LIMIT ALL) d WHERE 1/k >= 0",
	"WITH c AS (SELECT id, k FROM snd) SELECT * FROM c WHERE 1/k >= 0", "WITH c AS (SELECT id, 1/k AS q FROM snd) SELECT * FROM c WHERE q >= 0", "WITH c AS NOT MATERIALIZED (SELECT id, k FROM snd) SELECT a.id FROM c a, c b WHERE a.id = b.id AND 1/a.k >= 0",
	"WITH RECURSIVE c AS (SELECT id, k FROM snd) SELECT * FROM c WHERE 1/k >= 0", "WITH RECURSIVE c(n, k) AS (SELECT id, k FROM snd WHERE id < 5 UNION ALL SELECT n + 1, s.k FROM c JOIN snd s ON s.id = c.n + 1 WHERE n < 9 AND 1/s.k >= 0) SELECT * FROM c WHERE 1/k >= 0",
	"SELECT * FROM (SELECT id, k FROM snd UNION ALL SELECT id, x + 1 FROM oth) u WHERE 1/k >= 0", "SELECT * FROM (SELECT id, 1/k AS q FROM snd UNION ALL SELECT id, x FROM oth) u WHERE q >= 0", "SELECT * FROM (SELECT id, k FROM snd EXCEPT SELECT id, x FROM oth) u WHERE 1/k >= 0",
	"SELECT * FROM (SELECT k, count(*) AS n FROM snd GROUP BY k) g WHERE 1/k >= 0", "SELECT * FROM (SELECT k, row_number() OVER (PARTITION BY k ORDER BY id) AS n FROM snd) g WHERE 1/k >= 0 AND n < 3",
	"SELECT * FROM (SELECT 1/k AS q, row_number() OVER (PARTITION BY 1/k ORDER BY id) AS n FROM snd) g WHERE q >= 0", "SELECT * FROM (SELECT DISTINCT k FROM snd) g WHERE 1/k >= 0", "SELECT * FROM (SELECT DISTINCT ON (k) k, id FROM snd ORDER BY k, id) g WHERE 1/k >= 0",
	"SELECT l.q FROM snd s, LATERAL (SELECT 1/s.k AS q) l WHERE l.q >= 0", "SELECT l.q FROM snd s, LATERAL (VALUES (1/s.k)) l(q) WHERE l.q >= 0", "SELECT s.id FROM snd s, LATERAL (SELECT o.id FROM oth o WHERE o.x = 1/s.k) l",
	"SELECT s.id FROM snd s JOIN LATERAL (SELECT o.id FROM oth o WHERE o.snd_id = s.id AND 1/s.k >= 0) l ON true", "SELECT s.id, g FROM snd s, generate_series(1, 1/s.k) g", "SELECT s.id FROM snd s, unnest(ARRAY[1/s.k]) g WHERE g >= 0",
	"SELECT * FROM (SELECT s.id, o.x, 1/s.k AS q FROM snd s JOIN oth o ON s.id = o.snd_id) d WHERE q >= x", "SELECT d.q FROM oth o LEFT JOIN (SELECT id, 1/k AS q FROM snd) d ON d.id = o.snd_id WHERE d.q >= 0",
	"SELECT d.id FROM (SELECT id, 5 AS five FROM snd WHERE id = 8) d WHERE 1/((random() * 0)::integer) > 0", "TABLE snd ORDER BY 1/k, id", "SELECT * FROM (TABLE snd) t WHERE 1/k >= 0",
	"SELECT * FROM (SELECT * FROM (SELECT id, v, k FROM snd) a WHERE a.id < 60) b WHERE b.id = 9 AND b.v LIKE '%1%' AND 1/b.k >= 0", "SELECT x.*, o.w FROM (SELECT s.*, s.k + 1 AS l FROM snd s) x JOIN oth o ON o.snd_id = x.id WHERE 1/x.k >= 0",
	"SELECT o.id, d.k FROM oth o LEFT JOIN (SELECT id, k FROM snd) d ON d.id = o.snd_id WHERE coalesce(1/d.k, 0) = 0", "SELECT * FROM (SELECT a.id, b.k FROM snd a JOIN snd b ON a.id = b.id) d WHERE 1/d.k >= 0",
	"SELECT * FROM (SELECT id, k FROM snd) d(a, b) JOIN (SELECT id, k FROM snd) e(a, c) USING (a) WHERE 1/b = 1/c OR b > 0", "SELECT * FROM (SELECT id, k FROM snd) a NATURAL JOIN (SELECT id, k AS l FROM snd) b WHERE 1/k >= 0 AND 1/l >= 0",
	"SELECT * FROM (SELECT id, k FROM snd ORDER BY k) d WHERE 1/k >= 0", "SELECT * FROM (SELECT id, (SELECT max(x) FROM oth WHERE snd_id = snd.id) AS m, k FROM snd) d WHERE 1/k >= 0", "SELECT * FROM oth o JOIN LATERAL (SELECT s.id AS sid, s.k FROM snd s WHERE s.id = o.snd_id) d ON 1/d.k >= 0",
	"SELECT 1 FROM (SELECT 1 FROM snd) d WHERE (SELECT count(*) FROM oth) > 1", "SELECT * FROM snd JOIN oth USING (amount) WHERE snd.id = 9", "SELECT s.id FROM snd s JOIN oth o ON s.amount = o.amount WHERE s.id IN (5, 9) AND s.k = 6 AND s.day IS NOT NULL",
	"SELECT o.id FROM oth o LEFT JOIN snd s ON s.amount = o.amount WHERE s.id IS NULL", "SELECT o.id FROM oth o LEFT JOIN snd s ON s.amount = o.amount WHERE s.id = 9", "SELECT o.id, s.k FROM oth o LEFT JOIN snd s USING (amount) WHERE s.k IS NULL OR s.k > 3",
	"SELECT x.n FROM (SELECT count(*) AS n FROM snd) x WHERE 1/x.n >= 0", "SELECT * FROM (SELECT id, k, amount FROM snd) d JOIN oth o ON o.amount = d.amount WHERE d.id = 9",
	// Sub-selects in expressions.
	"SELECT id FROM oth o WHERE EXISTS (SELECT 1 FROM snd s WHERE s.id = o.snd_id AND 1/s.k >= 0)", "SELECT id FROM oth o WHERE NOT EXISTS (SELECT 1 FROM snd s WHERE s.id = o.snd_id AND 1/s.k > 0)", "SELECT id FROM oth o WHERE snd_id IN (SELECT id FROM snd WHERE 1/k >= 0)",
	"SELECT id FROM oth o WHERE x IN (SELECT 1/k FROM snd)", "SELECT id FROM oth o WHERE x NOT IN (SELECT 1/k FROM snd)", "SELECT id FROM snd s WHERE 1/s.k IN (SELECT x FROM oth)", "SELECT id FROM snd s WHERE EXISTS (SELECT 1 FROM oth o WHERE o.x = 1/s.k)",
	"SELECT id FROM snd s WHERE (SELECT 1/s.k) >= 0", "SELECT id FROM snd s WHERE id < (SELECT max(1/k) FROM snd)", "SELECT id FROM snd s WHERE EXISTS (SELECT 1 FROM oth o WHERE o.snd_id = s.id AND 1/(o.x + s.k) >= 0)",
	"SELECT id FROM snd s WHERE EXISTS (SELECT 1 FROM snd t WHERE t.id = s.id AND 1/t.k >= 0)", "SELECT id FROM snd s WHERE k = ANY (SELECT 1/t.k FROM snd t WHERE t.id = s.id)", "SELECT id, (SELECT 1/s.k) FROM snd s",
	"SELECT id, (SELECT max(1/t.k) FROM snd t WHERE t.id = s.id) FROM snd s WHERE id < 40", "SELECT ARRAY(SELECT 1/k FROM snd ORDER BY id)", "SELECT id FROM oth o WHERE x > ALL (SELECT 1/k FROM snd WHERE snd.id = o.snd_id)", "SELECT id FROM snd WHERE amount IN (SELECT amount FROM oth) AND id < 100",
	// What is computed above.
	"SELECT 1/k FROM snd", "SELECT id FROM snd ORDER BY 1/k, id", "SELECT 1/k, count(*) FROM snd GROUP BY 1/k", "SELECT 1/k, count(*) FROM snd GROUP BY 1", "SELECT sum(1/k) FROM snd", "SELECT count(*) FILTER (WHERE 1/k > 0) FROM snd",
	"SELECT DISTINCT 1/k FROM snd", "SELECT id, sum(k) OVER (PARTITION BY 1/k ORDER BY id) FROM snd", "SELECT id FROM snd ORDER BY 1/k DESC, id LIMIT 5", "SELECT DISTINCT ON (1/k) 1/k FROM snd", "SELECT max(id) FROM snd GROUP BY GROUPING SETS ((1/k), ())",
	"SELECT s.id, 1/s.k FROM snd s JOIN oth o ON o.snd_id = s.id ORDER BY 2, 1", "SELECT 1/s.k, count(*) FROM oth o JOIN snd s ON o.snd_id = s.id GROUP BY 1/s.k",
	"SELECT k FROM snd GROUP BY k HAVING 1/k >= 0", "SELECT k, count(*) FROM snd GROUP BY k HAVING count(*) > 1/k", "SELECT 1 FROM snd HAVING sum(1/k) > 0", "SELECT k FROM snd GROUP BY ROLLUP (k) HAVING 1/k >= 0",
	"SELECT 1/k FROM snd UNION SELECT x FROM oth", "SELECT 1/k FROM snd INTERSECT SELECT x FROM oth", "SELECT id FROM snd WHERE id < 30 UNION ALL SELECT 1/k FROM snd ORDER BY 1",
	// Leakproof, or with parts of an index.
	"SELECT * FROM snd WHERE id = 8", "SELECT * FROM snd WHERE id IN (4, 5, 8) AND k <> 0", "SELECT id FROM snd WHERE v LIKE '1%'", "SELECT id FROM snd WHERE v LIKE 'MARKER%'", "SELECT * FROM snd WHERE v LIKE '4_' AND 1/k >= 0 ORDER BY id",
	"SELECT * FROM snd s JOIN oth o ON o.snd_id = s.id WHERE s.id < 30", "SELECT o.id FROM oth o LEFT JOIN snd s ON s.id = o.snd_id WHERE s.id IS NULL", "SELECT o.id, s.id FROM oth o LEFT JOIN snd s ON s.id = o.snd_id AND s.k = 2",
	"SELECT id FROM snd WHERE amount = 5", "SELECT id FROM snd WHERE day >= date '2024-02-01' AND day < date '2024-02-01' + interval '1 month'", "SELECT id FROM snd WHERE day < current_date - 30 AND 1/k >= 0", "SELECT s.id FROM snd s JOIN oth o ON s.amount = o.amount AND s.id = o.snd_id",
}

// fenceTables are those of testdata/fence.sql.
func fenceTables(filter expr.Expr) []testTable {
	return []testTable{
		{schema: "public", name: "snd", key: []string{"id"}, filter: filter, columns: []testColumn{{name: "id", typ: "integer"}, {name: "country", typ: "text"},
			{name: "k", typ: "integer"}, {name: "nat", typ: "integer"}, {name: "v", typ: "text"}, {name: "big", typ: "bigint"}, {name: "amount", typ: "numeric"}, {name: "day", typ: "date"}}},
		{schema: "public", name: "oth", key: []string{"id"}, columns: []testColumn{{name: "id", typ: "integer"}, {name: "snd_id", typ: "integer"},
			{name: "x", typ: "integer"}, {name: "w", typ: "text"}, {name: "amount", typ: "numeric"}}},
	}
}

// runFences runs every query under every filter and plan, rewritten on the raw database and as it is on one that holds visible rows
// only, and returns how many ran and what was wrong.
func runFences(t *testing.T, broken damage, plans ...string) (runs int, wrong []string) {
	t.Helper()
	raw := connect(t, load(t, "fence.sql"), true, nil)
	clean := connect(t, load(t, "fence.sql"), false, nil)
	must := func(sql string) {
		for _, c := range []*pgconn.PgConn{raw, clean} {
			if a := ask(c, sql, true); a.code != "" {
				t.Fatal(a.bytes)
			}
		}
	}
	if a := ask(clean, "DELETE FROM public.snd WHERE k = 0; ANALYZE public.snd", true); a.code != "" {
		t.Fatal(a.bytes)
	}
	for filterName, filter := range fenceFilters() {
		h := harnessOf(t, fenceTables(filter), broken)
		for _, planName := range plans {
			if filterName != "costly" && filterName != "look-up" && planName != "default" && planName != "parallel" {
				continue
			}
			must(fencePlans[planName])
			done, found := compareFences(t, h, raw, clean, filterName+", "+planName)
			runs += done
			wrong = append(wrong, found...)
			must("RESET ALL")
		}
	}
	return runs, wrong
}

// compareFences asks every query of the rewritten warehouse and of the clean one.
func compareFences(t *testing.T, h *harness, raw, clean *pgconn.PgConn, what string) (runs int, wrong []string) {
	t.Helper()
	for _, sql := range fenceQueries {
		result, err := h.rewrite(sql)
		if err != nil {
			t.Errorf("%s: %v", sql, err)
			continue
		}
		runs++
		got, want := ask(raw, result.Statements[0].SQL, false), ask(clean, sql, false)
		got.bytes, want.bytes = "", ""
		if got.code != want.code || !slices.Equal(got.rows, want.rows) || !slices.Equal(got.columns, want.columns) {
			wrong = append(wrong, fmt.Sprintf("%s: %s\n%s: %q %d rows, want %q %d rows", what, sql, result.Statements[0].SQL,
				got.code, len(got.rows), want.code, len(want.rows)))
		}
	}
	return runs, wrong
}

// TestFences: no expression in any place runs on a row that the filter hides, whatever the filter costs and however the query is
// planned, and the answers are those of a database without the hidden rows.
func TestFences(t *testing.T) {
	runs, wrong := runFences(t, damage{}, slices.Sorted(maps.Keys(fencePlans))...)
	t.Logf("%d runs of %d queries under %d filters and %d plans, %d wrong", runs, len(fenceQueries), len(fenceFilters()), len(fencePlans), len(wrong))
	if len(wrong) > 0 {
		t.Errorf("%s", strings.Join(wrong[:min(len(wrong), 30)], "\n"))
	}
	if runs < 2000 {
		t.Errorf("%d runs, at least 2000 are promised", runs)
	}
}

// TestFencesSeeDamage: without fences many of them leak.
func TestFencesSeeDamage(t *testing.T) {
	runs, wrong := runFences(t, damage{unfenced: true}, "default", "parallel")
	t.Logf("without fences %d of %d runs turn red", len(wrong), runs)
	if len(wrong) < runs/20 || len(wrong) == runs {
		t.Errorf("%d of %d runs turn red without fences", len(wrong), runs)
	}
}
