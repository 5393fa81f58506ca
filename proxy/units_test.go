package proxy

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/rewrite"
)

func TestParseOptions(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "",
		"  \t\n ":                            "",
		"-c a=b":                             "a=b",
		"-ca=b  --c-d=e":                     "a=b;c_d=e",
		`-c a=b\ c -c d=\\e`:                 `a=b c;d=\e`,
		"-c a=":                              "a=",
		"-c a==b":                            "a==b",
		`-c search_path=x,y\,z --a=b \`:      "search_path=x,y,z;a=b",
		"-c":                                 "error",
		"-c =b":                              "error",
		"-c=":                                "error",
		"--":                                 "error",
		"--=":                                "error",
		"-d 3":                               "error",
		"word":                               "error",
		"-c a":                               "error",
		strings.Repeat("-c= ", 1000):         "error",
		strings.Repeat(`\`, 1001):            "error",
		"-c statement_timeout=5 -B 3":        "error",
		"-c a=b\x00-c x=y":                   "a=b\x00-c;error",
		"--search_path=\"A b\",c -c geqo=on": "error",
	} {
		pairs, err := parseOptions(text)
		var got []string
		for _, p := range pairs {
			got = append(got, p[0]+"="+p[1])
		}
		if s := strings.Join(got, ";"); err == nil && s != want || err != nil && !strings.HasSuffix(want, "error") {
			t.Errorf("%q: got %q, %v, want %q", text, s, err, want)
		}
	}
}

func TestParsePath(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "",
		"a":                             "a",
		" A , \"B c\" ":                 `a, "B c"`,
		`"a""b",$user`:                  `"a""b", "$user"`,
		"ÄB":                            `"Äb"`,
		`""`:                            `""`,
		"a,":                            "error",
		",a":                            "error",
		"a b":                           "error",
		`"a`:                            "error",
		`"a"b`:                          "error",
		"a,,b":                          "error",
		`"$user", public`:               `"$user", public`,
		strings.Repeat("a,", 300) + "a": "error",
	} {
		path, err := parsePath(text)
		if got := printPath(path); err == nil && got != want || err != nil && want != "error" {
			t.Errorf("%q: got %q, %v, want %q", text, got, err, want)
		}
	}
}

func TestIsOff(t *testing.T) {
	for value, want := range map[string]bool{"off": true, "of": true, "no": true, "f": true, "FALSE": true, "0": true,
		"": false, "o": false, "on": false, "true": false, "database": false, "nope": false} {
		if got := isOff(value); got != want {
			t.Errorf("%q: %v", value, got)
		}
	}
}

// TestReportFields: what an error of the warehouse may say.
func TestReportFields(t *testing.T) {
	body := func(code string) []byte {
		var b strings.Builder
		for _, f := range []string{"SERROR", "VERROR", "C" + code, "Mmessage", "Ddetail", "Hhint", "P7", "p3", "qinternal", "Wwhere",
			"ssecret_schema", "tsecret_table", "csecret_column", "dtype", "nsecret_constraint", "Ffile.c", "L1", "Rroutine", "?new"} {
			b.WriteString(f + "\x00")
		}
		return []byte(b.String() + "\x00")
	}
	kinds := func(b []byte) (out string) {
		for _, f := range splitFields(b) {
			out += string(f.kind)
		}
		return out
	}
	if got := kinds(readReport(body("22012"), false).body); got != "SVCMDH" {
		t.Errorf("kept %s", got)
	}
	if got := kinds(readReport(body("23505"), false).body); got != "SVCMH" {
		t.Errorf("kept %s of an integrity violation", got)
	}
	if got := kinds(readReport(body("22012"), true).body); got != "SVCMDHPpqWstcdnFLR?" {
		t.Errorf("kept %s for an exempt user", got)
	}
	if rep := readReport([]byte("SFEHLER\x00VFATAL\x00C57P01\x00Mgone\x00\x00"), false); !rep.fatal() || rep.code != "57P01" {
		t.Errorf("%+v", rep)
	}
	for _, broken := range []string{"", "\x00", "S", "SERROR", "SERROR\x00", "\x00\x00\x00"} {
		readReport([]byte(broken), false)
	}
}

func TestUpstreamName(t *testing.T) {
	name := upstreamName(strings.Repeat("ü", 100), "0123456789ab")
	if len(name) != 63 || !strings.HasSuffix(name, ":0123456789ab") || !strings.HasPrefix(name, "postern:?") {
		t.Error(name)
	}
}

func TestFailuresForget(t *testing.T) {
	now := time.Now()
	f := newFailures(2)
	f.now = func() time.Time { return now }
	f.add("ann", "host")
	f.add("ann", "host")
	if !f.blocked("ann", "host") || f.blocked("ann", "other") || f.blocked("bob", "host") {
		t.Error("at once")
	}
	now = now.Add(failureWindow + time.Second)
	if !f.blocked("ann", "host") {
		t.Error("the turn of the window let it through")
	}
	now = now.Add(2 * failureWindow)
	if f.blocked("ann", "host") {
		t.Error("for ever")
	}
	for i := range 3 * maxFailureKeys {
		f.add("ann", strings.Repeat("x", i%7)+time.Duration(i).String())
	}
	if n := len(f.current) + len(f.previous); n > 2*maxFailureKeys {
		t.Errorf("%d keys", n)
	}
}

func TestEffectivePath(t *testing.T) {
	p := newSearchPath([]string{"$user", "pg_catalog", "a", "", "a", "pg_temp", "ann", "B"})
	if got := p.effective("ann"); !slices.Equal(got, []string{"ann", "a", "B"}) {
		t.Error(got)
	}
}

// TestLookUpsOnRecord: the audit record names the columns that a statement looks up raw.
func TestLookUpsOnRecord(t *testing.T) {
	r := &relay{session: &session{}}
	r.params.database = "tpch"
	got := r.sources(&rewrite.Statement{Decisions: []policy.Decision{{Table: &catalog.Table{Schema: "public", Name: "customer"}}},
		Requested: [][]string{{"c_phone"}}, LookedUp: [][]string{{"c_phone"}}})
	if len(got) != 1 || got[0].Name != "tpch.public.customer" || !slices.Equal(got[0].ColumnsLookedUp, []string{"c_phone"}) {
		t.Errorf("on record: %+v", got)
	}
}
