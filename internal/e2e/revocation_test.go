package e2e

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// TestRevocation: what an administrator takes away is gone for the next statement of a session that is open, and for the
// statement that the session prepared while it still was allowed. What is given back is there again.
func TestRevocation(t *testing.T) {
	noticeSources(t)
	files, err := exampleFiles()
	if err != nil {
		t.Fatal(err)
	}
	in, err := startInstance(shared.binary, shared.dir, files)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := in.stop(); err != nil {
			t.Error(err)
		}
	}()
	who := people()[0]
	conn, err := pgconn.Connect(t.Context(), dsn(in, who, "sslmode=disable"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	const query = "SELECT count(*) FROM customer"
	if _, err := conn.Prepare(t.Context(), "kept", query, nil); err != nil {
		t.Fatal(err)
	}
	simple := func() error { _, err := conn.Exec(t.Context(), query).ReadAll(); return err }
	prepared := func() error { return conn.ExecPrepared(t.Context(), "kept", nil, nil, nil).Read().Err }
	for name, ask := range map[string]func() error{"simple": simple, "prepared": prepared} {
		if err := ask(); err != nil {
			t.Fatalf("%s, before: %v", name, err)
		}
	}

	edit(t, in, files, revoke)
	took := publishes(t, in, func() bool { return sqlState(simple()) == "42P01" })
	t.Logf("revoked %v after SIGHUP", took.Round(time.Millisecond))
	if state := sqlState(prepared()); state != "42P01" && state != "42501" {
		t.Errorf("the statement prepared before answers %q", state)
	}

	edit(t, in, files, func(text string) string { return text })
	publishes(t, in, func() bool { return simple() == nil })
	if err := prepared(); err != nil {
		t.Errorf("the statement prepared before is not back: %v", err)
	}

	// Less than all is taken away: the same prepared statement now counts fewer rows.
	count := func() string {
		result := conn.ExecPrepared(t.Context(), "kept", nil, nil, nil).Read()
		if result.Err != nil || len(result.Rows) != 1 {
			t.Fatalf("counting: %v", result.Err)
		}
		return string(result.Rows[0][0]) + "\n"
	}
	if got, want := count(), rawCount(t, "'EUROPE', 'ASIA'"); got != want {
		t.Errorf("counts %s, expected %s", got, want)
	}
	edit(t, in, files, func(text string) string { return strings.Replace(text, "[EUROPE, ASIA]", "[EUROPE]", 1) })
	europe := rawCount(t, "'EUROPE'")
	publishes(t, in, func() bool { return count() == europe })

	// A saved file is enough, only slower: the server looks at its files, and waits until they have come to rest.
	edit(t, in, files, func(text string) string { return strings.Replace(text, "[EUROPE, ASIA]", "[ASIA]", 1) })
	saved, asia := time.Now(), rawCount(t, "'ASIA'")
	eventually(t, 5*time.Second, "a saved file is published", func() bool { return publications(in) == 5 && count() == asia })
	t.Logf("published %v after the file was saved", time.Since(saved).Round(time.Millisecond))
}

func rawCount(t *testing.T, regions string) string {
	return rawAnswer(t, `SELECT count(*) FROM customer, nation, region
		WHERE n_nationkey = c_nationkey AND r_regionkey = n_regionkey AND r_name IN (`+regions+`)`)
}

// edit rewrites all resource files of the server.
func edit(t *testing.T, in *instance, files map[string]string, change func(string) string) {
	t.Helper()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(in.policies, name), []byte(change(text)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// publishes sends SIGHUP and waits until the change shows. How soon that is, is the business of the bench.
func publishes(t *testing.T, in *instance, shows func() bool) time.Duration {
	t.Helper()
	told, before := time.Now(), publications(in)
	if err := in.reload(); err != nil {
		t.Fatal(err)
	}
	// A statement that is under way when the change comes is cut, and its session may end: here nothing is asked meanwhile.
	for publications(in) == before || !shows() {
		if time.Since(told) > 15*time.Second {
			t.Fatalf("the change does not show:\n%s", in.logText())
		}
		time.Sleep(5 * time.Millisecond)
	}
	return time.Since(told)
}

// publications counts how often the server has put something in force.
func publications(in *instance) int { return strings.Count(in.logText(), `"msg":"published"`) }

// sqlState is the code of a server's error, or what else the error is.
func sqlState(err error) string {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		return pgErr.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// revoke takes the first person out of the group that lets her read the sales tables.
func revoke(text string) string {
	return strings.Replace(text, "groups: [analysts]", "groups: [former]", 1)
}
