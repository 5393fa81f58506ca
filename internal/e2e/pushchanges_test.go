package e2e

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// pushGoal is how soon a change should be visible in the warehouse. The test only fails far beyond it: other tests run on the same machine.
const pushGoal = time.Second

// TestPushedChanges: three people ask with psql through Postern and at the warehouse itself, before and after each kind of change, and get the same; a
// change is visible to sessions that were open before, and the sync after finds nothing to do. In the end everything is on record, and then gone.
func TestPushedChanges(t *testing.T) {
	p := startPushStory(t)
	stopped := false
	defer p.stopUnless(&stopped)
	all := []string{"ann", "bob", "cid"}
	eventually(t, 20*time.Second, "the first sync", func() bool { return p.psql("ann", true, "SELECT count(*) FROM customer") == "2" })
	compared := p.settled("at first", all...)
	step := func(what, who, sql, want string, do func(), people ...string) {
		t.Helper()
		p.change(what, who, sql, want, do)
		compared += p.settled(what, append(people, all...)...)
	}
	api := func(method, path, body string) func() {
		return func() {
			t.Helper()
			if status, text := askAPI(t, p.in, method, path, os.Getenv("ANN_TOKEN"), body); status != http.StatusOK && status != http.StatusNoContent {
				t.Fatal(status, text)
			}
		}
	}
	const names, phone, customers = "SELECT string_agg(name, ',' ORDER BY id) FROM customer", "SELECT phone FROM customer WHERE id = 1", "SELECT count(*) FROM customer"

	step("a rule more", "ann", names, "hidden,hidden", p.edit("kind: Purpose\n", "kind: DataPolicy\nname: names\non: {tables: [shop.public.customer]}\nrules:\n  - mask: {columns: [name], constant: hidden}\n---\nkind: Purpose\n"))
	step("a rule changed", "ann", names, "A.,C.", p.edit("constant: hidden", `custom: "left(@value, 1) || '.'"`))
	step("an attribute more", "ann", customers, "4", p.edit("region: [EU]", "region: [EU, US]"))
	step("an attribute less", "ann", customers, "2", p.edit("region: [EU, US]", "region: [EU]"))
	step("out of a group", "cid", customers, "(42501)", p.edit("groups: [analysts]\nattributes: {region: [US]}", "groups: [others]\nattributes: {region: [US]}"))
	step("into a group", "cid", customers, "5", p.edit("groups: [others]\n", "groups: [analysts, global]\n"))
	step("a person more", "dan", "SELECT count(*) FROM orders", "20", p.edit("kind: Source\n", "kind: User\nname: dan\ngroups: [analysts]\npassword: {env: SHOP_PASSWORD}\n---\nkind: Source\n"), "dan")
	step("a person less", "dan", "SELECT count(*) FROM orders", "(42501)", p.edit("kind: User\nname: dan\ngroups: [analysts]\npassword: {env: SHOP_PASSWORD}\n---\n", ""), "dan")
	api(http.MethodPost, "/v1/users/ann/acknowledgements", `{"project": "desk"}`)()
	step("into a project", "ann", phone, "0123", api(http.MethodPut, "/v1/users/ann/project", `{"project": "desk"}`))
	step("a purpose less", "ann", phone, "****", p.edit("purposes: [care]\n", "purposes: []\n"))
	step("a purpose more", "ann", phone, "0123", p.edit("purposes: []\n", "purposes: [care]\n"))
	step("out of a project", "ann", phone, "****", api(http.MethodPut, "/v1/users/ann/project", `{"project": ""}`))
	const approval = "kind: Approval\nname: ann-reads\npolicy: reports\nuser: ann\napprovedBy: [bob]\n---\nkind: Purpose\n"
	step("an approval", "ann", "SELECT text FROM report", "quarter", p.edit("kind: Purpose\n", approval))
	step("an approval withdrawn", "ann", "SELECT text FROM report", "(42501)", p.edit(approval, "kind: Purpose\n"))
	// What ends by the passing of time ends in the warehouse too, with nobody's doing anything.
	ends := time.Now().Add(12 * time.Second).UTC().Format(time.RFC3339)
	short := strings.Replace(approval, "approvedBy: [bob]\n", "approvedBy: [bob]\nexpires: "+ends+"\n", 1)
	p.change("an approval for a while", "ann", "SELECT text FROM report", "quarter", p.edit("kind: Purpose\n", short))
	eventually(t, 60*time.Second, "its end", func() bool { return p.sees("ann", "SELECT text FROM report") == "(42501)" })
	if now := time.Now().UTC().Format(time.RFC3339); now < ends {
		t.Errorf("it ended at %s, before %s", now, ends)
	}
	compared += p.settled("an approval that ended", all...)
	p.edit(short, "kind: Purpose\n")()
	p.value("ALTER TABLE orders ADD COLUMN secret int DEFAULT 42; SELECT 1")
	// Until somebody has looked at the column nobody sees it: who asks for everything is refused at once, and then gets the others.
	step("a column more", "ann", "SELECT count(o) FROM (SELECT * FROM orders) AS o", "20", func() {
		if err := p.in.reload(); err != nil {
			t.Fatal(err)
		}
	})
	if got := p.psql("bob", true, "SELECT secret FROM orders", "SELECT secret FROM public.orders"); strings.Contains(got, "42\n") {
		t.Errorf("the column is seen: %s", got)
	}
	t.Logf("%d questions asked both ways, 0 apart wanted; the slowest change was visible after %v (goal %v)", compared, p.slowest.Round(time.Millisecond), pushGoal)
	p.recorded(t)

	// Nothing is left to do, by the command line too; and then nothing is left.
	if err := p.in.stop(); err != nil {
		t.Fatal(err)
	}
	stopped = true
	config := filepath.Join(filepath.Dir(p.in.policies), "postern.yaml")
	run := func(args ...string) string {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), shared.binary, append(args, "-c", config)...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	if out := run("plan"); !strings.Contains(out, "Nothing to do") {
		t.Errorf("the plan after all:\n%s", out)
	}
	if out := run("sync"); !strings.Contains(out, "0 statements in 0 transactions") {
		t.Errorf("the sync after all:\n%s", out)
	}
	run("unregister", "--yes")
	if left := p.value("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'governed%' OR nspname = 'postern_system'"); left != "0" {
		t.Errorf("%s schemas are left", left)
	}
	if got := p.psql("bob", true, "SELECT * FROM orders"); got != "(denied)" {
		t.Errorf("bob still sees %s", got)
	}
}

// recorded wants the direct questions on record: who, of which source, which columns, under which program.
func (p *pushStory) recorded(t *testing.T) {
	t.Helper()
	p.psql("bob", true, "SELECT name, phone FROM governed_public.customer WHERE id = 2")
	found := ""
	eventually(t, 20*time.Second, "a direct statement is on record", func() bool {
		out, err := exec.CommandContext(t.Context(), shared.binary, "audit", "search", "--dir", p.in.audit, "--kind", "direct", "--user", "bob", "--text", "WHERE id = 2", "-o", "json").Output()
		if err != nil {
			t.Fatal(err)
		}
		found = string(out)
		return found != ""
	})
	for _, want := range []string{`"login":"bob"`, `"user":"bob"`, `shop.public.customer`, `"phone"`, `"program":"`} {
		if !strings.Contains(found, want) {
			t.Errorf("no %s in %s", want, found)
		}
	}
	if strings.Contains(found, `"idle`) {
		t.Errorf("what the session was at is told as the statement: %s", found)
	}
	t.Logf("on record: %.600s", found)
}
