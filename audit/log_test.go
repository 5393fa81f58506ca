package audit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if os.Getenv(crashChild) != "" {
		recordUntilKilled()
		return
	}
	goleak.VerifyTestMain(m)
}

func TestRecordIsOnDiskWhenItReturns(t *testing.T) {
	disk := &flakyDisk{}
	l := mustOpen(t, Config{}, disk)
	for i := range 20 {
		before := disk.syncCount()
		mustRecord(t, l, statement(fmt.Sprint(i)))
		if disk.syncCount() != before+1 {
			t.Fatalf("record %d: %d syncs, want 1", i, disk.syncCount()-before)
		}
		// Another descriptor sees it at once.
		if got := ids(t, l.cfg.Dir); len(got) != i+1 || got[i] != fmt.Sprint("statement ", i) {
			t.Fatalf("record %d: the file holds %v", i, got)
		}
	}
	if l.Stats().Records != 21 || l.Head().Seq != 21 {
		t.Errorf("stats %+v, head %+v", l.Stats(), l.Head())
	}
	if m := mode(t, l.cfg.Dir); m != 0o700 {
		t.Errorf("directory has mode %v", m)
	}
	if m := mode(t, files(t, l.cfg.Dir)[0]); m != 0o600 {
		t.Errorf("file has mode %v", m)
	}
}

// While the disk is at a sync that a caller's batch is not part of, that
// caller must not get an answer.
func TestGroupCommit(t *testing.T) {
	disk := &flakyDisk{delay: 5 * time.Millisecond}
	l := mustOpen(t, Config{}, disk)
	const callers, each = 16, 20
	start := disk.syncCount()
	var group sync.WaitGroup
	for c := range callers {
		group.Go(func() {
			for i := range each {
				id := fmt.Sprintf("%d-%d", c, i)
				before := disk.syncCount()
				if err := l.Record(context.Background(), statement(id), statement(id+"b")); err != nil {
					t.Error(err)
				}
				if disk.syncCount() == before {
					t.Error("Record returned without a sync")
				}
				if i == each-1 && !slices.Contains(ids(t, l.cfg.Dir), "statement "+id+"b") {
					t.Errorf("%s is not in the file", id)
				}
			}
		})
	}
	group.Wait()
	if syncs := disk.syncCount() - start; syncs > callers*each/4 {
		t.Errorf("%d syncs for %d records: nothing was shared", syncs, callers*each)
	}
	mustClose(t, l)
	got := ids(t, l.cfg.Dir)
	if len(got) != 2*callers*each {
		t.Errorf("%d records, want %d", len(got), 2*callers*each)
	}
	for i := 0; i+1 < len(got); i += 2 {
		if got[i]+"b" != got[i+1] {
			t.Errorf("the events of one Record are apart: %s, %s", got[i], got[i+1])
		}
	}
	mustVerify(t, l.cfg.Dir)
}

func TestRecordLater(t *testing.T) {
	disk := &flakyDisk{}
	l := mustOpen(t, Config{FlushEvery: 20 * time.Millisecond}, disk)
	before := disk.syncCount()
	if err := l.RecordLater(end("1")); err != nil {
		t.Fatal(err)
	}
	if disk.syncCount() != before {
		t.Error("RecordLater synced")
	}
	mustRecord(t, l, statement("2"))
	if got := ids(t, l.cfg.Dir); !slices.Equal(got, []string{"end 1", "statement 2"}) {
		t.Errorf("got %v", got)
	}
	if disk.syncCount() != before+1 {
		t.Error("the completion was not written with the next record")
	}
	_ = l.RecordLater(end("2"))
	eventually(t, "the timer writes", func() bool { return len(ids(t, l.cfg.Dir)) == 3 })
	_ = l.RecordLater(end("3"), end("4"))
	mustClose(t, l)
	if got := ids(t, l.cfg.Dir); len(got) != 5 {
		t.Errorf("Close lost events: %v", got)
	}
	if err := l.RecordLater(end("5")); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v", err)
	}
	if err := l.Record(context.Background(), statement("5")); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func TestRecordLaterIsBounded(t *testing.T) {
	l := mustOpen(t, Config{FlushEvery: time.Hour, MaxPendingBytes: 1000}, nil)
	for i := range 100 {
		if err := l.RecordLater(end(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(ids(t, l.cfg.Dir)); n < 80 {
		t.Errorf("only %d were written", n)
	}
}

func TestRotationAndRestart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	n := 0
	for range 3 {
		l := mustOpen(t, Config{Dir: dir, MaxFileBytes: 2000}, nil)
		for range 20 {
			mustRecord(t, l, statement(fmt.Sprint(n)))
			n++
		}
		mustClose(t, l)
	}
	for i, e := range read(t, dir) {
		if e.ID != fmt.Sprint(i) {
			t.Fatalf("event %d has id %s", i, e.ID)
		}
	}
	report := mustVerify(t, dir)
	if report.Records != uint64(n+6) || report.Files < 8 || report.First.Seq != 1 || report.Last.Seq != uint64(n+6) {
		t.Errorf("report %+v", report)
	}
	for _, f := range files(t, dir) {
		if info, _ := os.Stat(f); info.Size() > 2000 {
			t.Errorf("%s has %d bytes", f, info.Size())
		}
	}
}

func TestRotationByDay(t *testing.T) {
	var mu sync.Mutex
	now := time.Date(2026, 11, 21, 23, 59, 59, 0, time.UTC)
	dir := t.TempDir()
	l, err := open(Config{Dir: dir}, openOSFile, func() time.Time { mu.Lock(); defer mu.Unlock(); return now })
	if err != nil {
		t.Fatal(err)
	}
	mustRecord(t, l, statement("1"))
	mu.Lock()
	now = now.Add(time.Second)
	mu.Unlock()
	mustRecord(t, l, statement("2"))
	mustClose(t, l)
	var names []string
	for _, f := range files(t, dir) {
		names = append(names, filepath.Base(f))
	}
	want := []string{"audit-20261121T235959Z-000001.jsonl", "audit-20261122T000000Z-000002.jsonl"}
	if !slices.Equal(names, want) {
		t.Errorf("got %v", names)
	}
	mustVerify(t, dir)
}

func TestRefusesBadEvents(t *testing.T) {
	l := mustOpen(t, Config{}, nil)
	huge := Event{Kind: Refused, Sources: make([]Source, 100)}
	for i := range huge.Sources {
		huge.Sources[i].ColumnsRequested = slices.Repeat([]string{strings.Repeat("x", 1000)}, 100)
	}
	for _, c := range []struct {
		e    Event
		want error
	}{
		{Event{}, ErrInvalid}, {Event{Kind: "other"}, ErrInvalid}, {Event{Kind: Statement}, ErrInvalid},
		{Event{Kind: Connect, Time: time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC)}, ErrInvalid}, {huge, ErrTooLarge},
	} {
		if err := l.Record(context.Background(), statement("x"), c.e); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.e.Kind, err, c.want)
		}
		if err := l.RecordLater(c.e); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.e.Kind, err, c.want)
		}
	}
	if got := ids(t, l.cfg.Dir); len(got) != 0 {
		t.Errorf("a refused Record left %v", got)
	}
	if s := l.Stats(); s.Refused != 10 || s.Failed {
		t.Errorf("stats %+v", s)
	}
}

func TestOneWriterPerDirectory(t *testing.T) {
	l := mustOpen(t, Config{}, nil)
	if _, err := Open(Config{Dir: l.cfg.Dir}); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("got %v", err)
	}
	mustClose(t, l)
	mustClose(t, mustOpen(t, Config{Dir: l.cfg.Dir}, nil))
}

func TestConfigValidate(t *testing.T) {
	err := Config{MaxFileBytes: -1, MaxSQLBytes: 1 << 30, FlushEvery: -1, RecoverEvery: -1, MaxPendingBytes: -1}.Validate()
	if err == nil || strings.Count(err.Error(), "\n") != 5 {
		t.Errorf("want six mistakes, got %v", err)
	}
}

// When all who waited for a batch have left, nobody is there to lead it; it is
// written all the same, and the log goes on.
func TestAllWaitersLeave(t *testing.T) {
	disk := &flakyDisk{}
	l := mustOpen(t, Config{FlushEvery: 5 * time.Millisecond}, disk)
	disk.set(func(d *flakyDisk) { d.delay = 100 * time.Millisecond })
	leading := make(chan error, 1)
	go func() { leading <- l.Record(context.Background(), statement("leader")) }()
	time.Sleep(30 * time.Millisecond)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if err := l.Record(ctx, statement("left")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if err := <-leading; err != nil {
		t.Error(err)
	}
	disk.set(func(d *flakyDisk) { d.delay = 0 })
	eventually(t, "the batch is written", func() bool { return slices.Contains(ids(t, l.cfg.Dir), "statement left") })
	ctx, cancel = context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := l.Record(ctx, statement("next")); err != nil {
		t.Error(err)
	}
}

// Callers that stop waiting must neither stall nor lose the others.
func TestRecordContext(t *testing.T) {
	disk := &flakyDisk{delay: 2 * time.Millisecond}
	l := mustOpen(t, Config{FlushEvery: time.Millisecond}, disk)
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	if err := l.Record(cancelled, statement("never")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	var group sync.WaitGroup
	var mu sync.Mutex
	acked := map[string]bool{}
	for c := range 20 {
		group.Go(func() {
			for i := range 30 {
				ctx, cancel := context.Background(), context.CancelFunc(func() {})
				if c%2 == 0 {
					ctx, cancel = context.WithTimeout(ctx, time.Duration(i%5)*time.Millisecond)
				}
				id := fmt.Sprintf("%d-%d", c, i)
				err := l.Record(ctx, statement(id))
				cancel()
				if err == nil {
					mu.Lock()
					acked["statement "+id] = true
					mu.Unlock()
				} else if c%2 == 1 {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	mustClose(t, l)
	got := ids(t, l.cfg.Dir)
	for id := range acked {
		if !slices.Contains(got, id) {
			t.Errorf("%s was acknowledged and is not there", id)
		}
	}
	if slices.Contains(got, "statement never") || len(acked) < 300 {
		t.Errorf("%d acknowledged", len(acked))
	}
	mustVerify(t, l.cfg.Dir)
}
