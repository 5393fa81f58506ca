package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

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
		{[]string{"completion", "tcsh"}, exitUsage, "tcsh"},
		{[]string{"completion", "bash", "more"}, exitUsage, "more"},
		{[]string{"apply", "-f", "-", "--password-stdin"}, exitUsage, "--password-stdin"},
		{[]string{"user", "password"}, exitUsage, "password NAME"},
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

// TestExitCodesOfAnswers: what the server answers decides the exit code, as docs/cli.md says.
func TestExitCodesOfAnswers(t *testing.T) {
	status, body := 200, ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	defer server.Close()
	t.Setenv("POSTERN_SERVER", server.URL)
	t.Setenv("POSTERN_TOKEN", "x")
	file := filepath.Join(t.TempDir(), "tag.yaml")
	if err := os.WriteFile(file, []byte("kind: Tag\nname: PII\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	same, differs := `{"changes":[{"action":"unchanged"}]}`, `{"changes":[{"action":"created","after":"x"}]}`
	for _, c := range []struct {
		status, code int
		body         string
		args         []string
	}{
		{200, exitOK, `{"resources":[]}`, []string{"get"}},
		{200, exitOK, same, []string{"diff", "-f", file}},
		{200, exitDiffers, differs, []string{"diff", "-f", file}},
		{200, exitDiffers, differs, []string{"diff", "-f", file, "-o", "json"}},
		{200, exitOK, differs, []string{"apply", "-f", file}},
		{200, exitFailure, "no JSON", []string{"get"}},
		{400, exitFailure, "", []string{"get"}},
		{401, exitForbidden, "", []string{"get"}},
		{403, exitForbidden, `{"error":"no"}`, []string{"apply", "-f", file}},
		{404, exitFailure, "", []string{"get", "tag", "PII"}},
		{409, exitConflict, "", []string{"delete", "tag", "PII"}},
		{422, exitMistakes, "", []string{"apply", "-f", file}},
		{429, exitUnavailable, "", []string{"get"}},
		{500, exitFailure, "", []string{"get"}},
		{502, exitUnavailable, "", []string{"get"}},
		{503, exitUnavailable, "", []string{"get"}},
		{0, exitUnavailable, "", []string{"get", "--server", "http://127.0.0.1:1"}},
	} {
		status, body = c.status, c.body
		if code, out, errOut := command(t, "", c.args...); code != c.code || c.code != exitOK && c.code != exitDiffers && (out != "" || errOut == "") {
			t.Errorf("%d %s: postern %s: exit %d, want %d; %q %q", c.status, c.body, strings.Join(c.args, " "), code, c.code, out, errOut)
		}
	}
	// The page lists exactly the codes that there are.
	for code := exitOK; code <= exitUnavailable+1; code++ {
		if listed := strings.Contains(cliHead, fmt.Sprintf("\n| %d | ", code)); listed != (code <= exitUnavailable) {
			t.Errorf("exit code %d: in docs/cli.md: %v", code, listed)
		}
	}
}

// TestEveryCommandRefusesUnknownFlags with the exit code for it, and names the flag.
func TestEveryCommandRefusesUnknownFlags(t *testing.T) {
	commands := 0
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		commands++
		words := append(strings.Fields(c.CommandPath())[1:], "--no-such-flag")
		if code, out, errOut := command(t, "", words...); code != exitUsage || out != "" || !strings.Contains(errOut, "--no-such-flag") {
			t.Errorf("postern %s: exit %d, %q %q", strings.Join(words, " "), code, out, errOut)
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(newRoot(streams{}))
	if commands < 35 {
		t.Errorf("%d commands", commands)
	}
	t.Logf("%d commands", commands)
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
