package direct

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/control"
	"github.com/posternsql/postern/control/store"
	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/secret"
	"github.com/posternsql/postern/warehouse/queryhistory"
	"github.com/posternsql/postern/warehouse/serverlog"
)

// sharedState is the state that the servers of a test share, on the server whose log they collect.
func (w *world) sharedState() store.Config {
	w.t.Helper()
	w.run("postgres", "CREATE DATABASE state")
	w.t.Setenv("COLLECTING_STATE_PASSWORD", w.cluster.Password)
	return store.Config{URL: fmt.Sprintf("postgres://%s@%s:%d/state", w.cluster.Superuser, w.cluster.Host, w.cluster.Port), Password: secret.Ref{Env: "COLLECTING_STATE_PASSWORD"}, Log: slog.New(slog.DiscardHandler)}
}

func openState(t *testing.T, c store.Config) *store.Store {
	t.Helper()
	s, err := store.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// one of several servers, with a record of its own.
type one struct {
	name, dir string
	log       *audit.Log
	config    Config
}

func server(t *testing.T, base Config, turns Turns, name, dir string) *one {
	t.Helper()
	log, err := audit.Open(audit.Config{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	s := &one{name: name, dir: dir, log: log, config: base}
	s.config.Turns, s.config.Server, s.config.Turn, s.config.Interval = turns, name, time.Second, 10*time.Millisecond
	s.config.Positions, s.config.Record = PositionFile{filepath.Join(dir, "position")}, log.Record
	s.config.Recorded = func(since time.Time, fn func(string)) error {
		return audit.Search(dir, audit.Filter{Kind: audit.Direct, Since: since}, func(e audit.Event) error { fn(e.ID); return nil })
	}
	if f, ok := base.Log.(*serverlog.Follower); ok {
		own := *f
		s.config.Log = &own
	}
	return s
}

func (s *one) collector(t *testing.T) *Collector {
	t.Helper()
	c, err := New(s.config)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// start runs a collector until stop.
func (s *one) start(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	c, done := s.collector(t), make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	return sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// recordOf lists the statements of a record that hold the word, with what is said of them.
func recordOf(t *testing.T, dir, word string) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	if err := audit.Search(dir, audit.Filter{Kind: audit.Direct}, func(e audit.Event) error {
		if strings.Contains(e.SQL, word) {
			out[e.SQL] = append(out[e.SQL], e.Detail)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(what)
		}
	}
}

// once wants each of the statements 0 to n-1 on exactly one record, once.
func once(t *testing.T, word string, n int, dirs ...string) {
	t.Helper()
	counts := map[string]int{}
	for _, dir := range dirs {
		for sql, details := range recordOf(t, dir, word) {
			counts[sql] += len(details)
		}
	}
	for i := range n {
		if sql := fmt.Sprintf("SELECT '%s %d'", word, i); counts[sql] != 1 {
			t.Errorf("%s is on record %d times", sql, counts[sql])
		}
	}
	if len(counts) != n {
		t.Errorf("%d statements are on record, want %d", len(counts), n)
	}
}

// TestTwoServersCollect: of two servers one collects, each statement is told once, and the other goes on at once when the first ends.
func TestTwoServersCollect(t *testing.T) {
	w := newWorld(t, nil)
	state := w.sharedState()
	a, b := server(t, w.config, openState(t, state), "a", t.TempDir()), server(t, w.config, openState(t, state), "b", t.TempDir())
	stopA, stopB := a.start(t), b.start(t)
	defer stopA()
	defer stopB()
	for i := range 10 {
		w.run("ann_account", fmt.Sprintf("SELECT 'said %d'", i))
	}
	eventually(t, "the first ten are not on record", func() bool { return len(recordOf(t, a.dir, "said"))+len(recordOf(t, b.dir, "said")) == 10 })
	first, other, stop := a, b, stopA
	if len(recordOf(t, a.dir, "said")) == 0 {
		first, other, stop = b, a, stopB
	}
	if n := len(recordOf(t, other.dir, "said")); n != 0 {
		t.Errorf("both collect: %d are on the record of the other", n)
	}
	began := time.Now()
	stop()
	for i := range 10 {
		w.run("ann_account", fmt.Sprintf("SELECT 'said %d'", 10+i))
	}
	eventually(t, "the other does not go on", func() bool { return len(recordOf(t, other.dir, "said")) == 10 })
	t.Logf("the other went on within %v", time.Since(began).Round(time.Millisecond))
	once(t, "said", 20, first.dir, other.dir)
}

// TestKilledCollector: a server that is killed while it collects loses its turn in bounded time, and each statement is on record once. Where it was killed
// while it wrote some down, and does not come back, these may be there twice, and then are said to be.
func TestKilledCollector(t *testing.T) {
	if dir := os.Getenv("COLLECTING_TEST_RECORD"); dir != "" {
		collectUntilKilled(t, dir)
	}
	w := newWorld(t, nil)
	state := w.sharedState()
	dirA := t.TempDir()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilledCollector$")
	folder := w.config.Log.(*serverlog.Follower).Source.(serverlog.Folder).Path
	child.Env = append(os.Environ(), "COLLECTING_TEST_RECORD="+dirA, "COLLECTING_TEST_FOLDER="+folder, "COLLECTING_TEST_STATE="+state.URL)
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	said := 0
	say := func(n int) {
		for range n {
			w.run("ann_account", fmt.Sprintf("SELECT 'said %d'", said))
			said++
		}
	}
	say(1)
	eventually(t, "the first server does not collect", func() bool { return len(recordOf(t, dirA, "said")) == 1 })
	b := server(t, w.config, openState(t, state), "b", t.TempDir())
	defer b.start(t)()
	say(30)
	_ = child.Process.Kill()
	_ = child.Wait()
	killed := time.Now()
	say(30)
	last := fmt.Sprintf("SELECT 'said %d'", said-1)
	eventually(t, "the other server does not take over", func() bool { return len(recordOf(t, b.dir, "said")[last]) > 0 })
	t.Logf("what was said before and after the kill was on record %v after it, with a turn of a second", time.Since(killed).Round(time.Millisecond))
	if len(recordOf(t, b.dir, "said")) < 30 {
		t.Error("the other server told less than was said after the kill")
	}
	both := recordOf(t, dirA, "said")
	doubted := 0
	for sql, details := range recordOf(t, b.dir, "said") {
		if marked := strings.Contains(details[0], "may have it on record, too"); marked {
			doubted++
			delete(both, sql)
		}
		both[sql] = append(both[sql], details...)
	}
	for i := range said {
		if n := len(both[fmt.Sprintf("SELECT 'said %d'", i)]); n != 1 {
			t.Errorf("statement %d is on record %d times", i, n)
		}
	}
	t.Logf("%d statements, each on record once; %d were being written down when the server was killed", said, doubted)
}

// collectUntilKilled is the server that is killed.
func collectUntilKilled(t *testing.T, dir string) {
	w := &world{t: t}
	w.configureLog(os.Getenv("COLLECTING_TEST_FOLDER"))
	state := store.Config{URL: os.Getenv("COLLECTING_TEST_STATE"), Password: secret.Ref{Env: "COLLECTING_STATE_PASSWORD"}, Log: slog.New(slog.DiscardHandler)}
	server(t, w.config, openState(t, state), "a", dir).start(t)
	select {}
}

// dying is killed before it notes that it recorded what it announced.
type dying struct{ Turns }

var errKilled = errors.New("killed")

func (d dying) NoteTurn(ctx context.Context, t control.Turn, lasts time.Duration, c control.Collected) error {
	if len(c.Intended) > 0 {
		return d.Turns.NoteTurn(ctx, t, lasts, c)
	}
	return errKilled
}

// TestDoubt: between the announcement of statements and the note that they are on record a server may have recorded them or not. Itself it knows by its
// record; another one tells them with the doubt.
func TestDoubt(t *testing.T) {
	for _, recorded := range []bool{true, false} {
		for _, back := range []bool{true, false} {
			t.Run(fmt.Sprintf("recorded=%t back=%t", recorded, back), func(t *testing.T) {
				w := newWorld(t, nil)
				state := openState(t, w.sharedState())
				a := server(t, w.config, state, "a", t.TempDir())
				a.config.Turns = dying{Turns: state}
				if !recorded {
					a.config.Record = func(context.Context, ...audit.Event) error { return errKilled }
				}
				w.run("ann_account", "SELECT 'said 0'")
				c := a.collector(t)
				eventually(t, "it was not killed", func() bool { return errors.Is(c.Collect(t.Context()), errKilled) })
				next := server(t, w.config, state, "b", t.TempDir())
				if back {
					a.config.Turns, a.config.Record = state, a.log.Record
					next = a
				}
				defer next.start(t)()
				w.run("ann_account", "SELECT 'more'")
				eventually(t, "nobody goes on", func() bool { return len(recordOf(t, next.dir, "more")) > 0 })
				if !recorded || back {
					once(t, "said", 1, next.dir)
				}
				if !back {
					got := recordOf(t, next.dir, "said")["SELECT 'said 0'"]
					if len(got) != 1 || !strings.Contains(got[0], "server a may have it on record, too") {
						t.Errorf("the other server tells %q", got)
					}
				}
			})
		}
	}
}

// TestTwoServersCollectRedshift: a look reads again what ended lately, and the next server knows what of it is on the record of the one before.
func TestTwoServersCollectRedshift(t *testing.T) {
	c := newCluster(t, queryhistory.SYS)
	parsed, err := pgx.ParseConfig(pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("COLLECTING_STATE_PASSWORD", parsed.Password)
	state := openState(t, store.Config{URL: fmt.Sprintf("postgres://%s@%s:%d/%s", parsed.User, parsed.Host, parsed.Port, parsed.Database),
		Password: secret.Ref{Env: "COLLECTING_STATE_PASSWORD"}, Log: slog.New(slog.DiscardHandler)})
	var dirs []string
	said := 0
	for _, name := range []string{"a", "b", "a", "c"} {
		for range 5 {
			c.in(c.ann, fmt.Sprintf("SELECT 'said %d'", said))
			said++
		}
		dir := filepath.Join(t.TempDir(), name)
		if name == "a" && len(dirs) > 0 {
			dir = dirs[0]
		} else {
			dirs = append(dirs, dir)
		}
		s := server(t, c.config, state, name, dir)
		s.config.Log = &queryhistory.Reader{Views: queryhistory.SYS, Dial: c.dial(c.service, redshiftPassword)}
		stop := s.start(t)
		last := fmt.Sprintf("SELECT 'said %d'", said-1)
		eventually(t, "server "+name+" does not go on", func() bool { return len(recordOf(t, dir, "said")[last]) > 0 })
		stop()
		if err := errors.Join(s.log.Close(), s.config.Log.(*queryhistory.Reader).Close(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
	once(t, "said", said, dirs...)
}
