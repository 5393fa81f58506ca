package e2e

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/internal/pgcluster"
	"github.com/posternsql/postern/internal/tpch"
)

const (
	databaseName = "tpch"
	serviceRole  = "postern_service"
)

// shared is what all tests use. Tests may run side by side; those that change a server's files start one of their own.
var shared struct {
	dir     string // of this test binary
	binary  string // the built postern
	cluster *pgcluster.Cluster
	log     serverLog // what PostgreSQL was asked, each statement
	server  *instance
}

func TestMain(m *testing.M) {
	code, err := runAll(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "end-to-end tests:", err)
		code = 1
	}
	os.Exit(code)
}

func runAll(m *testing.M) (code int, err error) {
	if shared.dir, err = os.MkdirTemp("", "postern-e2e-"); err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(shared.dir)) }()
	// The account that runs PostgreSQL has to pass through; what is secret has its own mode.
	if err := os.Chmod(shared.dir, 0o711); err != nil {
		return 1, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	shared.binary = filepath.Join(shared.dir, "postern")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", shared.binary, "../../cmd/postern").CombinedOutput(); err != nil {
		return 1, fmt.Errorf("building postern: %w\n%s", err, out)
	}
	shared.cluster, err = pgcluster.Start(ctx, pgcluster.Config{
		Settings: map[string]string{"log_statement": "all", "max_connections": "300"}, Log: &shared.log,
	})
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, shared.cluster.Stop()) }()
	if err := fillWarehouse(ctx); err != nil {
		return 1, fmt.Errorf("filling the warehouse: %w", err)
	}
	files, err := exampleFiles()
	if err != nil {
		return 1, err
	}
	if err := register(ctx, files); err != nil {
		return 1, err
	}
	if shared.server, err = startInstance(shared.binary, shared.dir, files); err != nil {
		return 1, fmt.Errorf("starting postern: %w", err)
	}
	code = m.Run()
	if err := shared.server.stop(); err != nil {
		return 1, fmt.Errorf("stopping postern: %w", err)
	}
	return code, nil
}

// noticeSources reads the folders from which the binary is built. The go tool keeps a test's result for as long as what the
// test opened stays the same, and does not see what a compiler that the test runs opens. Every test calls it first: what
// TestMain opens does not count either.
func noticeSources(t *testing.T) {
	t.Helper()
	const root = "../.."
	err := filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.IsDir() || path == root {
			return err
		}
		if name := entry.Name(); strings.HasPrefix(name, ".") || name == "bin" || name == "docs" || name == "results" {
			return filepath.SkipDir
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// fillWarehouse loads TPC-H and makes the service role, which may log in and nothing else until it is registered.
func fillWarehouse(ctx context.Context) error {
	if err := shared.cluster.CreateDatabase(ctx, databaseName); err != nil {
		return err
	}
	conn, err := pgconn.Connect(ctx, shared.cluster.DSN(databaseName))
	if err != nil {
		return err
	}
	err = tpch.Generator{}.Build(ctx, conn, nil)
	if err := errors.Join(err, conn.Close(ctx)); err != nil {
		return err
	}
	password := rand.Text()
	if err := os.Setenv("TPCH_PASSWORD", password); err != nil {
		return err
	}
	return shared.cluster.Exec(ctx, databaseName,
		fmt.Sprintf("CREATE EXTENSION pgcrypto; CREATE ROLE %s LOGIN NOSUPERUSER PASSWORD '%s'", serviceRole, password))
}

// serverLog keeps what PostgreSQL logs.
type serverLog struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write never fails.
func (l *serverLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

// holds reports whether the text has been logged.
func (l *serverLog) holds(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.buf.String(), text)
}

// eventually fails the test unless the condition comes true within the time.
func eventually(t *testing.T, within time.Duration, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(within); ; time.Sleep(10 * time.Millisecond) {
		if condition() {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", within, what)
		}
	}
}
