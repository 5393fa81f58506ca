package push_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/internal/pgcluster"
	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/push"
	"github.com/posternsql/postern/secret"
	"github.com/posternsql/postern/warehouse"
)

func TestMain(m *testing.M) {
	if task := os.Getenv(childEnv); task != "" {
		os.Exit(runChild(task))
	}
	pgtest.Main(m)
}

// world is a database with people, and policies that a test changes.
type world struct {
	scene
	admin    *pgconn.PgConn
	database string
	service  string
	tables   []warehouse.TableName
	shown    map[string]string // names that plan files have for those of this run
	roles    []string          // to drop at the end, beside those of people and ours

	tags   map[string][]string // of schema.table, or schema.table.column
	dialed []*pgconn.PgConn
	// cluster is the test's own; nil for that of the test binary.
	cluster *pgcluster.Cluster
}

// newWorld makes a database, runs the setup and registers all of its tables, the functions of masks and the system role. Each person is
// a role that can log in.
func newWorld(t testing.TB, url func(testing.TB) string, setup string, people ...identity.Spec) *world {
	t.Helper()
	w := &world{tags: map[string][]string{}}
	w.scene = scene{
		t: t, connection: "tpch", moment: moment{specs: map[string]identity.Spec{}}, accounts: map[string]string{}, hidden: map[string]bool{}, crawl: w.crawled,
		login: func(ctx context.Context) (*pgconn.PgConn, error) {
			return pgconn.Connect(ctx, w.server().URL(w.settings.SystemRole, "pw", w.database))
		},
		terminate: func(pid uint32) { w.value(w.admin, fmt.Sprintf("SELECT pg_terminate_backend(%d, 5000)", pid)) },
		probed: []string{
			"public.nation", "public.customer", "public.secret", `"Sales"."Order"`, "governed_public.nation", "governed_public.customer", "governed_public.secret", `"governed_Sales"."Order"`,
			"postern_system.profile", "postern_system.user_profile", "postern_system.ticket",
		},
	}
	t.Cleanup(w.dropRoles)
	admin, err := pgconn.Connect(t.Context(), url(t))
	if err != nil {
		t.Fatal(err)
	}
	w.admin = admin
	t.Cleanup(w.hangUp)
	w.database = w.value(admin, "SELECT current_database()")
	w.service = pgtest.Name("service")
	w.settings = push.Settings{
		Connection: "tpch", Database: w.database, SystemRole: pgtest.Name("system"), ServiceRole: w.service, CreateRoles: true, GroupRoles: push.GroupRolesNone,
		RolePrefix: pgtest.Name("p") + "_",
	}
	w.exec(admin, "CREATE ROLE "+w.service+" LOGIN PASSWORD 'pw'")
	w.exec(admin, setup)
	tables, err := warehouse.Crawl(t.Context(), admin)
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		w.tables = append(w.tables, warehouse.TableName{Schema: table.Schema, Name: table.Name})
	}
	w.register()
	for _, p := range people {
		w.person(p)
	}
	return w
}

// register installs what a DBA installs.
func (w *world) register() {
	w.t.Helper()
	r := warehouse.Registration{Database: w.database, ServiceRole: w.service, Tables: w.tables, Domains: []string{"default"}}
	if _, err := warehouse.Register(w.t.Context(), w.admin, r); err != nil {
		w.t.Fatal(err)
	}
	verifier, err := identity.NewVerifier("pw", 4096, zeros{})
	if err != nil {
		w.t.Fatal(err)
	}
	p := warehouse.PushRegistration{
		Database: w.database, SystemRole: w.settings.SystemRole, CreateRoles: w.settings.CreateRoles, Tables: w.tables, Write: true,
		Verifier: secret.NewValue(verifier.String()),
	}
	if _, err := warehouse.RegisterPush(w.t.Context(), w.admin, p); err != nil {
		w.t.Fatal(err)
	}
}

// zeros is a source of salt for tests.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// person adds somebody who can log in.
func (w *world) person(spec identity.Spec) {
	w.t.Helper()
	if _, known := w.accounts[spec.User]; !known {
		account := pgtest.Name(spec.User)
		w.exec(w.admin, "CREATE ROLE "+account+" LOGIN PASSWORD 'pw'")
		w.accounts[spec.User] = account
		w.administer(account)
	}
	w.specs[spec.User] = spec
}

// administer lets the system role alter a role that somebody else made, as the plan's script says from PostgreSQL 16 on.
func (w *world) administer(account string) {
	w.t.Helper()
	if w.value(w.admin, "SELECT current_setting('server_version_num')::int >= 160000") == "t" {
		w.exec(w.admin, "GRANT "+account+" TO "+w.settings.SystemRole+" WITH ADMIN OPTION, INHERIT FALSE, SET FALSE")
	}
}

// server is where it is: the test binary's cluster, unless the test has its own.
func (w *world) server() *pgcluster.Cluster {
	if w.cluster != nil {
		return w.cluster
	}
	return pgtest.Cluster(w.t)
}

// hangUp closes what the test opened, so that the database can be dropped.
func (w *world) hangUp() {
	for _, c := range append(w.dialed, w.admin) {
		_ = c.Close(context.Background())
	}
}

// dropRoles runs when the database is gone, and with it all that the roles held.
func (w *world) dropRoles() {
	roles := append(slices.Collect(maps.Values(w.accounts)), w.roles...)
	roles = append(roles, w.settings.SystemRole, w.service)
	sql := fmt.Sprintf("DO $$ DECLARE r name; BEGIN FOR r IN SELECT rolname FROM pg_roles WHERE starts_with(rolname, '%s') OR rolname = ANY ('{%s}') ORDER BY rolname = '%s' LOOP EXECUTE format('DROP ROLE %%I', r); END LOOP; END $$",
		w.settings.RolePrefix, strings.Join(roles, ","), w.settings.SystemRole)
	if err := w.server().Exec(context.Background(), "postgres", sql); err != nil {
		w.t.Errorf("dropping roles: %v", err)
	}
}

func (w *world) exec(conn *pgconn.PgConn, sql string) {
	w.t.Helper()
	if _, err := conn.Exec(w.t.Context(), sql).ReadAll(); err != nil {
		w.t.Fatalf("%v\n%s", err, sql)
	}
}

// fetch returns rows as lines of text, sorted, or the error's code.
func fetch(ctx context.Context, conn *pgconn.PgConn, sql string) (string, error) {
	results, err := conn.Exec(ctx, sql).ReadAll()
	if err != nil {
		return "", err
	}
	var lines []string
	for _, row := range results[len(results)-1].Rows {
		var fields []string
		for _, v := range row {
			if v == nil {
				fields = append(fields, "NULL")
				continue
			}
			fields = append(fields, string(v))
		}
		lines = append(lines, strings.Join(fields, "|"))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n"), nil
}

func (w *world) value(conn *pgconn.PgConn, sql string) string {
	w.t.Helper()
	out, err := fetch(w.t.Context(), conn, sql)
	if err != nil {
		w.t.Fatalf("%v\n%s", err, sql)
	}
	return out
}

// as logs in as a role; the connection is kept open until the test ends.
func (w *world) as(role string) *pgconn.PgConn {
	w.t.Helper()
	conn, err := pgconn.Connect(w.t.Context(), w.server().URL(role, "pw", w.database))
	if err != nil {
		w.t.Fatal(err)
	}
	w.mu.Lock()
	w.dialed = append(w.dialed, conn)
	w.mu.Unlock()
	return conn
}

// log logs everybody in.
func (w *world) log() map[string]*pgconn.PgConn {
	w.t.Helper()
	out := map[string]*pgconn.PgConn{}
	for user, account := range w.accounts {
		out[user] = w.as(account)
	}
	return out
}

// crawled is what is there now, with the test's tags.
func (w *world) crawled() []*catalog.Table {
	w.t.Helper()
	tables, err := warehouse.Crawl(w.t.Context(), w.admin)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, t := range tables {
		name := t.Schema + "." + t.Name
		t.Registered = slices.Contains(w.tables, warehouse.TableName{Schema: t.Schema, Name: t.Name})
		t.Tags = w.tags[name]
		for i := range t.Columns {
			t.Columns[i].Tags = w.tags[name+"."+t.Columns[i].Name]
		}
	}
	return tables
}

// refused wants a statement to fail with a code.
func (w *world) refused(conn *pgconn.PgConn, sql, code string) {
	w.t.Helper()
	rows, err := fetch(w.t.Context(), conn, sql)
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || pg.Code != code {
		w.t.Errorf("%s: %v, want %s; rows\n%s", sql, err, code, rows)
	}
}

func grant(name string, on policy.Selector, allow policy.Allow) policy.SubscriptionPolicy {
	return policy.SubscriptionPolicy{Name: name, On: on, Access: policy.AccessRead, Effect: policy.SubscriptionGrant, Allow: allow}
}

func tables(names ...string) policy.Selector {
	var out policy.Selector
	for _, n := range names {
		out.Tables = append(out.Tables, "tpch."+n)
	}
	return out
}

// shop is a small database with a table of each sort.
const shop = `CREATE TABLE public.nation (n_nationkey int PRIMARY KEY, n_name text);
CREATE TABLE public.customer (c_custkey int PRIMARY KEY, c_name text, c_phone text, c_nationkey int, c_region text);
CREATE TABLE public.secret (s int);
CREATE SCHEMA "Sales";
CREATE TABLE "Sales"."Order" (id int, "Total" numeric(8,2), note varchar(20), c_region text);
INSERT INTO nation VALUES (1, 'FRANCE'), (2, 'JAPAN');
INSERT INTO customer VALUES (1, 'a', '0123', 1, 'EUROPE'), (2, 'b', '4567', 2, 'ASIA'), (3, 'c', NULL, 1, 'EUROPE'), (4, 'd', '89', NULL, NULL);
INSERT INTO secret VALUES (42);
INSERT INTO "Sales"."Order" VALUES (1, 10.50, 'first', 'EUROPE'), (2, 20, 'second', 'ASIA')`

// newShop has ann in Europe, bob in Asia without clearance, and cid who is global.
func newShop(t *testing.T) *world {
	t.Helper()
	return newShopIn(t, pgtest.Database)
}

// newShopIn is newShop in a database of the caller's.
func newShopIn(t *testing.T, url func(testing.TB) string) *world {
	t.Helper()
	w := newWorld(t, url, shop,
		identity.Spec{User: "ann", Groups: []string{"analysts"}, Attributes: map[string][]string{"region": {"EUROPE"}, "clearance": {"high"}}},
		identity.Spec{User: "bob", Groups: []string{"analysts"}, Attributes: map[string][]string{"region": {"ASIA"}}},
		identity.Spec{User: "cid", Groups: []string{"analysts", "global"}})
	stars := "*"
	w.subscriptions = []policy.SubscriptionPolicy{
		grant("analysts", tables("public.nation", "public.customer", "Sales.Order"), policy.Allow{When: "isInGroups('analysts')"}),
	}
	w.data = []policy.DataPolicy{
		{Name: "region", On: tables("public.customer", "Sales.Order"), Rules: []policy.Rule{{Rows: "@attributeValuesContains('region', c_region)", ExceptFor: "isInGroups('global')"}}},
		{Name: "phone", On: tables("public.customer"), Rules: []policy.Rule{{Mask: &policy.Mask{Columns: []string{"c_phone"}, Regex: &policy.RegexMask{Pattern: "[0-9]", Replace: stars}}, ExceptFor: "hasAttribute('clearance', 'high')"}}},
		{Name: "name", On: tables("public.customer"), Rules: []policy.Rule{{Mask: &policy.Mask{Columns: []string{"c_name"}, Hash: &policy.HashMask{}}}}},
	}
	return w
}
