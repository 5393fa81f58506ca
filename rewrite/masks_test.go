package rewrite

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/sqlgen"
	wh "github.com/posternsql/postern/warehouse"
)

// TestMasksThatLookAtRows runs queries through masks that depend on the row or on other rows: the person's conditions change neither what is
// counted nor what is drawn.
func TestMasksThatLookAtRows(t *testing.T) {
	conn, err := pgconn.Connect(t.Context(), pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	exec := func(sql string) []*pgconn.Result {
		t.Helper()
		out, err := conn.Exec(t.Context(), sql).ReadAll()
		if err != nil {
			t.Fatalf("%v in\n%s", err, sql)
		}
		return out
	}
	role := pgtest.Name("service")
	r := wh.Registration{Database: "postgres", ServiceRole: role, Domains: []string{"default"}}
	exec("CREATE ROLE " + role + ";" + strings.Join(r.Statements(), ";\n") + `; CREATE TABLE public.m (id int PRIMARY KEY, zip text, name text, yes boolean);
		INSERT INTO public.m SELECT i, 'zip' || least(i, 10), 'name' || i, true FROM generate_series(1, 100) AS i`)
	tables, err := wh.Crawl(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		table.Registered = true
		for i := range table.Columns {
			table.Columns[i].Reviewed = true
		}
	}
	snapshot, err := catalog.New(1, "db", tables)
	if err != nil {
		t.Fatal(err)
	}
	on := policy.Selector{Tables: []string{"db.public.m"}}
	program, _, err := policy.Compile(policy.Input{Version: 1, Snapshot: snapshot,
		Subscriptions: []policy.SubscriptionPolicy{{Name: "s", On: on, Access: policy.AccessRead, Effect: policy.SubscriptionGrant, Allow: policy.Allow{Anyone: true}}},
		Data: []policy.DataPolicy{{Name: "d", On: on, Rules: []policy.Rule{
			{Mask: &policy.Mask{Columns: []string{"zip"}, KAnonymity: &policy.KAnonymityMask{K: 2}}},
			{Mask: &policy.Mask{Columns: []string{"name"}, Null: true, Where: "id > 50"}},
			{Mask: &policy.Mask{Columns: []string{"yes"}, Randomized: &policy.RandomizedMask{Values: []string{"true", "false"}, Percent: 50}}},
		}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	rw, err := New(Config{Dialect: sqlgen.Postgres()})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(sql string) string {
		t.Helper()
		result, err := rw.Rewrite(t.Context(), Request{SQL: sql, Program: program, Database: "db", SearchPath: []string{"public"}, Principal: identity.NewPrincipal(identity.Spec{User: "ann"})})
		if err != nil {
			t.Fatalf("%v in %s", err, sql)
		}
		var rows []string
		for _, row := range exec(result.Statements[0].SQL)[0].Rows {
			var cells []string
			for _, cell := range row {
				cells = append(cells, string(cell))
			}
			rows = append(rows, strings.Join(cells, ","))
		}
		return strings.Join(rows, ";")
	}
	for sql, want := range map[string]string{
		"SELECT id, zip FROM m WHERE id IN (9, 10) ORDER BY id":                                   "9,;10,zip10",
		"SELECT zip, count(*) FROM m GROUP BY zip ORDER BY 2":                                     ",9;zip10,91",
		"SELECT count(*) FROM m WHERE zip = 'zip3'":                                               "0",
		"SELECT zip FROM ONLY m WHERE id = 10 LIMIT 1":                                            "zip10",
		"SELECT a.zip FROM m a JOIN m b USING (id) WHERE id = 10 AND b.zip = a.zip":               "zip10",
		"WITH one AS (SELECT * FROM m WHERE id = 10) SELECT zip, name FROM one":                   "zip10,name10",
		"SELECT id, name FROM m WHERE id IN (50, 51) ORDER BY id":                                 "50,name50;51,",
		"SELECT count(*) FROM m WHERE name = 'name51'":                                            "0",
		"SELECT count(*) FROM m a, m b WHERE a.id = b.id AND a.yes <> b.yes":                      "0",
		"SELECT id FROM m WHERE 1 / (CASE WHEN zip IS NULL THEN 1 ELSE id END) >= 0 AND id = 100": "100",
		"SELECT zip FROM m WHERE id = 1 UNION ALL SELECT zip FROM m WHERE id = 100":               ";zip10",
	} {
		if got := ask(sql); got != want {
			t.Errorf("%s: %q, want %q", sql, got, want)
		}
	}
}
