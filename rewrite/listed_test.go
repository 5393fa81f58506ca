package rewrite

import (
	"context"
	"strings"
	"testing"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy"
	wh "github.com/posternsql/postern/warehouse"
)

const ownObjects = `CREATE FUNCTION app.twice(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 2 * $1';
CREATE FUNCTION app.slug(text, sep text DEFAULT '-') RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower(replace($1, '' '', $2))';
CREATE FUNCTION app.many(integer) RETURNS SETOF integer LANGUAGE sql IMMUTABLE AS 'SELECT generate_series(1, $1)';
CREATE AGGREGATE app.total(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '0');
CREATE TYPE app.mood AS ENUM ('calm', 'cross');
CREATE FUNCTION app.near(integer, integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT abs($1 - $2) < 3';
CREATE OPERATOR app.~~~ (LEFTARG = integer, RIGHTARG = integer, FUNCTION = app.near);`

// TestListed: what is listed runs, with the same answers as on a copy that holds only what the person may see, and behind the fence; what is
// not stays refused.
func TestListed(t *testing.T) {
	dsn := load(t, "raw.sql")
	admin := connect(t, dsn, false, nil)
	clean := connect(t, load(t, "raw.sql", "sanitise.sql"), false, nil)
	for _, sql := range []string{ownObjects} {
		for _, got := range []answer{ask(admin, sql, true), ask(clean, sql, true)} {
			if got.code != "" {
				t.Fatal(got.bytes)
			}
		}
	}
	own, err := wh.Own(context.Background(), connect(t, dsn, false, nil))
	if err != nil {
		t.Fatal(err)
	}
	var notices []string
	raw := connect(t, dsn, true, func(text string) { notices = append(notices, text) })
	in := policy.Input{Data: warehousePolicies()[:2], Subscriptions: []policy.SubscriptionPolicy{{Name: "all", On: policy.Selector{Tables: []string{"db.public.*"}},
		Access: policy.AccessRead, Effect: policy.SubscriptionGrant, Allow: policy.Allow{Anyone: true}}}}
	var routines []catalog.Routine
	for _, r := range own.Routines {
		if r.Schema == "app" || r.Name == "leak" {
			routines = append(routines, r)
		}
	}
	var operators []catalog.Named
	for _, op := range own.Operators {
		if op.Schema == "app" {
			operators = append(operators, op)
		}
	}
	h := crawledHarness(t, dsn, in, func(table *catalog.Table) bool {
		return table.Schema == "public" && table.Name != "unregistered" && table.Name != "secret"
	}, damage{})
	// Nothing is listed yet.
	queries := []string{
		"SELECT twice(id), app.slug(name), slug(name, '+') FROM public.customer ORDER BY 1",
		"SELECT app.total(k), count(*) FROM public.customer WHERE app.twice(k) > 4",
		"SELECT id FROM orders WHERE twice(100 / customer_id) >= 0 ORDER BY 1 LIMIT 5",
		"SELECT c.id, m FROM public.customer c, app.many(3) m WHERE c.id < 5 ORDER BY 1, 2",
		"SELECT g.x FROM public.customer c, LATERAL many(c.k) AS g(x) WHERE c.id < 5 ORDER BY 1",
		"SELECT id FROM public.customer WHERE id OPERATOR(app.~~~) 7 ORDER BY 1",
		"SELECT 'calm'::app.mood::text, 'cross'::mood < 'calm'",
		"SELECT count(*) FROM public.customer WHERE public.leak(name)",
	}
	for _, sql := range queries {
		if _, err := h.rewrite(sql); code(err) != "0A000" {
			t.Errorf("%s: %v", sql, err)
		}
	}
	in.Snapshot = h.program.Snapshot().Allow(catalog.NewAllowed(routines, operators, own.Types))
	in.Version = 2
	if h.program, _, err = policy.Compile(in); err != nil {
		t.Fatal(err)
	}
	for _, sql := range queries {
		result, err := h.rewrite(sql)
		if err != nil {
			t.Errorf("%s: %v", sql, err)
			continue
		}
		got := ask(raw, result.Statements[0].SQL, true)
		if strings.Contains(sql, "leak") {
			for _, notice := range notices {
				if strings.Contains(notice, marker) {
					t.Errorf("a hidden value: %s\n%s", notice, result.Statements[0].SQL)
				}
			}
			if len(notices) == 0 {
				t.Error("the function did not run")
			}
			continue
		}
		want := ask(clean, sql, true)
		if got.code != want.code || strings.Join(got.rows, "\n") != strings.Join(want.rows, "\n") || len(want.rows) == 0 {
			t.Errorf("%s\n%s %v\nwant %v %s\n%s", sql, got.code+got.bytes, got.rows, want.code, want.rows, result.Statements[0].SQL)
		}
	}
	for _, sql := range []string{"SELECT app.twice(1, 2)", "SELECT public.leak_eq('a', 'b')", "SELECT 'a' OPERATOR(public.===) 'b'", "SELECT pg_read_file('x')", `SELECT 'x'::public."MARKER_table"`,
		"SELECT (id).twice FROM public.customer", "SELECT customer.twice FROM public.customer", "SELECT ('a'::text).slug"} {
		if _, err := h.rewrite(sql); code(err) != "0A000" && code(err) != "42703" {
			t.Errorf("%s: %v", sql, err)
		}
	}
}
