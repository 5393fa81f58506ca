package push_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/internal/pgcluster"
	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/warehouse"
)

// TestLogicalReplication: what leaves the database by logical replication is told: published sources, by whatever way, slots, and roles that may read from them.
func TestLogicalReplication(t *testing.T) {
	cluster, err := pgcluster.Start(t.Context(), pgcluster.Config{Settings: map[string]string{"wal_level": "logical", "max_wal_senders": "5", "max_replication_slots": "5", "synchronous_commit": "on"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Stop(); err != nil {
			t.Error(err)
		}
	})
	w := newShopIn(t, func(t testing.TB) string {
		name := pgtest.Name("test")
		if err := cluster.CreateDatabase(t.Context(), name); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := cluster.DropDatabase(context.Background(), name); err != nil {
				t.Error(err)
			}
		})
		return cluster.DSN(name)
	})
	w.cluster = cluster
	w.exec(w.admin, "CREATE TABLE public.apart (id int, c_region text) PARTITION BY LIST (id); CREATE TABLE public.part PARTITION OF public.apart FOR VALUES IN (1); CREATE TABLE public.elsewhere (id int)")
	w.tables = append(w.tables, warehouse.TableName{Schema: "public", Name: "apart"})
	w.exec(w.admin, "GRANT SELECT ON public.apart TO "+w.settings.SystemRole+" WITH GRANT OPTION")
	w.subscriptions[0].On = tables("public.nation", "public.customer", "Sales.Order", "public.apart")
	w.sync()
	repl := pgtest.Name("repl")
	w.roles = append(w.roles, repl)
	slot := func(plugin string) string {
		return "SELECT pg_create_logical_replication_slot('way_out', '" + plugin + "')"
	}
	const dropped = "SELECT pg_drop_replication_slot('way_out')"
	cases := []struct{ open, shut, want string }{
		{"CREATE ROLE " + repl + " LOGIN REPLICATION PASSWORD 'pw'", "ALTER ROLE " + repl + " NOREPLICATION", "role " + repl + ": has REPLICATION"},
		{"CREATE PUBLICATION way FOR TABLE public.customer (c_custkey) WHERE (c_custkey > 0)", "DROP PUBLICATION way", "public.customer: is published for logical replication by way: who"},
		{"CREATE PUBLICATION way FOR TABLES IN SCHEMA public", "DROP PUBLICATION way", "public.nation: is published for logical replication by way"},
		{"CREATE PUBLICATION way FOR ALL TABLES", "DROP PUBLICATION way", "Sales.Order: is published for logical replication by way"},
		{"CREATE PUBLICATION way FOR ALL TABLES", "DROP PUBLICATION way", "public.apart: is published for logical replication by way, by way of public.part"},
		{"CREATE PUBLICATION way FOR TABLE public.part", "DROP PUBLICATION way", "public.apart: is published for logical replication by way, by way of public.part"},
		{"CREATE PUBLICATION way FOR TABLE public.apart WITH (publish_via_partition_root)", "DROP PUBLICATION way", "public.apart: is published for logical replication by way: who"},
		{slot("pgoutput"), dropped, "logical slot way_out (pgoutput): hands the changes of tables"},
		{slot("test_decoding"), dropped, "logical slot way_out (test_decoding): hands the changes of all tables, published or not"},
	}
	for _, c := range cases {
		w.told(c.open, c.shut, c.want)
	}
	before := w.findings()
	w.exec(w.admin, "CREATE PUBLICATION way FOR TABLE public.elsewhere")
	if after := w.findings(); after != before {
		t.Errorf("a table that is no source is told of:\n%s", lines(after, before))
	}
	// What it is about: the slot shows a row that nobody may see who is governed, to a role to which nothing was granted.
	w.exec(w.admin, "ALTER ROLE "+repl+" REPLICATION")
	w.exec(w.admin, slot("test_decoding"))
	w.exec(w.admin, "INSERT INTO public.customer VALUES (9, 'escaped', '', 1, 'ASIA')")
	conn, err := pgconn.Connect(t.Context(), cluster.URL(repl, "pw", w.database))
	if err != nil {
		t.Fatal(err)
	}
	w.dialed = append(w.dialed, conn)
	if got := w.value(conn, "SELECT data FROM pg_logical_slot_get_changes('way_out', NULL, NULL)"); !strings.Contains(got, "escaped") {
		t.Errorf("the slot shows %q: if it keeps that back now, it need not be told of", got)
	}
	w.exec(w.admin, dropped)
	t.Logf("%d ways out by logical replication were told", len(cases))
}
