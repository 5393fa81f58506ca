package e2e

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestClientsDirectly: each client gives the raw database's rows when it asks the raw database. What TestTour finds is then
// not the client's.
func TestClientsDirectly(t *testing.T) {
	noticeSources(t)
	query := tourQuery(t)
	expected := rawAnswer(t, query)
	in := &instance{host: shared.cluster.Host, port: strconv.Itoa(shared.cluster.Port)}
	superuser := person{name: shared.cluster.Superuser, password: shared.cluster.Password}
	for _, c := range clients() {
		t.Run(c.name, func(t *testing.T) {
			if got := c.ask(t, in, superuser, query); got != expected {
				t.Errorf("got\n%s\nexpected\n%s", got, expected)
			}
		})
	}
}

// TestTour: every client gets, as every person, exactly the rows that this person is to see; and what ran is what
// testdata/runs.txt lists, so that no driver silently drops out.
func TestTour(t *testing.T) {
	noticeSources(t)
	query := tourQuery(t)
	expected := map[string]string{}
	for _, who := range people() {
		expected[who.name] = rawAnswer(t, who.expected)
		for name, other := range expected {
			if name != who.name && other == expected[who.name] {
				t.Fatalf("%s and %s are expected to see the same; the tour would show nothing", name, who.name)
			}
		}
	}
	var ran []string
	for _, c := range clients() {
		for _, who := range people() {
			ok := t.Run(c.name+"/"+who.name, func(t *testing.T) {
				if got := c.ask(t, shared.server, who, query); got != expected[who.name] {
					t.Errorf("got\n%s\nexpected\n%s", got, expected[who.name])
				}
			})
			if ok {
				ran = append(ran, c.name+": "+who.name)
			}
		}
	}
	t.Logf("%d runs of %d clients as %d people", len(ran), len(clients()), len(people()))
	for _, want := range committedRuns(t) {
		if !slices.Contains(ran, want) {
			t.Errorf("did not run, or failed: %s", want)
		}
	}
}

// committedRuns are the runs that must have passed.
func committedRuns(t *testing.T) []string {
	text, err := os.ReadFile("testdata/runs.txt")
	if err != nil {
		t.Fatal(err)
	}
	var runs []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			runs = append(runs, line)
		}
	}
	if len(runs) == 0 {
		t.Fatal("testdata/runs.txt lists nothing")
	}
	return runs
}

func tourQuery(t *testing.T) string {
	text, err := os.ReadFile("../../examples/tpch/tour.sql")
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}
