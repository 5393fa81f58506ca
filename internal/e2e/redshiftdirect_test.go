package e2e

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/audit"
)

// TestRedshiftDirect has on record what somebody runs in the stand-in for a Redshift past the server, once, over a restart, and nothing twice of what
// went through it.
func TestRedshiftDirect(t *testing.T) {
	server, in, certificate := startRedshift(t)
	const password = "Passw0rd1"
	if err := server.Exec(t.Context(), "CREATE USER ann PASSWORD '"+password+"'", "GRANT USAGE ON SCHEMA sales TO ann", "GRANT SELECT ON sales.customer TO ann"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Exec(context.WithoutCancel(t.Context()), "REVOKE ALL ON sales.customer FROM ann", "REVOKE ALL ON SCHEMA sales FROM ann", "DROP USER ann"); err != nil {
			t.Error(err)
		}
	})
	run := func(url, sql string) {
		t.Helper()
		conn, err := pgconn.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Exec(t.Context(), sql).ReadAll(); err != nil {
			t.Fatal(err)
		}
		if err := conn.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	run(fmt.Sprintf("host=%s port=%s user=ann password=%s dbname=lake sslmode=verify-full sslrootcert=%s", in.host, in.port, redshiftPeople, certificate), "SELECT id FROM sales.customer")
	run(server.URL("ann", password), "SELECT TOP 1 phone FROM sales.customer ORDER BY id")
	onRecord := func() map[string]int {
		out := map[string]int{}
		err := audit.Search(in.audit, audit.Filter{Kind: audit.Direct}, func(e audit.Event) error {
			line := e.Login + " is " + e.User + ": " + e.SQL
			for _, s := range e.Sources {
				line += fmt.Sprint(" | ", s.Name, s.ColumnsRequested)
			}
			if e.Program == "" {
				line += " under no known policies"
			}
			out[line]++
			return nil
		})
		var damaged *audit.DamageError
		if err != nil && !errors.As(err, &damaged) {
			t.Fatal(err)
		}
		return out
	}
	first := "ann is ann: SELECT TOP 1 phone FROM sales.customer ORDER BY id | lake.sales.customer[id phone]"
	eventually(t, 20*time.Second, "a direct statement is on record", func() bool { return onRecord()[first] > 0 })
	if err := in.stop(); err != nil {
		t.Fatal(err)
	}
	run(server.URL("ann", password), "SELECT name FROM sales.customer")
	in = restarted(t, in)
	second := "ann is ann: SELECT name FROM sales.customer | lake.sales.customer[name] under no known policies"
	eventually(t, 20*time.Second, "what ran while the server was down is on record", func() bool { return onRecord()[second] > 0 })
	time.Sleep(2 * time.Second) // two more looks, which read all of it again
	if diff := cmp.Diff(map[string]int{first: 1, second: 1}, onRecord()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}
