package policy

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy/expr"
)

// The generators below draw from small sets, so that policies meet each other often.

func genSelector(t *rapid.T) Selector {
	return rapid.SampledFrom([]Selector{
		{Tags: []string{"Sales"}}, {Tags: []string{"Sales.Orders"}}, {Tables: []string{"tpch.public.*"}}, {Tables: []string{"tpch.public.customer"}},
		{ColumnTags: []string{"PII"}}, {ColumnTags: []string{"PII.Phone", "Financial"}},
	}).Draw(t, "on")
}

func genCondition(t *rapid.T, label string) string {
	return rapid.SampledFrom([]string{
		"isInGroups('a')", "isInGroups('a', 'b')", "!isInGroups('b')", "hasAttribute('level', 'high')", "username() == 'ann'", "isUsingPurpose('p') || isInGroups('c')",
		"1 / 0 == 1", "true", "false",
	}).Draw(t, label)
}

func genSubscription(t *rapid.T, name string, effect SubscriptionEffect) SubscriptionPolicy {
	allow := Allow{When: genCondition(t, "when")}
	switch rapid.IntRange(0, 4).Draw(t, "allow") {
	case 0:
		allow = Allow{Anyone: true}
	case 1:
		allow = Allow{Users: []string{"bob", "ann"}}
	case 2:
		allow = Allow{Approval: &Approval{By: []string{"x"}}}
	}
	return SubscriptionPolicy{
		Name: name, On: genSelector(t), Access: rapid.SampledFrom([]Access{AccessRead, AccessWrite}).Draw(t, "access"), Effect: effect, Allow: allow,
		Staged: rapid.IntRange(0, 5).Draw(t, "staged") == 0,
	}
}

func genMask(t *rapid.T) *Mask {
	m := rapid.SampledFrom([]Mask{
		{Null: true}, {Constant: new(string)}, {Hash: &HashMask{}}, {Regex: &RegexMask{Pattern: "[0-9]"}}, {Round: &RoundMask{To: "100"}}, {Round: &RoundMask{To: "month"}},
		{KAnonymity: &KAnonymityMask{K: 3}}, {Randomized: &RandomizedMask{Noise: "5"}}, {Reversible: &ReversibleMask{}}, {FormatPreserving: &FormatPreservingMask{}}, {Custom: "@value"},
		{Null: true, Where: "@isInGroups('a')"}, {Hash: &HashMask{}, Where: "@columnReference('o_orderkey') = 1"}, {Constant: new(string), Where: "@attributeValuesContains('region', 'x')"},
	}).Draw(t, "mask")
	if rapid.Bool().Draw(t, "by tag") {
		m.ColumnTags = []string{rapid.SampledFrom([]string{"PII", "PII.Phone", "PII.Name", "Financial", "Financial.Balance"}).Draw(t, "tag")}
	} else {
		m.Columns = []string{rapid.SampledFrom([]string{"c_phone", "c_acctbal", "o_orderdate", "c_custkey"}).Draw(t, "column")}
	}
	return &m
}

func genData(t *rapid.T, name string) DataPolicy {
	d := DataPolicy{Name: name, On: genSelector(t), Staged: rapid.IntRange(0, 5).Draw(t, "staged") == 0}
	for range rapid.IntRange(1, 3).Draw(t, "rules") {
		r := Rule{}
		if rapid.Bool().Draw(t, "excepts") {
			r.ExceptFor = genCondition(t, "exceptFor")
		}
		if rapid.IntRange(0, 3).Draw(t, "only") == 0 {
			r.OnlyFor = genCondition(t, "onlyFor")
		}
		other := r.OnlyFor != "" && rapid.Bool().Draw(t, "otherwise")
		if rapid.IntRange(0, 9).Draw(t, "purposes") == 0 && !other {
			r.Purposes = &PurposeLimit{Any: []string{"p", "q"}}
		} else if rapid.IntRange(0, 2).Draw(t, "rows") == 0 {
			if other {
				r.Otherwise = &Otherwise{Rows: "@isInGroups('c')"}
			}
			r.Rows = rapid.SampledFrom([]string{
				"@isInGroups('a')", "NOT @attributeValuesContains('region', @username)", "@attributeValuesContains('region', 'x', 'y')", "true", "now() > '2020-01-01 00:00:00+00'",
			}).Draw(t, "sql")
		} else {
			if r.Mask = genMask(t); other {
				mask := *genMask(t)
				mask.Columns, mask.ColumnTags = nil, nil
				r.Otherwise = &Otherwise{Mask: &mask}
			}
		}
		d.Rules = append(d.Rules, r)
	}
	return d
}

func genInput(t *rapid.T, snapshot *catalog.Snapshot) Input {
	in := Input{Version: 1, Snapshot: snapshot, KnownTags: []string{"PII.Phone", "PII.Name", "Financial.Balance"}}
	for i := range rapid.IntRange(0, 5).Draw(t, "grants") {
		in.Subscriptions = append(in.Subscriptions, genSubscription(t, fmt.Sprintf("grant-%d", i), SubscriptionGrant))
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "guardrails") {
		in.Subscriptions = append(in.Subscriptions, genSubscription(t, fmt.Sprintf("guardrail-%d", i), SubscriptionGuardrail))
	}
	for i := range rapid.IntRange(0, 5).Draw(t, "data") {
		in.Data = append(in.Data, genData(t, fmt.Sprintf("data-%d", i)))
	}
	return in
}

func genPerson(t *rapid.T) identity.Principal {
	spec := identity.Spec{
		User:   rapid.SampledFrom([]string{"ann", "bob", "cid"}).Draw(t, "user"),
		Groups: rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c"}), 0, 3, rapid.ID[string]).Draw(t, "groups"),
	}
	if rapid.Bool().Draw(t, "high") {
		spec.Attributes = map[string][]string{"level": {"high"}, "region": {"ann", "x"}}
	}
	if rapid.Bool().Draw(t, "purpose") {
		spec.Purposes = []string{"p"}
	}
	return identity.NewPrincipal(spec)
}

// decideAll asks for every source of the snapshot; ok is false if the policies are refused.
func decideAll(in Input, who identity.Principal) (_ []Decision, ok bool) {
	p, _, err := Compile(in)
	if err != nil {
		return nil, false
	}
	var wants []Want
	for _, t := range in.Snapshot.Tables() {
		wants = append(wants, Want{Table: t})
	}
	return p.Decide(BindPrincipal(who), wants), true
}

// leavesRaw reports a mask under whose conditions some rows keep their value: the innermost layer is the column itself.
func leavesRaw(e expr.Expr) bool {
	if cast, ok := e.(expr.Cast); ok {
		e = cast.Arg
	}
	layer, ok := e.(expr.Case)
	if !ok || layer.Else == nil || len(layer.Whens) != 1 {
		return false
	}
	if _, raw := layer.Whens[0].Result.(expr.Column); raw {
		return true
	}
	return leavesRaw(layer.Whens[0].Result)
}

// notWider fails where the second decisions show anything that the first do not.
func notWider(t *rapid.T, before, after []Decision) {
	for i := range after {
		if after[i].Allowed && !before[i].Allowed {
			t.Fatalf("%s was closed and is open", after[i].Table.QualifiedName())
		}
		for _, c := range after[i].Columns {
			if was, ok := before[i].Column(c.Column.Name); !ok || c.Mask == nil && was.Mask != nil {
				t.Fatalf("%s.%s was hidden or masked and is raw", after[i].Table.QualifiedName(), c.Column.Name)
			} else if leavesRaw(c.Mask) && was.Mask != nil && !leavesRaw(was.Mask) {
				t.Fatalf("%s.%s was masked in every row and is raw in some", after[i].Table.QualifiedName(), c.Column.Name)
			}
		}
		for _, w := range after[i].Privileges {
			if !slices.Contains(before[i].Privileges, w) {
				t.Fatalf("%s could not be written to by %s and can", after[i].Table.QualifiedName(), w)
			}
		}
		if after[i].Allowed && before[i].Filter != nil && after[i].Filter == nil {
			t.Fatalf("the rows of %s were filtered and are not", after[i].Table.QualifiedName())
		}
	}
}

func property(t *testing.T, check func(t *rapid.T, in Input, who identity.Principal)) {
	snapshot := shop(t)
	rapid.Check(t, func(t *rapid.T) { check(t, genInput(t, snapshot), genPerson(t)) })
}

// The least comparisons of a property, and the least of them in which something became narrower.
const (
	minCompared = 400
	minNarrowed = 30
)

// neverWidens decides before and after a change of the policies, until enough pairs of sets were published. closes says that the change is of
// who is let in, so that it leaves rows and masks as they are.
func neverWidens(t *testing.T, closes bool, change func(t *rapid.T, in Input) (before, after Input)) {
	compared, narrowed, open := 0, 0, 0
	for compared < minCompared {
		property(t, func(t *rapid.T, in Input, who identity.Principal) {
			first, second := change(t, in)
			before, ok := decideAll(first, who)
			after, ok2 := decideAll(second, who)
			if !ok || !ok2 {
				return
			}
			notWider(t, before, after)
			compared++
			for i := range after {
				if after[i].Allowed {
					open++
				}
				same := cmp.Equal(before[i].Filter, after[i].Filter) && cmp.Equal(before[i].Columns, after[i].Columns)
				if closes && after[i].Allowed && !same {
					t.Fatalf("%s: rows or masks changed", after[i].Table.QualifiedName())
				}
				if before[i].Allowed != after[i].Allowed || len(before[i].Privileges) != len(after[i].Privileges) || !same {
					narrowed++
				}
			}
		})
		if t.Failed() {
			return
		}
	}
	if t.Logf("%d pairs of sets compared, %d open sources, %d made narrower", compared, open, narrowed); narrowed < minNarrowed || open == 0 {
		t.Errorf("fewer than %d made narrower, or nothing open", minNarrowed)
	}
}

func TestAddingAGuardrailNeverWidens(t *testing.T) {
	neverWidens(t, true, func(t *rapid.T, in Input) (before, after Input) {
		after = in
		after.Subscriptions = append(slices.Clone(in.Subscriptions), genSubscription(t, "new", SubscriptionGuardrail))
		return in, after
	})
}

func TestRemovingAGrantNeverWidens(t *testing.T) {
	neverWidens(t, true, func(t *rapid.T, in Input) (before, after Input) {
		before = in
		before.Subscriptions = append(slices.Clone(in.Subscriptions), genSubscription(t, "removed", SubscriptionGrant))
		return before, in
	})
}

func TestAddingADataPolicyNeverUncovers(t *testing.T) {
	neverWidens(t, false, func(t *rapid.T, in Input) (before, after Input) {
		after = in
		after.Data = append(slices.Clone(in.Data), genData(t, "new"))
		return in, after
	})
}

func TestOrderOfPoliciesNeverMatters(t *testing.T) {
	allowed, published := 0, 0
	check := func(t *rapid.T, in Input, who identity.Principal) {
		before, ok := decideAll(in, who)
		in.Subscriptions = rapid.Permutation(in.Subscriptions).Draw(t, "subscriptions")
		in.Data = rapid.Permutation(in.Data).Draw(t, "data policies")
		after, ok2 := decideAll(in, who)
		if ok != ok2 {
			t.Fatal("one order is refused, another not")
		}
		if diff := cmp.Diff(before, after); diff != "" {
			t.Fatal(diff)
		}
		if ok {
			published++
		}
		for _, d := range after {
			if d.Allowed {
				allowed++
			}
		}
	}
	for range 5 {
		property(t, check)
	}
	if t.Logf("%d sets published in two orders, %d open sources", published, allowed); published < 200 || allowed < 80 {
		t.Error("the property was hardly put to the test")
	}
}

func TestCachedEqualsFresh(t *testing.T) {
	property(t, func(t *rapid.T, in Input, who identity.Principal) {
		p, _, err := Compile(in)
		if err != nil {
			return
		}
		people := []identity.Principal{who, genPerson(t), genPerson(t), {}}
		for range 20 {
			someone := rapid.SampledFrom(people).Draw(t, "someone")
			table := rapid.SampledFrom(in.Snapshot.Tables()).Draw(t, "table")
			got := p.Decide(BindPrincipal(someone), []Want{{Table: table}})[0]
			fresh, _ := decideAll(in, someone)
			for _, want := range fresh {
				if diff := cmp.Diff(want, got); want.Table == table && diff != "" {
					t.Fatal(diff)
				}
			}
		}
	})
}

func TestCompileNeverPanics(t *testing.T) {
	snapshot := shop(t)
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "Sales", "tpch.public.*", "c_phone", "PII", "isInGroups('a')", "c_custkey = 1", "*", "month"}))
		in := Input{Snapshot: snapshot,
			Subscriptions: []SubscriptionPolicy{{Name: word.Draw(t, "name"), On: Selector{Tables: []string{word.Draw(t, "pattern")}}, Access: Access(word.Draw(t, "access")),
				Effect: SubscriptionEffect(word.Draw(t, "effect")), Allow: Allow{When: word.Draw(t, "when")}}},
			Data: []DataPolicy{{Name: word.Draw(t, "data"), On: Selector{Tags: []string{word.Draw(t, "tag")}}, Rules: []Rule{
				{Rows: word.Draw(t, "rows"), ExceptFor: word.Draw(t, "exceptFor")},
				{Mask: &Mask{Columns: []string{word.Draw(t, "column")}, Regex: &RegexMask{Pattern: word.Draw(t, "regex"), Replace: word.Draw(t, "replace")}}},
				{Mask: &Mask{Columns: []string{word.Draw(t, "column")}, Round: &RoundMask{To: word.Draw(t, "to")}}},
			}}},
		}
		if p, _, err := Compile(in); (p == nil) == (err == nil) {
			t.Fatalf("program %v, error %v", p, err)
		} else if err != nil && err.Error() == "" {
			t.Fatal("an error without a message")
		}
	})
}
