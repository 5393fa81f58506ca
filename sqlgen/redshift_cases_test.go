package sqlgen

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy"
)

// redshift publishes the case's policies for the same tables as Redshift would declare them. What Check refuses is refused when it is
// published; what it lets pass must print for everybody, and give on a PostgreSQL with shims the same rows as the PostgreSQL text.
func (c *caseFile) redshift(t *testing.T, conn *pgconn.PgConn, snapshot *catalog.Snapshot, got map[string]string) {
	t.Helper()
	snapshot = redshiftSnapshot(t, snapshot)
	program, _, err := policy.Compile(policy.Input{Version: 1, Snapshot: snapshot, Subscriptions: c.subs, Data: c.data, Approvals: c.approvals(), Projects: c.projects()})
	if err != nil {
		got["redshift.refused"] = err.Error() + "\n"
		return
	}
	c.builtinOnRedshift(t, conn, program, got)
	refused := map[string]bool{}
	for _, sample := range program.Samples() {
		if err := Redshift().Check(&sample); err != nil {
			refused[err.Error()+"\n"] = true
		}
	}
	if len(refused) > 0 {
		got["redshift.refused"] = strings.Join(slices.Sorted(maps.Keys(refused)), "")
		return
	}
	for _, p := range c.people {
		var sql, rows strings.Builder
		for _, s := range c.sources {
			schema, name, _ := strings.Cut(s.Name, ".")
			table, _ := snapshot.Table(schema, name)
			d := program.Decide(policy.BindPrincipal(p.principal()).At(c.now), []policy.Want{{Table: table}})[0]
			view, err := Redshift().View(&d)
			if !d.Allowed && err != nil {
				continue
			}
			if !d.Allowed || err != nil {
				t.Fatalf("allowed %t: %v", d.Allowed, err)
			}
			if wanted := d.Filter != nil || strings.Contains(view.SQL, " OVER ("); wanted != (view.Fence == FenceUnproven) {
				t.Errorf("fence %d of %s", view.Fence, view.SQL)
			}
			sql.WriteString(view.SQL + "\n")
			rows.WriteString(s.Name + "\n" + standIn(t, conn, view.SQL))
		}
		got[p.Name+".redshift.sql"] = sql.String()
		if rows.String() != got[p.Name+".rows"] {
			t.Errorf("%s reads\n%sand by the Redshift text\n%s", p.Name, got[p.Name+".rows"], rows.String())
		}
	}
	c.storedOnRedshift(t, conn, program, got)
}

// redshiftSnapshot has the same tables with the types that Redshift gives the same declarations.
func redshiftSnapshot(t *testing.T, from *catalog.Snapshot) *catalog.Snapshot {
	t.Helper()
	var tables []*catalog.Table
	for _, table := range from.Tables() {
		copied := *table
		copied.Columns = slices.Clone(table.Columns)
		for i := range copied.Columns {
			switch col := &copied.Columns[i]; col.Type {
			case "text", "character varying":
				col.Type = "character varying(256)"
			case "numeric":
				col.Type = "numeric(18,0)"
			}
		}
		tables = append(tables, &copied)
	}
	snapshot, err := catalog.New(1, "tpch", tables)
	if err != nil {
		t.Fatal(err)
	}
	return snapshot
}

// shims stand for functions of Redshift's that PostgreSQL does not have, or has with other defaults.
const shims = `CREATE SCHEMA IF NOT EXISTS shim;
	CREATE OR REPLACE FUNCTION shim.getdate() RETURNS timestamp LANGUAGE sql AS 'SELECT now()::timestamp';
	CREATE OR REPLACE FUNCTION shim.dateadd(part text, n numeric, at timestamp) RETURNS timestamp LANGUAGE sql AS 'SELECT at + n * (''1 '' || part)::interval';
	CREATE OR REPLACE FUNCTION shim.datediff(part text, a date, b date) RETURNS bigint LANGUAGE sql AS 'SELECT (b - a)::bigint';
	CREATE OR REPLACE FUNCTION shim.regexp_replace(s text, pattern text, by text) RETURNS text LANGUAGE sql AS
		'SELECT pg_catalog.regexp_replace(s, pattern, by, ''g'')';
	DO $$ BEGIN EXECUTE (SELECT coalesce(string_agg('ALTER FUNCTION ' || oid::regprocedure || ' SET standard_conforming_strings = on', ';'), 'SELECT')
		FROM pg_proc WHERE pronamespace = 'postern_functions'::regnamespace AND strpos(prosrc, chr(92)) > 0); END $$`

// datePart is one that stands without quotes, which PostgreSQL does not know.
var datePart = regexp.MustCompile(`\b(dateadd|datediff)\(([a-z]+), `)

// standIn runs a text of Redshift's on PostgreSQL, with its rule for backslashes.
func standIn(t *testing.T, conn *pgconn.PgConn, sql string) string {
	t.Helper()
	run(t, conn, shims)
	run(t, conn, "SET search_path = shim, pg_catalog, pg_temp; SET standard_conforming_strings = off")
	out := fetch(t, conn, "SELECT * FROM ("+datePart.ReplaceAllString(sql, "$1('$2', ")+") AS v")
	run(t, conn, "SET search_path = pg_catalog, pg_temp; SET standard_conforming_strings = on")
	return out
}
