package e2e

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/posternsql/postern/audit"
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

// impactOfThreeDays is what the command says of the change that TestImpactOverDays makes.
const impactOfThreeDays = `tpch.public.customer
  loses on column c_phone: null, was regex
    ann, cyd
tpch.public.region
  loses access
    ann, bob, cyd

9 pairs of people and sources compared, 9 more cannot have changed
3 statements on record judged again, 1 stay the same
  fails for ann on tpch, sent 2 times: SELECT count(*) FROM region
      SQLSTATE 42P01: relation "region" does not exist
  changes for cyd on tpch, sent 1 times: SELECT c_phone FROM customer WHERE c_custkey = 7
`

// TestImpactOverDays: a change is held against the statements of a real server's audit log of the days that were asked for, no others: those that people sent
// through the proxy just now, and one that is ten days old.
func TestImpactOverDays(t *testing.T) {
	noticeSources(t)
	in := startStored(t, "", "")
	o := newOperator(t, in)
	o.must(exitOK, "revision 1", "apply", "-f", ".")
	ann, cyd := people()[0], people()[2]
	const fails, changes, same, old = "SELECT count(*) FROM region", "SELECT c_phone FROM customer WHERE c_custkey = 7", "SELECT count(*) FROM nation", "SELECT max(r_name) FROM region"
	for range 2 {
		askPsql(t, in, ann, fails)
	}
	askPsql(t, in, cyd, changes)
	askPsql(t, in, ann, same)
	if err := in.stop(); err != nil {
		t.Fatal(err)
	}
	log, err := audit.Open(audit.Config{Dir: in.audit})
	if err != nil {
		t.Fatal(err)
	}
	err = log.Record(t.Context(), audit.Event{Kind: audit.Statement, ID: "old", Time: time.Now().Add(-10 * 24 * time.Hour), User: "ann", Login: "ann", Connection: "tpch", SQL: old})
	if err := errors.Join(err, log.Close()); err != nil {
		t.Fatal(err)
	}
	o.servers[0] = restarted(t, in)
	o.replace("policies.yaml", `{columnTags: [PII.Phone], regex: {pattern: "[0-9]", replace: "*"}}`, `{columnTags: [PII.Phone], null: true}`)
	o.replace("sources.yaml", "name: tpch.public.region\n", "name: tpch.public.region\nenabled: false\n")
	impactOf := func(days string) string {
		t.Helper()
		_, text, found := strings.Cut(o.must(exitDiffers, "", "diff", "-f", ".", "--impact", "--days", days), "\n\n")
		if !found {
			t.Fatal("no impact is told")
		}
		return text
	}
	if got := impactOf("3"); got != impactOfThreeDays {
		t.Errorf("of three days:\n%s\nwant\n%s", got, impactOfThreeDays)
	}
	if all := impactOf("30"); !strings.Contains(all, "4 statements on record judged again, 1 stay the same\n") || !strings.Contains(all, "  fails for ann on tpch, sent 1 times: "+old) {
		t.Errorf("of thirty days:\n%s", all)
	}
	if n := o.recordsOf("impact.ask"); n != 2 {
		t.Errorf("that somebody asked is %d times on record", n)
	}
}
