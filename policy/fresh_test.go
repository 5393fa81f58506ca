package policy

import (
	"testing"
	"time"

	"github.com/posternsql/postern/identity"
)

// outsider is somebody whose attributes came from an outside source at an instant.
func outsider(asOf time.Time, region string) identity.Principal {
	return identity.NewPrincipal(identity.Spec{User: "eve", Groups: []string{"a"}, Attributes: map[string][]string{"region": {region}}, AsOf: asOf})
}

// TestLatencyTolerance: attributes from outside serve for as long as the source tolerates, to the instant; then everything is
// denied until somebody has asked again, and no cache keeps the denial.
func TestLatencyTolerance(t *testing.T) {
	start := time.Date(2027, 1, 1, 12, 0, 0, 0, time.UTC)
	snapshot := shop(t)
	customer, orders := tableOf(t, snapshot, "customer"), tableOf(t, snapshot, "orders")
	customer.LatencyTolerance = 30 * time.Second
	p := compile(t, Input{Version: 1, Snapshot: snapshot, Subscriptions: []SubscriptionPolicy{grant("all", "isInGroups('a')", "tpch.public.*")}})
	ask := func(who identity.Principal, at time.Time) []Decision {
		return p.Decide(BindPrincipal(who).At(at), []Want{{Table: customer}, {Table: orders}})
	}
	eve := outsider(start, "x")
	for _, step := range []struct {
		after            time.Duration
		customer, orders bool
	}{{0, true, true}, {29999 * time.Millisecond, true, true}, {30 * time.Second, false, true}, {31 * time.Second, false, true}, {599 * time.Second, false, true}, {600 * time.Second, false, false}} {
		got := ask(eve, start.Add(step.after))
		if got[0].Allowed != step.customer || got[1].Allowed != step.orders {
			t.Errorf("after %v: customer %t, orders %t", step.after, got[0].Allowed, got[1].Allowed)
		}
		if got[0].Allowed && !got[0].ValidUntil.Equal(start.Add(30*time.Second)) {
			t.Errorf("valid until %v", got[0].ValidUntil)
		}
	}
	later := start.Add(700 * time.Second)
	if got := ask(outsider(later, "x"), later); !got[0].Allowed || !got[1].Allowed {
		t.Error("asked again, and still denied")
	}
	if got := p.Decide(BindPrincipal(outsider(later, "x")), []Want{{Table: customer}}); got[0].Allowed {
		t.Error("allowed although nobody said what time it is")
	}
	if got := ask(person("ann", "a"), later); !got[0].Allowed || !got[0].ValidUntil.IsZero() {
		t.Errorf("a person of whom all is known here: %+v", got[0])
	}
}

// TestCacheTTL: a decision is made anew when its time in the cache is over.
func TestCacheTTL(t *testing.T) {
	start := time.Date(2027, 1, 1, 12, 0, 0, 0, time.UTC)
	snapshot := shop(t)
	customer := tableOf(t, snapshot, "customer")
	p := compile(t, Input{Version: 1, Snapshot: snapshot, Subscriptions: []SubscriptionPolicy{grant("all", "isInGroups('a')", "tpch.public.*")}})
	ann := person("ann", "a")
	key := decisionKey{ann.Key(), customer, false, false}
	var last *Decision
	for _, step := range []struct {
		after time.Duration
		same  bool
	}{{0, false}, {599 * time.Second, true}, {600 * time.Second, false}, {601 * time.Second, true}} {
		at := start.Add(step.after)
		p.Decide(BindPrincipal(ann).At(at), []Want{{Table: customer}})
		kept, ok := p.recall(key, at)
		if !ok || (kept == last) != step.same {
			t.Errorf("after %v: kept %t, the same decision %t", step.after, ok, kept == last)
		}
		last = kept
	}
}
