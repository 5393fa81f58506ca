package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/internal/pgcluster"
)

const summaryText = `pgbench (15.18 (Debian 15.18-0+deb12u1))
transaction type: <builtin: select only>
scaling factor: 1
query mode: prepared
number of clients: 8
number of threads: 2
maximum number of tries: 1
duration: 1 s
number of transactions actually processed: 44321
number of failed transactions: 0 (0.000%)
latency average = 0.180 ms
initial connection time = 21.563 ms
tps = 44460.124 (without initial connection time)
`

func TestParsePgbench(t *testing.T) {
	got, err := parsePgbench(summaryText)
	if want := (pgbenchResult{queries: 44321, tps: 44460.124, latencyMS: 0.180, connectMS: 21.563}); err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	for connect, want := range map[float64]int{21.5: 0, 300: 0, 301: 1, 2100: 2} {
		if n := (pgbenchResult{connectMS: connect}).slowLogin(); n != want {
			t.Errorf("logging in for %v ms adds %d s", connect, n)
		}
	}
	for _, bad := range []string{
		"", strings.Replace(summaryText, "transactions: 0 ", "transactions: 3 ", 1),
		strings.Replace(summaryText, "latency average", "latency", 1), strings.Replace(summaryText, "44321", "", 1),
	} {
		if got, err := parsePgbench(bad); err == nil {
			t.Errorf("read %+v from %q", got, bad)
		}
	}
}

func TestMedianAndPairedRatio(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 1, 3, 2}, 2.5}} {
		if got := median(c.values); got != c.want {
			t.Errorf("median of %v: %v", c.values, got)
		}
	}
	// The second round was slow for both; the ratio of medians would be 1, the paired one is 0.5.
	a := map[int]float64{0: 50, 1: 5, 2: 10}
	b := map[int]float64{0: 100, 1: 10, 3: 1}
	if got := pairedRatio(a, b); got != 0.5 {
		t.Errorf("paired ratio %v", got)
	}
}

// TestRotated: over the rounds each competitor takes each place equally often.
func TestRotated(t *testing.T) {
	all := []competitor{{Name: "a"}, {Name: "b"}, {Name: "c"}, {Name: "d"}}
	places := map[string][]int{}
	for turn := range 8 {
		order := rotated(all, turn)
		if len(order) != len(all) {
			t.Fatalf("turn %d: %d competitors", turn, len(order))
		}
		for place, c := range order {
			places[c.Name] = append(places[c.Name], place)
		}
	}
	for name, at := range places {
		slices.Sort(at)
		if !slices.Equal(at, []int{0, 0, 1, 1, 2, 2, 3, 3}) {
			t.Errorf("%s is at %v", name, at)
		}
	}
}

func TestOptions(t *testing.T) {
	if o, err := parseOptions(nil, io.Discard); err != nil || o.Rounds < 5 || !slices.Equal(o.Clients, []int{1, 8, 32}) || o.out == "" {
		t.Errorf("got %+v, %v", o, err)
	}
	if o, err := parseOptions([]string{"--quick", "--rounds", "2"}, io.Discard); err != nil || o.Rounds != 2 || o.Scale != 1 || o.out != "" {
		t.Errorf("got %+v, %v", o, err)
	}
	_, err := parseOptions([]string{"--rounds=0", "--clients=x,1", "--modes=simple,fast", "--name=a/b", "--pgbouncer="}, io.Discard)
	for _, want := range []string{"rounds 0", "x,1", `"fast"`, `"a/b"`, "PgBouncer"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not reported in %v", want, err)
		}
	}
}

// TestPoliciesLoad holds the benchmark's resource files to the product's own reader.
func TestPoliciesLoad(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, "policies")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	w := &warehouse{cluster: &pgcluster.Cluster{Host: "127.0.0.1", Port: 5999}, password: "x"}
	if err := writePolicies(folder, dir, 10, w); err != nil {
		t.Fatal(err)
	}
	set, err := resource.Load([]string{folder})
	if err != nil {
		t.Fatal(err)
	}
	if len(set.Users) != 2 || len(set.Sources) != 2 || len(set.DataPolicies) != 2 || set.DataPolicies[1].Rules[0].Rows != "bid <= 5" {
		t.Errorf("got %+v", set)
	}
}

// TestReport follows made-up bursts into both files.
func TestReport(t *testing.T) {
	all := []competitor{{Name: "direct"}, {Name: "PgBouncer"}, {Name: posternOnDisk}, {Name: posternInMemory}}
	load := workload{Mode: "simple", Clients: 1}
	var bursts []burst
	for round := range 3 {
		for i, tps := range []float64{10000, 5000, 4000, 8000} {
			m := measured{Queries: 100, TPS: tps * float64(round+1), LatencyMS: 1000 / tps}
			if i > 0 {
				m.CPUMicros = float64(40 * i)
			}
			bursts = append(bursts, burst{Competitor: all[i].Name, workload: load, Round: round, measured: m})
		}
	}
	o := outcome{
		Date: "2026-01-02", Options: options{Rounds: 3, BurstSeconds: 1, Scale: 1}, Competitors: all, Bursts: bursts,
		Cases: summarize(bursts, all, []workload{load}), Fsync: []fsyncAt{{Where: "here", Cost: fsyncCost{MedianMicros: 75}}},
	}
	dir := t.TempDir()
	path, err := o.write(dir, "made-up")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| 1 | simple | 20000 | 10000 (0.5) | 8000 (0.40; 0.80) | 16000 (0.80; 1.60) |", "| 0.100 | 0.200 (+100) | 0.250 (+150) |",
		"| 40.0 | 80.0 (2.00) | 120.0 (3.00) |", "10000 to 30000", "c1 simple 83 %",
	} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	raw, err := os.ReadFile(strings.TrimSuffix(path, ".md") + ".json")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := renderAgain(strings.TrimSuffix(path, ".md") + ".json"); err != nil {
		t.Fatal(err)
	}
	if again, err := os.ReadFile(path); err != nil || !bytes.Equal(again, text) {
		t.Errorf("rendered again as\n%s\n%v", again, err)
	}
	var back outcome
	if err := json.Unmarshal(raw, &back); err != nil || len(back.Bursts) != 12 || back.Bursts[0].Clients != 1 {
		t.Errorf("read back %+v, %v", back, err)
	}
}
