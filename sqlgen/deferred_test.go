package sqlgen

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/warehouse"
)

// profileSetup is the profile as this package expects it, with one row, or none, at a time.
const profileSetup = `CREATE SCHEMA postern_system;
	CREATE TABLE postern_system.profile (user_name text NOT NULL, groups text[] NOT NULL, purposes text[] NOT NULL, attributes jsonb NOT NULL, flags text[] NOT NULL);
	CREATE VIEW postern_system.user_profile AS SELECT * FROM postern_system.profile;
	CREATE TABLE postern_system.ticket (ticket uuid NOT NULL);
	INSERT INTO postern_system.ticket VALUES (pg_catalog.gen_random_uuid());
	CREATE FUNCTION postern_system.keyed_hash(uuid, text, text) RETURNS text LANGUAGE sql STABLE AS 'SELECT CASE WHEN $1 = (SELECT ticket FROM postern_system.ticket) THEN postern_functions.keyed_hash($2, $3) END';
	CREATE FUNCTION postern_system.keyed_draw(uuid, text, text) RETURNS bigint LANGUAGE sql STABLE AS 'SELECT CASE WHEN $1 = (SELECT ticket FROM postern_system.ticket) THEN postern_functions.keyed_draw($2, $3) END';
	CREATE FUNCTION postern_system.protect(uuid, text, text) RETURNS text LANGUAGE sql STABLE AS 'SELECT CASE WHEN $1 = (SELECT ticket FROM postern_system.ticket) THEN postern_functions.protect($2, $3) END';
	CREATE FUNCTION postern_system.format_preserving(uuid, text, text, text) RETURNS text LANGUAGE sql STABLE AS 'SELECT CASE WHEN $1 = (SELECT ticket FROM postern_system.ticket) THEN postern_functions.format_preserving($2, $3, $4) END';
	CREATE TABLE public.look (x int, y text);
	INSERT INTO public.look VALUES (1, 'a'), (2, 'b'), (NULL, 'c'), (3, 'ann');
	CREATE TABLE public.data (id int, region text, owner varchar(10), code char(3), amount numeric(10,2), seen date);
	INSERT INTO public.data VALUES (1, 'a', 'ann', 'x', 10.50, '2024-01-05'), (2, 'b', 'bob', 'y', 20.25, '2024-02-05'), (3, NULL, 'cid', 'z', NULL, NULL),
		(4, 'p', NULL, NULL, -5, '2023-12-31'), (NULL, 'g1', 'o''neil', 'g2', 0, '2020-02-29'), (5, '', '', '', 99999999.99, 'infinity')`

// deferredSnapshot is the catalog of profileSetup, tagged.
func deferredSnapshot(t *testing.T, conn *pgconn.PgConn) (*catalog.Snapshot, *catalog.Table) {
	t.Helper()
	run(t, conn, registration(t))
	run(t, conn, profileSetup)
	tables, err := warehouse.Crawl(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	tables = registered(tables, "public")
	for _, table := range tables {
		if table.Name == "data" {
			table.Key, table.EventTime = []string{"id"}, "seen"
		}
	}
	snapshot, err := catalog.New(1, "tpch", tables)
	if err != nil {
		t.Fatal(err)
	}
	table, ok := snapshot.Table("public", "data")
	if !ok {
		t.Fatal("no table")
	}
	return snapshot, table
}

// setProfile writes the profile of a person for a program at an instant, or empties it.
func setProfile(t *testing.T, conn *pgconn.PgConn, p *policy.Program, who identity.Principal, at time.Time) {
	t.Helper()
	if who.IsZero() {
		run(t, conn, "TRUNCATE postern_system.profile")
		return
	}
	attributes := map[string][]string{}
	for _, name := range who.AttributeNames() {
		attributes[name] = append([]string{}, who.Attribute(name)...)
	}
	object, err := json.Marshal(attributes)
	if err != nil {
		t.Fatal(err)
	}
	array := func(values []string) string {
		quoted := make([]string, len(values))
		for i, v := range values {
			quoted[i] = "'" + strings.ReplaceAll(v, "'", "''") + "'"
		}
		return "(ARRAY[" + strings.Join(quoted, ", ") + "]::text[])"
	}
	flags, _ := p.FlagsAt(who, at)
	run(t, conn, fmt.Sprintf("TRUNCATE postern_system.profile; INSERT INTO postern_system.profile SELECT %s[1], %s, %s, %s[1]::jsonb, %s",
		array([]string{who.User()}), array(who.Groups()), array(who.Purposes()), array([]string{string(object)}), array(flags)))
}

// TestStoredViewWithoutProfile: for who has no profile there are no rows, under negation too, and masks read NULL.
func TestStoredViewWithoutProfile(t *testing.T) {
	conn := connect(t)
	snapshot, table := deferredSnapshot(t, conn)
	on := policy.Selector{Tables: []string{"tpch.public.data"}}
	for _, rule := range []string{"NOT @isInGroups('g1')", "(@isInGroups('g1')) IS NOT TRUE", "NOT @attributeValuesContains('region', region)", "(owner = @username) IS NOT TRUE", "NOT @hasAttribute('a', 'b')", "true"} {
		program, _, err := policy.Compile(policy.Input{Snapshot: snapshot,
			Subscriptions: []policy.SubscriptionPolicy{{Name: "all", On: on, Access: policy.AccessRead, Effect: policy.SubscriptionGrant, Allow: policy.Allow{Anyone: true}}},
			Data:          []policy.DataPolicy{{Name: "d", On: on, Rules: []policy.Rule{{Rows: rule}, {Mask: &policy.Mask{Columns: []string{"owner"}, Null: true}, ExceptFor: "!isInGroups('g1')"}}}}})
		if err != nil {
			t.Fatal(err)
		}
		d := program.Decide(policy.BindDeferred(), []policy.Want{{Table: table}})[0]
		if _, err := Postgres().View(&d); err == nil {
			t.Error("the proxy's view of a deferred decision is printed")
		}
		view, err := Postgres().StoredView(&d)
		if err != nil {
			t.Fatal(err)
		}
		if rows := fetch(t, conn, "SELECT * FROM ("+view.SQL+") AS v"); rows != "" {
			t.Errorf("%s shows\n%s", rule, rows)
		}
		// Were the filter gone, the masks would still say nothing.
		d.Filter = nil
		if view, err = Postgres().StoredView(&d); err != nil {
			t.Fatal(err)
		}
		if raw := fetch(t, conn, "SELECT owner FROM ("+view.SQL+") AS v WHERE owner IS NOT NULL"); raw != "" {
			t.Errorf("masked values without a profile:\n%s", raw)
		}
	}
}

// TestProfileIsLookedUpOnce: the look-ups do not depend on the row, so the server makes each once a query.
func TestProfileIsLookedUpOnce(t *testing.T) {
	conn := connect(t)
	snapshot, table := deferredSnapshot(t, conn)
	on := policy.Selector{Tables: []string{"tpch.public.data"}}
	program, _, err := policy.Compile(policy.Input{Snapshot: snapshot,
		Subscriptions: []policy.SubscriptionPolicy{{Name: "all", On: on, Access: policy.AccessRead, Effect: policy.SubscriptionGrant, Allow: policy.Allow{When: "isInGroups('g1')"}}},
		Data:          []policy.DataPolicy{{Name: "d", On: on, Rules: []policy.Rule{{Rows: "@attributeValuesContains('region', region, 'a') OR @groupsContains(region)", ExceptFor: "isInGroups('g2')"}}}}})
	if err != nil {
		t.Fatal(err)
	}
	d := program.Decide(policy.BindDeferred(), []policy.Want{{Table: table}})[0]
	view, err := Postgres().StoredView(&d)
	if err != nil {
		t.Fatal(err)
	}
	setProfile(t, conn, program, identity.NewPrincipal(identity.Spec{User: "ann", Groups: []string{"g1"}}), time.Time{})
	results, err := conn.Exec(t.Context(), "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) "+view.SQL).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	looked := 0
	for _, row := range results[0].Rows {
		line := string(row[0])
		if !strings.Contains(line, "Scan on profile") {
			continue
		}
		if looked++; !strings.Contains(line, "loops=1)") && !strings.Contains(line, "never executed") {
			t.Errorf("the profile is read for each row: %s", line)
		}
	}
	if looked < 4 {
		t.Errorf("only %d look-ups", looked)
	}
}

// TestStoredViewsEndByThemselves: what lets people in or excepts them ends by the server's clock, though nobody decided anew.
func TestStoredViewsEndByThemselves(t *testing.T) {
	conn := connect(t)
	snapshot, table := deferredSnapshot(t, conn)
	on := policy.Selector{Tables: []string{"tpch.public.data"}}
	before, end := time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC), "2020-01-01T00:00:00Z"
	ends, err := time.Parse(time.RFC3339, end)
	if err != nil {
		t.Fatal(err)
	}
	anyone := policy.SubscriptionPolicy{Name: "s", On: on, Access: policy.AccessWrite, Effect: policy.SubscriptionGrant, Allow: policy.Allow{Anyone: true}}
	ending, approved := anyone, anyone
	ending.Expires = end
	approved.Allow = policy.Allow{Approval: &policy.Approval{By: []string{"bob"}}}
	approval := policy.Approved{Policy: "s", User: "ann", By: []policy.Approver{{Name: "bob"}}, Expires: ends}
	excepted := policy.DataPolicy{Name: "d", On: on, Rules: []policy.Rule{{Mask: &policy.Mask{Columns: []string{"owner"}, Null: true}, ExceptFor: "true", ExceptUntil: end}}}
	ann := identity.NewPrincipal(identity.Spec{User: "ann"})
	for name, in := range map[string]policy.Input{
		"a grant":      {Subscriptions: []policy.SubscriptionPolicy{ending}},
		"an approval":  {Subscriptions: []policy.SubscriptionPolicy{approved}, Approvals: []policy.Approved{approval}},
		"an exception": {Subscriptions: []policy.SubscriptionPolicy{anyone}, Data: []policy.DataPolicy{excepted}},
	} {
		in.Snapshot = snapshot
		program, _, err := policy.Compile(in)
		if err != nil {
			t.Fatal(err)
		}
		d := program.Decide(policy.BindDeferred().At(before), []policy.Want{{Table: table}})[0]
		if !d.Allowed || !d.ValidUntil.Equal(ends) {
			t.Errorf("%s: allowed %t until %s", name, d.Allowed, d.ValidUntil)
		}
		view, err := Postgres().StoredView(&d)
		if err != nil {
			t.Fatal(err)
		}
		setProfile(t, conn, program, ann, before)
		if got := fetch(t, conn, "SELECT owner FROM ("+view.SQL+") AS v WHERE owner IS NOT NULL"); got != "" {
			t.Errorf("%s is over, and shows\n%s", name, got)
		}
		for _, w := range d.Writes {
			sql, err := Postgres().StoredExpr(w.When)
			if err != nil {
				t.Fatal(err)
			}
			if got := fetch(t, conn, "SELECT "+sql+" AS may"); (got == "  t\n") != (name == "an exception") {
				t.Errorf("%s is over, and %s is %s", name, w.Privilege, got)
			}
		}
	}
}
