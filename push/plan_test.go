package push_test

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/push"
)

var update = flag.Bool("update", false, "rewrite testdata/plans; the difference is for a reviewer to read")

// TestPlanFiles compares plans with testdata/plans, which a database administrator can read: the first one, the one of a changed attribute, one of changed
// policies at once and in several transactions, what only an administrator may run, and a view that others read.
func TestPlanFiles(t *testing.T) {
	// The names of roles, and with them the order of statements, hang on that of the database.
	w := newShopIn(t, tpch)
	first := w.moment
	w.planFile("first")
	w.sync()
	spec := w.specs["bob"]
	spec.Attributes = map[string][]string{"region": {"ASIA", "EUROPE"}}
	w.person(spec)
	if p := w.planFile("attribute"); p.Statements() != 1 {
		t.Errorf("one person's attribute takes %d statements", p.Statements())
	}
	w.settings.GroupRoles = push.GroupRolesUsed
	w.planFile("groups")
	w.settings.GroupRoles = push.GroupRolesNone
	w.set(another())
	w.planFile("policies")
	w.settings.MaxLocks = 14
	w.planFile("policies-apart")
	w.settings.MaxLocks, w.settings.CreateRoles = 0, false
	w.planFile("administrator")
	w.settings.CreateRoles = true
	w.exec(w.admin, "CREATE SCHEMA own; CREATE VIEW own.report AS SELECT c_phone FROM governed_public.customer")
	w.set(first)
	w.hidden["public.customer.c_name"] = true
	w.planFile("dependents-held")
	w.settings.AllowHazards = []push.Hazard{push.DropsDependents}
	w.planFile("dependents-allowed")
}

// tpch is a database of this name: the names of roles, and with them the order of statements, hang on it.
func tpch(t testing.TB) string { return pgtest.Cluster(t).DSN(named(t, "tpch")) }

// named makes a database, and drops it at the end.
func named(t testing.TB, name string) string {
	cluster, ctx := pgtest.Cluster(t), context.Background()
	if err := cluster.CreateDatabase(ctx, name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.DropDatabase(ctx, name); err != nil {
			t.Error(err)
		}
	})
	return name
}

// TestRowSecurityPlanFiles compares plans about row policies with testdata/plans: the first one, from views; a changed rule, at once and apart; who would lose
// rows, held back and allowed; what an administrator has to grant; and the way back to views.
func TestRowSecurityPlanFiles(t *testing.T) {
	w := newShopIn(t, tpch)
	w.data = w.data[:1]
	w.sync()
	w.settings.Enforce = push.EnforceRowSecurity
	owner, bi, etl := w.role("owner"), w.role("bi"), w.role("etl")
	w.shown = map[string]string{owner: "shop_owner", bi: "bi", etl: "etl", w.service: "postern_service"}
	for _, table := range w.tables {
		w.exec(w.admin, `ALTER TABLE "`+table.Schema+`"."`+table.Name+`" OWNER TO `+owner)
	}
	w.exec(w.admin, "GRANT SELECT ON public.customer TO "+bi+", "+etl)
	w.settings.SeeAllRows = []string{etl}
	w.planFile("rows-membership")
	w.exec(w.admin, "GRANT "+owner+" TO "+w.settings.SystemRole)
	w.planFile("rows-held")
	w.settings.AllowHazards = []push.Hazard{push.HidesRowsFromOthers}
	w.planFile("rows-first")
	w.sync()
	write := grant("writers", tables("public.customer"), policy.Allow{When: "hasAttribute('clearance', 'high')"})
	write.Access, write.Privileges = policy.AccessWrite, []policy.Privilege{policy.PrivilegeInsert, policy.PrivilegeUpdate}
	w.subscriptions = append(w.subscriptions, write)
	w.planFile("rows-writing")
	w.settings.MaxLocks = 14
	w.planFile("rows-writing-apart")
	w.settings.MaxLocks = 0
	w.settings.Enforce = push.EnforceViews
	w.planFile("rows-to-views")
}

// planFile compares the plan of now with a file. Names that differ from run to run are made the same.
func (w *world) planFile(name string) *push.Plan {
	w.t.Helper()
	p, got := w.planned()
	got = replaceWord(got, w.settings.SystemRole, "postern_system")
	for name, as := range w.shown {
		got = replaceWord(got, name, as)
	}
	got = strings.ReplaceAll(got, w.settings.RolePrefix+w.database+"_group_", "postern_tpch_group_")
	// Digests of row policies are of the names of roles, too.
	got = regexp.MustCompile(`(SELECT 'rows', n\.nspname, c\.relname, ')[0-9a-f]{32}`).ReplaceAllString(got, "${1}0123456789abcdef0123456789abcdef")
	// The files are those of PostgreSQL 15, which has no such options.
	got = strings.ReplaceAll(got, " WITH INHERIT TRUE, SET FALSE", "")
	comparePlan(w.t, name, got)
	return p
}

// planned is the plan of now, and its text with the same names for people and for digests in each run.
func (s *scene) planned() (*push.Plan, string) {
	s.t.Helper()
	p, err := s.syncer().Plan(s.t.Context(), s.input())
	if err != nil {
		s.t.Fatal(err)
	}
	text := p.String()
	for user, account := range s.accounts {
		text = replaceWord(text, account, user)
	}
	return p, regexp.MustCompile(regexp.QuoteMeta(s.settings.RolePrefix)+`[0-9a-f]{12}_`).ReplaceAllString(text, "postern_0123456789ab_")
}

// comparePlan compares a plan with a file.
func comparePlan(t testing.TB, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "plans", name+".sql")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s (run with -update and read the difference):\n%s", path, diff)
	}
}

func replaceWord(in, old, with string) string {
	return regexp.MustCompile(`\b`+regexp.QuoteMeta(old)+`\b`).ReplaceAllString(in, with)
}
