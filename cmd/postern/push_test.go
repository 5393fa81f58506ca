package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/internal/pgcluster/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// TestPushCommands: register, plan, sync, a plan of nothing, and unregister, from resource files. Policies that cannot be said are refused when they are published.
func TestPushCommands(t *testing.T) {
	url := pgtest.Database(t)
	cluster := pgtest.Cluster(t)
	admin, err := pgconn.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(t.Context())
	database := url[strings.LastIndex(url, "/")+1:]
	database, _, _ = strings.Cut(database, "?")
	service, system, ann, prefix := pgtest.Name("service"), pgtest.Name("system"), pgtest.Name("ann"), pgtest.Name("p")+"_"
	setup := fmt.Sprintf("CREATE ROLE %s LOGIN CREATEDB PASSWORD 'pw'; CREATE ROLE %s LOGIN PASSWORD 'pw'; CREATE TABLE public.t (id int, note text); INSERT INTO public.t VALUES (1, 'one'), (2, 'two')", service, ann)
	if _, err := admin.Exec(t.Context(), setup).ReadAll(); err != nil {
		t.Fatal(err)
	}
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
	t.Setenv("PUSH_TEST_PASSWORD", "pw")
	t.Setenv("PUSH_TEST_SETUP", url)
	write := func(access string) string {
		config := "state: sqlite:state.db\naudit: {dir: audit}\nresources: [resources.yaml]\n"
		for name, text := range map[string]string{"postern.yaml": config, "resources.yaml": strings.Replace(resources, "ACCESS", access, 1)} {
			if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return filepath.Join(folder, "postern.yaml")
	}
	config := write("read")
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"register", "-c", config, "--setup-env", "PUSH_TEST_SETUP", "-y"}, exitOK, "CREATEROLE"},
		{[]string{"plan", "-c", config}, exitOK, "CREATE VIEW governed_public.t"},
		{[]string{"sync", "-c", config}, exitOK, "were committed"},
		{[]string{"plan", "-c", config}, exitOK, "Nothing to do"},
		{[]string{"plan", "-c", config, "--connection", "other"}, exitFailure, "no PushSettings"},
	} {
		if code, out, errOut := command(t, "", c.args...); code != c.code || !strings.Contains(out+errOut, c.says) {
			t.Fatalf("postern %v: exit %d\n%s\n%s", c.args, code, out, errOut)
		}
	}
	person, err := pgconn.Connect(t.Context(), cluster.URL(ann, "pw", database))
	if err != nil {
		t.Fatal(err)
	}
	defer person.Close(t.Context())
	results, err := person.Exec(t.Context(), "SELECT id, length(note) FROM t").ReadAll()
	if err != nil || len(results[0].Rows) != 1 || string(results[0].Rows[0][0]) != "2" || string(results[0].Rows[0][1]) != "64" {
		t.Errorf("ann sees %v, %v", results, err)
	}
	pushThroughServer(t, config)
	write("write")
	if code, out, errOut := command(t, "", "plan", "-c", config); code != exitFailure || !strings.Contains(errOut, "readOnly: true") {
		t.Errorf("a filtered source that may be written to: exit %d\n%s\n%s", code, out, errOut)
	}
	write("read")
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"register", "--remove", "-c", config, "--setup-env", "PUSH_TEST_SETUP", "-y"}, exitFailure, `run "postern unregister" first`},
		{[]string{"unregister", "-c", config, "-y"}, exitOK, "were committed"},
		{[]string{"register", "--remove", "-c", config, "--print"}, exitOK, "DROP ROLE"},
		{[]string{"register", "--remove", "-c", config, "--setup-env", "PUSH_TEST_SETUP", "-y"}, exitOK, "The registration was taken back."},
	} {
		if code, out, errOut := command(t, "", c.args...); code != c.code || !strings.Contains(out+errOut, c.says) {
			t.Errorf("postern %v: exit %d\n%s\n%s", c.args, code, out, errOut)
		}
	}
	results, err = admin.Exec(t.Context(), "SELECT count(*) FROM pg_roles WHERE rolname = '"+system+"' UNION ALL SELECT count(*) FROM pg_namespace WHERE nspname ~ '^(postern|governed)_'").ReadAll()
	if err != nil || string(results[0].Rows[0][0])+string(results[0].Rows[1][0]) != "00" {
		t.Errorf("after all was taken back there are still roles or schemas: %v %v", results, err)
	}
	if _, err := person.Exec(t.Context(), "SELECT * FROM governed_public.t").ReadAll(); err == nil {
		t.Error("the view is still there")
	}
}

// pushThroughServer: while a server runs the commands ask it, by what they find in its configuration, and change nothing themselves.
func pushThroughServer(t *testing.T, config string) {
	t.Helper()
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := os.WriteFile(config, text, 0o600); err != nil {
			t.Error(err)
		}
	}()
	pushServed(t, config, text, []pushStep{
		{[]string{"plan"}, exitOK, "Nothing to do"},
		{[]string{"sync", "--connection", "wh", "-o", "yaml"}, exitOK, "state: done"},
		{[]string{"plan", "--server", "ADDRESS"}, exitFailure, "POSTERN_TOKEN"},
		{[]string{"plan", "--connection", "other"}, exitFailure, "no PushSettings"},
		{[]string{"unregister", "-y"}, exitOK, "were committed"},
		{[]string{"plan"}, exitOK, "CREATE VIEW governed_public.t"},
	}, "has CREATEDB")
	// A server that starts later leaves it alone, too, until a sync is asked for; the next one maintains it.
	pushServed(t, config, text, nil, "it is left alone until a sync is asked for")
	pushServed(t, config, text, []pushStep{
		{[]string{"plan"}, exitOK, "CREATE VIEW governed_public.t"},
		{[]string{"sync"}, exitOK, "were committed"},
		{[]string{"plan"}, exitOK, "Nothing to do"},
	}, "it is left alone until a sync is asked for")
	pushServed(t, config, text, []pushStep{{[]string{"plan"}, exitOK, "Nothing to do"}}, "has CREATEDB")
	if code, out, errOut := command(t, "", "audit", "search", "--dir", filepath.Join(filepath.Dir(config), "audit"), "--kind", "admin"); code != exitOK || !strings.Contains(out, "push.unregister.asked") {
		t.Errorf("who asked is not on record: %d %s %s", code, out, errOut)
	}
}

// pushStep is a command, and what comes of it.
type pushStep struct {
	args []string
	code int
	says string
}

// pushServed runs commands while a server runs, and wants its log to say something in the end.
func pushServed(t *testing.T, config string, text []byte, steps []pushStep, logs string) {
	t.Helper()
	address := freeAddress(t)
	if err := os.WriteFile(config, append(slices.Clone(text), []byte("listen: "+freeAddress(t)+"\nadmin: {listen: "+address+"}\n")...), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan int, 1)
	var log lockedText
	go func() { done <- run(ctx, []string{"serve", "-c", config}, streams{out: io.Discard, err: &log}) }()
	defer func() {
		stop()
		if code := <-done; code != exitOK {
			t.Errorf("serve: exit %d\n%s", code, log.String())
		}
	}()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address); err == nil {
			_ = conn.Close()
			// It takes up what it maintains when it serves. Before it listens, the command would take the audit log for itself.
			if code, _, _ := command(t, "", "plan", "-c", config); code == exitOK {
				break
			}
		}
		if time.Now().After(deadline) {
			t.Fatal("the server does not answer")
		}
	}
	for _, c := range steps {
		if i := slices.Index(c.args, "ADDRESS"); i >= 0 {
			c.args[i] = "http://" + address
		} else {
			c.args = append(c.args, "-c", config)
		}
		if code, out, errOut := command(t, "", c.args...); code != c.code || !strings.Contains(out+errOut, c.says) {
			t.Errorf("postern %v with a server: exit %d\n%s\n%s", c.args, code, out, errOut)
		}
	}
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(log.String(), logs); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the server does not say %q:\n%s", logs, log.String())
		}
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// lockedText is what a server logs, while it runs.
type lockedText struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lockedText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
