package proxy_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"math/big"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/proxy"
)

// certificate makes a self-signed one for 127.0.0.1; the curve decides the hash of its signature.
func certificate(t testing.TB, curve elliptic.Curve) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func withTLS(t testing.TB, w *world, mode proxy.TLSMode, curve elliptic.Curve) *world {
	w.config.TLSMode, w.config.TLS = mode, &tls.Config{Certificates: []tls.Certificate{certificate(t, curve)}}
	return w
}

func TestWrongPassword(t *testing.T) {
	w := newWorld(t).start(t)
	for _, user := range []string{"ann", "nobody"} {
		dsn := strings.Replace(w.url(user, ""), "correct", "wrong", 1)
		_, err := proxyConnect(t, dsn)
		want := `password authentication failed for user "` + user + `"`
		if code(err) != pgerror.CodeInvalidPassword || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", user, err)
		}
	}
	failures := w.log.of(audit.AuthFailure)
	if len(failures) != 2 || failures[0].Login != "ann" || failures[1].Login != "nobody" || failures[0].SQLState != "28P01" {
		t.Errorf("on record: %+v", failures)
	}
	if w.dialed.Load() != 0 {
		t.Error("the warehouse was dialled for nothing")
	}
}

func TestUnknownDatabase(t *testing.T) {
	w := newWorld(t).start(t)
	_, err := proxyConnect(t, strings.Replace(w.url("ann", ""), w.database, "other", 1))
	if code(err) != pgerror.CodeInvalidCatalogName {
		t.Error(err)
	}
}

func TestTooManyFailures(t *testing.T) {
	w := newWorld(t)
	w.config.MaxLoginFailures = 3
	w.start(t)
	bad := strings.Replace(w.url("ann", ""), "correct", "wrong", 1)
	for range 3 {
		_, _ = proxyConnect(t, bad)
	}
	if _, err := proxyConnect(t, w.url("ann", "")); code(err) != pgerror.CodeInvalidPassword {
		t.Error("after too many failures the right password was told from a wrong one:", err)
	}
	if _, err := proxyConnect(t, w.url("bob", "")); err != nil {
		t.Error("somebody else cannot log in:", err)
	}
}

func TestSessionLimits(t *testing.T) {
	w := newWorld(t)
	w.config.MaxSessions, w.config.MaxSessionsPerUser = 3, 2
	w.start(t)
	w.connect(t, "ann", "")
	second := w.connect(t, "ann", "")
	if _, err := proxyConnect(t, w.url("ann", "")); code(err) != pgerror.CodeTooManyConnections {
		t.Error("per user:", err)
	}
	w.connect(t, "bob", "")
	if _, err := proxyConnect(t, w.url("root", "")); code(err) != pgerror.CodeTooManyConnections {
		t.Error("in all:", err)
	}
	second.Close(t.Context())
	eventually(t, "a place becomes free", func() bool {
		_, err := proxyConnect(t, w.url("ann", ""))
		return err == nil
	})
}

// TestTLS runs a driver through each way to encrypt, with channel binding demanded.
func TestTLS(t *testing.T) {
	for name, curve := range map[string]elliptic.Curve{"sha256": elliptic.P256(), "sha384": elliptic.P384(), "sha512": elliptic.P521()} {
		t.Run(name, func(t *testing.T) {
			w := withTLS(t, newWorld(t), proxy.TLSRequire, curve).start(t)
			for _, query := range []string{"sslmode=require&channel_binding=require", "sslmode=require&sslnegotiation=direct&channel_binding=require",
				"sslmode=require&channel_binding=disable"} {
				conn := w.connect(t, "ann", query)
				var n int
				if err := conn.QueryRow(t.Context(), "SELECT 7").Scan(&n); err != nil || n != 7 {
					t.Error(query, n, err)
				}
			}
			if _, err := proxyConnect(t, w.url("ann", "sslmode=disable")); code(err) != pgerror.CodeInvalidAuthorization {
				t.Error("without TLS:", err)
			}
		})
	}
}

func TestTLSPrefer(t *testing.T) {
	w := withTLS(t, newWorld(t), proxy.TLSPrefer, elliptic.P256()).start(t)
	w.connect(t, "ann", "sslmode=disable")
	w.connect(t, "ann", "sslmode=require")
	// Plain text behind the SSLRequest, and direct TLS without the protocol's ALPN name.
	client := w.raw(t)
	client.write(append(bytes.Clone(sslRequest), startup(v30, "user", "ann", "database", w.database)...))
	client.refused("08P01")
	conn, err := tls.Dial("tcp", w.address, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	(&wire{t: t, conn: conn}).refused("08P01")
}

func TestCleartextInsideTLSOnly(t *testing.T) {
	w := withTLS(t, newWorld(t), proxy.TLSPrefer, elliptic.P256())
	w.config.Auth = proxy.AuthCleartext
	w.start(t)
	w.connect(t, "ann", "sslmode=require&require_auth=password")
	w.connect(t, "ann", "sslmode=disable&require_auth=scram-sha-256")
	for _, user := range []string{"ann", "nobody"} {
		_, err := proxyConnect(t, strings.Replace(w.url(user, "sslmode=require"), "correct", "wrong", 1))
		if code(err) != pgerror.CodeInvalidPassword {
			t.Error(user, err)
		}
	}
}

// sasl begins an exchange by hand and returns the mechanisms on offer.
func sasl(t testing.TB, w *world, user string) (*wire, string) {
	client := w.raw(t)
	client.write(startup(v30, "user", user, "database", w.database))
	kind, body, err := client.read(5 * time.Second)
	if err != nil || kind != 'R' || binary.BigEndian.Uint32(body) != 10 {
		t.Fatalf("want AuthenticationSASL, got %c %x %v", kind, body, err)
	}
	return client, string(body[4:])
}

func (c *wire) initial(mechanism, first string) {
	c.message('p', mechanism, int32(len(first)), []byte(first))
	c.flush()
}

func TestSASLRefusals(t *testing.T) {
	w := newWorld(t).start(t)
	for name, c := range map[string]struct{ mechanism, first, sqlstate, text string }{
		"mechanism":     {"SCRAM-SHA-1", "n,,n=,r=abc", "08P01", "invalid SASL authentication mechanism"},
		"plus":          {"SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,n=,r=abc", "08P01", "invalid SASL authentication mechanism"},
		"binding":       {"SCRAM-SHA-256", "p=tls-server-end-point,,n=,r=abc", "08P01", "malformed SCRAM message"},
		"flag":          {"SCRAM-SHA-256", "q,,n=,r=abc", "08P01", "malformed SCRAM message"},
		"empty":         {"SCRAM-SHA-256", "", "08P01", "malformed SCRAM message"},
		"no nonce":      {"SCRAM-SHA-256", "n,,n=", "08P01", "malformed SCRAM message"},
		"empty nonce":   {"SCRAM-SHA-256", "n,,n=,r=", "08P01", "malformed SCRAM message"},
		"nonce":         {"SCRAM-SHA-256", "n,,n=,r=a\x01b", "08P01", "non-printable"},
		"authorization": {"SCRAM-SHA-256", "n,a=root,n=,r=abc", "0A000", "authorization identity"},
		"extension":     {"SCRAM-SHA-256", "n,,m=x,n=,r=abc", "0A000", "extension"},
	} {
		t.Run(name, func(t *testing.T) {
			client, _ := sasl(t, w, "ann")
			client.initial(c.mechanism, c.first)
			if f := client.refused(c.sqlstate); !strings.Contains(f['M'], c.text) {
				t.Error(f['M'])
			}
		})
	}
}

// TestNoSecondStartup: what follows the first StartupMessage is a password message or the end (CVE-2026-107350).
func TestNoSecondStartup(t *testing.T) {
	w := newWorld(t).start(t)
	second := startup(v30, "user", "root", "database", w.database)
	client, _ := sasl(t, w, "ann")
	client.write(second)
	client.refused("08P01")
	client, _ = sasl(t, w, "ann")
	client.initial("SCRAM-SHA-256", "n,,n=ann,r=abcdefgh")
	if kind, _, err := client.read(5 * time.Second); err != nil || kind != 'R' {
		t.Fatal(kind, err)
	}
	client.write(second)
	client.refused("08P01")
}

// TestUnknownUserLooksAlike: the salt of an unknown user is one, and the same each time.
func TestUnknownUserLooksAlike(t *testing.T) {
	w := newWorld(t).start(t)
	ask := func(user string) (salt string, iterations int) {
		client, offer := sasl(t, w, user)
		if offer != "SCRAM-SHA-256\x00\x00" {
			t.Errorf("offered %q", offer)
		}
		client.initial("SCRAM-SHA-256", "n,,n=,r=abcdefgh")
		_, body, err := client.read(5 * time.Second)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range strings.Split(string(body[4:]), ",") {
			switch part[:2] {
			case "s=":
				salt = part[2:]
			case "i=":
				iterations, _ = strconv.Atoi(part[2:])
			}
		}
		return salt, iterations
	}
	known, knownIterations := ask("ann")
	first, iterations := ask("nobody")
	second, _ := ask("nobody")
	other, _ := ask("no one else")
	if first != second || first == other || len(first) != len(known) || iterations != knownIterations {
		t.Errorf("salts %q %q %q %q, iterations %d %d", known, first, second, other, iterations, knownIterations)
	}
}

// TestDowngrade: a client that could bind the channel and thinks that the server cannot is told of it (28000), and so is
// one whose binding is of another certificate.
func TestDowngrade(t *testing.T) {
	w := withTLS(t, newWorld(t), proxy.TLSRequire, elliptic.P256()).start(t)
	connect := func() (*wire, []byte) {
		conn, err := tls.Dial("tcp", w.address, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"postgresql"}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		client := &wire{t: t, conn: conn}
		client.write(startup(v30, "user", "ann", "database", w.database))
		if _, body, err := client.read(5 * time.Second); err != nil || string(body[4:]) != "SCRAM-SHA-256-PLUS\x00SCRAM-SHA-256\x00\x00" {
			t.Fatalf("%q %v", body, err)
		}
		sum := sha256.Sum256(conn.ConnectionState().PeerCertificates[0].Raw)
		return client, sum[:]
	}
	client, _ := connect()
	client.initial("SCRAM-SHA-256", "y,,n=,r=abcdefgh")
	if f := client.refused("28000"); f['M'] != "SCRAM channel binding negotiation error" {
		t.Error(f['M'])
	}
	client, _ = connect()
	client.initial("SCRAM-SHA-256-PLUS", "n,,n=,r=abcdefgh")
	client.refused("08P01")
	client, _ = connect()
	client.initial("SCRAM-SHA-256-PLUS", "p=tls-unique,,n=,r=abcdefgh")
	client.refused("08P01")
	client, binding := connect()
	binding[0] ^= 1
	client.scram(t, binding)
	if f := client.refused("28000"); f['M'] != "SCRAM channel binding check failed" {
		t.Error(f['M'])
	}
	client, binding = connect()
	client.scram(t, binding)
	if kind, body, err := client.read(5 * time.Second); err != nil || kind != 'R' || binary.BigEndian.Uint32(body) != 12 {
		t.Errorf("the right binding: %c %q %v", kind, body, err)
	}
}

// scram is the client's side with a given binding.
func (c *wire) scram(t testing.TB, binding []byte) {
	header, bare := "p=tls-server-end-point,,", "n=,r=abcdefgh"
	c.initial("SCRAM-SHA-256-PLUS", header+bare)
	_, body, err := c.read(5 * time.Second)
	if err != nil {
		t.Fatal(err)
	}
	first := string(body[4:])
	parts := strings.Split(first, ",")
	salt, _ := base64.StdEncoding.DecodeString(parts[1][2:])
	iterations, _ := strconv.Atoi(parts[2][2:])
	salted, err := pbkdf2.Key(sha256.New, password, salt, iterations, 32)
	if err != nil {
		t.Fatal(err)
	}
	sum := func(key []byte, text string) []byte {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(text))
		return h.Sum(nil)
	}
	clientKey := sum(salted, "Client Key")
	stored := sha256.Sum256(clientKey)
	without := "c=" + base64.StdEncoding.EncodeToString(append([]byte(header), binding...)) + "," + parts[0]
	proof := sum(stored[:], bare+","+first+","+without)
	for i := range proof {
		proof[i] ^= clientKey[i]
	}
	c.message('p', []byte(without+",p="+base64.StdEncoding.EncodeToString(proof)))
	c.flush()
}

// TestAuthTimeout: a client that says nothing, or stops in the middle, is cut off.
func TestAuthTimeout(t *testing.T) {
	w := newWorld(t)
	w.config.AuthTimeout = 300 * time.Millisecond
	w.config.MaxLogins = 2
	w.start(t)
	for _, said := range [][]byte{nil, {0, 0}, startup(v30, "user", "ann", "database", w.database)} {
		for range 2 {
			client := w.raw(t)
			client.write(said)
		}
	}
	// All places for log-ins are taken; when they are given up, the next client gets in.
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	conn, err := pgconn.Connect(ctx, w.url("ann", ""))
	if err != nil {
		t.Fatal(err)
	}
	conn.Close(ctx)
}
