package push_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/push"
)

// TestRedshiftActing has somebody to whom nothing is open act as others by what a sync made: they see what the others see and nothing as themselves, what the
// policies take away is gone at the next statement, what is granted by hand lasts until the next sync, and without impersonation nothing of it is there.
func TestRedshiftActing(t *testing.T) {
	w := newStore(t)
	w.settings.Impersonation = true
	w.accounts["dan"], w.specs["dan"] = w.user("dan"), identity.Spec{User: "dan", Groups: []string{"support"}}
	w.mayActAs = map[string][]string{"dan": {"ann", "bob"}, "cid": {"ann"}}
	r := w.sync()
	dan, cid, bob := w.as("dan"), w.as("cid"), w.as("bob")
	run := func(conn *pgconn.PgConn, sql string) string {
		t.Helper()
		for who, account := range w.accounts {
			sql = strings.ReplaceAll(sql, "$"+who, account)
		}
		got, err := fetch(t.Context(), conn, sql)
		if err != nil {
			return sqlState(err)
		}
		return got
	}
	sees := func(what string, conn *pgconn.PgConn, sql, want string) {
		t.Helper()
		if got := run(conn, sql); got != want {
			t.Errorf("%s: %s gives\n%s\nand not\n%s", what, sql, got, want)
		}
	}
	const customers, nations, orders, end = "SELECT c_custkey, c_phone FROM governed_shop.customer", "SELECT n_name FROM governed_shop.nation", "SELECT id FROM governed_sales.orders", "CALL postern_procedures.impersonate(NULL)"
	sees("as himself", dan, customers, "")
	sees("as himself", dan, nations, "")
	sees("the table", dan, "SELECT * FROM shop.nation", "42501")
	sees("not his to act as", dan, "CALL postern_procedures.impersonate('$cid')", "P0001")
	sees("who may not at all", bob, "CALL postern_procedures.impersonate('$ann')", "42501")
	sees("acts as ann", dan, "CALL postern_procedures.impersonate('$ann')", "")
	sees("as ann", dan, customers, "1|0123\n3|NULL")
	sees("as ann", dan, nations, "FRANCE\nJAPAN")
	sees("ends", dan, end, "")
	sees("acts as bob", dan, "CALL postern_procedures.impersonate('$bob')", "")
	sees("as bob", dan, customers, "2|NULL")

	// What is not open to the other is not to who acts for them, though it is to themselves.
	w.subscriptions[0].On = storeSources("shop.nation", "shop.customer", "lake.events")
	w.subscriptions = append(w.subscriptions, grant("globals", storeSources("sales.orders"), policy.Allow{When: "isInGroups('global')"}))
	w.sync()
	sees("as herself", cid, orders, "1\n2")
	sees("acts as ann", cid, "CALL postern_procedures.impersonate('$ann')", "")
	sees("as ann", cid, orders, "")
	sees("as ann", cid, customers, "1|0123\n3|NULL")

	// What the policies take away is gone at the next statement, and nobody falls back to themselves.
	w.mayActAs["cid"] = nil
	w.sync()
	sees("not any more", cid, customers, "")
	sees("not any more", cid, orders, "")
	sees("ends", cid, end, "42501")
	cid = w.as("cid")
	sees("herself in a new session", cid, orders, "1\n2")

	// By hand it lasts until the next sync.
	w.exec(strings.ReplaceAll(strings.ReplaceAll("CALL postern_procedures.grant_impersonation('$dan', '$cid')", "$dan", w.accounts["dan"]), "$cid", w.accounts["cid"]))
	sees("ends", dan, end, "")
	sees("by hand", dan, "CALL postern_procedures.impersonate('$cid')", "")
	sees("by hand: privileges are the policies' alone", dan, orders, "42501")
	w.sync()
	sees("after the next sync", dan, customers, "")
	sees("ends", dan, end, "")

	if got := w.value("SELECT event, count(*) FROM postern_system.impersonation_log GROUP BY event ORDER BY event"); got != "begin|4\nend|3\ngrant|1" {
		t.Errorf("on record\n%s", got)
	}
	// All of it is on Postern's own record, too, with the names of people.
	w.sync()
	recorded := map[string]int{}
	for _, e := range w.events {
		if strings.HasPrefix(e.Action, "impersonation.") {
			recorded[e.Action+" "+e.Login+" "+e.Target]++
			if e.Time.IsZero() || time.Since(e.Time).Abs() > time.Minute || e.Protocol != audit.Procedure {
				t.Errorf("on record: %+v", e)
			}
		}
	}
	if want := map[string]int{"impersonation.begin dan ann": 1, "impersonation.end dan ann": 1, "impersonation.begin dan bob": 1, "impersonation.end dan bob": 1, "impersonation.begin cid ann": 1,
		"impersonation.begin dan cid": 1, "impersonation.end dan cid": 1, "impersonation.grant dan cid": 1}; !maps.Equal(recorded, want) {
		t.Errorf("on record: %v", recorded)
	}
	guarantees := 0
	for _, f := range r.Findings {
		if f.Kind == push.Guarantee {
			guarantees++
		}
	}
	if guarantees < 3 {
		t.Errorf("%d guarantees are told: %v", guarantees, r.Findings)
	}

	// Without it nobody acts as anybody, and whoever did is themselves: there is no record of anything any more that would be asked for.
	w.settings.Impersonation = false
	w.sync()
	sees("not wanted any more", dan, "CALL postern_procedures.impersonate('$ann')", "42501")
	sees("not wanted any more", dan, customers, "42501")
	sees("the table again", cid, "SELECT n_name FROM shop.nation", "FRANCE\nJAPAN")
	w.settings.Impersonation = true
	w.mayActAs["dan"] = []string{"ann"}
	w.sync()
	sees("acts as ann again", dan, "CALL postern_procedures.impersonate('$ann')", "")
	sees("as ann again", dan, customers, "1|0123\n3|NULL")
}

// TestLambdaAccessOfActing: Redshift names to the Lambda function who logged in, so that it has to mask for those who may act as a reader, too.
func TestLambdaAccessOfActing(t *testing.T) {
	person := func(account string, group string, mayActAs ...string) push.Person {
		return push.Person{Account: account, Principal: identity.NewPrincipal(identity.Spec{User: account, Groups: []string{group}}), MayActAs: mayActAs}
	}
	access, _, err := push.LambdaAccess(push.LambdaInput{Version: 1, Program: lambdaProgram(t), Now: time.Now(), Clusters: []string{"dwh"}, Keys: "postern/keys/",
		People: []push.Person{person("ann", "a"), person("bob", "b"), person("dan", "support", "ann"), person("eve", "support", "nobody")}})
	if err != nil {
		t.Fatal(err)
	}
	for domain, want := range map[string]string{"name": "ann dan", "default": "bob"} {
		got := strings.Join(access.Audiences[access.Domains[domain].Mask[0]], " ")
		if got != want {
			t.Errorf("domain %s is masked for %q, want %q", domain, got, want)
		}
	}
}
