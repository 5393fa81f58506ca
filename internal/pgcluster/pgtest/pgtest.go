package pgtest

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/posternsql/postern/internal/pgcluster"
)

// binary is the state of this test binary. It is the one package-level variable that tooling is allowed: a test has no
// other place from which to reach what its TestMain made.
var binary struct {
	mu      sync.Mutex
	main    bool // Main is running and will stop the cluster
	cluster *pgcluster.Cluster
	err     error // of the start; every later test fails with it instead of trying again
	count   atomic.Int64
}

// Main runs the tests, stops the cluster and exits. When the tests passed it also looks for goroutines that they left
// behind, and fails the run if there are any.
func Main(m *testing.M) {
	binary.mu.Lock()
	binary.main = true
	binary.mu.Unlock()
	os.Exit(run(m))
}

func run(m *testing.M) (code int) {
	defer func() {
		binary.mu.Lock()
		defer binary.mu.Unlock()
		if binary.cluster == nil {
			return
		}
		if err := binary.cluster.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "stopping the cluster:", err)
			code = 1
		}
		if code != 0 {
			return
		}
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, "goroutines left after the tests:", err)
			code = 1
		}
	}()
	return m.Run()
}

// Cluster returns the test binary's cluster, and starts it at the first call.
func Cluster(t testing.TB) *pgcluster.Cluster {
	t.Helper()
	binary.mu.Lock()
	defer binary.mu.Unlock()
	if !binary.main {
		t.Fatal("pgtest: the package's TestMain must call pgtest.Main, which stops the cluster")
	}
	if binary.cluster == nil && binary.err == nil {
		// The cluster outlives the test that asks first, so not under the test's context.
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		binary.cluster, binary.err = pgcluster.Start(ctx, pgcluster.Config{})
	}
	if binary.err != nil {
		t.Fatal(binary.err)
	}
	return binary.cluster
}

// Database makes an empty database for the test, drops it when the test ends, and returns its URL for the superuser. Roles
// are the cluster's, not the database's: give those that a test creates a name of its own (Name).
func Database(t testing.TB) string {
	t.Helper()
	cluster, name := Cluster(t), Name("test")
	if err := cluster.CreateDatabase(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// The test's own context has ended by now.
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := cluster.DropDatabase(ctx, name); err != nil {
			t.Error(err)
		}
	})
	return cluster.DSN(name)
}

// Name returns a name that this test binary has not used before, for databases and roles: prefix_1, prefix_2, ...
func Name(prefix string) string {
	return fmt.Sprintf("%s_%d", prefix, binary.count.Add(1))
}
