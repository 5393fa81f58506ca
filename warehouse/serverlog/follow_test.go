package serverlog_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/posternsql/postern/warehouse/serverlog"
)

// entry is one line of a json log.
func entry(minute int, text string) string {
	return fmt.Sprintf(`{"timestamp":"2026-01-02 03:%02d:00.000 UTC","user":"u","dbname":"d","session_id":"s","line_num":1,"error_severity":"LOG","message":"statement: %s"}`+"\n", minute, text)
}

// write makes a file as of a minute.
func write(t *testing.T, dir, name, text string, minute int) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 1, 2, 3, minute, 0, 0, time.UTC)
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

// read takes all that is there.
func read(t *testing.T, f *serverlog.Follower, at *serverlog.Position) (out []string) {
	t.Helper()
	for {
		b, err := f.Next(t.Context(), *at)
		if errors.Is(err, serverlog.ErrBrokenEntry) {
			next, gap, err := f.Skip(t.Context(), *at)
			if err != nil {
				t.Fatal(err)
			}
			*at = next
			out = append(out, "gap: "+gap.Why)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if b.Gap != nil {
			out = append(out, "gap: "+b.Gap.Why)
		}
		for i := range b.Records {
			s, _ := b.Records[i].Statement()
			out = append(out, s.Text)
		}
		if len(b.Records) == 0 && b.Next == *at {
			return out
		}
		*at = b.Next
	}
}

// TestPositions follows files as servers leave them: grown, rotated, gone, written again under an old name, cut off, broken.
func TestPositions(t *testing.T) {
	dir := t.TempDir()
	f := &serverlog.Follower{Source: serverlog.Folder{Path: dir, Format: "json"}, Format: "json"}
	var at serverlog.Position
	for _, step := range []struct {
		what string
		do   func()
		want string
	}{
		{"nothing there", func() {}, ""},
		{"one file", func() { write(t, dir, "a.json", entry(1, "1"), 1) }, "1"},
		{"nothing more", func() {}, ""},
		{"an entry that is being written", func() { write(t, dir, "a.json", entry(1, "1")+entry(2, "2")[:30], 2) }, ""},
		{"the same, complete", func() { write(t, dir, "a.json", entry(1, "1")+entry(2, "2"), 2) }, "2"},
		{"another file", func() { write(t, dir, "b.json", entry(3, "3"), 3); write(t, dir, "other.csv", "x", 3) }, "3"},
		{"two at once", func() {
			write(t, dir, "b.json", entry(3, "3")+entry(4, "4"), 4)
			write(t, dir, "c.json", "", 5)
			write(t, dir, "d.json", entry(6, "6"), 6)
		}, "4 6"},
		{"written again", func() { write(t, dir, "d.json", entry(7, "7"), 7) }, "gap: the file was written again 7"},
		{"shorter than it was", func() { write(t, dir, "d.json", "", 8) }, "gap: the file was written again"},
		{"grows", func() { write(t, dir, "d.json", entry(9, "9"), 9) }, "9"},
		{"gone", func() {
			if err := os.Remove(filepath.Join(dir, "d.json")); err != nil {
				t.Fatal(err)
			}
			write(t, dir, "e.json", entry(10, "10"), 10)
		}, "gap: the file is gone 10"},
		{"broken", func() { write(t, dir, "e.json", entry(10, "10")+"{broken\n"+entry(11, "11"), 11) }, "gap: an entry cannot be read 11"},
		{"a zone that is not told", func() {
			write(t, dir, "e.json", entry(10, "10")+"{broken\n"+entry(11, "11")+strings.Replace(entry(12, "12"), "UTC", "CST", 1)+entry(13, "13"), 13)
		},
			"gap: an entry cannot be read 13"},
	} {
		step.do()
		if got := strings.Join(read(t, f, &at), " "); got != step.want {
			t.Errorf("%s: read %q, want %q (at %+v)", step.what, got, step.want, at)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(entry(1, "x")))
	f.Add([]byte(`2026-01-02 03:04:05.678 UTC,"u","d",1,"h:1",s,1,"SELECT",x,y,0,LOG,00000,"statement: x",,,,,,,,,"app","client backend",,0` + "\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		dir := t.TempDir()
		for _, format := range []string{"csv", "json"} {
			if err := os.WriteFile(filepath.Join(dir, "x."+format), text, 0o600); err != nil {
				t.Fatal(err)
			}
			follower := &serverlog.Follower{Source: serverlog.Folder{Path: dir, Format: format}, Format: format}
			var at serverlog.Position
			for range 100 {
				b, err := follower.Next(t.Context(), at)
				if err != nil {
					break
				}
				for i := range b.Records {
					b.Records[i].Statement()
				}
				if b.Next.Offset < at.Offset && b.Next.File == at.File || b.Next.Offset > int64(len(text)) {
					t.Fatalf("from %+v to %+v", at, b.Next)
				}
				at = b.Next
			}
		}
	})
}
