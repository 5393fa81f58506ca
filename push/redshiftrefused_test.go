package push_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/push"
	"github.com/posternsql/postern/warehouse"
)

// behind runs SQL in the server behind the stand-in: what it says of itself there.
func (w *store) behind(sql string) {
	w.t.Helper()
	if err := pgtest.Cluster(w.t).Exec(w.t.Context(), w.server.Database(), sql); err != nil {
		w.t.Fatal(err)
	}
}

// TestRedshiftFoldsCase: in a database that does not tell capitals apart nothing is made; in one that came to be so nothing is changed.
func TestRedshiftFoldsCase(t *testing.T) {
	const folds = "INSERT INTO pg_rs_shim.fact VALUES ('db_collation', 'case_insensitive') ON CONFLICT (name) DO UPDATE SET value = excluded.value"
	w := newStore(t)
	const ours = "SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname LIKE 'postern_%' OR nspname LIKE 'governed_%'"
	refused := func(want error, changed string) {
		t.Helper()
		w.sent = nil
		if _, err := w.syncer().Sync(t.Context(), w.input()); err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("synced: %v", err)
		}
		if len(w.sent) > 0 {
			t.Errorf("%d statements were sent", len(w.sent))
		}
		if got := w.value(ours); got != changed {
			t.Errorf("%s schemas of ours, want %s", got, changed)
		}
	}
	w.behind(folds)
	refused(warehouse.ErrFoldsCase, "0")
	w.behind("UPDATE pg_rs_shim.fact SET value = 'case_whatever'")
	refused(nil, "0")
	w.behind("DELETE FROM pg_rs_shim.fact")
	w.sync()
	made := w.value(ours)
	w.behind(folds)
	refused(warehouse.ErrFoldsCase, made)
	w.reads("ann", "SELECT c_custkey FROM governed_shop.customer", "1\n3")
}

// found is the finding of a kind that holds a text.
func found(r *push.Report, kind push.FindingKind, text string) (push.Finding, bool) {
	i := slices.IndexFunc(r.Findings, func(f push.Finding) bool { return f.Kind == kind && strings.Contains(f.String(), text) })
	if i < 0 {
		return push.Finding{}, false
	}
	return r.Findings[i], true
}

// TestRedshiftScoped: permissions for all that is in a schema or the database, and default privileges, are told with whom they let in and what ends them; what
// is told ends them.
func TestRedshiftScoped(t *testing.T) {
	w := newStore(t)
	ann, bob, cid := w.accounts["ann"], w.accounts["bob"], w.accounts["cid"]
	role, group, idle := pgtest.Name("wide"), pgtest.Name("wide"), pgtest.Name("idle")
	w.users = append(w.users, "role:"+role, "group:"+group, "role:"+idle)
	db := w.server.Database()
	w.sync()
	w.exec("CREATE ROLE "+role, "CREATE ROLE "+idle, "GRANT ROLE "+role+" TO "+ann, "CREATE GROUP "+group+" WITH USER "+bob, "CREATE SCHEMA elsewhere",
		"GRANT SELECT, INSERT FOR TABLES IN SCHEMA shop TO ROLE "+role, "GRANT USAGE FOR SCHEMAS IN DATABASE "+db+" TO GROUP "+group, "GRANT SELECT FOR TABLES IN SCHEMA sales TO PUBLIC",
		"GRANT EXECUTE FOR FUNCTIONS IN SCHEMA postern_system TO "+cid+"", "GRANT SELECT FOR TABLES IN SCHEMA elsewhere TO "+cid, "GRANT SELECT FOR TABLES IN SCHEMA shop TO ROLE "+idle,
		"ALTER DEFAULT PRIVILEGES FOR USER awsuser IN SCHEMA shop GRANT SELECT ON TABLES TO "+bob, "ALTER DEFAULT PRIVILEGES FOR USER awsuser GRANT SELECT ON TABLES TO ROLE "+role,
		"ALTER DEFAULT PRIVILEGES FOR USER awsuser IN SCHEMA elsewhere GRANT SELECT ON TABLES TO "+bob)
	r := w.sync()
	var ends []string
	for _, want := range []string{
		"schema shop: somebody granted SELECT for all tables in it, now and later, to role " + role + ": open to " + ann, "schema shop: somebody granted INSERT for all tables in it",
		"schema sales: somebody granted SELECT for all tables in it, now and later, to public: open to ",
		"database " + db + ": somebody granted USAGE for all schemas in it, now and later, to group " + group + ": open to " + bob,
		"schema postern_system: somebody granted EXECUTE for all functions in it, now and later, to " + cid,
		"schema shop: tables that awsuser makes are opened to " + bob + " by default privileges (SELECT)", "all schemas: tables that awsuser makes are opened to role " + role,
	} {
		f, told := found(r, push.NotGoverned, want)
		if !told {
			t.Errorf("nothing is said of: %s", want)
			continue
		}
		ends = append(ends, strings.TrimSuffix(f.Detail[strings.LastIndex(f.Detail, "; ")+2:], " ends that"))
	}
	for _, not := range []string{"elsewhere", idle} {
		if f, told := found(r, push.NotGoverned, not); told {
			t.Errorf("opens nothing: %s", f)
		}
	}
	if t.Failed() {
		for _, f := range r.Findings {
			t.Log(f)
		}
		return
	}
	w.exec(ends...)
	r = w.sync()
	for _, what := range []string{"now and later", "by default privileges"} {
		if f, told := found(r, push.NotGoverned, what); told {
			t.Errorf("it was ended: %s", f)
		}
	}
	t.Logf("%d permissions are told, and ended by what is told", len(ends))
}

// TestRedshiftDatashares: in a database that is another cluster's nothing is made; what is in a schema of another cluster's is opened to nobody, with the reason; and shares
// that go out are told.
func TestRedshiftDatashares(t *testing.T) {
	w := newStore(t)
	w.behind("INSERT INTO pg_rs_shim.fact VALUES ('database_type', 'shared')")
	if _, err := w.syncer().Sync(t.Context(), w.input()); err == nil || !strings.Contains(err.Error(), "is a datashare of another cluster") {
		t.Errorf("synced: %v", err)
	}
	if got := w.value("SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname LIKE 'postern_%' OR nspname LIKE 'governed_%'"); got != "0" || len(w.sent) > 0 {
		t.Errorf("%s schemas were made by %d statements", got, len(w.sent))
	}
	w.behind("DELETE FROM pg_rs_shim.fact")
	w.sync()
	orders, events := "1|NULL|first|EUROPE\n2|NULL|second|ASIA", "1|EUROPE\n3|EUROPE"
	w.reads("ann", "SELECT * FROM governed_sales.orders", orders)
	w.behind("COMMENT ON SCHEMA sales IS 'rsfake: shared'; INSERT INTO pg_rs_shim.fact VALUES ('remote schema', 'lake'); INSERT INTO pg_rs_shim.datashare VALUES ('going', 'OUTBOUND', NULL, NULL), ('coming', 'INBOUND', NULL, 'theirs')")
	r, err := w.syncer().Sync(t.Context(), w.input())
	if err != nil {
		t.Fatal(err)
	}
	for _, source := range []string{"sales.orders", "lake.events"} {
		if _, told := found(r, push.Blocked, source+": is in a datashare of another cluster"); !told {
			t.Errorf("nothing is said of %s: %v", source, r.Findings)
		}
	}
	if _, told := found(r, push.NotGoverned, "datashare going: shares what is in it"); !told {
		t.Errorf("nothing is said of the share that goes out: %v", r.Findings)
	}
	if f, told := found(r, push.NotGoverned, "datashare coming"); told {
		t.Errorf("what comes in opens nothing of ours: %s", f)
	}
	w.reads("ann", "SELECT * FROM governed_sales.orders", "")
	w.reads("ann", "SELECT * FROM governed_lake.events", "")
	w.reads("ann", "SELECT c_custkey FROM governed_shop.customer", "1\n3")
	w.behind("COMMENT ON SCHEMA sales IS NULL; DELETE FROM pg_rs_shim.fact; DELETE FROM pg_rs_shim.datashare")
	w.sync()
	w.reads("ann", "SELECT * FROM governed_sales.orders", orders)
	w.reads("ann", "SELECT * FROM governed_lake.events", events)
}
