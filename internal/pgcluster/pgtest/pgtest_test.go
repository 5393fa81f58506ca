package pgtest_test

import (
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/internal/pgcluster/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// TestDatabase shows that each test sees its own empty database of one cluster.
func TestDatabase(t *testing.T) {
	for _, name := range []string{"first", "second"} {
		t.Run(name, func(t *testing.T) {
			conn, err := pgconn.Connect(t.Context(), pgtest.Database(t))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(t.Context())
			// The table of the first test would stand in the way of the second.
			if _, err := conn.Exec(t.Context(), "CREATE TABLE only_mine (x int)").ReadAll(); err != nil {
				t.Fatal(err)
			}
		})
	}
	if first, again := pgtest.Cluster(t), pgtest.Cluster(t); first != again {
		t.Error("two clusters in one test binary")
	}
}
