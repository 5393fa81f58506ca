package check

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/internal/pgcluster/pgtest"
)

var update = flag.Bool("update", false, "rewrite testdata; the difference is for a reviewer to read")

const policies = `kind: Connection
name: shop
engine: postgres
host: warehouse.invalid
database: shop
user: service
password: {env: POSTERN_TEST_NOT_SET}
---
kind: User
name: ann
groups: [analysts]
attributes: {region: [EU]}
password: {env: POSTERN_TEST_NOT_SET}
---
kind: User
name: eve
---
kind: Purpose
name: support
acknowledgement: I call customers about their orders only.
---
kind: Project
name: desk
members: {users: [ann]}
purposes: [support]
sources: {tables: [shop.public.customer]}
---
kind: Source
name: shop.public.customer
columns: {phone: {tags: [PII]}, name: {tags: [Name]}}
---
kind: Source
name: shop.public.salary
---
kind: TokenDomain
name: names
version: 1
key: {env: POSTERN_TEST_NOT_SET}
---
kind: SubscriptionPolicy
name: analysts
on: {tables: [shop.public.customer]}
access: read
effect: grant
allow: {when: "isInGroups('analysts')"}
---
kind: DataPolicy
name: care
on: {tables: [shop.public.customer]}
rules:
  - rows: "@attributeValuesContains('region', region)"
  - mask: {columnTags: [PII], constant: hidden}
    exceptFor: "isUsingPurpose('support')"
  - mask: {columnTags: [Name], hash: {domain: names}}
`

const head = `connection: shop
sql: |
  CREATE TABLE customer (id integer PRIMARY KEY, name text, phone text, region text, vip boolean, since date DEFAULT '2020-02-03');
  CREATE TABLE salary (amount integer);
rows:
  public.customer:
    - {id: 1, name: A, phone: "1-2", region: EU, vip: true}
    - {id: 2, name: B, phone: "3-4", region: US, vip: false}
    - {id: 3, name: C, phone: null, region: EU, since: 2024-05-06}
tests:
`

// passing holds, and each of failing fails with a text of its own.
const passing = head + `
  - {name: rows in any order, as: ann, query: "SELECT id, vip, since FROM customer", rows: [[3, null, 2024-05-06], [1, true, 2020-02-03]]}
  - {name: rows in order, as: ann, query: "SELECT id FROM customer ORDER BY id DESC", ordered: true, rows: [[3], [1]]}
  - {name: masked, as: ann, query: "SELECT phone FROM customer WHERE id = 1", columns: [phone], rows: [[hidden]], masks: {public.customer.phone: constant, public.customer.id: raw}}
  - {name: in a project, as: ann, project: desk, query: "SELECT phone FROM customer WHERE id = 1", rows: [["1-2"]]}
  - {name: no project is left behind, as: ann, query: "SELECT phone FROM customer WHERE id = 1", rows: [[hidden]]}
  - {name: hashed, as: ann, query: "SELECT 1 FROM customer WHERE name = 'A'", rows: [], count: 0, masks: {public.customer.name: hash}}
  - {name: refused, as: eve, query: "TABLE customer", refused: 42P01, denied: [public.customer, public.salary]}
  - {name: an error of the query itself, as: ann, query: "SELECT 1 / (id - 1) FROM customer", refused: "22012"}
  - {name: decisions alone, as: ann, sees: [public.customer], denied: [public.salary], masks: {public.customer.gone: hidden}}
`

var failing = []struct{ test, want string }{
	{`{as: ann, query: "SELECT id FROM customer", rows: [[1], [2]]}`, "- 2"},
	{`{as: ann, query: "SELECT id FROM customer", rows: [[1], [2]]}`, "+ 3"},
	{`{as: ann, query: "SELECT id FROM customer ORDER BY id", ordered: true, rows: [[3], [1]]}`, "another order"},
	{`{as: ann, query: "SELECT id FROM customer", rows: []}`, "+ 1"},
	{`{as: ann, query: "SELECT id FROM customer", count: 3}`, "there are 2 rows, want 3"},
	{`{as: ann, query: "SELECT id FROM customer", columns: [x]}`, "the columns are id, want x"},
	{`{as: ann, query: "SELECT phone FROM customer WHERE id = 3", rows: [["null"]]}`, `- "null"`},
	{`{as: ann, query: "SELECT id FROM customer", refused: 42P01}`, "is answered (2 rows)"},
	{`{as: eve, query: "SELECT id FROM customer", count: 0}`, "SQLSTATE 42P01"},
	{`{as: eve, query: "SELECT id FROM customer", refused: "42501"}`, "want 42501"},
	{`{as: ann, masks: {public.customer.phone: raw}}`, "the mask is constant, want raw"},
	{`{as: ann, masks: {public.salary.amount: raw}}`, "the table is denied"},
	{`{as: eve, sees: [public.customer]}`, "public.customer: denied, want seen"},
	{`{as: ann, denied: [public.customer]}`, "public.customer: seen, want denied"},
	{`{as: nobody, query: "SELECT 1", count: 1}`, `"nobody" is no User`},
	{`{as: eve, project: desk, query: "SELECT 1", count: 1}`, "permission denied for project"},
}

func TestMain(m *testing.M) { pgtest.Main(m) }

func load(t *testing.T, text string) *File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tests.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func set(t *testing.T) *resource.Set {
	t.Helper()
	s, err := resource.Parse("policies.yaml", []byte(policies))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRun(t *testing.T) {
	server := pgtest.Cluster(t).DSN("postgres")
	for name, text := range map[string]string{"passing": passing, "failing": failingText()} {
		t.Run(name, func(t *testing.T) {
			outcomes, err := Run(t.Context(), Config{Server: server}, set(t), load(t, text))
			if err != nil {
				t.Fatal(err)
			}
			if name == "passing" && len(outcomes) != 9 || name == "failing" && len(outcomes) != len(failing) {
				t.Fatalf("%d tests were run", len(outcomes))
			}
			for i := range outcomes {
				o := &outcomes[i]
				told := strings.Join(o.Failures, "\n")
				switch {
				case name == "passing" && !o.Passed():
					t.Errorf("%s: %s", o.Name, told)
				case name == "failing" && !strings.Contains(told, failing[i].want):
					t.Errorf("%s: told %q, want %q", failing[i].test, told, failing[i].want)
				case name == "failing" && (o.Line == 0 || o.Report == nil && !strings.Contains(told, "nobody") && !strings.Contains(told, "project")):
					t.Errorf("%s: line %d, report %v", failing[i].test, o.Line, o.Report)
				}
			}
		})
	}
	if left := leftovers(t, server); left != "0" {
		t.Errorf("%s scratch databases and roles are left", left)
	}
}

func failingText() string {
	var b strings.Builder
	b.WriteString(head)
	for _, f := range failing {
		b.WriteString("  - " + f.test + "\n")
	}
	return b.String()
}

// leftovers counts what runs should have dropped.
func leftovers(t *testing.T, server string) string {
	t.Helper()
	conn, err := pgconn.Connect(t.Context(), server)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	r := conn.ExecParams(t.Context(), `SELECT (SELECT count(*) FROM pg_database WHERE datname LIKE 'postern\_check%') +
		(SELECT count(*) FROM pg_roles WHERE rolname LIKE 'postern\_check%')`, nil, nil, nil, nil).Read()
	if r.Err != nil {
		t.Fatal(r.Err)
	}
	return string(r.Rows[0][0])
}

// TestCannotRun holds that what keeps tests from running is an error that names it, and that nothing is left behind.
func TestCannotRun(t *testing.T) {
	server := pgtest.Cluster(t).DSN("postgres")
	one := `
  - {as: ann, query: "SELECT 1", count: 1}
`
	for name, c := range map[string]struct{ server, text, want string }{
		"schema that fails":     {server, strings.Replace(head, "CREATE TABLE salary", "CREATE TABEL salary", 1) + one, "syntax error"},
		"row that does not fit": {server, strings.Replace(head, "id: 2", "id: x", 1) + one, "public.customer, row 2"},
		"missing table":         {server, strings.Replace(head, "CREATE TABLE salary (amount integer);", "", 1) + one, `relation "public.salary" does not exist`},
		"missing schema file":   {server, strings.Replace(head, "sql:", "schema: [gone.sql]\nsql:", 1) + one, "gone.sql"},
		"other connection":      {server, strings.Replace(head, "connection: shop", "connection: other", 1) + one, `no Connection "other"`},
		"no URL":                {"host=x password=secret", head + one, "not of the form postgres://"},
		"no server":             {"postgres://u:secret@127.0.0.1:1/x", head + one, "connecting to the scratch server"},
	} {
		_, err := Run(t.Context(), Config{Server: c.server}, set(t), load(t, c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if left := leftovers(t, server); left != "0" {
		t.Errorf("%s scratch databases and roles are left", left)
	}
}

func TestMistakesInAFile(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"empty":                   {"", []string{"connection is missing", "schema or sql is missing", "there are no tests"}},
		"unknown field":           {"connection: a\nsqll: b\n", []string{"sqll"}},
		"unknown field of a test": {head + "  - {as: ann, qeury: x}\n", []string{"tests.yaml", `"qeury" is not one of`}},
		"two documents":           {passing + "---\na: b\n", []string{"more than one document"}},
		"all at once": {head + `
  - {query: SELECT 1, count: 1}
  - {as: ann}
  - {as: ann, rows: [[1]]}
  - {as: ann, query: SELECT 1}
  - {as: ann, query: SELECT 1, refused: 42501x}
  - {as: ann, query: SELECT 1, refused: "42501", count: 1}
  - {as: ann, query: SELECT 1, count: 1, ordered: true}
  - {as: ann, masks: {a.b: null}}
  - {as: ann, sees: [a]}
`, []string{":12: as is missing", ":13: the test asks nothing", ":14: columns, rows", ":15: the test wants nothing", ":16: refused", ":17: what is refused has no rows",
			":18: ordered is about rows", `:19: masks: "a.b"`, `:20: "a" is not of the form`}},
	} {
		path := filepath.Join(t.TempDir(), "tests.yaml")
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Load(path)
		if err == nil {
			t.Errorf("%s: no mistake is told", name)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q is missing from\n%s", name, want, err)
			}
		}
	}
}

func TestPrint(t *testing.T) {
	server := pgtest.Cluster(t).DSN("postgres")
	outcomes, err := Run(t.Context(), Config{Server: server}, set(t), load(t, head+`
  - {name: right, as: ann, query: "SELECT id FROM customer", count: 2}
  - {name: wrong, as: ann, query: "SELECT id, phone FROM customer", rows: [[1, "1-2"], [3, null]]}
`))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := Print(&out, outcomes, true); err != nil {
		t.Fatal(err)
	}
	text := regexp.MustCompile(`(?m)\S*tests\.yaml`).ReplaceAllString(out.String(), "tests.yaml")
	if i := strings.Index(text, "the SQL that runs:"); i >= 0 {
		// What rewrite prints is its own tests' business.
		text = text[:i] + text[strings.LastIndex(text, "2 tests"):]
	}
	if *update {
		if err := os.WriteFile("testdata/print.txt", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/print.txt")
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != text {
		t.Errorf("printed is\n%s", text)
	}
}
