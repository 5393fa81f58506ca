package sqlgen

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"pgregory.net/rapid"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/warehouse"
)

// profileSetup is the profile as this package expects it, with one row, or none, at a time.
const profileSetup = `CREATE SCHEMA postern_system;
	CREATE TABLE postern_system.profile (user_name text NOT NULL, groups text[] NOT NULL, purposes text[] NOT NULL, attributes jsonb NOT NULL, flags text[] NOT NULL);
	CREATE VIEW postern_system.user_profile AS SELECT * FROM postern_system.profile;
	CREATE TABLE public.look (x int, y text);
	INSERT INTO public.look VALUES (1, 'a'), (2, 'b'), (NULL, 'c'), (3, 'ann');
	CREATE TABLE public.data (id int, region text, owner varchar(10), code char(3), amount numeric(10,2), seen date);
	INSERT INTO public.data VALUES (1, 'a', 'ann', 'x', 10.50, '2024-01-05'), (2, 'b', 'bob', 'y', 20.25, '2024-02-05'), (3, NULL, 'cid', 'z', NULL, NULL),
		(4, 'p', NULL, NULL, -5, '2023-12-31'), (NULL, 'g1', 'o''neil', 'g2', 0, '2020-02-29'), (5, '', '', '', 99999999.99, 'infinity')`

// deferredSnapshot is the catalog of profileSetup, tagged.
func deferredSnapshot(t *testing.T, conn *pgconn.PgConn) (*catalog.Snapshot, *catalog.Table) {
	t.Helper()
	run(t, conn, profileSetup)
	tables, err := warehouse.Crawl(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	snapshot, err := catalog.New(1, "tpch", registered(tables, "public"))
	if err != nil {
		t.Fatal(err)
	}
	table, ok := snapshot.Table("public", "data")
	if !ok {
		t.Fatal("no table")
	}
	return snapshot, table
}

// setProfile writes the profile of a person for a program, or empties it.
func setProfile(t *testing.T, conn *pgconn.PgConn, p *policy.Program, who identity.Principal) {
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
	run(t, conn, fmt.Sprintf("TRUNCATE postern_system.profile; INSERT INTO postern_system.profile SELECT %s[1], %s, %s, %s[1]::jsonb, %s",
		array([]string{who.User()}), array(who.Groups()), array(who.Purposes()), array([]string{string(object)}), array(p.Flags(who))))
}

func drawCondition(t *rapid.T, label string) string {
	return rapid.SampledFrom([]string{"isInGroups('g1')", "isInGroups('g1', 'g2')", "!isInGroups('g2')", "hasAttribute('level', 'high')", "username() == 'ann'",
		"isUsingPurpose('p')", "1 / 0 == 1", "!(1 / 0 == 1)", "true", "false"}).Draw(t, label)
}

func drawRows(t *rapid.T) string {
	return rapid.SampledFrom([]string{"@attributeValuesContains('region', region)", "@attributeValuesContains('region', region, 'a')", "NOT @attributeValuesContains('region', region)",
		"@attributeValuesContains('numbers', id)", "@attributeValuesContains('region', code)", "@groupsContains(region)", "@groupsContains(region, 'b')", "@purposesContains(region, 'b')", "NOT @purposesContains(region)",
		"@hasAttribute('level', 'high')", "NOT @hasAttribute('level', 'high')", "@isInGroups('g1', 'g2')", "NOT @isInGroups('g1')", "@isUsingPurpose('p', 'q')", "owner = @username", "owner <> @username OR owner IS NULL",
		"NOT (owner = @username)", "owner = 'ann' AND @isInGroups('g2')", "(@attributeValuesContains('region', region)) IS NOT TRUE", "id IN (SELECT x FROM public.look WHERE @attributeValuesContains('region', y))",
		"id NOT IN (SELECT x FROM public.look WHERE @attributeValuesContains('region', y))", "id IN (SELECT x FROM public.look WHERE y = @username)", "CASE WHEN @isInGroups('g1') THEN id > 1 ELSE id < 3 END"}).Draw(t, "rows")
}

func drawInput(t *rapid.T, snapshot *catalog.Snapshot) policy.Input {
	on := policy.Selector{Tables: []string{"tpch.public.data"}}
	in := policy.Input{Version: 1, Snapshot: snapshot}
	subscription := func(name string, effect policy.SubscriptionEffect) {
		s := policy.SubscriptionPolicy{Name: name, On: on, Access: policy.AccessRead, Effect: effect}
		switch rapid.IntRange(0, 5).Draw(t, "allow") {
		case 0:
			s.Allow.Users = []string{"ann", "o'neil"}
		case 1, 2:
			s.Allow.When = drawCondition(t, "when")
		case 3:
			s.Allow.Approval = &policy.Approval{By: []string{"cid"}}
			in.Approvals = append(in.Approvals, policy.Approved{Policy: name, User: "ann", By: []policy.Approver{{Name: "cid"}}})
		default:
			s.Allow.Anyone = true
		}
		in.Subscriptions = append(in.Subscriptions, s)
	}
	for i := range rapid.IntRange(1, 3).Draw(t, "grants") {
		subscription(fmt.Sprint("grant", i), policy.SubscriptionGrant)
	}
	if rapid.IntRange(0, 2).Draw(t, "guardrail") == 0 {
		subscription("guardrail", policy.SubscriptionGuardrail)
	}
	text := "***"
	for i := range rapid.IntRange(0, 4).Draw(t, "policies") {
		r := policy.Rule{}
		if rapid.Bool().Draw(t, "excepts") {
			r.ExceptFor = drawCondition(t, "exceptFor")
		}
		if rapid.IntRange(0, 2).Draw(t, "only") == 0 {
			r.OnlyFor = drawCondition(t, "onlyFor")
		}
		if rapid.Bool().Draw(t, "a row rule") {
			r.Rows = drawRows(t)
		} else {
			m := rapid.SampledFrom([]policy.Mask{{Null: true}, {Constant: &text}, {Regex: &policy.RegexMask{Pattern: "[a-z]", Replace: "*"}}, {Round: &policy.RoundMask{To: "10"}}, {Round: &policy.RoundMask{To: "month"}}}).Draw(t, "mask")
			m.Columns = []string{rapid.SampledFrom([]string{"id", "region", "owner", "code", "amount", "seen"}).Draw(t, "column")}
			if rapid.IntRange(0, 2).Draw(t, "where") == 0 {
				m.Where = rapid.SampledFrom([]string{"id > 1", "region = 'a'", "@isInGroups('g1')", "owner = @username"}).Draw(t, "where sql")
			}
			r.Mask = &m
			if r.OnlyFor != "" && rapid.Bool().Draw(t, "otherwise") {
				r.Otherwise = &policy.Otherwise{Mask: &policy.Mask{Null: true}}
			}
		}
		in.Data = append(in.Data, policy.DataPolicy{Name: fmt.Sprint("data", i), On: on, Rules: []policy.Rule{r}})
	}
	return in
}

func drawPerson(t *rapid.T) identity.Principal {
	some := func(label string, from ...string) []string {
		return rapid.SliceOfNDistinct(rapid.SampledFrom(from), 0, len(from), rapid.ID[string]).Draw(t, label)
	}
	spec := identity.Spec{User: rapid.SampledFrom([]string{"ann", "bob", "o'neil"}).Draw(t, "user"), Groups: some("groups", "g1", "g2", "a"), Purposes: some("purposes", "p", "b"), Attributes: map[string][]string{}}
	if rapid.Bool().Draw(t, "attributes") {
		spec.Attributes = map[string][]string{"region": some("regions", "a", "b", "ann", "", "x"), "level": some("level", "high", "low"), "numbers": some("numbers", "1", "02", "5")}
	}
	return identity.NewPrincipal(spec)
}

// TestDeferredEqualsBound: for any policies, person and rows, the stored view of the deferred decision, read with the
// person's profile, shows exactly what the view of the decision for that person shows; without a profile it shows nothing.
func TestDeferredEqualsBound(t *testing.T) {
	conn := connect(t)
	snapshot, table := deferredSnapshot(t, conn)
	now := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	compared, shown := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		program, _, err := policy.Compile(drawInput(rt, snapshot))
		if err != nil {
			rt.Fatal(err)
		}
		wants := []policy.Want{{Table: table}}
		deferred := program.Decide(policy.BindDeferred().At(now), wants)[0]
		columns := "id, region, owner, code, amount, seen"
		for range 3 {
			who := drawPerson(rt)
			bound := program.Decide(policy.BindPrincipal(who).At(now), wants)[0]
			want := ""
			if bound.Allowed {
				view, err := Postgres().View(&bound)
				if err != nil {
					rt.Fatal(err)
				}
				want = fetch(t, conn, "SELECT "+columns+" FROM ("+view.SQL+") AS v")
			}
			got := ""
			if deferred.Allowed {
				view, err := Postgres().StoredView(&deferred)
				if err != nil {
					rt.Fatal(err)
				}
				setProfile(t, conn, program, who)
				got = fetch(t, conn, "SELECT "+columns+" FROM ("+view.SQL+") AS v")
				setProfile(t, conn, program, identity.Principal{})
				if rows := fetch(t, conn, "SELECT 1 FROM ("+view.SQL+") AS v"); rows != "" {
					rt.Fatalf("without a profile\n%s\nshows\n%s", view.SQL, rows)
				}
			}
			if got != want {
				rt.Fatalf("%s: bound\n%sdeferred\n%s", who.User(), want, got)
			}
			compared++
			if want != "" {
				shown++
			}
		}
	})
	if t.Logf("%d comparisons, %d of them with rows", compared, shown); shown < compared/5 {
		t.Error("too few of them show anything")
	}
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
	setProfile(t, conn, program, identity.NewPrincipal(identity.Spec{User: "ann", Groups: []string{"g1"}}))
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
