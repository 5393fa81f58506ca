package difftest

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/posternsql/postern/internal/difftest/querygen"
)

// generatedSeed is where the sequence of generated queries begins. Another one makes other queries; a failure names seed and number.
const generatedSeed = 20260101

// How many queries there are unless POSTERN_ORACLE_QUERIES says otherwise, and what has to come of them.
const (
	generatedQueries   = 6000
	minimumAcceptance  = 80.0 // percent
	minimumWithRows    = 50.0
	generatedWorkers   = 3
	shownFailures      = 8
	shownRefusalCauses = 12
)

// workload is a sequence of generated queries and who asks them.
type workload struct {
	first, count uint64
}

func envCount(t testing.TB, name string, otherwise uint64) uint64 {
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatal(name, err)
	}
	return n
}

// personOf and protocolOf spread the queries over people and protocols. Every twentieth is dora's, who sees next to nothing.
func personOf(number uint64) string {
	if number%20 == 19 {
		return "dora"
	}
	return []string{"ann", "bob", "cyd"}[number/12%3]
}

func protocolOf(number uint64) protocol {
	return []protocol{simple, extended, binary, extended}[number/3%4]
}

func render(q querygen.Query, root *querygen.Node, p protocol) statement {
	text := root.Render(p != simple)
	return statement{sql: text.SQL, params: text.Params, ordered: q.Ordered}
}

// failure is a query that came out wrong.
type failure struct {
	number uint64
	person string
	how    protocol
	query  querygen.Query
	v      verdict
}

// runGenerated asks all queries of the workload and counts. Failures come in the order in which they were found.
func runGenerated(t *testing.T, p *postern, w workload) (tally, []failure, map[string]int) {
	var mu sync.Mutex
	var total tally
	var failures []failure
	causes := map[string]int{}
	var wait sync.WaitGroup
	for worker := range uint64(generatedWorkers) {
		sessions := map[string]*oracle{}
		for _, person := range []string{"ann", "bob", "cyd", "dora"} {
			sessions[person] = newOracle(t, p, person)
		}
		wait.Go(func() {
			for i := w.first + worker; i < w.first+w.count; i += generatedWorkers {
				q := querygen.Generate(generatedSeed, i)
				how, person := protocolOf(i), personOf(i)
				ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
				v := sessions[person].compare(ctx, how, render(q, q.Root, how))
				cancel()
				mu.Lock()
				total.add(v)
				switch v.outcome {
				case differing, leaking:
					failures = append(failures, failure{i, person, how, q, v})
				case refused:
					causes[v.detail]++
				case equalError:
					causes["(both) "+v.detail]++
				case unfinished:
					t.Logf("took too long: number %d as %s", i, person)
				case equal:
				}
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	return total, failures, causes
}

// shrunk makes a failing query small.
func shrunk(t *testing.T, p *postern, f failure) string {
	o := newOracle(t, p, f.person)
	fails := func(root *querygen.Node) bool {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		return o.compare(ctx, f.how, render(f.query, root, f.how)).outcome == f.v.outcome
	}
	small := querygen.Shrink(f.query.Root, fails)
	st := render(f.query, small, f.how)
	v := o.compare(t.Context(), f.how, st)
	return fmt.Sprintf("number %d as %s, %s protocol\n%s\nparameters %q\n%s", f.number, f.person, f.how, st.sql, st.params, v.detail)
}

// TestGenerated asks generated queries through Postern and directly, and finds no difference.
func TestGenerated(t *testing.T) {
	p := startPostern(t, damage{})
	w := workload{first: envCount(t, "POSTERN_ORACLE_FIRST", 0), count: envCount(t, "POSTERN_ORACLE_QUERIES", generatedQueries)}
	start := time.Now()
	total, failures, causes := runGenerated(t, p, w)
	t.Logf("seed %d: %s, in %v", generatedSeed, &total, time.Since(start).Round(time.Second))
	for i, f := range failures {
		if i == shownFailures {
			t.Errorf("and %d more", len(failures)-i)
			break
		}
		t.Error(shrunk(t, p, f))
	}
	for i, cause := range frequent(causes) {
		if i == shownRefusalCauses {
			break
		}
		t.Logf("refused %d times: %s", causes[cause], cause)
	}
	if got := percent(total.accepted, total.cases); got < minimumAcceptance {
		t.Errorf("%.1f %% are accepted, at least %.0f %% have to be", got, minimumAcceptance)
	}
	if got := percent(total.withRows, total.cases); got < minimumWithRows {
		t.Errorf("%.1f %% have rows, at least %.0f %% have to", got, minimumWithRows)
	}
}
