package policy

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// TestSameSourceNeverHidesADifference: where two programs are called the same on a source, they decide the same on it.
func TestSameSourceNeverHidesADifference(t *testing.T) {
	snapshot := shop(t)
	same, differing := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		in, who := genInput(t, snapshot), genPerson(t)
		other := in
		switch rapid.IntRange(0, 3).Draw(t, "change") {
		case 0:
			other = genInput(t, snapshot)
		case 1:
			if len(in.Data) > 0 {
				other.Data = in.Data[1:]
			}
		case 2:
			if len(in.Subscriptions) > 0 {
				other.Subscriptions = in.Subscriptions[1:]
			}
		}
		p, _, err := Compile(in)
		if err != nil {
			return
		}
		q, _, err := Compile(other)
		if err != nil {
			return
		}
		for _, table := range snapshot.Tables() {
			if !p.SameSource(q, table.Schema, table.Name) {
				differing++
				continue
			}
			same++
			a, b := p.Decide(BindPrincipal(who), []Want{{Table: table}})[0], q.Decide(BindPrincipal(who), []Want{{Table: table}})[0]
			if !reflect.DeepEqual(a, b) {
				t.Fatalf("%s is called the same and decided as %+v and %+v", table.QualifiedName(), a, b)
			}
		}
	})
	t.Logf("%d the same, %d may differ", same, differing)
	if same < 50 || differing < 20 {
		t.Errorf("too few of one kind: %d the same, %d may differ", same, differing)
	}
}
