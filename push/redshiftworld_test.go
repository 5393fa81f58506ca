package push_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/internal/rsconform"
	"github.com/posternsql/postern/internal/rsfake"
	"github.com/posternsql/postern/internal/rsfake/rsfaketest"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/push"
	"github.com/posternsql/postern/secret"
	"github.com/posternsql/postern/sqlgen"
	"github.com/posternsql/postern/warehouse"
)

// store is a stand-in for a Redshift with a shop in it, three people, and policies that a test changes. Its system account is no superuser.
type store struct {
	scene
	server  *rsfake.Server
	admin   *pgconn.PgConn
	sources []string
	sent    []string
	users   []string // and, with a prefix, roles and groups: to drop at the end
}

// storeTables is the shop: a table of each sort.
func storeTables() []string {
	return []string{
		"CREATE SCHEMA shop", "CREATE SCHEMA sales", "CREATE EXTERNAL SCHEMA lake FROM DATA CATALOG DATABASE 'events' IAM_ROLE default",
		"CREATE TABLE shop.nation (n_nationkey integer, n_name varchar(25)) DISTSTYLE ALL",
		"CREATE TABLE shop.customer (c_custkey integer, c_name varchar(25), c_phone varchar(15), c_nationkey integer, c_region varchar(25)) DISTKEY (c_custkey) SORTKEY (c_region)",
		"CREATE TABLE shop.secret (s integer)",
		"CREATE TABLE sales.orders (id integer, total decimal(8,2), note varchar(20), region varchar(25))",
		"CREATE EXTERNAL TABLE lake.events (e_id integer, e_region varchar(25)) STORED AS PARQUET LOCATION 's3://shop/events/'",
		"INSERT INTO shop.nation VALUES (1, 'FRANCE'), (2, 'JAPAN')",
		"INSERT INTO shop.customer VALUES (1, 'a', '0123', 1, 'EUROPE'), (2, 'b', '4567', 2, 'ASIA'), (3, 'c', NULL, 1, 'EUROPE'), (4, 'd', '89', NULL, NULL)",
		"INSERT INTO shop.secret VALUES (42)",
		"INSERT INTO sales.orders VALUES (1, 10.50, 'first', 'EUROPE'), (2, 20, 'second', 'ASIA')",
		"INSERT INTO lake.events VALUES (1, 'EUROPE'), (2, 'ASIA'), (3, 'EUROPE')",
	}
}

// newStore has ann in Europe, bob in Asia without clearance, and cid who is global.
func newStore(t testing.TB, options ...func(*rsfake.Config)) *store {
	t.Helper()
	w := &store{sources: []string{"shop.nation", "shop.customer", "shop.secret", "sales.orders", "lake.events"}}
	w.scene = scene{
		t: t, connection: "store", moment: moment{specs: map[string]identity.Spec{}}, accounts: map[string]string{}, hidden: map[string]bool{}, crawl: w.crawled, before: w.conforms,
		// By the product's own handshake.
		login:     func(ctx context.Context) (*pgconn.PgConn, error) { return warehouse.Dial(ctx, w.where(), nil) },
		terminate: func(pid uint32) { w.value(fmt.Sprintf("SELECT pg_terminate_backend(%d)", pid)) },
		probed: []string{
			"shop.nation", "shop.customer", "shop.secret", "sales.orders", "lake.events", "governed_shop.nation", "governed_shop.customer", "governed_shop.secret", "governed_sales.orders",
			"governed_lake.events", "postern_system.profile", "postern_system.entitlement", "postern_system.user_profile",
		},
	}
	w.server = rsfaketest.New(t, options...)
	w.admin = rsfaketest.Connect(t, w.server, rsfake.AdminUser, rsfake.AdminPassword)
	t.Cleanup(w.drop)
	w.settings = push.Settings{Connection: "store", Database: w.server.Database(), Dialect: sqlgen.Redshift(), SystemRole: w.user("system"), RolePrefix: pgtest.Name("p") + "_"}
	w.exec(storeTables()...)
	w.setUp()
	for _, p := range []identity.Spec{
		{User: "ann", Groups: []string{"analysts"}, Attributes: map[string][]string{"region": {"EUROPE"}, "clearance": {"high"}}},
		{User: "bob", Groups: []string{"analysts"}, Attributes: map[string][]string{"region": {"ASIA"}}},
		{User: "cid", Groups: []string{"analysts", "global"}},
	} {
		w.accounts[p.User], w.specs[p.User] = w.user(p.User), p
	}
	w.subscriptions = []policy.SubscriptionPolicy{grant("analysts", storeSources("shop.nation", "shop.customer", "sales.orders", "lake.events"), policy.Allow{When: "isInGroups('analysts')"})}
	w.data = []policy.DataPolicy{
		{Name: "region", On: storeSources("shop.customer"), Rules: []policy.Rule{{Rows: "@attributeValuesContains('region', c_region)", ExceptFor: "isInGroups('global')"}}},
		{Name: "events", On: storeSources("lake.events"), Rules: []policy.Rule{{Rows: "@attributeValuesContains('region', e_region)", ExceptFor: "isInGroups('global')"}}},
		{Name: "phone", On: storeSources("shop.customer"), Rules: []policy.Rule{{Mask: &policy.Mask{Columns: []string{"c_phone"}, Null: true}, ExceptFor: "hasAttribute('clearance', 'high')"}}},
		{Name: "total", On: storeSources("sales.orders"), Rules: []policy.Rule{{Mask: &policy.Mask{Columns: []string{"total"}, Null: true}, ExceptFor: "isInGroups('global')"}}},
	}
	return w
}

func storeSources(names ...string) policy.Selector {
	var out policy.Selector
	for _, n := range names {
		out.Tables = append(out.Tables, "store."+n)
	}
	return out
}

// setUp is what docs/push-redshift.md has an administrator run.
func (w *store) setUp() {
	w.t.Helper()
	system, role := w.settings.SystemRole, pgtest.Name("role")
	w.exec("CREATE ROLE "+role, "GRANT ACCESS SYSTEM TABLE TO ROLE "+role, "GRANT CREATE ROLE TO ROLE "+role, "GRANT ROLE "+role+" TO "+system, "GRANT CREATE ON DATABASE "+w.server.Database()+" TO "+system)
	for _, schema := range []string{"shop", "sales", "lake"} {
		w.exec("GRANT USAGE ON SCHEMA " + schema + " TO " + system + " WITH GRANT OPTION")
		if schema == "lake" {
			continue // who has USAGE on an external schema reads what is in it
		}
		w.exec("GRANT SELECT ON ALL TABLES IN SCHEMA " + schema + " TO " + system + " WITH GRANT OPTION")
	}
	w.users = append(w.users, "role:"+role)
}

// user makes an account.
func (w *store) user(name string) string {
	w.t.Helper()
	account := pgtest.Name(name)
	w.users = append(w.users, account)
	w.exec("CREATE USER " + account + " PASSWORD '" + redshiftPassword + "'")
	return account
}

// drop ends what belongs to the whole cluster.
func (w *store) drop() {
	ctx, cluster := context.WithoutCancel(w.t.Context()), pgtest.Cluster(w.t)
	each := "FOR r IN SELECT rolname FROM pg_roles WHERE rolname = ANY ('{" + strings.Join(w.users, ",") + "}') OR starts_with(rolname, 'role:" + w.settings.RolePrefix + "') LOOP EXECUTE format("
	// DROP OWNED leaves who granted a column.
	sql := "DROP SCHEMA IF EXISTS shop, sales, lake CASCADE; DO $$ DECLARE r name; BEGIN " + each + "'DROP OWNED BY %I CASCADE', r); END LOOP; " + each + "'DROP ROLE %I', r); END LOOP; END $$"
	if err := cluster.Exec(ctx, w.server.Database(), sql); err != nil {
		w.t.Errorf("dropping roles: %v", err)
	}
}

// exec runs statements as the administrator.
func (w *store) exec(statements ...string) {
	w.t.Helper()
	for _, sql := range statements {
		if _, err := w.admin.Exec(w.t.Context(), sql).ReadAll(); err != nil {
			w.t.Fatalf("%v\n%s", err, sql)
		}
	}
}

func (w *store) value(sql string) string {
	w.t.Helper()
	out, err := fetch(w.t.Context(), w.admin, sql)
	if err != nil {
		w.t.Fatalf("%v\n%s", err, sql)
	}
	return out
}

// as logs somebody in.
func (w *store) as(user string) *pgconn.PgConn {
	w.t.Helper()
	return rsfaketest.Connect(w.t, w.server, w.accounts[user], redshiftPassword)
}

// reads wants rows, or with want "" a refusal or nothing.
func (w *store) reads(user, sql, want string) {
	w.t.Helper()
	conn := w.as(user)
	got, err := fetch(w.t.Context(), conn, sql)
	if err != nil && (want != "" || sqlState(err) == "") {
		w.t.Errorf("%s, %s: %v", user, sql, err)
	}
	if got != want {
		w.t.Errorf("%s, %s reads\n%s\nand not\n%s", user, sql, got, want)
	}
}

// crawled is what is there now, but for what is pushed.
func (w *store) crawled() []*catalog.Table {
	w.t.Helper()
	conn := w.dial()
	defer conn.Close(w.t.Context())
	tables, err := warehouse.Crawl(w.t.Context(), conn)
	if err != nil {
		w.t.Fatal(err)
	}
	tables = slices.DeleteFunc(tables, func(t *catalog.Table) bool { return strings.HasPrefix(t.Schema, "governed_") })
	for _, t := range tables {
		t.Registered = slices.Contains(w.sources, t.Schema+"."+t.Name)
	}
	return tables
}

// dial logs the system account in.
func (w *store) dial() *pgconn.PgConn {
	w.t.Helper()
	conn, err := w.login(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return conn
}

func (w *store) where() warehouse.Config {
	return warehouse.Config{Engine: warehouse.EngineRedshift, Host: w.server.Host(), Port: w.server.Port(), Database: w.server.Database(), User: w.settings.SystemRole,
		Credentials: warehouse.Fixed(secret.NewValue(redshiftPassword)), TLS: warehouse.TLS{Mode: warehouse.TLSOff}}
}

// conforms holds each statement that changes anything against what a Redshift is known to take.
func (w *store) conforms(sql string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent = append(w.sent, sql)
	if err := errors.Join(rsconform.Statement(sql), rsconform.Binding(sql, "lake")); err != nil {
		w.t.Errorf("%v: %s", err, sql)
	}
	return nil
}
