package warehouse_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/warehouse"
)

// TestCrawlWatched: who watches a crawl is told of each relation, schema by schema, and of as many as it finds.
func TestCrawlWatched(t *testing.T) {
	conn := dial(t, configOf(t, pgtest.Database(t)))
	exec(t, conn, crawlSchema)
	var seen []string
	tables, err := warehouse.CrawlWatched(t.Context(), conn, func(p warehouse.Progress) { seen = append(seen, fmt.Sprintf("%s %d/%d", p.Schema, p.Done, p.Total)) })
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(seen, ", "); len(tables) != 6 || got != "other 1/4, other 2/4, other 3/4, other 4/4, public 1/2, public 2/2" {
		t.Errorf("%d tables, told %s", len(tables), got)
	}
}

// TestIdentity: a database is the same after a change in it, and to who may ask less; a copy is another one.
func TestIdentity(t *testing.T) {
	c := configOf(t, pgtest.Database(t))
	identity := func(database, user string) string {
		t.Helper()
		as := c
		as.Database, as.User = database, user
		conn := dial(t, as)
		out, err := warehouse.Identity(t.Context(), conn)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	conn := dial(t, c)
	first := identity(c.Database, c.User)
	exec(t, conn, "CREATE TABLE t (a int)")
	if cluster, database, ok := strings.Cut(first, "/"); !ok || cluster == "" || database == "" || identity(c.Database, c.User) != first {
		t.Errorf("identity %q", first)
	}
	other := configOf(t, pgtest.Database(t))
	if identity(other.Database, other.User) == first {
		t.Error("two databases are one")
	}
}

// TestCatalogMark: what changes tables or columns changes it.
func TestCatalogMark(t *testing.T) {
	c := configOf(t, pgtest.Database(t))
	watch, last := dial(t, c), ""
	for _, ddl := range []string{"CREATE TABLE t (a int)", "ALTER TABLE t RENAME TO u", "ALTER TABLE u RENAME a TO b", "ALTER TABLE u ALTER b TYPE bigint", "DROP TABLE u", "CREATE SCHEMA s"} {
		conn := dial(t, c)
		exec(t, conn, ddl)
		closeConn(t, conn) // it tells at its end
		now := last
		for began := time.Now(); now == last && time.Since(began) < 20*time.Second; time.Sleep(5 * time.Millisecond) {
			var err error
			if now, err = warehouse.CatalogMark(t.Context(), watch); err != nil {
				t.Fatal(err)
			}
		}
		if now == last {
			t.Errorf("%s: still %s", ddl, now)
		}
		last = now
	}
}
