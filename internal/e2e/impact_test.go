package e2e

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestImpactBeforeAChange asks the server what a change of its own policy files would do, as an administrator does before making it: to people,
// and to what they have asked before. Nothing changes by asking.
func TestImpactBeforeAChange(t *testing.T) {
	noticeSources(t)
	ann := people()[0]
	const asked = "SELECT c_phone, c_acctbal FROM customer WHERE c_custkey = 4711"
	askPsql(t, shared.server, ann, asked)
	current, err := os.ReadFile("../../examples/tpch/policies.yaml")
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.NewReplacer(
		`{columnTags: [PII.Phone], regex: {pattern: "[0-9]", replace: "*"}}`, `{columnTags: [PII.Phone], null: true}`,
		`allow: {when: "isInGroups('analysts') || isInGroups('marketing')"}`, `allow: {when: "isInGroups('analysts')"}`,
	).Replace(string(current))
	if changed == string(current) {
		t.Fatal("the example's policies have other words")
	}
	file := filepath.Join(t.TempDir(), "policies.yaml")
	if err := os.WriteFile(file, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	token, err := os.ReadFile(filepath.Join(filepath.Dir(shared.server.policies), "postern.token"))
	if err != nil {
		t.Fatal(err)
	}
	diff := func(args ...string) (int, string) {
		cmd := exec.CommandContext(t.Context(), shared.binary, append([]string{"diff", "-f", file}, args...)...)
		cmd.Env = append(os.Environ(), "POSTERN_SERVER=http://"+adminAddress(t), "POSTERN_TOKEN="+strings.TrimSpace(string(token)))
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		return cmd.ProcessState.ExitCode(), string(out)
	}
	code, out := diff("--impact", "--days", "1")
	for _, want := range []string{
		"tpch.public.customer\n", "loses access\n    cyd\n", "loses on column c_phone: null, was regex\n    ann\n",
		"pairs of people and sources compared", "changes for ann on tpch", asked,
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing from (exit %d)\n%s", want, code, out)
		}
	}
	if code != 3 {
		t.Errorf("exit %d, want 3: there is a difference", code)
	}
	if got := askPsql(t, shared.server, people()[2], "SELECT count(*) > 0 FROM customer"); got != "t\n" {
		t.Errorf("asking changed what cyd sees: %q", got)
	}
	// Without the question the files are the server's: nobody else changes what they own.
	if code, out := diff(); code == 0 || !strings.Contains(out, "belongs to the file") {
		t.Errorf("exit %d\n%s", code, out)
	}
	if code, _ := diff("--days", "1"); code != 2 {
		t.Errorf("--days alone: exit %d", code)
	}
}
