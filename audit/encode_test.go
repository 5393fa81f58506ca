package audit

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func sampleEvent() Event {
	return Event{
		Time: time.Date(2026, 11, 21, 10, 15, 0, 123456789, time.UTC), Kind: Statement, ID: "s1-7",
		Session: "s1", Client: "10.0.0.7:51234", Login: "root-ish", User: "ann", Application: "psql",
		Connection: "tpch", Project: "churn", Purposes: []string{"support", "research"},
		Protocol: Extended, Statement: "SELECT", SQL: "SELECT \"c_name\",\n\t'it''s' FROM customer",
		Rewritten: "SELECT 1", Program: "42", Cached: true, Exempt: true,
		Sources: []Source{{
			Name: "tpch.public.customer", ColumnsRequested: []string{"c_name", "c_phone"},
			ColumnsUsedByPolicy: []string{"c_nationkey"}, ColumnsLookedUp: []string{"c_phone"}, RowFilter: true,
			Masks: Masks{{Column: "c_name", Kind: "hash"}, {Column: "c_phone", Kind: "regex"}},
			Rules: []string{"contact-data", "own-region"},
		}, {Name: "tpch.public.nation"}},
		SQLState: "42501", Error: "permission denied", CommandTag: "SELECT 5", Rows: 5, Bytes: 812,
		Duration: 12345 * time.Microsecond, Action: "a", Target: "t", Detail: "d",
	}
}

// sealOne returns the only line of a chain.
func sealOne(e Event, maxSQL int) []byte {
	line, _ := link{}.seal(nil, appendBody(nil, &e, maxSQL, time.Unix(0, 0)))
	return line
}

func TestEncodeGolden(t *testing.T) {
	const want = `{"seq":1,"time":"2026-11-21T10:15:00.123456789Z","kind":"statement","id":"s1-7","session":"s1",` +
		`"client":"10.0.0.7:51234","login":"root-ish","user":"ann","application_name":"psql","connection":"tpch",` +
		`"project":"churn","purposes":["support","research"],"protocol":"extended","statement":"SELECT",` +
		`"sql":"SELECT \"c_name\",\n\t'it''s' FROM customer","rewritten":"SELECT 1",` +
		`"sources":[{"name":"tpch.public.customer","columns_requested":["c_name","c_phone"],` +
		`"columns_used_by_policy":["c_nationkey"],"columns_looked_up":["c_phone"],"row_filter":true,"masks":{"c_name":"hash","c_phone":"regex"},` +
		`"rules":["contact-data","own-region"]},{"name":"tpch.public.nation","row_filter":false}],` +
		`"program":"42","cached":true,"exempt":true,"sqlstate":"42501","error":"permission denied",` +
		`"command_tag":"SELECT 5","rows":5,"bytes":812,"duration_ms":12.345,"action":"a","target":"t","detail":"d",` +
		`"prev":"0000000000000000000000000000000000000000000000000000000000000000","hash":"`
	line := string(sealOne(sampleEvent(), DefaultMaxSQLBytes))
	if !strings.HasPrefix(line, want) {
		t.Errorf("stable names and order of fields changed:\n got %s\nwant %s", line, want)
	}
	end := string(sealOne(Event{Kind: End, ID: "x"}, 10))
	if !strings.Contains(end, `"rows":0,"bytes":0,"duration_ms":0.000`) {
		t.Errorf("an end without rows must say so: %s", end)
	}
}

func TestEncodeRoundTrip(t *testing.T) {
	want := sampleEvent()
	line := bytes.TrimSuffix(sealOne(want, DefaultMaxSQLBytes), []byte("\n"))
	got, err := decodeLine(line)
	if err != nil {
		t.Fatal(err)
	}
	want.Seq, want.Prev, want.Hash = got.Seq, got.Prev, got.Hash
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	again, err := json.Marshal(got)
	if err != nil || string(again) != string(line) {
		t.Errorf("MarshalJSON differs from the file (%v):\n%s\n%s", err, again, line)
	}
}

func TestTruncation(t *testing.T) {
	sql := strings.Repeat("é", 1000) // 2000 bytes
	e := Event{Kind: Refused, SQL: sql, Application: strings.Repeat("a", 5000), Error: strings.Repeat("b", 50000)}
	got, err := decodeLine(bytes.TrimSuffix(sealOne(e, 101), []byte("\n")))
	if err != nil {
		t.Fatal(err)
	}
	// sha256 of 1000 times é, from sha256sum.
	if got.SQL != strings.Repeat("é", 50)+TruncationMark || got.SQLBytes != 2000 || len(got.SQLSHA256) != 64 {
		t.Errorf("got %d bytes, %q, %q", got.SQLBytes, got.SQLSHA256, got.SQL)
	}
	if len(got.Application) > 1100 || len(got.Error) > 9000 || !strings.HasSuffix(got.Error, TruncationMark) {
		t.Errorf("strings are not bounded: %d %d", len(got.Application), len(got.Error))
	}
	again, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var back Event
	if err := json.Unmarshal(again, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, back); diff != "" {
		t.Errorf("a cut event does not survive: %s", diff)
	}
}

func TestHostileStrings(t *testing.T) {
	for in, want := range map[string]string{
		"a\xffb\xc3":                `"a` + "\ufffd" + `b` + "\ufffd" + `"`,
		"\x00\n\r\t\x1b[2J\x7f":     `"\u0000\n\r\t\u001b[2J\u007f"`,
		"\u0085\u2028\u2029\u009b":  `"\u0085\u2028\u2029\u009b"`,
		"\u202egnp\u2066":           `"\u202egnp\u2066"`,
		`","hash":"` + "\\":         `"\",\"hash\":\"\\"`,
		"häß 漢字 🙂":                  `"häß 漢字 🙂"`,
		"\xed\xa0\x80":              `"` + "\ufffd\ufffd\ufffd" + `"`, // a surrogate
		strings.Repeat("x", 3) + "": `"xxx"`,
	} {
		if got := string(appendString(nil, in)); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
}

func FuzzEncode(f *testing.F) {
	f.Add("SELECT 1", "psql", "\xff\n", int64(5))
	f.Add("\u2028\x00\"}", "…[truncated]", strings.Repeat("é", 600), int64(-1))
	f.Fuzz(func(t *testing.T, sql, name, text string, n int64) {
		e := Event{Kind: End, ID: name + "x", SQL: sql, Rewritten: text, Application: name, Error: text,
			Purposes: []string{name, text}, Rows: n, Duration: time.Duration(n),
			Sources: []Source{{Name: name, Masks: Masks{{Column: sql, Kind: text}}, Rules: []string{text}}}}
		line := sealOne(e, 100)
		if n := bytes.Count(line, []byte("\n")); n != 1 || line[len(line)-1] != '\n' {
			t.Fatalf("%d newlines in %q", n, line)
		}
		if !utf8.Valid(line) || !json.Valid(line) {
			t.Fatalf("not valid: %q", line)
		}
		line = line[:len(line)-1]
		if _, _, err := openLine(line); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		got, err := decodeLine(line)
		if err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if len(sql) <= 100 && got.SQL != strings.ToValidUTF8(sql, "\ufffd") && utf8.ValidString(sql) {
			t.Fatalf("got %q, want %q", got.SQL, sql)
		}
	})
}

func FuzzOpenLine(f *testing.F) {
	f.Add(bytes.TrimSuffix(sealOne(sampleEvent(), 100), []byte("\n")))
	f.Add([]byte(`{"seq":1,`))
	f.Fuzz(func(t *testing.T, line []byte) {
		self, _, err := openLine(line)
		if err == nil && self.seq == 0 {
			t.Fatal("a record without a number")
		}
		if e, err := decodeLine(line); err == nil && !e.Kind.Valid() {
			t.Fatal("an unknown kind was read")
		}
	})
}

func TestEncodeAllocates(t *testing.T) {
	e, buf := sampleEvent(), make([]byte, 0, 8<<10)
	if n := testing.AllocsPerRun(100, func() { buf = appendBody(buf[:0], &e, 1000, e.Time) }); n != 0 {
		t.Errorf("encoding allocates %v times", n)
	}
}

func BenchmarkEncode(b *testing.B) {
	e, buf, chain := sampleEvent(), []byte(nil), link{}
	var out []byte
	for b.Loop() {
		buf = appendBody(buf[:0], &e, 1000, e.Time)
		out, chain = chain.seal(out[:0], buf)
	}
	b.SetBytes(int64(len(out)))
}
