package pgcluster

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakePrograms makes a folder whose postgres only knows its version.
func fakePrograms(t *testing.T, version string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"postgres", "initdb"} {
		script := fmt.Sprintf("#!/bin/sh\necho '%s (PostgreSQL) %s'\n", name, version)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFindUsesTheVariableAlone(t *testing.T) {
	t.Setenv(EnvBin, fakePrograms(t, "17.2 (Debian 17.2-1)"))
	if p, err := Find(t.Context()); err != nil || p.Version != 17 || p.Dir != os.Getenv(EnvBin) {
		t.Errorf("got %+v, %v", p, err)
	}
	// A wrong variable is an error even where a good PostgreSQL is installed: silently using another would mislead.
	for _, dir := range []string{t.TempDir(), fakePrograms(t, "14.9"), fakePrograms(t, "unknown")} {
		t.Setenv(EnvBin, dir)
		if _, err := Find(t.Context()); err == nil || !strings.Contains(err.Error(), dir) {
			t.Errorf("the error does not name %s: %v", dir, err)
		}
	}
}

func TestFindInPath(t *testing.T) {
	t.Setenv(EnvBin, "")
	good := fakePrograms(t, "18beta1")
	link := t.TempDir()
	if err := os.Symlink(filepath.Join(good, "postgres"), filepath.Join(link, "postgres")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", link+":"+os.Getenv("PATH"))
	if p, err := Find(t.Context()); err != nil || p.Version != 18 || p.Dir != good {
		t.Errorf("got %+v, %v", p, err)
	}
	// One that is too old does not hide a newer one elsewhere.
	t.Setenv("PATH", fakePrograms(t, "9.6.24")+":"+os.Getenv("PATH"))
	if p, err := Find(t.Context()); err == nil && p.Version < MinVersion {
		t.Errorf("got %+v", p)
	}
}

func TestEnterableFolders(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	closed := filepath.Join(dir, "closed")
	if err := os.MkdirAll(filepath.Join(closed, "in"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	stranger := account{name: "stranger", uid: 4_000_000, gid: 4_000_000, switched: true}
	if err := stranger.canEnter(dir); err != nil {
		t.Error(err)
	}
	if err := stranger.canEnter(filepath.Join(closed, "in")); err == nil || !strings.Contains(err.Error(), "cannot enter "+closed) {
		t.Errorf("the error does not name the closed folder: %v", err)
	}
	owner := account{name: "owner", uid: uint32(os.Geteuid()), gid: 4_000_000, switched: true}
	if err := owner.canEnter(filepath.Join(closed, "in")); err != nil {
		t.Error(err)
	}
}
