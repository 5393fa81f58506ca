package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"syscall"
)

// pgbenchResult is what one run of pgbench printed.
type pgbenchResult struct {
	queries   int64
	tps       float64 // without initial connection time
	latencyMS float64 // mean
	connectMS float64 // until all clients were logged in
}

// pgbench runs the built-in select-only script (-S): one row of pgbench_accounts by its primary key. howLong is -T or -t
// with its value. A failed transaction or an aborted client is an error.
func pgbench(ctx context.Context, c competitor, load workload, howLong ...string) (pgbenchResult, error) {
	args := []string{
		"-S", "-n", "-M", load.Mode, "-c", strconv.Itoa(load.Clients), "-j", strconv.Itoa(min(load.Clients, 2)),
		"-h", c.host, "-p", strconv.Itoa(c.port), "-U", c.user,
	}
	cmd := exec.CommandContext(ctx, "pgbench", append(append(args, howLong...), database)...)
	cmd.Env = append(os.Environ(), "PGPASSWORD="+c.password, "PGSSLMODE=disable", "PGGSSENCMODE=disable", "LC_ALL=C.UTF-8")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	out, err := cmd.CombinedOutput()
	if err != nil {
		return pgbenchResult{}, fmt.Errorf("running pgbench: %w\n%s", err, out)
	}
	return parsePgbench(string(out))
}

// The lines of pgbench 15 and later that count.
const (
	queriesLine = `(?m)^number of transactions actually processed: (\d+)`
	failedLine  = `(?m)^number of failed transactions: (\d+)`
	latencyLine = `(?m)^latency average = ([0-9.]+) ms`
	connectLine = `(?m)^initial connection time = ([0-9.]+) ms`
	tpsLine     = `(?m)^tps = ([0-9.]+) \(without initial connection time\)`
)

// parsePgbench reads pgbench's summary.
func parsePgbench(text string) (pgbenchResult, error) {
	find := func(pattern string) (string, error) {
		m := regexp.MustCompile(pattern).FindStringSubmatch(text)
		if m == nil {
			return "", fmt.Errorf("reading pgbench's summary: no line %s in\n%s", pattern, text)
		}
		return m[1], nil
	}
	var r pgbenchResult
	failed, err := find(failedLine)
	if err != nil {
		return r, err
	}
	if failed != "0" {
		return r, fmt.Errorf("%s transactions failed:\n%s", failed, text)
	}
	for _, field := range []struct {
		line string
		set  func(string) error
	}{
		{queriesLine, func(s string) (err error) { r.queries, err = strconv.ParseInt(s, 10, 64); return err }},
		{tpsLine, func(s string) (err error) { r.tps, err = strconv.ParseFloat(s, 64); return err }},
		{connectLine, func(s string) (err error) { r.connectMS, err = strconv.ParseFloat(s, 64); return err }},
		{latencyLine, func(s string) (err error) { r.latencyMS, err = strconv.ParseFloat(s, 64); return err }},
	} {
		value, err := find(field.line)
		if err != nil {
			return r, err
		}
		if err := field.set(value); err != nil {
			return r, fmt.Errorf("reading pgbench's summary: %w", err)
		}
	}
	return r, nil
}
