package push_test

import (
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
	first := w.moment
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
			people := w.log()
			_, kills, probes := w.killEverywhere(crossing{
				set: [2]func(){func() { w.setSecured(c.pair[0]) }, func() { w.setSecured(c.pair[1]) }}, step: 1,
				deaths: func(at int, ways []string) []death {
					how := ways[at%len(ways)]
					return []death{{1, how}, {0, how}}
				},
			}, people)
			for _, conn := range people {
				_ = conn.Conn().Close()
			}
			deaths, looks = deaths+kills, looks+probes
		})
	}
	w.t = t
	t.Logf("%d deaths, %d times all was looked at", deaths, looks)
	if deaths < 100 {
		t.Errorf("only %d deaths", deaths)
	}
}
