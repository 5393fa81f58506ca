package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/internal/rsfake"
	"github.com/posternsql/postern/internal/rsfake/rsfaketest"
)

const pushRedshiftResources = `kind: Connection
name: wh
engine: redshift
host: 127.0.0.1
port: %[1]d
database: %[2]s
user: %[3]s
password: {env: REDSHIFT_TEST_SERVICE}
---
kind: PushSettings
name: wh
connection: wh
user: %[4]s
password: {env: REDSHIFT_TEST_SYSTEM}
enforce: views
rolePrefix: %[5]s
---
kind: IdentityMapping
name: accounts
connection: wh
users: {ann: %[6]s, bob: %[7]s}
---
kind: User
name: ann
attributes: {region: [EUROPE]}
---
kind: User
name: bob
attributes: {region: [ASIA]}
---
kind: Source
name: wh.sales.customer
---
kind: Source
name: wh.lake.clicks
---
kind: SubscriptionPolicy
name: all
on: {tables: ["wh.*.*"]}
access: ACCESS
effect: grant
allow: {anyone: true}
---
kind: DataPolicy
name: rows
on: {tables: ["wh.*.*"]}
rules:
  - rows: "@attributeValuesContains('region', region)"
  - mask: {columns: [phone], null: true}
`

// TestPushRedshiftCommands: register, plan, sync, a plan of nothing, the same by a server that runs, and unregister, on a Redshift. Each person reads their rows.
func TestPushRedshiftCommands(t *testing.T) {
	server := rsfaketest.New(t)
	service, system, ann, bob, prefix := pgtest.Name("service"), pgtest.Name("system"), pgtest.Name("ann"), pgtest.Name("bob"), pgtest.Name("p")+"_"
	rsfaketest.Exec(t, server, "CREATE SCHEMA sales", "CREATE TABLE sales.customer (id int, phone varchar(20), region varchar(20))", "CREATE EXTERNAL SCHEMA lake FROM DATA CATALOG DATABASE 'lake' IAM_ROLE default",
		"CREATE EXTERNAL TABLE lake.clicks (id int, region varchar(20), phone varchar(20)) STORED AS PARQUET LOCATION 's3://lake/clicks'", "INSERT INTO sales.customer VALUES (1, '1', 'EUROPE'), (2, '2', 'ASIA')", "INSERT INTO lake.clicks VALUES (3, 'EUROPE', '3'), (4, 'ASIA', '4')")
	for _, account := range []string{service, ann, bob} {
		rsfaketest.Exec(t, server, "CREATE USER "+account+" PASSWORD 'Service-1234'")
	}
	t.Setenv("REDSHIFT_TEST_SERVICE", "Service-1234")
	t.Setenv("REDSHIFT_TEST_SYSTEM", "System-1234")
	t.Setenv("REDSHIFT_TEST_SETUP", server.URL(rsfake.AdminUser, rsfake.AdminPassword))
	folder := t.TempDir()
	write := func(access string) string {
		resources := fmt.Sprintf(pushRedshiftResources, server.Port(), server.Database(), service, system, prefix, ann, bob)
		for name, text := range map[string]string{"postern.yaml": "state: sqlite:state.db\naudit: {dir: audit}\nresources: [resources.yaml]\n", "resources.yaml": strings.Replace(resources, "ACCESS", access, 1)} {
			if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return filepath.Join(folder, "postern.yaml")
	}
	config := write("read")
	try := func(code int, says string, args ...string) {
		t.Helper()
		if got, out, errOut := command(t, "", args...); got != code || !strings.Contains(out+errOut, says) {
			t.Fatalf("postern %v: exit %d\n%s\n%s", args, got, out, errOut)
		}
	}
	try(exitOK, "Registered 2 sources", "register", "-c", config, "--setup-env", "REDSHIFT_TEST_SETUP", "-y")
	try(exitOK, `CREATE VIEW "governed_sales"."customer"`, "plan", "-c", config)
	try(exitOK, "guarantee: sales.customer", "sync", "-c", config)
	try(exitOK, "Nothing to do", "plan", "-c", config)
	for account, want := range map[string]string{ann: "1|3", bob: "2|4"} {
		conn := rsfaketest.Connect(t, server, account, "Service-1234")
		results, err := conn.Exec(t.Context(), "SELECT c.id || '|' || k.id FROM governed_sales.customer c CROSS JOIN governed_lake.clicks k WHERE c.phone IS NULL").ReadAll()
		if err != nil || len(results[0].Rows) != 1 || string(results[0].Rows[0][0]) != want {
			t.Errorf("%s sees %v, %v", account, results, err)
		}
		if _, err := conn.Exec(t.Context(), "SELECT * FROM sales.customer").ReadAll(); err == nil {
			t.Errorf("%s reads the table itself", account)
		}
	}
	redshiftThroughServer(t, config)
	write("write")
	try(exitFailure, "readOnly: true", "plan", "-c", config)
	write("read")
	try(exitOK, "were committed", "unregister", "-c", config, "-y")
	try(exitOK, "taken back", "register", "-c", config, "--remove", "--setup-env", "REDSHIFT_TEST_SETUP", "-y")
	conn := rsfaketest.Connect(t, server, rsfake.AdminUser, rsfake.AdminPassword)
	results, err := conn.Exec(t.Context(), "SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname LIKE 'governed%' OR nspname LIKE 'postern%' UNION ALL SELECT 'role ' || role_name FROM svv_roles WHERE role_name LIKE '"+prefix+"%'").ReadAll()
	if err != nil || len(results[0].Rows) > 0 {
		t.Errorf("there is left: %s, %v", results[0].Rows, err)
	}
}

// redshiftThroughServer: a server keeps it, and answers the commands.
func redshiftThroughServer(t *testing.T, config string) {
	t.Helper()
	stop := serveFor(t, config)
	defer stop()
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"plan", "-c", config}, "Nothing to do"},
		{[]string{"sync", "-c", config, "--connection", "wh", "-o", "yaml"}, "state: done"},
		{[]string{"unregister", "-c", config, "-y"}, "were committed"},
		{[]string{"plan", "-c", config}, `CREATE VIEW "governed_sales"."customer"`},
		{[]string{"sync", "-c", config}, "were committed"},
		{[]string{"plan", "-c", config}, "Nothing to do"},
	} {
		if code, out, errOut := command(t, "", c.args...); code != exitOK || !strings.Contains(out+errOut, c.says) {
			t.Errorf("postern %v with a server: exit %d\n%s\n%s", c.args, code, out, errOut)
		}
	}
}

// serveFor runs a server with a configuration, to which addresses are added, until the function that it returns is called.
func serveFor(t *testing.T, config string) (stop func()) {
	t.Helper()
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	address := freeAddress(t)
	if err := os.WriteFile(config, append(text, []byte("listen: "+freeAddress(t)+"\nadmin: {listen: "+address+"}\n")...), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan int, 1)
	var log lockedText
	go func() { done <- run(ctx, []string{"serve", "-c", config}, streams{out: io.Discard, err: &log}) }()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address); err == nil {
			_ = conn.Close()
			if code, _, _ := command(t, "", "plan", "-c", config); code == exitOK {
				break
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("the server does not answer\n%s", log.String())
		}
	}
	return func() {
		cancel()
		if code := <-done; code != exitOK {
			t.Errorf("serve: exit %d\n%s", code, log.String())
		}
		if err := os.WriteFile(config, text, 0o600); err != nil {
			t.Error(err)
		}
	}
}
