package proxy_test

import (
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/identity"
)

// TestAuditDown: what cannot be put on record does not reach the warehouse, in either protocol, and the transaction that it
// was part of fails.
func TestAuditDown(t *testing.T) {
	w := newWorld(t).start(t)
	w.admin(t, "CREATE SEQUENCE public.ran")
	client := dialWire(t, w.url("ann", ""))
	client.run("Q BEGIN")
	client.run("P s|SELECT nextval('public.ran')|")
	client.run("S")
	client.run("until Z Z")
	w.log.setBroken(true)
	client.transcript = nil
	client.run("Q SELECT nextval('public.ran')")
	client.run("until Z")
	client.run("B |s|")
	client.run("E |0")
	client.run("H")
	client.run("until E")
	client.run("B |s|")
	client.run("E |0")
	client.run("S")
	client.run("until Z")
	w.log.setBroken(false)
	client.run("Q ROLLBACK")
	client.run("until Z")
	want := "E ERROR 57P03 the audit log is not available, so nothing was run hint=\"\" detail=\"\""
	if got := client.transcript; !slices.Equal(got, []string{want, "Z 45", want, "Z 45", "C ROLLBACK", "Z 49"}) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
	if ran := w.admin(t, "SELECT is_called FROM public.ran"); ran != "f" {
		t.Error("a statement ran without being on record")
	}
}

// TestOnRecordBefore: a statement's event is there before the statement runs, one for each, and its end after.
func TestOnRecordBefore(t *testing.T) {
	w := newWorld(t).start(t)
	client := dialWire(t, w.url("ann", "application_name=tool"))
	client.run("Q SELECT pg_sleep(0.5); SELECT 2 UNION ALL SELECT 3; SELECT 1/0; SELECT 4")
	client.run("send")
	eventually(t, "all four are on record while the first runs", func() bool {
		return len(w.log.of(audit.Statement)) == 4 && len(w.log.of(audit.End)) == 0
	})
	client.run("until Z")
	for i, e := range w.log.of(audit.Statement) {
		if e.Login != "ann" || e.User != "ann" || e.Application != "tool" || e.Connection != w.database || e.Session == "" ||
			e.Protocol != audit.Simple || e.Statement != "SELECT" || e.Rewritten == "" || e.Program != "1" {
			t.Errorf("%d: %+v", i, e)
		}
	}
	var got []string
	for _, e := range w.log.of(audit.End) {
		got = append(got, e.CommandTag+e.SQLState)
	}
	if !slices.Equal(got, []string{"SELECT 1", "SELECT 2", "22012", "22012"}) {
		t.Error(got)
	}
	ends := w.log.of(audit.End)
	if ends[1].Rows != 2 || ends[0].Duration < 400*time.Millisecond || ends[3].Error != "not run: an earlier statement failed" {
		t.Errorf("%+v", ends)
	}
}

// TestOneRecordPerUse: a Parse is on record by itself only where no Execute of it follows in the same batch.
func TestOneRecordPerUse(t *testing.T) {
	w := newWorld(t).start(t)
	client := dialWire(t, w.url("ann", ""))
	for _, line := range []string{"P |SELECT 1|", "B ||", "E |0", "S", "until Z",
		"P s|SELECT i FROM generate_series(1,9) i|", "S", "until Z", "B |s|", "E |3", "E |0", "S", "until Z",
		"P |SELECT * FROM forbidden|", "S", "Q SELECT forbidden", "until Z Z"} {
		client.run(line)
	}
	var got []string
	for _, e := range w.log.of(audit.Statement) {
		got = append(got, e.Statement+" "+e.SQL)
	}
	series := "SELECT i FROM generate_series(1,9) i"
	if !slices.Equal(got, []string{"SELECT SELECT 1", "PARSE SELECT " + series, "SELECT " + series, "SELECT " + series}) {
		t.Error(got)
	}
	ends := w.log.of(audit.End)
	if len(ends) != 4 || ends[2].Rows != 3 || ends[3].Rows != 6 {
		t.Errorf("%+v", ends)
	}
	refused := w.log.of(audit.Refused)
	if len(refused) != 2 || refused[0].SQLState != "42P01" || refused[0].Protocol != audit.Extended || refused[1].Protocol != audit.Simple {
		t.Errorf("%+v", refused)
	}
}

// TestPreparedFollowsPolicy: a prepared statement is judged anew when what it rests on has changed, and the warehouse's
// copy of it is replaced without the client noticing.
func TestPreparedFollowsPolicy(t *testing.T) {
	w := newWorld(t).start(t)
	client := dialWire(t, w.url("ann", ""))
	client.run("P s|SELECT GROUPS, $1::int|23")
	client.run("D S s")
	client.run("S")
	client.run("until Z")
	ask := func() string {
		client.transcript = nil
		client.run("B |s|7")
		client.run("E |0")
		client.run("S")
		client.run("until Z")
		return strings.Join(client.transcript, " ")
	}
	before := ask()
	w.change(func(*state) {})
	calls := w.rewriter.calls.Load()
	if again := ask(); again != before || w.rewriter.calls.Load() != calls+1 {
		t.Error("a new version without a change for this person:", again)
	}
	w.change(func(s *state) { s.groups = map[string][]string{"ann": {"analysts"}} })
	after := ask()
	var kinds []string
	for _, m := range client.transcript {
		kinds = append(kinds, m[:1])
	}
	// No reply to the messages of Postern's own, Close and Parse.
	if !slices.Equal(kinds, []string{"2", "D", "C", "Z"}) || !strings.Contains(after, hex.EncodeToString([]byte("analysts"))) {
		t.Errorf("got %s, before %s", after, before)
	}
	if third := ask(); third != after {
		t.Error(third)
	}
}

// TestRevoked: whoever loses access gets nothing more from what was prepared, bound or is running.
func TestRevoked(t *testing.T) {
	w := newWorld(t).start(t)
	client, busy := dialWire(t, w.url("ann", "")), dialWire(t, w.url("ann", ""))
	for _, line := range []string{"P s|SELECT i FROM generate_series(1,9) i|", "S", "Q BEGIN", "B p|s|", "E p|2", "S", "until Z Z Z"} {
		client.run(line)
	}
	busy.run("Q SELECT pg_sleep(30)")
	busy.run("send")
	eventually(t, "the statement runs", func() bool { return w.running(t) == "1" })
	w.change(func(s *state) { s.groups = map[string][]string{"ann": {"locked out"}} })
	busy.until("T")
	busy.transcript = nil
	busy.until("E", "Z")
	client.transcript = nil
	for _, line := range []string{"E p|2", "S", "until Z", "B |s|", "E |0", "S", "until Z", "Q SELECT 1", "until Z"} {
		client.run(line)
	}
	w.change(func(s *state) { s.groups = nil })
	for _, line := range []string{"Q ROLLBACK", "B |s|", "E |1", "S", "until Z Z"} {
		client.run(line)
	}
	var got []string
	for _, m := range append(busy.transcript, client.transcript...) {
		got = append(got, strings.Join(strings.Fields(m)[:min(3, len(strings.Fields(m)))], " "))
	}
	// In the failed transaction PostgreSQL's own answer comes first.
	want := []string{"E ERROR 42501", "Z 49", "E ERROR 42501", "Z 45", "E ERROR 25P02", "Z 45", "E ERROR 25P02", "Z 45",
		"C ROLLBACK", "Z 49", "2", "D 00010000000131", "s", "Z 49"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if n := len(w.log.of(audit.Refused)); n != 3 {
		t.Errorf("%d refusals on record", n)
	}
}

// TestChangedColumns: a client that was told of columns which a new decision changes gets PostgreSQL's own error for it, and
// can prepare again.
func TestChangedColumns(t *testing.T) {
	w := newWorld(t).start(t)
	client := dialWire(t, w.url("ann", ""))
	for _, line := range []string{"P s|SELECT COLUMNS|", "D S s", "S", "until Z", "Q BEGIN", "until Z"} {
		client.run(line)
	}
	w.change(func(s *state) { s.groups = map[string][]string{"ann": {"analysts"}} })
	client.transcript = nil
	for _, line := range []string{"B |s|", "E |0", "S", "until Z", "Q ROLLBACK", "until Z",
		"C S s", "P s|SELECT COLUMNS|", "D S s", "B |s|", "E |0", "S", "until Z"} {
		client.run(line)
	}
	got := client.transcript
	if !strings.HasPrefix(got[0], "E ERROR 0A000 cached plan must not change result type") || got[1] != "Z 45" || got[len(got)-1] != "Z 49" ||
		strings.Contains(strings.Join(got[2:], ""), "E ERROR") {
		t.Error(strings.Join(got, "\n"))
	}
}

// TestPortalOfAnOldDecision: a portal's plan and snapshot cannot change, so it is refused.
func TestPortalOfAnOldDecision(t *testing.T) {
	w := newWorld(t).start(t)
	client := dialWire(t, w.url("ann", ""))
	for _, line := range []string{"Q BEGIN", "P s|SELECT GROUPS FROM generate_series(1,9)|", "B c|s|", "E c|2", "S", "until Z Z"} {
		client.run(line)
	}
	w.change(func(*state) {}) // nothing that matters here
	client.run("E c|2")
	client.run("S")
	client.run("until s Z")
	w.change(func(s *state) { s.groups = map[string][]string{"ann": {"other"}} })
	client.transcript = nil
	client.run("E c|2")
	client.run("E c|2")
	client.run("S")
	client.run("Q ROLLBACK")
	client.run("until Z Z")
	if got := client.transcript; len(got) != 4 || !strings.HasPrefix(got[0], "E ERROR 42501") || got[1] != "Z 45" {
		t.Error(got)
	}
}

// TestResultOfAnOldDecision: a statement that runs while its decision changes is cancelled within a second.
func TestResultOfAnOldDecision(t *testing.T) {
	w := newWorld(t).start(t)
	for name, lines := range map[string][]string{
		"waiting":   {"Q SELECT GROUPS, pg_sleep(30)", "send"},
		"extended":  {"P |SELECT GROUPS, pg_sleep(30)|", "B ||", "E |0", "S", "send"},
		"streaming": {"Q SELECT GROUPS, repeat('x', 100) FROM generate_series(1, 1000000000)", "send"},
	} {
		t.Run(name, func(t *testing.T) {
			client := dialWire(t, w.url("ann", ""))
			for _, line := range lines {
				client.run(line)
			}
			eventually(t, "the statement runs", func() bool { return w.running(t) == "1" })
			w.change(func(s *state) { s.groups = map[string][]string{"bob": {"whatever"}} })
			time.Sleep(50 * time.Millisecond)
			began := time.Now()
			w.change(func(s *state) { s.groups = map[string][]string{"ann": {name}} })
			for {
				kind, body, err := client.read(10 * time.Second)
				if err != nil {
					t.Fatal(err)
				}
				if kind == 'E' {
					if f := reportFields(body); f['C'] != "42501" {
						t.Error(f)
					}
					break
				}
			}
			if took := time.Since(began); took > 1500*time.Millisecond {
				t.Error("took", took)
			}
			client.run("until Z")
			client.run("Q SELECT 1")
			client.run("until Z")
			client.conn.Close()
		})
	}
}

// TestRemovedUser: the next statement of a person who is gone ends the session.
func TestRemovedUser(t *testing.T) {
	w := newWorld(t).start(t)
	client := dialWire(t, w.url("bob", ""))
	verifiers := w.state.Load().verifiers
	w.change(func(s *state) {
		s.verifiers = map[string]identity.Verifier{"ann": verifiers["ann"]}
	})
	client.run("Q SELECT 1")
	client.run("until E")
	if got := client.transcript[0]; !strings.HasPrefix(got, "E FATAL 28000") {
		t.Error(got)
	}
	client.closed()
}

// TestSearchPath: the client's search_path is followed through transactions and savepoints; the warehouse's is pinned.
func TestSearchPath(t *testing.T) {
	w := newWorld(t).start(t)
	client := dialWire(t, w.url("ann", "search_path=Sales,%22Odd%20One%22,%24user"))
	path := func() string {
		client.run("Q SELECT 1")
		client.run("until Z")
		return strings.Join(*w.rewriter.path.Load(), ",")
	}
	if got := path(); got != "sales,Odd One,ann" {
		t.Error("at the start:", got)
	}
	for _, step := range []struct{ lines, want string }{
		{"Q SET search_path TO a, b, pg_catalog, a", "a,b"},
		{"Q BEGIN; SET search_path TO c", "c"},
		{"Q ROLLBACK", "a,b"},
		{"Q BEGIN", "a,b"}, {"Q SET LOCAL search_path TO d", "d"}, {"Q SAVEPOINT s", "d"}, {"Q SET search_path TO e", "e"},
		{"Q ROLLBACK TO s", "d"}, {"Q COMMIT", "a,b"},
		{"Q BEGIN", "a,b"}, {"Q SAVEPOINT s", "a,b"}, {"Q SET search_path TO f", "f"}, {"Q RELEASE s", "f"}, {"Q COMMIT", "f"},
		{"Q SET search_path TO g; SELECT 1/0", "f"},
		{"Q SET LOCAL search_path TO h", "f"},
		{"P |SET search_path TO i|;B ||;E |0;P |SELECT 1/0|;B ||;E |0;S", "f"},
		{"P |SET search_path TO j|;B ||;E |0;S", "j"},
		{"Q BEGIN; SET search_path TO k; SELECT 1/0", "k"}, // the transaction has failed, it does not matter
		{"Q ROLLBACK", "j"},
		{"Q RESET search_path", "sales,Odd One,ann"},
		{"Q SET search_path TO l", "l"}, {"Q DISCARD ALL", "sales,Odd One,ann"},
		{"Q SET search_path TO m", "m"}, {"Q RESET ALL", "sales,Odd One,ann"},
		{"Q SET search_path TO n; BEGIN; SET search_path TO o; COMMIT; SELECT 1/0", "o"},
	} {
		for _, line := range strings.Split(step.lines, ";") {
			if strings.HasPrefix(step.lines, "Q") {
				line = step.lines
			}
			client.run(line)
			if line == step.lines {
				break
			}
		}
		client.run("until Z")
		if got := path(); got != step.want {
			t.Errorf("after %s: %s, want %s", step.lines, got, step.want)
		}
	}
	// In one pipeline: what follows SET is judged after it.
	for _, line := range []string{"P |SET search_path TO p|", "B ||", "E |0", "P |SELECT 2|", "B ||", "E |0", "S", "until Z"} {
		client.run(line)
	}
	if got := strings.Join(*w.rewriter.path.Load(), ","); got != "p" {
		t.Error("in a pipeline:", got)
	}
	client.transcript = nil
	client.run("Q SET search_path TO \"$user\", Public, \"Odd One\"")
	client.run("Q SHOW search_path")
	client.run("until Z Z")
	if got := strings.Join(client.transcript, " "); !strings.Contains(got, "C SHOW") || !strings.Contains(got, hex.EncodeToString([]byte(`"$user", public, "Odd One"`))) {
		t.Error("SHOW:", got)
	}
	if got := w.admin(t, "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'postern:ann:%' AND datname = current_database()"); got != "1" {
		t.Error("upstream application_name:", got)
	}
}

// TestExempt: the break-glass account's text goes through as it is, and on record.
func TestExempt(t *testing.T) {
	w := newWorld(t).start(t)
	client := dialWire(t, w.url("root", ""))
	for _, line := range []string{
		"Q CREATE TABLE public.loaded (x int, y text)", "until Z",
		"Q COPY public.loaded FROM STDIN", "until G", `d 1	one\n2	two\n`, `d 3	three\n`, "c", "until Z",
		"Q COPY public.loaded FROM STDIN; SELECT 7", "until G", "f changed my mind", "until Z",
		"Q COPY public.loaded FROM STDIN", "until G", `d nonsense\n`, `d more nonsense\n`, "c", "until Z",
		"P |COPY public.loaded FROM STDIN|", "B ||", "E |0", "S", "until G", `d 4	four\n`, "c", "S", "until Z",
		"Q PREPARE q AS SELECT count(*) FROM public.loaded", "until Z", "B |q|", "E |0", "S", "until Z",
		"Q BEGIN; DECLARE cu CURSOR FOR SELECT x FROM loaded ORDER BY x", "until Z", "E cu|2", "S", "until Z", "Q COMMIT", "until Z",
		"Q SELECT forbidden", "until Z",
	} {
		client.run(line)
	}
	if n := w.admin(t, "SELECT count(*) FROM public.loaded"); n != "4" {
		t.Error("rows:", n)
	}
	for _, e := range w.log.of(audit.Statement) {
		if !e.Exempt || e.Login != "root" {
			t.Errorf("%+v", e)
		}
	}
	if n := w.rewriter.calls.Load(); n != 0 {
		t.Error("the rewriter was asked", n, "times")
	}
	w.change(func(s *state) { s.exempt = nil })
	client.run("Q SELECT 1")
	client.run("until E")
	client.closed()
}

// TestCopyInNeverStarts: should the warehouse ever ask a governed client for data, the session ends.
func TestCopyInNeverStarts(t *testing.T) {
	w := newWorld(t).start(t)
	w.admin(t, "CREATE TABLE public.target (x text)")
	client := dialWire(t, w.url("ann", ""))
	client.run("Q COPY public.target FROM STDIN")
	client.run("until E")
	client.closed()
	if n := w.admin(t, "SELECT count(*) FROM public.target"); n != "0" {
		t.Error(n)
	}
}

func TestFunctionCall(t *testing.T) {
	w := newWorld(t).start(t)
	client := dialWire(t, w.url("ann", ""))
	client.message('F', int32(1299), int16(0), int16(0), int16(0))
	client.run("Q SELECT 1")
	client.run("until Z Z")
	if got := client.transcript; !strings.HasPrefix(got[0], "E ERROR 0A000") || got[1] != "Z 49" {
		t.Error(got)
	}
}

// TestBrokenClient: what is no message of the protocol ends the session with 08P01 and nothing else.
func TestBrokenClient(t *testing.T) {
	w := newWorld(t)
	w.config.MaxMessageBytes = 1 << 20
	w.start(t)
	for name, c := range map[string]struct{ bytes, sqlstate string }{
		"type":             {"!\x00\x00\x00\x04", "08P01"},
		"length 0":         {"Q\x00\x00\x00\x00", "08P01"},
		"length 3":         {"S\x00\x00\x00\x03", "08P01"},
		"length over 2^31": {"Q\xff\xff\xff\xff", "08P01"},
		"length 2^31":      {"B\x80\x00\x00\x00", "08P01"},
		"long sync":        {"S\x00\x10\x00\x00", "08P01"},
		"query":            {"Q\x00\x00\x00\x05x", "08P01"},
		"query tail":       {"Q\x00\x00\x00\x07\x00xy", "08P01"},
		"parse":            {"P\x00\x00\x00\x06\x00\x00", "08P01"},
		"parse types":      {"P\x00\x00\x00\x08\x00\x00\xff\xff", "08P01"},
		"bind":             {"B\x00\x00\x00\x05x", "08P01"},
		"describe":         {"D\x00\x00\x00\x06X\x00", "08P01"},
		"execute":          {"E\x00\x00\x00\x06\x00\x00", "08P01"},
		"close":            {"C\x00\x00\x00\x04", "08P01"},
		"password":         {"p\x00\x00\x00\x05\x00", "08P01"},
	} {
		t.Run(name, func(t *testing.T) {
			client := dialWire(t, w.url("ann", ""))
			client.write([]byte(c.bytes))
			client.refused(c.sqlstate)
		})
	}
}

// TestTooLong: a text that is too long is refused without being held, and the session goes on.
func TestTooLong(t *testing.T) {
	w := newWorld(t)
	w.config.MaxMessageBytes = 1 << 20
	w.start(t)
	client := dialWire(t, w.url("ann", ""))
	long := "SELECT '" + strings.Repeat("x", 40<<20) + "'"
	grown := heapWhile(func() {
		client.run("Q " + long)
		client.run("P |" + long + "|")
		client.run("S")
		client.flush()
		client.out = nil
		client.until("Z", "Z")
	})
	client.run("Q SELECT 1")
	client.run("until Z")
	if got := client.transcript; !strings.HasPrefix(got[0], "E ERROR 54000") || !strings.HasPrefix(got[2], "E ERROR 54000") || len(got) != 8 {
		t.Error(got)
	}
	if grown > 300<<20 { // what the test itself sends
		t.Errorf("the heap grew by %d MiB", grown>>20)
	}
}

func TestTooManyStatements(t *testing.T) {
	w := newWorld(t)
	w.config.MaxStatements = 3
	w.start(t)
	client := dialWire(t, w.url("ann", ""))
	for _, name := range []string{"a", "b", "c", "d"} {
		client.run("P " + name + "|SELECT 1|")
		client.run("S")
		client.run("until Z")
	}
	if got := strings.Join(client.transcript, " "); strings.Count(got, "1 Z") != 3 && !strings.Contains(got, "54000") {
		t.Error(got)
	}
}

// TestHeldStatementDoesNotWait: a client cannot have a statement judged, hold it back behind half a message, and have it run
// when that suits it.
func TestHeldStatementDoesNotWait(t *testing.T) {
	w := newWorld(t).start(t)
	for name, half := range map[string]string{"query": "Q\x00\x00\x10\x00SELECT", "long query": "Q\x00\x02\x00\x00SELECT",
		"parse": "P\x00\x00\x00\x20", "bind": "B\x00\x00\x00\x20", "bind names": "B\x00\x00\x20\x00\x00s\x00", "sync": "S\x00"} {
		t.Run(name, func(t *testing.T) {
			before := len(w.log.of(audit.End))
			client := dialWire(t, w.url("ann", ""))
			client.run("P s|SELECT 'ran'|")
			client.run("B |s|")
			client.run("E |0")
			client.out = append(client.out, half...)
			client.flush()
			eventually(t, "the statement ran", func() bool { return len(w.log.of(audit.End)) == before+1 })
			client.conn.Close()
		})
	}
}

// TestErrorBehindHalfAMessage: the error of what was held back comes while the client is in the middle of a message, and
// that message is passed over.
func TestErrorBehindHalfAMessage(t *testing.T) {
	w := newWorld(t).start(t)
	for _, last := range []string{"Q SELECT 2", "P |SELECT 2|", "B |s|", "E |0", "D S s", "C S s"} {
		t.Run(last, func(t *testing.T) {
			client := dialWire(t, w.url("ann", ""))
			client.run("P s|SELECT 1/0|")
			client.run("B |s|")
			client.run("E |0")
			whole := len(client.out)
			client.run(last)
			all := client.out
			client.out = all[: whole+6 : whole+6]
			client.flush()
			client.until("E")
			client.write(all[whole+6:])
			client.out = nil
			client.run("S")
			client.run("Q SELECT 3")
			client.run("until Z Z")
			if got := client.transcript; len(got) != 7 || got[2] != "Z 49" {
				t.Error(strings.Join(got, "\n"))
			}
		})
	}
}
