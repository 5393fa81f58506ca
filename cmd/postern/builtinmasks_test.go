package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/internal/rsfake"
	"github.com/posternsql/postern/internal/rsfake/rsfaketest"
	"github.com/posternsql/postern/tokenize"
)

const builtinMasksResources = `kind: Connection
name: wh
engine: redshift
host: 127.0.0.1
port: %[1]d
database: %[2]s
user: %[3]s
password: {env: REDSHIFT_TEST_SERVICE}
masks: builtin
---
kind: TokenDomain
name: people
key: {env: REDSHIFT_TEST_KEY}
version: VERSION
---
kind: PushSettings
name: wh
connection: wh
user: %[4]s
password: {env: REDSHIFT_TEST_SYSTEM}
enforce: views
readOnly: true
rolePrefix: %[5]s
---
kind: IdentityMapping
name: accounts
connection: wh
users: {ann: %[6]s}
---
kind: User
name: ann
password: {env: REDSHIFT_TEST_SERVICE}
---
kind: Source
name: wh.sales.customer
key: [id]
---
kind: Source
name: wh.sales.phones
key: [id]
---
kind: SubscriptionPolicy
name: all
on: {tables: ["wh.*.*"]}
access: read
effect: grant
allow: {anyone: true}
---
kind: DataPolicy
name: masks
on: {tables: ["wh.*.*"]}
rules:
  - mask: {columns: [phone], MASK: {domain: people}}
  - mask: {columns: [answer], randomized: {values: ["yes", "no"], percent: 50}}
`

// builtinMasks is a Redshift whose masks are built in, with files about it.
type builtinMasks struct {
	t                            *testing.T
	server                       *rsfake.Server
	service, system, ann, prefix string
	folder, config               string
}

func newBuiltinMasks(t *testing.T) *builtinMasks {
	t.Helper()
	b := &builtinMasks{t: t, server: rsfaketest.New(t), service: pgtest.Name("service"), system: pgtest.Name("system"), ann: pgtest.Name("ann"), prefix: pgtest.Name("p") + "_", folder: t.TempDir()}
	b.config = filepath.Join(b.folder, "postern.yaml")
	rsfaketest.Exec(t, b.server, "CREATE SCHEMA sales", "CREATE TABLE sales.customer (id int, phone varchar(100), answer varchar(3))", "CREATE VIEW sales.phones AS SELECT id, phone FROM sales.customer", "INSERT INTO sales.customer VALUES (1, '0123', 'yes'), (2, '', 'no'), (3, NULL, NULL)")
	for i := 4; i < 60; i++ {
		rsfaketest.Exec(t, b.server, fmt.Sprintf("INSERT INTO sales.customer VALUES (%d, 'o''neil %d ', 'yes')", i, i))
	}
	for _, account := range []string{b.service, b.ann} {
		rsfaketest.Exec(t, b.server, "CREATE USER "+account+" PASSWORD 'Service-1234'")
	}
	t.Setenv("REDSHIFT_TEST_SERVICE", "Service-1234")
	t.Setenv("REDSHIFT_TEST_SYSTEM", "System-1234")
	t.Setenv("REDSHIFT_TEST_SETUP", b.server.URL(rsfake.AdminUser, rsfake.AdminPassword))
	return b
}

// write has the mask, and the version and the key of its domain.
func (b *builtinMasks) write(mask string, version int, key []byte) {
	b.t.Helper()
	b.t.Setenv("REDSHIFT_TEST_KEY", base64.StdEncoding.EncodeToString(key))
	resources := fmt.Sprintf(builtinMasksResources, b.server.Port(), b.server.Database(), b.service, b.system, b.prefix, b.ann)
	resources = strings.NewReplacer("VERSION", fmt.Sprint(version), "MASK", mask).Replace(resources)
	writeFiles(b.t, b.folder, map[string]string{"postern.yaml": "state: sqlite:state.db\naudit: {dir: audit}\nresources: [resources.yaml]\n", "resources.yaml": resources})
}

// rows are those of a question, one text each.
func (b *builtinMasks) rows(conn *pgconn.PgConn, sql string) []string {
	b.t.Helper()
	result := conn.ExecParams(b.t.Context(), sql, nil, nil, nil, nil).Read()
	if result.Err != nil {
		b.t.Fatalf("%s: %v", sql, result.Err)
	}
	out := make([]string, len(result.Rows))
	for i, row := range result.Rows {
		out[i] = string(bytes.Join(row, []byte("|")))
	}
	return out
}

var listens = regexp.MustCompile(`(?m)^listen: (.*)$`)

// throughProxy asks the proxy as ann.
func (b *builtinMasks) throughProxy(ask func(conn *pgconn.PgConn)) {
	b.t.Helper()
	s := serve(b.t, b.config)
	defer s.stop()
	text, err := os.ReadFile(b.config)
	if err != nil {
		b.t.Fatal(err)
	}
	host, port, err := net.SplitHostPort(string(listens.FindSubmatch(text)[1]))
	if err != nil {
		b.t.Fatal(err)
	}
	conn, err := pgconn.Connect(b.t.Context(), fmt.Sprintf("host=%s port=%s user=ann password=Service-1234 dbname=wh sslmode=disable", host, port))
	if err != nil {
		b.t.Fatalf("%v\n%s", err, s.log.String())
	}
	defer func() { _ = conn.Close(b.t.Context()) }()
	ask(conn)
}

// nowhere wants the keys in no text that was sent, in no definition that the warehouse keeps, and in nothing that was written down here.
func (b *builtinMasks) nowhere(keys ...string) {
	b.t.Helper()
	admin := rsfaketest.Connect(b.t, b.server, rsfake.AdminUser, rsfake.AdminPassword)
	texts := b.server.Statements()
	kept := b.rows(admin, "SELECT definition FROM pg_views WHERE schemaname NOT IN ('pg_catalog', 'information_schema') UNION ALL SELECT prosrc FROM pg_proc WHERE prosrc LIKE '%postern%'")
	if len(texts) < 50 || len(kept) < 3 || !slices.ContainsFunc(kept, func(s string) bool { return strings.Contains(s, "mask_keys") }) {
		b.t.Errorf("%d texts and %d definitions", len(texts), len(kept))
	}
	texts = append(texts, kept...)
	files := 0
	err := filepath.WalkDir(b.folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		texts = append(texts, string(data))
		files++
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	for _, text := range texts {
		for _, key := range keys {
			if strings.Contains(text, key) {
				b.t.Errorf("a key is in %.200s", text)
			}
		}
	}
	b.t.Logf("%d keys in none of %d texts and definitions and %d files", len(keys), len(texts)-files, files)
}

// TestBuiltinMasks: without a Lambda a person reads the same hashes and answers through the proxy and by the view in the warehouse, which are those of
// tokenize.SQLKeys; keys are in no text, nobody but the two accounts reads them, and another version is another key.
func TestBuiltinMasks(t *testing.T) {
	b := newBuiltinMasks(t)
	first, second := bytes.Repeat([]byte{7}, 32), bytes.Repeat([]byte{9}, 32)
	register := []string{"register", "--setup-env", "REDSHIFT_TEST_SETUP", "-y"}
	b.write("hash", 1, first)
	take(t, b.config, step{[]string{"plan"}, exitFailure, "run `postern register`"}, step{register, exitOK, "Registered 2 sources"}, step{[]string{"sync"}, exitOK, ""}, step{[]string{"plan"}, exitOK, "Nothing to do"})
	keys, err := tokenize.NewSQLKeys(first, "people")
	if err != nil {
		t.Fatal(err)
	}
	ann := rsfaketest.Connect(t, b.server, b.ann, "Service-1234")
	stored := b.rows(ann, "SELECT id, phone, answer FROM governed_sales.customer ORDER BY id")
	if len(stored) != 59 || stored[0][:67] != "1|"+keys.Hash("people", "0123")+"|" || stored[1][:67] != "2|"+keys.Hash("people", "")+"|" || stored[2] != "3||" || stored[3][:67] != "4|"+keys.Hash("people", "o'neil 4 ")+"|" {
		t.Errorf("stored: %q", stored)
	}
	if other := slices.DeleteFunc(slices.Clone(stored[3:]), func(s string) bool { return strings.HasSuffix(s, "|yes") }); len(other) < 5 || len(other) > 30 {
		t.Errorf("%d of 56 answers are not the ones that were given, of about 14", len(other))
	}
	b.throughProxy(func(conn *pgconn.PgConn) {
		if got := b.rows(conn, "SELECT id, phone, answer FROM sales.customer ORDER BY id"); !slices.Equal(got, stored) {
			t.Errorf("through the proxy: %q\nstored: %q", got, stored)
		}
		// A plain view reads its table as the person may, and is masked by policies of its own.
		if got := b.rows(conn, "SELECT id, phone FROM sales.phones ORDER BY id LIMIT 1"); got[0] != "1|"+keys.Hash("people", keys.Hash("people", "0123")) {
			t.Errorf("through a view: %q", got)
		}
		for _, attack := range []string{"SELECT * FROM postern_functions.mask_keys", "EXPLAIN SELECT * FROM postern_functions.mask_keys", "SELECT postern_k1.inner_key FROM sales.customer", "SELECT inner_key FROM sales.customer",
			"SELECT postern_r.inner_key FROM sales.customer", "CREATE VIEW v AS SELECT * FROM postern_functions.mask_keys", "SELECT (SELECT max(inner_key) FROM postern_functions.mask_keys) FROM sales.customer"} {
			if result := conn.ExecParams(t.Context(), attack, nil, nil, nil, nil).Read(); result.Err == nil {
				t.Errorf("%s gives %q", attack, result.Rows)
			}
		}
		for _, plan := range []string{"EXPLAIN SELECT phone FROM sales.customer", "EXPLAIN SELECT id FROM sales.customer WHERE answer = 'yes'"} {
			result := conn.ExecParams(t.Context(), plan, nil, nil, nil, nil).Read()
			if text := fmt.Sprintf("%s %v", result.Rows, result.Err); strings.Contains(text, keys.Inner) || strings.Contains(text, keys.Outer) {
				t.Errorf("%s tells the key: %s", plan, text)
			}
		}
	})
	for _, attack := range []string{"SELECT * FROM postern_functions.mask_keys", "SELECT inner_key FROM governed_sales.customer", "EXPLAIN SELECT * FROM postern_functions.mask_keys", "CREATE TEMP TABLE k AS SELECT * FROM postern_functions.mask_keys",
		"SELECT has_table_privilege('postern_functions.mask_keys', 'select')", "CREATE VIEW public.v AS SELECT * FROM postern_functions.mask_keys"} {
		if result := ann.ExecParams(t.Context(), attack, nil, nil, nil, nil).Read(); result.Err == nil && string(result.Rows[0][0]) != "f" {
			t.Errorf("%s gives %q", attack, result.Rows)
		}
	}
	drawn := b.rows(rsfaketest.Connect(t, b.server, rsfake.AdminUser, rsfake.AdminPassword), "SELECT inner_key FROM postern_functions.mask_keys WHERE domain = 'default' UNION ALL SELECT outer_key FROM postern_functions.mask_keys WHERE domain = 'default'")
	if len(drawn) != 2 {
		t.Fatalf("%d keys were drawn", len(drawn))
	}
	b.nowhere(append(drawn, keys.Inner, keys.Outer, string(first))...)
	b.rotated(second, register, stored)
}

// rotated replaces the key: until it is registered nothing is published, and afterwards every hash is another, and the drawn key the same.
func (b *builtinMasks) rotated(second []byte, register, before []string) {
	b.t.Helper()
	b.write("hash", 2, second)
	take(b.t, b.config, step{[]string{"plan"}, exitFailure, "has version 1 of its key, and version 2 is wanted"}, step{register, exitOK, "Registered 2 sources"}, step{[]string{"plan"}, exitOK, ""})
	keys, err := tokenize.NewSQLKeys(second, "people")
	if err != nil {
		b.t.Fatal(err)
	}
	ann := rsfaketest.Connect(b.t, b.server, b.ann, "Service-1234")
	now := b.rows(ann, "SELECT id, phone, answer FROM governed_sales.customer ORDER BY id")
	if now[0] != "1|"+keys.Hash("people", "0123")+before[0][66:] {
		b.t.Errorf("after it was replaced: %q, before: %q", now[0], before[0])
	}
	b.write("hash", 2, bytes.Repeat([]byte{11}, 32))
	take(b.t, b.config, step{[]string{"plan"}, exitFailure, "has another key: run `postern register`"})
	for _, mask := range []string{"reversible", "formatPreserving"} {
		b.write(mask, 2, second)
		take(b.t, b.config, step{[]string{"plan"}, exitFailure, "masks: builtin"})
	}
	b.write("hash", 2, second)
	rsfaketest.Exec(b.t, b.server, "GRANT USAGE ON SCHEMA postern_functions TO "+b.ann, "GRANT SELECT ON postern_functions.mask_keys TO "+b.ann)
	take(b.t, b.config, step{[]string{"plan"}, exitOK, "may read the keys of masks"}, step{register, exitFailure, "is open to user " + b.ann})
	rsfaketest.Exec(b.t, b.server, "REVOKE SELECT ON postern_functions.mask_keys FROM "+b.ann, "REVOKE USAGE ON SCHEMA postern_functions FROM "+b.ann)
	take(b.t, b.config,
		step{[]string{"unregister", "-y"}, exitOK, "were committed"},
		step{[]string{"register", "--remove", "--setup-env", "REDSHIFT_TEST_SETUP", "-y"}, exitOK, "taken back"})
	admin := rsfaketest.Connect(b.t, b.server, rsfake.AdminUser, rsfake.AdminPassword)
	if left := b.rows(admin, "SELECT relname FROM pg_class WHERE relname = 'mask_keys'"); len(left) > 0 {
		b.t.Error("the keys are left")
	}
}
