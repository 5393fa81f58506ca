package audit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"
	"testing"
	"time"
)

func TestScanStopsAndFails(t *testing.T) {
	dir, _ := writeLog(t)
	n := 0
	if err := Scan(dir, func(Event) error { n++; return fs.SkipAll }); err != nil || n != 1 {
		t.Errorf("got %v after %d", err, n)
	}
	if err := Scan(dir, func(Event) error { return errDisk }); !errors.Is(err, errDisk) {
		t.Errorf("got %v", err)
	}
}

func TestScanPassesOverDamage(t *testing.T) {
	dir, _ := writeLog(t)
	path := files(t, dir)[1]
	data, _ := os.ReadFile(path)
	lines := splitLines(data)
	lines[1] = []byte("garbage\n")
	lines[2] = []byte("{\"seq\":1,\"kind\":\"unheard of\"}\n")
	var all []byte
	for _, l := range lines {
		all = append(all, l...)
	}
	if err := os.WriteFile(path, all, 0o600); err != nil {
		t.Fatal(err)
	}
	n := 0
	err := Scan(dir, func(Event) error { n++; return nil })
	var damage *DamageError
	if !errors.As(err, &damage) || damage.Count != 2 || damage.Line != 2 || n != 9 {
		t.Errorf("got %v after %d events", err, n)
	}
}

func TestFilter(t *testing.T) {
	at := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	e := Event{Time: at, Kind: Refused, User: "ann", Login: "bob", Session: "s1", SQLState: "42501",
		SQL: "SELECT Phone", Error: "Denied", Sources: []Source{{Name: "tpch.public.customer"}}}
	for _, c := range []struct {
		f    Filter
		want bool
	}{
		{Filter{}, true},
		{Filter{User: "ann"}, true}, {Filter{User: "bob"}, true}, {Filter{User: "an"}, false},
		{Filter{Source: "tpch.public.customer"}, true}, {Filter{Source: "public.customer"}, true},
		{Filter{Source: "customer"}, true}, {Filter{Source: "tomer"}, false},
		{Filter{Kind: Refused}, true}, {Filter{Kind: End}, false},
		{Filter{SQLState: "42501"}, true}, {Filter{SQLState: "42"}, true}, {Filter{SQLState: "5"}, false},
		{Filter{Since: at}, true}, {Filter{Since: at.Add(1)}, false},
		{Filter{Until: at}, false}, {Filter{Until: at.Add(1)}, true},
		{Filter{Text: "phone"}, true}, {Filter{Text: "DENIED"}, true}, {Filter{Text: "ann"}, false},
		{Filter{Session: "s1"}, true}, {Filter{Session: "s"}, false},
		{Filter{User: "ann", Kind: End}, false}, {Filter{User: "ann", Kind: Refused, Text: "sel"}, true},
	} {
		if got := c.f.Match(&e); got != c.want {
			t.Errorf("%+v: got %v", c.f, got)
		}
	}
}

func TestSearchSkipsOldFiles(t *testing.T) {
	var mu sync.Mutex
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	dir := t.TempDir()
	l, err := open(Config{Dir: dir}, openOSFile, clock)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		mustRecord(t, l, statement(fmt.Sprint(i)))
		mu.Lock()
		now = now.Add(24 * time.Hour)
		mu.Unlock()
	}
	mustClose(t, l)
	// An old file that cannot be read shows that it is not opened.
	if err := os.WriteFile(files(t, dir)[0], []byte("garbage\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for day := 3; day < 10; day++ {
		var got []string
		filter := Filter{Kind: Statement, Since: time.Date(2026, 11, 1+day, 12, 0, 0, 0, time.UTC)}
		if err := Search(dir, filter, func(e Event) error { got = append(got, e.ID); return nil }); err != nil {
			t.Fatal(err)
		}
		if len(got) != 10-day || got[0] != fmt.Sprint(day) {
			t.Errorf("since day %d: got %v", day, got)
		}
	}
}

// follow collects what Tail delivers until n events of clients came.
func follow(t *testing.T, dir string, from uint64, started func(), n int) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var got []string
	time.AfterFunc(50*time.Millisecond, started)
	err := Tail(ctx, dir, from, func(e Event) error {
		if e.Kind != Admin {
			got = append(got, e.ID)
		}
		if len(got) >= n {
			cancel()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestTailFollowsOverRotation(t *testing.T) {
	l := mustOpen(t, Config{MaxFileBytes: 1000}, nil)
	var want []string
	for i := range 60 {
		want = append(want, fmt.Sprint(i))
	}
	for i := range 10 {
		mustRecord(t, l, statement(want[i]))
	}
	more := func(from, to int) func() {
		return func() {
			for _, id := range want[from:to] {
				if err := l.Record(context.Background(), statement(id)); err != nil {
					t.Error(err)
				}
				time.Sleep(3 * time.Millisecond)
			}
		}
	}
	if got := follow(t, l.cfg.Dir, 0, more(10, 40), 40); !slices.Equal(got, want[:40]) {
		t.Errorf("from the start: got %v", got)
	}
	if got := follow(t, l.cfg.Dir, FromEnd, more(40, 50), 10); !slices.Equal(got, want[40:50]) {
		t.Errorf("from the end: got %v", got)
	}
	// Record 1 is the log's own, so the event numbered i is record i+2.
	if got := follow(t, l.cfg.Dir, 47, more(50, 60), 15); !slices.Equal(got, want[45:60]) {
		t.Errorf("from record 47: got %v", got)
	}
}

func TestTailStopsOnError(t *testing.T) {
	dir, _ := writeLog(t)
	if err := Tail(context.Background(), dir, 0, func(Event) error { return errDisk }); !errors.Is(err, errDisk) {
		t.Errorf("got %v", err)
	}
}
