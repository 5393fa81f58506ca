package push_test

import (
	"strings"
	"testing"

	"github.com/posternsql/postern/push"
)

// traces are what there is of roles and of objects in the whole database, with everybody's privileges.
func (w *world) traces() string {
	w.t.Helper()
	roles := w.value(w.admin, "SELECT rolname FROM pg_roles WHERE rolname NOT IN ('"+w.service+"', '"+w.settings.SystemRole+"')")
	members := w.value(w.admin, "SELECT pg_get_userbyid(roleid), pg_get_userbyid(member) FROM pg_auth_members")
	objects := w.value(w.admin, `SELECT 'relation', n.nspname, c.relname, c.relacl::text FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
		UNION ALL SELECT 'column', a.attrelid::regclass::text, a.attname, a.attacl::text FROM pg_attribute AS a WHERE a.attacl IS NOT NULL AND a.attrelid > 16383
		UNION ALL SELECT 'schema', nspname, '', nspacl::text FROM pg_namespace WHERE nspname !~ '^pg_toast|^pg_temp'
		UNION ALL SELECT 'function', proname, '', proacl::text FROM pg_proc WHERE oid > 16383
		UNION ALL SELECT 'setting', setrole::regrole::text, '', setconfig::text FROM pg_db_role_setting
		UNION ALL SELECT 'comment', objoid::text, '', description FROM pg_description WHERE objoid > 16383
		UNION ALL SELECT 'comment', objoid::text, '', description FROM pg_shdescription WHERE classoid = 'pg_authid'::regclass`)
	return roles + "\n" + members + "\n" + objects
}

// TestRemove: nothing is left of what was maintained, and nothing of anybody else's is gone.
func TestRemove(t *testing.T) {
	w := newShop(t)
	w.settings.GroupRoles = push.GroupRolesAll
	w.exec(w.admin, "GRANT SELECT ON public.nation TO "+w.accounts["bob"])
	before := w.traces()
	w.sync()
	if w.traces() == before {
		t.Fatal("nothing was made")
	}
	r, err := w.syncer().Remove(t.Context(), w.input())
	if err != nil {
		t.Fatal(err, r.Findings)
	}
	after := w.traces()
	if after != before {
		t.Errorf("before\n%s\nafter\n%s", lines(before, after), lines(after, before))
	}
	if r, err = w.syncer().Remove(t.Context(), w.input()); err != nil || !r.Done {
		t.Errorf("removing what is not there: %v", err)
	}
	w.sync()
}

// lines are those of a that are not in b.
func lines(a, b string) string {
	have := map[string]bool{}
	for line := range strings.Lines(b + "\n") {
		have[strings.TrimSpace(line)] = true
	}
	var out []string
	for line := range strings.Lines(a) {
		if !have[strings.TrimSpace(line)] {
			out = append(out, line)
		}
	}
	return strings.Join(out, "")
}
