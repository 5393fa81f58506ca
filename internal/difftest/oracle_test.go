package difftest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/posternsql/postern/internal/difftest/sanitised"
)

// oracle asks one person's question twice: through Postern on the raw database, and directly on the person's copy.
type oracle struct {
	person         string
	proxied, plain *client
}

func newOracle(t testing.TB, p *postern, person string) *oracle {
	t.Helper()
	address := fmt.Sprintf("127.0.0.1:%d", shared.cluster.Port)
	return &oracle{
		person:  person,
		proxied: connect(t, p.address, connectionName, person),
		plain:   connect(t, address, sanitised.Database(person), person),
	}
}

// outcome is what became of one comparison.
type outcome int

const (
	equal outcome = iota
	equalError
	refused
	unfinished // it took too long, on either side
	differing
	leaking
)

// verdict is the outcome with what is worth telling.
type verdict struct {
	outcome outcome
	rows    int
	code    string // of a refusal or an error
	detail  string
}

// refusals are the codes by which Postern says no to what PostgreSQL would do.
func isRefusal(code string) bool {
	return code == "0A000" || code == "42501" || code == "54000" || code == "54001"
}

// compare sends the statement to both and judges.
func (o *oracle) compare(ctx context.Context, p protocol, st statement) verdict {
	v := o.compareAnswers(ctx, p, st)
	// What the copy says too, where both say the same, is made of visible values: 867531000 - 8 has the digits of a marker.
	onCopy := o.plain.tap.take()
	if leaked := o.proxied.tap.take(); leaked != "" && (v.outcome != equal || onCopy == "") {
		return verdict{outcome: leaking, detail: fmt.Sprintf("a hidden value came back: %q", leaked)}
	}
	return v
}

// compareAnswers compares without a look for markers.
func (o *oracle) compareAnswers(ctx context.Context, p protocol, st statement) verdict {
	want := o.plain.ask(ctx, p, st)
	got := o.proxied.ask(ctx, p, st)
	v := verdict{rows: len(want.rows), code: got.code}
	switch {
	case got.code == "57014" || want.code == "57014":
		v.outcome = unfinished
	case isRefusal(got.code) && got.code != want.code:
		v.outcome, v.detail = refused, got.message
	case got.code != want.code && strings.HasPrefix(got.code, "42") && strings.HasPrefix(want.code, "42"):
		// Two mistakes in one query: Postern looks for names first, PostgreSQL goes through clause by clause.
		v.outcome, v.code, v.detail = equalError, "42 for another 42", got.message
	case got.code != want.code:
		v.outcome, v.detail = differing, fmt.Sprintf("SQLSTATE %q (%s), want %q (%s)", got.code, got.message, want.code, want.message)
	case got.code != "":
		// How many rows came before the error is up to the plan.
		v.outcome, v.detail = equalError, got.message
	case !slices.EqualFunc(got.columns, want.columns, func(got, want string) bool {
		return sameColumn(got, want) || setOperation(st.sql) && sameColumn(want, got)
	}):
		v.outcome, v.detail = differing, fmt.Sprintf("columns\n got %v\nwant %v", got.columns, want.columns)
	case !slices.Equal(got.rows, want.rows):
		v.outcome, v.detail = differing, "rows\n"+difference(got.rows, want.rows)
	case got.tag != want.tag:
		v.outcome, v.detail = differing, fmt.Sprintf("tag %q, want %q", got.tag, want.tag)
	}
	return v
}

// sameColumn compares names, types and type modifiers. An expression over a constant mask becomes a constant while it is planned, and then has that constant's
// modifier: COALESCE('masked'::varchar(10), 'a') is a varchar(10), where COALESCE(c, 'a') is a varchar.
func sameColumn(got, want string) bool {
	if constant, ok := strings.CutSuffix(want, ":-1"); ok {
		return got[:strings.LastIndexByte(got, ':')] == constant
	}
	return got == want
}

// setOperation reports a statement of which the planner may leave a branch out, if it has no rows by a constant condition: what remains has its own modifier, or
// none where a View computes the column.
func setOperation(sql string) bool { return strings.Contains(sql, " UNION ") }

// difference shows the first rows that only one side has.
func difference(got, want []string) string {
	const shown = 5
	only := func(a, b []string) string {
		var out []string
		for _, row := range a {
			if !slices.Contains(b, row) && len(out) < shown {
				out = append(out, row)
			}
		}
		return strings.Join(out, "\n  ")
	}
	return fmt.Sprintf("got %d, want %d\nonly through Postern:\n  %.800s\nonly on the copy:\n  %.800s", len(got), len(want), only(got, want), only(want, got))
}

// tally counts outcomes.
type tally struct {
	cases, accepted, refused, errors, unfinished, differing, leaking, withRows int
	codes                                                                      map[string]int
}

func (c *tally) add(v verdict) {
	c.cases++
	if c.codes == nil {
		c.codes = map[string]int{}
	}
	switch v.outcome {
	case equal:
		c.accepted++
		if v.rows > 0 {
			c.withRows++
		}
	case equalError:
		c.accepted++
		c.errors++
		c.codes["equal "+v.code]++
	case refused:
		c.refused++
		c.codes["refused "+v.code]++
	case unfinished:
		c.accepted++
		c.unfinished++
	case differing:
		c.accepted++
		c.differing++
	case leaking:
		c.accepted++
		c.leaking++
	}
}

func (c *tally) String() string {
	return fmt.Sprintf("%d cases, %d accepted (%.1f %%), %d refused, %d differing, %d leaking; %d with rows (%.1f %%), %d raised the same error, %d took too long; %v",
		c.cases, c.accepted, percent(c.accepted, c.cases), c.refused, c.differing, c.leaking, c.withRows, percent(c.withRows, c.cases), c.errors, c.unfinished, c.codes)
}

func percent(part, whole int) float64 { return 100 * float64(part) / float64(max(1, whole)) }

// frequent sorts the keys by their counts, the largest first.
func frequent(counts map[string]int) []string {
	keys := slices.Sorted(maps.Keys(counts))
	slices.SortStableFunc(keys, func(a, b string) int { return counts[b] - counts[a] })
	return keys
}
