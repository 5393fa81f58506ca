package e2e

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/internal/rsfake"
)

// redshiftFiles are three people, two policies, and a connection that is a Redshift.
const redshiftFiles = `kind: Connection
name: lake
engine: redshift
host: 127.0.0.1
port: %[1]d
database: %[2]s
user: %[3]s
password: {env: REDSHIFT_SERVICE}
log: {format: sys, every: 1}
---
kind: User
name: ann
groups: [analysts]
password: {env: REDSHIFT_PEOPLE}
---
kind: User
name: bob
groups: [analysts, leads]
password: {env: REDSHIFT_PEOPLE}
---
kind: User
name: root
exempt: true
password: {env: REDSHIFT_PEOPLE}
---
kind: User
name: eve
password: {env: REDSHIFT_PEOPLE}
---
kind: Source
name: lake.sales.customer
columns:
  phone: {tags: [PII.Phone]}
---
kind: Source
name: lake.sales.country
---
kind: SubscriptionPolicy
name: analysts-read
on: {tables: ["lake.sales.*"]}
access: read
effect: grant
allow: {when: "isInGroups('analysts')"}
---
kind: DataPolicy
name: phones
on: {columnTags: [PII]}
rules:
  - mask: {columnTags: [PII.Phone], regex: {pattern: "[0-9]", replace: "*"}}
    exceptFor: "isInGroups('leads')"
---
kind: DataPolicy
name: home
on: {tables: [lake.sales.customer]}
rules:
  - rows: "country = 'FR'"
    exceptFor: "isInGroups('leads')"
`

const (
	redshiftPeople  = "correct-Horse-7"
	redshiftService = "Service-1234"
)

// startStandIn starts a stand-in over a database of its own.
func startStandIn(t *testing.T, name string) *rsfake.Server {
	t.Helper()
	if err := shared.cluster.CreateDatabase(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	server, err := rsfake.Start(t.Context(), rsfake.Config{Cluster: shared.cluster, Database: name})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(server.Close(), shared.cluster.DropDatabase(context.WithoutCancel(t.Context()), name)); err != nil {
			t.Error(err)
		}
	})
	return server
}

// startRedshift starts the stand-in with a few rows, and a server in front of it that demands TLS.
func startRedshift(t *testing.T) (*rsfake.Server, *instance, string) {
	t.Helper()
	name := fmt.Sprintf("lake_%d", len(t.Name()))
	server := startStandIn(t, name)
	user, salt := name+"_service", "8f3a"
	sum := sha256.Sum256([]byte(redshiftService + salt))
	err := server.Exec(t.Context(), "CREATE SCHEMA sales",
		"CREATE TABLE sales.customer (id integer NOT NULL, name varchar(40), country varchar(2), phone varchar(20), balance decimal(12,2), joined date) DISTSTYLE ALL SORTKEY (id)",
		`INSERT INTO sales.customer VALUES (1, 'Ada', 'FR', '+33 1 23', 10.50, '2024-01-31'), (2, 'Bo\\b', 'DE', '+49 5', 20, '2024-02-01'), (3, 'Cy''d', 'FR', '0', NULL, NULL)`,
		"CREATE TABLE sales.country (code varchar(2), title varchar(20))", "INSERT INTO sales.country VALUES ('FR', 'France'), ('DE', 'Germany')",
		"CREATE TABLE sales.hidden (secret varchar(20))", "CREATE USER "+user+" PASSWORD 'sha256|"+hex.EncodeToString(sum[:])+"|"+salt+"' SYSLOG ACCESS UNRESTRICTED",
		"GRANT USAGE ON SCHEMA sales TO "+user, "GRANT SELECT ON ALL TABLES IN SCHEMA sales TO "+user)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("REDSHIFT_SERVICE", redshiftService)
	t.Setenv("REDSHIFT_PEOPLE", redshiftPeople)
	certificate, key := selfSigned(t)
	in, err := startInstance(shared.binary, shared.dir, map[string]string{"lake.yaml": fmt.Sprintf(redshiftFiles, server.Port(), name, user)},
		fmt.Sprintf("tls: {cert: %s, key: %s, mode: require}", certificate, key),
		"tokens: {issuer: https://idp.example, audience: postern, keys: "+tokenKeys(t)+", user: login}")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := in.stop(); err != nil {
			t.Error(err)
		}
	})
	return server, in, certificate
}

// TestRedshift serves three people in front of the stand-in for a Redshift: what they see is what their policies say, in the words of a Redshift's
// SQL, to PostgreSQL's clients and to one that says that it is Redshift's own.
func TestRedshift(t *testing.T) {
	noticeSources(t)
	server, in, certificate := startRedshift(t)
	connect := func(user string, params map[string]string) *pgconn.PgConn {
		t.Helper()
		c, err := pgconn.ParseConfig(fmt.Sprintf("host=%s port=%s user=%s password=%s dbname=lake sslmode=verify-full sslrootcert=%s", in.host, in.port, user, redshiftPeople, certificate))
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range params {
			c.RuntimeParams[name] = value
		}
		conn, err := pgconn.ConnectConfig(t.Context(), c)
		if err != nil {
			t.Fatalf("%s: %v", user, err)
		}
		t.Cleanup(func() { conn.Close(context.WithoutCancel(t.Context())) })
		return conn
	}
	ask := func(conn *pgconn.PgConn, sql string) string {
		t.Helper()
		result := conn.ExecParams(t.Context(), sql, nil, nil, nil, nil).Read()
		var refused *pgconn.PgError
		if errors.As(result.Err, &refused) {
			return refused.Code
		}
		if result.Err != nil {
			t.Fatal(result.Err)
		}
		var rows []string
		for _, row := range result.Rows {
			rows = append(rows, string(joined(row)))
		}
		return strings.Join(rows, ";")
	}
	driver := map[string]string{"client_protocol_version": "2", "driver_version": "Redshift Python Driver 2.2.0", "os_version": "Linux"}
	ann, bob, eve := connect("ann", driver), connect("bob", nil), connect("eve", nil)
	asked := 0
	for _, c := range []struct{ sql, ann, bob, eve string }{
		{"SELECT id, name, phone FROM sales.customer ORDER BY id", "1|Ada|+** * **;3|Cy'd|*", `1|Ada|+33 1 23;2|Bo\b|+49 5;3|Cy'd|0`, "42P01"},
		{"SELECT TOP 1 name FROM sales.customer ORDER BY id DESC", "Cy'd", "Cy'd", "42P01"},
		{`SELECT "Title", COUNT(*) FROM sales.customer c JOIN sales.country ON code = country GROUP BY 1 ORDER BY 1`, "France|2", "France|2;Germany|1", "42P01"},
		{"SELECT NVL(balance, 0), DATEDIFF(day, joined, '2024-02-02'::date) FROM sales.customer WHERE id = 1", "10.50|2", "10.50|2", "42P01"},
		{"SELECT country FROM sales.customer MINUS SELECT 'FR' ORDER BY 1", "", "DE", "42P01"},
		{"SELECT LISTAGG(name, ',') WITHIN GROUP (ORDER BY id) FROM sales.customer", "Ada,Cy'd", `Ada,Bo\b,Cy'd`, "42P01"},
		{"SELECT table_name FROM svv_all_tables WHERE schema_name = 'sales' ORDER BY 1", "country;customer", "country;customer", ""},
		{"SELECT * FROM sales.hidden", "42P01", "42P01", "42P01"},
		{"SELECT * FROM stl_query", "0A000", "0A000", "0A000"},
		// One string for PostgreSQL's parser, and a string and a column for a Redshift.
		{`SELECT '\'' , name FROM sales.customer ORDER BY id --'`, "'|Ada;'|Cy'd", `'|Ada;'|Bo\b;'|Cy'd`, "42P01"},
		{"SELECT current_user", "ann", "bob", "eve"},
	} {
		for who, conn := range map[string]*pgconn.PgConn{c.ann + "\x00ann": ann, c.bob + "\x00bob": bob, c.eve + "\x00eve": eve} {
			want, name, _ := strings.Cut(who, "\x00")
			got := ask(conn, c.sql)
			if asked++; got != want {
				t.Errorf("%s: %s: %q, want %q", name, c.sql, got, want)
			}
		}
	}
	t.Logf("%d answers", asked)
	if asked < 30 {
		t.Error("fewer than 30 answers")
	}
	redshiftPreviews(t, in)
	for _, u := range server.Startups() {
		if u.Params["application_name"] == "postern:log" {
			continue // the server's own, which asks for the history
		}
		if u.Auth != 13 {
			t.Errorf("the warehouse asked by %d", u.Auth)
		}
		for name := range u.Params {
			if name != "user" && name != "database" && name != "client_encoding" && name != "application_name" {
				t.Errorf("%s reached the warehouse", name)
			}
		}
	}
	for _, sql := range server.Statements() {
		if strings.Contains(sql, `\`) {
			t.Errorf("a backslash reached the warehouse: %s", sql)
		}
	}
	if n := len(records(t, in, func(e audit.Event) bool { return e.Kind == audit.Statement && e.Login == "ann" })); n < 8 {
		t.Errorf("%d statements of ann's are on record", n)
	}
}

// redshiftPreviews asks an administrator's questions: what they are told of filters and masks is in a Redshift's words, as is the statement.
func redshiftPreviews(t *testing.T, in *instance) {
	t.Helper()
	token := firstTokenOf(t, in)
	for path, body := range map[string]string{
		"/v1/decisions": `{"user": "ann", "connection": "lake", "tables": [{"schema": "sales", "table": "customer"}]}`,
		"/v1/explain":   `{"user": "ann", "connection": "lake", "sql": "SELECT TOP 1 phone FROM sales.customer"}`,
	} {
		status, answer := askAPI(t, in, http.MethodPost, path, token, body)
		if status != 200 || !strings.Contains(answer, `(\"postern_t\".\"country\" = 'FR')`) || !strings.Contains(answer, `CAST(regexp_replace(\"postern_t\".\"phone\"`) || strings.Contains(answer, "pg_catalog.") || strings.Contains(answer, "::") {
			t.Errorf("%s: %d\n%s", path, status, answer)
		}
	}
	if status, answer := askAPI(t, in, http.MethodPost, "/v1/explain", token, `{"user": "ann", "connection": "lake", "sql": "SELECT TOP 1 phone FROM sales.hidden"}`); status != 200 || !strings.Contains(answer, "42P01") {
		t.Errorf("of a refused statement: %d %s", status, answer)
	}
}

// tokenKeys writes the keys of an issuer, and puts a token of its for ann where a client finds it.
func tokenKeys(t *testing.T) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	file := filepath.Join(t.TempDir(), "keys.json")
	if err := os.WriteFile(file, fmt.Appendf(nil, `{"keys": [{"kty": "RSA", "kid": "1", "n": %q, "e": "AQAB"}]}`, b64(key.N.Bytes())), 0o600); err != nil {
		t.Fatal(err)
	}
	text := b64([]byte(`{"alg": "RS256", "kid": "1"}`)) + "." + b64(fmt.Appendf(nil, `{"iss": "https://idp.example", "aud": "postern", "login": "ann", "exp": %d}`, time.Now().Add(time.Hour).Unix()))
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("REDSHIFT_TOKEN", text+"."+b64(signature))
	return file
}

func joined(row [][]byte) []byte {
	var out []byte
	for i, v := range row {
		if i > 0 {
			out = append(out, '|')
		}
		out = append(out, v...)
	}
	return out
}
