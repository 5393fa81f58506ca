package policy

import (
	"strings"
	"testing"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/identity"
)

func col(name, typ string, category byte, tags ...string) catalog.Column {
	return catalog.Column{Name: name, Type: typ, Category: category, Tags: tags, Reviewed: true}
}

// shop is the catalog of these tests: two registered sources and one that nobody registered.
func shop(t testing.TB) *catalog.Snapshot {
	t.Helper()
	fresh := col("c_new", "text", 'S')
	fresh.Reviewed = false
	s, err := catalog.New(1, "tpch", []*catalog.Table{
		{Schema: "public", Name: "customer", Kind: catalog.KindTable, Registered: true, PrimaryKey: []string{"c_custkey"}, Tags: []string{"Sales"}, Columns: []catalog.Column{
			col("c_custkey", "integer", 'N'), col("c_name", "character varying(25)", 'S', "PII.Name"),
			col("c_phone", "character(15)", 'S', "PII.Phone"), col("c_acctbal", "numeric(15,2)", 'N', "Financial.Balance"),
			col("c_nationkey", "integer", 'N'), fresh,
		}},
		{Schema: "public", Name: "orders", Kind: catalog.KindTable, Registered: true, PrimaryKey: []string{"o_orderkey"}, Tags: []string{"Sales.Orders"}, Columns: []catalog.Column{
			col("o_orderkey", "integer", 'N'), col("o_orderdate", "date", 'D'),
		}},
		{Schema: "public", Name: "nation", Kind: catalog.KindTable, Columns: []catalog.Column{
			col("n_nationkey", "integer", 'N'), col("n_name", "character(25)", 'S'),
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func grant(name, when string, tables ...string) SubscriptionPolicy {
	return SubscriptionPolicy{Name: name, On: Selector{Tables: tables}, Access: AccessRead, Effect: SubscriptionGrant, Allow: Allow{When: when}}
}

func person(name string, groups ...string) identity.Principal {
	return identity.NewPrincipal(identity.Spec{User: name, Groups: groups, Attributes: map[string][]string{"region": {"ASIA", "EUROPE"}}})
}

func compile(t testing.TB, in Input) *Program {
	t.Helper()
	p, _, err := Compile(in)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func tableOf(t testing.TB, s *catalog.Snapshot, name string) *catalog.Table {
	t.Helper()
	table, ok := s.Table("public", name)
	if !ok {
		t.Fatalf("no table %s", name)
	}
	return table
}

func decide(t testing.TB, p *Program, who identity.Principal, table string) Decision {
	t.Helper()
	return p.Decide(BindPrincipal(who), []Want{{Table: tableOf(t, p.Snapshot(), table)}})[0]
}

func TestUnknownIsDenied(t *testing.T) {
	snapshot := shop(t)
	everything := SubscriptionPolicy{Name: "all", On: Selector{Tables: []string{"tpch.public.*"}}, Access: AccessRead, Effect: SubscriptionGrant, Allow: Allow{Anyone: true}}
	p := compile(t, Input{Version: 7, Snapshot: snapshot, Subscriptions: []SubscriptionPolicy{everything}})
	if d := decide(t, p, person("ann"), "customer"); !d.Allowed || len(d.Columns) != 5 {
		t.Errorf("got %+v", d)
	}
	if _, shown := func() (ColumnDecision, bool) { d := decide(t, p, person("ann"), "customer"); return d.Column("c_new") }(); shown {
		t.Error("a column that nobody reviewed is shown")
	}
	stranger := *tableOf(t, snapshot, "customer")
	for name, d := range map[string]Decision{
		"not registered":   decide(t, p, person("ann"), "nation"),
		"nobody":           decide(t, p, identity.Principal{}, "customer"),
		"no binding":       p.Decide(Binding{}, []Want{{Table: tableOf(t, snapshot, "customer")}})[0],
		"another snapshot": p.Decide(BindPrincipal(person("ann")), []Want{{Table: &stranger}})[0],
		"no table":         p.Decide(BindPrincipal(person("ann")), []Want{{}})[0],
		"no program":       (*Program)(nil).Decide(BindPrincipal(person("ann")), []Want{{Table: tableOf(t, snapshot, "customer")}})[0],
		"no policy":        decide(t, compile(t, Input{Snapshot: snapshot}), person("ann"), "customer"),
	} {
		if d.Allowed || d.Columns != nil {
			t.Errorf("%s: got %+v", name, d)
		}
	}
}

func TestConditions(t *testing.T) {
	c, err := newConditions()
	if err != nil {
		t.Fatal(err)
	}
	ann := identity.NewPrincipal(identity.Spec{User: "ann", Groups: []string{"a", "b"}, Attributes: map[string][]string{"x": {"1"}}, Purposes: []string{"support"}})
	tests := []struct {
		text string
		want bool
	}{
		{"isInGroups('a')", true}, {"isInGroups('a', 'b')", true}, {"isInGroups('a', 'c')", false}, {"!isInGroups('c')", true},
		{"hasAttribute('x', '1')", true}, {"hasAttribute('x', '2') || hasAttribute('y', '1')", false}, {"isUsingPurpose('support')", true},
		{"isUsingPurpose('nope', 'support')", true}, {"isUsingPurpose('nope')", false}, {"username() == 'ann'", true}, {"username() in ['bob', 'ann']", true},
		{"((((isInGroups('a') || false) && true) || false) && (username().startsWith('a')))", true}, {"1/0 == 1", false}, {"!(1/0 == 1)", false},
		{"username().matches('^a.n$')", true}, {"true", true},
	}
	for _, tt := range tests {
		cond, err := c.compile(tt.text)
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		if got := cond.holds(ann); got != tt.want {
			t.Errorf("%s: got %t", tt.text, got)
		}
		if cond.holds(identity.Principal{}) {
			t.Errorf("%s holds for nobody", tt.text)
		}
	}
	for _, text := range []string{
		"", "isInGroups()", "isInGroups(1)", "isInGroup('a')", "hasAttribute('x')", "username", "username()", "@person == @person", "person", "1",
		"isInGroups('a'", "[1].exists(x, x == 1)", "isInGroups(['a'])", "'" + strings.Repeat("x", 5000) + "' == ''", strings.Repeat("(", 3000) + "true" + strings.Repeat(")", 3000),
	} {
		if _, err := c.compile(text); err == nil {
			t.Errorf("%.80s is accepted", text)
		}
	}
	if _, err := c.compile("isInGroups('a') &&\n nope('x')"); err == nil || !strings.Contains(err.Error(), "line 2, column 6") {
		t.Errorf("got %v", err)
	}
}
