package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/audit"
)

// TestTwoServersCollect: of two servers that share a state one has on record what somebody runs in the warehouse past them, each statement once; when it is killed
// the other goes on within its 30 seconds, and tells nothing again.
func TestTwoServersCollect(t *testing.T) {
	server, _, _ := startRedshift(t)
	const password = "Passw0rd1"
	if err := server.Exec(t.Context(), "CREATE USER ann PASSWORD '"+password+"'"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Exec(context.WithoutCancel(t.Context()), "DROP USER ann"); err != nil {
			t.Error(err)
		}
	})
	state, more := stateDatabase(t)
	one, two := startStored(t, state, more), startStored(t, state, more)
	o := &operator{t: t, folder: t.TempDir(), servers: []*instance{one, two}}
	o.write("lake.yaml", fmt.Sprintf(redshiftFiles, server.Port(), server.Database(), server.Database()+"_service"))
	o.must(exitOK, "revision 1", "apply", "-f", ".")
	said := 0
	say := func() {
		t.Helper()
		conn, err := pgconn.Connect(t.Context(), server.URL("ann", password))
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			if _, err := conn.Exec(t.Context(), fmt.Sprintf("SELECT 'said %d'", said)).ReadAll(); err != nil {
				t.Fatal(err)
			}
			said++
		}
		if err := conn.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	onRecord := func(in *instance) map[string]int {
		out := map[string]int{}
		err := audit.Search(in.audit, audit.Filter{Kind: audit.Direct}, func(e audit.Event) error {
			if strings.HasPrefix(e.SQL, "SELECT 'said ") {
				out[e.SQL]++
			}
			return nil
		})
		var damaged *audit.DamageError // of the one that was killed
		if err != nil && !errors.As(err, &damaged) {
			t.Fatal(err)
		}
		return out
	}
	say()
	eventually(t, 20*time.Second, "the first are on record", func() bool { return len(onRecord(one))+len(onRecord(two)) == said })
	holder, other := one, two
	if len(onRecord(one)) == 0 {
		holder, other = two, one
	}
	if n := len(onRecord(other)); n > 0 {
		t.Errorf("both collect: %d are on the record of the other", n)
	}
	// They are on record a moment before the state knows it; who is killed between the two, and does not come back, leaves them to be told again (docs/direct-audit.md).
	time.Sleep(2 * time.Second)
	if err := holder.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-holder.done
	killed := time.Now()
	say()
	eventually(t, time.Minute, "the other goes on", func() bool { return len(onRecord(other)) >= 5 })
	t.Logf("the other went on %v after the kill", time.Since(killed).Round(time.Second))
	time.Sleep(2 * time.Second) // two more looks, which read all of it again
	told, again := onRecord(holder), onRecord(other)
	for i := range said {
		sql := fmt.Sprintf("SELECT 'said %d'", i)
		if n := told[sql] + again[sql]; n != 1 {
			t.Errorf("%s is on record %d times", sql, n)
		}
	}
}
