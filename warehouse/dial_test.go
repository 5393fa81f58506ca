package warehouse_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/secret"
	"github.com/posternsql/postern/warehouse"
)

func closeConn(t testing.TB, conn *pgconn.PgConn) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := conn.Close(ctx); err != nil {
		t.Error(err)
	}
}

func TestConfigValidate(t *testing.T) {
	good := warehouse.Config{Engine: warehouse.EnginePostgres, Host: "db.example.com", Port: 5432, Database: "d", User: "u"}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	bad := warehouse.Config{
		Engine: "oracle", Host: "a,b", Port: 70000, ConnectTimeout: -1,
		TLS: warehouse.TLS{Mode: "prefer", CAFile: "x"},
	}
	err := bad.Validate()
	for _, want := range []string{"oracle", "a,b", "70000", "database", "user", "prefer", "timeout", "verify-full"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %q", err, want)
		}
	}
	if (warehouse.Config{}).Validate() == nil {
		t.Error("the zero Config must be refused")
	}
}

func TestTLSDefault(t *testing.T) {
	for host, want := range map[string]warehouse.TLSMode{
		"127.0.0.1": warehouse.TLSOff, "127.9.9.9": warehouse.TLSOff, "::1": warehouse.TLSOff, "localhost": warehouse.TLSOff,
		"::ffff:127.0.0.1": warehouse.TLSOff, "/run/postgresql": warehouse.TLSOff,
		"10.0.0.1": warehouse.TLSVerifyFull, "db": warehouse.TLSVerifyFull, "localhost.example.com": warehouse.TLSVerifyFull,
		"127.0.0.1.example.com": warehouse.TLSVerifyFull, "": warehouse.TLSVerifyFull,
	} {
		if got := (warehouse.Config{Host: host}).TLSMode(); got != want {
			t.Errorf("%q: %q, want %q", host, got, want)
		}
	}
}

// TestDialIgnoresTheEnvironment sets every PG* variable to something that would either fail or be seen in the session.
func TestDialIgnoresTheEnvironment(t *testing.T) {
	c := configOf(t, pgtest.Database(t))
	home := t.TempDir()
	t.Setenv("HOME", home)
	if err := os.WriteFile(filepath.Join(home, ".pgpass"), []byte("*:*:*:*:wrong\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]string{
		"PGHOST": "192.0.2.1", "PGPORT": "1", "PGDATABASE": "nope", "PGUSER": "nope", "PGPASSWORD": "nope",
		"PGPASSFILE": "/nope", "PGAPPNAME": "leaked", "PGCONNECT_TIMEOUT": "bad", "PGSSLMODE": "verify-full",
		"PGSSLKEY": "/nope", "PGSSLCERT": "/nope", "PGSSLCERTMODE": "bad", "PGSSLSNI": "bad", "PGSSLROOTCERT": "/nope",
		"PGSSLPASSWORD": "nope", "PGSSLNEGOTIATION": "direct", "PGTARGETSESSIONATTRS": "bad", "PGSERVICE": "nope",
		"PGSERVICEFILE": "/nope", "PGTZ": "Asia/Tokyo", "PGOPTIONS": "-c search_path=leaked", "PGMINPROTOCOLVERSION": "3.2",
		"PGMAXPROTOCOLVERSION": "bad", "PGCHANNELBINDING": "require", "PGREQUIREAUTH": "none",
	} {
		t.Setenv(name, v)
	}
	conn := dial(t, c)
	for setting, want := range map[string]string{
		"application_name": "", "TimeZone": "UTC", "search_path": `"$user", public`,
	} {
		if got := value(t, conn, "SELECT current_setting($1)", setting); got != want {
			t.Errorf("%s is %q, want %q", setting, got, want)
		}
	}
	if got := value(t, conn, "SELECT current_database()"); got != c.Database {
		t.Errorf("database %q", got)
	}
}

func TestDialSendsRuntimeParams(t *testing.T) {
	c := configOf(t, pgtest.Database(t))
	conn, err := warehouse.Dial(t.Context(), c, map[string]string{"application_name": "postern:ann:1"})
	if err != nil {
		t.Fatal(err)
	}
	defer closeConn(t, conn)
	if got := value(t, conn, "SELECT current_setting('application_name')"); got != "postern:ann:1" {
		t.Errorf("application_name %q", got)
	}
}

// TestDialErrorsHoldNoSecret looks at every form in which an error can be printed.
func TestDialErrorsHoldNoSecret(t *testing.T) {
	c := configOf(t, pgtest.Database(t))
	const hidden = "hunter2-secret"
	c.Credentials = warehouse.Fixed(secret.NewValue(hidden))
	_, err := warehouse.Dial(t.Context(), c, nil)
	var refusal *pgconn.PgError
	if !errors.As(err, &refusal) || refusal.Code != "28P01" {
		t.Fatalf("got %v, want the server's 28P01", err)
	}
	var holder *pgconn.ConnectError
	if errors.As(err, &holder) {
		t.Error("the driver's error holds the password and is still in the chain")
	}
	for _, form := range []string{"%v", "%+v", "%#v", "%s"} {
		if strings.Contains(fmt.Sprintf(form, err), hidden) || strings.Contains(fmt.Sprintf(form, c), hidden) {
			t.Errorf("%s shows the secret", form)
		}
	}
}

// TestDialResolvesAtEachUse changes the secret between two dials.
func TestDialResolvesAtEachUse(t *testing.T) {
	c := configOf(t, pgtest.Database(t))
	password, err := c.Credentials.Credential(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c.Credentials = warehouse.Password(secret.Ref{Env: "POSTERN_TEST_PASSWORD"})
	if _, err := warehouse.Dial(t.Context(), c, nil); err == nil || !strings.Contains(err.Error(), "POSTERN_TEST_PASSWORD") {
		t.Errorf("an unresolved reference gave %v", err)
	}
	t.Setenv("POSTERN_TEST_PASSWORD", password.Reveal())
	dial(t, c)
}

func TestDialTimesOut(t *testing.T) {
	// 192.0.2.0/24 is reserved for documentation (RFC 5737): either nobody answers or the network refuses at once.
	c := configOf(t, pgtest.Database(t))
	c.Host, c.TLS.Mode, c.ConnectTimeout = "192.0.2.1", warehouse.TLSOff, 200*time.Millisecond
	start := time.Now()
	if _, err := warehouse.Dial(t.Context(), c, nil); err == nil {
		t.Fatal("connected to nobody")
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %s", took)
	}
}

func TestDialUnixSocket(t *testing.T) {
	c := configOf(t, pgtest.Database(t))
	c.Host = pgtest.Cluster(t).SocketDir
	c.Credentials = nil
	if got := value(t, dial(t, c), "SELECT inet_server_addr() IS NULL"); got != "t" {
		t.Error("not on the socket")
	}
}

func TestCancel(t *testing.T) {
	c := configOf(t, pgtest.Database(t))
	conn := dial(t, c)
	backend := warehouse.Backend{PID: conn.PID(), SecretKey: conn.SecretKey(), Addr: conn.Conn().RemoteAddr()}
	done := make(chan error, 1)
	go func() {
		_, err := conn.Exec(context.Background(), "SELECT pg_sleep(30)").ReadAll()
		done <- err
	}()
	// The statement may not have begun: a signal that finds nothing to cancel is lost, as the protocol says.
	deadline := time.After(20 * time.Second)
	for {
		if err := warehouse.Cancel(t.Context(), c, backend); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-done:
			var refusal *pgconn.PgError
			if !errors.As(err, &refusal) || refusal.Code != "57014" {
				t.Fatalf("got %v, want 57014", err)
			}
			return
		case <-deadline:
			t.Fatal("not cancelled")
		case <-time.After(50 * time.Millisecond):
		}
	}
}
