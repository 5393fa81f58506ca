package push_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/posternsql/postern/policy"
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

// securedChanges are row policies that change, become plain grants, and come to be in place of them, and from views to row policies and back with
// nothing else changed.
func securedChanges(w *world) []securedChange {
	first := moment{w.subscriptions, w.data, maps.Clone(w.specs)}
	other := another()
	// One table gets another rule, one a mask, one loses its rule.
	other.data = other.data[:2]
	ruled := first
	ruled.data = []policy.DataPolicy{first.data[0], {Name: "nation", On: tables("public.nation"), Rules: []policy.Rule{{Rows: "n_nationkey = 1", ExceptFor: "isInGroups('global')"}}}}
	return []securedChange{
		{"policies change", [2]securedMoment{{first, push.EnforceRowSecurity}, {other, push.EnforceRowSecurity}}},
		{"and back", [2]securedMoment{{other, push.EnforceRowSecurity}, {first, push.EnforceRowSecurity}}},
		{"views to rows", [2]securedMoment{{ruled, push.EnforceViews}, {ruled, push.EnforceRowSecurity}}},
		{"rows to views", [2]securedMoment{{ruled, push.EnforceRowSecurity}, {ruled, push.EnforceViews}}},
	}
}

// TestRowSecurityKilledAtEveryStatement is TestKilledAtEveryStatement with row policies, in one way or another at each statement: after each transaction and each death nobody sees of a name anything but
// what they saw, what they shall see, or nothing.
func TestRowSecurityKilledAtEveryStatement(t *testing.T) {
	deaths, looks := 0, 0
	for _, mode := range []struct {
		name  string
		locks int
	}{{"at once", 0}, {"apart", 14}} {
		w, _ := newSecuredShop(t)
		for i, c := range securedChanges(w) {
			if mode.locks == 0 && i > 0 {
				continue
			}
			t.Run(mode.name+", "+c.name, func(t *testing.T) {
				w.t = t
				w.settings.MaxLocks = mode.locks
				kills, probes := w.killEverywhere(c.pair)
				deaths, looks = deaths+kills, looks+probes
			})
		}
		w.t = t
	}
	t.Logf("%d deaths, %d times all was looked at", deaths, looks)
	if deaths < 100 {
		t.Errorf("only %d deaths", deaths)
	}
}

// killEverywhere stops a Syncer at each statement on the way from one moment to the other.
func (w *world) killEverywhere(pair [2]securedMoment) (kills, probes int) {
	w.t.Helper()
	w.setSecured(pair[0])
	w.finish()
	people := w.log()
	before := w.probe(people)
	w.setSecured(pair[1])
	w.finish()
	after := w.probe(people)
	if before.equal(after) {
		w.t.Fatal("nothing changes")
	}
	ways := slices.Sorted(maps.Keys(killing()))
	for at, died := 0, true; died; at++ {
		w.setSecured(pair[0])
		w.finish()
		if !w.probe(people).equal(before) {
			w.t.Fatal("what was before is not again")
		}
		w.setSecured(pair[1])
		how := ways[at%len(ways)]
		died = w.killedAt(at, killing()[how], func() {
			probes++
			for _, bad := range w.probe(people).between(before, after) {
				w.t.Errorf("%s, statement %d: %s", how, at, bad)
			}
		})
		w.finish()
		if !w.probe(people).equal(after) {
			w.t.Fatalf("%s, statement %d: the next run did not complete", how, at)
		}
		if died {
			kills++
		}
	}
	for _, conn := range people {
		_ = conn.Conn().Close()
	}
	return kills, probes
}
