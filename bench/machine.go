package main

import (
	"bufio"
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// machine is what the numbers depend on besides the programs.
type machine struct {
	CPU       string `json:"cpu"`
	Cores     int    `json:"cores"`
	Memory    string `json:"memory"`
	Kernel    string `json:"kernel"`
	System    string `json:"system"`
	Autogroup string `json:"sched_autogroup_enabled"`
	LoadStart string `json:"load_at_start"`
	LoadEnd   string `json:"load_at_end"`
}

func describeMachine() machine {
	return machine{
		CPU: field("/proc/cpuinfo", "model name", ":"), Cores: runtime.NumCPU(),
		Memory:    field("/proc/meminfo", "MemTotal", ":"),
		Kernel:    strings.TrimSpace(content("/proc/sys/kernel/osrelease")),
		System:    strings.Trim(field("/etc/os-release", "PRETTY_NAME", "="), `"`),
		Autogroup: strings.TrimSpace(content("/proc/sys/kernel/sched_autogroup_enabled")), LoadStart: load(),
	}
}

// load is the load averages over 1, 5 and 15 minutes: others on the machine show here.
func load() string {
	fields := strings.Fields(content("/proc/loadavg"))
	return strings.Join(fields[:min(3, len(fields))], " ")
}

// content is a file's text, empty where the system has no such file.
func content(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(text)
}

// field is the first value of a key in a file of key, separator, value.
func field(path, key, separator string) string {
	lines := bufio.NewScanner(strings.NewReader(content(path)))
	for lines.Scan() {
		k, v, found := strings.Cut(lines.Text(), separator)
		if found && strings.TrimSpace(k) == key {
			return strings.TrimSpace(v)
		}
	}
	return "unknown"
}

// versions are those of the programs that took part.
type versions struct {
	PostgreSQL string `json:"postgresql"`
	Pgbench    string `json:"pgbench"`
	PgBouncer  string `json:"pgbouncer"`
	Go         string `json:"go"`     // with which Postern was built
	Commit     string `json:"commit"` // from which Postern was built
}

func describeVersions(ctx context.Context, o options, w *warehouse, pgbouncer string) (versions, error) {
	out, err := exec.CommandContext(ctx, "pgbench", "--version").Output()
	if err != nil {
		return versions{}, fmt.Errorf("asking pgbench for its version: %w", err)
	}
	v := versions{PostgreSQL: w.version, Pgbench: strings.TrimSpace(string(out)), PgBouncer: pgbouncer}
	if o.postern == "" {
		return v, nil
	}
	info, err := buildinfo.ReadFile(o.postern)
	if err != nil {
		return versions{}, fmt.Errorf("reading how %s was built: %w", o.postern, err)
	}
	v.Go, v.Commit = info.GoVersion, commitOf(ctx, info)
	return v, nil
}

// commitOf is the commit from which a binary was built: as the binary says, or else the one that is checked out here.
func commitOf(ctx context.Context, info *buildinfo.BuildInfo) string {
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	commit, modified := settings["vcs.revision"], settings["vcs.modified"] == "true"
	if commit == "" {
		head, err := exec.CommandContext(ctx, "git", "rev-parse", "HEAD").Output()
		if err != nil {
			return "unknown"
		}
		changes, err := exec.CommandContext(ctx, "git", "status", "--porcelain").Output()
		commit, modified = strings.TrimSpace(string(head)), err != nil || len(changes) > 0
	}
	commit = commit[:min(12, len(commit))]
	if modified {
		commit += " with changes that were not committed"
	}
	return commit
}
