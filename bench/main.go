package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := bench(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench runs the whole comparison: the report goes to stdout or to files, progress to stderr.
func bench(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	o, err := parseOptions(args, stderr)
	if err != nil {
		return err
	}
	if o.render != "" {
		return renderAgain(o.render)
	}
	result := outcome{Date: time.Now().UTC().Format(time.DateOnly), Options: o, Machine: describeMachine()}
	dir, err := workFolder("")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	fmt.Fprintf(stderr, "filling a warehouse at scale %d\n", o.Scale)
	w, err := startWarehouse(ctx, o.Scale)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.cluster.Stop()) }()

	field, err := startAll(ctx, o, dir, w)
	defer field.stop()
	if err != nil {
		return err
	}
	if result.Versions, err = describeVersions(ctx, o, w, field.pgbouncerVersion); err != nil {
		return err
	}
	if err := result.measureAll(ctx, field, stderr); err != nil {
		return err
	}
	result.Machine.LoadEnd = load()
	if o.out == "" {
		_, err = io.WriteString(stdout, result.markdown())
		return err
	}
	path, err := result.write(o.out, o.name)
	if err == nil {
		fmt.Fprintln(stdout, path)
	}
	return err
}

// workFolder makes a folder below parent that the unprivileged PgBouncer can pass through.
func workFolder(parent string) (string, error) {
	dir, err := os.MkdirTemp(parent, "postern-bench-")
	if err != nil {
		return "", fmt.Errorf("making a work folder: %w", err)
	}
	return dir, os.Chmod(dir, 0o711)
}

// lineup is everybody who takes part.
type lineup struct {
	all, filtered    []competitor
	pgbouncerVersion string
	auditFolders     []fsyncAt // where the audit logs are, their cost not yet measured
	stops            []func()
}

func (l *lineup) stop() {
	for _, f := range l.stops {
		f()
	}
}

// startAll starts the proxies. What was started is in the lineup also when there is an error.
func startAll(ctx context.Context, o options, dir string, w *warehouse) (*lineup, error) {
	l := &lineup{all: []competitor{w.direct()}, filtered: []competitor{w.direct()}}
	bouncer, err := startPgBouncer(ctx, o.pgbouncer, dir, w)
	if err != nil {
		return l, fmt.Errorf("starting PgBouncer: %w", err)
	}
	l.stops = append(l.stops, bouncer.proxy.stop)
	l.all = append(l.all, bouncer)
	if l.pgbouncerVersion, err = pgbouncerVersion(ctx, o.pgbouncer); err != nil {
		return l, err
	}
	if o.postern == "" {
		return l, nil
	}
	if err := l.addPostern(ctx, o, posternOnDisk, "audit synced to the disk", dir, w); err != nil {
		return l, err
	}
	if o.tmpfs == "" {
		return l, nil
	}
	memory, err := workFolder(o.tmpfs)
	if err != nil {
		return l, err
	}
	// RemoveAll's error is of no use any more when everything ends.
	l.stops = append(l.stops, func() { _ = os.RemoveAll(memory) })
	return l, l.addPostern(ctx, o, posternInMemory, "the same, but the audit folder is in memory: not a setting to run", memory, w)
}

func (l *lineup) addPostern(ctx context.Context, o options, name, what, dir string, w *warehouse) error {
	home := filepath.Join(dir, "postern")
	p, err := startPostern(ctx, o, home, w)
	if err != nil {
		return fmt.Errorf("starting %s: %w", name, err)
	}
	l.stops = append(l.stops, p.proxy.stop)
	p.Name, p.What = name, "one process, "+what
	l.all = append(l.all, p)
	l.auditFolders = append(l.auditFolders, fsyncAt{Where: "the audit folder of «" + name + "»", folder: filepath.Join(home, "audit")})
	if name == posternOnDisk {
		f := p.as(filteredUser, filteredPassword)
		f.Name = name
		l.filtered = append(l.filtered, f)
	}
	return nil
}

// measureAll measures the disks, then runs everything.
func (o *outcome) measureAll(ctx context.Context, l *lineup, progress io.Writer) error {
	samples := 200 * o.Options.BurstSeconds
	for _, at := range l.auditFolders {
		cost, err := measureFsync(at.folder, samples)
		if err != nil {
			return err
		}
		at.Cost = cost
		o.Fsync = append(o.Fsync, at)
	}
	var err error
	set := o.Options
	loads := workloads(set.Modes, set.Clients)
	o.Competitors = l.all
	if o.Bursts, err = run(ctx, progress, l.all, loads, set.Rounds, set.BurstSeconds); err != nil {
		return err
	}
	o.Cases = summarize(o.Bursts, l.all, loads)
	if set.FilteredRounds < 1 || set.postern == "" {
		return nil
	}
	f := filteredPart{Competitors: l.filtered}
	loads = workloads(set.Modes, set.FilteredClients)
	if f.Bursts, err = run(ctx, progress, l.filtered, loads, set.FilteredRounds, set.BurstSeconds); err != nil {
		return err
	}
	f.Cases = summarize(f.Bursts, l.filtered, loads)
	o.Filtered = &f
	return nil
}
