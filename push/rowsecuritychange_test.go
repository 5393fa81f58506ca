package push_test

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/push"
	"github.com/posternsql/postern/warehouse"
)

// TestRowSecurityWriting: people write to the rows that they see, and to no others; new rows must be such rows.
func TestRowSecurityWriting(t *testing.T) {
	w, _ := newSecuredShop(t)
	write := grant("writers", tables("public.customer"), policy.Allow{When: "hasAttribute('clearance', 'high')"})
	write.Access = policy.AccessWrite
	w.subscriptions = append(w.subscriptions, write)
	r := w.sync()
	if !slices.ContainsFunc(r.Findings, func(f push.Finding) bool { return f.Kind == push.NotGiven && strings.Contains(f.Detail, "TRUNCATE") }) {
		t.Errorf("TRUNCATE is not spoken of: %v", r.Findings)
	}
	people := w.log()
	ann := people["ann"]
	for _, c := range []struct{ sql, code, rows string }{
		{"INSERT INTO customer VALUES (10, 'x', NULL, 1, 'EUROPE') RETURNING c_custkey", "", "10"},
		{"INSERT INTO customer VALUES (11, 'x', NULL, 1, 'ASIA')", "42501", ""},
		{"INSERT INTO customer VALUES (11, 'x', NULL, 1, NULL)", "42501", ""},
		{"UPDATE customer SET c_name = 'y' RETURNING c_custkey", "", "1\n10\n3"},
		{"UPDATE customer SET c_name = 'y'", "", ""},
		{"UPDATE customer SET c_region = 'ASIA' WHERE c_custkey = 1", "42501", ""},
		{"UPDATE customer SET c_name = 'z' WHERE c_custkey = 2 RETURNING 1", "", ""},
		{"INSERT INTO customer VALUES (2, 'x', NULL, 1, 'EUROPE') ON CONFLICT (c_custkey) DO UPDATE SET c_name = 'taken'", "42501", ""},
		{"INSERT INTO customer VALUES (2, 'x', NULL, 1, 'EUROPE') ON CONFLICT DO NOTHING", "", ""},
		{"INSERT INTO customer VALUES (3, 'x', NULL, 1, 'EUROPE') ON CONFLICT (c_custkey) DO UPDATE SET c_name = 'mine' RETURNING c_name", "", "mine"},
		{"MERGE INTO customer USING (VALUES (1), (2)) AS v (k) ON c_custkey = k WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN DO NOTHING", "", ""},
		{"DELETE FROM customer RETURNING c_custkey", "", "10\n3"},
		{"TRUNCATE customer", "42501", ""},
	} {
		rows, err := fetch(t.Context(), ann, c.sql)
		if code := sqlState(err); code != c.code || rows != c.rows {
			t.Errorf("%s: %q %v, want %q %q", c.sql, rows, err, c.rows, c.code)
		}
	}
	if _, err := ann.CopyFrom(t.Context(), strings.NewReader("20\tx\t\\N\t1\tEUROPE\n"), "COPY customer FROM STDIN"); sqlState(err) != "0A000" {
		t.Errorf("COPY FROM: %v", err)
	}
	for _, sql := range []string{"INSERT INTO customer VALUES (12, 'x', NULL, 1, 'ASIA')", "UPDATE customer SET c_name = 'y'", "DELETE FROM customer"} {
		w.refused(people["bob"], sql, "42501")
	}
	if got := w.value(w.admin, "SELECT c_custkey, c_name FROM customer"); got != "2|b\n4|d" {
		t.Errorf("there is\n%s", got)
	}
	if got := w.value(w.as(w.service), "SELECT count(*) FROM customer"); got != "2" {
		t.Errorf("the proxy's role sees %s rows", got)
	}
}

func sqlState(err error) string {
	var pg *pgconn.PgError
	if err != nil && errors.As(err, &pg) {
		return pg.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// TestRowSecurityAndChildren: the policies of a table hold for what its children show through it; the children themselves are open to nobody of ours.
func TestRowSecurityAndChildren(t *testing.T) {
	w, _ := newSecuredShop(t)
	w.exec(w.admin, `CREATE TABLE public.sale (id int, c_region text) PARTITION BY LIST (c_region);
		CREATE TABLE public.sale_eu PARTITION OF public.sale FOR VALUES IN ('EUROPE'); CREATE TABLE public.sale_other PARTITION OF public.sale DEFAULT;
		INSERT INTO public.sale VALUES (1, 'EUROPE'), (2, 'ASIA'), (3, NULL);
		CREATE TABLE public.old_customer () INHERITS (public.customer); INSERT INTO public.old_customer VALUES (90, 'old', NULL, 1, 'EUROPE'), (91, 'old', NULL, 1, 'ASIA');
		ALTER TABLE public.sale OWNER TO `+w.value(w.admin, "SELECT relowner::regrole FROM pg_class WHERE oid = 'public.customer'::regclass")+`;
		GRANT ALL ON public.sale TO `+w.settings.SystemRole+" WITH GRANT OPTION; GRANT SELECT ON public.sale TO "+w.service)
	w.tables = append(w.tables, warehouse.TableName{Schema: "public", Name: "sale"})
	w.subscriptions = append(w.subscriptions, grant("sales", tables("public.sale"), policy.Allow{Anyone: true}))
	w.data = append(w.data, policy.DataPolicy{Name: "sale", On: tables("public.sale"), Rules: []policy.Rule{{Rows: "@attributeValuesContains('region', c_region)", ExceptFor: "isInGroups('global')"}}})
	w.sync()
	people := w.log()
	for _, c := range []struct{ who, sql, want string }{
		{"ann", "SELECT id FROM sale", "1"}, {"bob", "SELECT id FROM sale", "2"}, {"cid", "SELECT id FROM sale", "1\n2\n3"}, {"ann", "SELECT c_custkey FROM customer", "1\n3\n90"},
		{"ann", "SELECT c_custkey FROM ONLY customer", "1\n3"}, {"bob", "SELECT tableoid FROM sale WHERE false", ""},
	} {
		if got, err := fetch(t.Context(), people[c.who], c.sql); got != c.want {
			t.Errorf("%s: %s: %s %v", c.who, c.sql, got, err)
		}
	}
	for _, table := range []string{"sale_eu", "sale_other", "old_customer"} {
		w.refused(people["cid"], "SELECT * FROM "+table, "42501")
	}
	w.exec(w.admin, "GRANT SELECT ON public.sale_other TO "+w.accounts["ann"])
	if found := w.findings(); !strings.Contains(found, "public.sale: can be read through child table sale_other") && !strings.Contains(found, "public.sale: can be read through child table public.sale_other") {
		t.Errorf("a way around is not found:\n%s", found)
	}
}

// TestRowSecurityDrift: whatever somebody does to our row policies is found and undone, and shows people no more than before, not even meanwhile.
func TestRowSecurityDrift(t *testing.T) {
	w, owner := newSecuredShop(t)
	w.sync()
	people := w.log()
	want := w.probe(people)
	reader := w.value(w.admin, "SELECT rolname FROM pg_roles WHERE starts_with(rolname, '"+w.settings.RolePrefix+"') AND rolname ~ '_read$'")
	tried := 0
	for _, c := range []struct {
		sql string
		// wider says that people see more until it is undone: nothing can keep the owner from that.
		wider bool
	}{
		{"DROP POLICY postern_read ON public.customer", false}, {"DROP POLICY postern_read_bound ON public.customer", false}, {"DROP POLICY postern_all_rows ON public.customer", false},
		{"ALTER POLICY postern_read ON public.customer USING (true)", false}, {"ALTER POLICY postern_read_bound ON public.customer USING (true)", false},
		{"ALTER POLICY postern_read ON public.customer TO PUBLIC", false}, {"ALTER POLICY postern_read_bound ON public.customer TO " + w.service, false},
		{"ALTER POLICY postern_read ON public.customer RENAME TO other", false}, {"DROP POLICY postern_read ON public.customer; DROP POLICY postern_read_bound ON public.customer", false},
		{"ALTER TABLE public.customer DISABLE ROW LEVEL SECURITY", true}, {"ALTER TABLE public.customer FORCE ROW LEVEL SECURITY", false},
		{"ALTER POLICY postern_all_rows ON public.customer TO PUBLIC", false},
		{"DELETE FROM postern_system.profile", false}, {"UPDATE postern_system.profile SET flags = '{}'", false},
		{"REVOKE SELECT ON postern_system.user_profile FROM " + w.value(w.admin, "SELECT rolname FROM pg_roles WHERE starts_with(rolname, '"+w.settings.RolePrefix+"') AND rolname ~ '_profile$'"), false},
		{"GRANT SELECT ON postern_system.user_profile TO PUBLIC; GRANT USAGE ON SCHEMA postern_system TO PUBLIC", false},
		{"GRANT TRUNCATE, INSERT ON public.customer TO " + reader, false},
		{"ALTER TABLE public.customer RENAME TO client; ALTER TABLE public.client RENAME TO customer", false},
		{"CREATE POLICY theirs ON public.customer USING (true)", false},
		{"ALTER POLICY theirs ON public.customer TO " + reader, false},
	} {
		by := w.admin
		if strings.HasPrefix(c.sql, "GRANT TRUNCATE") {
			by = w.as(w.settings.SystemRole)
		}
		w.exec(by, c.sql)
		tried++
		for _, bad := range w.probe(people).between(want, want) {
			if !c.wider && !strings.Contains(bad, "user_profile: sees") {
				t.Errorf("%s: meanwhile %s", c.sql, bad)
			}
		}
		others := strings.Contains(c.sql, "theirs") || strings.Contains(c.sql, "client")
		r, err := w.syncer().Sync(t.Context(), w.input())
		if err != nil || !r.Done {
			t.Fatalf("%s: %v, %v", c.sql, err, r.Findings)
		}
		if r.Plan.Empty() != others {
			t.Errorf("%s: nothing is found", c.sql)
		}
		if said := fmt.Sprint(r.Findings); strings.Contains(c.sql, "theirs") && !strings.Contains(said, "somebody made the row policies theirs") {
			t.Errorf("%s: it is not told: %s", c.sql, said)
		}
		if again, err := w.syncer().Plan(t.Context(), w.input()); err != nil || !again.Empty() {
			t.Errorf("%s: then there is still to do: %v\n%s", c.sql, err, again)
		}
		if got := w.probe(people); !got.equal(want) {
			t.Errorf("%s: people see something else", c.sql)
		}
	}
	t.Logf("%d changes were found and undone, or told", tried)
	w.exec(w.admin, "GRANT TRUNCATE ON public.customer TO "+reader)
	if found := w.findings(); !strings.Contains(found, "public.customer: TRUNCATE was granted to "+reader+" by "+owner) {
		t.Errorf("what the owner gave is not told:\n%s", found)
	}
	w.exec(w.admin, "REVOKE TRUNCATE ON public.customer FROM "+reader)
	// Without the owner's rights what is there stays, and what must change has an administrator's script.
	w.exec(w.admin, "DROP POLICY theirs ON public.customer; REVOKE "+owner+" FROM "+w.settings.SystemRole)
	if p, err := w.syncer().Plan(t.Context(), w.input()); err != nil || !p.Empty() {
		t.Errorf("there is something to do: %v\n%s", err, p)
	}
	w.data[0].Rules[0].ExceptFor = ""
	r, err := w.syncer().Sync(t.Context(), w.input())
	if err != nil || !strings.Contains(fmt.Sprint(r.Plan.ByDBA), "DISABLE ROW LEVEL SECURITY") {
		t.Errorf("no script: %v, %v", err, r.Plan.ByDBA)
	}
	for who, want := range map[string]string{"ann": "1\n3", "cid": ""} {
		if got := w.value(people[who], "SELECT c_custkey FROM governed_public.customer"); got != want {
			t.Errorf("%s sees %s", who, got)
		}
		w.refused(people[who], "SELECT * FROM public.customer", "42501")
	}
}

// TestRowSecurityDriftReport: with drift: report what somebody did to row policies is told, as wider, and left until the policies change there.
func TestRowSecurityDriftReport(t *testing.T) {
	w, _ := newSecuredShop(t)
	w.settings.Drift = push.DriftReport
	w.sync()
	for _, sql := range []string{"ALTER POLICY postern_read ON public.customer USING (c_custkey = 1)", "DROP POLICY postern_all_rows ON public.customer", "ALTER TABLE public.customer FORCE ROW LEVEL SECURITY"} {
		w.exec(w.admin, sql)
		r, err := w.syncer().Sync(t.Context(), w.input())
		if err != nil || !r.Plan.Empty() || !slices.ContainsFunc(r.Findings, func(f push.Finding) bool {
			return f.Kind == push.Drifted && f.Object == "public.customer" && f.Wider && strings.Contains(f.Detail, "it is left")
		}) {
			t.Errorf("%s: %v, %v", sql, err, r.Findings)
		}
	}
	w.data[0].Rules[0].Rows = "c_region = 'ASIA'"
	w.sync()
	if got := w.value(w.as(w.accounts["bob"]), "SELECT c_custkey FROM customer"); got != "2" {
		t.Errorf("with another rule bob sees %s", got)
	}
	if got := w.value(w.as(w.service), "SELECT count(*) FROM customer"); got != "4" {
		t.Errorf("the proxy's role sees %s rows", got)
	}
}

// securedTraces are traces, row policies and all.
func (w *world) securedTraces() string {
	return w.traces() + "\n" + w.value(w.admin, `SELECT 'table', oid::regclass::text, relrowsecurity, relforcerowsecurity FROM pg_class WHERE relkind IN ('r', 'p') AND oid > 16383
		UNION ALL SELECT 'policy', polrelid::regclass::text, true, true FROM pg_policy`)
}

// TestRowSecurityRemoved: unregistering leaves nothing, and neither does going from row policies to views; tables that somebody renamed are found.
func TestRowSecurityRemoved(t *testing.T) {
	w, _ := newSecuredShop(t)
	before := w.securedTraces()
	w.sync()
	if w.securedTraces() == before {
		t.Fatal("nothing was made")
	}
	in := w.input()
	w.exec(w.admin, "ALTER TABLE public.customer RENAME TO client")
	r, err := w.syncer().Remove(t.Context(), in)
	if err != nil {
		t.Fatal(err, r.Findings)
	}
	w.exec(w.admin, "ALTER TABLE public.client RENAME TO customer")
	if after := w.securedTraces(); after != before {
		t.Errorf("before\n%s\nafter\n%s", lines(before, after), lines(after, before))
	}
	// From one way to the other and back.
	w.settings.Enforce = push.EnforceViews
	w.sync()
	views := w.securedTraces()
	w.settings.Enforce = push.EnforceRowSecurity
	w.sync()
	w.settings.Enforce = push.EnforceViews
	w.sync()
	// Schemas were made anew, and comments are told by identifier.
	same := func(text string) string {
		return regexp.MustCompile(`comment\|[0-9]+`).ReplaceAllString(text, "comment")
	}
	if again := w.securedTraces(); lines(same(again), same(views))+lines(same(views), same(again)) != "" {
		t.Errorf("views before\n%s\nand after\n%s", lines(same(views), same(again)), lines(same(again), same(views)))
	}
	// A table that is dropped is forgotten; row security that others rely on stays.
	w.settings.Enforce = push.EnforceRowSecurity
	w.sync()
	w.exec(w.admin, `DROP TABLE "Sales"."Order"; CREATE POLICY theirs ON public.customer TO `+w.service+` USING (c_custkey = 1)`)
	w.data[0].On, w.subscriptions[0].On = tables("public.customer"), tables("public.customer", "public.nation")
	w.tables = slices.DeleteFunc(w.tables, func(n warehouse.TableName) bool { return n.Name == "Order" })
	if r, err = w.syncer().Remove(t.Context(), w.input()); err != nil || !strings.Contains(fmt.Sprint(r.Findings), "row security stays on") {
		t.Errorf("%v, %v", err, r.Findings)
	}
	if got := w.value(w.admin, "SELECT relrowsecurity, (SELECT string_agg(polname, ',') FROM pg_policy) FROM pg_class WHERE oid = 'public.customer'::regclass"); got != "t|theirs" {
		t.Errorf("there is %s", got)
	}
}

// TestNothingIsRewritten: no statement of ours copies a table of others, whatever changes.
func TestNothingIsRewritten(t *testing.T) {
	w, _ := newSecuredShop(t)
	files := func() string {
		return w.value(w.admin, "SELECT oid::regclass, relfilenode FROM pg_class WHERE relnamespace IN ('public'::regnamespace, '\"Sales\"'::regnamespace) AND relkind IN ('r', 'i')")
	}
	before := files()
	for _, enforce := range []push.Enforce{push.EnforceViews, push.EnforceRowSecurity, push.EnforceViews} {
		w.settings.Enforce = enforce
		w.sync()
	}
	if _, err := w.syncer().Remove(t.Context(), w.input()); err != nil {
		t.Fatal(err)
	}
	if after := files(); after != before {
		t.Errorf("before\n%s\nafter\n%s", before, after)
	}
	w.settings.Enforce = push.EnforceRowSecurity
	for _, sql := range []string{"ALTER TABLE public.customer ALTER COLUMN c_name TYPE varchar(3)", "ALTER TABLE public.customer ADD COLUMN n int DEFAULT random()", "CLUSTER public.customer",
		"VACUUM FULL public.customer", "ALTER TABLE public.customer SET UNLOGGED", "ALTER TABLE public.customer ENABLE ROW LEVEL SECURITY, SET UNLOGGED", "TRUNCATE public.customer",
		"GRANT SELECT ON public.customer TO PUBLIC; VACUUM FULL", "REINDEX TABLE public.customer", "REFRESH MATERIALIZED VIEW x", "DO $$ BEGIN END $$"} {
		if !push.Rewrites(sql) {
			t.Errorf("%s is not known to rewrite", sql)
		}
	}
}

// TestOpenSessionsUnderRowSecurity: a prepared statement and an open transaction of somebody's see no more than the policies of now.
func TestOpenSessionsUnderRowSecurity(t *testing.T) {
	w, _ := newSecuredShop(t)
	w.settings.LockTimeout = 300 * time.Millisecond
	w.sync()
	people := w.log()
	ann, cid := people["ann"], people["cid"]
	w.exec(ann, "PREPARE p AS SELECT c_custkey FROM customer")
	w.exec(cid, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM nation")
	w.specs["ann"] = identity.Spec{User: "ann", Groups: []string{"analysts"}, Attributes: map[string][]string{"region": {"ASIA"}}}
	w.sync()
	if got := w.value(ann, "EXECUTE p"); got != "2" {
		t.Errorf("ann's prepared statement shows\n%s", got)
	}
	w.data[0].Rules[0].Rows = "c_region = 'ASIA'"
	w.data[0].Rules[0].ExceptFor = ""
	w.sync()
	if got := w.value(ann, "EXECUTE p"); got != "2" {
		t.Errorf("ann's prepared statement shows\n%s", got)
	}
	// The snapshot of cid's transaction knows nothing of the row policies that there are now.
	if got := w.value(cid, "SELECT c_custkey FROM customer"); got != "" {
		t.Errorf("cid's transaction shows\n%s", got)
	}
	w.exec(cid, "COMMIT; BEGIN; SELECT count(*) FROM customer")
	// While somebody reads the table its policies cannot change; it is open to nobody until they are.
	w.data[0].Rules[0].Rows = "c_region = 'EUROPE'"
	r, err := w.syncer().Sync(t.Context(), w.input())
	if err != nil || r.Done {
		t.Fatal(err, r.Done)
	}
	w.refused(ann, "EXECUTE p", "42501")
	w.exec(cid, "COMMIT")
	w.finish()
	if got := w.value(ann, "EXECUTE p"); got != "1\n3" {
		t.Errorf("ann sees\n%s", got)
	}
}
