package push_test

import (
	"strings"
	"testing"

	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/policy"
)

// attackedRows is attacked where what ann may not see is whole rows of tables, and other tables.
func attackedRows() string {
	return strings.NewReplacer(
		"'MARKER name ' || i", "CASE WHEN i % 4 = 0 THEN 'name ' || i ELSE 'MARKER name ' || i END", "'0' || i || ' MARKER'", "CASE WHEN i % 4 = 0 THEN '0' || i ELSE 'MARKER' END",
		"'MARKER ssn', 'MARKER@' || i, 'MARKER' || 100000 + i", "CASE WHEN i % 4 = 0 THEN 'x' ELSE 'MARKER ssn' END, CASE WHEN i % 4 = 0 THEN 'x' ELSE 'MARKER@' || i END, CASE WHEN i % 4 = 0 THEN 'x' ELSE 'MARKER' || i END",
	).Replace(attacked)
}

// TestAttacksOnRowPolicies has ann try all of the pins where the tables have row policies: whatever comes of them, no byte holds a hidden value.
func TestAttacksOnRowPolicies(t *testing.T) {
	w := newWorld(t, pgtest.Database, attackedRows(),
		identity.Spec{User: "ann", Groups: []string{"analysts"}, Attributes: map[string][]string{"region": {"EUROPE"}}},
		identity.Spec{User: "bob", Groups: []string{"analysts"}, Attributes: map[string][]string{"region": {"MARKERLAND"}}})
	var owner string
	w.secure(&owner)
	w.exec(w.admin, `UPDATE postern_functions.keys SET key = 'MARKER', inner_prefix = convert_to(domain || 'MARKER', 'UTF8'), outer_pad = 'MARKER'`)
	w.subscriptions = []policy.SubscriptionPolicy{
		grant("analysts", tables("public.nation", "public.customer", "public.orders", "public.parent"), policy.Allow{When: "isInGroups('analysts')"}),
		grant("bob", tables("public.own"), policy.Allow{Users: []string{"bob"}}),
	}
	rows := func(table, rule string) policy.DataPolicy {
		return policy.DataPolicy{Name: table, On: tables("public." + table), Rules: []policy.Rule{{Rows: rule}}}
	}
	w.data = []policy.DataPolicy{rows("customer", "@attributeValuesContains('region', region)"), rows("orders", "customer_id % 4 = 0"), rows("parent", "v NOT LIKE 'MARKER%'")}
	w.sync()
	if n := w.value(w.admin, "SELECT count(*) FROM pg_class WHERE relrowsecurity"); n != "3" {
		t.Fatalf("%s tables have row policies", n)
	}
	w.exec(w.admin, "CREATE SCHEMA lab; GRANT ALL ON SCHEMA lab TO "+w.accounts["ann"])
	if got := w.value(w.as(w.accounts["ann"]), "SELECT (SELECT count(*) FROM customer), (SELECT count(*) FROM orders), (SELECT count(*) FROM parent)"); got != "50|50|1" {
		t.Fatalf("ann sees %s", got)
	}
	all, received := attacks(t), 0
	for _, a := range all {
		t.Run(a.name, func(t *testing.T) {
			// The pins are of views; here they find the tables.
			for i := range a.statements {
				a.statements[i] = strings.ReplaceAll(a.statements[i], "governed_public.", "public.")
			}
			_, n := w.attack(t, a)
			received += n
		})
	}
	t.Logf("%d attacks on tables with row policies, %d bytes without a marker", len(all), received)
	if len(all) < 150 {
		t.Error("there are too few")
	}
}
