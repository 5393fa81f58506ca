package querygen

import "testing"

// TestDeterministic: the same seed and number make the same text, and no query grows without bound.
func TestDeterministic(t *testing.T) {
	distinct := map[string]bool{}
	const queries, maxBytes = 5000, 40_000
	for i := range uint64(queries) {
		a, b := Generate(1, i), Generate(1, i)
		text := a.Root.Render(true)
		if again := b.Root.Render(true); text.SQL != again.SQL || len(text.Params) != len(again.Params) {
			t.Fatalf("query %d is different the second time", i)
		}
		if len(text.SQL) > maxBytes {
			t.Errorf("query %d has %d bytes", i, len(text.SQL))
		}
		distinct[text.SQL] = true
	}
	if len(distinct) < queries*99/100 {
		t.Errorf("only %d of %d queries are different", len(distinct), queries)
	}
}
