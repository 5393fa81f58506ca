package pgcluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// MinVersion is the oldest PostgreSQL major version that the project supports.
const MinVersion = 15

// EnvBin names the environment variable that holds the folder of the programs `postgres` and `initdb` to use. When it is
// set, nothing else is looked at.
const EnvBin = "POSTERN_PG_BIN"

// debianPattern is where Debian and Ubuntu keep the server's programs, one folder a major version, outside PATH.
const debianPattern = "/usr/lib/postgresql/*/bin"

// Programs is one installed PostgreSQL.
type Programs struct {
	Dir     string // the folder that holds postgres and initdb
	Version int    // the major version, at least MinVersion
}

// Find returns the PostgreSQL to use: $POSTERN_PG_BIN alone if it is set, otherwise the one in PATH, otherwise the newest
// under /usr/lib/postgresql. The error names every place that was looked at and why it did not serve.
func Find(ctx context.Context) (Programs, error) {
	if dir := os.Getenv(EnvBin); dir != "" {
		p, err := inspect(ctx, dir)
		if err != nil {
			return Programs{}, fmt.Errorf("finding PostgreSQL in $%s: %w", EnvBin, err)
		}
		return p, nil
	}
	var missed []error
	for _, dir := range candidates() {
		p, err := inspect(ctx, dir)
		if err == nil {
			return p, nil
		}
		missed = append(missed, err)
	}
	missed = append(missed, fmt.Errorf("looked at $%s (not set), PATH and %s", EnvBin, debianPattern))
	return Programs{}, fmt.Errorf("finding PostgreSQL %d or newer: %w", MinVersion, errors.Join(missed...))
}

// candidates lists the folders to look at, the preferred one first.
func candidates() []string {
	var dirs []string
	if path, err := exec.LookPath("postgres"); err == nil {
		// initdb is looked for beside the program itself, not beside a link to it.
		if real, err := filepath.EvalSymlinks(path); err == nil {
			path = real
		}
		dirs = append(dirs, filepath.Dir(path))
	}
	debian, err := filepath.Glob(debianPattern)
	if err != nil { // only for a malformed pattern
		return dirs
	}
	major := func(dir string) int {
		n, err := strconv.Atoi(filepath.Base(filepath.Dir(dir)))
		if err != nil {
			return 0
		}
		return n
	}
	slices.SortFunc(debian, func(a, b string) int { return major(b) - major(a) })
	return append(dirs, debian...)
}

// inspect asks the server program in dir for its version.
func inspect(ctx context.Context, dir string) (Programs, error) {
	for _, name := range []string{"postgres", "initdb"} {
		if _, err := exec.LookPath(filepath.Join(dir, name)); err != nil {
			return Programs{}, fmt.Errorf("no program %s in %s: %w", name, dir, err)
		}
	}
	out, err := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return Programs{}, fmt.Errorf("asking %s for its version: %w", dir, err)
	}
	major, err := parseVersion(string(out))
	if err != nil {
		return Programs{}, fmt.Errorf("reading the version of %s: %w", dir, err)
	}
	if major < MinVersion {
		return Programs{}, fmt.Errorf("%s holds PostgreSQL %d, which is older than %d", dir, major, MinVersion)
	}
	return Programs{Dir: dir, Version: major}, nil
}

// parseVersion reads the major version from text such as "postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)" or
// "postgres (PostgreSQL) 18beta1".
func parseVersion(text string) (int, error) {
	_, rest, found := strings.Cut(text, "(PostgreSQL) ")
	if !found {
		return 0, fmt.Errorf("no version in %q", text)
	}
	end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(rest)
	}
	major, err := strconv.Atoi(rest[:end])
	if err != nil {
		return 0, fmt.Errorf("no version in %q: %w", text, err)
	}
	return major, nil
}
