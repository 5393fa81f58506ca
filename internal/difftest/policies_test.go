package difftest

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/control"
	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/internal/difftest/evaluator"
	"github.com/posternsql/postern/proxy"
	"github.com/posternsql/postern/push"
	"github.com/posternsql/postern/rewrite"
	"github.com/posternsql/postern/sqlgen"
	"github.com/posternsql/postern/warehouse"
)

// The database of generated policies: schema g is raw, and schema copy_NAME what the evaluator says that a person sees.
const generatedDatabase = "generated"

// generatedHeader is what does not change from set to set.
const generatedHeader = `kind: Connection
name: wh
engine: postgres
host: 127.0.0.1
port: %d
database: generated
user: difftest_service
password: {env: DIFFTEST_PASSWORD}
---
kind: PushSettings
name: push
connection: wh
user: difftest_system
password: {env: DIFFTEST_PASSWORD}
enforce: %s
createRoles: true
groupRoles: all
readOnly: true
`

// laboratory is a warehouse in which one generated set is in force after the other, with everybody's sessions open all the time.
type laboratory struct {
	postern
	t        testing.TB
	enforce  push.Enforce
	admin    *pgconn.PgConn
	rewriter *rewrite.Rewriter
	people   map[string]laboratorySessions
	syncs    int
	slowest  time.Duration
}

// laboratorySessions are one person's three.
type laboratorySessions struct{ proxied, direct, copied *client }

func newLaboratory(t testing.TB) *laboratory { return newLaboratoryOf(t, push.EnforceViews) }

// newLaboratoryOf has people see their rows by views or by row policies.
func newLaboratoryOf(t testing.TB, enforce push.Enforce) *laboratory {
	t.Helper()
	l := &laboratory{t: t, enforce: enforce, people: map[string]laboratorySessions{}}
	if err := shared.cluster.CreateDatabase(t.Context(), generatedDatabase); err != nil {
		t.Fatal(err)
	}
	var err error
	if l.admin, err = pgconn.Connect(t.Context(), shared.cluster.DSN(generatedDatabase)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = l.admin.Close(context.Background())
		if err := shared.cluster.DropDatabase(context.Background(), generatedDatabase); err != nil {
			t.Error(err)
		}
	})
	l.exec("CREATE SCHEMA g")
	for _, table := range evaluator.Tables() {
		l.exec(table.Create("g", table.Rows))
	}
	for _, p := range evaluator.Everybody() {
		l.exec(fmt.Sprintf("DO $$ BEGIN IF to_regrole('%[1]s') IS NULL THEN CREATE ROLE %[1]s LOGIN PASSWORD '%[2]s'; END IF; END $$", p.Name, shared.password))
	}
	l.exec(fmt.Sprintf("DO $$ BEGIN IF to_regrole('%[1]s') IS NULL THEN CREATE ROLE %[1]s LOGIN PASSWORD '%[2]s'; END IF; END $$", serviceRole, shared.password))
	l.serveGenerated()
	set := l.load(evaluator.Set{}, "")
	registration, err := control.Registration(set, connectionName)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := warehouse.Register(t.Context(), l.admin, registration); err != nil {
		t.Fatal(err)
	}
	system, wanted, err := control.PushRegistration(set, connectionName)
	if err != nil || !wanted {
		t.Fatal(wanted, err)
	}
	if _, err := warehouse.RegisterPush(t.Context(), l.admin, system); err != nil {
		t.Fatal(err)
	}
	if enforce == push.EnforceRowSecurity {
		own(t, l.admin, "g")
	}
	l.publish(l.t, set)
	server := net.JoinHostPort("127.0.0.1", fmt.Sprint(shared.cluster.Port))
	for _, p := range evaluator.Everybody() {
		l.people[p.Name] = laboratorySessions{
			connectPath(t, l.address, connectionName, p.Name, "g"),
			connectPath(t, server, generatedDatabase, p.Name, "governed_g, g"),
			connectPath(t, server, generatedDatabase, p.Name, "copy_"+p.Name),
		}
	}
	return l
}

// serveGenerated starts the proxy, with nothing published.
func (l *laboratory) serveGenerated() {
	l.t.Helper()
	var err error
	if l.publisher, err = control.NewPublisher(control.Config{Log: slog.New(slog.DiscardHandler), Reviews: reviews{control.Reviews{}}}); err != nil {
		l.t.Fatal(err)
	}
	if l.rewriter, err = rewrite.New(rewrite.Config{Dialect: sqlgen.Postgres()}); err != nil {
		l.t.Fatal(err)
	}
	log, err := audit.Open(audit.Config{Dir: l.t.TempDir()})
	if err != nil {
		l.t.Fatal(err)
	}
	server, err := proxy.New(proxy.Config{
		TLSMode: proxy.TLSOff, Rewriter: l.rewriter, Audit: log,
		Current: func() (proxy.State, error) { return l.publisher.Current(), nil }, Dial: l.dial, Cancel: l.cancel,
	})
	if err != nil {
		l.t.Fatal(err)
	}
	l.serve(l.t, server, log)
}

func (l *laboratory) exec(sql string) { l.t.Helper(); run(l.t, l.admin, sql) }

// run runs statements, which must not fail.
func run(t testing.TB, conn *pgconn.PgConn, sql string) {
	t.Helper()
	if _, err := conn.Exec(context.Background(), sql).ReadAll(); err != nil {
		t.Fatalf("%v\n%.2000s", err, sql)
	}
}

// load reads a set as files; more are more resources.
func (l *laboratory) load(s evaluator.Set, more string) *resource.Set {
	l.t.Helper()
	text := fmt.Sprintf(generatedHeader, shared.cluster.Port, l.enforce)
	sources := map[string]string{}
	for _, t := range evaluator.Tables() {
		sources[t.Name] = "---\nkind: Source\nname: wh.g." + t.Name + "\n"
	}
	for name, source := range sources {
		if !strings.Contains(more, "name: wh.g."+name+"\n") {
			text += source
		}
	}
	return loadText(l.t, text+everybody()+s.YAML()+more)
}

// everybody are the people as resources.
func everybody() (text string) {
	for _, p := range evaluator.Everybody() {
		text += "---\nkind: User\nname: " + p.Name + "\npassword: {env: DIFFTEST_PASSWORD}\n"
		if len(p.Groups) > 0 {
			text += "groups: [" + strings.Join(p.Groups, ", ") + "]\n"
		}
		if len(p.Attributes) > 0 {
			text += "attributes:\n"
		}
		for name, values := range p.Attributes {
			text += "  " + name + ": [" + strings.Join(values, ", ") + "]\n"
		}
	}
	return text
}

func loadText(t testing.TB, text string) *resource.Set {
	t.Helper()
	file := filepath.Join(t.TempDir(), "all.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	set, err := resource.Load([]string{file})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return set
}

// force publishes a set, pushes it over what was there before, and makes the copies. pushed is what is pushed, which mutation runs break.
func (l *laboratory) force(s, pushed evaluator.Set) {
	l.t.Helper()
	if pushed.YAML() != s.YAML() {
		l.publish(l.t, l.load(pushed, ""))
		l.sync()
		l.publish(l.t, l.load(s, ""))
	} else {
		l.publish(l.t, l.load(s, ""))
		l.sync()
	}
	var sql strings.Builder
	sql.WriteString("SET client_min_messages = warning;")
	for _, p := range evaluator.Everybody() {
		fmt.Fprintf(&sql, "DROP SCHEMA IF EXISTS copy_%[1]s CASCADE; CREATE SCHEMA copy_%[1]s;\n", p.Name)
		for _, table := range evaluator.Tables() {
			if rows, allowed := s.Visible(p, evaluator.Tables(), table); allowed {
				sql.WriteString(table.Create("copy_"+p.Name, rows))
			}
		}
		fmt.Fprintf(&sql, "GRANT USAGE ON SCHEMA copy_%[1]s TO %[1]s; GRANT SELECT ON ALL TABLES IN SCHEMA copy_%[1]s TO %[1]s;\n", p.Name)
	}
	l.exec(sql.String())
}

// sync pushes what is in force, and wants the second run to find nothing to do.
func (l *laboratory) sync() {
	l.t.Helper()
	s, in := syncerOf(l.t, l.publisher.Current())
	start := time.Now()
	r, err := s.Sync(l.t.Context(), in)
	if err != nil {
		l.t.Fatal(err)
	}
	l.syncs, l.slowest = l.syncs+1, max(l.slowest, time.Since(start))
	again, err := s.Sync(l.t.Context(), in)
	if err != nil || !r.Done || !again.Plan.Empty() {
		l.t.Fatalf("done: %v, %v, again:\n%s", r.Done, err, again.Plan)
	}
	for _, f := range r.Findings {
		if f.Kind == push.Blocked || f.Kind == push.NotGoverned {
			l.t.Error(f)
		}
	}
}

// ask compares all queries for everybody, side by side.
func (l *laboratory) ask(label string, queries []statement, out *tripleTally) {
	var wait sync.WaitGroup
	for name, s := range l.people {
		wait.Go(func() {
			for i, st := range queries {
				how := []protocol{simple, extended, binary}[i%3]
				want, proxied, direct := s.copied.ask(l.t.Context(), how, st), s.proxied.ask(l.t.Context(), how, st), s.direct.ask(l.t.Context(), how, st)
				out.note(want, func(way string, got answer) string {
					if d := apart(got, want); d != "" {
						return fmt.Sprintf("%s, %s %s (%s): %s\n%s", label, name, way, how, st.sql, d)
					}
					return ""
				}, proxied, direct)
			}
		})
	}
	wait.Wait()
}

// apart says how an answer differs from the one that is right. A table that somebody may not see is "not there" through the proxy and "not allowed" directly.
func apart(got, want answer) string {
	denied := func(a answer) bool { return a.code == "42P01" || a.code == "42501" }
	switch {
	case denied(got) && denied(want):
		return ""
	case got.code != want.code:
		return fmt.Sprintf("SQLSTATE %q (%s), want %q (%s)", got.code, got.message, want.code, want.message)
	case want.code != "":
		return ""
	case !slices.Equal(got.columns, want.columns):
		return fmt.Sprintf("columns\n got %v\nwant %v", got.columns, want.columns)
	case !slices.Equal(got.rows, want.rows):
		return "rows\n" + difference(got.rows, want.rows)
	case got.tag != want.tag:
		return fmt.Sprintf("tag %q, want %q", got.tag, want.tag)
	}
	return ""
}

// syncerOf is what pushes a generation, as cmd/postern wires it.
func syncerOf(t testing.TB, g *control.Generation) (*push.Syncer, push.Input) {
	t.Helper()
	all := g.Pushes()
	if len(all) != 1 {
		t.Fatalf("%d warehouses to push to", len(all))
	}
	p := all[0]
	in := push.Input{Program: p.Program, Now: time.Now(), Settings: push.Settings{
		Connection: p.Settings.Connection, Database: p.Warehouse.Database, SystemRole: p.Settings.User, ServiceRole: p.ServiceRole,
		Enforce: push.Enforce(p.Settings.Enforce), CreateRoles: p.Settings.CreateRoles != nil && *p.Settings.CreateRoles, CreateRolesFrom16: p.Settings.CreateRoles == nil, GroupRoles: push.GroupRoles(p.Settings.GroupRoles), GroupRole: p.Settings.GroupRole, ReadOnly: p.Settings.ReadOnly,
	}.WithDefaults()}
	for _, person := range p.People {
		in.People = append(in.People, push.Person{Principal: person.Principal, Account: person.Account})
	}
	s, err := push.New(push.Config{
		Settings: in.Settings, Log: slog.New(slog.DiscardHandler), Record: func(context.Context, ...audit.Event) error { return nil },
		Dial: func(ctx context.Context) (*pgconn.PgConn, error) { return warehouse.Dial(ctx, p.Warehouse, nil) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return s, in
}
