package proxy_test

import (
	"strings"
	"testing"
	"time"
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
