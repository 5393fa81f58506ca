package push_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/push"
)

// rememberedPolicies are of sources with rules and without, one of which ends by time, one that asks for approvals that end, and one for what outside sources say.
func rememberedPolicies(t *testing.T, version uint64, moved bool, start time.Time) *policy.Program {
	t.Helper()
	var all []*catalog.Table
	for i := range 30 {
		all = append(all, &catalog.Table{OID: uint32(20000 + i), Schema: "public", Name: fmt.Sprintf("t%d_%d", i%5, i), Kind: catalog.KindTable, Registered: true, Columns: []catalog.Column{
			{Name: "id", Number: 1, Type: "integer", TypeOID: 23, Category: 'N', Reviewed: true}, {Name: "region", Number: 2, Type: "text", TypeOID: 25, Category: 'S', Reviewed: true},
			{Name: "name", Number: 3, Type: "text", TypeOID: 25, Category: 'S', Reviewed: true}}, LatencyTolerance: time.Duration(i%3) * time.Minute})
	}
	snapshot, err := catalog.New(version, "tpch", all)
	if err != nil {
		t.Fatal(err)
	}
	in := policy.Input{Version: version, Snapshot: snapshot}
	for i := range 5 {
		on, group := tables(fmt.Sprintf("public.t%d_*", i)), i
		if moved {
			group = (i + 1) % 5
		}
		s := grant(fmt.Sprintf("part%d", i), on, policy.Allow{When: fmt.Sprintf("isInGroups('part%d')", group)})
		if i == 3 {
			s.Expires = start.Add(20 * time.Minute).Format(time.RFC3339)
		}
		in.Subscriptions = append(in.Subscriptions, s)
		if i%2 == 0 {
			in.Data = append(in.Data, policy.DataPolicy{Name: fmt.Sprintf("data%d", i), On: on, Rules: []policy.Rule{
				{Rows: "@attributeValuesContains('region', region)"}, {Mask: &policy.Mask{Columns: []string{"name"}, Null: true}, ExceptFor: "hasAttribute('clearance', 'high')"}}})
		}
	}
	p, _, err := policy.Compile(in)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestMemoryChangesNothing: what should be there is the same whether or not it follows from what was worked out before, whatever people, time and policies do.
func TestMemoryChangesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	set := push.Settings{Connection: "tpch", Database: "tpch", SystemRole: "s"}.WithDefaults()
	s := newSyncerOf(t, set)
	specs := map[int]identity.Spec{}
	in := push.Input{Settings: set, Program: rememberedPolicies(t, 1, false, start), Now: start}
	different, last := 0, (*push.Desired)(nil)
	for step := range 400 {
		i := r.IntN(12)
		spec := identity.Spec{User: fmt.Sprintf("person%d", i), Groups: []string{fmt.Sprintf("part%d", r.IntN(5)), fmt.Sprintf("part%d", r.IntN(5))},
			Attributes: map[string][]string{"region": {[]string{"EUROPE", "ASIA"}[r.IntN(2)]}, "clearance": {[]string{"low", "high"}[r.IntN(2)]}}}
		if i%3 == 0 {
			spec.AsOf = in.Now.Add(-time.Duration(r.IntN(400)) * time.Second)
		}
		switch r.IntN(10) {
		case 0:
			delete(specs, i)
		case 1:
			old := specs[i]
			if old.AsOf = in.Now; old.User != "" {
				specs[i] = old
			}
		default:
			specs[i] = spec
		}
		in.Now = in.Now.Add(time.Duration(r.IntN(20)) * time.Second)
		in.Program = in.Program.Again(in.Program.Version() + 1)
		if r.IntN(40) == 0 {
			in.Program = rememberedPolicies(t, in.Program.Version()+1, r.IntN(2) == 0, start)
		}
		in.People = nil
		for i := range 12 {
			if spec, there := specs[i]; there {
				in.People = append(in.People, push.Person{Principal: identity.NewPrincipal(spec), Account: fmt.Sprintf("person%d", i)})
			}
		}
		want, err := push.Desire(in)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Desire(in)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("step %d: %v: something else follows from what was worked out before\n%s", step, err, cmp.Diff(want.State, got.State)+cmp.Diff(want.ValidUntil, got.ValidUntil))
		}
		if last != nil && !reflect.DeepEqual(last, want) {
			different++
		}
		last = want
	}
	t.Logf("400 steps, %d of which changed what should be there", different)
	if different < 200 {
		t.Errorf("no more than %d of 400 steps changed anything", different)
	}
}
