package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/internal/pgcluster/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// TestPushCommands: register, plan, sync, a plan of nothing, and unregister, from resource files. Policies that cannot be said are refused when they are published.
func TestPushCommands(t *testing.T) {
	cluster := pgtest.Cluster(t)
	service, system, ann, prefix := pgtest.Name("service"), pgtest.Name("system"), pgtest.Name("ann"), pgtest.Name("p")+"_"
	admin, database := newWarehouse(t, fmt.Sprintf("CREATE ROLE %s LOGIN CREATEDB PASSWORD 'pw'; CREATE ROLE %s LOGIN PASSWORD 'pw'; CREATE TABLE public.t (id int, note text); INSERT INTO public.t VALUES (1, 'one'), (2, 'two')", service, ann))
	folder := t.TempDir()
	resources := fmt.Sprintf(`kind: Connection
name: wh
engine: postgres
host: 127.0.0.1
port: %d
database: %s
user: %s
password: {env: PUSH_TEST_PASSWORD}
---
kind: PushSettings
name: wh
connection: wh
user: %s
password: {env: PUSH_TEST_PASSWORD}
enforce: views
rolePrefix: %s
createRoles: true
---
kind: IdentityMapping
name: accounts
connection: wh
users: {ann: %s}
---
kind: User
name: ann
---
kind: Source
name: wh.public.t
---
kind: SubscriptionPolicy
name: all
on: {tables: ["wh.public.*"]}
access: ACCESS
effect: grant
allow: {anyone: true}
---
kind: DataPolicy
name: rows
on: {tables: [wh.public.t]}
rules:
  - rows: id > 1
  - mask: {columns: [note], hash: {}}
`, cluster.Port, database, service, system, prefix, ann)
	config := filepath.Join(folder, "postern.yaml")
	write := func(access string) {
		t.Helper()
		writeFiles(t, folder, map[string]string{"postern.yaml": "state: sqlite:state.db\naudit: {dir: audit}\nresources: [resources.yaml]\n", "resources.yaml": strings.Replace(resources, "ACCESS", access, 1)})
	}
	write("read")
	take(t, config,
		step{[]string{"register", "--setup-env", "PUSH_TEST_SETUP", "-y"}, exitOK, "CREATEROLE"},
		step{[]string{"plan"}, exitOK, "CREATE VIEW governed_public.t"},
		step{[]string{"sync"}, exitOK, "were committed"},
		step{[]string{"plan"}, exitOK, "Nothing to do"},
		step{[]string{"plan", "--connection", "other"}, exitFailure, "no PushSettings"})
	person, err := pgconn.Connect(t.Context(), cluster.URL(ann, "pw", database))
	if err != nil {
		t.Fatal(err)
	}
	defer person.Close(t.Context())
	results, err := person.Exec(t.Context(), "SELECT id, length(note) FROM t").ReadAll()
	if err != nil || len(results[0].Rows) != 1 || string(results[0].Rows[0][0]) != "2" || string(results[0].Rows[0][1]) != "64" {
		t.Errorf("ann sees %v, %v", results, err)
	}
	pushWatched(t, config, person)
	pushThroughServer(t, config)
	server := serve(t, config)
	pushWatched(t, config, person)
	server.stop()
	write("write")
	take(t, config, step{[]string{"plan"}, exitFailure, "readOnly: true"}) // a filtered source that may be written to
	write("read")
	take(t, config,
		step{[]string{"register", "--remove", "--setup-env", "PUSH_TEST_SETUP", "-y"}, exitFailure, `run "postern unregister" first`},
		step{[]string{"unregister", "-y"}, exitOK, "were committed"},
		step{[]string{"register", "--remove", "--print"}, exitOK, "DROP ROLE"},
		step{[]string{"register", "--remove", "--setup-env", "PUSH_TEST_SETUP", "-y"}, exitOK, "The registration was taken back."})
	results, err = admin.Exec(t.Context(), "SELECT count(*) FROM pg_roles WHERE rolname = '"+system+"' UNION ALL SELECT count(*) FROM pg_namespace WHERE nspname ~ '^(postern|governed)_'").ReadAll()
	if err != nil || string(results[0].Rows[0][0])+string(results[0].Rows[1][0]) != "00" {
		t.Errorf("after all was taken back there are still roles or schemas: %v %v", results, err)
	}
	if _, err := person.Exec(t.Context(), "SELECT * FROM governed_public.t").ReadAll(); err == nil {
		t.Error("the view is still there")
	}
}

// pushWatched: where it is to go on, sync brings to the warehouse what changes in the files, by itself or by the server that runs, until it is told to end.
func pushWatched(t *testing.T, config string, person *pgconn.PgConn) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var said lockedText
	done := make(chan int, 1)
	go func() { done <- run(ctx, []string{"sync", "--watch", "-c", config}, streams{out: &said, err: &said}) }()
	file := filepath.Join(filepath.Dir(config), "resources.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ rule, rows string }{{"id > 5", "0"}, {"id > 1", "1"}} {
		for deadline := time.Now().Add(20 * time.Second); !strings.Contains(said.String(), "were committed"); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("the first sync is not told\n%s", said.String())
			}
		}
		writeFiles(t, filepath.Dir(config), map[string]string{"resources.yaml": strings.Replace(string(text), "rows: id > 1", "rows: "+c.rule, 1)})
		for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			results, err := person.Exec(t.Context(), "SELECT count(*) FROM governed_public.t").ReadAll()
			if err == nil && string(results[0].Rows[0][0]) == c.rows {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s is not in the warehouse: %v\n%s", c.rule, err, said.String())
			}
		}
	}
	stop()
	if code := <-done; code != exitOK {
		t.Errorf("watching ends with %d\n%s", code, said.String())
	}
}

// pushThroughServer: while a server runs the commands ask it, by what they find in its configuration, and change nothing themselves.
func pushThroughServer(t *testing.T, config string) {
	t.Helper()
	pushServed(t, config, "has CREATEDB",
		step{[]string{"plan"}, exitOK, "Nothing to do"},
		step{[]string{"sync", "--connection", "wh", "-o", "yaml"}, exitOK, "state: done"},
		step{[]string{"plan", "--server", "ADDRESS"}, exitFailure, "POSTERN_TOKEN"},
		step{[]string{"plan", "--connection", "other"}, exitFailure, "no PushSettings"},
		step{[]string{"unregister", "-y"}, exitOK, "were committed"},
		step{[]string{"plan"}, exitOK, "CREATE VIEW governed_public.t"})
	// A server that starts later leaves it alone, too, until a sync is asked for; the next one maintains it.
	pushServed(t, config, "it is left alone until a sync is asked for")
	pushServed(t, config, "it is left alone until a sync is asked for",
		step{[]string{"plan"}, exitOK, "CREATE VIEW governed_public.t"},
		step{[]string{"sync"}, exitOK, "were committed"},
		step{[]string{"plan"}, exitOK, "Nothing to do"})
	pushServed(t, config, "has CREATEDB", step{[]string{"plan"}, exitOK, "Nothing to do"})
	if code, out, errOut := command(t, "", "audit", "search", "--dir", filepath.Join(filepath.Dir(config), "audit"), "--kind", "admin"); code != exitOK || !strings.Contains(out, "push.unregister.asked") {
		t.Errorf("who asked is not on record: %d %s %s", code, out, errOut)
	}
}

// pushServed runs commands while a server runs, and wants its log to say something in the end.
func pushServed(t *testing.T, config, logs string, steps ...step) {
	t.Helper()
	server := serve(t, config)
	defer server.stop()
	for i := range steps {
		if at := slices.Index(steps[i].args, "ADDRESS"); at >= 0 {
			steps[i].args[at] = "http://" + server.address
		}
	}
	take(t, config, steps...)
	server.logs(t, logs)
}
