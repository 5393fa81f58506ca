package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

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
	setup := fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD 'pw'; CREATE ROLE %s LOGIN PASSWORD 'pw'; CREATE TABLE public.t (id int, note text); INSERT INTO public.t VALUES (1, 'one'), (2, 'two')", service, ann)
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
	write("write")
	if code, out, errOut := command(t, "", "plan", "-c", config); code != exitFailure || !strings.Contains(errOut, "readOnly: true") {
		t.Errorf("a filtered source that may be written to: exit %d\n%s\n%s", code, out, errOut)
	}
	write("read")
	if code, out, errOut := command(t, "", "unregister", "-c", config, "-y"); code != exitOK {
		t.Errorf("unregister: exit %d\n%s\n%s", code, out, errOut)
	}
	if _, err := person.Exec(t.Context(), "SELECT * FROM governed_public.t").ReadAll(); err == nil {
		t.Error("the view is still there")
	}
}
