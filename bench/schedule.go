package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"net"
	"net/url"
	"strconv"
	"time"
)

// competitor is one way to the warehouse.
type competitor struct {
	Name string `json:"name"`
	What string `json:"what"` // one line for the report

	host           string
	port           int
	user, password string
	proxy          *server // nil for direct
}

func (c competitor) url() string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(c.user, c.password), Path: "/" + database,
		Host: net.JoinHostPort(c.host, strconv.Itoa(c.port)), RawQuery: "sslmode=disable",
	}
	return u.String()
}

// workload is one case: what every competitor runs in turn.
type workload struct {
	Mode    string `json:"mode"`
	Clients int    `json:"clients"`
}

func workloads(modes []string, clients []int) []workload {
	var all []workload
	for _, n := range clients {
		for _, m := range modes {
			all = append(all, workload{Mode: m, Clients: n})
		}
	}
	return all
}

// burst is one measured run.
type burst struct {
	Competitor string `json:"competitor"`
	workload
	Round int `json:"round"`
	measured
}

// measured is what one burst gave.
type measured struct {
	Queries   int64   `json:"queries"`
	TPS       float64 `json:"tps"`                  // without the time of logging in
	LatencyMS float64 `json:"latency_ms"`           // the mean of this burst
	CPUMicros float64 `json:"cpu_us,omitempty"`     // the proxy's CPU time a query, without logging in
	LoginCPU  float64 `json:"session_us,omitempty"` // the proxy's CPU time a session with one query
}

// rotated is the order of one case in one round: each competitor is first, second, ... equally often, and never follows
// the same neighbour only.
func rotated(all []competitor, turn int) []competitor {
	n := len(all)
	out := make([]competitor, 0, n)
	for i := range n {
		if (turn/n)%2 == 0 {
			out = append(out, all[(i+turn)%n])
		} else {
			out = append(out, all[(turn+n-i)%n])
		}
	}
	return out
}

// run runs every workload in every round, the competitors close to one another.
func run(ctx context.Context, progress io.Writer, all []competitor, loads []workload, rounds, seconds int) ([]burst, error) {
	var bursts []burst
	for round := range rounds {
		for i, load := range loads {
			for _, c := range rotated(all, round+i) {
				m, err := measure(ctx, c, load, seconds)
				if err != nil {
					return nil, fmt.Errorf("running %s, %s, %d clients: %w", c.Name, load.Mode, load.Clients, err)
				}
				bursts = append(bursts, burst{Competitor: c.Name, workload: load, Round: round, measured: m})
				fmt.Fprintf(progress, "round %d/%d  c%-3d %-9s %-24s %9.0f tps %8.3f ms %7.1f us\n",
					round+1, rounds, load.Clients, load.Mode, c.Name, m.TPS, m.LatencyMS, m.CPUMicros)
			}
		}
	}
	return bursts, nil
}

// settle is how long a proxy may take to tidy up after its clients have gone.
const settle = 120 * time.Millisecond

// measure runs one burst; before it, the same log-ins with one query each.
func measure(ctx context.Context, c competitor, load workload, seconds int) (measured, error) {
	login, loginCPU, err := c.counted(ctx, load, "-t", "1")
	if err != nil {
		return measured{}, err
	}
	work, workCPU, err := c.counted(ctx, load, "-T", strconv.Itoa(seconds+login.slowLogin()))
	if err != nil {
		return measured{}, err
	}
	m := measured{Queries: work.queries, TPS: work.tps, LatencyMS: work.latencyMS}
	if c.proxy != nil {
		m.CPUMicros = micros(workCPU-loginCPU) / float64(work.queries-login.queries)
		// pgbench opens one session more, in which it looks at its tables.
		m.LoginCPU = micros(loginCPU) / float64(load.Clients+1)
	}
	return m, nil
}

// slowLogin is how many seconds a burst is longer because its seconds pass while the clients log in; 0 where they are quick.
func (r pgbenchResult) slowLogin() int {
	const quick = 300
	return int(math.Ceil(max(0, r.connectMS-quick) / 1000))
}

// counted runs pgbench and returns also the CPU time that the proxy used meanwhile.
func (c competitor) counted(ctx context.Context, load workload, howLong ...string) (pgbenchResult, time.Duration, error) {
	if c.proxy == nil {
		r, err := pgbench(ctx, c, load, howLong...)
		return r, 0, err
	}
	before, err := c.proxy.cpu()
	if err != nil {
		return pgbenchResult{}, 0, err
	}
	r, err := pgbench(ctx, c, load, howLong...)
	if err != nil {
		return pgbenchResult{}, 0, fmt.Errorf("%w\n%s", err, c.proxy.output.String())
	}
	time.Sleep(settle)
	after, err := c.proxy.cpu()
	return r, after - before, err
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
