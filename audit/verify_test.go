package audit

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// writeLog makes a log of three files with three statements each and returns
// its directory and the anchor at its end. The first record of the first file
// is the log's own.
func writeLog(t *testing.T) (string, Anchor) {
	t.Helper()
	l := mustOpen(t, Config{MaxFileBytes: 1200}, nil)
	for i := range 9 {
		mustRecord(t, l, statement(fmt.Sprint(i)))
	}
	head := l.Head()
	mustClose(t, l)
	if n := len(files(t, l.cfg.Dir)); n < 3 {
		t.Fatalf("%d files", n)
	}
	return l.cfg.Dir, head
}

func splitLines(data []byte) [][]byte {
	return bytes.SplitAfter(bytes.TrimSuffix(data, nil), []byte("\n"))
}

func TestVerifyFindsTampering(t *testing.T) {
	middle := func(change func(lines [][]byte) [][]byte) func(*testing.T, []string) {
		return func(t *testing.T, paths []string) {
			data, err := os.ReadFile(paths[1])
			if err != nil {
				t.Fatal(err)
			}
			lines := splitLines(data)
			if err := os.WriteFile(paths[1], bytes.Join(change(lines), nil), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	reseal := func(line []byte, from, to string) []byte {
		body := bytes.Replace(line, []byte(from), []byte(to), 1)
		body = body[bytes.IndexByte(body, ',')+1 : len(body)-1-hashedTail-prevTail]
		self, prev, err := openLine(line[:len(line)-1])
		if err != nil {
			t.Fatal(err)
		}
		out, _ := link{seq: self.seq - 1, hash: prev}.seal(nil, body)
		return out
	}
	for name, c := range map[string]struct {
		tamper func(*testing.T, []string)
		file   int
		line   int
		why    string
	}{
		"edit": {middle(func(l [][]byte) [][]byte {
			l[1] = bytes.Replace(l[1], []byte("SELECT"), []byte("SELEKT"), 1)
			return l
		}), 1, 2, "was changed"},
		"edit the hash": {middle(func(l [][]byte) [][]byte {
			at := len(l[1]) - 10
			l[1][at] ^= 1
			return l
		}), 1, 2, ""},
		"edit and compute its hash anew": {middle(func(l [][]byte) [][]byte {
			l[1] = reseal(l[1], "ann", "bob")
			return l
		}), 1, 3, "does not continue"},
		"delete":  {middle(func(l [][]byte) [][]byte { return slices.Delete(l, 1, 2) }), 1, 2, "removed, added or reordered"},
		"first":   {middle(func(l [][]byte) [][]byte { return slices.Delete(l, 0, 1) }), 1, 1, "removed, added or reordered"},
		"reorder": {middle(func(l [][]byte) [][]byte { l[0], l[1] = l[1], l[0]; return l }), 1, 1, "reordered"},
		"repeat":  {middle(func(l [][]byte) [][]byte { return slices.Insert(l, 1, l[0]) }), 1, 2, "reordered"},
		"insert":  {middle(func(l [][]byte) [][]byte { return slices.Insert(l, 1, []byte("{}\n")) }), 1, 2, "not a record"},
		"blank":   {middle(func(l [][]byte) [][]byte { return slices.Insert(l, 1, []byte("\n")) }), 1, 2, "not a record"},
		"truncate in the middle": {middle(func(l [][]byte) [][]byte {
			l = slices.DeleteFunc(l, func(b []byte) bool { return len(b) == 0 })
			l[len(l)-1] = l[len(l)-1][:50]
			return l
		}), 1, 0, "ends within a record"},
		"cut the end of a file": {middle(func(l [][]byte) [][]byte {
			l = slices.DeleteFunc(l, func(b []byte) bool { return len(b) == 0 })
			return l[:len(l)-1]
		}), 2, 1, "removed, added or reordered"},
		"remove a file": {func(t *testing.T, p []string) { _ = os.Remove(p[1]) }, 2, 1, "files are missing"},
		"empty a file":  {func(t *testing.T, p []string) { _ = os.Truncate(p[1], 0) }, 2, 1, "removed"},
		"exchange files": {func(t *testing.T, p []string) {
			_ = os.Rename(p[1], p[1]+"x")
			_ = os.Rename(p[2], p[1])
			_ = os.Rename(p[1]+"x", p[2])
		}, 1, 1, "reordered"},
	} {
		t.Run(name, func(t *testing.T) {
			dir, _ := writeLog(t)
			mustVerify(t, dir)
			paths := files(t, dir)
			c.tamper(t, paths)
			report, err := Verify(dir)
			if err != nil {
				t.Fatal(err)
			}
			p := report.Problem
			if p == nil {
				t.Fatal("nothing was found")
			}
			if p.File != filepath.Base(paths[c.file]) || c.line != 0 && p.Line != c.line || !strings.Contains(p.Why, c.why) {
				t.Errorf("got %s, want %s:%d … %s", p, filepath.Base(paths[c.file]), c.line, c.why)
			}
		})
	}
}

func TestVerifyAnchors(t *testing.T) {
	dir, head := writeLog(t)
	report := mustVerify(t, dir, head)
	mustVerify(t, dir, report.Last, head, report.First)

	check := func(name, why string, anchors ...Anchor) {
		t.Helper()
		report, err := Verify(dir, anchors...)
		if err != nil || report.OK() || !strings.Contains(report.Problem.String(), why) {
			t.Errorf("%s: got %+v, %v", name, report.Problem, err)
		}
	}
	check("another hash", "rewritten", Anchor{Seq: head.Seq, Hash: strings.Repeat("0", 64)})
	check("a record that is not there", "cut off", Anchor{Seq: head.Seq + 100, Hash: head.Hash})

	// The end cut off at a record: only the anchor shows it.
	paths := files(t, dir)
	if err := os.Remove(paths[len(paths)-1]); err != nil {
		t.Fatal(err)
	}
	mustVerify(t, dir)
	check("the end cut off", "cut off", report.Last)

	// The beginning removed, as by a retention rule.
	if err := os.Remove(paths[0]); err != nil {
		t.Fatal(err)
	}
	if got := mustVerify(t, dir); got.First.Seq < 2 {
		t.Errorf("the report hides that records are missing: %+v", got)
	}
	check("the beginning removed", "file was removed", report.First)
}

func TestVerifyWhileWriting(t *testing.T) {
	dir, _ := writeLog(t)
	paths := files(t, dir)
	f, err := os.OpenFile(paths[len(paths)-1], os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"seq":99,"ti`); err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	if report := mustVerify(t, dir); report.TornBytes != 13 {
		t.Errorf("report %+v", report)
	}
}

func TestVerifyEmpty(t *testing.T) {
	if report := mustVerify(t, t.TempDir()); report.Records != 0 {
		t.Errorf("report %+v", report)
	}
	if _, err := Verify(filepath.Join(t.TempDir(), "absent")); err == nil {
		t.Error("a directory that is not there verifies")
	}
}
