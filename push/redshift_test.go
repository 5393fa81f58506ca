package push_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/push"
)

// TestRedshiftPeople syncs from nothing, and reads as three people: rows and values are theirs, tables are closed, and a table of which all is open to them is read
// as it is.
func TestRedshiftPeople(t *testing.T) {
	w := newStore(t)
	w.sync()
	for user, want := range map[string]struct{ customer, orders, events string }{
		"ann": {"1|a|0123|1|EUROPE\n3|c|NULL|1|EUROPE", "1|NULL|first|EUROPE\n2|NULL|second|ASIA", "1|EUROPE\n3|EUROPE"},
		"bob": {"2|b|NULL|2|ASIA", "1|NULL|first|EUROPE\n2|NULL|second|ASIA", "2|ASIA"},
		"cid": {"1|a|NULL|1|EUROPE\n2|b|NULL|2|ASIA\n3|c|NULL|1|EUROPE\n4|d|NULL|NULL|NULL", "1|10.50|first|EUROPE\n2|20.00|second|ASIA", "1|EUROPE\n2|ASIA\n3|EUROPE"},
	} {
		w.reads(user, "SELECT * FROM governed_shop.customer", want.customer)
		w.reads(user, "SELECT * FROM governed_sales.orders", want.orders)
		w.reads(user, "SELECT * FROM governed_lake.events", want.events)
		w.reads(user, "SELECT n_nationkey, n_name FROM shop.nation", "1|FRANCE\n2|JAPAN")
		for _, closed := range []string{"shop.customer", "shop.secret", "sales.orders", "lake.events", "postern_system.profile", "postern_system.entitlement", "postern_system.user_profile", "postern_system.ledger"} {
			w.reads(user, "SELECT * FROM "+closed, "")
		}
	}
}

// TestRedshiftOneAttribute: what changes about one person is one statement, and takes effect in sessions that are open.
func TestRedshiftOneAttribute(t *testing.T) {
	w := newStore(t)
	s := w.syncer()
	run := func() *push.Report {
		t.Helper()
		r, err := s.Quick(t.Context(), w.input())
		if err != nil || !r.Done {
			t.Fatalf("%v, %+v", err, r)
		}
		return r
	}
	run()
	bob := w.as("bob")
	spec := w.specs["bob"]
	spec.Attributes = map[string][]string{"region": {"EUROPE", "50% off %; %,", "blanks at the end  "}}
	w.specs["bob"] = spec
	w.sent = nil
	if r := run(); r.Statements != 1 || r.Plan.Statements() != 1 {
		t.Errorf("%d statements\n%s", r.Statements, r.Plan)
	}
	if got, err := fetch(t.Context(), bob, "SELECT c_custkey FROM governed_shop.customer"); err != nil || got != "1\n3" {
		t.Errorf("%q, %v", got, err)
	}
	if got := w.value("SELECT value || '|' FROM postern_system.entitlement WHERE kind = 'attribute' AND account = '" + w.accounts["bob"] + "'"); got != "50% off %; %,|\nEUROPE|\nblanks at the end  |" {
		t.Errorf("stored\n%s", got)
	}
	calls := 0
	for _, sql := range w.sent {
		if strings.HasPrefix(sql, "CALL") {
			calls++
		}
	}
	if calls != 1 {
		t.Errorf("%d calls: %q", calls, w.sent)
	}
	if r := run(); !r.Plan.Empty() {
		t.Errorf("there is more to do: %s", r.Plan)
	}
}

// TestRedshiftManyEntitlements: more than fits into one call is written by several, and read back whole.
func TestRedshiftManyEntitlements(t *testing.T) {
	w := newStore(t)
	spec, values := w.specs["bob"], []string{"ASIA"}
	for i := range 2500 {
		values = append(values, fmt.Sprintf("place %d", i))
	}
	spec.Attributes = map[string][]string{"region": values}
	w.specs["bob"] = spec
	w.sync()
	if got := w.value("SELECT count(*) FROM postern_system.entitlement WHERE kind = 'attribute' AND account = '" + w.accounts["bob"] + "'"); got != "2501" {
		t.Errorf("%s rows", got)
	}
	w.reads("bob", "SELECT c_custkey FROM governed_shop.customer", "2")
	// Who has more than a list holds has none, and sees nothing.
	for i := range 9000 {
		values = append(values, fmt.Sprintf("another place %d", i))
	}
	spec.Attributes = map[string][]string{"region": values}
	w.specs["bob"] = spec
	r, err := w.syncer().Sync(t.Context(), w.input())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(r.Findings, func(f push.Finding) bool { return f.Kind == push.Blocked && f.Object == "bob" }) {
		t.Errorf("nothing is said of it: %v", r.Findings)
	}
	w.reads("bob", "SELECT c_custkey FROM governed_shop.customer", "")
	w.reads("ann", "SELECT c_custkey FROM governed_shop.customer", "1\n3")
}

// TestRedshiftDrift: what somebody changes behind our back is found, told and undone.
func TestRedshiftDrift(t *testing.T) {
	w := newStore(t)
	w.sync()
	ann, bob := w.accounts["ann"], w.accounts["bob"]
	role := w.value("SELECT role_name FROM svv_user_grants WHERE user_name = '" + ann + "' AND role_name LIKE '%_read'")
	other := pgtest.Name("other")
	w.users = append(w.users, "role:"+other, "group:"+other)
	w.exec("CREATE ROLE "+other, "CREATE GROUP "+other)
	changes := 0
	for sql, want := range map[string]string{
		"GRANT SELECT ON governed_shop.customer TO " + bob:                                                                    "somebody gave SELECT on the whole to " + bob,
		"GRANT SELECT ON governed_shop.customer TO PUBLIC":                                                                    "somebody gave SELECT on the whole to public",
		"GRANT SELECT ON governed_shop.customer TO ROLE " + other:                                                             "somebody gave SELECT on the whole to role " + other,
		"GRANT SELECT ON governed_shop.customer TO GROUP " + other:                                                            "somebody gave SELECT on the whole to group " + other,
		"REVOKE SELECT ON governed_shop.customer FROM ROLE " + role:                                                           "somebody took SELECT on the whole from " + role,
		"GRANT SELECT ON postern_system.profile TO " + bob:                                                                    "somebody gave SELECT on the whole to " + bob,
		"GRANT CREATE ON SCHEMA governed_shop TO " + bob:                                                                      "somebody gave CREATE on the whole to " + bob,
		"GRANT EXECUTE ON PROCEDURE postern_procedures.drop_profile(varchar) TO " + bob:                                       "somebody gave EXECUTE on the whole to " + bob,
		"REVOKE ROLE " + role + " FROM " + bob:                                                                                "somebody ended its membership of " + role,
		"GRANT ROLE " + role + " TO ROLE " + other:                                                                            "somebody made it a member of " + role,
		"CREATE OR REPLACE VIEW governed_sales.orders AS SELECT * FROM sales.orders":                                          "somebody changed the view",
		"DROP VIEW governed_sales.orders":                                                                                     "somebody dropped the view",
		"UPDATE postern_system.profile SET flags = '' WHERE account = '" + bob + "'":                                          "",
		"DELETE FROM postern_system.admission":                                                                                "",
		"INSERT INTO postern_system.admission SELECT view_schema, view_name, digest, role_name FROM postern_system.admission": "",
		"UPDATE postern_system.admission SET digest = ''":                                                                     "",
		"INSERT INTO postern_system.entitlement VALUES ('" + bob + "', 'table', ';', 'x')":                                    "",
	} {
		changes++
		w.exec(sql)
		r, err := w.syncer().Sync(t.Context(), w.input())
		if err != nil || !r.Done {
			t.Fatalf("%s: %v, %+v", sql, err, r)
		}
		if r.Plan.Empty() {
			t.Errorf("%s: nothing was done", sql)
		}
		if want != "" && !slices.ContainsFunc(r.Findings, func(f push.Finding) bool { return f.Kind == push.Drifted && strings.Contains(f.Detail, want) }) {
			t.Errorf("%s: %v does not say: %s", sql, r.Findings, want)
		}
		w.reads("bob", "SELECT * FROM governed_shop.customer", "2|b|NULL|2|ASIA")
		if again, err := w.syncer().Plan(t.Context(), w.input()); err != nil || !again.Empty() {
			t.Errorf("%s: there is more to do: %v\n%s", sql, err, again)
		}
	}
	t.Logf("%d changes behind our back were found and undone", changes)
}

// TestRedshiftOnlyTheGrantor: a grant of somebody else's on a table of somebody else's is not ours to take back. It is told at each run, and nothing else is kept from being
// done by it.
func TestRedshiftOnlyTheGrantor(t *testing.T) {
	w := newStore(t)
	w.sync()
	role := w.value("SELECT role_name FROM svv_user_grants WHERE user_name = '" + w.accounts["ann"] + "' AND role_name LIKE '%_read'")
	for _, privilege := range []string{"SELECT", "SELECT (c_name)"} {
		w.exec("GRANT "+privilege+" ON shop.customer TO ROLE "+role, "REVOKE SELECT ON governed_shop.customer FROM ROLE "+role)
		r, err := w.syncer().Sync(t.Context(), w.input())
		if err != nil || r.Done {
			t.Errorf("%s: done %v, %v", privilege, r.Done, err)
		}
		if !slices.ContainsFunc(r.Findings, func(f push.Finding) bool {
			return f.Kind == push.Blocked && strings.Contains(f.Detail, "still to be done: REVOKE SELECT") &&
				strings.HasSuffix(f.Detail, `"shop"."customer" FROM ROLE "`+role+`"; awsuser granted it, and nobody else can take it back: awsuser or a superuser runs that`)
		}) {
			t.Errorf("%s: nothing is said of it: %v", privilege, r.Findings)
		}
		w.reads("bob", "SELECT * FROM governed_shop.customer", "2|b|NULL|2|ASIA")
		w.exec("REVOKE " + privilege + " ON shop.customer FROM ROLE " + role)
		w.sync()
	}
}

// TestRedshiftUnregistered: nothing is left.
func TestRedshiftUnregistered(t *testing.T) {
	w := newStore(t)
	traces := "SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname LIKE 'governed%' OR nspname LIKE 'postern%' UNION ALL SELECT 'role ' || role_name FROM svv_roles WHERE role_name LIKE '" + w.settings.RolePrefix + "%'" +
		" UNION ALL SELECT 'privilege of ' || identity_name FROM svv_relation_privileges WHERE identity_name LIKE '" + w.settings.RolePrefix + "%'"
	w.sync()
	if w.value(traces) == "" {
		t.Fatal("nothing was made")
	}
	r, err := w.syncer().Remove(t.Context(), w.input())
	if err != nil || !r.Done {
		t.Fatalf("%v, %+v", err, r)
	}
	if got := w.value(traces); got != "" {
		t.Errorf("there is left\n%s", got)
	}
	w.reads("ann", "SELECT n_name FROM shop.nation", "")
	if r, err = w.syncer().Remove(t.Context(), w.input()); err != nil || !r.Done {
		t.Errorf("again: %v", err)
	}
	w.sync()
	w.reads("ann", "SELECT n_name FROM shop.nation", "FRANCE\nJAPAN")
}
