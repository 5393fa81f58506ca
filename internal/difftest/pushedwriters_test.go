package difftest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/posternsql/postern/push"
)

// How many statements writers send both ways, and what has to come of them at the least.
const (
	writerStatements       = 2_000
	minimumWriterBoth      = 1_900 // that the proxy knows
	minimumWriterSucceeded = 400   // that changed something
	minimumWriterRefused   = 150   // that both refused
)

// writersSetup is what people write to: tables as they are, and tables with a row filter of each form. Every table has something that is not seen.
const writersSetup = `CREATE SCHEMA w;
CREATE TABLE w.item (id integer PRIMARY KEY, region text, owner text DEFAULT 'nobody', qty integer CHECK (qty < 1000), note text DEFAULT 'new', unseen text DEFAULT 'u');
CREATE TABLE w.line (id integer, item_id integer, region text DEFAULT 'EU', v integer, at integer GENERATED ALWAYS AS (v * 2) STORED);
CREATE TABLE w.free (id integer PRIMARY KEY, v text NOT NULL DEFAULT 'x', n integer);
CREATE TABLE w.part (id integer, region text, n integer) PARTITION BY LIST (region);
CREATE TABLE w.part_eu PARTITION OF w.part FOR VALUES IN ('EU');
CREATE TABLE w.part_rest PARTITION OF w.part DEFAULT;
CREATE TABLE w.area (name text PRIMARY KEY, open boolean);
INSERT INTO w.area VALUES ('EU', true), ('US', true), ('AS', false)`

// writersRows fill the tables; they run again whenever both sides are made alike.
const writersRows = `TRUNCATE w.item, w.line, w.free, w.part;
INSERT INTO w.item SELECT i, (ARRAY['EU', 'US', 'AS', NULL])[1 + i % 4], (ARRAY['ann', 'bob', 'eve'])[1 + i % 3], i % 50, 'n' || i, 'hidden' FROM generate_series(1, 60) AS i;
INSERT INTO w.line SELECT i, i, (ARRAY['EU', 'US', 'AS', NULL])[1 + i % 4], i FROM generate_series(1, 60) AS i;
INSERT INTO w.free SELECT i, 'v' || i, i % 7 FROM generate_series(1, 30) AS i;
INSERT INTO w.part SELECT i, (ARRAY['EU', 'US', 'AS'])[1 + i % 3], i FROM generate_series(1, 30) AS i`

const writersSources = `name: w.item
columns: {unseen: {unreviewed: true}}
---
name: w.line
---
name: w.free
---
name: w.part
---
name: w.area`

const writersPolicies = `kind: SubscriptionPolicy
name: readers
on: {tables: ["tpch.w.*"]}
access: read
effect: grant
allow: {anyone: true}
---
kind: SubscriptionPolicy
name: change
on: {tables: ["tpch.w.item", "tpch.w.part"]}
access: write
privileges: [update, delete]
effect: grant
allow: {when: "isInGroups('writers')"}
---
kind: SubscriptionPolicy
name: add
on: {tables: ["tpch.w.line"]}
access: write
privileges: [insert, delete]
effect: grant
allow: {when: "isInGroups('writers')"}
---
kind: SubscriptionPolicy
name: nobody-deletes-lines-but-ann
on: {tables: ["tpch.w.line"]}
access: write
privileges: [delete]
effect: guardrail
allow: {users: [ann]}
---
kind: SubscriptionPolicy
name: all
on: {tables: ["tpch.w.free"]}
access: write
effect: grant
allow: {when: "isInGroups('writers')"}
---
kind: DataPolicy
name: region
on: {tables: ["tpch.w.item", "tpch.w.line"]}
rules:
  - rows: "@attributeValuesContains('region', region)"
    exceptFor: "isInGroups('everywhere')"
---
kind: DataPolicy
name: own
on: {tables: ["tpch.w.item"]}
rules:
  - rows: "owner <> 'eve' AND qty IS NOT NULL"
---
kind: DataPolicy
name: open
on: {tables: ["tpch.w.part"]}
rules:
  - rows: "region IN (SELECT name FROM w.area WHERE open) AND @isInGroups('writers')"`

const writersPeople = `name: ann
groups: [writers]
attributes: {region: [EU]}
---
name: bob
groups: [writers]
attributes: {region: [US, AS]}
---
name: cyd
attributes: {region: [EU]}
---
name: dora
groups: [writers, everywhere]`

// bothWays are two warehouses that are alike: in one people write through the proxy, in the other directly.
type bothWays struct {
	t       *testing.T
	proxied *caseWarehouse
	direct  *caseWarehouse
	people  map[string][2]*client
}

func newBothWays(t *testing.T) *bothWays {
	t.Helper()
	c := &policyCase{name: "writers", setup: writersSetup, sources: all[caseSource](t, writersSources), people: all[casePerson](t, writersPeople)}
	c.policies(t, writersPolicies)
	w := &bothWays{t: t, people: map[string][2]*client{}}
	for i, at := range []**caseWarehouse{&w.proxied, &w.direct} {
		one := newCaseWarehouse(t, c, fmt.Sprintf("writers_%d", i), push.EnforceViews)
		one.writes = true
		var err error
		if one.program, err = c.compile(t, one.crawl()); err != nil {
			t.Fatal(err)
		}
		one.register()
		*at = one
	}
	w.proxied.exec("GRANT INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA w TO " + serviceRole)
	w.proxied.serveCase()
	for _, f := range w.direct.push() {
		if f.Kind != push.NotGiven || strings.Contains(f.Detail, "writing") {
			t.Error(f)
		}
	}
	server := net.JoinHostPort("127.0.0.1", fmt.Sprint(shared.cluster.Port))
	for _, p := range c.people {
		w.people[p.Name] = [2]*client{connectPath(t, w.proxied.address, "tpch", p.Name, "w"), connectPath(t, server, w.direct.database, p.Name, "")}
	}
	w.reset()
	return w
}

func (w *bothWays) reset() {
	w.t.Helper()
	w.proxied.exec(writersRows)
	w.direct.exec(writersRows)
}

// contents of all tables, hidden columns included.
func (w *bothWays) contents(c *caseWarehouse) string {
	w.t.Helper()
	results, err := c.admin.Exec(w.t.Context(), `SELECT 'item', x::text FROM w.item AS x UNION ALL SELECT 'line', x::text FROM w.line AS x
		UNION ALL SELECT 'free', x::text FROM w.free AS x UNION ALL SELECT 'part', x::text FROM w.part AS x ORDER BY 1, 2`).ReadAll()
	if err != nil {
		w.t.Fatal(err)
	}
	var b strings.Builder
	for _, row := range results[0].Rows {
		fmt.Fprintf(&b, "%s %s\n", row[0], row[1])
	}
	return b.String()
}

// TestPushedWriters: the same statement, sent through the proxy and directly, changes the same rows of tables that are alike and returns the same, or is
// refused by both.
func TestPushedWriters(t *testing.T) {
	w := newBothWays(t)
	r := rand.New(rand.NewPCG(1, 7))
	names := []string{"ann", "bob", "cyd", "dora"}
	both, succeeded, refused, shown := 0, 0, 0, 0
	unknown := map[string]int{}
	before := w.contents(w.proxied)
	for i := range envCount(t, "POSTERN_ORACLE_WRITERS", writerStatements) {
		person, st := names[r.IntN(len(names))], statement{sql: writerStatement(r)}
		how := protocolOf(i)
		got, want := w.people[person][1].ask(t.Context(), how, st), w.people[person][0].ask(t.Context(), how, st)
		if want.code == "0A000" {
			// The proxy does not know the statement; what it does directly is put back.
			unknown[want.message]++
			w.reset()
			before = w.contents(w.proxied)
			continue
		}
		both++
		after, direct := w.contents(w.proxied), w.contents(w.direct)
		wrong := ""
		switch {
		case (got.code == "") != (want.code == ""):
			wrong = fmt.Sprintf("directly %q (%s), by proxy %q (%s)", got.code, got.message, want.code, want.message)
		case after != direct:
			wrong = "other rows\n" + difference(strings.Split(direct, "\n"), strings.Split(after, "\n"))
		case got.code == "" && (!slices.Equal(got.rows, want.rows) || got.tag != want.tag):
			wrong = fmt.Sprintf("directly %s %q, by proxy %s %q", got.tag, got.rows, want.tag, want.rows)
		case got.code != "":
			refused++
		case after != before:
			succeeded++
		}
		if before = after; wrong != "" || i%60 == 59 {
			w.reset()
			before = w.contents(w.proxied)
		}
		if shown++; wrong != "" && shown < 1_000_000 {
			t.Errorf("%s (%s): %s\n%s", person, how, st.sql, wrong)
		}
	}
	t.Logf("%d statements both ways: %d changed the same rows, %d refused by both, %d changed nothing; the proxy does not know %v", both, succeeded, refused, both-succeeded-refused, unknown)
	if both < minimumWriterBoth || succeeded < minimumWriterSucceeded || refused < minimumWriterRefused {
		t.Errorf("at least %d are wanted, of which %d change something and %d are refused", minimumWriterBoth, minimumWriterSucceeded, minimumWriterRefused)
	}
}

// writerStatement is a statement that writes, with constants of visible and of hidden rows.
func writerStatement(r *rand.Rand) string {
	id := func() string { return fmt.Sprint(1 + r.IntN(70)) }
	region := func() string { return []string{"'EU'", "'US'", "'AS'", "NULL", "'XX'"}[r.IntN(5)] }
	owner := func() string { return []string{"'ann'", "'bob'", "'eve'", "NULL"}[r.IntN(4)] }
	n := func() string { return fmt.Sprint(r.IntN(12)) }
	texts := []string{
		"UPDATE item SET note = 'changed' WHERE id = " + id(), "UPDATE item SET note = 'all', qty = qty + " + n(), "UPDATE item SET qty = " + n() + " WHERE region = " + region(),
		"UPDATE item SET region = " + region() + " WHERE id = " + id(), "UPDATE item SET owner = " + owner() + " WHERE id < " + id() + " RETURNING id, owner",
		"UPDATE item SET id = id + 1000 WHERE id = " + id() + " RETURNING *", "UPDATE item SET id = " + id() + " WHERE id = " + id(), "UPDATE item SET qty = NULL WHERE id = " + id(),
		"UPDATE item SET qty = 5000 WHERE id = " + id(), "UPDATE item SET unseen = 'x'", "UPDATE item SET note = unseen", "UPDATE free SET v = DEFAULT WHERE id = " + id(),
		"UPDATE item SET qty = 100 / qty WHERE qty <> 0 AND id > " + id(), "UPDATE item SET note = 'divided' WHERE 100 / qty > 3", "UPDATE item SET note = 'cast' WHERE substr(note, 2)::integer > " + id(),
		"UPDATE item AS i SET note = f.v FROM free AS f WHERE f.id = i.id AND f.n = " + n() + " RETURNING i.id, f.v", "UPDATE item SET (note, qty) = (SELECT 'sub', count(*) FROM item) WHERE id = " + id(),
		"UPDATE item SET qty = (SELECT max(v) FROM line WHERE line.item_id = item.id) WHERE id < " + id(), "UPDATE item SET note = note || region WHERE region LIKE 'E%' AND id % 5 = " + n(),
		"DELETE FROM item WHERE id = " + id() + " RETURNING *", "DELETE FROM item WHERE region = " + region() + " AND id > 55", "DELETE FROM item WHERE id > 50 AND 7 / (qty - 9) > 1",
		"DELETE FROM item AS i USING line AS l WHERE l.item_id = i.id AND l.v = " + id() + " RETURNING i.id", "DELETE FROM item WHERE id IN (SELECT item_id FROM line WHERE v > 58)",
		"DELETE FROM item WHERE unseen = 'hidden'", "INSERT INTO item VALUES (900, 'EU', 'ann', 1, 'x')", "INSERT INTO item (id) VALUES (901) ON CONFLICT DO NOTHING", "TRUNCATE item",
		"INSERT INTO line VALUES (" + id() + ", 1, " + region() + ", 5)", "INSERT INTO line (id, v) VALUES (" + id() + ", " + n() + ") RETURNING id, region, v, at",
		"INSERT INTO line (id, region) SELECT id, region FROM item WHERE id < " + id() + " RETURNING id", "INSERT INTO line (id, region) SELECT id, " + region() + " FROM free WHERE n = " + n(),
		"INSERT INTO line (id, region, v) VALUES (1, 'EU', 1), (2, " + region() + ", 2)", "INSERT INTO line DEFAULT VALUES", "INSERT INTO line (id, at) VALUES (1, 1)", "INSERT INTO line (id, v) VALUES (1, 'x')",
		"INSERT INTO line (id, region) VALUES (" + id() + ", " + region() + ") ON CONFLICT DO NOTHING RETURNING *", "INSERT INTO line (id, region) VALUES (1, 'EU') ON CONFLICT (id) DO UPDATE SET v = 1",
		"UPDATE line SET v = 0 WHERE id = " + id(), "DELETE FROM line WHERE id = " + id() + " RETURNING region, v", "DELETE FROM line WHERE id > 40 AND v / (id - 47) > 0", "DELETE FROM line", "TRUNCATE line",
		"INSERT INTO free VALUES (" + id() + ", 'new', " + n() + ") RETURNING *", "INSERT INTO free (id, n) VALUES (" + id() + ", 1) ON CONFLICT (id) DO UPDATE SET n = free.n + excluded.n, v = 'twice' RETURNING *",
		"INSERT INTO free (id) VALUES (" + id() + ") ON CONFLICT (id) DO NOTHING", "INSERT INTO free SELECT id + 200, note, qty FROM item WHERE region = " + region(), "INSERT INTO free (id, v) VALUES (300, NULL)",
		"INSERT INTO free (n) VALUES (1)", "UPDATE free SET n = n + 1 WHERE n = " + n(), "UPDATE free SET v = (SELECT min(note) FROM item) WHERE id = " + id() + " RETURNING id, v", "UPDATE free SET id = " + id() + " WHERE id = " + id(),
		"DELETE FROM free WHERE n = " + n() + " RETURNING id", "DELETE FROM free USING item WHERE item.id = free.id AND item.qty > " + id(), "DELETE FROM free WHERE 10 / n > 4", "TRUNCATE free",
		"MERGE INTO free AS f USING item AS i ON f.id = i.id WHEN MATCHED AND i.qty > " + n() + " THEN UPDATE SET n = i.qty WHEN NOT MATCHED THEN INSERT (id, v) VALUES (i.id, i.note)",
		"MERGE INTO free AS f USING (SELECT " + id() + " AS id) AS s ON f.id = s.id WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (id) VALUES (s.id)",
		"UPDATE part SET n = n + 1 WHERE id < " + id(), "UPDATE part SET region = " + region() + " WHERE id = " + id(), "UPDATE part SET region = 'EU' WHERE region = 'US' AND id < 20 RETURNING id, n",
		"DELETE FROM part WHERE id = " + id() + " RETURNING *", "DELETE FROM part WHERE region = 'EU' AND id > 20 AND 30 / (n - 23) > 0", "INSERT INTO part VALUES (1, 'EU', 1)", "UPDATE area SET open = true", "DELETE FROM area",
		"WITH s AS (SELECT id FROM item WHERE qty < 10) UPDATE part SET n = 0 FROM s WHERE s.id = part.id", "SELECT count(*) FROM item", "SELECT * FROM part WHERE id < " + id(),
		"UPDATE item SET note = 'x' WHERE (SELECT count(*) FROM part) > " + id() + " AND id = " + id(), "UPDATE item SET note = upper(note), owner = lower(owner) WHERE note ~ '^n[0-9]+$' AND id = " + id(),
	}
	return texts[r.IntN(len(texts))]
}
