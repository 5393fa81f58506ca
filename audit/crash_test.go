package audit

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// crashChild names the directory for the child process of TestKill.
const crashChild = "POSTERN_AUDIT_CRASH_CHILD"

// recordUntilKilled records from several goroutines and prints the id of each
// acknowledged event.
func recordUntilKilled() {
	l, err := Open(Config{Dir: os.Getenv(crashChild), MaxFileBytes: 20000})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	var out sync.Mutex
	for c := range 8 {
		go func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("%d-%d-%d", os.Getpid(), c, i)
				if err := l.Record(context.Background(), statement(id)); err != nil {
					os.Exit(2)
				}
				_ = l.RecordLater(end(id))
				out.Lock()
				fmt.Println(id)
				out.Unlock()
			}
		}()
	}
	select {}
}

func TestKill(t *testing.T) {
	dir := t.TempDir()
	var acked []string
	for round := range 5 {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), crashChild+"="+dir)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		timer := time.AfterFunc(time.Duration(150+30*round)*time.Millisecond, func() { _ = child.Process.Kill() })
		for lines.Scan() {
			acked = append(acked, lines.Text())
		}
		_ = child.Wait()
		timer.Stop()
	}
	mustClose(t, mustOpen(t, Config{Dir: dir}, nil))
	if len(acked) < 50 || slices.ContainsFunc(acked, func(s string) bool { return strings.HasPrefix(s, "error") }) {
		t.Fatalf("the children recorded %d events: %v", len(acked), acked[:min(len(acked), 3)])
	}
	found := map[string]bool{}
	for _, id := range ids(t, dir) {
		found[id] = true
	}
	for _, id := range acked {
		if !found["statement "+id] {
			t.Errorf("%s was acknowledged and is lost", id)
		}
	}
	mustVerify(t, dir)
	t.Logf("%d acknowledged records survived", len(acked))
}

func TestTornTail(t *testing.T) {
	for name, tail := range map[string]string{
		"half a record":  `{"seq":4,"time":"2026-1`,
		"zeros":          strings.Repeat("\x00", 4096),
		"a whole line":   "garbage\n",
		"several lines":  "{\"seq\":4,\n\n\x00\x00garbage",
		"very long line": strings.Repeat("x", maxLineBytes+10) + "\nrest",
	} {
		t.Run(name, func(t *testing.T) {
			l := mustOpen(t, Config{}, nil)
			dir := l.cfg.Dir
			mustRecord(t, l, statement("1"))
			mustClose(t, l)
			path := files(t, dir)[0]
			before, _ := os.ReadFile(path)
			if err := os.WriteFile(path, append(slices.Clone(before), tail...), 0o600); err != nil {
				t.Fatal(err)
			}
			l = mustOpen(t, Config{Dir: dir}, nil)
			mustRecord(t, l, statement("2"))
			mustClose(t, l)
			if got := ids(t, dir); !slices.Equal(got, []string{"statement 1", "statement 2"}) {
				t.Errorf("got %v", got)
			}
			mustVerify(t, dir)
			var notes []Event
			if err := Search(dir, Filter{Text: "cut"}, func(e Event) error { notes = append(notes, e); return nil }); err != nil {
				t.Fatal(err)
			}
			if len(notes) != 1 || notes[0].Action != "audit.torn" || !strings.Contains(notes[0].Detail, fmt.Sprint(len(tail), " bytes")) {
				t.Errorf("the cut is not reported: %+v", notes)
			}
			kept, err := os.ReadFile(fmt.Sprintf("%s-%d.torn", path, len(before)))
			if err != nil || string(kept) != tail {
				t.Errorf("the torn end was not kept: %v", err)
			}
		})
	}
}

// A file that was created and never written, as after a crash in rotation.
func TestEmptyLastFile(t *testing.T) {
	l := mustOpen(t, Config{}, nil)
	dir := l.cfg.Dir
	mustRecord(t, l, statement("1"))
	mustClose(t, l)
	if err := os.WriteFile(newSegment(dir, 2, time.Now()).path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	l = mustOpen(t, Config{Dir: dir}, nil)
	mustRecord(t, l, statement("2"))
	mustClose(t, l)
	if report := mustVerify(t, dir); report.Files != 2 || report.Records != 6 {
		t.Errorf("report %+v", report)
	}
}
