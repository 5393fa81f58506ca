package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

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
	config := filepath.Join(folder, "postern.yaml")
	write := func(access string) {
		t.Helper()
		resources := fmt.Sprintf(pushRedshiftResources, server.Port(), server.Database(), service, system, prefix, ann, bob)
		writeFiles(t, folder, map[string]string{"postern.yaml": "state: sqlite:state.db\naudit: {dir: audit}\nresources: [resources.yaml]\n", "resources.yaml": strings.Replace(resources, "ACCESS", access, 1)})
	}
	write("read")
	take(t, config,
		step{[]string{"register", "--setup-env", "REDSHIFT_TEST_SETUP", "-y"}, exitOK, "Registered 2 sources"},
		step{[]string{"plan"}, exitOK, `CREATE VIEW "governed_sales"."customer"`},
		step{[]string{"sync"}, exitOK, "guarantee: sales.customer"},
		step{[]string{"plan"}, exitOK, "Nothing to do"})
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
	take(t, config, step{[]string{"plan"}, exitFailure, "readOnly: true"})
	write("read")
	take(t, config,
		step{[]string{"unregister", "-y"}, exitOK, "were committed"},
		step{[]string{"register", "--remove", "--setup-env", "REDSHIFT_TEST_SETUP", "-y"}, exitOK, "taken back"})
	conn := rsfaketest.Connect(t, server, rsfake.AdminUser, rsfake.AdminPassword)
	results, err := conn.Exec(t.Context(), "SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname LIKE 'governed%' OR nspname LIKE 'postern%' UNION ALL SELECT 'role ' || role_name FROM svv_roles WHERE role_name LIKE '"+prefix+"%'").ReadAll()
	if err != nil || len(results[0].Rows) > 0 {
		t.Errorf("there is left: %s, %v", results[0].Rows, err)
	}
}

// redshiftThroughServer: a server keeps it, and answers the commands.
func redshiftThroughServer(t *testing.T, config string) {
	t.Helper()
	defer serve(t, config).stop()
	take(t, config,
		step{[]string{"plan"}, exitOK, "Nothing to do"},
		step{[]string{"sync", "--connection", "wh", "-o", "yaml"}, exitOK, "state: done"},
		step{[]string{"unregister", "-y"}, exitOK, "were committed"},
		step{[]string{"plan"}, exitOK, `CREATE VIEW "governed_sales"."customer"`},
		step{[]string{"sync"}, exitOK, "were committed"},
		step{[]string{"plan"}, exitOK, "Nothing to do"})
}
