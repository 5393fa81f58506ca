package rewrite

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/internal/rsfake"
	"github.com/posternsql/postern/internal/rsfake/rsfaketest"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/secret"
	"github.com/posternsql/postern/sqlgen"
	wh "github.com/posternsql/postern/warehouse"
)

// redshiftViews are views on the tables of redshiftData that can be read through the proxy: ordinary ones, of which the warehouse tells its own text, and
// late-binding ones, of which it tells their author's.
var redshiftViews = []string{
	"CREATE VIEW sales.v_plain AS SELECT id, name, phone AS telephone, balance, k FROM sales.customer",
	"CREATE VIEW sales.v_where AS SELECT id, name, k FROM sales.customer WHERE name LIKE 'a%' OR k = 2",
	"CREATE VIEW sales.v_group AS SELECT country, count(*) AS n, max(phone) AS p FROM sales.customer GROUP BY country",
	"CREATE VIEW sales.v_computed AS SELECT id, 10 / k AS tenth, date_part(year, born) AS y FROM sales.customer WHERE k > 0",
	"CREATE VIEW sales.v_join AS SELECT c.name, o.total FROM sales.customer c JOIN sales.orders o ON o.customer_id = c.id",
	"CREATE VIEW sales.v_nested AS SELECT telephone, id FROM sales.v_plain",
	"CREATE VIEW sales.v_nation AS SELECT code, 100 / pop AS small FROM sales.nation",
	"CREATE VIEW sales.v_policy AS SELECT id, country, phone FROM sales.customer",
	"CREATE VIEW sales.v_union AS SELECT name FROM sales.customer UNION ALL SELECT title FROM sales.nation",
	"CREATE VIEW sales.v_late AS SELECT top 10 id, nvl(phone, '-') AS phone, '\\\\' || name AS name FROM sales.customer WHERE k IS NOT NULL ORDER BY 1 WITH NO SCHEMA BINDING",
	"CREATE OR REPLACE VIEW sales.v_latest (code, size) AS SELECT code, pop FROM sales.nation MINUS SELECT 'DE', 83 WITH NO SCHEMA BINDING",
	"CREATE VIEW sales.v_star AS SELECT * FROM sales.nation WITH NO SCHEMA BINDING",
}

// redshiftViewsRefused cannot be read, each with the reason that administrators are told.
var redshiftViewsRefused = []struct{ name, create, reason string }{
	{"r_unregistered", "CREATE VIEW sales.r_unregistered AS SELECT o_key FROM part.c_orders", "it reads part.c_orders, which is not registered"},
	{"r_late", "CREATE VIEW sales.r_late AS SELECT o_key FROM part.c_orders WITH NO SCHEMA BINDING", "it reads part.c_orders, which is not registered"},
	{"r_nested", "CREATE VIEW sales.r_nested AS SELECT o_key FROM sales.r_unregistered", "it reads part.c_orders, which is not registered"},
	{"r_hidden", "CREATE VIEW sales.r_hidden AS SELECT ssn FROM sales.customer", "column customer.ssn does not exist"},
	{"r_star", "CREATE VIEW sales.r_star AS SELECT * FROM sales.customer WITH NO SCHEMA BINDING", "the definition has 8 columns instead of 9"},
	{"r_names", "CREATE VIEW sales.r_names (a, b, c, d, e) AS SELECT * FROM sales.nation WITH NO SCHEMA BINDING", "the definition has a list of names and a star, so that a name can come to stand for another column"},
	{"r_catalogue", "CREATE VIEW sales.r_catalogue AS SELECT usename FROM pg_catalog.pg_user WITH NO SCHEMA BINDING", "it reads the catalogues"},
	{"r_function", "CREATE VIEW sales.r_function AS SELECT version() AS v", "function pg_rs_shim.version with 0 arguments is not on Postern's allow-list for Redshift"},
	{"r_condition", "CREATE VIEW sales.r_condition AS SELECT name FROM sales.customer GROUP BY name HAVING 1 / length(name) > 0",
		"a condition that can fail over a table with a row filter is not supported through Postern on Redshift in this place"},
	{"r_guardrail", "CREATE VIEW sales.r_guardrail AS SELECT s FROM sales.secret", ""},
}

// redshiftViewHarness crawls a stand-in and compiles policies over what is found.
func redshiftViewHarness(t testing.TB, server *rsfake.Server, broken damage) *harness {
	t.Helper()
	conn, err := wh.Dial(t.Context(), wh.Config{Engine: wh.EngineRedshift, Host: server.Host(), Port: server.Port(), Database: server.Database(), User: rsfake.AdminUser,
		Credentials: wh.Fixed(secret.NewValue(rsfake.AdminPassword))}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	tables, err := wh.Crawl(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		table.Registered = table.Schema == "sales" || table.Name == "events"
		for i := range table.Columns {
			table.Columns[i].Reviewed = table.Columns[i].Name != "ssn" || table.Name != "customer"
		}
	}
	constant, on := "***", func(table string) policy.Selector { return policy.Selector{Tables: []string{"db.sales." + table}} }
	in := policy.Input{Version: 1,
		Subscriptions: []policy.SubscriptionPolicy{
			{Name: "views", On: policy.Selector{Tables: []string{"db.sales.v_*", "db.sales.r_*", "db.lake.*"}}, Access: policy.AccessRead, Effect: policy.SubscriptionGrant, Allow: policy.Allow{Anyone: true}},
			{Name: "never", On: on("secret"), Access: policy.AccessRead, Effect: policy.SubscriptionGuardrail, Allow: policy.Allow{When: "false"}},
		},
		Data: []policy.DataPolicy{
			{Name: "customer", On: on("customer"), Rules: []policy.Rule{{Rows: "country = 'US'"}, {Mask: &policy.Mask{Columns: []string{"phone"}, Constant: &constant}},
				{Mask: &policy.Mask{Columns: []string{"balance"}, Null: true}}}},
			{Name: "orders", On: on("orders"), Rules: []policy.Rule{{Rows: "customer_id IN (SELECT c.id FROM sales.customer c WHERE c.country = 'US')"}}},
			{Name: "view", On: on("v_policy"), Rules: []policy.Rule{{Rows: "id <> 2"}, {Mask: &policy.Mask{Columns: []string{"country"}, Null: true}}}},
		}}
	return compiledHarness(t, tables, in, sqlgen.Redshift(), broken)
}

// redshiftViewQueries are asked of every view, and some of one.
func redshiftViewQueries() []string {
	var out []string
	for _, create := range redshiftViews {
		_, rest, _ := strings.Cut(create, "sales.")
		name, _, _ := strings.Cut(rest, " ")
		out = append(out, "SELECT * FROM "+name, "SELECT count(*) FROM sales."+name+" v", "SELECT a.* FROM "+name+" a, "+name+" b")
	}
	return append(out,
		"SELECT telephone FROM v_plain WHERE telephone = '***' AND id = 4", "SELECT 10 / k, name FROM v_where WHERE k > 0", "SELECT tenth, y FROM v_computed ORDER BY 1",
		"SELECT id FROM v_computed WHERE id > 1", "SELECT n FROM v_group WHERE country = 'US'", "SELECT v.name, c.id FROM v_join v JOIN customer c ON c.name = v.name",
		"SELECT code FROM v_nation WHERE small < 50", "SELECT code, 1 / (small - 1000) FROM v_nation WHERE 1 / (small - 1000) < 1", "SELECT phone, country FROM v_policy WHERE country IS NULL",
		"SELECT name FROM v_late WHERE phone LIKE '%*'", "SELECT max(size) FROM v_latest GROUP BY code HAVING count(*) > 0", "WITH x AS (SELECT * FROM v_plain) SELECT telephone FROM x",
	)
}

// redshiftViewRuns compares what views give through the rewriter over all rows with what they give over rows that hold only what the person may see.
func redshiftViewRuns(t *testing.T, broken damage) (same int, wrong []string) {
	t.Helper()
	raw, clean := rsfaketest.New(t), rsfaketest.New(t)
	redshiftData(t, raw, false)
	redshiftData(t, clean, true)
	rsfaketest.Exec(t, raw, redshiftViews...)
	rsfaketest.Exec(t, clean, redshiftViews...)
	rsfaketest.Exec(t, clean, "CREATE OR REPLACE VIEW sales.v_policy AS SELECT id, CAST(NULL AS varchar(2)) AS country, phone FROM sales.customer WHERE id <> 2")
	h := redshiftViewHarness(t, raw, broken)
	guarded := rsfaketest.Connect(t, raw, rsfake.AdminUser, rsfake.AdminPassword)
	direct := rsfaketest.Connect(t, clean, rsfake.AdminUser, rsfake.AdminPassword)
	if _, failure := answerOf(t.Context(), direct, "SET search_path TO sales"); failure != "" {
		t.Fatal(failure)
	}
	for _, sql := range redshiftViewQueries() {
		result, err := h.onRedshift(sql)
		if err != nil {
			if strings.Contains(sql, "customer") { // a base table to which nobody is subscribed
				continue
			}
			wrong = append(wrong, fmt.Sprintf("%s: %v", sql, err))
			continue
		}
		sent := result.Statements[0].SQL
		got, failed := answerOf(t.Context(), guarded, sent)
		want, failure := answerOf(t.Context(), direct, sql)
		switch {
		case strings.Contains(strings.Join(got, "\n")+failed, "MARKER"):
			wrong = append(wrong, fmt.Sprintf("%s\nsent %s\nshows a hidden value: %v %s", sql, sent, got, failed))
		case failed != "" || failure != "" || !slices.Equal(got, want):
			wrong = append(wrong, fmt.Sprintf("%s\nsent %s\ngives %v %s\nwant %v %s", sql, sent, got, failed, want, failure))
		default:
			same++
		}
		for _, d := range result.Statements[0].Decisions {
			if d.Table.Name == "v_plain" && !slices.ContainsFunc(result.Statements[0].Decisions, func(d policy.Decision) bool { return d.Table.Name == "customer" }) {
				wrong = append(wrong, sql+": the base table is not among the decisions")
			}
		}
	}
	return same, wrong
}

// TestRedshiftViews reads plain and late-binding views with the policies of the tables beneath, and holds the rows.
func TestRedshiftViews(t *testing.T) {
	same, wrong := redshiftViewRuns(t, damage{})
	for _, what := range wrong {
		t.Error(what)
	}
	t.Logf("%d queries over views gave the rows that they give on what the person may see", same)
	if same < 45 {
		t.Errorf("only %d", same)
	}
}

// TestRedshiftViewsSeeDamage takes filters and masks off: the runs must turn red.
func TestRedshiftViewsSeeDamage(t *testing.T) {
	for _, name := range []string{"filter", "mask"} {
		t.Run(name, func(t *testing.T) {
			if _, wrong := redshiftViewRuns(t, mutations()[name]); len(wrong) == 0 {
				t.Error("nothing turned red")
			}
		})
	}
}

// TestRedshiftViewsRefused holds that a view is not read whose query reads what no policy governs, and what administrators are told.
func TestRedshiftViewsRefused(t *testing.T) {
	server := rsfaketest.New(t)
	redshiftData(t, server, false)
	for _, c := range redshiftViewsRefused {
		rsfaketest.Exec(t, server, c.create)
	}
	rsfaketest.Exec(t, server, redshiftViews...)
	h := redshiftViewHarness(t, server, damage{})
	unreadable := h.rw.UnreadableViews(h.program)
	for table, reason := range unreadable {
		if strings.HasPrefix(table.Name, "v_") {
			t.Errorf("%s: %s", table.Name, reason)
		}
	}
	for _, c := range redshiftViewsRefused {
		result, err := h.onRedshift("SELECT * FROM " + c.name)
		if err == nil || !strings.Contains(err.Error(), c.name) {
			t.Errorf("%s: %v %v", c.name, result, err)
		}
		if strings.Contains(fmt.Sprint(err), "c_orders") {
			t.Errorf("%s tells what the view reads: %v", c.name, err)
		}
		table, _ := h.program.Snapshot().Table("sales", c.name)
		if got := unreadable[table]; got != c.reason {
			t.Errorf("%s: %q, want %q", c.name, got, c.reason)
		}
	}
}

// TestRedshiftViewsConditions holds that no condition runs on rows that something beneath a view hides: nothing there keeps it from them.
func TestRedshiftViewsConditions(t *testing.T) {
	server := rsfaketest.New(t)
	redshiftData(t, server, false)
	rsfaketest.Exec(t, server, redshiftViews...)
	h := redshiftViewHarness(t, server, damage{})
	for _, sql := range []string{
		"SELECT 1 FROM v_plain WHERE 1 / k > 0", "SELECT 1 FROM v_where WHERE 1 / k > 0", "SELECT 1 FROM v_nested WHERE 1 / (id - 3) > 0", "SELECT 1 FROM v_computed WHERE tenth = 1",
		"SELECT 1 FROM v_policy WHERE 1 / (id - 3) > 0", "SELECT 1 FROM v_group WHERE 1 / (n - 1) > 0", "SELECT 1 FROM v_union WHERE CAST(name AS int) = 1", "SELECT 1 FROM v_late WHERE CAST(name AS int) = 1",
		"SELECT 1 FROM (SELECT * FROM v_plain) x WHERE 1 / k > 0", "WITH x AS (SELECT 1 / k AS y FROM v_plain) SELECT 1 FROM x WHERE y = 1", "SELECT 1 FROM v_nation n JOIN v_plain p ON 1 / p.k = n.small",
		"SELECT count(*) FROM v_plain GROUP BY name HAVING 1 / length(name) > 0",
	} {
		if result, err := h.onRedshift(sql); err == nil || !strings.Contains(err.Error(), "a condition that can fail") {
			t.Errorf("%s: %v %v", sql, result, err)
		}
	}
}

// TestRedshiftViewTexts holds definitions that the stand-in cannot make, but a Redshift can.
func TestRedshiftViewTexts(t *testing.T) {
	h := redshiftHarness(t, damage{})
	for _, c := range []struct{ definition, reason string }{
		{`create view "sales"."x" as select "code" from "sales"."nation" with no schema binding;`, ""},
		{"CREATE VIEW sales.x AS (SELECT code FROM sales.nation) WITH NO SCHEMA BINDING ;", ""},
		{" SELECT nation.code FROM sales.nation WHERE (nation.title ~~ 'a%'::text) AND ((nation.title)::text !~~* 'b'::text);", ""},
		{"SELECT nation.code FROM sales.nation WHERE \"date_part\"('year'::text, nation.joined) = 2000 AND date_trunc('month'::text, nation.joined) > nation.joined", ""},
		{"SELECT nation.code FROM sales.nation WHERE nation.title = 'it\\'s\\\\'", ""},
		{"create view x as select code from share.sales.nation with no schema binding", "it reads share.sales.nation of another database, or of a datashare"},
		{"create view x as select code from nation with no schema binding", "it reads the catalogues"},
		{"create view x as select code from sales.nation", "the definition is that of no plain view"},
		{"create view x as select code from sales.nation; drop table t with no schema binding", "the definition is not one query"},
		{"create materialized view x as select code from sales.nation", "the definition is that of no plain view"},
		{"create table x as select code from sales.nation with no schema binding", "the definition is that of no plain view"},
		{"create view x ( as select code from sales.nation with no schema binding", "the definition is that of no plain view"},
		{"create view", "the definition is that of no plain view"},
		{"create view x as with no schema binding", "the definition is that of no plain view"},
		{"delete from sales.nation", "the definition is not one query"},
		{"", "the definition is not one query"}, {";", "the definition is not one query"},
		{"select code from sales.nation where code = 'a\\nb'", `the escape \n in a string is not supported through Postern on Redshift`},
		{"select top 3 title from sales.nation", "column 1 of the definition is title instead of code"},
		{"select code from sales.nation n, n.title", "PartiQL navigation (n.title) is not supported through Postern on Redshift"},
	} {
		table := &catalog.Table{Schema: "sales", Name: "x", Kind: catalog.KindView, Registered: true, Definition: c.definition, Columns: []catalog.Column{{Name: "code", Type: "character varying(2)"}}}
		_, _, refusal, err := h.rw.bodyOf(&Request{Program: h.program, Principal: h.person, Database: "db"}, table, 0)
		got := ""
		if refusal != nil {
			got = refusal.reason
		}
		if c.definition == "" {
			c.reason = "the definition is not known"
		}
		if err != nil || got != c.reason {
			t.Errorf("%s: %q %v, want %q", c.definition, got, err, c.reason)
		}
	}
}
