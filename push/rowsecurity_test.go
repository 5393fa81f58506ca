package push_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

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

// TestRowSecurityByViewInstead: where row policies cannot be had, or would hide rows from others, there is a view, and it is said why.
func TestRowSecurityByViewInstead(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(w *world, owner string)
		want  string
		// dba is what an administrator is asked to run.
		dba string
	}{
		"no member":                    {func(w *world, owner string) { w.exec(w.admin, "REVOKE "+owner+" FROM "+w.settings.SystemRole) }, "is not a member of", "GRANT "},
		"a superuser's":                {func(w *world, _ string) { w.exec(w.admin, "ALTER TABLE public.customer OWNER TO postgres") }, "belongs to postgres, a superuser", ""},
		"another reader":               {func(w *world, _ string) { w.exec(w.admin, "GRANT SELECT ON public.customer TO "+w.role("bi")) }, "would hide all of its rows from bi_", ""},
		"another reader of one column": {func(w *world, _ string) { w.exec(w.admin, "GRANT SELECT (c_name) ON public.customer TO "+w.role("bi")) }, "would hide all of its rows from bi_", ""},
		"everybody":                    {func(w *world, _ string) { w.exec(w.admin, "GRANT SELECT ON public.customer TO PUBLIC") }, "would hide all of its rows from PUBLIC", ""},
		"another writer":               {func(w *world, _ string) { w.exec(w.admin, "GRANT INSERT ON public.customer TO "+w.role("bi")) }, "would hide all of its rows from bi_", ""},
		"who reads all data":           {func(w *world, _ string) { w.exec(w.admin, "GRANT pg_read_all_data TO "+w.role("backup")) }, "would hide all of its rows from backup_", ""},
		"policies of others":           {func(w *world, _ string) { w.exec(w.admin, "CREATE POLICY theirs ON public.customer USING (true)") }, "would come into force: theirs", ""},
		"a mask": {func(w *world, _ string) {
			w.data = append(w.data, policy.DataPolicy{Name: "m", On: tables("public.customer"), Rules: []policy.Rule{{Mask: &policy.Mask{Columns: []string{"c_name"}, Null: true}}}})
		}, "column c_name is masked", ""},
		"a hidden column": {func(w *world, _ string) { w.hidden["public.customer.c_name"] = true }, "has hidden columns", ""},
		"another table": {func(w *world, _ string) {
			w.data = append(w.data, policy.DataPolicy{Name: "n", On: tables("public.customer"), Rules: []policy.Rule{{Rows: "c_nationkey IN (SELECT n_nationkey FROM public.nation WHERE n_name = @username OR n_nationkey < 5) OR c_nationkey IS NULL"}}})
		}, "reads public.nation", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w, owner := newSecuredShop(t)
			c.spoil(w, owner)
			r := w.sync()
			found := ""
			for _, f := range r.Findings {
				if f.Kind == push.ByView && f.Object == "public.customer" {
					found = f.Detail
				}
			}
			if !strings.Contains(found, c.want) {
				t.Errorf("%q is not said: %q", c.want, found)
			}
			if len(r.Plan.ByDBA) > 0 != (c.dba != "") || c.dba != "" && !strings.HasPrefix(r.Plan.ByDBA[0], c.dba) {
				t.Errorf("for an administrator: %v", r.Plan.ByDBA)
			}
			ann := w.as(w.accounts["ann"])
			if got := w.value(ann, "SELECT c_custkey FROM governed_public.customer"); got != "1\n3" {
				t.Errorf("ann sees\n%s", got)
			}
			if rls := w.value(w.admin, "SELECT relrowsecurity FROM pg_class WHERE oid = 'public.customer'::regclass"); rls != "f" {
				t.Error("row security is on")
			}
			if name != "no member" && name != "who reads all data" {
				if got := w.value(ann, `SELECT id FROM "Sales"."Order"`); got != "1" {
					t.Errorf("the other table: ann sees\n%s", got)
				}
			}
		})
	}
}

// TestHidesRowsFromOthers: with the hazard allowed the plan names who loses rows; later readers are no hazard, and nothing turns back.
func TestHidesRowsFromOthers(t *testing.T) {
	w, _ := newSecuredShop(t)
	bi, etl := w.role("bi"), w.role("etl")
	w.exec(w.admin, "GRANT USAGE ON SCHEMA public TO PUBLIC; GRANT SELECT ON public.customer TO "+bi+", "+etl)
	w.settings.AllowHazards = []push.Hazard{push.HidesRowsFromOthers}
	w.settings.SeeAllRows = []string{etl}
	plan, err := w.syncer().Plan(t.Context(), w.input())
	if err != nil {
		t.Fatal(err)
	}
	if text := plan.String(); !strings.Contains(text, "-- HIDES_ROWS_FROM_OTHERS\n-- hides all rows from "+bi+"\nALTER TABLE public.customer ENABLE") || strings.Contains(text, "from "+bi+", ") {
		t.Errorf("the plan does not name %s alone:\n%s", bi, text)
	}
	w.sync()
	rows := func(role string) string { return w.value(w.as(role), "SELECT count(*) FROM public.customer") }
	if rows(bi) != "0" || rows(etl) != "4" {
		t.Errorf("%s sees %s rows, %s %s", bi, rows(bi), etl, rows(etl))
	}
	// Whoever is granted something later never saw any.
	w.settings.AllowHazards = nil
	w.exec(w.admin, "GRANT SELECT ON public.customer TO "+w.role("later"))
	w.sync()
	if rows(bi) != "0" {
		t.Error("it turned back to a view")
	}
	// Taking a role from the list hides rows from it.
	w.settings.SeeAllRows = nil
	r := w.sync()
	if !strings.Contains(r.Plan.String(), "hide all of its rows from "+etl) {
		t.Errorf("it is not said:\n%s", r.Plan)
	}
	if rows(etl) != "4" {
		t.Errorf("%s sees %s rows", etl, rows(etl))
	}
}

// TestRowSecurityHolds: ways to see or guess hidden rows that do not work, and what is refused.
func TestRowSecurityHolds(t *testing.T) {
	w, _ := newSecuredShop(t)
	w.exec(w.admin, "GRANT CREATE ON SCHEMA public TO PUBLIC; CREATE INDEX ON public.customer (c_region); ANALYZE public.customer")
	w.sync()
	people := w.log()
	ann, bob := people["ann"], people["bob"]
	reader := w.value(w.admin, "SELECT rolname FROM pg_roles WHERE starts_with(rolname, '"+w.settings.RolePrefix+"') AND rolname ~ '_read$'")
	w.exec(ann, "CREATE TABLE public.seen (id int); CREATE FUNCTION public.leak(k int, r text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$ BEGIN INSERT INTO public.seen VALUES (k); RETURN true; END $$")
	w.exec(ann, `CREATE FUNCTION public.eq(a text, b text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$ BEGIN RAISE NOTICE '%', a; RETURN true; END $$;
		CREATE OPERATOR public.=== (LEFTARG = text, RIGHTARG = text, FUNCTION = public.eq, RESTRICT = eqsel)`)
	for _, sql := range []string{
		"SELECT c_custkey FROM customer WHERE leak(c_custkey, c_region)", "SELECT c_custkey FROM customer WHERE leak(c_custkey, c_name) AND c_region = 'EUROPE'",
		"SELECT c_custkey FROM (SELECT * FROM customer) AS c WHERE leak(c_custkey, '')", "SELECT a.c_custkey FROM customer AS a JOIN nation ON leak(a.c_custkey, n_name) AND n_nationkey = 1",
		"SELECT c_custkey FROM customer WHERE 1 / (c_custkey - 2) < 5", "SELECT c_custkey FROM ONLY customer WHERE c_phone::int < 200 OR c_phone IS NULL",
		"WITH x AS (SELECT * FROM customer) SELECT c_custkey FROM x WHERE leak(c_custkey, '')", "SELECT c_custkey FROM customer TABLESAMPLE BERNOULLI (100)",
		"SELECT c_custkey FROM customer WHERE c_custkey IN (1, 2, 3, 4)", "SET enable_seqscan = off; SELECT c_custkey FROM customer WHERE leak(c_custkey, '') AND c_region >= 'A'",
		"SELECT c_custkey FROM customer AS c WHERE c.c_region IN (SELECT c_region FROM customer)", "EXECUTE p",
	} {
		if sql == "EXECUTE p" {
			w.exec(ann, "PREPARE p AS SELECT c_custkey FROM customer WHERE leak(c_custkey, c_region)")
		}
		if got := w.value(ann, sql); got != "1\n3" {
			t.Errorf("%s:\n%s", sql, got)
		}
	}
	if got := w.value(ann, "SELECT DISTINCT id FROM public.seen WHERE id NOT IN (1, 3)"); got != "" {
		t.Errorf("a function of ann's ran on the hidden rows %s", got)
	}
	var notices []string
	listen := w.listening(w.accounts["ann"], &notices)
	w.exec(listen, "EXPLAIN SELECT * FROM public.customer WHERE c_region OPERATOR(public.===) 'x'; SELECT count(*) FROM public.customer WHERE c_region OPERATOR(public.===) 'x'")
	if all := strings.Join(notices, " "); strings.Contains(all, "ASIA") || !strings.Contains(all, "EUROPE") {
		t.Errorf("an operator of ann's ran on hidden values: %s", all)
	}
	for _, c := range []struct{ sql, want string }{
		{"SELECT count(*) FROM pg_stats WHERE tablename = 'customer'", "0"}, {"SELECT count(*) FROM postern_system.user_profile", "1"},
	} {
		if got, _ := fetch(t.Context(), ann, c.sql); got != c.want {
			t.Errorf("%s: %s", c.sql, got)
		}
	}
	for _, c := range []struct{ sql, code string }{
		{"BEGIN; SET LOCAL row_security = off; SELECT * FROM customer", "42501"}, {"SELECT ctid FROM customer", "42501"}, {"TRUNCATE customer", "42501"}, {"DELETE FROM customer", "42501"},
		{"ALTER TABLE customer DISABLE ROW LEVEL SECURITY", "42501"}, {"CREATE POLICY mine ON customer USING (true)", "42501"}, {"CREATE TABLE k () INHERITS (customer)", "42501"},
		{"CREATE TABLE k (c int REFERENCES public.customer)", "42501"}, {"CREATE TRIGGER x AFTER INSERT ON customer EXECUTE FUNCTION suppress_redundant_updates_trigger()", "42501"},
		{"SELECT * FROM postern_system.profile", "42501"}, {"SELECT * FROM postern_system.ticket", "42501"}, {"SELECT * FROM customer FOR UPDATE", "42501"},
		{"UPDATE postern_system.user_profile SET flags = '{}'", "42501"}, {"BEGIN; SET LOCAL ROLE " + reader + "; SELECT * FROM public.customer", "42501"}, {"BEGIN; LOCK TABLE customer IN EXCLUSIVE MODE", "42501"},
	} {
		w.refused(ann, c.sql, c.code)
		_, _ = fetch(t.Context(), ann, "ROLLBACK")
	}
	if got := w.value(ann, "COPY (SELECT c_custkey FROM customer) TO STDOUT; SELECT 1"); got != "1" {
		t.Error(got)
	}
	// What ann makes on top of a table shows others nothing of hers, nor of anybody's.
	w.exec(ann, "CREATE VIEW public.mine AS SELECT c_custkey FROM customer; GRANT SELECT ON public.mine TO PUBLIC")
	if got := w.value(bob, "SELECT * FROM public.mine"); got != "2" {
		t.Errorf("bob reads ann's view: %s", got)
	}
	w.exec(w.admin, "GRANT SELECT ON public.customer TO "+w.accounts["bob"]+"; REVOKE "+reader+" FROM "+w.accounts["bob"]+" GRANTED BY "+w.settings.SystemRole)
	if got := w.value(bob, "SELECT count(*) FROM customer"); got != "0" {
		t.Errorf("somebody granted bob the table, of whom no policy is: %s rows", got)
	}
	if code := w.as(w.service); w.value(code, "SELECT count(*) FROM public.mine") != "0" {
		t.Error("the view shows rows to who has no profile")
	}
}

// listening logs in and keeps what the server says beside.
func (w *world) listening(role string, notices *[]string) *pgconn.PgConn {
	w.t.Helper()
	c, err := pgconn.ParseConfig(pgtest.Cluster(w.t).URL(role, "pw", w.database))
	if err != nil {
		w.t.Fatal(err)
	}
	c.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { *notices = append(*notices, n.Message) }
	conn, err := pgconn.ConnectConfig(w.t.Context(), c)
	if err != nil {
		w.t.Fatal(err)
	}
	w.dialed = append(w.dialed, conn)
	return conn
}
