package warehouse_test

import (
	"context"
	"encoding/hex"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/secret"
	"github.com/posternsql/postern/warehouse"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// configOf turns a test database's URL into a Config.
func configOf(t testing.TB, dsn string) warehouse.Config {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	return warehouse.Config{
		Engine: warehouse.EnginePostgres, Host: u.Hostname(), Port: port, Database: strings.TrimPrefix(u.Path, "/"),
		User: u.User.Username(), Credentials: warehouse.Fixed(secret.NewValue(password)),
	}
}

func dial(t testing.TB, c warehouse.Config) *pgconn.PgConn {
	t.Helper()
	conn, err := warehouse.Dial(t.Context(), c, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeConn(t, conn) })
	return conn
}

// value runs one statement and returns the first column of its last row.
func value(t testing.TB, conn *pgconn.PgConn, sql string, args ...string) string {
	t.Helper()
	params := make([][]byte, len(args))
	for i, a := range args {
		params[i] = []byte(a)
	}
	r := conn.ExecParams(t.Context(), sql, params, nil, nil, nil).Read()
	if r.Err != nil {
		t.Fatalf("%s: %v", sql, r.Err)
	}
	if len(r.Rows) == 0 {
		return ""
	}
	return string(r.Rows[len(r.Rows)-1][0])
}

func exec(t testing.TB, conn *pgconn.PgConn, sql string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql).ReadAll(); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// bg is for what runs when a test's own context has ended.
func bg() context.Context { return context.Background() }

func fromHex(t testing.TB, text string) []byte {
	t.Helper()
	out, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
