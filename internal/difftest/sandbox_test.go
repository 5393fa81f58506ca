package difftest

import (
	"context"
	"strings"
	"testing"

	"github.com/posternsql/postern/internal/difftest/sanitised"
)

const sandboxes = `
---
kind: Sandbox
name: scratch
connection: wh
schema: scratch
members: {users: [ann, bob, dora]}
`

// withSandboxes adds them, and what more says, to the policies.
func withSandboxes(more string) damage {
	return damage{policies: func(name, text string) string {
		if name == "masks.yaml" {
			text += sandboxes + more
		}
		return text
	}}
}

// newSandboxOracle is a person with a sandbox on both sides.
func newSandboxOracle(t *testing.T, p *postern, person string) *oracle {
	t.Helper()
	sql := "CREATE SCHEMA IF NOT EXISTS scratch_" + person + " AUTHORIZATION " + person
	if err := shared.cluster.Exec(t.Context(), sanitised.Database(person), sql); err != nil {
		t.Fatal(err)
	}
	return newOracle(t, p, person)
}

// dropSandboxes takes away what the tests made.
func dropSandboxes(t *testing.T) {
	t.Helper()
	t.Cleanup(func() {
		for _, person := range []string{"ann", "bob", "dora"} {
			for _, database := range []string{sanitised.Raw, sanitised.Database(person)} {
				if err := shared.cluster.Exec(context.Background(), database, "DROP SCHEMA IF EXISTS scratch_"+person+" CASCADE"); err != nil {
					t.Log(err)
				}
			}
		}
	})
}

// kept is what people do in a sandbox; both sides have to say the same to each of it, one after the other.
var kept = []string{
	"CREATE TABLE scratch_$.c AS SELECT id, name, phone, balance, country, tags FROM customer",
	"SELECT * FROM scratch_$.c", "SELECT count(*), min(phone) FROM scratch_$.c AS x WHERE x.name LIKE '%N%'", "SELECT x::text FROM scratch_$.c AS x",
	"CREATE TABLE scratch_$.c AS SELECT 1 AS id", "SELECT count(*) FROM scratch_$.c", "TABLE scratch_$.nothing",
	"SELECT o.id, c.phone INTO scratch_$.o FROM orders AS o JOIN customer AS c ON c.id = o.customer_id WHERE 10 / c.k > 1 AND o.note IS NOT NULL",
	"SELECT * FROM scratch_$.o", "SELECT a.id, b.phone FROM scratch_$.c AS a JOIN scratch_$.o AS b USING (phone) JOIN customer AS d ON d.id = a.id",
	"CREATE TABLE scratch_$.u (a, b) AS SELECT id, title FROM item UNION SELECT id, title FROM dept", "SELECT b, count(*) FROM scratch_$.u GROUP BY b",
	"CREATE TABLE scratch_$.v AS VALUES (1, 'one'), (2, 'two')", "SELECT * FROM scratch_$.v", "SELECT column1 FROM scratch_$.v WHERE column2 = 'two'",
	"CREATE TABLE scratch_$.n AS SELECT id, name FROM customer WITH NO DATA", "SELECT * FROM scratch_$.n", "INSERT INTO scratch_$.n SELECT id, phone FROM customer WHERE id > 3 RETURNING *",
	"CREATE TABLE scratch_$.w AS WITH x AS (SELECT country, sum(credit) AS s FROM customer GROUP BY country) SELECT * FROM x", "SELECT * FROM scratch_$.w WHERE s > 10",
	"CREATE TABLE scratch_$.again AS SELECT a.country, b.phone FROM scratch_$.c AS a JOIN scratch_$.n AS n USING (id) LEFT JOIN scratch_$.o AS b ON true", "SELECT count(*), count(phone) FROM scratch_$.again",
	"CREATE TABLE scratch_$.t (id int NOT NULL, v varchar(5), at timestamptz)", "INSERT INTO scratch_$.t VALUES (1, 'a', now()), (2, NULL, NULL)", "INSERT INTO scratch_$.t (v) VALUES ('x')",
	"UPDATE scratch_$.t SET v = 'b' WHERE id = 1 RETURNING id, v", "DELETE FROM scratch_$.t WHERE v IS NULL", "SELECT id, v FROM scratch_$.t", "TRUNCATE scratch_$.t", "SELECT * FROM scratch_$.t",
	"INSERT INTO scratch_$.c (id, name) SELECT id + 1000, name FROM customer", "UPDATE scratch_$.c SET phone = 'none' WHERE id > 1000", "SELECT * FROM scratch_$.c", "DELETE FROM scratch_$.c USING customer AS x WHERE x.id = scratch_$.c.id",
	"SELECT * FROM scratch_$.c", "CREATE TABLE scratch_$.view AS SELECT * FROM customer_v", "SELECT * FROM scratch_$.view", "CREATE TABLE scratch_$.deep AS SELECT * FROM order_totals", "SELECT * FROM scratch_$.deep",
	"CREATE TABLE scratch_$.dup AS SELECT id, id FROM customer", "CREATE TABLE scratch_$.q AS SELECT 1, id * 2, upper(country) FROM customer", `SELECT "?column?", upper FROM scratch_$.q`, "DROP TABLE scratch_$.q, scratch_$.v",
	"SELECT * FROM scratch_$.v", "DROP TABLE scratch_$.v", "CREATE TABLE scratch_$.v AS SELECT id FROM customer", "SELECT * FROM scratch_$.v",
	"BEGIN", "CREATE TABLE scratch_$.gone AS SELECT id, phone FROM customer", "SELECT * FROM scratch_$.gone", "ROLLBACK", "SELECT * FROM scratch_$.gone",
	"SET search_path = scratch_$, shop", "CREATE TABLE bare AS SELECT id, phone FROM customer", "SELECT * FROM bare", "DROP TABLE bare", "SELECT * FROM bare",
}

// TestSandbox: tables in a sandbox hold what their owner sees, nobody else reads them, and their owner only while they may still see what
// the tables were made of.
func TestSandbox(t *testing.T) {
	dropSandboxes(t)
	p := startPostern(t, withSandboxes(""))
	var total tally
	for _, person := range []string{"ann", "bob"} {
		o := newSandboxOracle(t, p, person)
		for i, sql := range kept {
			how := []protocol{simple, extended, binary}[i%3]
			v := o.compare(t.Context(), how, statement{sql: strings.ReplaceAll(sql, "$", person)})
			total.add(v)
			if v.outcome != equal && v.outcome != equalError {
				t.Errorf("%s, %s protocol: %s\n%s %s", person, how, sql, v.code, v.detail)
			}
		}
	}
	t.Logf("in sandboxes: %s", &total)
	if total.cases < 110 || total.refused > 0 {
		t.Errorf("%d cases, %d refused", total.cases, total.refused)
	}
	t.Run("found", func(t *testing.T) {
		again := startPostern(t, withSandboxes("")) // knows them by the crawl alone
		o := newOracle(t, again, "ann")
		for _, sql := range []string{"SELECT * FROM scratch_ann.o", "SELECT b FROM scratch_ann.u", "SELECT * FROM scratch_ann.view", "DELETE FROM scratch_ann.n WHERE id > 20 RETURNING id",
			"SELECT column_name FROM information_schema.columns WHERE table_schema = 'scratch_ann' AND table_name = 'o' ORDER BY ordinal_position",
			"SELECT relname FROM pg_class WHERE relnamespace = 'scratch_ann'::regnamespace AND relkind = 'r'"} {
			if v := o.compare(t.Context(), simple, statement{sql: sql}); v.outcome != equal || v.rows == 0 {
				t.Errorf("%s: %d rows, %s %s", sql, v.rows, v.code, v.detail)
			}
		}
	})
	t.Run("nobody else", func(t *testing.T) { sandboxRefusals(t, p) })
	t.Run("made anew", func(t *testing.T) { sandboxMadeAnew(t) })
	t.Run("policies change", func(t *testing.T) { sandboxChanges(t) })
}

// sandboxRefusals: who reads and writes what is not theirs, and what cannot be proven.
func sandboxRefusals(t *testing.T, p *postern) {
	for _, c := range []struct{ person, sql, code string }{
		{"bob", "SELECT * FROM scratch_ann.o", "42P01"}, {"dora", "SELECT * FROM scratch_ann.o", "42P01"}, {"cyd", "SELECT * FROM scratch_ann.o", "42P01"},
		{"bob", "DROP TABLE scratch_ann.o", "42P01"}, {"bob", "CREATE TABLE scratch_ann.x AS SELECT 1", "42501"}, {"bob", "INSERT INTO scratch_ann.o VALUES (1, 'x')", "42P01"},
		{"bob", "CREATE TABLE shop.x AS SELECT 1", "42501"}, {"bob", "SELECT 1 INTO x", "42501"}, {"cyd", "CREATE TABLE scratch_cyd.x AS SELECT 1", "0A000"}, {"cyd", "SELECT 1 INTO scratch_cyd.x", "0A000"},
		{"ann", "DROP TABLE customer", "42501"}, {"ann", "DROP TABLE secret", "42P01"}, {"ann", "DROP TABLE scratch_ann.o CASCADE", "0A000"},
		{"ann", "INSERT INTO scratch_ann.o SELECT id, title FROM item", "42501"}, {"ann", "UPDATE scratch_ann.n SET name = (SELECT max(title) FROM dept)", "42501"},
		{"ann", "INSERT INTO scratch_ann.n SELECT oid::int, relname FROM pg_class", "0A000"}, {"ann", "CREATE TABLE scratch_ann.x AS SELECT relname FROM pg_class", "0A000"},
		{"ann", "CREATE TEMP TABLE x AS SELECT 1", "0A000"}, {"ann", "CREATE UNLOGGED TABLE scratch_ann.x AS SELECT 1", "0A000"}, {"ann", "CREATE TABLE IF NOT EXISTS scratch_ann.x AS SELECT 1", "0A000"},
		{"ann", "CREATE VIEW scratch_ann.x AS SELECT 1", "0A000"}, {"ann", "CREATE MATERIALIZED VIEW scratch_ann.x AS SELECT 1", "0A000"}, {"ann", "ALTER TABLE scratch_ann.o RENAME TO p", "0A000"},
		{"ann", `CREATE TABLE scratch_ann.x AS SELECT id AS postern_all_1 FROM customer`, "0A000"}, {"ann", "CREATE TABLE scratch_ann.x (a int DEFAULT 1)", "0A000"}, {"ann", "CREATE TABLE scratch_ann.x (a hr.secret)", "0A000"},
		{"ann", "CREATE TABLE scratch_ann.x (LIKE hr.secret)", "0A000"}, {"ann", "CREATE TABLE scratch_ann.x () INHERITS (hr.secret)", "0A000"}, {"ann", "PREPARE p AS SELECT id INTO scratch_ann.x FROM customer", "0A000"},
		{"ann", "EXPLAIN CREATE TABLE scratch_ann.x AS SELECT 1", "0A000"}, {"ann", "SELECT postern_all_1 FROM scratch_ann.o", "42703"}, {"ann", "CREATE TABLE scratch_ann.x AS SELECT * FROM hr.secret", "42P01"},
		{"ann", "CREATE TABLE scratch_ann.x AS SELECT id, ssn FROM customer", "42703"}, {"ann", "CREATE INDEX ON scratch_ann.o (id)", "0A000"}, {"ann", "GRANT SELECT ON scratch_ann.o TO bob", "0A000"},
	} {
		o := newOracle(t, p, c.person)
		if a := o.proxied.ask(t.Context(), simple, statement{sql: c.sql}); a.code != c.code {
			t.Errorf("%s: %s: SQLSTATE %q (%s), want %q", c.person, c.sql, a.code, a.message, c.code)
		}
		if leaked := o.proxied.tap.take(); leaked != "" {
			t.Errorf("%s: %s: a hidden value came back: %q", c.person, c.sql, leaked)
		}
		_ = o.proxied.conn.Close(t.Context())
		_ = o.plain.conn.Close(t.Context())
	}
}

// sandboxMadeAnew: two servers, of which one knows a table that the other has made anew from other sources.
func sandboxMadeAnew(t *testing.T) {
	one, other := newOracle(t, startPostern(t, withSandboxes("")), "ann"), newOracle(t, startPostern(t, withSandboxes("")), "ann")
	do := func(o *oracle, sql string) answer { return o.proxied.ask(t.Context(), simple, statement{sql: sql}) }
	for _, sql := range []string{"CREATE TABLE scratch_ann.m AS SELECT id, phone FROM customer", "SELECT * FROM scratch_ann.m"} {
		if a := do(one, sql); a.code != "" {
			t.Fatal(sql, a.message)
		}
	}
	for _, sql := range []string{"DROP TABLE scratch_ann.m", "CREATE TABLE scratch_ann.m AS SELECT 1 AS id, 'x'::text AS phone", "SELECT * FROM scratch_ann.m"} {
		if a := do(other, sql); a.code != "" {
			t.Fatal(sql, a.message)
		}
	}
	for _, sql := range []string{"SELECT * FROM scratch_ann.m", "INSERT INTO scratch_ann.m SELECT id, phone FROM customer", "UPDATE scratch_ann.m SET phone = (SELECT max(phone) FROM customer)",
		"DELETE FROM scratch_ann.m", "COPY scratch_ann.m TO STDOUT", "INSERT INTO scratch_ann.m VALUES (1, 'y')"} {
		if a := do(one, sql); a.code != "42703" {
			t.Errorf("%s: SQLSTATE %q %s", sql, a.code, a.message)
		}
	}
	if a := do(other, "SELECT * FROM scratch_ann.m"); a.code != "" || len(a.rows) != 1 {
		t.Errorf("%d rows, %s", len(a.rows), a.message)
	}
}

// sandboxChanges: what was made is there as long as its sources read as they did.
func sandboxChanges(t *testing.T) {
	readable := func(more, sql string) string {
		p := startPostern(t, withSandboxes(more))
		return newOracle(t, p, "ann").proxied.ask(t.Context(), simple, statement{sql: sql}).code
	}
	if code := readable("", "SELECT * FROM scratch_ann.o"); code != "" {
		t.Fatal(code)
	}
	mask := "---\nkind: DataPolicy\nname: later\non: {tables: [wh.shop.orders]}\nrules:\n  - mask: {columns: [status], null: true}\n"
	rows := "---\nkind: DataPolicy\nname: later\non: {tables: [wh.shop.orders]}\nrules:\n  - rows: id > 10\n"
	guard := "---\nkind: SubscriptionPolicy\nname: later\non: {tables: [wh.shop.orders]}\naccess: read\neffect: guardrail\nallow: {when: \"username() != 'ann'\"}\n"
	for name, more := range map[string]string{"mask": mask, "rows": rows, "guardrail": guard} {
		for _, sql := range []string{"SELECT * FROM scratch_ann.o", "SELECT * FROM scratch_ann.again", "INSERT INTO scratch_ann.o VALUES (1, 'x')"} {
			if code := readable(more, sql); code != "42P01" {
				t.Errorf("%s: %s: SQLSTATE %q", name, sql, code)
			}
		}
		if code := readable(more, "SELECT * FROM scratch_ann.u"); code != "" {
			t.Errorf("%s: what was made of other tables: SQLSTATE %q", name, code)
		}
	}
	if code := readable(guard, "SELECT * FROM scratch_ann.deep"); code != "42P01" {
		t.Errorf("through a view: SQLSTATE %q", code)
	}
	if code := readable(guard, "DROP TABLE scratch_ann.o"); code != "" {
		t.Errorf("dropping what cannot be read: SQLSTATE %q", code)
	}
}
