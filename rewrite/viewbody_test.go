package rewrite

import (
	"context"
	"strings"
	"testing"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/sqlgen"
	wh "github.com/posternsql/postern/warehouse"
)

// crawledHarness is a rewriter over what a crawl finds, with compiled policies. register says which relations are registered.
func crawledHarness(t testing.TB, dsn string, in policy.Input, register func(*catalog.Table) bool, broken damage) *harness {
	t.Helper()
	conn := connect(t, dsn, false, nil)
	tables, err := wh.Crawl(context.Background(), conn)
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		table.Registered = register(table)
		for i := range table.Columns {
			table.Columns[i].Reviewed = table.Columns[i].Name != "ssn" && table.Columns[i].Name != "MARKER_hidden"
		}
	}
	return compiledHarness(t, tables, in, sqlgen.Postgres(), broken)
}

// warehousePolicies are the policies that testdata/sanitise.sql carries out.
func warehousePolicies() []policy.DataPolicy {
	constant := func(s string) *string { return &s }
	on := func(table string) policy.Selector { return policy.Selector{Tables: []string{"db.public." + table}} }
	return []policy.DataPolicy{
		{Name: "customer", On: on("customer"), Rules: []policy.Rule{
			{Rows: "lower(country) = 'us'"},
			{Mask: &policy.Mask{Columns: []string{"name"}, Regex: &policy.RegexMask{Pattern: "MARKER|[0-9]", Replace: "*"}}},
			{Mask: &policy.Mask{Columns: []string{"phone"}, Constant: constant("***")}},
			{Mask: &policy.Mask{Columns: []string{"note"}, Constant: constant("withheld")}},
			{Mask: &policy.Mask{Columns: []string{"balance"}, Null: true}},
		}},
		{Name: "orders", On: on("orders"), Rules: []policy.Rule{
			{Rows: "customer_id IN (SELECT c.id FROM public.customer c WHERE c.country = 'US')"}}},
		{Name: "event", On: on("event"), Rules: []policy.Rule{{Rows: "NOT what LIKE '%MARKER%'"}}},
		{Name: "parent", On: on("parent"), Rules: []policy.Rule{{Rows: "id > 10"}}},
		{Name: "view", On: on("v_policy"), Rules: []policy.Rule{{Rows: "k <> 2"},
			{Mask: &policy.Mask{Columns: []string{"name"}, Constant: constant("secret")}}}},
	}
}

func viewsOracle(t testing.TB, broken damage) *oracle {
	t.Helper()
	var notices []string
	dsn := load(t, "raw.sql", "views.sql", "views_refused.sql")
	raw := connect(t, dsn, true, func(text string) { notices = append(notices, text) })
	in := policy.Input{
		Data: warehousePolicies(),
		Subscriptions: []policy.SubscriptionPolicy{
			{Name: "views", On: policy.Selector{Tables: []string{"db.public.v_*", "db.public.r_*"}}, Access: policy.AccessRead,
				Effect: policy.SubscriptionGrant, Allow: policy.Allow{Anyone: true}},
			{Name: "never", On: policy.Selector{Tables: []string{"db.public.secret"}}, Access: policy.AccessRead,
				Effect: policy.SubscriptionGuardrail, Allow: policy.Allow{When: "false"}},
		},
	}
	h := crawledHarness(t, dsn, in, func(table *catalog.Table) bool { return table.Name != "unregistered" }, broken)
	return &oracle{h: h, raw: raw, notices: &notices,
		sanitised: connect(t, load(t, "raw.sql", "sanitise.sql", "views.sql", "views_sanitised.sql"), false, nil)}
}

// viewQueries are asked of every view, and a few of some.
func viewQueries(o *oracle) []string {
	var out []string
	for _, table := range o.h.program.Snapshot().Tables() {
		if !strings.HasPrefix(table.Name, "v_") {
			continue
		}
		first := `"` + table.Columns[0].Name + `"`
		if table.Name == "v_session" {
			out = append(out, "SELECT id, y FROM v_session")
			continue
		}
		out = append(out, "SELECT * FROM "+table.Name, "SELECT v::text, to_jsonb(v) FROM public."+table.Name+" AS v",
			"SELECT count(*), max("+first+") FROM ONLY "+table.Name+" WHERE "+first+" IS NOT NULL",
			"SELECT a.* FROM "+table.Name+" AS a LEFT JOIN "+table.Name+" AS b ON a."+first+" = b."+first+" AND b."+first+"::text > '1' WHERE a."+first+"::text LIKE '1%'")
	}
	return append(out,
		"SELECT telephone, balance, note FROM v_plain WHERE telephone = '***' AND id = 4",
		"SELECT 1 / k, name FROM v_where WHERE 10 / (k - 3) > 1 ORDER BY 1, name",
		"SELECT n.name, c.n FROM v_nested n JOIN v_cte c ON c.n = n.k",
		"WITH x AS (SELECT * FROM v_aggregate) SELECT x.*, p.name FROM x JOIN v_policy p USING (country)",
		"SELECT id, (doc ->> 'title') FROM v_row WHERE doc IS NOT NULL",
		"SELECT mood, count(*) FROM v_enum GROUP BY mood",
		"SELECT name FROM v_plain WHERE name ~ 'MARKER'",
		"SELECT pg_typeof(note)::text, pg_typeof(balance)::text, pg_typeof(kind)::text FROM v_plain LIMIT 1",
		"SELECT row_to_json(v) FROM v_types v WHERE \"C c\" = 'bb'",
		"SELECT (v).name, v.id FROM v_union v WHERE id < 20",
		"COPY (SELECT * FROM v_join) TO STDOUT",
	)
}

// TestViews: a subscription to a view shows what the view shows on a warehouse that holds only what the policies on its tables let the
// person see.
func TestViews(t *testing.T) {
	o := viewsOracle(t, damage{})
	t.Run("hide their rows", func(t *testing.T) { viewsHideTheirRows(t, o) })
	t.Run("refused", func(t *testing.T) { viewsRefused(t, o) })
	t.Run("report", func(t *testing.T) { viewsReport(t, o) })
	cases, withRows := 0, 0
	for _, sql := range viewQueries(o) {
		cases++
		accepted, rows, problem := o.compare(sql)
		if problem != "" || !accepted {
			_, err := o.h.rewrite(sql)
			t.Errorf("%s\n%s %v", sql, problem, err)
		}
		if rows > 0 {
			withRows++
		}
	}
	t.Logf("%d cases, %d with rows", cases, withRows)
	if cases < 95 || withRows < cases*7/10 {
		t.Errorf("%d cases, %d with rows: too few", cases, withRows)
	}
}

// TestViewsSeeDamage: without the filter, a mask or a fence of a table, the views show it.
func TestViewsSeeDamage(t *testing.T) {
	broken := mutations()
	delete(broken, "opaque fence")
	for name, damaged := range broken {
		t.Run(name, func(t *testing.T) {
			o := viewsOracle(t, damaged)
			seen := 0
			for _, sql := range append(viewQueries(o), "SELECT id FROM v_policy WHERE 1 / k > 5", "SELECT id FROM v_plain WHERE 1 / id > 5 AND country::int > 1") {
				if _, _, problem := o.compare(sql); problem != "" {
					seen++
				}
			}
			t.Logf("without the %s, %d cases turn red", name, seen)
			if seen == 0 {
				t.Error("nothing turned red")
			}
		})
	}
}

// viewsHideTheirRows: what a view's own conditions hide is hidden from the person's predicates, too.
func viewsHideTheirRows(t *testing.T, o *oracle) {
	t.Helper()
	for _, sql := range []string{
		"SELECT count(*) FROM v_costly WHERE 1 / (CASE WHEN memo = 'memo 3' THEN 0 ELSE 1 END) > 0",
		"SELECT count(*) FROM v_policy WHERE 1 / (k - 2) IS NOT NULL",
	} {
		result, err := o.h.rewrite(sql)
		if err != nil {
			t.Fatal(err)
		}
		if got := ask(o.raw, result.Statements[0].SQL, true); got.code != "" {
			t.Errorf("%s\nsaw a hidden row: %s %s", sql, got.code, got.bytes)
		}
	}
}

// viewsRefused: nothing is read around the policies, and the refusal does not speak of the definition.
func viewsRefused(t *testing.T, o *oracle) {
	t.Helper()
	for _, table := range o.h.program.Snapshot().Tables() {
		if !strings.HasPrefix(table.Name, "r_") {
			continue
		}
		want := "0A000"
		if table.Name == "r_denied" {
			want = "42501"
		}
		_, err := o.h.rewrite("SELECT 1, v.* FROM " + table.Name + " v")
		if code(err) != want || strings.Contains(err.Error(), "leak") || strings.Contains(err.Error(), "ssn") {
			t.Errorf("%s: %v, want %s", table.Name, err, want)
		}
	}
	found := o.h.rw.UnreadableViews(o.h.program)
	if len(found) != 13 {
		t.Errorf("%d views are reported: %v", len(found), found)
	}
	if _, err := o.h.rewrite("SELECT * FROM customer"); code(err) != "42P01" {
		t.Errorf("a table that is read by views only: %v", err)
	}
}

// viewsReport: the audit learns of the view and of what it reads.
func viewsReport(t *testing.T, o *oracle) {
	t.Helper()
	result, err := o.h.rewrite("SELECT name FROM v_nested")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for i, d := range result.Statements[0].Decisions {
		names = append(names, d.Table.Name+"("+strings.Join(result.Statements[0].Requested[i], ",")+")")
	}
	if got := strings.Join(names, " "); !strings.HasPrefix(got, "v_nested(name) ") || !strings.Contains(got, "customer(") || !strings.Contains(got, "orders(") {
		t.Errorf("reported %s", got)
	}
}
