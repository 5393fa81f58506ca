package proxy_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/posternsql/postern/proxy"
)

// TestReconsideredPortal: a portal whose decision changed is closed while its client is silent; the client is told when it
// comes back, whichever message it comes with, and the session goes on.
func TestReconsideredPortal(t *testing.T) {
	w := newWorld(t).start(t)
	client := dialWire(t, w.url("ann", ""))
	for _, line := range []string{"Q BEGIN", "P s|SELECT GROUPS FROM generate_series(1,9)|", "B c|s|", "E c|2", "P k|SELECT i FROM generate_series(1,9) i|",
		"B kept|k|", "E kept|2", "S", "until Z Z"} {
		client.run(line)
	}
	w.change(func(s *state) { s.groups = map[string][]string{"ann": {"other"}} })
	w.server.Reconsider()
	time.Sleep(100 * time.Millisecond)
	client.transcript = nil
	for _, line := range []string{"E kept|2", "S", "until Z", "D P c", "S", "until Z", "Q ROLLBACK", "Q SELECT 1", "until Z Z"} {
		client.run(line)
	}
	got := strings.Join(client.transcript, "\n")
	if !strings.Contains(got, "E ERROR 42501") || strings.Count(got, "E ERROR") != 1 || !strings.HasSuffix(got, "C SELECT 1\nZ 49") {
		t.Error(got)
	}
	if refused := strings.Index(got, "E ERROR"); strings.Count(got[:refused], "\nD ") != 1 || !strings.Contains(got[:refused], "s") {
		t.Errorf("the portal whose decision stays is not served:\n%s", got)
	}
}

// TestNoProgram: while nobody can tell what is allowed, nothing is: neither a log-in nor a statement, a prepared one or an
// open portal. What was open serves again when somebody can.
func TestNoProgram(t *testing.T) {
	w := newWorld(t)
	var stale atomic.Bool
	w.config.Current = func() (proxy.State, error) {
		if stale.Load() {
			return nil, errors.New("the program is too old")
		}
		return w.state.Load(), nil
	}
	w.start(t)
	client := dialWire(t, w.url("ann", ""))
	for _, line := range []string{"Q BEGIN", "P s|SELECT i FROM generate_series(1,9) i|", "B c|s|", "E c|2", "S", "until Z Z"} {
		client.run(line)
	}
	idle := dialWire(t, w.url("ann", ""))
	for _, line := range []string{"P s|SELECT 1|", "S", "until Z"} {
		idle.run(line)
	}
	stale.Store(true)
	w.server.Reconsider()
	if _, err := proxyConnect(t, w.url("ann", "")); code(err) != "57P03" {
		t.Error("log-in:", err)
	}
	idle.transcript = nil
	for _, line := range []string{"Q SELECT 1", "until Z", "B |s|", "E |0", "S", "until Z", "P |SELECT 2|", "S", "until Z"} {
		idle.run(line)
	}
	if got := idle.transcript; len(got) != 6 || strings.Count(strings.Join(got, "\n"), "E ERROR 57P03") != 3 {
		t.Error(strings.Join(got, "\n"))
	}
	client.transcript = nil
	for _, line := range []string{"E c|2", "S", "until Z"} {
		client.run(line)
	}
	if got := client.transcript; len(got) != 2 || !strings.HasPrefix(got[0], "E ERROR 57P03") {
		t.Error("portal:", strings.Join(got, "\n"))
	}
	stale.Store(false)
	idle.transcript = nil
	for _, line := range []string{"B |s|", "E |0", "S", "until Z"} {
		idle.run(line)
	}
	if got := strings.Join(idle.transcript, "\n"); strings.Contains(got, "E ERROR") {
		t.Error(got)
	}
}
