package policy

import (
	"fmt"
	"sync"
	"testing"

	"github.com/posternsql/postern/identity"
)

// TestVerdictsAreThoseOfTheCondition: what is remembered of a person is what the condition says of them, whoever was asked about between, at once
// and of more people than are remembered.
func TestVerdictsAreThoseOfTheCondition(t *testing.T) {
	in := Input{Snapshot: shop(t)}
	for i, when := range []string{"isInGroups('a')", "!isInGroups('a')", "hasAttribute('level', '7')", "username() == 'u3'", "1 / 0 == 1", "isUsingPurpose('p') || 1 / 0 == 1"} {
		in.Subscriptions = append(in.Subscriptions, grant(fmt.Sprint("g", i), when, "tpch.public.*"))
	}
	p := compile(t, in)
	people := make([]identity.Principal, verdictPeople+50)
	for i := range people {
		spec := identity.Spec{User: fmt.Sprint("u", i), Attributes: map[string][]string{"level": {fmt.Sprint(i % 9)}}}
		if i%2 == 0 {
			spec.Groups = []string{"a"}
		}
		if i%3 == 0 {
			spec.Purposes = []string{"p"}
		}
		people[i] = identity.NewPrincipal(spec)
	}
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for i := range 3 * len(people) {
				who := people[(i*7+worker)%len(people)]
				for _, c := range p.conditions {
					value, ok := c.evaluate(who)
					if c.holds(who) != (ok && value) || c.fails(who) != (ok && !value) {
						t.Errorf("%s of %s: holds %t, fails %t, evaluated to %t, %t", c.text, who.User(), c.holds(who), c.fails(who), value, ok)
						return
					}
				}
			}
		})
	}
	all.Wait()
}
