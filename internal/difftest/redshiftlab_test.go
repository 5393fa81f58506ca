package difftest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/control"
	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/internal/difftest/evaluator"
	"github.com/posternsql/postern/internal/rsconform"
	"github.com/posternsql/postern/internal/rsfake"
	"github.com/posternsql/postern/proxy"
	"github.com/posternsql/postern/push"
	"github.com/posternsql/postern/rewrite"
	"github.com/posternsql/postern/sqlgen"
	"github.com/posternsql/postern/warehouse"
)

// redshiftPassword is that of all accounts of a stand-in for a Redshift.
const redshiftPassword = "Passw0rd-of-all"

// redshiftSite is a stand-in for a Redshift over a database of its own, its accounts, and a proxy in front of it.
type redshiftSite struct {
	postern
	t               testing.TB
	server          *rsfake.Server
	admin           *pgconn.PgConn
	service, system string
	// accounts are those of people, by name. They are called otherwise than the people.
	accounts map[string]string
	syncs    int
}

// redshiftEmpty is a database in which a stand-in has put what it needs, for others to be made of.
const redshiftEmpty = "rsempty"

// redshiftTemplate makes redshiftEmpty once.
func redshiftTemplate(ctx context.Context) error {
	shared.redshift.Do(func() {
		if shared.redshiftErr = shared.cluster.CreateDatabase(ctx, redshiftEmpty); shared.redshiftErr != nil {
			return
		}
		var server *rsfake.Server
		if server, shared.redshiftErr = rsfake.Start(ctx, rsfake.Config{Cluster: shared.cluster, Database: redshiftEmpty}); shared.redshiftErr == nil {
			shared.redshiftErr = server.Close()
		}
	})
	return shared.redshiftErr
}

// newRedshiftSite starts it, with accounts for the people. Accounts belong to the whole cluster, and so have the database's name in theirs.
func newRedshiftSite(t testing.TB, database string, people []string) *redshiftSite {
	t.Helper()
	r := &redshiftSite{t: t, service: database + "_service", system: database + "_system", accounts: map[string]string{}}
	err := redshiftTemplate(t.Context())
	if err == nil {
		err = shared.cluster.Exec(t.Context(), "postgres", "CREATE DATABASE "+database+" TEMPLATE "+redshiftEmpty)
	}
	if err != nil {
		t.Fatal(err)
	}
	if r.server, err = rsfake.Start(t.Context(), rsfake.Config{Cluster: shared.cluster, Database: database}); err != nil {
		t.Fatal(err)
	}
	if r.admin, err = pgconn.Connect(t.Context(), r.server.URL(rsfake.AdminUser, rsfake.AdminPassword)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.close(database) })
	for _, account := range []string{r.service, r.system} {
		r.exec("CREATE USER " + account + " PASSWORD '" + redshiftPassword + "'")
	}
	for _, name := range people {
		r.accounts[name] = database + "_" + name
		r.exec("CREATE USER " + quoted(r.accounts[name]) + " PASSWORD '" + redshiftPassword + "'")
	}
	return r
}

// close drops the database and everything that belongs to the cluster.
func (r *redshiftSite) close(database string) {
	ctx := context.Background()
	_ = r.admin.Close(ctx)
	errs := []error{r.server.Close(), shared.cluster.DropDatabase(ctx, database)}
	drop := "DO $$ DECLARE r name; BEGIN FOR r IN SELECT rolname FROM pg_roles WHERE strpos(rolname, '" + database + "_') > 0 LOOP EXECUTE format('DROP ROLE %I', r); END LOOP; END $$"
	if err := errors.Join(append(errs, shared.cluster.Exec(ctx, "postgres", drop))...); err != nil {
		r.t.Error(err)
	}
}

// exec runs a statement as the administrator, by Redshift's rules.
func (r *redshiftSite) exec(sql string) { r.t.Helper(); run(r.t, r.admin, sql) }

// register installs what `postern register` does.
func (r *redshiftSite) register(tables []warehouse.TableName) {
	r.t.Helper()
	registration := warehouse.RedshiftRegistration{Database: r.server.Database(), Service: r.service, System: r.system, Tables: tables}
	state, err := warehouse.CheckRedshift(r.t.Context(), r.admin, registration)
	if err != nil {
		r.t.Fatal(err)
	}
	if _, err := warehouse.RegisterRedshift(r.t.Context(), r.admin, registration, state); err != nil {
		r.t.Fatal(err)
	}
}

// serveRedshift starts the proxy.
func (r *redshiftSite) serveRedshift(current func() (proxy.State, error), dial func(context.Context, string, map[string]string) (*pgconn.HijackedConn, error)) {
	r.t.Helper()
	rewriter, err := rewrite.New(rewrite.Config{Dialect: sqlgen.Redshift()})
	if err != nil {
		r.t.Fatal(err)
	}
	log, err := audit.Open(audit.Config{Dir: r.t.TempDir()})
	if err != nil {
		r.t.Fatal(err)
	}
	server, err := proxy.New(proxy.Config{
		TLSMode: proxy.TLSOff, Rewriter: rewriter, Audit: log, Current: current, Dial: dial, Engine: func(string) warehouse.Engine { return warehouse.EngineRedshift },
		Cancel: func(context.Context, string, warehouse.Backend) error { return nil },
	})
	if err != nil {
		r.t.Fatal(err)
	}
	r.serve(r.t, server, log)
}

// hijackRedshift dials the warehouse for a session of the proxy.
func hijackRedshift(ctx context.Context, c warehouse.Config, params map[string]string) (*pgconn.HijackedConn, error) {
	conn, err := warehouse.Dial(ctx, c, params)
	if err != nil {
		return nil, err
	}
	if err := conn.SyncConn(ctx); err != nil {
		return nil, errors.Join(err, conn.Close(ctx))
	}
	return conn.Hijack()
}

// redshiftClient logs in somewhere, with nothing that a Redshift does not take.
func redshiftClient(t testing.TB, url string) *client {
	t.Helper()
	conn, err := pgconn.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return &client{conn: conn}
}

// proxied is a person's session through Postern, and direct one with their account.
func (r *redshiftSite) proxied(database, person string) *client {
	return redshiftClient(r.t, fmt.Sprintf("host=%s port=%s dbname=%s user='%s' password='%s' sslmode=disable", host(r.address), port(r.address), database, person, shared.password))
}

func (r *redshiftSite) direct(person string) *client {
	return redshiftClient(r.t, r.server.URL(r.accounts[person], redshiftPassword))
}

func host(address string) string { return address[:strings.LastIndexByte(address, ':')] }
func port(address string) string { return address[strings.LastIndexByte(address, ':')+1:] }

// syncRedshift pushes, and wants the second run to find nothing to do. Each statement has to be one that a Redshift is known to take.
func (r *redshiftSite) syncRedshift(in push.Input, at warehouse.Config) *push.Report {
	r.t.Helper()
	c := push.Config{
		Settings: in.Settings, Log: slog.New(slog.DiscardHandler), Record: func(context.Context, ...audit.Event) error { return nil },
		Dial: func(ctx context.Context) (*pgconn.PgConn, error) { return warehouse.Dial(ctx, at, nil) },
	}
	s, err := push.New(c)
	if err != nil {
		r.t.Fatal(err)
	}
	report, err := s.Sync(r.t.Context(), in)
	if err != nil {
		r.t.Fatal(err)
	}
	again, err := s.Sync(r.t.Context(), in)
	if err != nil || !report.Done || !again.Plan.Empty() {
		r.t.Fatalf("done: %v, %v, %v, again:\n%s", report.Done, err, report.Findings, again.Plan)
	}
	for _, t := range report.Plan.Transactions {
		for _, s := range t.Statements {
			if err := rsconform.Statement(s.SQL); err != nil {
				r.t.Errorf("%v: %s", err, s.SQL)
			}
		}
	}
	for _, f := range report.Findings {
		if f.Kind == push.Blocked || f.Kind == push.NotGoverned {
			r.t.Error(f)
		}
	}
	r.syncs++
	return report
}

// pushedViews are the views of what is pushed, by the names of their tables.
func (r *redshiftSite) pushedViews() (out []string) {
	r.t.Helper()
	results, err := r.admin.Exec(r.t.Context(), "SELECT schemaname || '.' || viewname FROM pg_views WHERE schemaname LIKE '"+push.DefaultSchemaPrefix+"%'").ReadAll()
	if err != nil {
		r.t.Fatal(err)
	}
	for _, row := range results[0].Rows {
		out = append(out, strings.TrimPrefix(string(row[0]), push.DefaultSchemaPrefix))
	}
	return out
}

// redshiftDatabase has generated policies: schema g is raw, and schema copy_NAME what the evaluator says that a person sees.
const redshiftDatabase = "rsgen"

// redshiftHeader is what does not change from set to set.
const redshiftHeader = `kind: Connection
name: wh
engine: redshift
host: 127.0.0.1
port: %d
database: %s
user: %s
password: {env: DIFFTEST_REDSHIFT}
tls: {mode: "off"}
---
kind: PushSettings
name: push
connection: wh
user: %s
password: {env: DIFFTEST_REDSHIFT}
enforce: views
rolePrefix: pushed_%s_
readOnly: true
---
kind: IdentityMapping
name: accounts
connection: wh
users: {%s}
`

// redshiftLaboratory is laboratory on a stand-in for a Redshift.
type redshiftLaboratory struct {
	*redshiftSite
	people map[string]laboratorySessions
	// views are the tables that are read through a view; the others are granted as they are.
	views map[string]bool
}

func newRedshiftLaboratory(t *testing.T) *redshiftLaboratory {
	t.Helper()
	t.Setenv("DIFFTEST_REDSHIFT", redshiftPassword)
	var names []string
	for _, p := range evaluator.Everybody() {
		names = append(names, p.Name)
	}
	l := &redshiftLaboratory{redshiftSite: newRedshiftSite(t, redshiftDatabase, names), people: map[string]laboratorySessions{}}
	l.exec("CREATE SCHEMA g")
	var tables []warehouse.TableName
	for _, table := range evaluator.Tables() {
		l.exec(table.Create("g", table.Rows))
		tables = append(tables, warehouse.TableName{Schema: "g", Name: table.Name})
	}
	l.register(tables)
	var err error
	if l.publisher, err = control.NewPublisher(control.Config{Log: slog.New(slog.DiscardHandler), Reviews: reviews{control.Reviews{}}}); err != nil {
		t.Fatal(err)
	}
	l.serveRedshift(func() (proxy.State, error) { return l.publisher.Current(), nil }, func(ctx context.Context, database string, params map[string]string) (*pgconn.HijackedConn, error) {
		c, found := l.publisher.Current().Connection(database)
		if !found {
			return nil, fmt.Errorf("no connection %q", database)
		}
		return hijackRedshift(ctx, *c, params)
	})
	l.publish(l.t, l.load(evaluator.Set{}))
	for _, name := range names {
		l.people[name] = laboratorySessions{proxied: l.proxied(connectionName, name), direct: l.direct(name), copied: l.direct(name)}
	}
	return l
}

// load reads a set as a file.
func (l *redshiftLaboratory) load(s evaluator.Set) *resource.Set {
	l.t.Helper()
	var mapping []string
	text := ""
	for _, p := range evaluator.Everybody() {
		mapping = append(mapping, p.Name+": "+l.accounts[p.Name])
	}
	for _, t := range evaluator.Tables() {
		text += "---\nkind: Source\nname: wh.g." + t.Name + "\n"
	}
	header := fmt.Sprintf(redshiftHeader, l.server.Port(), l.server.Database(), l.service, l.system, redshiftDatabase, strings.Join(mapping, ", "))
	return loadText(l.t, header+text+everybody()+s.YAML())
}

// sayable reports a set that a Redshift can say: what it cannot is that a mask looks up other tables, and is refused when it is published.
func (l *redshiftLaboratory) sayable(s evaluator.Set) bool {
	l.t.Helper()
	_, err := l.publisher.Publish(l.t.Context(), l.load(s))
	looksUp := false
	for _, d := range s.Data {
		for _, r := range d.Rules {
			looksUp = looksUp || r.Rows == nil && r.Where != nil && strings.Contains(r.Where.SQL(), "SELECT")
		}
	}
	if (err != nil) != looksUp || err != nil && !strings.Contains(err.Error(), "a sub-select in a mask") {
		l.t.Fatalf("published: %v\n%s", err, s.YAML())
	}
	return err == nil
}

// force publishes a set, pushes it over what was there before, and makes the copies. pushed is what is pushed, which a mutation run breaks.
func (l *redshiftLaboratory) force(s, pushed evaluator.Set) {
	l.t.Helper()
	l.publish(l.t, l.load(pushed))
	all := l.publisher.Current().Pushes()
	if len(all) != 1 {
		l.t.Fatalf("%d warehouses to push to", len(all))
	}
	p := all[0]
	in := push.Input{Program: p.Program, Now: time.Now(), Settings: push.Settings{
		Connection: p.Settings.Connection, Database: p.Warehouse.Database, SystemRole: p.Settings.User, ServiceRole: p.ServiceRole, RolePrefix: p.Settings.RolePrefix,
		Enforce: push.Enforce(p.Settings.Enforce), ReadOnly: p.Settings.ReadOnly, Dialect: sqlgen.Redshift(),
	}.WithDefaults()}
	for _, person := range p.People {
		in.People = append(in.People, push.Person{Principal: person.Principal, Account: person.Account})
	}
	l.syncRedshift(in, p.Warehouse)
	l.views = map[string]bool{}
	for _, v := range l.pushedViews() {
		l.views[v] = true
	}
	if s.YAML() != pushed.YAML() {
		l.publish(l.t, l.load(s))
	}
	for _, p := range evaluator.Everybody() {
		copied := "copy_" + p.Name
		l.exec("DROP SCHEMA IF EXISTS " + copied + " CASCADE")
		l.exec("CREATE SCHEMA " + copied)
		for _, table := range evaluator.Tables() {
			if rows, allowed := s.Visible(p, evaluator.Tables(), table); allowed {
				l.exec(table.Create(copied, rows))
			}
		}
		l.exec("GRANT USAGE ON SCHEMA " + copied + " TO " + l.accounts[p.Name])
		l.exec("GRANT SELECT ON ALL TABLES IN SCHEMA " + copied + " TO " + l.accounts[p.Name])
	}
}
