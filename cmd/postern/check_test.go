package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCheckOfTheExample runs the tests that docs/check.md shows, as an administrator would, on a PostgreSQL that check starts itself.
func TestCheckOfTheExample(t *testing.T) {
	t.Setenv(scratchVariable, "")
	const config, tests = "../../examples/tpch/postern.yaml", "../../examples/tpch/checks/regions.yaml"
	code, out, errOut := command(t, "", "check", "-c", config, tests)
	if code != exitOK || !strings.Contains(out, "5 tests, 0 failed") {
		t.Errorf("exit %d\n%s%s", code, out, errOut)
	}
	text, err := os.ReadFile(tests)
	if err != nil {
		t.Fatal(err)
	}
	schema, err := filepath.Abs("../../examples/tpch/checks/schema.sql")
	if err != nil {
		t.Fatal(err)
	}
	wrong := filepath.Join(t.TempDir(), "wrong.yaml")
	changed := strings.NewReplacer("[schema.sql]", "["+schema+"]", "8000.00", "7688.63").Replace(string(text))
	if err := os.WriteFile(wrong, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, _ = command(t, "", "check", "-c", config, "--run", "Ann", "--why", wrong)
	if code != exitFailure || !strings.Contains(out, "2 tests, 1 failed") || !strings.Contains(out, "mask balances rule 1 (round): applies") {
		t.Errorf("a wrong test: exit %d\n%s", code, out)
	}
}

func TestCheckAndExplainUsage(t *testing.T) {
	for _, args := range [][]string{
		{"check"}, {"check", "-o", "xml", "x"}, {"check", "--run", "(", "x"}, {"explain"}, {"explain", "--user", "a", "SELECT 1"},
		{"explain", "--user", "a", "--connection", "c"}, {"explain", "--user", "a", "--connection", "c", "--table", "x"},
		{"explain", "--user", "a", "--connection", "c", "--table", "x.y", "SELECT 1"}, {"explain", "--user", "a", "--connection", "c", "-o", "xml", "SELECT 1"},
	} {
		if code, _, _ := command(t, "", args...); code != exitUsage {
			t.Errorf("postern %s: exit %d, want %d", strings.Join(args, " "), code, exitUsage)
		}
	}
}
