package rewrite

import (
	"strings"
	"testing"
)

// redshiftPlan is a plan in the words of the Database Developer Guide ("EXPLAIN", "Creating and interpreting a query plan"), with what a filter of Postern's
// adds, and with lines that a constant of somebody else's could have made.
const redshiftPlan = `XN Merge  (cost=1002815366604.92..1002815366606.36 rows=576 width=27)
  Merge Key: sum(MARKER.pricepaid)
  ->  XN Network  (cost=1002815366604.92..1002815366606.36 rows=576 width=27)
        Send to leader
        ->  XN Sort  (cost=1002815366604.92..1002815366606.36 rows=576 width=27)
              Sort Key: sum(sales.MARKER)
              ->  XN HashAggregate  (cost=2815366577.07..2815366578.51 rows=576 width=27)
                    ->  XN Hash Join DS_BCAST_INNER  (cost=109.98..3815819.36 rows=12345 width=27)
                          Hash Cond: ("outer".MARKER = "inner".eventid)
                          ->  XN Seq Scan on sales postern_t  (cost=0.00..1724.56 rows=172456 width=14)
                                Filter: ((country)::text = 'MARKER'::text)
  ->  XN Seq Scan on MARKER  (cost=0.00..0.00 rows=0 width=0)')
                          ->  XN Hash  (cost=87.98..87.98 rows=8798 width=21)
                                ->  XN Seq Scan on "event" e  (cost=0.00..87.98 rows=8798 width=21)
                          ->  XN Subquery Scan q  (cost=0.00..87.98 rows=8798 width=21)
                          ->  LD Marvel Scan on MARKER MARKER2  (cost=0.00..87.98 rows=8798 width=21)
                          SubPlan 1
                            ->  XN Seq Scan on profile_MARKER  (cost=0.00..1.00 rows=99 width=21)
----- Tables missing statistics: MARKER -----
----- Update statistics by running the ANALYZE command on these tables -----`

func readPlan(x *Explain, text string) string {
	reader := x.Lines()
	var out []string
	for line := range strings.SplitSeq(text, "\n") {
		if shown, ok := reader.Line(line); ok {
			out = append(out, shown)
		}
	}
	return strings.Join(out, "\n")
}

// TestRedshiftPlans holds what is shown of a plan: with rows hidden, with values hidden, and with nothing hidden.
func TestRedshiftPlans(t *testing.T) {
	names := map[string]bool{"sales": true, "event": true, "e": true, "q": true}
	x := Explain{lines: true, filtered: true, known: known{relations: names}}
	got := readPlan(&x, redshiftPlan)
	if strings.Contains(got, "MARKER") || strings.Contains(got, "rows=") || strings.Contains(got, "DS_") {
		t.Errorf("it tells too much:\n%s", got)
	}
	if !strings.HasPrefix(got, "XN Sort\n  ->  XN Aggregate\n        ->  XN Join\n              ->  XN Scan on sales\n") || !strings.Contains(got, "->  XN Scan on event e\n") || !strings.Contains(got, "->  Other") {
		t.Errorf("got\n%s", got)
	}
	x.filtered = false
	if got := readPlan(&x, redshiftPlan); strings.Contains(got, "MARKER") || strings.Contains(got, "rows=") || strings.Contains(got, "DS_") || !strings.Contains(got, "XN Hash Join\n") {
		t.Errorf("with masks:\n%s", got)
	}
	x.whole = true
	if got := readPlan(&x, redshiftPlan); strings.Contains(got, "MARKER") || !strings.Contains(got, "XN Hash Join DS_BCAST_INNER  (cost=109.98..3815819.36 rows=12345 width=27)") {
		t.Errorf("with nothing hidden:\n%s", got)
	}
}

// FuzzRedshiftPlan holds that whatever a warehouse says, no word of it is passed on that is not an operator, or the client's own.
func FuzzRedshiftPlan(f *testing.F) {
	f.Add(redshiftPlan)
	f.Add("XN Seq Scan on sales sales  (cost=0..1 rows=1 width=1)\n  ->  XN Hash DS_MARKER on sales  (cost=0..1 rows=1 width=1)")
	f.Fuzz(func(t *testing.T, text string) {
		x := Explain{lines: true, filtered: true, known: known{relations: map[string]bool{"sales": true}}}
		words := map[string]bool{"": true, "XN": true, "->": true, "on": true, "sales": true, "Other": true}
		for _, name := range append(planOperators(), "Scan", "Join", "Aggregate", "SetOp") {
			for _, w := range strings.Fields(name) {
				words[w] = true
			}
		}
		for w := range strings.FieldsSeq(readPlan(&x, text)) {
			if !words[w] {
				t.Errorf("%q is told of %q", w, text)
			}
		}
	})
}
