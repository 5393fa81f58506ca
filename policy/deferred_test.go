package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/identity"
)

// TestDeferrable: what a stored view cannot enforce is told with the place of the rule, and only where a mask makes it matter.
func TestDeferrable(t *testing.T) {
	var tables []*catalog.Table
	for _, table := range shop(t).Tables() {
		copied := *table
		copied.Columns = slices.Clone(table.Columns)
		for i := range copied.Columns {
			switch c := &copied.Columns[i]; c.Name {
			case "c_phone", "c_custkey":
				c.RawEquality = true
			case "c_acctbal":
				c.PredicatesRefused = true
			}
		}
		tables = append(tables, &copied)
	}
	snapshot, err := catalog.New(1, "tpch", tables)
	if err != nil {
		t.Fatal(err)
	}
	in := Input{Snapshot: snapshot, Subscriptions: []SubscriptionPolicy{grant("all", "true", "tpch.public.*")}}
	if err := compile(t, in).Deferrable(); err != nil {
		t.Errorf("without a mask: %v", err)
	}
	in.Data = []DataPolicy{{Name: "d", On: Selector{Tables: []string{"tpch.public.customer"}}, Rules: []Rule{
		{Pos: Pos{"x.yaml", 7}, Mask: &Mask{Columns: []string{"c_phone"}, Null: true}}, {Pos: Pos{"x.yaml", 9}, Mask: &Mask{Columns: []string{"c_acctbal"}, Null: true}}}}}
	var mistakes Errors
	if err := compile(t, in).Deferrable(); !errors.As(err, &mistakes) || len(mistakes) != 2 {
		t.Fatalf("mistakes: %v", err)
	}
	for _, want := range []string{`x.yaml:7: policy "d", rule 1: mask: public.customer.c_phone has predicates: rawEquality, which a view`, `x.yaml:9: policy "d", rule 2: mask: public.customer.c_acctbal has predicates: refused`} {
		if !strings.Contains(mistakes.Error(), want) {
			t.Errorf("%q is not in\n%s", want, mistakes)
		}
	}
}

// TestDeferredHide: a stored view has the same columns for everybody, so that only what is hidden from all of them is left out of it.
func TestDeferredHide(t *testing.T) {
	in := Input{Snapshot: shop(t), Subscriptions: []SubscriptionPolicy{grant("all", "true", "tpch.public.*")}}
	hide := func(except string) *Program {
		in.Data = []DataPolicy{{Name: "d", On: Selector{Tables: []string{"tpch.public.customer"}}, Rules: []Rule{
			{Pos: Pos{"x.yaml", 7}, Mask: &Mask{Columns: []string{"c_phone"}, Hide: true}, ExceptFor: except}}}}
		return compile(t, in)
	}
	table, _ := in.Snapshot.Table("public", "customer")
	all := hide("")
	if err := all.Deferrable(); err != nil {
		t.Error(err)
	}
	if d := all.Decide(BindDeferred(), []Want{{Table: table}})[0]; !d.Allowed || len(d.Columns) == 0 {
		t.Error("it is denied")
	} else if _, ok := d.Column("c_phone"); ok {
		t.Error("the column is there")
	}
	some := hide("username() == 'ann'")
	if err := some.Deferrable(); err == nil || !strings.Contains(err.Error(), `x.yaml:7: policy "d", rule 1: mask: public.customer.c_phone has hide for some people`) {
		t.Errorf("hidden from some: %v", err)
	}
	if c, ok := some.Decide(BindDeferred(), []Want{{Table: table}})[0].Column("c_phone"); !ok || c.Mask == nil {
		t.Error("what is hidden from some is raw for all")
	}
}

// TestEqualizedIsOneForAll: members of an equalized project see one and the same, in whatever order they are asked, and where each would
// see another constant too.
func TestEqualizedIsOneForAll(t *testing.T) {
	one, two := "one", "two"
	rule := func(value *string, who string) Rule {
		return Rule{Mask: &Mask{Columns: []string{"c_phone"}, Constant: value}, OnlyFor: "username() == '" + who + "'"}
	}
	in := Input{Snapshot: shop(t), Subscriptions: []SubscriptionPolicy{grant("all", "true", "tpch.public.*")},
		Data: []DataPolicy{{Name: "d", On: Selector{Tables: []string{"tpch.public.customer"}}, Rules: []Rule{rule(&one, "ann"), rule(&two, "bob")}}}}
	member := func(name string) identity.Principal {
		return identity.NewPrincipal(identity.Spec{User: name, Project: "p"})
	}
	members := []identity.Principal{member("ann"), member("bob"), member("cyd")}
	seen := map[string]bool{}
	for range 2 {
		slices.Reverse(members)
		in.Projects = []Project{{Name: "p", Sources: Selector{Tables: []string{"tpch.public.*"}}, Equalize: true, Members: slices.Clone(members)}}
		p := compile(t, in)
		for _, who := range members {
			d := decide(t, p, who, "customer")
			c, _ := d.Column("c_phone")
			seen[fmt.Sprintf("%s %#v", c.Kind, c.Mask)] = true
		}
	}
	if len(seen) != 1 {
		t.Errorf("members see %v", seen)
	}
}

// TestFlagsOfEqualizedProjects: only members as they were published have the flag, and what is too old has none.
func TestFlagsOfEqualizedProjects(t *testing.T) {
	member := identity.NewPrincipal(identity.Spec{User: "ann", Project: "p", Groups: []string{"g"}})
	in := Input{Snapshot: shop(t), Projects: []Project{{Name: "p", Sources: Selector{Tables: []string{"tpch.public.*"}}, Equalize: true, Members: []identity.Principal{member}}}}
	p := compile(t, in)
	has := func(s identity.Spec) bool {
		flags, _ := p.FlagsAt(identity.NewPrincipal(s), noon())
		return slices.ContainsFunc(flags, func(f string) bool { return strings.HasPrefix(f, "project:") })
	}
	for name, tt := range map[string]struct {
		who  identity.Spec
		want bool
	}{
		"a member":                {identity.Spec{User: "ann", Project: "p", Groups: []string{"g"}}, true},
		"impersonated":            {identity.Spec{User: "ann", Login: "bob", Project: "p", Groups: []string{"g"}}, true},
		"with another group":      {identity.Spec{User: "ann", Project: "p"}, false},
		"somebody else":           {identity.Spec{User: "eve", Project: "p", Groups: []string{"g"}}, false},
		"in no project":           {identity.Spec{User: "eve"}, true},
		"from outside, just now":  {identity.Spec{User: "eve", AsOf: noon()}, true},
		"from outside, too old":   {identity.Spec{User: "eve", AsOf: noon().Add(-time.Hour)}, false},
		"of a project not there":  {identity.Spec{User: "eve", Project: "q"}, true},
		"with another's purposes": {identity.Spec{User: "ann", Project: "p", Groups: []string{"g"}, Purposes: []string{"x"}}, false},
	} {
		if got := has(tt.who); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
	if flags := p.Flags(identity.NewPrincipal(identity.Spec{User: "eve", AsOf: noon()})); len(flags) > 0 {
		t.Errorf("without a time, who is from outside has %v", flags)
	}
	if _, until := p.FlagsAt(identity.NewPrincipal(identity.Spec{User: "eve", AsOf: noon()}), noon()); !until.Equal(noon().Add(DefaultLatencyTolerance)) {
		t.Errorf("until %s", until)
	}
}
