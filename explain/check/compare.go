package check

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/posternsql/postern/explain"
)

// maxShown bounds the rows that a failure shows.
const maxShown = 20

// compare holds the result against the test.
func compare(t *Test, got *result, fail func(string, ...any)) {
	switch {
	case t.Refused != "" && got.state == "":
		fail("the query is answered (%d rows), want a refusal with SQLSTATE %s", len(got.rows), t.Refused)
		return
	case t.Refused != "" && got.state != t.Refused:
		fail("the query is refused with SQLSTATE %s: %s; want %s", got.state, got.message, t.Refused)
		return
	case t.Refused == "" && got.state != "":
		fail("the query is refused with SQLSTATE %s: %s", got.state, got.message)
		return
	}
	if len(t.Columns) > 0 && !slices.Equal(t.Columns, got.columns) {
		fail("the columns are %s, want %s", strings.Join(got.columns, ", "), strings.Join(t.Columns, ", "))
	}
	if t.Count != nil && *t.Count != len(got.rows) {
		fail("there are %d rows, want %d", len(got.rows), *t.Count)
	}
	if t.hasRows {
		compareRows(t, got, fail)
	}
}

// compareRows compares in the forms in which both are shown, so that what differs can be seen to differ.
func compareRows(t *Test, got *result, fail func(string, ...any)) {
	want, have := make([]string, len(t.Rows)), make([]string, len(got.rows))
	for i, row := range t.Rows {
		cells := make([]string, len(row))
		for j := range row {
			cells[j] = wanted(&row[j])
		}
		want[i] = line(cells)
	}
	for i, row := range got.rows {
		cells := make([]string, len(row))
		for j, v := range row {
			cells[j] = "null"
			if v != nil {
				cells[j] = shown(*v)
			}
		}
		have[i] = line(cells)
	}
	if !t.Ordered {
		slices.Sort(want)
		slices.Sort(have)
	}
	if slices.Equal(want, have) {
		return
	}
	fail("the rows differ (- wanted, + given):\n%s", difference(want, have))
}

// wanted is a cell as the test gives it. YAML's booleans stand for PostgreSQL's.
func wanted(n *yaml.Node) string {
	switch {
	case n.Kind != yaml.ScalarNode:
		return fmt.Sprintf("(line %d: not a value)", n.Line)
	case n.Tag == "!!null":
		return "null"
	case n.Tag == "!!bool" && n.Value == "true":
		return "t"
	case n.Tag == "!!bool" && n.Value == "false":
		return "f"
	}
	return shown(n.Value)
}

// shown puts quotes around what would otherwise read as NULL or run into its neighbours.
func shown(v string) string {
	if v == "" || v == "null" || strings.ContainsAny(v, ",\n\t\"") || strings.TrimSpace(v) != v {
		return fmt.Sprintf("%q", v)
	}
	return v
}

func line(cells []string) string { return strings.Join(cells, ", ") }

// difference lists the rows that are on one side only, in order.
func difference(want, have []string) string {
	counts := map[string]int{}
	for _, row := range want {
		counts[row]++
	}
	for _, row := range have {
		counts[row]--
	}
	var out []string
	for _, row := range slices.Sorted(maps.Keys(counts)) {
		sign := "-"
		if counts[row] < 0 {
			sign = "+"
		}
		for range max(counts[row], -counts[row]) {
			out = append(out, "  "+sign+" "+row)
		}
	}
	slices.SortStableFunc(out, func(a, b string) int { return cmp.Compare(a[2], b[2]) * -1 })
	if len(out) == 0 {
		return "  the same rows in another order:\n  - " + strings.Join(want, "\n  - ") + "\n  + " + strings.Join(have, "\n  + ")
	}
	if len(out) > maxShown {
		out = append(out[:maxShown], fmt.Sprintf("  … and %d more", len(out)-maxShown))
	}
	return strings.Join(out, "\n")
}

// tablesOf are the tables that a test without a query names.
func tablesOf(t *Test) (out []explain.Table) {
	add := func(name string) {
		parts := strings.Split(name, ".")
		if table := (explain.Table{Schema: parts[0], Name: parts[1]}); !slices.Contains(out, table) {
			out = append(out, table)
		}
	}
	for _, name := range slices.Concat(t.Sees, t.Denied, slices.Sorted(maps.Keys(t.Masks))) {
		add(name)
	}
	return out
}
