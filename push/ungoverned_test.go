package push_test

import (
	"strings"
	"testing"

	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/push"
)

// TestNotGoverned: each way around the policies is opened, found, and closed again.
func TestNotGoverned(t *testing.T) {
	w := newShop(t)
	w.sync()
	ann, bob := w.accounts["ann"], w.accounts["bob"]
	etl := pgtest.Name("etl")
	w.roles = append(w.roles, etl)
	w.exec(w.admin, "CREATE FOREIGN DATA WRAPPER around")
	w.exec(w.admin, "CREATE ROLE "+etl+"; GRANT SELECT ON public.customer TO "+etl)
	for _, c := range []struct{ open, shut, want string }{
		{"GRANT SELECT ON public.customer TO " + ann, "REVOKE SELECT ON public.customer FROM " + ann, "public.customer: somebody granted SELECT to " + ann},
		{"GRANT SELECT (c_phone) ON public.customer TO PUBLIC", "REVOKE SELECT (c_phone) ON public.customer FROM PUBLIC", "public.customer: somebody granted SELECT to public"},
		{"GRANT " + etl + " TO " + bob, "REVOKE " + etl + " FROM " + bob, "somebody granted SELECT to " + etl + ": open to " + bob},
		{"ALTER TABLE public.secret OWNER TO " + ann, "ALTER TABLE public.secret OWNER TO postgres", "public.secret: belongs to " + ann},
		{"GRANT pg_read_all_data TO " + bob, "REVOKE pg_read_all_data FROM " + bob, "role " + bob + ": is a member of pg_read_all_data"},
		{"GRANT " + ann + " TO " + bob, "REVOKE " + ann + " FROM " + bob, "is a member of " + ann + ", another person's role"},
		{"GRANT " + w.service + " TO " + bob, "REVOKE " + w.service + " FROM " + bob, "a role of Postern's own"},
		{"ALTER ROLE " + ann + " BYPASSRLS", "ALTER ROLE " + ann + " NOBYPASSRLS", "has BYPASSRLS"},
		{"ALTER ROLE " + ann + " SUPERUSER", "ALTER ROLE " + ann + " NOSUPERUSER", "is a superuser"},
		{"ALTER ROLE " + ann + " REPLICATION", "ALTER ROLE " + ann + " NOREPLICATION", "has REPLICATION"},
		{"ALTER ROLE " + ann + " CREATEROLE", "ALTER ROLE " + ann + " NOCREATEROLE", "has CREATEROLE"},
		{"CREATE VIEW public.around AS SELECT * FROM public.customer; GRANT SELECT ON public.around TO " + etl + "; GRANT " + etl + " TO " + bob, "DROP VIEW public.around; REVOKE " + etl + " FROM " + bob, "through view public.around of postgres, open to " + bob},
		{"CREATE MATERIALIZED VIEW public.around AS SELECT * FROM public.customer; GRANT SELECT ON public.around TO " + ann, "DROP MATERIALIZED VIEW public.around", "through materialized view public.around"},
		{"CREATE FUNCTION public.around() RETURNS SETOF public.customer LANGUAGE sql SECURITY DEFINER AS 'SELECT * FROM public.customer'", "DROP FUNCTION public.around", "function public.around()"},
		{"CREATE TABLE public.parent (s int); ALTER TABLE public.secret INHERIT public.parent; GRANT SELECT ON public.parent TO " + ann, "ALTER TABLE public.secret NO INHERIT public.parent; DROP TABLE public.parent", "through parent table public.parent"},
		{"CREATE VIEW public.around AS SELECT * FROM public.customer; GRANT SELECT (c_phone) ON public.around TO " + ann, "DROP VIEW public.around", "through view public.around of postgres, open to " + ann},
		{"CREATE TABLE public.heir () INHERITS (public.customer); GRANT SELECT (c_phone) ON public.heir TO " + bob, "DROP TABLE public.heir", "through child table public.heir of postgres, open to " + bob},
		{"GRANT pg_monitor TO " + bob, "REVOKE pg_monitor FROM " + bob, "role " + bob + ": is a member of pg_monitor"},
		{"CREATE SERVER back FOREIGN DATA WRAPPER around; CREATE USER MAPPING FOR PUBLIC SERVER back OPTIONS (user 'postgres'); GRANT USAGE ON FOREIGN SERVER back TO " + ann,
			"DROP SERVER back CASCADE", "role " + ann + ": may use the foreign server back"},
		{"CREATE PUBLICATION around FOR TABLE public.customer", "DROP PUBLICATION around", "published for logical replication by around"},
	} {
		// From PostgreSQL 16 on CREATEROLE gives no way into roles that others made.
		if c.want == "has CREATEROLE" && w.value(w.admin, "SELECT current_setting('server_version_num')::int >= 160000") == "t" {
			continue
		}
		w.told(c.open, c.shut, c.want)
	}
}

// told opens a way to the data and shuts it again: it is found while it is open.
func (w *world) told(open, shut, want string) {
	w.t.Helper()
	before := w.findings()
	w.exec(w.admin, open)
	if found := w.findings(); !strings.Contains(found, want) || strings.Contains(before, want) {
		w.t.Errorf("%s: %q is not found, or was found before\n%s", open, want, found)
	}
	w.exec(w.admin, shut)
	if after := w.findings(); after != before {
		w.t.Errorf("%s leaves\n%s", shut, lines(after, before))
	}
}

// findings of a plan that are not governed.
func (w *world) findings() string {
	w.t.Helper()
	p, err := w.syncer().Plan(w.t.Context(), w.input())
	if err != nil {
		w.t.Fatal(err)
	}
	var out []string
	for _, f := range p.Findings {
		if f.Kind == push.NotGoverned {
			out = append(out, f.String())
		}
	}
	return strings.Join(out, "\n")
}
