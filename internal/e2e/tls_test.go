package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"database/sql"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// TestTLS: where the server requires TLS, clients that verify its certificate get their rows, those of libpq also with the
// log-in bound to the certificate (SCRAM-SHA-256-PLUS), and a client without TLS does not get as far as a password.
func TestTLS(t *testing.T) {
	noticeSources(t)
	certificate, key := selfSigned(t)
	files, err := exampleFiles()
	if err != nil {
		t.Fatal(err)
	}
	in, err := startInstance(shared.binary, shared.dir, files,
		fmt.Sprintf("tls: {cert: %s, key: %s, mode: require}", certificate, key))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := in.stop(); err != nil {
			t.Error(err)
		}
	})
	query, who := tourQuery(t), people()[0]
	expected := rawAnswer(t, who.expected)
	verify := "sslmode=verify-full&sslrootcert=" + certificate
	for name, ask := range map[string]func(t *testing.T) string{
		"psql": func(t *testing.T) string {
			env := []string{"PGSSLMODE=verify-full", "PGSSLROOTCERT=" + certificate, "PGCHANNELBINDING=require"}
			return runClient(t, who, env, "psql", psqlArgs(in, who, "-A", "-t", "-F", "|", "-c", query)...)
		},
		"pgx": func(t *testing.T) string {
			got, err := rawRows(connect(t, in, who, verify).Query(t.Context(), query, pgx.QueryExecModeSimpleProtocol))
			if err != nil {
				t.Fatal(err)
			}
			return got
		},
		"pq": func(t *testing.T) string {
			return askPqAt(t, dsn(in, who, verify), func(db *sql.DB) (*sql.Rows, error) { return db.QueryContext(t.Context(), query) })
		},
		"jdbc": func(t *testing.T) string {
			return askJDBCAt(t, fmt.Sprintf("jdbc:postgresql://%s:%s/%s?%s", in.host, in.port, databaseName, verify), who, query)
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := ask(t); got != expected {
				t.Errorf("got\n%s\nexpected\n%s", got, expected)
			}
		})
	}
	conn, err := pgconn.Connect(t.Context(), dsn(in, who, "sslmode=disable"))
	if err == nil {
		_ = conn.Close(t.Context())
		t.Fatal("a client without TLS was let in")
	}
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) || pgErr.Code != "28000" {
		t.Errorf("a client without TLS got %v", err)
	}
}

// selfSigned writes a certificate for 127.0.0.1 that is its own authority, and its key.
func selfSigned(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "postern test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certificate, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{
		certificate: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: keyDER},
	} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certificate, key
}
