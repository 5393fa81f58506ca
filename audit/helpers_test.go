package audit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// flakyDisk wraps real files: it counts, delays and refuses.
type flakyDisk struct {
	mu        sync.Mutex
	syncs     int
	failSync  error
	failWrite error // writes half, then fails
	failOpen  error
	delay     time.Duration
}

func (d *flakyDisk) open(path string, create bool) (file, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.failOpen != nil {
		return nil, d.failOpen
	}
	f, err := openOSFile(path, create)
	if err != nil {
		return nil, err
	}
	return &flakyFile{file: f, disk: d}, nil
}

func (d *flakyDisk) set(change func(*flakyDisk)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change(d)
}

func (d *flakyDisk) syncCount() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.syncs
}

type flakyFile struct {
	file
	disk *flakyDisk
}

func (f *flakyFile) Write(p []byte) (int, error) {
	f.disk.mu.Lock()
	fail := f.disk.failWrite
	f.disk.mu.Unlock()
	if fail != nil {
		n, _ := f.file.Write(p[:len(p)/2])
		return n, fail
	}
	return f.file.Write(p)
}

func (f *flakyFile) Sync() error {
	f.disk.mu.Lock()
	f.disk.syncs++
	fail, delay := f.disk.failSync, f.disk.delay
	f.disk.mu.Unlock()
	time.Sleep(delay)
	if fail != nil {
		return fail
	}
	return f.file.Sync()
}

func mustOpen(t testing.TB, cfg Config, disk *flakyDisk) *Log {
	t.Helper()
	if cfg.Dir == "" {
		cfg.Dir = filepath.Join(t.TempDir(), "audit")
	}
	openFile := openOSFile
	if disk != nil {
		openFile = disk.open
	}
	l, err := open(cfg, openFile, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func mustRecord(t testing.TB, l *Log, events ...Event) {
	t.Helper()
	if err := l.Record(context.Background(), events...); err != nil {
		t.Fatal(err)
	}
}

func mustClose(t testing.TB, l *Log) {
	t.Helper()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func statement(id string) Event {
	return Event{Kind: Statement, ID: id, User: "ann", SQL: "SELECT '" + id + "'"}
}

func end(id string) Event { return Event{Kind: End, ID: id, User: "ann"} }

// read returns all events but those of the log itself.
func read(t testing.TB, dir string) []Event {
	t.Helper()
	var out []Event
	err := Scan(dir, func(e Event) error {
		if e.Kind != Admin {
			out = append(out, e)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// ids returns kind and id of all events but those of the log itself.
func ids(t testing.TB, dir string) []string {
	t.Helper()
	var out []string
	for _, e := range read(t, dir) {
		out = append(out, fmt.Sprintf("%s %s", e.Kind, e.ID))
	}
	return out
}

func mustVerify(t testing.TB, dir string, anchors ...Anchor) Report {
	t.Helper()
	report, err := Verify(dir, anchors...)
	if err != nil {
		t.Fatal(err)
	}
	if !report.OK() {
		t.Fatalf("the chain does not hold: %s", report.Problem)
	}
	return report
}

func files(t testing.TB, dir string) []string {
	t.Helper()
	segments, err := listSegments(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, s := range segments {
		out = append(out, s.path)
	}
	return out
}

func eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if cond() {
			return
		}
	}
	t.Fatalf("never: %s", what)
}

var errDisk = errors.New("no space left on device")

func mode(t testing.TB, path string) os.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}
