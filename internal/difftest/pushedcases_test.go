package difftest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/proxy"
	"github.com/posternsql/postern/push"
	"github.com/posternsql/postern/rewrite"
	"github.com/posternsql/postern/sqlgen"
	"github.com/posternsql/postern/warehouse"
)

// What has to come of the case files at the least: how many are pushed, and how many answers are compared three ways.
const (
	minimumPushedCases    = 86
	minimumCaseTriples    = 3_500
	minimumCaseRowsShares = 4 // one in so many has rows
)

// caseWarehouse is one case in force, proxied and pushed, in a database of its own.
type caseWarehouse struct {
	postern
	t        testing.TB
	given    *policyCase
	enforce  push.Enforce
	admin    *pgconn.PgConn
	database string
	tables   []warehouse.TableName
	program  *policy.Program
	want     *push.Desired
	// writes has those write who may.
	writes bool
}

// caseState is what the proxy knows of a case.
type caseState struct {
	verifier identity.Verifier
	people   map[string]identity.Principal
	program  *policy.Program
}

func newCaseState(t testing.TB, given *policyCase, program *policy.Program) caseState {
	t.Helper()
	verifier, err := identity.NewVerifier(shared.password, 4096, zeros{})
	if err != nil {
		t.Fatal(err)
	}
	state := caseState{verifier: verifier, people: map[string]identity.Principal{}, program: program}
	for _, p := range given.people {
		state.people[p.Name] = p.principal()
	}
	return state
}

func (s caseState) Verifier(login string) (identity.Verifier, bool) {
	_, known := s.people[login]
	return s.verifier, known
}

func (s caseState) Principal(login string) (identity.Principal, error) { return s.people[login], nil }

func (s caseState) Program(string) (*policy.Program, bool) { return s.program, true }

func (s caseState) Version() uint64 { return 1 }

// caseTally counts what came of the cases.
type caseTally struct {
	enforce                                push.Enforce
	secured                                int // tables with row policies
	pushed, views, native                  int
	compared, withRows, denied, sameErrors int
	refused, notGiven                      []string
}

// TestPushedCases: each case file's policies are pushed into a real warehouse, and each person reads each source directly, by proxy, and from a table that holds
// the rows which the case says. Cases that are not published, and sources that cannot be had directly, are listed with the reason.
func TestPushedCases(t *testing.T) {
	paths, err := filepath.Glob(policyCases)
	if err != nil {
		t.Fatal(err)
	}
	total := caseTally{enforce: push.EnforceViews}
	start := time.Now()
	for i, path := range paths {
		c := readPolicyCase(t, path)
		t.Run(c.name, func(t *testing.T) { runPushedCase(t, c, fmt.Sprintf("case_%d", i), &total) })
	}
	t.Logf("%d case files, %d pushed (%d views, %d tables as they are), %d not published, %d sources not to be had directly; %d comparisons of three: %d with rows, %d denied, %d raised the same error; in %v",
		len(paths), total.pushed, total.views, total.native, len(total.refused), len(total.notGiven), total.compared, total.withRows, total.denied, total.sameErrors, time.Since(start).Round(time.Second))
	for _, reason := range slices.Concat(total.refused, total.notGiven) {
		t.Log(reason)
	}
	if total.pushed < minimumPushedCases || total.compared < minimumCaseTriples || total.withRows < total.compared/minimumCaseRowsShares {
		t.Errorf("at least %d cases have to be pushed, and %d answers compared, one in %d with rows", minimumPushedCases, minimumCaseTriples, minimumCaseRowsShares)
	}
}

func runPushedCase(t *testing.T, c *policyCase, database string, total *caseTally) {
	w := newCaseWarehouse(t, c, database, total.enforce)
	var err error
	w.program, err = c.compile(t, w.crawl())
	if (err != nil) != (c.refused != "") {
		t.Fatalf("published: %v; the case says %q", err, c.refused)
	}
	if err != nil {
		total.refused = append(total.refused, "not published: "+c.name+": "+firstLine(err.Error()))
		return
	}
	if err := w.program.Deferrable(); err != nil {
		total.refused = append(total.refused, "not published for people who connect directly: "+c.name+": "+firstLine(err.Error()))
		return
	}
	w.register()
	if total.enforce == push.EnforceRowSecurity {
		w.own()
	}
	findings := w.push()
	for _, f := range findings {
		switch f.Kind {
		case push.ByView:
		case push.NotGiven:
			total.notGiven = append(total.notGiven, "not given: "+c.name+": "+f.Object+": "+f.Detail)
		case push.NotGoverned, push.Drifted, push.Blocked, push.Guarantee:
			t.Errorf("%s", f)
		}
	}
	w.serveCase()
	total.pushed++
	total.views += len(w.want.Views)
	total.secured += w.secured()
	total.native += len(w.nativeTables())
	for _, p := range c.people {
		w.compare(p, total)
	}
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

func newCaseWarehouse(t *testing.T, c *policyCase, database string, enforce push.Enforce) *caseWarehouse {
	t.Helper()
	w := &caseWarehouse{t: t, given: c, database: database, enforce: enforce}
	if err := shared.cluster.CreateDatabase(t.Context(), database); err != nil {
		t.Fatal(err)
	}
	var err error
	if w.admin, err = pgconn.Connect(t.Context(), shared.cluster.DSN(database)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = w.admin.Close(context.Background())
		if err := shared.cluster.DropDatabase(context.Background(), database); err != nil {
			t.Error(err)
		}
	})
	w.exec(c.setup)
	for _, table := range w.crawl() {
		// Look-ups are read by both homes, whether they are sources or not.
		w.tables = append(w.tables, warehouse.TableName{Schema: table.Schema, Name: table.Name})
	}
	names := []string{serviceRole}
	for _, p := range c.people {
		names = append(names, p.Name)
	}
	for _, name := range names {
		w.exec(fmt.Sprintf("DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = %[2]s) THEN CREATE ROLE %[1]s LOGIN PASSWORD '%[3]s'; END IF; END $$",
			quoted(name), literal(name), shared.password))
	}
	return w
}

func quoted(name string) string  { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

func (w *caseWarehouse) exec(sql string) { w.t.Helper(); run(w.t, w.admin, sql) }

// register installs what the cases' own test installs, with keys that are the same at every run, and the system role.
func (w *caseWarehouse) register() {
	w.t.Helper()
	r := warehouse.Registration{Database: w.database, ServiceRole: serviceRole, Tables: w.tables, Domains: []string{"default", "name", "project"}, Ciphers: true}
	if _, err := warehouse.Register(w.t.Context(), w.admin, r); err != nil {
		w.t.Fatal(err)
	}
	w.exec(`UPDATE postern_functions.keys SET key = '\x01', inner_prefix = pg_catalog.convert_to(domain, 'UTF8'), outer_pad = '\x02'`)
	registerSystem(w.t, w.admin, warehouse.PushRegistration{Database: w.database, SystemRole: systemRole, CreateRoles: true, Tables: w.tables, Write: w.writes})
}

// crawl reads what the setup made, without what is Postern's.
func (w *caseWarehouse) crawl() (out []*catalog.Table) {
	w.t.Helper()
	tables, err := warehouse.Crawl(w.t.Context(), w.admin)
	if err != nil {
		w.t.Fatal(err)
	}
	return tables
}

// push maintains the case, and returns what is to be said of it.
func (w *caseWarehouse) push() []push.Finding {
	w.t.Helper()
	in := push.Input{Program: w.program, Now: time.Now(), Settings: push.Settings{
		Connection: "tpch", Database: w.database, SystemRole: systemRole, ServiceRole: serviceRole, RolePrefix: "cases_", CreateRoles: true, ReadOnly: !w.writes, Enforce: w.enforce,
	}.WithDefaults()}
	for _, p := range w.given.people {
		in.People = append(in.People, push.Person{Principal: p.principal(), Account: p.Name})
		administer(w.t, w.admin, p.Name)
	}
	var err error
	if w.want, err = push.Desire(in); err != nil {
		w.t.Fatal(err)
	}
	report, err := pusher(w.t, in.Settings).Sync(w.t.Context(), in)
	if err != nil {
		w.t.Fatal(err)
	}
	if !report.Done {
		w.t.Fatalf("not everything is pushed: %v", report.Findings)
	}
	return report.Findings
}

// nativeTables are those that people read as they are.
func (w *caseWarehouse) nativeTables() (out []push.Object) {
	for g := range w.want.Grants {
		if g.Object.Kind == push.ObjectTable && !strings.HasPrefix(g.Object.Schema, push.DefaultSchemaPrefix) && !slices.Contains(out, g.Object) {
			out = append(out, g.Object)
		}
	}
	return out
}

// serveCase starts a proxy for the case.
func (w *caseWarehouse) serveCase() {
	w.t.Helper()
	rewriter, err := rewrite.New(rewrite.Config{Dialect: sqlgen.Postgres()})
	if err != nil {
		w.t.Fatal(err)
	}
	log, err := audit.Open(audit.Config{Dir: w.t.TempDir()})
	if err != nil {
		w.t.Fatal(err)
	}
	state := newCaseState(w.t, w.given, w.program)
	server, err := proxy.New(proxy.Config{
		TLSMode: proxy.TLSOff, Rewriter: rewriter, Audit: log, Current: func() (proxy.State, error) { return state, nil },
		Dial: func(ctx context.Context, _ string, params map[string]string) (*pgconn.HijackedConn, error) {
			return hijack(ctx, shared.cluster.URL(serviceRole, shared.password, w.database), params, planner(w.dialed.Add(1)))
		},
		Cancel: func(context.Context, string, warehouse.Backend) error { return nil },
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.serve(w.t, server, log)
}

// hijack dials the warehouse for a session of the proxy.
func hijack(ctx context.Context, url string, params ...map[string]string) (*pgconn.HijackedConn, error) {
	config, err := pgconn.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	for _, p := range params {
		maps.Copy(config.RuntimeParams, p)
	}
	conn, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	if err := conn.SyncConn(ctx); err != nil {
		return nil, errors.Join(err, conn.Close(ctx))
	}
	return conn.Hijack()
}

// compare asks as one person, three ways. Who is connected directly has the search path that was set for the role.
func (w *caseWarehouse) compare(p casePerson, total *caseTally) {
	w.t.Helper()
	schemas := []string{}
	for _, s := range w.given.sources {
		if schema, _ := s.relation(); !slices.Contains(schemas, quoted(schema)) {
			schemas = append(schemas, quoted(schema))
		}
	}
	server := net.JoinHostPort("127.0.0.1", fmt.Sprint(shared.cluster.Port))
	proxied := connectPath(w.t, w.address, "tpch", p.Name, strings.Join(schemas, ", "))
	direct := connectPath(w.t, server, w.database, p.Name, "")
	w.exec("CREATE SCHEMA " + quoted("copy_"+p.Name) + "; GRANT USAGE ON SCHEMA " + quoted("copy_"+p.Name) + " TO " + quoted(p.Name))
	copied := connectPath(w.t, server, w.database, p.Name, quoted("copy_"+p.Name))
	for _, s := range w.given.sources {
		schema, name := s.relation()
		table, found := w.program.Snapshot().Table(schema, name)
		if !found {
			w.t.Fatalf("no source %s", s.Name)
		}
		d := w.program.Decide(policy.BindPrincipal(p.principal()).At(time.Now()), []policy.Want{{Table: table}})[0]
		w.says(p, s.Name, proxied, quoted(schema)+"."+quoted(name))
		if d.Allowed && len(d.Columns) == 0 {
			continue // PostgreSQL has no view without columns.
		}
		if d.Allowed {
			w.copyTo(p, &d, proxied)
		}
		for _, st := range caseQueries(name, &d) {
			how := protocolOf(uint64(total.compared))
			want := copied.ask(w.t.Context(), how, st)
			for way, c := range map[string]*client{"proxied": proxied, "directly": direct} {
				got := c.ask(w.t.Context(), how, st)
				if why := apart(plainTypes(got), plainTypes(want)); why != "" {
					w.t.Errorf("%s %s (%s): %s\n%s", p.Name, way, how, st.sql, why)
				}
			}
			total.compared++
			switch {
			case strings.HasPrefix(want.code, "42P01"):
				total.denied++
			case want.code != "":
				total.sameErrors++
			case len(want.rows) > 0:
				total.withRows++
			}
		}
	}
}

// plainTypes leaves out the identifiers of types that the case made: they are not another in another table, but for row types.
func plainTypes(a answer) answer {
	for i, c := range a.columns {
		a.columns[i] = ownType.ReplaceAllString(c, ":own:")
	}
	return a
}

// says holds what the person reads by proxy against the rows of the case.
func (w *caseWarehouse) says(p casePerson, source string, proxied *client, table string) {
	w.t.Helper()
	results, err := proxied.conn.Exec(w.t.Context(), "SELECT * FROM "+table).ReadAll()
	wanted, visible := w.given.rows[p.Name][source]
	var refused *pgconn.PgError
	switch {
	case !visible && errors.As(err, &refused) && refused.Code == "42P01":
		return
	case err != nil || !visible:
		w.t.Fatalf("%s reads %s: %v; the case says %q", p.Name, source, err, wanted)
	}
	var got []string
	for _, row := range results[0].Rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			if cells[i] = string(cell); cell == nil {
				cells[i] = "NULL"
			}
		}
		got = append(got, strings.Split(strings.Join(cells, " | "), "\n")...)
	}
	slices.Sort(got)
	slices.Sort(wanted)
	if !slices.Equal(got, wanted) {
		w.t.Errorf("%s reads %s\n%q, the case says\n%q", p.Name, source, got, wanted)
	}
}

// copyTo makes a table of what the person was shown, which is what the case says.
func (w *caseWarehouse) copyTo(p casePerson, d *policy.Decision, proxied *client) {
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
	at := quoted("copy_"+p.Name) + "." + quoted(name)
	w.exec(fmt.Sprintf("CREATE TABLE %[1]s AS SELECT %[2]s FROM %[3]s WITH NO DATA; GRANT SELECT ON %[1]s TO %[4]s", at, strings.Join(columns, ", "), quoted(schema)+"."+quoted(name), quoted(p.Name)))
	// A domain may refuse what a mask gives; people see its values as of the type below.
	w.exec(fmt.Sprintf(`DO $$ DECLARE c record; BEGIN FOR c IN SELECT attname, format_type(typbasetype, typtypmod) AS base FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid
		WHERE a.attrelid = %s::regclass AND t.typtype = 'd' LOOP EXECUTE format('ALTER TABLE %%s ALTER COLUMN %%I TYPE %%s', %[1]s, c.attname, c.base); END LOOP; END $$`, literal(at)))
	for _, row := range results[0].Rows {
		values := make([]string, len(row))
		for i, v := range row {
			if values[i] = literal(string(v)); v == nil {
				values[i] = "NULL"
			}
		}
		w.exec("INSERT INTO " + at + " VALUES (" + strings.Join(values, ", ") + ")")
	}
}

// caseQueries are asked of each source. The names of tables are bare: a search path finds what the person is to see.
func caseQueries(table string, d *policy.Decision) (out []statement) {
	at := quoted(table)
	texts := []string{
		"SELECT * FROM " + at, "TABLE " + at, "SELECT count(*) FROM " + at, "SELECT x::text FROM " + at + " AS x", "SELECT x.* FROM " + at + " AS x, " + at + " AS y",
		"WITH w AS (SELECT * FROM " + at + ") SELECT count(*), (SELECT count(*) FROM " + at + ") FROM w", "SELECT EXISTS (SELECT FROM " + at + ")",
		"COPY (SELECT * FROM " + at + ") TO STDOUT",
	}
	for i, c := range d.Columns {
		if i == caseQueryColumns {
			break
		}
		name := "x." + quoted(c.Column.Name)
		texts = append(texts,
			fmt.Sprintf("SELECT %s FROM %s AS x WHERE %[1]s IS NOT NULL", name, at),
			fmt.Sprintf("SELECT %s, count(*) FROM %s AS x GROUP BY 1", name, at),
			fmt.Sprintf("SELECT md5(string_agg(%s::text, ',' ORDER BY %[1]s::text)), count(%[1]s) FROM %s AS x", name, at),
			fmt.Sprintf("SELECT count(*) FROM %s AS x JOIN %[1]s AS y ON %s = y.%s", at, name, quoted(c.Column.Name)),
			fmt.Sprintf("SELECT %s FROM %s AS x WHERE length(%[1]s::text) > 2 ORDER BY %[1]s::text LIMIT 2", name, at),
			fmt.Sprintf("SELECT row_number() OVER (ORDER BY %s::text), %[1]s FROM %s AS x", name, at),
		)
	}
	for _, sql := range texts {
		out = append(out, statement{sql: sql})
	}
	return out
}

// caseQueryColumns bounds the columns of a source that are asked for by name.
const caseQueryColumns = 8
