package difftest

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/proxy"
	"github.com/posternsql/postern/push"
	"github.com/posternsql/postern/secret"
	"github.com/posternsql/postern/sqlgen"
	"github.com/posternsql/postern/warehouse"
)

// What has to come of the case files on a Redshift at the least.
const (
	minimumRedshiftCases       = 70
	minimumRedshiftCaseTriples = 1_700
)

// redshiftCase is one case file in force on a stand-in for a Redshift. Its tables are made as the file says, by PostgreSQL.
type redshiftCase struct {
	*redshiftSite
	given   *policyCase
	raw     *pgconn.PgConn
	program *policy.Program
	views   map[string]bool
}

// redshiftCaseTally counts what came of the cases.
type redshiftCaseTally struct {
	pushed, views, compared, withRows, denied, differing, leaks int
	refused                                                     []string
}

// TestRedshiftCases: each case file that a Redshift can say is pushed into the stand-in, and each person reads each source through the proxy, with their own account, and from a
// table that holds the rows which the case says.
func TestRedshiftCases(t *testing.T) {
	paths, err := filepath.Glob(policyCases)
	if err != nil {
		t.Fatal(err)
	}
	var total redshiftCaseTally
	start := time.Now()
	for i, path := range paths {
		c := readPolicyCase(t, path)
		t.Run(c.name, func(t *testing.T) { runRedshiftCase(t, c, fmt.Sprintf("rscase%d", i), &total) })
	}
	t.Logf("%d case files, %d pushed into a Redshift's stand-in (%d views), %d refused when they are published; %d comparisons of three: %d with rows, %d denied, %d differing, %d leaks; in %v",
		len(paths), total.pushed, total.views, len(total.refused), total.compared, total.withRows, total.denied, total.differing, total.leaks, time.Since(start).Round(time.Second))
	for _, reason := range total.refused {
		t.Log(reason)
	}
	if total.pushed < minimumRedshiftCases || total.compared < minimumRedshiftCaseTriples || total.withRows < total.compared/4 {
		t.Errorf("at least %d cases have to be pushed, and %d answers compared, one in four with rows", minimumRedshiftCases, minimumRedshiftCaseTriples)
	}
}

func runRedshiftCase(t *testing.T, c *policyCase, database string, total *redshiftCaseTally) {
	if c.refused != "" {
		total.refused = append(total.refused, c.name+": for every warehouse")
		return
	}
	if why := c.notOnRedshift(); why != "" {
		total.refused = append(total.refused, c.name+": "+why)
		return
	}
	var names []string
	for _, p := range c.people {
		names = append(names, p.Name)
	}
	w := &redshiftCase{redshiftSite: newRedshiftSite(t, database, names), given: c, views: map[string]bool{}}
	w.setUp()
	if why := w.compile(); why != "" {
		total.refused = append(total.refused, c.name+": "+why)
		return
	}
	w.push()
	for _, v := range w.pushedViews() {
		w.views[v] = true
	}
	total.pushed, total.views = total.pushed+1, total.views+len(w.views)
	w.serveCase()
	for _, p := range c.people {
		w.compare(p, total)
	}
}

// notOnRedshift says what of the case's tables no Redshift has.
func (c *policyCase) notOnRedshift() string {
	for _, s := range c.sources {
		if strings.ToLower(s.Name) != s.Name {
			return "it folds the capitals of " + s.Name
		}
	}
	if strings.Contains(c.setup, "CREATE COLLATION") {
		return "it has no collations of one's own"
	}
	return ""
}

// redshiftMasks stand in for the Lambda: what PostgreSQL's functions compute, in place of what would call it.
const redshiftMasks = `CREATE OR REPLACE FUNCTION postern_functions.keyed_hash(character varying, character varying) RETURNS character varying LANGUAGE sql STABLE SECURITY DEFINER AS 'SELECT pf_impl.keyed_hash($1::text, $2::text)::varchar';
	CREATE OR REPLACE FUNCTION postern_functions.keyed_draw(character varying, character varying) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER AS 'SELECT pf_impl.keyed_draw($1::text, $2::text)';
	CREATE OR REPLACE FUNCTION postern_functions.protect(character varying, character varying) RETURNS character varying LANGUAGE sql STABLE SECURITY DEFINER AS 'SELECT pf_impl.protect($1::text, $2::text)::varchar';
	CREATE OR REPLACE FUNCTION postern_functions.format_preserving(character varying, character varying, character varying) RETURNS character varying LANGUAGE sql STABLE SECURITY DEFINER AS
		'SELECT pf_impl.format_preserving($1::text, $2::text, $3::text)::varchar';
	DO $$ BEGIN EXECUTE (SELECT string_agg('ALTER FUNCTION ' || oid::regprocedure || ' SET standard_conforming_strings = on', ';')
		FROM pg_proc WHERE pronamespace IN ('postern_functions'::regnamespace, 'pf_impl'::regnamespace) AND prolang = (SELECT oid FROM pg_language WHERE lanname = 'sql')
			OR pronamespace = 'pf_impl'::regnamespace AND strpos(prosrc, chr(92)) > 0); END $$`

// redshiftTypes gives text the length that a Redshift gives it.
const redshiftTypes = `DO $$ DECLARE c record; BEGIN FOR c IN SELECT a.attrelid::regclass AS rel, a.attname AS col FROM pg_attribute AS a JOIN pg_class AS r ON r.oid = a.attrelid JOIN pg_namespace AS n ON n.oid = r.relnamespace
	WHERE r.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema' AND format_type(a.atttypid, a.atttypmod) IN ('text', 'character varying')
	LOOP EXECUTE format('ALTER TABLE %s ALTER COLUMN %I TYPE character varying(256)', c.rel, c.col); END LOOP; END $$`

// sql runs statements as PostgreSQL's superuser.
func (w *redshiftCase) sql(sql string) { w.t.Helper(); run(w.t, w.raw, sql) }

// setUp makes the case's tables, and registers them with the functions of masks, whose keys are the same at every run.
func (w *redshiftCase) setUp() {
	w.t.Helper()
	var err error
	if w.raw, err = pgconn.Connect(w.t.Context(), shared.cluster.DSN(w.server.Database())); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = w.raw.Close(context.Background()) })
	w.sql(w.given.setup)
	w.sql(redshiftTypes)
	tables, err := warehouse.Crawl(w.t.Context(), w.raw)
	if err != nil {
		w.t.Fatal(err)
	}
	var all []warehouse.TableName
	for _, table := range tables {
		all = append(all, warehouse.TableName{Schema: table.Schema, Name: table.Name})
	}
	registration := warehouse.RedshiftRegistration{Database: w.server.Database(), Service: w.service, System: w.system, Tables: all, Lambda: warehouse.RedshiftLambda{Function: "masks", Role: "default"}}
	state, err := warehouse.CheckRedshift(w.t.Context(), w.admin, registration)
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := warehouse.RegisterRedshift(w.t.Context(), w.admin, registration, state); err != nil {
		w.t.Fatal(err)
	}
	r := warehouse.Registration{Database: w.server.Database(), ServiceRole: w.service, Domains: []string{"default", "name", "project"}, Ciphers: true}
	w.sql(strings.ReplaceAll(strings.Join(r.Statements(), ";\n"), "postern_functions", "pf_impl"))
	w.sql(`UPDATE pf_impl.keys SET key = '\x01', inner_prefix = pg_catalog.convert_to(domain, 'UTF8'), outer_pad = '\x02'`)
	w.sql(redshiftMasks)
}

// compile publishes the case over what a Redshift says of its tables; it returns why it cannot be.
func (w *redshiftCase) compile() string {
	w.t.Helper()
	conn, err := warehouse.Dial(w.t.Context(), w.warehouse(w.system), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(w.t.Context()))
	tables, err := warehouse.Crawl(w.t.Context(), conn)
	if err != nil {
		w.t.Fatal(err)
	}
	tables = slices.DeleteFunc(tables, func(table *catalog.Table) bool {
		return strings.HasPrefix(table.Schema, "postern_") || table.Schema == "pf_impl"
	})
	if w.program, err = w.given.compile(w.t, tables); err != nil {
		return firstLine(err.Error())
	}
	if err := w.program.Deferrable(); err != nil {
		return firstLine(err.Error())
	}
	for _, sample := range w.program.Samples() {
		if err := sqlgen.Redshift().Check(&sample); err != nil {
			return err.Error()
		}
	}
	for _, table := range w.program.Snapshot().Tables() {
		d := w.program.Decide(policy.BindDeferred().At(time.Now()), []policy.Want{{Table: table}})[0]
		if d.Allowed {
			if err := sqlgen.Redshift().CheckStored(&d); err != nil {
				return err.Error()
			}
		}
	}
	return ""
}

func (w *redshiftCase) push() {
	w.t.Helper()
	in := push.Input{Program: w.program, Now: time.Now(), Settings: push.Settings{
		Connection: "tpch", Database: w.server.Database(), SystemRole: w.system, ServiceRole: w.service, RolePrefix: "pushed_" + w.server.Database() + "_", ReadOnly: true, Dialect: sqlgen.Redshift(),
	}.WithDefaults()}
	for _, p := range w.given.people {
		in.People = append(in.People, push.Person{Principal: p.principal(), Account: w.accounts[p.Name]})
	}
	w.syncRedshift(in, w.warehouse(w.system))
}

// warehouse is a log-in.
func (w *redshiftCase) warehouse(account string) warehouse.Config {
	return warehouse.Config{Engine: warehouse.EngineRedshift, Host: w.server.Host(), Port: w.server.Port(), Database: w.server.Database(), User: account,
		Credentials: warehouse.Fixed(secret.NewValue(redshiftPassword)), TLS: warehouse.TLS{Mode: warehouse.TLSOff}}
}

func (w *redshiftCase) serveCase() {
	w.t.Helper()
	state := newCaseState(w.t, w.given, w.program)
	w.serveRedshift(func() (proxy.State, error) { return state, nil }, func(ctx context.Context, _ string, params map[string]string) (*pgconn.HijackedConn, error) {
		return hijackRedshift(ctx, w.warehouse(w.service), params)
	})
}

// compare asks as one person, three ways.
func (w *redshiftCase) compare(p casePerson, total *redshiftCaseTally) {
	w.t.Helper()
	proxied, direct, copied := w.proxied("tpch", p.Name), w.direct(p.Name), w.direct(p.Name)
	for _, s := range w.given.sources {
		w.sql("DROP SCHEMA IF EXISTS copy_of CASCADE; CREATE SCHEMA copy_of; GRANT USAGE ON SCHEMA copy_of TO " + quoted(w.accounts[p.Name]))
		schema, name := s.relation()
		table, found := w.program.Snapshot().Table(schema, name)
		if !found {
			w.t.Fatalf("no source %s", s.Name)
		}
		d := w.program.Decide(policy.BindPrincipal(p.principal()).At(time.Now()), []policy.Want{{Table: table}})[0]
		if d.Allowed && len(d.Columns) == 0 {
			continue
		}
		wanted, visible := w.given.rows[p.Name][s.Name]
		if visible != d.Allowed {
			w.t.Fatalf("%s: allowed %t, and the case says %q", s.Name, d.Allowed, wanted)
		}
		if visible {
			w.copyTo(p, &d, proxied, wanted)
		}
		at := schema
		if w.views[s.Name] {
			at = push.DefaultSchemaPrefix + schema
		}
		for i, text := range redshiftCaseQueries(&d) {
			ask := func(c *client, schema string) answer {
				return c.ask(w.t.Context(), protocol(i%2), statement{sql: strings.ReplaceAll(text, "@", quoted(schema)+"."+quoted(name))})
			}
			want := ask(copied, "copy_of")
			for way, got := range map[string]answer{"proxied": ask(proxied, schema), "directly": ask(direct, at)} {
				if why := redshiftApart(got, want); why != "" {
					total.differing++
					w.t.Errorf("%s %s: %s\n%s", p.Name, way, text, why)
				}
			}
			total.compared++
			switch {
			case strings.HasPrefix(want.code, "42"):
				total.denied++
			case len(want.rows) > 0:
				total.withRows++
			}
		}
	}
}

// copyTo makes a table of what the case says that the person sees.
func (w *redshiftCase) copyTo(p casePerson, d *policy.Decision, proxied *client, wanted []string) {
	w.t.Helper()
	schema, name := d.Table.Schema, d.Table.Name
	results, err := proxied.conn.Exec(w.t.Context(), "SELECT * FROM "+quoted(schema)+"."+quoted(name)).ReadAll()
	if err != nil {
		w.t.Fatal(err)
	}
	columns := make([]string, len(d.Columns))
	for i, c := range d.Columns {
		columns[i] = quoted(c.Column.Name)
	}
	at := "copy_of." + quoted(name)
	w.sql(fmt.Sprintf("CREATE TABLE %[1]s AS SELECT %[2]s FROM %[3]s.%[4]s WITH NO DATA; GRANT SELECT ON %[1]s TO %[5]s", at, strings.Join(columns, ", "), quoted(schema), quoted(name), quoted(w.accounts[p.Name])))
	var said []string
	for _, row := range results[0].Rows {
		values, cells := make([]string, len(row)), make([]string, len(row))
		for i, v := range row {
			values[i], cells[i] = literal(string(v)), string(v)
			if v == nil {
				values[i], cells[i] = "NULL", "NULL"
			}
		}
		said = append(said, strings.Split(strings.Join(cells, " | "), "\n")...)
		w.sql("SET standard_conforming_strings = on; INSERT INTO " + at + " VALUES (" + strings.Join(values, ", ") + ")")
	}
	wanted = slices.Clone(wanted)
	slices.Sort(said)
	slices.Sort(wanted)
	if !slices.Equal(said, wanted) {
		w.t.Errorf("%s reads of %s\n%q, the case says\n%q", p.Name, d.Table.QualifiedName(), said, wanted)
	}
}

// redshiftCaseQueries are asked of each source, @.
func redshiftCaseQueries(d *policy.Decision) []string {
	out := []string{"SELECT * FROM @", "SELECT count(*) FROM @", "SELECT x.* FROM @ AS x, @ AS y", "WITH w AS (SELECT * FROM @) SELECT count(*) AS n FROM w"}
	for i, c := range d.Columns {
		if i == caseQueryColumns {
			break
		}
		name := "x." + quoted(c.Column.Name)
		out = append(out,
			fmt.Sprintf("SELECT %s FROM @ AS x WHERE %[1]s IS NOT NULL", name), fmt.Sprintf("SELECT %s, count(*) AS n FROM @ AS x GROUP BY 1", name),
			fmt.Sprintf("SELECT count(*) AS n FROM @ AS x JOIN @ AS y ON %s = y.%s", name, quoted(c.Column.Name)),
		)
	}
	return out
}
