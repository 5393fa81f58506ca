package warehouse_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/warehouse"
)

// certificate makes a self-signed one for the names, as PEM.
func certificate(t *testing.T, names ...string) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, DNSNames: names,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
}

// enableTLS gives the running cluster a certificate, in a folder that its account owns, and returns its PEM file.
func enableTLS(t *testing.T, c warehouse.Config) string {
	t.Helper()
	dir := pgtest.Cluster(t).SocketDir
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	owner := info.Sys().(*syscall.Stat_t)
	cert, key := certificate(t, "db.example.com")
	for name, text := range map[string][]byte{"server.crt": cert, "server.key": key} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(path, int(owner.Uid), int(owner.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	conn := dial(t, c)
	exec(t, conn, "ALTER SYSTEM SET ssl_cert_file = '"+filepath.Join(dir, "server.crt")+"'")
	exec(t, conn, "ALTER SYSTEM SET ssl_key_file = '"+filepath.Join(dir, "server.key")+"'")
	exec(t, conn, "ALTER SYSTEM SET ssl = on")
	exec(t, conn, "SELECT pg_reload_conf()")
	return filepath.Join(dir, "server.crt")
}

func TestDialTLS(t *testing.T) {
	c := configOf(t, pgtest.Database(t))
	c.TLS.Mode = warehouse.TLSRequire
	if _, err := warehouse.Dial(t.Context(), c, nil); err == nil || !strings.Contains(err.Error(), "TLS") {
		t.Fatalf("a server without TLS was accepted: %v", err)
	}
	c.TLS.Mode = warehouse.TLSDefault
	ca := enableTLS(t, c)
	otherCert, _ := certificate(t, "db.example.com")
	other := filepath.Join(t.TempDir(), "other.crt")
	if err := os.WriteFile(other, otherCert, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, k := range []struct {
		name string
		tls  warehouse.TLS
		err  string
	}{
		{name: "off", tls: warehouse.TLS{Mode: warehouse.TLSOff}},
		{name: "require", tls: warehouse.TLS{Mode: warehouse.TLSRequire}},
		{name: "verified", tls: warehouse.TLS{Mode: warehouse.TLSVerifyFull, CAFile: ca}},
		{name: "verified name", tls: warehouse.TLS{Mode: warehouse.TLSVerifyFull, CAFile: ca, ServerName: "db.example.com"}},
		{name: "wrong name", tls: warehouse.TLS{Mode: warehouse.TLSVerifyFull, CAFile: ca, ServerName: "x.example.com"}, err: "x.example.com"},
		{name: "system authorities", tls: warehouse.TLS{Mode: warehouse.TLSVerifyFull}, err: "unknown authority"},
		{name: "other authority", tls: warehouse.TLS{Mode: warehouse.TLSVerifyFull, CAFile: other}, err: "certificate"},
		{name: "no such file", tls: warehouse.TLS{Mode: warehouse.TLSVerifyFull, CAFile: "/nope"}, err: "/nope"},
	} {
		t.Run(k.name, func(t *testing.T) {
			c := c
			c.TLS = k.tls
			// The server takes a moment to reload.
			deadline := time.Now().Add(10 * time.Second)
			for {
				conn, err := warehouse.Dial(t.Context(), c, nil)
				if err != nil && strings.Contains(err.Error(), "refused TLS") && time.Now().Before(deadline) {
					time.Sleep(20 * time.Millisecond)
					continue
				}
				switch {
				case k.err == "" && err != nil:
					t.Fatal(err)
				case k.err != "" && (err == nil || !strings.Contains(err.Error(), k.err)):
					t.Fatalf("got %v, want %q", err, k.err)
				case err != nil:
					return
				}
				defer closeConn(t, conn)
				want := map[bool]string{true: "f", false: "t"}[k.tls.Mode == warehouse.TLSOff]
				if got := value(t, conn, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"); got != want {
					t.Errorf("ssl is %s, want %s", got, want)
				}
				// A cancel takes the same way.
				b := warehouse.Backend{PID: conn.PID(), SecretKey: conn.SecretKey(), Addr: conn.Conn().RemoteAddr()}
				if err := warehouse.Cancel(t.Context(), c, b); err != nil {
					t.Error(err)
				}
				return
			}
		})
	}
}
