package e2e

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestPushedRowPolicies: three people with psql get the same answers proxied and directly where a table has row policies, before and after it gets them, as rules and
// people change, on the way to views and back; and nothing is left in the end.
func TestPushedRowPolicies(t *testing.T) {
	p := startPushStory(t, "enforce: views", "enforce: rowSecurity\ninterval: 2",
		"kind: DataPolicy\n", "kind: DataPolicy\nname: some-orders\non: {tables: [shop.public.orders]}\nrules:\n  - rows: customer_id <> 3\n    exceptFor: \"isInGroups('global')\"\n---\nkind: DataPolicy\n")
	stopped := false
	defer p.stopUnless(&stopped)
	all := []string{"ann", "bob", "cid"}
	const orders, base = "SELECT count(*) FROM orders", "SELECT count(*) FROM public.orders"
	eventually(t, 20*time.Second, "the first sync", func() bool { return p.psql("ann", true, orders) == "16" })
	compared := p.settled("by views", all...)
	step := func(what, who, sql, want string, do func()) {
		t.Helper()
		p.change(what, who, sql, want, do)
		compared += p.settled(what, all...)
	}
	step("the owner's rights", "ann", base, "16", func() {
		p.value(`CREATE ROLE shop_owner; ALTER TABLE orders OWNER TO shop_owner; GRANT shop_owner TO shop_system; SELECT 1`)
		if err := p.in.reload(); err != nil {
			t.Fatal(err)
		}
	})
	if got := p.value("SELECT relrowsecurity || '|' || (SELECT count(*) FROM pg_policy) FROM pg_class WHERE oid = 'public.orders'::regclass"); got != "true|3" {
		t.Errorf("row security and policies: %s", got)
	}
	if got := p.psql("bob", true, base) + p.psql("bob", false, base); got != "2020" {
		t.Errorf("bob, who is excepted, sees %s", got)
	}
	step("a rule changed", "cid", base, "12", p.edit("customer_id <> 3\n", "customer_id NOT IN (3, 4)\n"))
	step("into a group", "cid", base, "20", p.edit("groups: [analysts]\nattributes: {region: [US]}", "groups: [analysts, global]\nattributes: {region: [US]}"))
	step("out of a group", "cid", base, "(42501)", p.edit("groups: [analysts, global]\nattributes: {region: [US]}", "groups: [others]\nattributes: {region: [US]}"))
	step("to views", "ann", base, "(42501)", p.edit("enforce: rowSecurity", "enforce: views"))
	step("and back", "ann", base, "12", p.edit("enforce: views", "enforce: rowSecurity"))
	t.Logf("%d questions asked both ways, 0 apart wanted; the slowest change was visible after %v", compared, p.slowest.Round(time.Millisecond))
	if err := p.in.stop(); err != nil {
		t.Fatal(err)
	}
	stopped = true
	config := filepath.Join(filepath.Dir(p.in.policies), "postern.yaml")
	for _, command := range [][]string{{"plan"}, {"unregister", "--yes"}} {
		out, err := exec.CommandContext(t.Context(), shared.binary, append(command, "-c", config)...).CombinedOutput()
		if err != nil || command[0] == "plan" && !strings.Contains(string(out), "Nothing to do") {
			t.Errorf("%v: %v\n%s", command, err, out)
		}
	}
	if got := p.value("SELECT relrowsecurity || '|' || (SELECT count(*) FROM pg_policy) FROM pg_class WHERE oid = 'public.orders'::regclass"); got != "false|0" {
		t.Errorf("in the end there is %s", got)
	}
}
