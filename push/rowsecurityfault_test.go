package push_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/posternsql/postern/push"
)

// securedMoment is a moment with a way to enforce it.
type securedMoment struct {
	moment
	enforce push.Enforce
}

func (w *world) setSecured(m securedMoment) { w.set(m.moment); w.settings.Enforce = m.enforce }

// securedChange is what was and what shall be.
type securedChange struct {
	name string
	pair [2]securedMoment
}

// securedChanges are row policies that change, become plain grants, views, and come to be in place of them, and views that become row policies with
// nothing else changed; each there and back.
func securedChanges(w *world) []securedChange {
	first := moment{w.subscriptions, w.data, maps.Clone(w.specs)}
	other := another()
	// One table gets another rule, one a mask, one loses its rule.
	other.data = other.data[:2]
	return []securedChange{
		{"policies change", [2]securedMoment{{first, push.EnforceRowSecurity}, {other, push.EnforceRowSecurity}}},
		{"views to rows", [2]securedMoment{{first, push.EnforceViews}, {first, push.EnforceRowSecurity}}},
	}
}

// TestRowSecurityKilledAtEveryStatement is TestKilledAtEveryStatement with row policies, in one way or another at each statement: after each transaction and each death nobody sees of a name anything but
// what they saw, what they shall see, or nothing.
func TestRowSecurityKilledAtEveryStatement(t *testing.T) {
	deaths, looks := 0, 0
	w, _ := newSecuredShop(t)
	w.settings.MaxLocks = 30 // in several transactions; those of a table are always its own
	for _, c := range securedChanges(w) {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			kills, probes := w.killEverywhere(c.pair)
			deaths, looks = deaths+kills, looks+probes
		})
	}
	w.t = t
	t.Logf("%d deaths, %d times all was looked at", deaths, looks)
	if deaths < 100 {
		t.Errorf("only %d deaths", deaths)
	}
}

// killEverywhere stops a Syncer at each statement on the way from one moment to the other, and on the way back.
func (w *world) killEverywhere(pair [2]securedMoment) (kills, probes int) {
	w.t.Helper()
	people := w.log()
	var right [2]seen
	for i := range pair {
		w.setSecured(pair[1-i])
		w.finish()
		right[1-i] = w.probe(people)
	}
	if right[0].equal(right[1]) {
		w.t.Fatal("nothing changes")
	}
	ways, alive := slices.Sorted(maps.Keys(killing())), [2]bool{true, true}
	for at := 0; alive[0] || alive[1]; at++ {
		for to := range pair {
			to = 1 - to
			w.setSecured(pair[to])
			how := ways[at%len(ways)]
			if alive[to] {
				alive[to] = w.killedAt(at, killing()[how], func() {
					probes++
					for _, bad := range w.probe(people).between(right[1-to], right[to]) {
						w.t.Errorf("%s, statement %d: %s", how, at, bad)
					}
				})
			}
			if alive[to] {
				kills++
			}
			w.finish()
			if !w.probe(people).equal(right[to]) {
				w.t.Fatalf("%s, statement %d: the next run did not complete", how, at)
			}
		}
	}
	for _, conn := range people {
		_ = conn.Conn().Close()
	}
	return kills, probes
}
