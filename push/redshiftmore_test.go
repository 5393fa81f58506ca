package push_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/internal/rsfake"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/push"
	"github.com/posternsql/postern/warehouse"
)

// TestRedshiftPlanFiles compares plans with testdata/plans, which an administrator can read: the first one, the one of a changed attribute, and one of changed
// policies at once and in several transactions.
func TestRedshiftPlanFiles(t *testing.T) {
	// The names of roles, and with them the order of statements, hang on that of the database.
	w := newStore(t, func(c *rsfake.Config) { c.Database = named(t, "store") })
	w.planFile("redshift-first")
	w.sync()
	spec := w.specs["bob"]
	spec.Attributes = map[string][]string{"region": {"ASIA", "EUROPE"}}
	w.specs["bob"] = spec
	if p := w.planFile("redshift-attribute"); p.Statements() != 1 {
		t.Errorf("one person's attribute takes %d statements", p.Statements())
	}
	w.set(anotherMoment())
	w.planFile("redshift-policies")
	w.settings.MaxLocks = 14
	w.planFile("redshift-policies-apart")
}

func (w *store) planFile(name string) *push.Plan {
	w.t.Helper()
	p, got := w.planned()
	comparePlan(w.t, name, strings.ReplaceAll(got, w.settings.RolePrefix, "postern_"))
	return p
}

// TestRedshiftReplaced: a view whose columns stay is replaced in place and keeps its grants, also those that a session uses; one whose columns change is dropped and made
// within one transaction.
func TestRedshiftReplaced(t *testing.T) {
	w := newStore(t)
	w.sync()
	oid := "SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'governed_shop' AND c.relname = 'customer'"
	before := w.value(oid)
	w.data[0].Rules[0].Rows = "@attributeValuesContains('region', c_region) AND c_custkey > 1"
	r := w.sync()
	if w.value(oid) != before || strings.Contains(r.Plan.String(), "GRANT SELECT") || !strings.Contains(r.Plan.String(), "CREATE OR REPLACE VIEW") {
		t.Errorf("the view was not replaced in place:\n%s", r.Plan)
	}
	w.reads("ann", "SELECT c_custkey FROM governed_shop.customer", "3")
	w.hidden["shop.customer.c_name"] = true
	r = w.sync()
	if w.value(oid) == before || len(r.Plan.Transactions) != 1 {
		t.Errorf("the view has other columns:\n%s", r.Plan)
	}
	w.reads("ann", "SELECT * FROM governed_shop.customer", "3|NULL|1|EUROPE")
}

// TestRedshiftUngoverned: ways to the data that no policy closes are told, each with who has it.
func TestRedshiftUngoverned(t *testing.T) {
	w := newStore(t)
	ann, bob, cid := w.accounts["ann"], w.accounts["bob"], w.accounts["cid"]
	role, group := pgtest.Name("report"), pgtest.Name("readers")
	w.users = append(w.users, "role:"+role, "group:"+group)
	w.exec("CREATE ROLE "+role, "GRANT ROLE "+role+" TO "+ann, "GRANT ACCESS SYSTEM TABLE TO ROLE "+role, "CREATE GROUP "+group+" WITH USER "+bob,
		"GRANT SELECT ON shop.customer TO "+bob, "GRANT SELECT ON shop.secret TO GROUP "+group, "GRANT SELECT ON sales.orders TO ROLE "+role, "GRANT SELECT (n_name) ON shop.nation TO PUBLIC",
		"GRANT USAGE ON SCHEMA lake TO "+cid, "ALTER USER "+bob+" SYSLOG ACCESS UNRESTRICTED", "CREATE SCHEMA own", "CREATE VIEW own.report AS SELECT c_name FROM shop.customer", "GRANT SELECT ON own.report TO "+cid,
		"CREATE VIEW own.digest AS SELECT c_name FROM own.report", "GRANT SELECT ON own.digest TO "+bob)
	r := w.sync()
	found := 0
	for _, want := range []string{
		"shop.customer: somebody granted SELECT to " + bob, "shop.secret: somebody granted SELECT to group " + group + ": open to " + bob, "sales.orders: somebody granted SELECT to role " + role + ": open to " + ann,
		"shop.nation: somebody granted SELECT to public", "lake.events: somebody granted USAGE on its external schema to " + cid, "role " + bob + ": has SYSLOG ACCESS UNRESTRICTED",
		"role " + role + ": has ACCESS SYSTEM TABLE", "shop.customer: can be read through view own.report of awsuser, open to " + cid,
		"shop.customer: can be read through view own.digest of awsuser, open to " + bob,
	} {
		if !slices.ContainsFunc(r.Findings, func(f push.Finding) bool { return f.Kind == push.NotGoverned && strings.Contains(f.String(), want) }) {
			t.Errorf("nothing is said of: %s", want)
			continue
		}
		found++
	}
	if t.Failed() {
		for _, f := range r.Findings {
			t.Log(f)
		}
	}
	t.Logf("%d ways past the policies are told", found)
}

// TestRedshiftWithoutCreateRole: who may make no roles has a script for an administrator, and does the rest once that has run.
func TestRedshiftWithoutCreateRole(t *testing.T) {
	w := newStore(t)
	permissions := strings.TrimPrefix(w.users[slices.IndexFunc(w.users, func(u string) bool { return strings.HasPrefix(u, "role:") })], "role:")
	w.exec("REVOKE CREATE ROLE FROM ROLE " + permissions)
	r, err := w.syncer().Sync(t.Context(), w.input())
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Plan.ByDBA) == 0 || !slices.ContainsFunc(r.Findings, func(f push.Finding) bool { return f.Kind == push.Blocked }) {
		t.Fatalf("%v, %v", r.Plan.ByDBA, r.Findings)
	}
	w.exec(r.Plan.ByDBA...)
	w.sync()
	w.reads("ann", "SELECT c_custkey FROM governed_shop.customer", "1\n3")
}

// TestRedshiftRetried: a transaction that failed for what another one did beside it is tried again.
func TestRedshiftRetried(t *testing.T) {
	w := newStore(t)
	failures := 2
	s := w.syncer(func(c *push.Config) {
		c.Before(func(sql string) error {
			if strings.HasPrefix(sql, "CREATE VIEW") && failures > 0 {
				failures--
				return &pgconn.PgError{Code: "XX000", Message: "1023"}
			}
			return nil
		})
	})
	if r, err := s.Sync(t.Context(), w.input()); err != nil || !r.Done || failures != 0 {
		t.Errorf("%v, %+v", err, r)
	}
	w.reads("ann", "SELECT c_custkey FROM governed_shop.customer", "1\n3")
}

// TestRedshiftCollisions: accounts that a Redshift could take for one get nothing, and so do those that no statement could name.
func TestRedshiftCollisions(t *testing.T) {
	w := newStore(t)
	in := w.input()
	in.People[1].Account = strings.ToUpper(in.People[0].Account)
	in.People[2].Account = in.People[2].Account + " "
	d, err := push.Desire(in)
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Profile) != 0 || len(d.Members) != 0 {
		t.Errorf("somebody has something: %v %v", d.Profile, d.Members)
	}
	blocked := 0
	for _, f := range d.Findings {
		if f.Kind == push.Blocked {
			blocked++
		}
	}
	if blocked != 3 {
		t.Errorf("%v", d.Findings)
	}
}

// TestRedshiftFederatedAccounts: accounts as current_user says them of people who log in by IAM or another identity provider.
func TestRedshiftFederatedAccounts(t *testing.T) {
	w := newStore(t)
	for user, name := range map[string]string{"ann": "IAMR:" + pgtest.Name("analyst"), "bob": "corp:" + pgtest.Name("bob") + "@example.org"} {
		w.exec(`CREATE USER "` + strings.ToLower(name) + `" PASSWORD '` + redshiftPassword + `'`)
		w.accounts[user] = strings.ToLower(name)
		w.users = append(w.users, strings.ToLower(name))
	}
	w.sync()
	w.reads("ann", "SELECT c_custkey FROM governed_shop.customer", "1\n3")
	w.reads("bob", "SELECT c_custkey FROM governed_shop.customer", "2")
}

// TestRedshiftMasksStayTyped: every column of a view has the type of its table's, so that the view can be replaced whatever mask it has.
func TestRedshiftMasksStayTyped(t *testing.T) {
	w := newStore(t)
	w.sync()
	types := func(schema, table string) string {
		return w.value("SELECT a.attname || ' ' || format_type(a.atttypid, a.atttypmod) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE a.attnum > 0 AND n.nspname = '" + schema + "' AND c.relname = '" + table + "'")
	}
	constant := "x"
	for _, mask := range []policy.Mask{{Null: true}, {Constant: &constant}, {Regex: &policy.RegexMask{Pattern: "[0-9]", Replace: "*"}}} {
		m := mask
		m.Columns = []string{"c_phone"}
		w.data[2].Rules[0].Mask = &m
		r := w.sync()
		if strings.Contains(r.Plan.String(), "DROP VIEW") {
			t.Errorf("the view was dropped:\n%s", r.Plan)
		}
		if got, want := types("governed_shop", "customer"), types("shop", "customer"); got != want {
			t.Errorf("the view has\n%s\nand the table\n%s", got, want)
		}
	}
}

// TestRedshiftKeyedMasks: without the Lambda's functions a source whose masks call them is opened to nobody; with them the audience may call what its views call.
func TestRedshiftKeyedMasks(t *testing.T) {
	w := newStore(t)
	w.data[2].Rules[0].Mask = &policy.Mask{Columns: []string{"c_phone"}, Hash: &policy.HashMask{}}
	w.exec("ALTER TABLE shop.customer ALTER COLUMN c_phone TYPE varchar(64)")
	r, err := w.syncer().Sync(t.Context(), w.input())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(r.Findings, func(f push.Finding) bool {
		return f.Kind == push.Blocked && strings.Contains(f.Detail, "needs the function keyed_hash")
	}) {
		t.Errorf("nothing is said of the function: %v", r.Findings)
	}
	w.reads("ann", "SELECT c_custkey FROM governed_shop.customer", "")
	w.reads("ann", "SELECT n_nationkey FROM shop.nation", "1\n2")
	reg := warehouse.RedshiftRegistration{Database: w.server.Database(), Service: w.accounts["cid"], System: w.settings.SystemRole, Lambda: warehouse.RedshiftLambda{Function: "masks", Role: "default"},
		Tables: []warehouse.TableName{{Schema: "shop", Name: "customer"}}}
	state, err := warehouse.LookRedshift(t.Context(), w.admin)
	if err != nil {
		t.Fatal(err)
	}
	w.exec(reg.Statements(state)...)
	w.sync()
	if got := w.value("SELECT count(*) FROM svv_function_privileges WHERE namespace_name = 'postern_functions' AND identity_name LIKE '%_read' AND function_name = 'keyed_hash'"); got != "1" {
		t.Errorf("%s grants of the function", got)
	}
	if got := w.value("SELECT count(*) FROM svv_function_privileges WHERE namespace_name = 'postern_functions' AND identity_type = 'public'"); got != "0" {
		t.Errorf("everybody may call %s functions", got)
	}
	if _, err := fetch(t.Context(), w.as("bob"), "SELECT c_phone FROM governed_shop.customer"); sqlState(err) != "58000" {
		t.Errorf("the Lambda was not asked: %v", err)
	}
}

// TestRedshiftWriting: who may write a table that everybody sees as it is has INSERT, UPDATE by column and DELETE, and never TRUNCATE; nobody writes through a view.
func TestRedshiftWriting(t *testing.T) {
	w := newStore(t)
	write := grant("writers", storeSources("shop.nation", "shop.customer"), policy.Allow{Users: []string{"cid"}})
	write.Access = policy.AccessWrite
	w.subscriptions = append(w.subscriptions, write)
	w.exec("GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA shop TO " + w.settings.SystemRole + " WITH GRANT OPTION")
	r := w.sync()
	for _, want := range []string{"shop.nation: emptying: TRUNCATE commits", "shop.customer: writing: Redshift has no views that can be written to"} {
		if !slices.ContainsFunc(r.Findings, func(f push.Finding) bool { return f.Kind == push.NotGiven && strings.Contains(f.String(), want) }) {
			t.Errorf("nothing is said of: %s\n%v", want, r.Findings)
		}
	}
	cid, ann := w.as("cid"), w.as("ann")
	for sql, code := range map[string]string{
		"INSERT INTO shop.nation VALUES (3, 'PERU')": "", "UPDATE shop.nation SET n_name = 'CHILE' WHERE n_nationkey = 3": "", "DELETE FROM shop.nation WHERE n_nationkey = 3": "", "TRUNCATE shop.nation": "42501",
		"INSERT INTO governed_shop.customer (c_custkey) VALUES (9)": "55000", "DELETE FROM governed_shop.customer": "55000",
	} {
		if _, err := fetch(t.Context(), cid, sql); err != nil && sqlState(err) != code || err == nil && code != "" {
			t.Errorf("cid, %s: %v", sql, err)
		}
		if _, err := fetch(t.Context(), ann, sql); sqlState(err) != max("42501", code) {
			t.Errorf("ann, %s: %v", sql, err)
		}
	}
	w.settings.ReadOnly = true
	w.sync()
	if _, err := fetch(t.Context(), cid, "DELETE FROM shop.nation"); sqlState(err) != "42501" {
		t.Errorf("cid still writes: %v", err)
	}
}

// TestRedshiftOlderSnapshot: a transaction that began before something was taken away is told, since nobody but a superuser can end it.
func TestRedshiftOlderSnapshot(t *testing.T) {
	w := newStore(t)
	w.sync()
	bob := w.as("bob")
	if _, err := fetch(t.Context(), bob, "BEGIN"); err != nil {
		t.Fatal(err)
	}
	if _, err := fetch(t.Context(), bob, "SELECT * FROM governed_shop.customer"); err != nil {
		t.Fatal(err)
	}
	spec := w.specs["bob"]
	spec.Attributes = map[string][]string{"region": {"EUROPE"}}
	w.specs["bob"] = spec
	r, err := w.syncer().Sync(t.Context(), w.input())
	if err != nil || !r.Done {
		t.Fatalf("%v %+v", err, r)
	}
	if !slices.ContainsFunc(r.Findings, func(f push.Finding) bool {
		return f.Kind == push.NotGoverned && f.Object == "role "+w.accounts["bob"] && strings.Contains(f.Detail, "only a superuser may end it")
	}) {
		t.Errorf("nothing is said of it: %v", r.Findings)
	}
}

// TestRedshiftSeveral: two databases are maintained beside each other for the same accounts, and taking one back leaves the other.
func TestRedshiftSeveral(t *testing.T) {
	one, two := newStore(t), newStore(t)
	two.accounts, two.settings.Connection = one.accounts, "other"
	spec := two.specs["bob"]
	spec.Attributes = map[string][]string{"region": {"EUROPE"}}
	two.specs["bob"] = spec
	one.sync()
	if r, err := two.syncer().Sync(t.Context(), two.input()); err != nil || !r.Done {
		t.Fatalf("%v, %+v", err, r)
	}
	one.reads("bob", "SELECT c_custkey FROM governed_shop.customer", "2")
	two.reads("bob", "SELECT c_custkey FROM governed_shop.customer", "1\n3")
	if r, err := two.syncer().Remove(t.Context(), two.input()); err != nil || !r.Done {
		t.Fatalf("%v, %+v", err, r)
	}
	one.sync()
	one.reads("bob", "SELECT c_custkey FROM governed_shop.customer", "2")
	one.settings.Connection = "another"
	if _, err := one.syncer().Sync(t.Context(), one.input()); err == nil || !strings.Contains(err.Error(), "is maintained for connection") {
		t.Errorf("a database is taken over from another connection: %v", err)
	}
}

// TestRedshiftUserNamedAsGroup: what somebody granted on a view to a user who is called as a group is told of is taken back from the user.
func TestRedshiftUserNamedAsGroup(t *testing.T) {
	w := newStore(t)
	w.sync()
	user := "group " + pgtest.Name("odd")
	w.users = append(w.users, `"`+user+`"`)
	w.exec(`CREATE USER "`+user+`" PASSWORD '`+redshiftPassword+`'`, `GRANT SELECT ON governed_shop.customer TO "`+user+`"`)
	held := "SELECT count(*) FROM svv_relation_privileges WHERE namespace_name = 'governed_shop' AND identity_name = '" + user + "'"
	if got := w.value(held); got != "1" {
		t.Fatalf("%s grants", got)
	}
	w.sync()
	if got := w.value(held); got != "0" {
		t.Errorf("%s grants are left", got)
	}
}
