package difftest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/posternsql/postern/internal/difftest/evaluator"
)

const (
	generatedSets = 32
	// minimumTriples is how many comparisons of three there have to be.
	minimumTriples = 10000
)

// TestGeneratedPolicies: under each of many generated sets, published and pushed one over the other, everybody has the same answers through the proxy,
// directly, and from tables that the independent evaluator filled.
func TestGeneratedPolicies(t *testing.T) {
	l := newLaboratory(t)
	sets := envCount(t, "POSTERN_POLICY_SETS", generatedSets)
	first := envCount(t, "POSTERN_POLICY_FIRST", 1)
	var total tripleTally
	start := time.Now()
	for seed := first; seed < first+sets; seed++ {
		s := evaluator.Generate(seed)
		l.force(s, s)
		before := len(total.failures)
		l.ask(fmt.Sprintf("set %d", seed), policyQueries(seed), &total)
		if len(total.failures) > before {
			t.Errorf("%s\nof\n%s", strings.Join(total.failures[before:min(len(total.failures), before+3)], "\n"), s.YAML())
		}
	}
	t.Logf("%d sets, %d comparisons of three: %d with rows, %d raised the same error, %d denied, %d differing; %d syncs, the slowest %v; in %v", sets, total.compared,
		total.withRows, total.errors, total.denied, len(total.failures), l.syncs, l.slowest.Round(time.Millisecond), time.Since(start).Round(time.Second))
	if sets >= generatedSets && (total.compared < minimumTriples || total.withRows < minimumTriples/3 || total.errors < minimumTriples/100) {
		t.Errorf("at least %d comparisons are wanted, a third of them with rows and a hundredth with errors", minimumTriples)
	}
}
