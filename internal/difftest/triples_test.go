package difftest

import (
	"slices"
	"strings"
	"sync"
	"testing"
)

// tripleTally counts comparisons of three answers.
type tripleTally struct {
	mu                                 sync.Mutex
	compared, withRows, errors, denied int
	failures                           []string
}

// note counts one comparison with the answer that is right. wrong says how another one differs.
func (c *tripleTally) note(want answer, wrong func(way string, got answer) string, proxied, direct answer) {
	var bad []string
	for way, got := range map[string]answer{"proxied": proxied, "directly": direct} {
		if d := wrong(way, got); d != "" {
			bad = append(bad, d)
		}
	}
	slices.Sort(bad)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.compared++
	c.failures = append(c.failures, bad...)
	switch {
	case strings.HasPrefix(want.code, "42"):
		c.denied++
	case want.code != "":
		c.errors++
	case len(want.rows) > 0:
		c.withRows++
	}
}

// redDirectly wants what is pushed wrongly to be seen directly, and only there.
func (c *tripleTally) redDirectly(t *testing.T) {
	t.Helper()
	proxied := slices.DeleteFunc(slices.Clone(c.failures), func(f string) bool {
		first, _, _ := strings.Cut(f, "\n")
		return strings.Contains(first, " directly (") || strings.Contains(first, " directly: ")
	})
	t.Logf("%d comparisons, %d red", c.compared, len(c.failures))
	if len(c.failures) == 0 {
		t.Error("nothing turned red")
	}
	if len(proxied) > 0 {
		t.Errorf("the proxy turned red too: %s", proxied[0])
	}
}
