package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"time"
)

func main() {
	rounds := flag.Int("rounds", 9, "how often each query is measured")
	prepared := flag.Bool("prepared", false, "parse each query once and run it again, as drivers do")
	only := flag.String("only", "", "measure the queries whose name has this in it")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, *only, *rounds, *prepared); err != nil {
		fmt.Fprintln(os.Stderr, "fence:", err)
		os.Exit(1) //nolint:gocritic // the signal handler ends with the process
	}
}

func run(ctx context.Context, out io.Writer, only string, rounds int, prepared bool) (err error) {
	cluster, ways, err := start(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cluster.Stop()) }()
	protocol := "simple protocol: parsed and planned each time"
	if prepared {
		protocol = "parsed once, run by Bind and Execute"
	}
	fmt.Fprintf(out, "%d rows, two of five visible; CPU time of the backend in microseconds, median of %d rounds; ratios to no policy, median within rounds; %s; %d cores, load %s\n\n",
		rows, rounds, protocol, runtime.NumCPU(), loadAverage())
	fmt.Fprintln(out, "| query | leakproof | no policy | rewritten | barrier view | row security | rewritten ÷ no policy | barrier ÷ no policy | row security ÷ no policy |")
	fmt.Fprintln(out, "|---|---|---:|---:|---:|---:|---:|---:|---:|")
	for _, q := range queries() {
		if !strings.Contains(q.name, only) {
			continue
		}
		if err := measure(ctx, out, q, ways, rounds, prepared); err != nil {
			return fmt.Errorf("%s: %w", q.name, err)
		}
	}
	fmt.Fprintf(out, "\nload at the end %s\n", loadAverage())
	return nil
}

// burst is how much CPU time one turn shall take, and most how many queries are in it at most.
const (
	burst = 30 * time.Millisecond
	most  = 300
)

func measure(ctx context.Context, out io.Writer, q query, ways []*way, rounds int, prepared bool) error {
	costs := make([][]float64, len(ways))
	times := make([]int, len(ways))
	for i, w := range ways {
		// The first is not counted: it fills caches. The second says how many fit into a turn.
		if _, err := w.turn(ctx, q, 0, 1, prepared); err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		cost, err := w.turn(ctx, q, 1, 3, prepared)
		if err != nil {
			return err
		}
		times[i] = max(1, min(most, int(burst/max(cost, time.Microsecond))))
	}
	for round := range rounds {
		texts, err := written(ways, q, round*most, times)
		if err != nil {
			return err
		}
		for n := range ways {
			i := (n + round) % len(ways)
			cost, err := ways[i].run(ctx, texts[i], prepared)
			if err != nil {
				return err
			}
			costs[i] = append(costs[i], float64(cost.Nanoseconds())/1000)
		}
	}
	line := []string{q.name, map[bool]string{true: "yes", false: "no"}[q.leakproof]}
	for i := range ways {
		line = append(line, fmt.Sprintf("%.0f", median(costs[i])))
	}
	for i := 1; i < len(ways); i++ {
		var ratios []float64
		for round := range rounds {
			ratios = append(ratios, costs[i][round]/costs[0][round])
		}
		line = append(line, fmt.Sprintf("%.2f", median(ratios)))
	}
	_, err := fmt.Fprintln(out, "| "+strings.Join(line, " | ")+" |")
	return err
}

// written are the texts of a round. All are written before the first is run: a rewriter at work, and the collector after it, would take the processor's
// caches from the one backend that it writes for.
func written(ways []*way, q query, from int, times []int) ([][]string, error) {
	out := make([][]string, len(ways))
	for i, w := range ways {
		var err error
		if out[i], err = w.texts(q, from, times[i]); err != nil {
			return nil, err
		}
	}
	runtime.GC()
	return out, nil
}

func (w *way) texts(q query, from, times int) ([]string, error) {
	out := make([]string, times)
	for i := range out {
		var err error
		if out[i], err = w.write(q.text(from + i)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// turn writes the query several times and runs it, and returns the CPU time of one.
func (w *way) turn(ctx context.Context, q query, from, times int, prepared bool) (time.Duration, error) {
	texts, err := w.texts(q, from, times)
	if err != nil {
		return 0, err
	}
	return w.run(ctx, texts, prepared)
}

// run returns the CPU time of one of the texts.
func (w *way) run(ctx context.Context, texts []string, prepared bool) (time.Duration, error) {
	if prepared {
		if _, err := w.conn.Prepare(ctx, "q", texts[0], nil); err != nil {
			return 0, err
		}
	}
	before, err := w.cpu()
	if err != nil {
		return 0, err
	}
	for _, sql := range texts {
		if prepared {
			err = w.conn.ExecPrepared(ctx, "q", nil, nil, nil).Read().Err
		} else {
			_, err = w.conn.Exec(ctx, sql).ReadAll()
		}
		if err != nil {
			return 0, err
		}
	}
	after, err := w.cpu()
	if prepared {
		_, e := w.conn.Exec(ctx, "DEALLOCATE q").ReadAll()
		err = errors.Join(err, e)
	}
	return (after - before) / time.Duration(len(texts)), err
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

func loadAverage() string {
	text, _ := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(text), " ")
	return first
}
