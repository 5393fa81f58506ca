package pgcluster_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"go.uber.org/goleak"

	"github.com/posternsql/postern/internal/pgcluster"
)

// childDir, when set, makes this test binary start a cluster under the folder, print its server's process id, and wait to be
// killed.
const childDir = "PGCLUSTER_TEST_CHILD_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		runChild(dir)
	}
	goleak.VerifyTestMain(m)
}

func runChild(dir string) {
	if _, err := pgcluster.Start(context.Background(), pgcluster.Config{Dir: dir}); err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	fmt.Println(serverPID(dir))
	select {}
}

// serverPID reads the process id of the only server under dir; 0 if there is none.
func serverPID(dir string) int {
	files, _ := filepath.Glob(filepath.Join(dir, "*", "data", "postmaster.pid"))
	if len(files) != 1 {
		return 0
	}
	text, _ := os.ReadFile(files[0])
	first, _, _ := strings.Cut(string(text), "\n")
	pid, _ := strconv.Atoi(first)
	return pid
}

// folder is a folder that an unprivileged server can enter, whatever the umask of the tests is.
func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func query(t *testing.T, dsn, sql string) (string, error) {
	t.Helper()
	conn, err := pgconn.Connect(t.Context(), dsn)
	if err != nil {
		return "", err
	}
	defer conn.Close(t.Context())
	results, err := conn.Exec(t.Context(), sql).ReadAll()
	if err != nil || len(results) == 0 || len(results[0].Rows) == 0 {
		return "", err
	}
	return string(results[0].Rows[0][0]), nil
}

func TestLifeOfACluster(t *testing.T) {
	dir, log := folder(t), &lockedBuffer{}
	c, err := pgcluster.Start(t.Context(), pgcluster.Config{
		Dir: dir, Log: log, Settings: map[string]string{"work_mem": "3MB", "search_path": `"it's", public`},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Stop() })
	if c.Version < pgcluster.MinVersion {
		t.Errorf("version %d", c.Version)
	}
	if err := c.CreateDatabase(t.Context(), `odd "name`); err != nil {
		t.Fatal(err)
	}
	if err := c.DropDatabase(t.Context(), `odd "name`); err != nil {
		t.Fatal(err)
	}
	for show, want := range map[string]string{
		"fsync": "off", "work_mem": "3MB", "server_encoding": "UTF8", "lc_collate": "C.UTF-8",
		"password_encryption": "scram-sha-256", "listen_addresses": "127.0.0.1", "search_path": `"it's", public`,
	} {
		sql := "SELECT current_setting('" + show + "')"
		if show == "lc_collate" { // no longer a setting since PostgreSQL 16
			sql = "SELECT datcollate FROM pg_database WHERE datname = current_database()"
		}
		if got, err := query(t, c.DSN("postgres"), sql); err != nil || got != want {
			t.Errorf("%s = %q, %v; want %q", show, got, err, want)
		}
	}
	// Over TCP the password is checked by SCRAM, so that verifiers are real; the socket needs none.
	var refused *pgconn.PgError
	if _, err := query(t, c.URL("postgres", "wrong", "postgres"), "SELECT 1"); !errors.As(err, &refused) || refused.Code != "28P01" {
		t.Errorf("a wrong password: %v", err)
	}
	local := fmt.Sprintf("host=%s port=%d user=postgres dbname=postgres sslmode=disable", c.SocketDir, c.Port)
	if got, err := query(t, local, "SELECT rolpassword LIKE 'SCRAM-SHA-256$%' FROM pg_authid WHERE rolname = 'postgres'"); err != nil || got != "t" {
		t.Errorf("over the socket: %q, %v", got, err)
	}
	if !strings.Contains(log.String(), "ready to accept connections") {
		t.Errorf("the server's log did not arrive: %q", log.String())
	}
	checkStop(t, c, dir)
}

func checkStop(t *testing.T, c *pgcluster.Cluster, dir string) {
	t.Helper()
	pid := serverPID(dir)
	if pid == 0 {
		t.Fatal("no server process found")
	}
	for range 2 {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	}
	<-c.Done()
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("the server %d is still there: %v", pid, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) > 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// startChild runs this binary as a process of its own that starts a cluster under dir; it returns the server's process id.
func startChild(t *testing.T, dir string) (child *exec.Cmd, server int) {
	t.Helper()
	child = exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childDir+"="+dir)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	server, err = strconv.Atoi(strings.TrimSpace(line))
	if err != nil || server == 0 {
		t.Fatalf("the child said %q", line)
	}
	return child, server
}

// killAndWait kills the child and waits until its server has gone too.
func killAndWait(t *testing.T, child *exec.Cmd, server int) {
	t.Helper()
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()
	for deadline := time.Now().Add(10 * time.Second); !ended(server); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			_ = syscall.Kill(server, syscall.SIGQUIT)
			t.Fatalf("the server %d outlived its parent", server)
		}
	}
}

// TestKilledParent kills a process that started a cluster: its server ends soon after, and the next cluster that is started
// there removes the folder that was left, and no other.
func TestKilledParent(t *testing.T) {
	dir := folder(t)
	child, server := startChild(t, dir)
	start := func() *pgcluster.Cluster {
		t.Helper()
		c, err := pgcluster.Start(t.Context(), pgcluster.Config{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Stop() })
		return c
	}
	folders := func(want int) {
		t.Helper()
		if entries, err := os.ReadDir(dir); err != nil || len(entries) != want {
			t.Errorf("%d folders, %v; want %d", len(entries), err, want)
		}
	}
	first := start()
	folders(2) // the child's, which is in use, and the first
	killAndWait(t, child, server)
	start()
	folders(2) // the first and the second
	if _, err := query(t, first.DSN("postgres"), "SELECT 1"); err != nil {
		t.Errorf("a cluster in use was swept: %v", err)
	}
}

// ended reports whether a process is gone, or is a zombie that only waits for its new parent to collect it.
func ended(pid int) bool {
	if err := syscall.Kill(pid, 0); errors.Is(err, syscall.ESRCH) {
		return true
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(stat), ") Z ")
}

func TestStartGivesUp(t *testing.T) {
	dir := folder(t)
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if _, err := pgcluster.Start(ctx, pgcluster.Config{Dir: dir}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("bad setting", func(t *testing.T) {
		_, err := pgcluster.Start(t.Context(), pgcluster.Config{Dir: dir, Settings: map[string]string{"work_mem": "much"}})
		if err == nil || !strings.Contains(err.Error(), "work_mem") {
			t.Errorf("the error does not name the setting: %v", err)
		}
	})
	t.Run("no such folder", func(t *testing.T) {
		if _, err := pgcluster.Start(t.Context(), pgcluster.Config{Dir: dir + "/none"}); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("got %v", err)
		}
	})
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestValidateReportsEveryMistake(t *testing.T) {
	err := pgcluster.Config{Dir: "relative", Settings: map[string]string{
		"port": "1", "a b": "", "work_mem": "1\nfsync = on",
	}}.Validate()
	for _, want := range []string{"relative", "port", `"a b"`, "line break"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not reported in: %v", want, err)
		}
	}
}
