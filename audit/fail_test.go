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
)

// Whatever fails: the caller gets an error, the log stays down although the
// disk works again, and an explicit recovery brings it back with the chain
// whole and every completion kept.
func TestDiskFailure(t *testing.T) {
	for name, breakIt := range map[string]func(*flakyDisk){
		"sync":  func(d *flakyDisk) { d.failSync = errDisk },
		"write": func(d *flakyDisk) { d.failWrite = errDisk },
	} {
		t.Run(name, func(t *testing.T) {
			ctx := context.Background()
			disk := &flakyDisk{}
			l := mustOpen(t, Config{}, disk)
			mustRecord(t, l, statement("1"))
			_ = l.RecordLater(end("1"))
			disk.set(breakIt)
			if err := l.Record(ctx, statement("2")); !errors.Is(err, ErrFailed) || !errors.Is(err, errDisk) {
				t.Fatalf("got %v", err)
			}
			if err := l.Recover(ctx); err == nil {
				t.Fatal("recovered on a broken disk")
			}
			disk.set(func(d *flakyDisk) { d.failSync, d.failWrite = nil, nil })
			for range 3 {
				if err := l.Record(ctx, statement("3")); !errors.Is(err, ErrFailed) {
					t.Fatalf("the log opened by itself: %v", err)
				}
			}
			if err := l.RecordLater(end("0")); err != nil {
				t.Fatal(err)
			}
			if err := l.Recover(ctx); err != nil {
				t.Fatal(err)
			}
			mustRecord(t, l, statement("4"))
			want := []string{"statement 1", "end 1", "end 0", "statement 4"}
			if got := ids(t, l.cfg.Dir); !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
			mustVerify(t, l.cfg.Dir)
			if n := len(files(t, l.cfg.Dir)); n != 1 {
				t.Errorf("%d files", n)
			}
		})
	}
}

func TestFailureReachesAllWhoWait(t *testing.T) {
	disk := &flakyDisk{delay: 10 * time.Millisecond}
	l := mustOpen(t, Config{}, disk)
	disk.set(func(d *flakyDisk) { d.failSync = errDisk })
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			if err := l.Record(context.Background(), statement(fmt.Sprint(i))); !errors.Is(err, ErrFailed) {
				t.Errorf("got %v", err)
			}
		})
	}
	group.Wait()
	if n := disk.syncCount(); n > 3 {
		t.Errorf("%d syncs were tried on a failed log", n)
	}
}

func TestRunRecovers(t *testing.T) {
	disk := &flakyDisk{}
	l := mustOpen(t, Config{RecoverEvery: time.Millisecond}, disk)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	disk.set(func(d *flakyDisk) { d.failWrite = errDisk })
	if err := l.Record(ctx, statement("1")); err == nil {
		t.Fatal("recorded on a full disk")
	}
	time.Sleep(20 * time.Millisecond)
	if l.Err() == nil || !l.Stats().Failed {
		t.Fatal("recovered on a full disk")
	}
	disk.set(func(d *flakyDisk) { d.failWrite = nil })
	eventually(t, "the log is back", func() bool { return l.Err() == nil })
	mustRecord(t, l, statement("2"))
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	mustClose(t, l)
	mustVerify(t, l.cfg.Dir)
}

func TestFailedRotation(t *testing.T) {
	disk := &flakyDisk{}
	l := mustOpen(t, Config{MaxFileBytes: 1}, disk)
	disk.set(func(d *flakyDisk) { d.failOpen = errDisk })
	if err := l.Record(context.Background(), statement("1")); !errors.Is(err, ErrFailed) {
		t.Fatalf("got %v", err)
	}
	disk.set(func(d *flakyDisk) { d.failOpen = nil })
	if err := l.Recover(context.Background()); err != nil {
		t.Fatal(err)
	}
	mustRecord(t, l, statement("2"))
	mustClose(t, l)
	mustVerify(t, l.cfg.Dir)
}

func TestFailedLogBoundsWhatItKeeps(t *testing.T) {
	disk := &flakyDisk{}
	l := mustOpen(t, Config{MaxPendingBytes: 1000}, disk)
	disk.set(func(d *flakyDisk) { d.failSync = errDisk })
	_ = l.Record(context.Background(), statement("1"))
	kept := 0
	for ; kept < 1000; kept++ {
		if err := l.RecordLater(end(fmt.Sprint(kept))); err != nil {
			if !errors.Is(err, ErrFull) || !errors.Is(err, ErrFailed) {
				t.Errorf("got %v", err)
			}
			break
		}
	}
	if kept < 5 || kept > 20 {
		t.Errorf("kept %d events", kept)
	}
	if err := l.Close(); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%d events lost", kept)) {
		t.Errorf("got %v", err)
	}
}

func TestCloseRecovers(t *testing.T) {
	disk := &flakyDisk{}
	l := mustOpen(t, Config{}, disk)
	disk.set(func(d *flakyDisk) { d.failSync = errDisk })
	_ = l.Record(context.Background(), statement("1"))
	_ = l.RecordLater(end("0"))
	disk.set(func(d *flakyDisk) { d.failSync = nil })
	mustClose(t, l)
	if got := ids(t, l.cfg.Dir); !slices.Equal(got, []string{"end 0"}) {
		t.Errorf("got %v", got)
	}
	mustVerify(t, l.cfg.Dir)
}

// What is written into a removed file is gone with the process, and a file that
// somebody else changed is no proof. The log notices and goes on in a way that
// lets Verify show what happened.
func TestMeddlingIsAFailure(t *testing.T) {
	for name, meddle := range map[string]func(path string) error{
		"remove":   os.Remove,
		"truncate": func(path string) error { return os.Truncate(path, 10) },
		"append": func(path string) error {
			f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			_, err = f.WriteString("x\n")
			return errors.Join(err, f.Close())
		},
		"replace": func(path string) error {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return errors.Join(os.WriteFile(path+"x", data, 0o600), os.Rename(path+"x", path))
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := mustOpen(t, Config{}, nil)
			mustRecord(t, l, statement("1"))
			if err := meddle(files(t, l.cfg.Dir)[0]); err != nil {
				t.Fatal(err)
			}
			if err := l.Record(context.Background(), statement("2")); !errors.Is(err, ErrFailed) {
				t.Fatalf("got %v", err)
			}
			if err := l.Recover(context.Background()); err != nil {
				t.Fatal(err)
			}
			mustRecord(t, l, statement("3"))
			report, err := Verify(l.cfg.Dir)
			if err != nil {
				t.Fatal(err)
			}
			lost := name == "remove" || name == "truncate"
			if shown := !report.OK() || report.First.Seq != 1; shown != lost {
				t.Errorf("records were lost: %v; the report: %+v, %v", lost, report, report.Problem)
			}
		})
	}
}

// Also a replacement of the same length is not the file that was written.
func TestSyncOfReplacedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	f, err := openOSFile(path, true)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write([]byte("record\n")); err != nil {
		t.Fatal(err)
	}
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(path+"x", []byte("record\n"), 0o600), os.Rename(path+"x", path)); err != nil {
		t.Fatal(err)
	}
	if err := f.Sync(); err == nil || !strings.Contains(err.Error(), "replaced") {
		t.Errorf("got %v", err)
	}
}
