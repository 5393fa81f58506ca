package e2e

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

// revocations is how often TestRevocationOnTwoServers revokes.
const revocations = 20

// TestRevocationOnTwoServers measures, on two servers that share a state and are asked all the time, how long after a revocation was sent the last
// answer by the old policies came. The whole run of the command counts, so what is measured is longer than what is bounded.
func TestRevocationOnTwoServers(t *testing.T) {
	noticeSources(t)
	state, more := stateDatabase(t)
	o := newOperator(t, startStored(t, state, more), startStored(t, state, more))
	o.must(exitOK, "revision 1", "apply", "-f", ".")
	var near, far []time.Duration
	for range revocations {
		one, two := ask(t, o.servers[0], people()[0], "SELECT count(*) FROM nation", 2), ask(t, o.servers[1], people()[0], "SELECT count(*) FROM nation", 2)
		eventually(t, 10*time.Second, "answers", func() bool { return one.answered.Load() > 5 && two.answered.Load() > 5 })
		o.replace("users.yaml", "region: [EUROPE, ASIA]", "region: [ASIA]")
		o.replace("users.yaml", "groups: [analysts]\n", "groups: [analysts]\ndisabled: true\n")
		began := time.Now()
		o.must(exitOK, "is in force", "apply", "-f", "users.yaml")
		returned := time.Now()
		one.end()
		two.end()
		near, far = append(near, max(one.after(began), 0)), append(far, max(two.after(began), 0))
		for name, a := range map[string]*askers{"the first": one, "the second": two} {
			if late := a.late(returned); late != "" {
				t.Errorf("%s server %s apply returned", name, late)
			}
		}
		o.replace("users.yaml", "region: [ASIA]", "region: [EUROPE, ASIA]")
		o.replace("users.yaml", "disabled: true\n", "")
		o.must(exitOK, "is in force", "apply", "-f", "users.yaml")
	}
	var b strings.Builder
	below := []time.Duration{50 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond, time.Second, math.MaxInt64}
	fmt.Fprintf(&b, "from the start of `postern apply` to the last answer by the old policies\n%-32s%6s%6s%6s%6s%6s%6s%10s\n", "ms below", "50", "100", "200", "500", "1000", "more", "longest")
	for name, all := range map[string][]time.Duration{"the server that was told": near, "the other one": far} {
		fmt.Fprintf(&b, "%-32s", name)
		low := time.Duration(-1)
		for _, most := range below {
			n := 0
			for _, d := range all {
				if d > low && d <= most {
					n++
				}
			}
			fmt.Fprintf(&b, "%6d", n)
			low = most
		}
		longest := slices.Max(all)
		fmt.Fprintf(&b, "%10s\n", longest.Round(time.Millisecond))
		if longest > time.Second+slack {
			t.Errorf("%s answered %v after the change", name, longest)
		}
	}
	t.Log(b.String())
}
