package proxy_test

import (
	"strings"
	"testing"
	"time"

	"github.com/posternsql/postern/audit"
)

// TestNamedStatementIsJudgedAgain: what EXECUTE runs follows the decision of now, in both protocols and in a transaction that was
// open before; what may not run any more is refused, and its record names what it read.
func TestNamedStatementIsJudgedAgain(t *testing.T) {
	w := newWorld(t).start(t)
	client := dialWire(t, w.url("ann", ""))
	say := func(lines ...string) string {
		t.Helper()
		client.transcript = nil
		for _, line := range lines {
			client.run(line)
		}
		return strings.Join(client.transcript, "\n")
	}
	say("Q PREPARE p AS SELECT GROUPS AS g", "until Z", "P e|EXECUTE p|", "S", "until Z", "Q BEGIN", "until Z")
	groups := func(names ...string) { w.change(func(s *state) { s.groups = map[string][]string{"ann": names} }) }
	one := func(value string) string { // a DataRow of one text value
		return "D " + hexed("\x00\x01\x00\x00\x00"+string(rune(len(value)))+value)
	}
	if got := say("Q EXECUTE p", "until Z"); !strings.Contains(got, one("")) {
		t.Error(got)
	}
	groups("a")
	if got := say("Q EXECUTE p; EXECUTE p", "until Z"); strings.Count(got, one("a")) != 2 || strings.Count(got, "\nZ ") != 1 {
		t.Error(got)
	}
	groups("b")
	if got := say("B |e|", "E |0", "S", "until Z"); !strings.Contains(got, one("b")) {
		t.Error(got)
	}
	groups("c")
	if got := say("B x|e|", "S", "until Z"); strings.Contains(got, "E ERROR") {
		t.Error(got)
	}
	groups("d")
	if got := say("E x|0", "S", "until Z"); !strings.Contains(got, "E ERROR 42501") {
		t.Error("the portal's columns were fixed under another decision:", got)
	}
	if got := say("Q ROLLBACK", "until Z", "Q EXECUTE p", "until Z"); !strings.Contains(got, one("d")) {
		t.Error(got)
	}
	groups("locked out")
	if got := say("Q EXECUTE p", "until Z"); !strings.Contains(got, "E ERROR 42501") {
		t.Error(got)
	}
	groups("e")
	if got := say("Q EXECUTE p", "until Z"); !strings.Contains(got, one("e")) {
		t.Error(got)
	}
	var executed int
	for _, e := range w.log.of(audit.Statement) {
		if e.Statement == "EXECUTE" {
			executed++
		}
	}
	if executed != 6 {
		t.Errorf("%d executions are on record", executed)
	}
}

// TestCursorIsJudgedAgain: a cursor whose decision changed is closed, held or not, also while its client is silent.
func TestCursorIsJudgedAgain(t *testing.T) {
	w := newWorld(t).start(t)
	client := dialWire(t, w.url("ann", ""))
	say := func(lines ...string) string {
		t.Helper()
		client.transcript = nil
		for _, line := range lines {
			client.run(line)
		}
		return strings.Join(client.transcript, "\n")
	}
	change := func() {
		w.change(func(s *state) { s.groups = map[string][]string{"ann": {time.Now().String()}} })
	}
	open := []string{"Q DECLARE h CURSOR WITH HOLD FOR SELECT GROUPS FROM generate_series(1,9)", "until Z",
		"Q DECLARE kept CURSOR WITH HOLD FOR SELECT i FROM generate_series(1,9) i", "until Z",
		"Q BEGIN; DECLARE c CURSOR FOR SELECT GROUPS FROM generate_series(1,9)", "until Z", "Q FETCH c; FETCH h; FETCH kept", "until Z"}
	if got := say(open...); strings.Contains(got, "E ERROR") || strings.Count(got, "C FETCH 1") != 3 {
		t.Fatal(got)
	}
	change()
	if got := say("Q FETCH kept", "until Z"); !strings.Contains(got, "C FETCH 1") {
		t.Error("a cursor whose decision stays is not served:", got)
	}
	if got := say("Q FETCH c", "until Z"); !strings.Contains(got, "E ERROR 42501") || !strings.HasSuffix(got, "Z 45") {
		t.Error(got)
	}
	if got := say("Q ROLLBACK", "until Z", "Q FETCH h", "until Z"); !strings.Contains(got, "E ERROR 42501") || !strings.HasSuffix(got, "Z 49") {
		t.Error(got)
	}
	for _, line := range []string{"Q MOVE h", "P |FETCH h|"} {
		rest := []string{line, "until Z"}
		if line[0] == 'P' {
			rest = []string{line, "B ||", "E |0", "S", "until Z"}
		}
		if got := say(rest...); !strings.Contains(got, "E ERROR 42501") {
			t.Error(line, got)
		}
	}
	if got := say("Q CLOSE h", "until Z", "Q FETCH kept", "until Z", "Q CLOSE kept", "until Z"); !strings.Contains(got, "E ERROR 34000") || !strings.Contains(got, "C FETCH 1") {
		t.Error("it is closed in the warehouse, too, and the other is not:", got)
	}
	// While the client is silent.
	say(append([]string{}, open...)...)
	change()
	w.server.Reconsider()
	told := "" // the question about the cursors may be the first to be told that one is closed
	eventually(t, "the cursors are closed in the warehouse", func() bool {
		got := say("P |SELECT name FROM pg_cursors WHERE name IN ('c', 'h')|", "B ||", "E |0", "S", "until Z")
		told += got
		return !strings.Contains(got, "\nD ")
	})
	told += say("Q FETCH c", "until Z", "Q ROLLBACK", "until Z", "Q FETCH h", "until Z")
	if strings.Count(told, "E ERROR 42501") < 2 || !strings.HasSuffix(told, "Z 49") || strings.Contains(told, "C FETCH") {
		t.Error(told)
	}
}

// TestRunningFetchIsCancelled: a FETCH under way ends when the decision about its cursor changes.
func TestRunningFetchIsCancelled(t *testing.T) {
	w := newWorld(t).start(t)
	client := dialWire(t, w.url("ann", ""))
	for _, sql := range []string{"Q PREPARE p AS SELECT GROUPS, pg_sleep(30)", "Q BEGIN", "Q DECLARE c CURSOR FOR SELECT GROUPS, pg_sleep(30)"} {
		client.run(sql)
		client.run("until Z")
	}
	for i, sql := range []string{"Q EXECUTE p", "Q FETCH ALL c"} {
		if i == 1 {
			for _, line := range []string{"Q ROLLBACK", "until Z", "Q BEGIN", "until Z", "Q DECLARE c CURSOR FOR SELECT GROUPS, pg_sleep(30)", "until Z"} {
				client.run(line)
			}
		}
		client.transcript = nil
		client.run(sql)
		client.run("send")
		eventually(t, "it runs", func() bool { return w.running(t) == "1" })
		began := time.Now()
		w.change(func(s *state) { s.groups = map[string][]string{"ann": {time.Now().String()}} })
		w.server.Reconsider()
		client.run("until Z")
		if got := strings.Join(client.transcript, "\n"); !strings.Contains(got, "E ERROR 42501") || time.Since(began) > time.Second {
			t.Error(sql, time.Since(began), got)
		}
	}
}

func hexed(s string) string {
	const digits = "0123456789abcdef"
	var b strings.Builder
	for i := range len(s) {
		b.WriteByte(digits[s[i]>>4])
		b.WriteByte(digits[s[i]&15])
	}
	return b.String()
}
