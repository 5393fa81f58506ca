package rewrite

import (
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy/expr"
)

// fenceViews are plain views that stand in the place of the table of the fence tests. What hides the rows is the policy on the table below, or on the view,
// or what the view itself says.
func fenceViews() map[string]struct {
	definition   string
	below, above bool
} {
	const columns = "SELECT s.id, s.country, s.k, s.nat, s.v, s.big, s.amount, s.day FROM public.base s"
	return map[string]struct {
		definition   string
		below, above bool
	}{
		"all rows":        {columns, true, false},
		"conditions":      {columns + " WHERE s.id > 0 AND length(s.v) < 50 AND 10 / s.k >= 0", true, false},
		"a policy":        {columns, false, true},
		"two policies":    {columns, true, true},
		"hides":           {columns + " WHERE lower(upper(s.country)) = 'us'", false, false},
		"hides by a join": {columns + " JOIN public.nat n ON n.code = s.nat", false, false},
		"hides by EXISTS": {columns + " WHERE EXISTS (SELECT 1 FROM public.nat n WHERE n.code = s.nat)", false, false},
		"a join":          {columns + " JOIN public.oth o ON o.id = s.id UNION ALL " + columns + " WHERE s.id > 200", true, false},
		"cut off":         {columns + " ORDER BY s.id OFFSET 0 LIMIT 2000", true, false},
	}
}

// viewHarness is a rewriter over the fence tests' tables with the view in the place of the table.
func viewHarness(t *testing.T, definition string, below, above bool, filter expr.Expr, broken damage) *harness {
	t.Helper()
	tables := fenceTables(filter)
	base, view := tables[0], tables[0]
	base.name, view.kind, view.key = "base", catalog.KindView, nil
	if !below {
		base.filter = nil
	}
	if !above {
		view.filter = nil
	}
	nat := testTable{schema: "public", name: "nat", key: []string{"code"}, columns: []testColumn{{name: "code", typ: "integer"}}}
	h := harnessOf(t, []testTable{base, view, tables[1], nat}, broken)
	for _, table := range h.program.Snapshot().Tables() {
		if table.Kind == catalog.KindView {
			table.Definition = definition
		}
	}
	return h
}

// runViewFences is runFences with views in the place of the table.
func runViewFences(t *testing.T, broken damage, plans map[string][]string) (runs int, wrong []string) {
	t.Helper()
	raw := connect(t, load(t, "fence.sql"), true, nil)
	clean := connect(t, load(t, "fence.sql"), false, nil)
	must := func(conns []*pgconn.PgConn, sql string) {
		for _, c := range conns {
			if a := ask(c, sql, true); a.code != "" {
				t.Fatal(a.bytes)
			}
		}
	}
	both := []*pgconn.PgConn{raw, clean}
	must(both, "ALTER TABLE public.snd RENAME TO base")
	must([]*pgconn.PgConn{clean}, "DELETE FROM public.base WHERE k = 0; ANALYZE public.base")
	for name, view := range fenceViews() {
		must(both, "CREATE VIEW public.snd AS "+view.definition)
		h := viewHarness(t, view.definition, view.below, view.above, fenceFilters()["costly"], broken)
		for _, planName := range append([]string{"default"}, plans[name]...) {
			must(both, fencePlans[planName])
			done, found := compareFences(t, h, raw, clean, name+", "+planName)
			runs, wrong = runs+done, append(wrong, found...)
			must(both, "RESET ALL")
		}
		must(both, "DROP VIEW public.snd")
	}
	return runs, wrong
}

// TestFencesOfViews: no expression in any place runs on a row that lies behind a view and is hidden, by whatever it is hidden.
func TestFencesOfViews(t *testing.T) {
	runs, wrong := runViewFences(t, damage{}, map[string][]string{
		"all rows": {"parallel"}, "two policies": {"loops"}, "hides by a join": {"parallel", "merge", "loops"}, "hides by EXISTS": {"parallel"}})
	t.Logf("%d runs of %d queries through %d views, %d wrong", runs, len(fenceQueries), len(fenceViews()), len(wrong))
	if len(wrong) > 0 {
		t.Errorf("%s", strings.Join(wrong[:min(len(wrong), 30)], "\n"))
	}
	if runs < 1900 {
		t.Errorf("%d runs, at least 1900 are promised", runs)
	}
}

// TestFencesOfViewsSeeDamage: without fences many of them leak.
func TestFencesOfViewsSeeDamage(t *testing.T) {
	runs, wrong := runViewFences(t, damage{unfenced: true}, nil)
	t.Logf("without fences %d of %d runs turn red", len(wrong), runs)
	if len(wrong) < runs/20 || len(wrong) == runs {
		t.Errorf("%d of %d runs turn red without fences", len(wrong), runs)
	}
}

// TestViewsFindRows: what is looked up through a view finds its row by the index, behind which fence ever.
func TestViewsFindRows(t *testing.T) {
	raw := connect(t, load(t, "fence.sql"), true, nil)
	if a := ask(raw, "ALTER TABLE public.snd RENAME TO base; SET enable_seqscan = off; SET enable_bitmapscan = off; SET jit = off", true); a.code != "" {
		t.Fatal(a.bytes)
	}
	for name, view := range fenceViews() {
		h := viewHarness(t, view.definition, view.below, view.above, fenceFilters()["costly"], damage{})
		for _, sql := range []string{"SELECT * FROM snd WHERE id = 9", "SELECT v FROM snd WHERE id = 9 AND v LIKE '%9%'", "SELECT s.v FROM snd s WHERE s.id = $1 AND length(v) > 0",
			"SELECT v FROM snd WHERE id IN (9, 10) ORDER BY v"} {
			if name == "cut off" || name == "two policies" { // the second filter must not run before the first
				continue
			}
			result, err := h.rewrite(sql)
			if err != nil {
				t.Fatal(err)
			}
			text := result.Statements[0].SQL
			if strings.Contains(text, "$1") {
				text = "PREPARE p AS " + text
				if a := ask(raw, text, true); a.code != "" {
					t.Fatal(a.bytes)
				}
				text = "EXECUTE p(9)"
			}
			plan := strings.Join(ask(raw, "EXPLAIN (COSTS off) "+text, true).rows, "\n")
			ask(raw, "DEALLOCATE ALL", true)
			if !regexp.MustCompile(`Index Cond: .*\bid = (9|ANY)`).MatchString(plan) {
				t.Errorf("%s: %s\n%s\n%s", name, sql, result.Statements[0].SQL, plan)
			}
		}
	}
}

// TestViewsJoinByKey: where nothing in a statement may tell, a join with a view of more than one table finds its rows by the index; where something may, the view
// stands behind its fence.
func TestViewsJoinByKey(t *testing.T) {
	raw := connect(t, load(t, "fence.sql"), true, nil)
	if a := ask(raw, "ALTER TABLE public.snd RENAME TO base; SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off", true); a.code != "" {
		t.Fatal(a.bytes)
	}
	byKey := regexp.MustCompile(`Index Cond: .*\bid = \w+\.id\b`)
	for name, view := range fenceViews() {
		if name == "cut off" || name == "two policies" {
			continue
		}
		h := viewHarness(t, view.definition, view.below, view.above, fenceFilters()["costly"], damage{})
		sent := sentFor(t, h, "SELECT s.v FROM oth o JOIN snd s ON s.id = o.id WHERE o.id < 9")
		if plan := strings.Join(ask(raw, "EXPLAIN (COSTS off) "+sent, true).rows, "\n"); !byKey.MatchString(plan) || strings.Contains(sent, "OFFSET 0") {
			t.Errorf("%s: %s\n%s", name, sent, plan)
		}
		joined := name == "a join" || name == "hides by a join" || name == "hides by EXISTS"
		for _, sql := range []string{"SELECT s.v, 1 / s.k FROM oth o JOIN snd s ON s.id = o.id WHERE o.id < 9", "SELECT s.v FROM oth o JOIN snd s ON s.id = o.id ORDER BY 1 / o.id",
			"SELECT d.v FROM (SELECT * FROM snd) d, LATERAL (SELECT 1 / d.k AS q) x"} {
			if sent := sentFor(t, h, sql); strings.Contains(sent, "OFFSET 0") != joined {
				t.Errorf("%s: %s", name, sent)
			}
		}
	}
}
