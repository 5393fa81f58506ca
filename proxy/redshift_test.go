package proxy_test

import (
	"bytes"
	"context"
	"crypto/elliptic"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/internal/rsfake"
	"github.com/posternsql/postern/internal/rsfake/rsfaketest"
	"github.com/posternsql/postern/proxy"
	"github.com/posternsql/postern/secret"
	"github.com/posternsql/postern/warehouse"
)

// newRedshift is a world whose warehouse is the stand-in for a Redshift, asked for its password by a digest.
func newRedshift(t *testing.T) (*world, *rsfake.Server) {
	t.Helper()
	w := newWorld(t)
	server := rsfaketest.New(t, func(c *rsfake.Config) { c.Auth = rsfake.MethodDigest })
	config := warehouse.Config{Engine: warehouse.EngineRedshift, Host: server.Host(), Port: server.Port(), Database: server.Database(), User: rsfake.AdminUser,
		Credentials: warehouse.Fixed(secret.NewValue(rsfake.AdminPassword))}
	w.config.Engine = func(string) warehouse.Engine { return warehouse.EngineRedshift }
	w.config.Dial = func(ctx context.Context, _ string, params map[string]string) (*pgconn.HijackedConn, error) {
		conn, err := warehouse.Dial(ctx, config, params)
		if err != nil {
			return nil, err
		}
		if err := conn.SyncConn(ctx); err != nil {
			return nil, err
		}
		return conn.Hijack()
	}
	w.config.Cancel = func(ctx context.Context, _ string, b warehouse.Backend) error {
		return warehouse.Cancel(ctx, config, b)
	}
	return withTLS(t, w, proxy.TLSPrefer, elliptic.P256()), server
}

// driver is the start-up packet of redshift_connector 2.2.
func driver(t *testing.T, w *world, mode string) *pgconn.Config {
	t.Helper()
	c, err := pgconn.ParseConfig(w.url("ann", "sslmode="+mode))
	if err != nil {
		t.Fatal(err)
	}
	c.Fallbacks = nil
	c.RuntimeParams = map[string]string{"application_name": "reports", "client_protocol_version": "2", "driver_version": "Redshift Python Driver 2.2.0", "os_version": "Linux",
		"driver_discovery_version": "1", "_pq_.compression": "lz4:1", "plugin_name": ""}
	return c
}

// TestRedshiftDriver logs in as a driver of Redshift's does, runs statements, and looks at what either side was told.
func TestRedshiftDriver(t *testing.T) {
	w, server := newRedshift(t)
	w.start(t)
	conn, err := pgconn.ConnectConfig(t.Context(), driver(t, w, "require"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	for name, want := range map[string]string{"server_version": "8.0.2", "server_protocol_version": "0", "show_discovery": "", "standard_conforming_strings": "", "datashare_enabled": "on",
		"external_database": "on", "client_encoding": "UTF8", "session_authorization": "ann", "is_superuser": "off", "padb_version": "1.0.63269", "application_name": "reports"} {
		if got := conn.ParameterStatus(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	result := conn.ExecParams(t.Context(), "SELECT 1 + $1", [][]byte{[]byte("2")}, []uint32{23}, nil, nil).Read()
	if result.Err != nil || string(result.Rows[0][0]) != "3" {
		t.Errorf("%v %v", result.Rows, result.Err)
	}
	started := server.Startups()
	last := started[len(started)-1]
	if last.Auth != 13 {
		t.Errorf("the warehouse asked by %d", last.Auth)
	}
	for name := range last.Params {
		switch name {
		case "user", "database", "client_encoding", "application_name":
		default:
			t.Errorf("%s reached the warehouse", name)
		}
	}
}

// TestRedshiftDriverWithoutTLS holds that a driver which would send the password itself is not asked for it in clear text.
func TestRedshiftDriverWithoutTLS(t *testing.T) {
	w, _ := newRedshift(t)
	w.start(t)
	if conn, err := pgconn.ConnectConfig(t.Context(), driver(t, w, "disable")); code(err) != "28000" || !strings.Contains(err.Error(), "TLS") {
		if err == nil {
			conn.Close(t.Context())
		}
		t.Errorf("got %v", err)
	}
	c := driver(t, w, "require")
	c.Password = "wrong"
	if conn, err := pgconn.ConnectConfig(t.Context(), c); code(err) != "28P01" {
		if err == nil {
			conn.Close(t.Context())
		}
		t.Errorf("a wrong password: %v", err)
	}
}

// TestRedshiftErrors holds that an error that speaks of a value is told without it, and one that speaks of the statement with its words.
func TestRedshiftErrors(t *testing.T) {
	w, server := newRedshift(t)
	rsfaketest.Exec(t, server, "CREATE TABLE public.people (name varchar(20))", "INSERT INTO public.people VALUES ('Zaphod')")
	w.start(t)
	conn := w.connect(t, "ann", "default_query_exec_mode=exec")
	for _, c := range []struct{ sql, code string }{{"select cast(name as integer) from public.people", "22P02"}, {"select 1 / (length(name) - 6) from public.people", "22012"}} {
		_, err := conn.Exec(t.Context(), c.sql)
		var e *pgconn.PgError
		if !errors.As(err, &e) || e.Code != c.code || e.Message != "the query failed on a value" || strings.Contains(e.Detail+e.Hint+e.Where, "Zaphod") {
			t.Errorf("%s: %+v", c.sql, e)
		}
	}
	_, err := conn.Exec(t.Context(), "select nothing from public.people")
	if code(err) != "42703" || !strings.Contains(err.Error(), "nothing") {
		t.Error(err)
	}
	exempt := w.connect(t, "root", "default_query_exec_mode=exec&extra_float_digits=3")
	var path string
	if err := exempt.QueryRow(t.Context(), "show search_path").Scan(&path); err != nil || path != `"$user", public` {
		t.Errorf("an exempt user's path: %q %v", path, err)
	}
	if _, err := exempt.Exec(t.Context(), "select cast(name as integer) from public.people"); !strings.Contains(err.Error(), "Zaphod") {
		t.Errorf("an exempt user: %v", err)
	}
}

// TestRedshiftLimits holds that what Redshift would not take, or read otherwise, is not sent.
func TestRedshiftLimits(t *testing.T) {
	w, server := newRedshift(t)
	w.config.MaxMessageBytes = 64 << 20
	w.start(t)
	conn := w.connect(t, "ann", "default_query_exec_mode=exec")
	long := strings.Repeat("a", 17<<20)
	if _, err := conn.Exec(t.Context(), "select '"+long+"'"); code(err) != "54000" {
		t.Errorf("a statement of 17 MiB: %.200s", err)
	}
	if _, err := conn.Prepare(t.Context(), "many", "select $32768"); code(err) != "54000" {
		t.Errorf("32,768 parameters: %v", err)
	}
	before := len(server.Statements())
	if _, err := conn.Exec(t.Context(), `select '\'', "a" from secret --'`); code(err) != "XX000" {
		t.Errorf("a text that reads in two ways: %v", err)
	}
	if sent := server.Statements()[before:]; len(sent) > 0 {
		t.Errorf("sent: %q", sent)
	}
	if _, err := conn.Exec(t.Context(), "select '$40000', $1::int", 7); err != nil {
		t.Error(err)
	}
}

// TestRedshiftCancel cancels a statement that runs.
func TestRedshiftCancel(t *testing.T) {
	w, server := newRedshift(t)
	rsfaketest.Exec(t, server, "CREATE TABLE public.n (a bigint)", "INSERT INTO public.n SELECT generate_series(1, 100000)")
	w.start(t)
	conn := w.connect(t, "ann", "default_query_exec_mode=exec")
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := conn.Exec(ctx, "select count(*) from public.n as a, public.n as b where a.a + b.a = 7")
	if err == nil || time.Since(began) > 20*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
	eventually(t, "the statement at the warehouse ends", func() bool {
		return server.Running() == 0
	})
}

// tokenClient sends a start-up packet with a token's parameters and answers code 14.
func tokenClient(t *testing.T, w *world, encrypt bool, user, token string) (answer string) {
	t.Helper()
	conn, err := net.Dial("tcp", w.address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if encrypt {
		if _, err := conn.Write([]byte{0, 0, 0, 8, 4, 210, 22, 47}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
	}
	packet := binary.BigEndian.AppendUint32(nil, 3<<16)
	for _, p := range []string{"user", user, "database", w.database, "idp_type", "AwsIdc", "token_type", "ACCESS_TOKEN", "client_protocol_version", "2"} {
		packet = append(append(packet, p...), 0)
	}
	packet = append(packet, 0)
	if _, err := conn.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(packet)+4)), packet...)); err != nil {
		t.Fatal(err)
	}
	read := func() (kind byte, body []byte) {
		head := make([]byte, 5)
		if _, err := io.ReadFull(conn, head); err != nil {
			return 0, nil
		}
		body = make([]byte, binary.BigEndian.Uint32(head[1:])-4)
		if _, err := io.ReadFull(conn, body); err != nil {
			return 0, nil
		}
		return head[0], body
	}
	kind, body := read()
	if kind == 'R' && bytes.Equal(body, []byte{0, 0, 0, 14}) {
		if _, err := conn.Write(append(binary.BigEndian.AppendUint32([]byte{'i'}, uint32(len(token)+4)), token...)); err != nil {
			t.Fatal(err)
		}
		kind, body = read()
	}
	return string(rune(kind)) + string(body)
}

// TestRedshiftToken logs in by the token of an identity provider, with and without the zero behind it, and is refused where none is configured.
func TestRedshiftToken(t *testing.T) {
	w, _ := newRedshift(t)
	w.config.Token = func(_ context.Context, token proxy.Token) (string, error) {
		if token.Text != "the.token" || token.IDPType != "AwsIdc" || token.TokenType != "ACCESS_TOKEN" {
			return "", errors.New("not a token")
		}
		return "ann", nil
	}
	w.start(t)
	const accepted = "R\x00\x00\x00\x00"
	for _, c := range []struct{ user, token, want string }{
		{"", "the.token", accepted}, {"", "the.token\x00", accepted}, {"ann", "the.token", accepted}, {"bob", "the.token", "28P01"}, {"", "another", "28P01"}, {"", "", "08P01"}, {"", "the\x00token", "08P01"},
	} {
		if got := tokenClient(t, w, true, c.user, c.token); !strings.Contains(got, c.want) {
			t.Errorf("%q with %q: %q", c.user, c.token, got)
		}
	}
	if got := tokenClient(t, w, false, "", "the.token"); !strings.Contains(got, "28000") || !strings.Contains(got, "TLS") {
		t.Errorf("without TLS: %q", got)
	}
	without, _ := newRedshift(t)
	without.start(t)
	if got := tokenClient(t, without, true, "ann", "the.token"); !strings.Contains(got, "28000") || !strings.Contains(got, "not accepted") {
		t.Errorf("where no token is taken: %q", got)
	}
}

// TestRedshiftPlainClient holds that a client that speaks plain PostgreSQL is told of no extension.
func TestRedshiftPlainClient(t *testing.T) {
	w, _ := newRedshift(t)
	w.start(t)
	conn, err := pgx.Connect(t.Context(), w.url("ann", "default_query_exec_mode=exec&application_name=psql"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	for _, name := range []string{"server_protocol_version", "show_discovery", "standard_conforming_strings"} {
		if got := conn.PgConn().ParameterStatus(name); got != "" {
			t.Errorf("%s is %q", name, got)
		}
	}
	var n int
	if err := conn.QueryRow(t.Context(), "select count(*) from pg_catalog.pg_class").Scan(&n); err != nil || n == 0 {
		t.Error(n, err)
	}
}
