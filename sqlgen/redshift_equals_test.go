package sqlgen

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"pgregory.net/rapid"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/policy/expr"
)

// newFakeData is a stand-in over the table of deferredSnapshot, as a Redshift can hold it. conn is the PostgreSQL beneath, more what is run on it first.
func newFakeData(t *testing.T, more string) (conn *pgconn.PgConn, f fakeRedshift, snapshot *catalog.Snapshot, table *catalog.Table) {
	t.Helper()
	conn = connect(t)
	snapshot, table = deferredSnapshot(t, conn)
	run(t, conn, "DROP SCHEMA postern_system CASCADE; "+more)
	snapshot = redshiftSnapshot(t, snapshot)
	table, _ = snapshot.Table(table.Schema, table.Name)
	return conn, newFake(t, conn), snapshot, table
}

// The least that TestRedshiftDeferredEqualsBound compares, of them those where masks are built in.
const minRedshiftDeferred, minRedshiftBuiltin = 1000, 300

// TestRedshiftDeferredEqualsBound: for any policies, projects, people and rows that can be said on Redshift, the stored view of the deferred decision,
// read on the stand-in with the person's rows of the profile, shows exactly what the view of the decision for that person shows there; without
// a profile, or with two, it shows nothing. What is refused is refused when it is published.
func TestRedshiftDeferredEqualsBound(t *testing.T) {
	for _, of := range []struct {
		name    string
		dialect Dialect
		least   int
	}{{"lambda", Redshift(), minRedshiftDeferred}, {"builtin", RedshiftBuiltin(), minRedshiftBuiltin}} {
		t.Run(of.name, func(t *testing.T) { redshiftDeferredEqualsBound(t, of.dialect, of.least) })
	}
}

func redshiftDeferredEqualsBound(t *testing.T, dialect Dialect, least int) {
	conn, f, snapshot, table := newFakeData(t, "UPDATE public.data SET seen = '9999-12-31' WHERE seen = 'infinity'")
	f.keys(t, conn)
	wants := []policy.Want{{Table: table}}
	drawn := map[string]int{}
	compared, shown, refused, inLists, inEntitlements, keyed := 0, 0, 0, 0, 0, 0
	check := func(rt *rapid.T) {
		d := &drawing{t: rt, drawn: drawn}
		in, people := d.input(snapshot)
		program, _, err := policy.Compile(in)
		if err != nil {
			rt.Fatal(err)
		}
		deferred := program.Decide(policy.BindDeferred().At(deferredNow()), wants)[0]
		if slices.ContainsFunc(program.Samples(), func(sample policy.Decision) bool { return dialect.Check(&sample) != nil }) {
			refused++
			return
		}
		stored := ""
		if deferred.Allowed {
			view, err := dialect.StoredView(&deferred)
			if err != nil {
				rt.Fatalf("what is bound can be said, and what is stored cannot: %v", err)
			}
			stored = view.SQL
			storedReadsAlike(t, stored)
			keyed += strings.Count(stored, `"mask_keys"`)
			inLists += strings.Count(stored, `replace(rtrim(`)
			inEntitlements += strings.Count(stored, `"postern_e" WHERE`)
		}
		for _, who := range people {
			bound := program.Decide(policy.BindPrincipal(who).At(deferredNow()), wants)[0]
			var want, got []string
			if bound.Allowed {
				view, err := dialect.View(&bound)
				if err != nil {
					rt.Fatal(err)
				}
				want = f.read(t, view.SQL)
			}
			f.profile(t, program, who, deferredNow())
			if stored != "" {
				got = f.read(t, stored)
			}
			if !slices.Equal(got, want) {
				rt.Fatalf("%s: bound\n%s\ndeferred\n%s\n%s", who.User(), strings.Join(want, "\n"), strings.Join(got, "\n"), stored)
			}
			if writes := f.writes(t, &deferred); strings.Join(writes, " ") != strings.Join(strs(bound.Privileges), " ") {
				rt.Fatalf("%s: writes %v, deferred %v", who.User(), bound.Privileges, writes)
			}
			compared++
			if len(want) > 0 {
				shown++
			}
		}
		if stored != "" {
			f.nobody(t, map[string]string{"data": stored})
		}
		f.profile(t, program, identity.Principal{}, deferredNow())
		if writes := f.writes(t, &deferred); len(writes) > 0 {
			rt.Fatalf("without a profile: %v", writes)
		}
	}
	for compared < least {
		rapid.Check(t, check)
		if t.Failed() {
			return
		}
	}
	t.Logf("%d comparisons, %d of them with rows, 0 differing; %d sets of policies refused for Redshift; %d searches in lists, %d in entitlements, %d reads of keys", compared, shown, refused, inLists, inEntitlements, keyed)
	for _, feature := range (&drawing{drawn: drawn}).names() {
		t.Logf("%5d %s", drawn[feature], feature)
	}
	if (dialect == RedshiftBuiltin()) != (keyed > 5) {
		t.Errorf("%d reads of keys", keyed)
	}
	if least == minRedshiftDeferred && (len(drawn) < 22 || shown < compared/5 || inLists < 4 || inEntitlements < 20) {
		t.Error("too few features are drawn, or too few comparisons show anything")
	}
}

// writes evaluates the conditions of a deferred decision over the profile.
func (f fakeRedshift) writes(t *testing.T, d *policy.Decision) (out []string) {
	t.Helper()
	for _, w := range d.Writes {
		sql, err := Redshift().StoredExpr(w.When)
		if err != nil {
			t.Fatal(err)
		}
		readsAlike(t, "SELECT "+sql)
		if rows := f.read(t, "SELECT "+sql+` AS may FROM postern_system.user_profile AS "postern_u"`); slices.Equal(rows, []string{`|"t"false`}) {
			out = append(out, string(w.Privilege))
		}
	}
	return out
}

// TestRedshiftRefusesDeferred names what a stored view on Redshift cannot say.
func TestRedshiftRefusesDeferred(t *testing.T) {
	conn := connect(t)
	snapshot, table := deferredSnapshot(t, conn)
	snapshot = redshiftSnapshot(t, snapshot)
	table, _ = snapshot.Table(table.Schema, table.Name)
	on := dataTable()
	for what, rule := range map[string]policy.Rule{
		"sub-select in a mask":       {Mask: &policy.Mask{Columns: []string{"owner"}, Null: true, Where: "id IN (SELECT x FROM public.look WHERE y = @username)"}},
		"the alias postern_u":        {Rows: "id IN (SELECT postern_u.x FROM public.look AS postern_u WHERE postern_u.y = @username)"},
		"has at most":                {Mask: &policy.Mask{Columns: []string{"owner"}, Custom: "left(repeat(@username, 300), 3)"}},
		"may hold more than ASCII":   {Mask: &policy.Mask{Columns: []string{"code"}, Custom: "left(@username, 3)::char(3)"}},
		"function starts_with is no": {Rows: "starts_with(owner, @username)"},
	} {
		program, _, err := policy.Compile(policy.Input{Snapshot: snapshot, Data: []policy.DataPolicy{{Name: "d", On: on, Rules: []policy.Rule{rule}}},
			Subscriptions: []policy.SubscriptionPolicy{{Name: "all", On: on, Access: policy.AccessRead, Effect: policy.SubscriptionGrant, Allow: policy.Allow{Anyone: true}}}})
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		d := program.Decide(policy.BindDeferred(), []policy.Want{{Table: table}})[0]
		if err := Redshift().CheckStored(&d); err == nil || !strings.Contains(err.Error(), what) || !strings.Contains(err.Error(), "public.data") {
			t.Errorf("%s: %v", what, err)
		}
		if err := Postgres().CheckStored(&d); err != nil {
			t.Errorf("%s on PostgreSQL: %v", what, err)
		}
		d.Allowed = false
		if err := Redshift().CheckStored(&d); err == nil {
			t.Error("printed what is denied")
		}
	}
}

// TestRedshiftHostileValues: values that look like what stands around values in a list, or like SQL, are compared as what they are, in every place.
func TestRedshiftHostileValues(t *testing.T) {
	conn, f, snapshot, table := newFakeData(t, "TRUNCATE public.data; SET standard_conforming_strings = on")
	values := []string{"", "%", "%25", "%v", "%va%e0%;", "%va%e", "a", "a%e0%;%nregion%vb", "'", "''", `\`, `\'`, `x\`, "|", ";", "é", "A", "a b", "\n", "--", "region;", "%x%;", "b' OR 'a'='a"}
	for i, v := range values {
		result := conn.ExecParams(t.Context(), "INSERT INTO public.data (id, region) VALUES ($1, $2)", [][]byte{[]byte(strconv.Itoa(i)), []byte(v)}, nil, nil, nil).Read()
		if result.Err != nil {
			t.Fatal(result.Err)
		}
	}
	run(t, conn, "INSERT INTO public.data (id) VALUES (NULL)")
	on := dataTable()
	compared, shown := 0, 0
	for _, rule := range []policy.Rule{
		{Rows: "@attributeValuesContains('region', region)"}, {Rows: "NOT @attributeValuesContains('region', region)"}, {Rows: "@attributeValuesContains('region', region, '%')"},
		{Rows: "(@attributeValuesContains('region', region, '\\')) IS NOT TRUE"}, {Rows: "@groupsContains(region)"}, {Rows: "NOT @groupsContains(region, 'a')"},
		{Rows: "@hasAttribute('region', '%25') OR @isInGroups('%', 'a')"}, {Rows: "region = @username OR region <> @username"},
		{Mask: &policy.Mask{Columns: []string{"owner"}, Custom: "'x'", Where: "@attributeValuesContains('region', region)"}},
		{Mask: &policy.Mask{Columns: []string{"owner"}, Custom: "'x'", Where: "NOT @purposesContains(region)"}},
	} {
		program, _, err := policy.Compile(policy.Input{Snapshot: snapshot, Data: []policy.DataPolicy{{Name: "d", On: on, Rules: []policy.Rule{rule}}},
			Subscriptions: []policy.SubscriptionPolicy{{Name: "all", On: on, Access: policy.AccessRead, Effect: policy.SubscriptionGrant, Allow: policy.Allow{Anyone: true}}}})
		if err != nil {
			t.Fatal(err)
		}
		wants := []policy.Want{{Table: table}}
		deferred := program.Decide(policy.BindDeferred(), wants)[0]
		stored, err := Redshift().StoredView(&deferred)
		if err != nil {
			t.Fatal(err)
		}
		storedReadsAlike(t, stored.SQL)
		for i := range values {
			some := []string{values[i], values[(i*7+3)%len(values)]}
			for _, has := range [][]string{nil, some[:1], some, {"\xff"}} {
				who := identity.NewPrincipal(identity.Spec{User: "u" + values[i], Groups: has, Purposes: has, Attributes: map[string][]string{"region": has, values[i]: {"a"}}})
				bound := program.Decide(policy.BindPrincipal(who), wants)[0]
				view, err := Redshift().View(&bound)
				if err != nil {
					t.Fatal(err)
				}
				f.profile(t, program, who, deferredNow())
				want, got := f.read(t, view.SQL), f.read(t, stored.SQL)
				if compared++; !slices.Equal(want, got) {
					t.Fatalf("%q with %q: bound\n%s\ndeferred\n%s\n%s", rule.Rows, has, strings.Join(want, "\n"), strings.Join(got, "\n"), stored.SQL)
				}
				shown += len(want)
			}
		}
	}
	t.Logf("%d comparisons over %d values, %d rows, 0 differing", compared, len(values), shown)
	if compared < 900 || shown < 5_000 {
		t.Error("too few")
	}
}

// TestRedshiftBlanksAtTheEnd: where a list is searched in place of a comparison, blanks at the end do not count, as they do not in the warehouse's own.
func TestRedshiftBlanksAtTheEnd(t *testing.T) {
	conn := connect(t)
	run(t, conn, registration(t))
	f := newFake(t, conn)
	member := expr.Not{Arg: expr.Not{Arg: expr.Not{Arg: expr.AttributeContains{Name: "a", Arg: expr.Literal{Type: "text", Value: "x  "}}}}}
	for value, want := range map[string]string{"x": "f", "x ": "f", "x   ": "f", " x": "t", "xx": "t"} {
		who := identity.NewPrincipal(identity.Spec{User: "u", Attributes: map[string][]string{"a": {value}}})
		f.profile(t, &policy.Program{}, who, deferredNow())
		sql, err := Redshift().StoredExpr(member)
		if err != nil {
			t.Fatal(err)
		}
		if rows := f.read(t, "SELECT "+sql+` AS v FROM postern_system.user_profile AS "postern_u"`); !slices.Equal(rows, []string{`|"` + want + `"false`}) {
			t.Errorf("%q: %v by %s", value, rows, sql)
		}
		// A constant that is asked for is asked for exactly.
		has, err := Redshift().StoredExpr(expr.HasAttribute{Name: "a", Value: "x"})
		if err != nil {
			t.Fatal(err)
		}
		if rows := f.read(t, "SELECT "+has+` AS v FROM postern_system.user_profile AS "postern_u"`); !slices.Equal(rows, []string{`|"` + choose(value == "x", "t", "f") + `"false`}) {
			t.Errorf("%q: %v by %s", value, rows, has)
		}
	}
}
