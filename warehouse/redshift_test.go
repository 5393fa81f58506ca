package warehouse_test

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/internal/rsfake"
	"github.com/posternsql/postern/internal/rsfake/rsfaketest"
	"github.com/posternsql/postern/secret"
	"github.com/posternsql/postern/warehouse"
)

// redshift starts a stand-in with TLS and says how to reach it with proof of who it is.
func redshift(t *testing.T, options ...func(*rsfake.Config)) (*rsfake.Server, warehouse.Config) {
	t.Helper()
	cert, key := certificate(t, "localhost")
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, cert, 0o600); err != nil {
		t.Fatal(err)
	}
	server := rsfaketest.New(t, append([]func(*rsfake.Config){func(c *rsfake.Config) { c.TLS = &tls.Config{Certificates: []tls.Certificate{pair}} }}, options...)...)
	return server, warehouse.Config{
		Engine: warehouse.EngineRedshift, Host: server.Host(), Port: server.Port(), Database: server.Database(), User: rsfake.AdminUser,
		Credentials: warehouse.Fixed(secret.NewValue(rsfake.AdminPassword)), TLS: warehouse.TLS{Mode: warehouse.TLSVerifyFull, CAFile: file},
	}
}

// tokenSource is a credential with a token.
type tokenSource struct{ login warehouse.Login }

func (s tokenSource) Credential(context.Context) (secret.Value, error) {
	return secret.Value{}, errors.New("asked for a password")
}
func (s tokenSource) Login(context.Context) (warehouse.Login, error) { return s.login, nil }

// TestRedshiftLogIn logs in by each way of asking, and looks at what was sent.
func TestRedshiftLogIn(t *testing.T) {
	methods := 0
	for method, code := range map[rsfake.Method]int{rsfake.MethodCleartext: 3, rsfake.MethodMD5: 5, rsfake.MethodDigest: 13, rsfake.MethodToken: 14} {
		server, c := redshift(t, func(c *rsfake.Config) {
			c.Auth, c.RequireTLS = method, true
			c.Token = func(token string) (string, bool) { return rsfake.AdminUser, token == "the.token" }
		})
		if code == 14 {
			c.Credentials = tokenSource{warehouse.Login{Password: secret.NewValue("the.token"), Token: true}}
		}
		conn, err := warehouse.Dial(t.Context(), c, map[string]string{
			"application_name": "postern:test", "search_path": "pg_catalog, pg_temp", "standard_conforming_strings": "on", "postern.application_name": "x", "TimeZone": "Europe/Berlin",
		})
		if err != nil {
			t.Fatalf("%s: %v", method, err)
		}
		if got := value(t, conn, "SELECT current_user"); got != rsfake.AdminUser {
			t.Errorf("%s: logged in as %s", method, got)
		}
		if got := value(t, conn, "SHOW search_path"); got != "pg_catalog" {
			t.Errorf("%s: search_path is %s", method, got)
		}
		if got := value(t, conn, "SHOW enable_case_sensitive_identifier"); got != "false" {
			t.Errorf("%s: names in quotes: %s", method, got)
		}
		if conn.ParameterStatus("server_version") != "8.0.2" || conn.ParameterStatus("TimeZone") != "Europe/Berlin" {
			t.Errorf("%s: %s, %s", method, conn.ParameterStatus("server_version"), conn.ParameterStatus("TimeZone"))
		}
		if err := conn.SyncConn(t.Context()); err != nil {
			t.Error(err)
		}
		closeConn(t, conn)
		started := server.Startups()
		for name := range started[len(started)-1].Params {
			switch name {
			case "user", "database", "client_encoding", "application_name", "TimeZone", "idp_type", "token_type":
			default:
				t.Errorf("%s: %s was sent", method, name)
			}
		}
		if got := started[len(started)-1]; got.Auth != code || !got.TLS {
			t.Errorf("%s: asked by %d, TLS %t", method, got.Auth, got.TLS)
		}
		methods++
		if code == 14 {
			continue
		}
		c.Credentials = warehouse.Fixed(secret.NewValue("Wrong-1234"))
		var refused *pgconn.PgError
		if _, err := warehouse.Dial(t.Context(), c, nil); !errors.As(err, &refused) || refused.Code != "28000" || strings.Contains(err.Error(), "Wrong-1234") {
			t.Errorf("%s: a wrong password: %v", method, err)
		}
	}
	t.Logf("%d ways to log in", methods)
	if methods < 4 {
		t.Error("fewer than 4 ways to log in ran")
	}
}

// TestRedshiftKeepsItsSecret holds that neither a password nor a token goes in clear text to a server that TLS has not proven.
func TestRedshiftKeepsItsSecret(t *testing.T) {
	for _, method := range []rsfake.Method{rsfake.MethodCleartext, rsfake.MethodToken} {
		_, c := redshift(t, func(c *rsfake.Config) { c.Auth = method })
		if method == rsfake.MethodToken {
			c.Credentials = tokenSource{warehouse.Login{Password: secret.NewValue("the.token"), Token: true}}
		}
		for _, mode := range []warehouse.TLSMode{warehouse.TLSOff, warehouse.TLSRequire} {
			c.TLS = warehouse.TLS{Mode: mode}
			if _, err := warehouse.Dial(t.Context(), c, nil); err == nil || !strings.Contains(err.Error(), "TLS has not proven") {
				t.Errorf("%s with tls %s: %v", method, mode, err)
			}
		}
	}
}

// TestRedshiftTemporaryCredential logs in with what GetClusterCredentials gives: a name of its own and a password that ends.
func TestRedshiftTemporaryCredential(t *testing.T) {
	server, c := redshift(t)
	bob := pgtest.Name("bob")
	c.Credentials = tokenSource{warehouse.Login{User: "IAM:" + bob, Password: secret.NewValue("temporary/+=")}}
	server.Issue("IAM:"+bob, "temporary/+=", time.Now().Add(time.Hour))
	admin := c
	admin.Credentials = warehouse.Fixed(secret.NewValue(rsfake.AdminPassword))
	conn, err := warehouse.Dial(t.Context(), admin, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer closeConn(t, conn)
	exec(t, conn, "CREATE USER "+bob+" PASSWORD DISABLE")
	as, err := warehouse.Dial(t.Context(), c, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer closeConn(t, as)
	if got := value(t, as, "SELECT current_user"); got != bob {
		t.Errorf("logged in as %s", got)
	}
	c.Credentials = tokenSource{warehouse.Login{User: "IAM:" + bob, Password: secret.NewValue("another")}}
	if _, err := warehouse.Dial(t.Context(), c, nil); err == nil {
		t.Error("a password that was not issued was taken")
	}
}

// TestRedshiftParameters holds that only what is known is sent or set.
func TestRedshiftParameters(t *testing.T) {
	_, c := redshift(t)
	for name, text := range map[string]string{"options": "-c x=y", "jit": "off", "client_protocol_version": "2", "_pq_.compression": "lz4", "search_path": "a; DROP TABLE b",
		"statement_timeout": "1; SELECT 1", "client_encoding": "LATIN1", "query_group": "x"} {
		if conn, err := warehouse.Dial(t.Context(), c, map[string]string{name: text}); err == nil {
			closeConn(t, conn)
			t.Errorf("%s=%s was taken", name, text)
		}
	}
	conn, err := warehouse.Dial(t.Context(), c, map[string]string{"statement_timeout": "60000", "search_path": `"$user", public`})
	if err != nil {
		t.Fatal(err)
	}
	defer closeConn(t, conn)
	if got := value(t, conn, "SHOW statement_timeout"); got != "1min" {
		t.Error(got)
	}
}

// FuzzRedshiftServer lets a server say anything: the dial ends, with an error or a session, and no panic.
func FuzzRedshiftServer(f *testing.F) {
	message := func(kind byte, body string) string {
		return string(binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(body)+4))) + body
	}
	ok := message('R', "\x00\x00\x00\x00")
	for _, seed := range []string{
		"", "N", ok, ok + message('S', "a\x00b\x00") + message('K', "\x00\x00\x00\x01\x00\x00\x00\x02") + message('Z', "I"), message('R', "\x00\x00\x00\x0d\x00\x00\x00\x00\x00\x00\x00\x01s\x00\x00\x00\x01n"),
		message('R', "\x00\x00\x00\x0d\x00\x00\x00\x00\xff\xff\xff\xff"), message('R', "\x00\x00\x00\x05abc"), message('R', "\x00\x00\x00\x0aSCRAM-SHA-256\x00\x00") + message('R', "\x00\x00\x00\x0br=a,s=b,i=99999999999"),
		message('R', "\x00\x00\x00\x0e"), message('E', "SFATAL\x00C28000\x00Mno\x00\x00"), message('E', "S"), "R\xff\xff\xff\xff", "R\x00\x00\x00\x00", ok + ok, ok + message('Z', ""), ok + message('T', "\x00\x01"),
	} {
		f.Add([]byte(seed))
	}
	listener, err := (&net.ListenConfig{}).Listen(f.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { listener.Close() })
	port := listener.Addr().(*net.TCPAddr).Port
	f.Fuzz(func(t *testing.T, said []byte) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write(said)
			_ = conn.(*net.TCPConn).CloseWrite()
			_ = conn.SetReadDeadline(time.Now().Add(time.Second))
			_, _ = conn.Read(make([]byte, 4096))
			conn.Close()
		}()
		c := warehouse.Config{Engine: warehouse.EngineRedshift, Host: "127.0.0.1", Port: port, Database: "d", User: "u", Credentials: warehouse.Fixed(secret.NewValue("p")), ConnectTimeout: 5 * time.Second}
		began := time.Now()
		conn, err := warehouse.Dial(t.Context(), c, nil)
		if err == nil {
			closeConn(t, conn)
		}
		if time.Since(began) > 4*time.Second {
			t.Errorf("a server that says %q holds the dial", said)
		}
		<-done
	})
}
