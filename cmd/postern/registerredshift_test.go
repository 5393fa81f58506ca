package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/internal/rsfake"
	"github.com/posternsql/postern/internal/rsfake/rsfaketest"
	"github.com/posternsql/postern/secret"
	"github.com/posternsql/postern/warehouse"
)

// redshiftSetup is a stand-in for a Redshift as a new user finds it, and resource files about it.
type redshiftSetup struct {
	t                       *testing.T
	server                  *rsfake.Server
	service, system, dba    string
	resources               string
	admin                   *pgconn.PgConn
	servicePass, systemPass string
}

const redshiftResources = `kind: Connection
name: dwh
engine: redshift
host: 127.0.0.1
port: %[1]d
database: %[2]s
user: %[3]s
password: {env: REDSHIFT_TEST_SERVICE}
log: {format: sys}
---
kind: PushSettings
name: dwh
connection: dwh
user: %[4]s
password: {env: REDSHIFT_TEST_SYSTEM}
enforce: views
---
kind: Source
name: dwh.sales.customer
---
kind: Source
name: dwh.lake.clicks
---
kind: DataPolicy
name: tokens
on: {tables: ["dwh.*.*"]}
rules:
  - mask: {columns: [phone], hash: {}}
`

func newRedshiftSetup(t *testing.T) *redshiftSetup {
	t.Helper()
	s := &redshiftSetup{t: t, server: rsfaketest.New(t), service: pgtest.Name("service"), system: pgtest.Name("system"), dba: pgtest.Name("dba"), servicePass: "Service-1234", systemPass: "System-1234"}
	rsfaketest.Exec(t, s.server, "CREATE SCHEMA sales", "CREATE TABLE sales.customer (id int, phone varchar(20))", "CREATE EXTERNAL SCHEMA lake FROM DATA CATALOG DATABASE 'lake' IAM_ROLE 'arn:aws:iam::1:role/lake'",
		"CREATE EXTERNAL TABLE lake.clicks (id int, phone varchar(20)) STORED AS PARQUET LOCATION 's3://lake/clicks'", "CREATE USER "+s.dba+" PASSWORD 'Passw0rd1'")
	folder := t.TempDir()
	s.resources = filepath.Join(folder, "resources.yaml")
	if err := os.WriteFile(s.resources, fmt.Appendf(nil, redshiftResources, s.server.Port(), s.server.Database(), s.service, s.system), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("REDSHIFT_TEST_SERVICE", s.servicePass)
	t.Setenv("REDSHIFT_TEST_SYSTEM", s.systemPass)
	t.Setenv("REDSHIFT_TEST_SETUP", s.server.DSN())
	t.Setenv("REDSHIFT_TEST_DBA", s.server.URL(s.dba, "Passw0rd1"))
	s.admin = rsfaketest.Connect(t, s.server, rsfake.AdminUser, rsfake.AdminPassword)
	return s
}

// run runs the program and wants an exit code and words.
func (s *redshiftSetup) run(code int, stdin string, args []string, says ...string) string {
	s.t.Helper()
	got, out, errOut := command(s.t, stdin, append(args, "--resources", s.resources)...)
	for _, want := range says {
		if !strings.Contains(out+errOut, want) {
			s.t.Errorf("postern %v does not say %q", args, want)
		}
	}
	if got != code || s.t.Failed() {
		s.t.Fatalf("postern %v: exit %d, want %d\n%s\n%s", args, got, code, out, errOut)
	}
	return out + errOut
}

// value is the first value of a question that the administrator asks.
func (s *redshiftSetup) value(sql string) string {
	s.t.Helper()
	got := s.admin.ExecParams(s.t.Context(), sql, nil, nil, nil, nil).Read()
	if got.Err != nil {
		s.t.Fatalf("%s: %v", sql, got.Err)
	}
	if len(got.Rows) == 0 {
		return ""
	}
	return string(got.Rows[0][0])
}

// as runs statements as an account and returns the SQLSTATE of the first that is refused.
func (s *redshiftSetup) as(account, password string, statements ...string) string {
	s.t.Helper()
	conn, err := warehouse.Dial(s.t.Context(), warehouse.Config{Engine: warehouse.EngineRedshift, Host: s.server.Host(), Port: s.server.Port(), Database: s.server.Database(), User: account,
		Credentials: warehouse.Fixed(secret.NewValue(password))}, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = conn.Close(s.t.Context()) }()
	for _, sql := range statements {
		if _, err := conn.Exec(s.t.Context(), sql).ReadAll(); err != nil {
			var refused *pgconn.PgError
			if !asPgError(err, &refused) {
				s.t.Fatal(err)
			}
			return refused.Code
		}
	}
	return ""
}

func asPgError(err error, into **pgconn.PgError) bool {
	e, ok := err.(*pgconn.PgError) //nolint:errorlint // as it came
	*into = e
	return ok
}

// TestRegisterRedshift registers as a new user would: what is missing is named, the SQL is shown, nothing runs without a yes, and what ran is least
// privilege. Then all is taken back.
func TestRegisterRedshift(t *testing.T) {
	s := newRedshiftSetup(t)
	setup := []string{"register", "--setup-env", "REDSHIFT_TEST_SETUP", "--lambda", "postern-masks", "--lambda-role", "arn:aws:iam::1:role/postern-caller"}
	s.run(exitOK, "", []string{"register", "--print"}, "CREATE USER", "CREATE SCHEMA postern_system AUTHORIZATION", "GRANT SELECT ON TABLE \"sales\".\"customer\"", "Written without asking the cluster", "SYSLOG ACCESS UNRESTRICTED")
	s.run(exitFailure, "", setup, "account "+s.service+", which is not there")
	rsfaketest.Exec(t, s.server, "CREATE USER "+s.service+" PASSWORD '"+s.servicePass+"'")
	s.run(exitFailure, "", []string{"register", "--setup-env", "REDSHIFT_TEST_DBA"}, "the setup account "+s.dba+" lacks:", "CREATE on database "+s.server.Database()+" WITH GRANT OPTION", "superuser, to give system permissions (CREATE ROLE, ACCESS SYSTEM TABLE)",
		"CREATE USER, to make account "+s.system, "USAGE on schema sales WITH GRANT OPTION", "SELECT on table sales.customer WITH GRANT OPTION", "DELETE on table sales.customer WITH GRANT OPTION", "ALTER USER, for SYSLOG ACCESS")
	s.run(exitFailure, "", slices.Clone(setup[:3]), "masks with a key of tokens need the Lambda's functions", "not confirmed")
	s.run(exitFailure, "n\n", setup, "CREATE EXTERNAL FUNCTION postern_functions.keyed_hash(varchar, varchar)", "not confirmed: nothing was changed")
	if got := s.value("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'postern%'"); got != "0" {
		t.Fatalf("%s schemas are there before a yes", got)
	}
	out := s.run(exitOK, "y\n", setup, "Registered 2 sources.", "everybody can create objects in schema public")
	if strings.Contains(out, s.systemPass) || strings.Contains(out, "sha256|") {
		t.Error("the password is shown")
	}
	s.run(exitOK, "", append(setup, "-y"), "Registered 2 sources.") // again: nothing is made twice
	for sql, want := range map[string]string{
		"SELECT count(*) FROM svv_function_privileges WHERE namespace_name = 'postern_functions' AND identity_type = 'public'": "0",
		"SELECT count(*) FROM svv_schema_privileges WHERE namespace_name LIKE 'postern%' AND identity_type = 'public'":         "0",
		"SELECT syslog_access FROM svv_user_info WHERE user_name = '" + s.service + "'":                                        "UNRESTRICTED",
		"SELECT syslog_access FROM svv_user_info WHERE user_name = '" + s.system + "'":                                         "RESTRICTED",
		"SELECT usesuper FROM pg_user WHERE usename = '" + s.system + "'":                                                      "f",
	} {
		if got := s.value(sql); got != want {
			t.Errorf("%s: %s, want %s", sql, got, want)
		}
	}
	role := pgtest.Name("role")
	for _, c := range []struct{ account, password, sql, code string }{
		{s.system, s.systemPass, "CREATE TABLE postern_system.t (a int)", ""}, {s.system, s.systemPass, "DROP TABLE postern_system.t", ""},
		{s.system, s.systemPass, "CREATE ROLE " + role, ""}, {s.system, s.systemPass, "DROP ROLE " + role, ""}, {s.system, s.systemPass, "CREATE SCHEMA governed_sales", ""}, {s.system, s.systemPass, "DROP SCHEMA governed_sales", ""},
		{s.system, s.systemPass, "SELECT id FROM sales.customer", ""}, {s.system, s.systemPass, "CREATE USER nobody_here PASSWORD DISABLE", "42501"}, {s.system, s.systemPass, "CREATE TABLE sales.t (a int)", "42501"},
		{s.system, s.systemPass, "CREATE TABLE postern_functions.t (a int)", "42501"}, {s.service, s.servicePass, "SELECT id FROM sales.customer", ""}, {s.service, s.servicePass, "DELETE FROM sales.customer", "42501"},
		{s.service, s.servicePass, "CREATE TABLE postern_functions.t (a int)", "42501"}, {s.service, s.servicePass, "SELECT 1 FROM postern_system.t", "42501"}, {s.service, s.servicePass, "SELECT postern_functions.keyed_hash('a', 'b')", "58000"},
		{s.dba, "Passw0rd1", "SELECT postern_functions.keyed_hash('a', 'b')", "42501"},
	} {
		if got := s.as(c.account, c.password, c.sql); got != c.code {
			t.Errorf("%s: %s: %q, want %q", c.account, c.sql, got, c.code)
		}
	}
	s.run(exitOK, "", []string{"register", "--remove", "--setup-env", "REDSHIFT_TEST_SETUP", "-y"}, "DROP USER", "taken back")
	if got := s.value("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'postern%'"); got != "0" {
		t.Errorf("%s schemas are left", got)
	}
	if got := s.value("SELECT count(*) FROM pg_user WHERE usename = '" + s.system + "'"); got != "0" {
		t.Error("the system account is left")
	}
	if got := s.as(s.service, s.servicePass, "SELECT id FROM sales.customer"); got != "42501" {
		t.Errorf("the service account still reads: %s", got)
	}
}

// TestRegisterRedshiftDatashare refuses what is another cluster's, with the reason.
func TestRegisterRedshiftDatashare(t *testing.T) {
	s := newRedshiftSetup(t)
	s.inPostgres("INSERT INTO pg_rs_shim.fact VALUES ('database_type', 'shared')")
	s.run(exitFailure, "", []string{"register", "--setup-env", "REDSHIFT_TEST_SETUP"}, "is a datashare of another cluster", "Register the tables at the cluster that owns them")
	s.inPostgres("UPDATE pg_rs_shim.fact SET name = 'remote schema', value = 'lake'")
	s.run(exitFailure, "", []string{"register", "--setup-env", "REDSHIFT_TEST_SETUP"}, "schema lake is a datashare of another cluster")
}

// TestRegisterRedshiftFoldsCase refuses a database that does not tell capitals apart before anything is made.
func TestRegisterRedshiftFoldsCase(t *testing.T) {
	s := newRedshiftSetup(t)
	s.inPostgres("INSERT INTO pg_rs_shim.fact VALUES ('db_collation', 'case_insensitive')")
	s.run(exitFailure, "", []string{"register", "--setup-env", "REDSHIFT_TEST_SETUP"}, "does not tell capitals apart (COLLATE CASE_INSENSITIVE)")
	if got := s.value("SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname LIKE 'postern_%'"); got != "0" {
		t.Errorf("%s schemas were made", got)
	}
}

// inPostgres runs statements behind the stand-in.
func (s *redshiftSetup) inPostgres(statements ...string) {
	s.t.Helper()
	conn, err := pgconn.Connect(s.t.Context(), pgtest.Cluster(s.t).DSN(s.server.Database()))
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = conn.Close(s.t.Context()) }()
	for _, sql := range statements {
		if _, err := conn.Exec(s.t.Context(), sql).ReadAll(); err != nil {
			s.t.Fatalf("%s: %v", sql, err)
		}
	}
}

// TestUDFs lists functions in Python with the views that use them, and views that call the Lambda.
func TestUDFs(t *testing.T) {
	s := newRedshiftSetup(t)
	rsfaketest.Exec(t, s.server, "CREATE USER "+s.service+" PASSWORD '"+s.servicePass+"'")
	// The stand-in refuses the language, as clusters do by now.
	s.inPostgres("CREATE LANGUAGE plpythonu HANDLER plpgsql_call_handler", "CREATE SCHEMA masks", "CREATE FUNCTION masks.blur(varchar, int) RETURNS varchar LANGUAGE plpythonu IMMUTABLE AS 'return 1'",
		"CREATE FUNCTION masks.unused() RETURNS int LANGUAGE plpythonu AS 'return 1'", "CREATE VIEW sales.bound AS SELECT masks.blur(phone, 2) AS phone FROM sales.customer",
		"CREATE FUNCTION sales.blur(varchar, int) RETURNS varchar LANGUAGE sql IMMUTABLE AS 'SELECT $1'", "CREATE VIEW sales.named AS SELECT sales.blur(phone, 2) AS phone FROM sales.customer",
		"GRANT SELECT ON ALL TABLES IN SCHEMA sales TO "+s.service, "GRANT USAGE ON SCHEMA sales TO "+s.service)
	s.run(exitOK, "y\n", []string{"register", "--setup-env", "REDSHIFT_TEST_SETUP", "--lambda", "f", "--lambda-role", "default"}, "function masks.blur(character varying, integer) is in Python", "sales.bound, sales.named (which names it)",
		"masks.unused() is in Python", "no view that is known of")
	rsfaketest.Exec(t, s.server, "CREATE SCHEMA governed_sales", "CREATE VIEW governed_sales.customer AS SELECT id, postern_functions.keyed_hash('default', phone) AS phone, postern_functions.keyed_hash('default', phone || 'x') AS again FROM sales.customer",
		"CREATE VIEW governed_sales.plain AS SELECT id FROM sales.customer")
	s.run(exitOK, "", []string{"udfs", "--setup-env", "REDSHIFT_TEST_SETUP"}, "Functions in Python: 2", "governed_sales.customer", "2 calls", "Policies whose masks call it, through the proxy too: tokens",
		"others from 11 slices or queries at once on")
	code, out, errOut := command(t, "", "udfs", "--setup-env", "REDSHIFT_TEST_SETUP", "-o", "json", "--concurrency", "2", "--resources", s.resources)
	var report udfReport
	if err := json.Unmarshal([]byte(out), &report); err != nil || code != exitOK {
		t.Fatalf("exit %d: %v\n%s%s", code, err, out, errOut)
	}
	if len(report.Python) != 2 || report.Python[0].Bound[0] != "sales.bound" || len(report.Lambda) != 1 || report.Lambda[0].Calls != 2 || report.Lambda[0].Functions[0] != "keyed_hash" || !strings.Contains(report.Hints[1], "waiting") {
		t.Errorf("the report is %+v", report)
	}
	s.run(exitUsage, "", []string{"udfs", "--concurrency", "0"}, "is not 1 or more")
	s.run(exitUsage, "", []string{"udfs", "--connection", "other"}, "no such Connection of engine redshift")
}
