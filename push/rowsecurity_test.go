package push_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/push"
)

// newSecuredShop is newShop where tables belong to an owner of whom the system role is a member, and nothing is masked in customer.
func newSecuredShop(t *testing.T) (w *world, owner string) {
	t.Helper()
	w = newShop(t)
	w.secure(&owner)
	w.data = w.data[:1]
	return w, owner
}

// secure gives all tables to an owner of whom the system role is a member, and wants row policies.
func (w *world) secure(owner *string) {
	w.t.Helper()
	*owner = pgtest.Name("owner")
	w.roles = append(w.roles, *owner)
	w.exec(w.admin, "CREATE ROLE "+*owner+" LOGIN PASSWORD 'pw'; GRANT USAGE, CREATE ON SCHEMA public TO "+*owner)
	for _, table := range w.tables {
		w.exec(w.admin, `ALTER TABLE "`+table.Schema+`"."`+table.Name+`" OWNER TO `+*owner)
	}
	w.exec(w.admin, "GRANT "+*owner+" TO "+w.settings.SystemRole)
	w.settings.Enforce = push.EnforceRowSecurity
}

// role makes one that can log in.
func (w *world) role(prefix string) string {
	w.t.Helper()
	name := pgtest.Name(prefix)
	w.roles = append(w.roles, name)
	w.exec(w.admin, "CREATE ROLE "+name+" LOGIN PASSWORD 'pw'")
	return name
}

// TestRowSecurity: sources that differ only in rows keep their names, and three people see theirs; the proxy's role, the owner and listed roles see all.
func TestRowSecurity(t *testing.T) {
	w, owner := newSecuredShop(t)
	etl := w.role("etl")
	w.exec(w.admin, "GRANT SELECT ON public.customer TO "+etl+"; GRANT USAGE ON SCHEMA public TO "+etl)
	w.settings.SeeAllRows = []string{etl}
	r := w.sync()
	t.Logf("%d transactions, %d statements", r.Transactions, r.Statements)
	people := w.log()
	for _, c := range []struct{ who, sql, want string }{
		{"ann", "SELECT c_custkey, c_phone FROM customer", "1|0123\n3|NULL"},
		{"bob", "SELECT c_custkey, c_phone FROM public.customer", "2|4567"},
		{"cid", "SELECT c_custkey FROM customer", "1\n2\n3\n4"},
		{"ann", `SELECT id, "Total" FROM "Sales"."Order"`, "1|10.50"},
		{"bob", "SELECT * FROM nation", "1|FRANCE\n2|JAPAN"},
		{"ann", "SELECT user_name FROM postern_system.user_profile", "ann"},
	} {
		if got := w.value(people[c.who], c.sql); got != c.want {
			t.Errorf("%s: %s:\n%s\nwant\n%s", c.who, c.sql, got, c.want)
		}
	}
	for _, role := range []string{owner, etl, w.service, w.settings.SystemRole} {
		if got := w.value(w.as(role), "SELECT count(*) FROM public.customer"); got != "4" {
			t.Errorf("%s sees %s rows", role, got)
		}
	}
	if views := w.value(w.admin, "SELECT nspname FROM pg_namespace WHERE nspname ~ '^governed'"); views != "" {
		t.Errorf("there are schemas of views: %s", views)
	}
	// The profile is looked up once, and the condition that both policies have is asked once.
	plan := w.value(people["ann"], "EXPLAIN (VERBOSE, COSTS OFF) SELECT * FROM customer")
	if strings.Count(plan, "c_region") != 2 || strings.Count(plan, "InitPlan") < 2 || strings.Contains(plan, "Filter: (SubPlan") {
		t.Errorf("the condition is asked more than once, or for each row:\n%s", plan)
	}
}

var _ = slices.Contains[[]string]
var _ = identity.Spec{}
var _ = policy.Rule{}
