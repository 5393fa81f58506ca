package store

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/posternsql/postern/control"
)

func open(t *testing.T, path string) *SQLite {
	t.Helper()
	s, err := OpenSQLite(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// TestStandingsOutliveTheProcess: what was stored is there when the file is opened again, the last acknowledgement of a purpose counts, and all stay.
func TestStandingsOutliveTheProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b#?%.db")
	s := open(t, path)
	at := time.Date(2027, 1, 31, 12, 0, 0, 123456789, time.UTC)
	for _, err := range []error{
		s.SetProject(t.Context(), "ann", "first"),
		s.SetProject(t.Context(), "ann", "help-desk"),
		s.SetProject(t.Context(), "bob", "x"), s.SetProject(t.Context(), "bob", ""),
		s.Acknowledge(t.Context(), "ann", map[string]control.Acknowledgement{"support": {Text: "old", Digest: "1", At: at}}),
		s.Acknowledge(t.Context(), "ann", map[string]control.Acknowledgement{"support": {Text: "it's new\n€", Digest: "2", At: at}, "other": {Text: "o", Digest: "3", At: at}}),
		s.Acknowledge(t.Context(), "cyd", map[string]control.Acknowledgement{"support": {Text: "old", Digest: "1", At: at}}),
		s.Close(),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	again := open(t, path)
	got, err := again.Standings(t.Context())
	want := map[string]control.Standing{
		"ann": {Project: "help-desk", Acknowledged: map[string]control.Acknowledgement{"support": {Text: "it's new\n€", Digest: "2", At: at}, "other": {Text: "o", Digest: "3", At: at}}},
		"bob": {},
		"cyd": {Acknowledged: map[string]control.Acknowledgement{"support": {Text: "old", Digest: "1", At: at}}},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	var rows int
	if err := again.db.QueryRowContext(t.Context(), "SELECT count(*) FROM acknowledgement").Scan(&rows); err != nil || rows != 4 {
		t.Errorf("%d acknowledgements are on record (%v)", rows, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

// TestForeignFiles: what is not ours is refused and stays as it is.
func TestForeignFiles(t *testing.T) {
	newer := filepath.Join(t.TempDir(), "newer.db")
	db, err := sql.Open("sqlite", newer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "PRAGMA user_version = 7"); err != nil {
		t.Fatal(err)
	}
	db.Close()
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{newer: "its version is 7", text: "not a database", filepath.Join(t.TempDir(), "no", "folder"): "no such file"} {
		before, _ := os.ReadFile(path)
		if s, err := OpenSQLite(t.Context(), path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v", path, s, err)
		}
		if after, _ := os.ReadFile(path); string(after) != string(before) {
			t.Errorf("%s was changed", path)
		}
	}
}

// TestClosedStore: what cannot be read or written is an error, never an empty answer.
func TestClosedStore(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"))
	s.Close()
	if got, err := s.Standings(context.Background()); err == nil {
		t.Errorf("got %v", got)
	}
	if s.SetProject(t.Context(), "a", "b") == nil || s.Acknowledge(t.Context(), "a", map[string]control.Acknowledgement{"p": {}}) == nil {
		t.Error("a closed store takes changes")
	}
}
