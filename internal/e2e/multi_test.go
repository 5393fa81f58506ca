package e2e

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// TestNothingRunsBeforeARefusal: of several statements in one string, none runs when a later one is refused. PostgreSQL's
// own log is the witness.
func TestNothingRunsBeforeARefusal(t *testing.T) {
	noticeSources(t)
	who := people()[0]
	conn, err := pgconn.Connect(t.Context(), dsn(shared.server, who, "sslmode=disable"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	mark := func(n int) string { return fmt.Sprintf("mark_%d_%d", n, time.Now().UnixNano()) }
	run := func(sql string) (int, error) {
		results, err := conn.Exec(t.Context(), sql).ReadAll()
		return len(results), err
	}

	// The witness sees what does run; otherwise its silence below would mean nothing.
	alone, second := mark(1), mark(2)
	if n, err := run("SELECT '" + alone + "'; SELECT '" + second + "'"); err != nil || n != 2 {
		t.Fatalf("two allowed statements: %d results, %v", n, err)
	}
	eventually(t, 5*time.Second, "PostgreSQL logs an allowed statement", func() bool {
		return shared.log.holds(alone) && shared.log.holds(second)
	})
	for _, denied := range []struct{ sql, code string }{
		{"SELECT * FROM no_such_table", "42P01"}, {"SELECT * FROM pg_catalog.pg_authid", ""},
		{"DROP TABLE customer", "0A000"}, {"SELECT pg_read_file('/etc/passwd')", ""}, {"SELEC 1", "42601"},
	} {
		before := mark(3)
		n, err := run("SELECT '" + before + "'; " + denied.sql)
		var pgErr *pgconn.PgError
		if !errors.As(err, &pgErr) || denied.code != "" && pgErr.Code != denied.code {
			t.Errorf("%s: %v, expected %s", denied.sql, err, denied.code)
		}
		if n != 0 {
			t.Errorf("%s: the statement before it answered", denied.sql)
		}
		// A statement that runs afterwards marks the place up to which the log must have come.
		after := mark(4)
		if _, err := run("SELECT '" + after + "'"); err != nil {
			t.Fatalf("after %s: %v", denied.sql, err)
		}
		eventually(t, 5*time.Second, "PostgreSQL logs the statement after", func() bool { return shared.log.holds(after) })
		if shared.log.holds(before) {
			t.Errorf("%s: the statement before it ran", denied.sql)
		}
	}
}
