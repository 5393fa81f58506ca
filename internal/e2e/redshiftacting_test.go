package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/audit"
)

const redshiftActingFiles = `kind: Connection
name: store
engine: redshift
host: 127.0.0.1
port: %[1]d
database: %[2]s
user: %[3]s
password: {env: REDSHIFT_SERVICE}
log: {format: sys, every: 1}
---
kind: PushSettings
name: store
connection: store
user: %[4]s
password: {env: REDSHIFT_SYSTEM}
enforce: views
rolePrefix: story_
impersonation: true
---
kind: User
name: acting_ann
attributes: {country: [FR]}
---
kind: User
name: acting_dan
attributes: {country: [DE]}
impersonate: {users: [acting_ann]}
---
kind: Source
name: store.sales.customer
---
kind: SubscriptionPolicy
name: all
on: {tables: ["store.sales.*"]}
access: read
effect: grant
allow: {anyone: true}
---
kind: DataPolicy
name: home
on: {tables: ["store.sales.customer"]}
rules:
  - rows: "@attributeValuesContains('country', country)"
  - mask: {columns: [phone], null: true}
`

// TestRedshiftActing is the whole story on a stand-in for a Redshift: registered and pushed to by the binary, somebody acts as another there, and what they
// run is on record under both names.
func TestRedshiftActing(t *testing.T) {
	const name, password = "store_acting", "Passw0rd1"
	server := startStandIn(t, name)
	err := server.Exec(t.Context(), "CREATE SCHEMA sales", "CREATE TABLE sales.customer (id integer, country varchar(2), phone varchar(20))", "INSERT INTO sales.customer VALUES (1, 'FR', '1'), (2, 'DE', '2')",
		"CREATE USER acting_service PASSWORD 'Service-1234'", "CREATE USER acting_ann PASSWORD '"+password+"'", "CREATE USER acting_dan PASSWORD '"+password+"'")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("REDSHIFT_SERVICE", "Service-1234")
	t.Setenv("REDSHIFT_SYSTEM", "System-1234")
	t.Setenv("SETUP_URL", server.DSN())
	files := fmt.Sprintf(redshiftActingFiles, server.Port(), name, "acting_service", "acting_system")
	folder := filepath.Join(t.TempDir(), "all.yaml")
	if err := os.WriteFile(folder, []byte(files), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), shared.binary, "register", "--resources", folder, "--setup-env", "SETUP_URL", "--yes").CombinedOutput(); err != nil {
		t.Fatalf("registering: %v\n%s", err, out)
	}
	in, err := startInstance(shared.binary, shared.dir, map[string]string{"all.yaml": files})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := in.stop(); err != nil {
			t.Error(err)
		}
	})
	dan, err := pgconn.Connect(t.Context(), server.URL("acting_dan", password))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = dan.Close(context.WithoutCancel(t.Context())) }()
	const customers = "SELECT id, phone FROM governed_sales.customer"
	ask := func(sql string) string {
		got := dan.ExecParams(t.Context(), sql, nil, nil, nil, nil).Read()
		if got.Err != nil {
			return got.Err.Error()
		}
		var rows []string
		for _, row := range got.Rows {
			rows = append(rows, string(joined(row)))
		}
		return strings.Join(rows, ";")
	}
	defer func() {
		if t.Failed() {
			t.Logf("%s\n%s", ask(customers), in.logText())
		}
	}()
	eventually(t, 30*time.Second, "dan reads his rows", func() bool { return strings.HasPrefix(ask(customers), "2|") })
	if got := ask("CALL postern_procedures.impersonate('acting_ann')"); got != "" {
		t.Fatal(got)
	}
	if got := ask(customers + " -- as ann"); !strings.HasPrefix(got, "1|") {
		t.Fatalf("as ann he reads %s", got)
	}
	if got := ask("CALL postern_procedures.impersonate(NULL)"); got != "" {
		t.Fatal(got)
	}
	if got := ask(customers + " -- himself"); !strings.HasPrefix(got, "2|") {
		t.Fatalf("as himself he reads %s", got)
	}
	var got []string
	eventually(t, 20*time.Second, "what he ran is on record", func() bool {
		got = nil
		for _, e := range records(t, in, func(e audit.Event) bool { return e.Kind == audit.Direct && strings.Contains(e.SQL, " -- ") }) {
			for _, s := range e.Sources {
				got = append(got, fmt.Sprintf("%s as %s: %s %v filtered %t masks %v (%s)", e.Login, e.User, s.Name, s.ColumnsRequested, s.RowFilter, s.Masks, e.Detail))
			}
		}
		return len(got) == 2
	})
	want := []string{"acting_dan as acting_ann: store.sales.customer [id phone] filtered true masks [{phone null}] (acting_dan acts as acting_ann (account acting_ann))",
		"acting_dan as acting_dan: store.sales.customer [id phone] filtered true masks [{phone null}] ()"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if log := in.logText(); !strings.Contains(log, "everybody can create objects in schema public") {
		t.Error("what is open at the warehouse is not in the log at the start")
	}
}
