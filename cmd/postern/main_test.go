package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/identity"
)

// command runs a whole command line in-process.
func command(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errOut bytes.Buffer
	code = run(t.Context(), args, streams{in: strings.NewReader(stdin), out: &out, err: &errOut})
	return code, out.String(), errOut.String()
}

func TestExitCodes(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"version"}, exitOK, "postern "},
		{[]string{"help"}, exitOK, "serve"},
		{[]string{"nonsense"}, exitUsage, "nonsense"},
		{[]string{"version", "--nonsense"}, exitUsage, "nonsense"},
		{[]string{"version", "more"}, exitUsage, "more"},
		{[]string{"audit", "search", "--kind", "nonsense"}, exitUsage, "nonsense"},
		{[]string{"audit", "search", "--since", "yesterday"}, exitUsage, "yesterday"},
		{[]string{"audit", "search", "-o", "xml"}, exitUsage, "xml"},
		{[]string{"serve", "--log-format", "xml"}, exitUsage, "xml"},
		{[]string{"serve", "-c", "no-such-file.yaml"}, exitFailure, "no-such-file.yaml"},
		{[]string{"demo", "--scale", "-1"}, exitUsage, "scale"},
	} {
		code, out, errOut := command(t, "", c.args...)
		if code != c.code || !strings.Contains(out+errOut, c.says) {
			t.Errorf("postern %s: exit %d, want %d naming %q; said %q", strings.Join(c.args, " "), code, c.code, c.says, out+errOut)
		}
		if code != exitOK && out != "" {
			t.Errorf("postern %s: an error went to standard output: %q", strings.Join(c.args, " "), out)
		}
	}
}

func TestUserVerifier(t *testing.T) {
	code, out, errOut := command(t, "s3cret\n", "user", "verifier")
	if code != exitOK {
		t.Fatal(errOut)
	}
	v, err := identity.ParseVerifier(strings.TrimSpace(out))
	if err != nil {
		t.Fatal(err)
	}
	if !v.VerifyPassword("s3cret") || v.VerifyPassword("s3cret\n") {
		t.Error("the verifier is not that of the line without its end")
	}
	if code, _, _ := command(t, "\n", "user", "verifier"); code != exitFailure {
		t.Error("an empty password was accepted")
	}
}

func TestAuditCommands(t *testing.T) {
	dir := t.TempDir() + "/audit"
	log, err := audit.Open(audit.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(
		log.Record(t.Context(),
			audit.Event{Kind: audit.Statement, ID: "1", User: "ann", SQL: "SELECT\n1", Sources: []audit.Source{{Name: "tpch.public.orders"}}},
			audit.Event{Kind: audit.Refused, User: "bob", SQLState: "42P01", Error: "relation \"x\" does not exist"}),
		log.Close())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args          string
		want, wantNot string
	}{
		{"", "ann", "no such event"},
		{"--user ann", "SELECT 1", "bob"},
		{"--source orders", "ann", "bob"},
		{"--sqlstate 42", "bob", "ann"},
		{"--kind refused -o json", `"sqlstate":"42P01"`, "ann"},
		{"--since 1h --text select", "ann", "bob"},
		{"--until 1h", "", "ann"},
	} {
		code, out, errOut := command(t, "", append([]string{"audit", "search", "--dir", dir}, strings.Fields(c.args)...)...)
		if code != exitOK || !strings.Contains(out, c.want) || strings.Contains(out, c.wantNot) {
			t.Errorf("audit search %s: exit %d, got %q %q", c.args, code, out, errOut)
		}
	}
	if code, out, errOut := command(t, "", "audit", "verify", "--dir", dir); code != exitOK || !strings.Contains(out, "chain holds") {
		t.Errorf("audit verify: exit %d, %q %q", code, out, errOut)
	}
}

func TestParseTime(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	if got, err := parseTime("15m", now); err != nil || !got.Equal(now.Add(-15*time.Minute)) {
		t.Errorf("15m: %v, %v", got, err)
	}
	if _, err := parseTime("-15m", now); err == nil {
		t.Error("a negative age was accepted")
	}
}

func TestPrintBeside(t *testing.T) {
	var out bytes.Buffer
	printBeside(&out, [][]string{{"a", "bbb"}, {"é"}, {"x", "y", "z"}})
	if got, want := out.String(), "a   | é | x\nbbb |   | y\n    |   | z\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
