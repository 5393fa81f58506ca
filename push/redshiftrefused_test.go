package push_test

import (
	"errors"
	"testing"

	"github.com/posternsql/postern/internal/pgcluster/pgtest"
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
