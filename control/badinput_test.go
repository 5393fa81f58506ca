package control

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/sqlgen"
)

var update = flag.Bool("update", false, "write what is reported to testdata/bad-input.txt")

// TestBadInput: every kind of mistake has one clear error with file, line and rule, all of them at once, and nothing is applied. What is reported is in
// testdata/bad-input.txt, to be read beside bad-input.yaml.
func TestBadInput(t *testing.T) {
	w := newWorld(t)
	p := w.publisher(nil)
	watcher := Watcher{Publisher: p, Paths: []string{w.folder}, Log: slog.New(slog.DiscardHandler)}
	g, err := watcher.Reload(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	bad, err := os.ReadFile("testdata/bad-input.yaml")
	if err != nil {
		t.Fatal(err)
	}
	w.write("bad-input.yaml", string(bad))
	_, err = watcher.Reload(t.Context())
	var mistakes resource.Mistakes
	if !errors.As(err, &mistakes) {
		t.Fatalf("got %v", err)
	}
	if p.Current() != g {
		t.Error("something was published")
	}
	got := strings.ReplaceAll(err.Error(), w.folder+"/", "") + "\n"
	const golden = "testdata/bad-input.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	// The good files have no mistakes, and each document of the bad one has some.
	lines := map[int]bool{}
	for _, m := range mistakes {
		if filepath.Base(m.Pos.File) != "bad-input.yaml" || m.Pos.Line == 0 {
			t.Errorf("without a place: %s", m)
		}
		lines[m.Pos.Line] = true
	}
	begin := 1
	for i, document := range strings.Split(string(bad), "---\n") {
		end, found := begin+strings.Count(document, "\n"), false
		for line := begin; line <= end; line++ {
			found = found || lines[line]
		}
		if !found {
			t.Errorf("document %d, lines %d to %d, has no mistake", i+1, begin, end)
		}
		begin = end + 1
	}
}

// TestWhatADialectCannotSay is refused with the rule's file and line.
func TestWhatADialectCannotSay(t *testing.T) {
	snapshot, err := catalog.New(1, "c", []*catalog.Table{{OID: 1, Schema: "public", Name: "t", Kind: catalog.KindTable, Registered: true, Columns: []catalog.Column{
		{Name: "v", Number: 1, Type: "character varying(50)", TypeOID: 1043, Category: 'S', Reviewed: true},
		{Name: "f", Number: 2, Type: "double precision", TypeOID: 701, Category: 'N', Reviewed: true},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	on, at := policy.Selector{Tables: []string{"c.public.t"}}, func(line int) policy.Pos { return policy.Pos{File: "p.yaml", Line: line} }
	program, _, err := policy.Compile(policy.Input{Version: 1, Snapshot: snapshot, Data: []policy.DataPolicy{
		{Pos: at(1), Name: "masks", On: on, Rules: []policy.Rule{
			{Pos: at(5), Mask: &policy.Mask{Columns: []string{"v"}, Null: true}},
			{Pos: at(6), Mask: &policy.Mask{Columns: []string{"v"}, Regex: &policy.RegexMask{Pattern: "(a|ab)", Replace: "x"}}},
			{Pos: at(7), Mask: &policy.Mask{Columns: []string{"f"}, Round: &policy.RoundMask{To: "10"}}},
		}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	b := builder{set: &resource.Set{}}
	b.printed(sqlgen.Redshift(), program, program.Samples(), resource.Connection{Name: "c"})
	got := resource.Mistakes(b.mistakes).Error()
	for _, want := range []string{"p.yaml:6: DataPolicy masks rule 2: mask: connection c: printing the view of public.t: column v: a pattern with groups", "p.yaml:7: DataPolicy masks rule 3: mask: connection c: printing the view of public.t: column f:"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in:\n%s", want, got)
		}
	}
	if len(b.mistakes) != 2 {
		t.Errorf("%d mistakes:\n%s", len(b.mistakes), got)
	}
}

// TestHundredMegabytes: as much YAML in one file or in many is refused, by the name of the file, in bounded memory, and what was in force stays.
func TestHundredMegabytes(t *testing.T) {
	const total = 100 << 20
	for name, c := range map[string]struct {
		files int
		line  string
		most  uint64
		want  string
	}{
		"one file":   {1, "kind: User\nname: ann\n---\n", 64 << 20, "00.yaml: the file is larger than 8 MiB"},
		"many files": {100, "# nothing but a comment that goes on for a while and then some\n", 512 << 20, "63.yaml: all files together are larger than 64 MiB"},
		"many nodes": {100, "groups: [a, b, c]\n", 1 << 30, ".yaml: all files together have too many entries"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			text := []byte("kind: User\nname: x\n" + strings.Repeat(c.line, total/c.files/len(c.line)+1))
			for i := range c.files {
				if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%02d.yaml", i)), text, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			p, err := NewPublisher(Config{Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			peak := peakOf(t, func() {
				_, err = (&Watcher{Publisher: p, Paths: []string{dir}, Log: slog.New(slog.DiscardHandler)}).Reload(t.Context())
			})
			if err == nil || !strings.Contains(err.Error(), c.want) || p.Current() != nil {
				t.Errorf("got %.300v, want %q", err, c.want)
			}
			if peak > c.most {
				t.Errorf("%d MiB at the peak, want at most %d", peak>>20, c.most>>20)
			}
			t.Logf("%d MiB at the peak, an error of %d bytes", peak>>20, len(fmt.Sprint(err)))
		})
	}
}

// peakOf is the most memory on the heap while f runs, above what there was before.
func peakOf(t *testing.T, f func()) uint64 {
	t.Helper()
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	runtime.GC()
	before := heap()
	var peak atomic.Uint64
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			if now := heap(); now > peak.Load() {
				peak.Store(now)
			}
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	f()
	close(stop)
	<-done
	return max(peak.Load(), before) - before
}
