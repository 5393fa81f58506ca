package push_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/push"
)

// TestFunctionsAndSecrets: every function that registration and push make pins its search path and is for nobody by way of PUBLIC; what they keep, keys and
// tickets first, is for its owner alone, or for the system role where somebody else owns it.
func TestFunctionsAndSecrets(t *testing.T) {
	w := newShop(t)
	w.sync()
	const functions = `SELECT count(*), count(*) FILTER (WHERE p.proconfig IS NULL OR NOT EXISTS (SELECT FROM unnest(p.proconfig) AS o (setting) WHERE o.setting ~ '^search_path=(pg_catalog, )?pg_temp$|^search_path=pg_catalog, ')),
    count(*) FILTER (WHERE EXISTS (SELECT FROM aclexplode(COALESCE(p.proacl, acldefault('f', p.proowner))) AS a WHERE a.grantee = 0))
FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace WHERE n.nspname IN ('postern_functions', 'postern_system')`
	got := strings.Split(w.value(w.admin, functions), "|")
	if n, err := strconv.Atoi(got[0]); err != nil || n < 5 || got[1] != "0" || got[2] != "0" {
		t.Errorf("of %s functions %s pin no search path, and %s are for PUBLIC", got[0], got[1], got[2])
	}
	tables := w.value(w.admin, `SELECT n.nspname || '.' || c.relname || ' ' || string_agg(DISTINCT CASE a.grantee WHEN c.relowner THEN 'owner' WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee) END, ' ' ORDER BY CASE a.grantee WHEN c.relowner THEN 'owner' WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee) END)
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace, aclexplode(COALESCE(c.relacl, acldefault('r', c.relowner))) AS a
WHERE n.nspname IN ('postern_functions', 'postern_system') AND c.relkind = 'r' GROUP BY n.nspname, c.relname`)
	names := 0
	for _, line := range strings.Split(tables, "\n") {
		name, who, _ := strings.Cut(line, " ")
		if names++; who != "owner" {
			t.Errorf("%s is for %s", name, who)
		}
	}
	if names < 6 || !strings.Contains(tables, "postern_functions.keys ") || !strings.Contains(tables, "postern_system.ticket ") {
		t.Errorf("these are kept:\n%s", tables)
	}
	t.Logf("%s functions, %d tables", got[0], names)
	for _, conn := range w.log() {
		for _, sql := range []string{"SELECT * FROM postern_functions.keys", "SELECT * FROM postern_system.ticket", "SELECT * FROM postern_system.profile", "SELECT * FROM postern_system.user_profile"} {
			w.refused(conn, sql, "42501")
		}
	}
}

// TestOwnProfileAlone: where row policies look people up everybody reads their own row of the profile, by who they are logged in as, and nobody else's.
func TestOwnProfileAlone(t *testing.T) {
	w := newShop(t)
	w.data = w.data[:1]
	w.settings.Enforce = push.EnforceRowSecurity
	owner := w.role("owner")
	w.exec(w.admin, "ALTER TABLE public.customer OWNER TO "+owner+"; GRANT "+owner+" TO "+w.settings.SystemRole)
	w.sync()
	for who, conn := range w.log() {
		if got := w.value(conn, "SELECT user_name FROM postern_system.user_profile"); got != who {
			t.Errorf("%s reads the profile of %q", who, got)
		}
		w.refused(conn, "SELECT * FROM postern_system.profile", "42501")
	}
	if _, err := w.syncer().Remove(t.Context(), w.input()); err != nil {
		t.Error(err)
	}
}

// TestProgressIsRecorded: each transaction notes in the database how far the plan has come, and of which version of the policies it is.
func TestProgressIsRecorded(t *testing.T) {
	w := newShop(t)
	w.settings.MaxLocks = 14
	var noted []string
	s := w.syncer(func(c *push.Config) {
		c.Committed(func() {
			noted = append(noted, w.value(w.admin, "SELECT step, steps, program FROM postern_system.sync"))
		})
	})
	in := w.input()
	r, err := s.Sync(t.Context(), in)
	if err != nil || !r.Done || len(noted) != r.Transactions || len(noted) < 3 {
		t.Fatal(err, r, noted)
	}
	last := 0
	for _, line := range noted {
		v := strings.Split(line, "|")
		step, err := strconv.Atoi(v[0])
		steps, failed := strconv.Atoi(v[1])
		if err != nil || failed != nil || step < 1 || step > steps || v[2] != r.Program {
			t.Errorf("%q is noted under %s", line, r.Program)
		}
		// Search paths are counted by themselves.
		if step <= last && step != 1 {
			t.Errorf("step %d comes after step %d", step, last)
		}
		last = step
	}
	t.Logf("%d transactions: %s", len(noted), strings.Join(noted, ", "))
}

// TestRolesOfManagedServers: being in what managed servers have in the place of a superuser, and in a role that they give to read everything, is told.
func TestRolesOfManagedServers(t *testing.T) {
	w := newShop(t)
	w.sync()
	ann := w.accounts["ann"]
	for _, name := range []string{"neon_superuser", "rds_superuser", "cloudsqlsuperuser", "azure_pg_admin"} {
		w.exec(w.admin, "CREATE ROLE "+name)
		w.roles = append(w.roles, name)
		w.told("GRANT "+name+" TO "+ann, "REVOKE "+name+" FROM "+ann, "role "+ann+": is a member of "+name)
	}
	w.exec(w.admin, "ALTER ROLE neon_superuser BYPASSRLS")
	w.told("GRANT neon_superuser TO "+ann, "REVOKE neon_superuser FROM "+ann, "is a member of neon_superuser, an administrator's role")
	crunchy := pgtest.Name("crunchy_read")
	w.roles = append(w.roles, crunchy)
	w.exec(w.admin, "CREATE ROLE "+crunchy+"; GRANT SELECT ON ALL TABLES IN SCHEMA public TO "+crunchy)
	w.told("GRANT "+crunchy+" TO "+ann, "REVOKE "+crunchy+" FROM "+ann, "public.customer: somebody granted SELECT to "+crunchy+": open to "+ann)
}
