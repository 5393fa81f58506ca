package warehouse_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/warehouse"
)

// traces are the objects of the database, with everybody's privileges, and the roles of a name.
func traces(t *testing.T, conn *pgconn.PgConn, roles ...string) string {
	t.Helper()
	rows, err := conn.Exec(t.Context(), `SELECT string_agg(line, E'\n' ORDER BY line) FROM (
		SELECT concat('relation ', n.nspname, '.', c.relname, ' ', COALESCE(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner))::text) AS line FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid > 16383
		UNION ALL SELECT concat('schema ', nspname, ' ', COALESCE(nspacl, acldefault('n', nspowner))::text) FROM pg_namespace WHERE nspname !~ '^pg_t'
		UNION ALL SELECT concat('function ', proname, ' ', proacl::text) FROM pg_proc WHERE oid > 16383
		UNION ALL SELECT concat('database ', datacl::text) FROM pg_database WHERE datname = current_database()
		UNION ALL SELECT concat('role ', rolname) FROM pg_roles WHERE rolname IN ('`+strings.Join(roles, "', '")+`')) AS all_of_it`).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return string(rows[0].Rows[0][0])
}

// TestUnregister: what registration made and gave is gone, and nothing of anybody else's is; what hangs on it stops it, and nothing has changed then.
func TestUnregister(t *testing.T) {
	c := configOf(t, pgtest.Database(t))
	admin := dial(t, c)
	service, system := pgtest.Name("service"), pgtest.Name("system")
	exec(t, admin, `CREATE SCHEMA "H r"; CREATE TABLE "H r"."Pay" (x serial); CREATE TABLE public.seen (x int); CREATE ROLE `+service+` LOGIN; GRANT INSERT ON public.seen TO `+service+`;
		GRANT CONNECT ON DATABASE `+c.Database+` TO PUBLIC; GRANT USAGE ON SCHEMA public TO PUBLIC`)
	t.Cleanup(func() {
		if err := pgtest.Cluster(t).Exec(context.Background(), c.Database, fmt.Sprintf("DROP OWNED BY %s CASCADE; DROP ROLE %[1]s; DROP ROLE IF EXISTS %s", service, system)); err != nil {
			t.Error(err)
		}
	})
	r := warehouse.Registration{Database: c.Database, ServiceRole: service, Domains: []string{"default"}, Procedures: true, Sandboxes: []string{"sand_ann", "sand_bob"},
		Tables: []warehouse.TableName{{Schema: "H r", Name: "Pay"}, {Schema: "public", Name: "seen"}}}
	p := warehouse.PushRegistration{Database: c.Database, SystemRole: system, Tables: r.Tables, Write: true}
	before := traces(t, admin, service, system)
	register := func() {
		t.Helper()
		if _, err := warehouse.Register(t.Context(), admin, r); err != nil {
			t.Fatal(err)
		}
		if _, err := warehouse.RegisterPush(t.Context(), admin, p); err != nil {
			t.Fatal(err)
		}
	}
	register()
	registered := traces(t, admin, service, system)
	for stop, undo := range map[string]string{
		"CREATE SCHEMA postern_system": "DROP SCHEMA postern_system",
		"CREATE VIEW public.hash AS SELECT postern_functions.keyed_hash('default', 'x')":                          "DROP VIEW public.hash",
		"CREATE TABLE postern_procedures.alien (x int); ALTER TABLE postern_procedures.alien OWNER TO " + service: "DROP TABLE postern_procedures.alien",
	} {
		exec(t, admin, stop)
		if left, err := warehouse.Unregister(t.Context(), admin, r, p); err == nil {
			t.Errorf("%s does not stop it: %v", stop, left)
		}
		exec(t, admin, undo)
		if now := traces(t, admin, service, system); now != registered {
			t.Errorf("%s: something has changed:\n%s\n%s", stop, registered, now)
		}
	}
	exec(t, admin, "CREATE TABLE sand_bob.kept (x int)")
	left, err := warehouse.Unregister(t.Context(), admin, r, p)
	if err != nil || len(left) != 2 || !strings.Contains(strings.Join(left, ";"), "schema sand_bob is kept") {
		t.Fatalf("%v %v", left, err)
	}
	exec(t, admin, "DROP SCHEMA sand_bob CASCADE")
	if after := traces(t, admin, service, system); after != before {
		t.Errorf("before\n%s\nafter\n%s", before, after)
	}
	if _, err := warehouse.Unregister(t.Context(), admin, r, p); err != nil {
		t.Errorf("taking back what is not there: %v", err)
	}
	// A role on which something else hangs is kept.
	register()
	exec(t, admin, "CREATE SCHEMA others; ALTER SCHEMA others OWNER TO "+system)
	if left, err = warehouse.Unregister(t.Context(), admin, r, p); err != nil || !strings.Contains(strings.Join(left, ";"), "role "+system+" is kept") {
		t.Errorf("%v %v", left, err)
	}
	exec(t, admin, "DROP SCHEMA others")
	if _, err = warehouse.Unregister(t.Context(), admin, r, p); err != nil {
		t.Error(err)
	}
}
