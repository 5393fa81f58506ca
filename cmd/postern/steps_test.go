package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/internal/pgcluster/pgtest"
)

// step is a command, and what comes of it.
type step struct {
	args []string
	code int
	says string
}

// take runs commands with a configuration, one after the other; the first that is not as it should be ends the test.
func take(t *testing.T, config string, steps ...step) {
	t.Helper()
	for _, s := range steps {
		args := append(slices.Clone(s.args), "-c", config)
		if code, out, errOut := command(t, "", args...); code != s.code || !strings.Contains(out+errOut, s.says) {
			t.Fatalf("postern %v: exit %d\n%s\n%s", args, code, out, errOut)
		}
	}
}

// writeFiles writes files of a folder.
func writeFiles(t *testing.T, folder string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// newWarehouse makes a database, as a setup account finds it whose URL is in PUSH_TEST_SETUP; PUSH_TEST_PASSWORD is a password for roles.
func newWarehouse(t *testing.T, setup string) (admin *pgconn.PgConn, database string) {
	t.Helper()
	url := pgtest.Database(t)
	admin, err := pgconn.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = admin.Close(context.WithoutCancel(t.Context())) })
	if _, err := admin.Exec(t.Context(), setup).ReadAll(); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PUSH_TEST_PASSWORD", "pw")
	t.Setenv("PUSH_TEST_SETUP", url)
	database, _, _ = strings.Cut(url[strings.LastIndex(url, "/")+1:], "?")
	return admin, database
}

// served is a server that runs.
type served struct {
	address string // of its API
	log     lockedText
	stop    func()
}

// serve runs a server with a configuration, to which addresses are added, until it is stopped; then the configuration is what it was.
func serve(t *testing.T, config string) *served {
	t.Helper()
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	s := &served{address: freeAddress(t)}
	if err := os.WriteFile(config, append(slices.Clone(text), []byte("listen: "+freeAddress(t)+"\nadmin: {listen: "+s.address+"}\n")...), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan int, 1)
	go func() { done <- run(ctx, []string{"serve", "-c", config}, streams{out: io.Discard, err: &s.log}) }()
	s.stop = func() {
		cancel()
		if code := <-done; code != exitOK {
			t.Errorf("serve: exit %d\n%s", code, s.log.String())
		}
		if err := os.WriteFile(config, text, 0o600); err != nil {
			t.Error(err)
		}
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", s.address); err == nil {
			_ = conn.Close()
			// It takes up what it maintains when it serves. Before it listens, the command would take the audit log for itself.
			if code, _, _ := command(t, "", "plan", "-c", config); code == exitOK {
				return s
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("the server does not answer\n%s", s.log.String())
		}
	}
}

// logs waits until its log says something.
func (s *served) logs(t *testing.T, words string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(s.log.String(), words); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the server does not say %q:\n%s", words, s.log.String())
		}
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// lockedText is what a server logs, while it runs.
type lockedText struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lockedText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
