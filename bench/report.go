package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// write puts the results into the folder as DATE-NAME.md and .json.
func (o outcome) write(folder, name string) (string, error) {
	text, err := json.MarshalIndent(o, "", "  ")
	if err != nil {
		return "", fmt.Errorf("encoding the results: %w", err)
	}
	base := filepath.Join(folder, o.Date+"-"+name)
	err = errors.Join(os.MkdirAll(folder, 0o755), os.WriteFile(base+".json", append(text, '\n'), 0o644),
		os.WriteFile(base+".md", []byte(o.markdown()), 0o644))
	if err != nil {
		return "", fmt.Errorf("writing the results: %w", err)
	}
	return base + ".md", nil
}

// renderAgain writes the report of a JSON file of results beside it.
func renderAgain(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading results: %w", err)
	}
	var o outcome
	if err := json.Unmarshal(text, &o); err != nil {
		return fmt.Errorf("decoding the results of %s: %w", path, err)
	}
	if err := os.WriteFile(strings.TrimSuffix(path, ".json")+".md", []byte(o.markdown()), 0o644); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

// markdown is the report for people.
func (o outcome) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Point look-ups by primary key: direct, PgBouncer, Postern (%s)\n\n", o.Date)
	if o.Options.Quick {
		b.WriteString("**A quick run: it shows that everything runs. Its numbers mean nothing.**\n\n")
	}
	fmt.Fprintf(&b, "`pgbench -S`, medians of %d bursts of %d s each, the competitors interleaved and their order rotated; "+
		"ratios are taken within each round, then their median. Raw bursts are in the JSON file beside this one.\n\n",
		o.Options.Rounds, o.Options.BurstSeconds)
	o.competitors(&b, o.Competitors)
	table(&b, "Throughput: queries a second (ratio to direct; ratio to PgBouncer)", o.Competitors, o.Cases, throughput)
	table(&b, "Latency: ms, the median over the bursts of each burst's mean (µs added to direct)", o.Competitors, o.Cases, latency)
	table(&b, "CPU of the proxy: µs a query (ratio to PgBouncer)", o.Competitors[1:], o.Cases, processor)
	table(&b, "CPU of the proxy: µs a session, log-in and one query", o.Competitors[1:], o.Cases, login)
	table(&b, "Spread: lowest and highest burst, queries a second", o.Competitors, o.Cases, spread)
	if o.Filtered != nil {
		b.WriteString("## A person with a row filter\n\n")
		b.WriteString(filteredNote(o))
		table(&b, "Throughput with a row filter", o.Filtered.Competitors, o.Filtered.Cases, throughput)
		table(&b, "Latency with a row filter", o.Filtered.Competitors, o.Filtered.Cases, latency)
	}
	o.settings(&b)
	b.WriteString(notes(o))
	return b.String()
}

func (o outcome) competitors(b *strings.Builder, all []competitor) {
	for _, c := range all {
		fmt.Fprintf(b, "- **%s**: %s\n", c.Name, c.What)
	}
	b.WriteString("\n")
}

// cell prints one result of a table.
type cell func(resultSummary) string

func throughput(r resultSummary) string {
	switch {
	case r.Competitor == "direct":
		return fmt.Sprintf("%.0f", r.TPS)
	case r.Competitor == "PgBouncer" || r.TPSToPgBouncer == 0:
		return fmt.Sprintf("%.0f (%.2g)", r.TPS, r.TPSToDirect)
	}
	return fmt.Sprintf("%.0f (%.2f; %.2f)", r.TPS, r.TPSToDirect, r.TPSToPgBouncer)
}

func latency(r resultSummary) string {
	if r.Competitor == "direct" {
		return fmt.Sprintf("%.3f", r.LatencyMS)
	}
	return fmt.Sprintf("%.3f (%+.0f)", r.LatencyMS, r.AddedMicros)
}

func processor(r resultSummary) string {
	if r.Competitor == "PgBouncer" {
		return fmt.Sprintf("%.1f", r.CPUMicros)
	}
	return fmt.Sprintf("%.1f (%.2f)", r.CPUMicros, r.CPUToPgBouncer)
}

func login(r resultSummary) string  { return fmt.Sprintf("%.0f", r.LoginMicros) }
func spread(r resultSummary) string { return fmt.Sprintf("%.0f to %.0f", r.TPSLow, r.TPSHigh) }

// table prints one row a workload and one column a competitor.
func table(b *strings.Builder, title string, columns []competitor, cases []caseSummary, print cell) {
	fmt.Fprintf(b, "**%s**\n\n| clients | protocol |", title)
	for _, c := range columns {
		fmt.Fprintf(b, " %s |", c.Name)
	}
	b.WriteString("\n|---:|---|" + strings.Repeat("---:|", len(columns)) + "\n")
	for _, c := range cases {
		fmt.Fprintf(b, "| %d | %s |", c.Clients, c.Mode)
		for _, column := range columns {
			for _, r := range c.Results {
				if r.Competitor == column.Name {
					fmt.Fprintf(b, " %s |", print(r))
				}
			}
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
}

func (o outcome) settings(b *strings.Builder) {
	m, v := o.Machine, o.Versions
	b.WriteString("## Settings\n\n| what | value |\n|---|---|\n")
	row := func(what, value string) { fmt.Fprintf(b, "| %s | %s |\n", what, value) }
	row("processor", fmt.Sprintf("%s, %d cores (shared by pgbench, the proxy and PostgreSQL)", m.CPU, m.Cores))
	row("memory", m.Memory)
	row("system", fmt.Sprintf("%s, Linux %s, sched_autogroup_enabled %s; every process in a session of its own",
		m.System, m.Kernel, m.Autogroup))
	row("load before and after", m.LoadStart+"; "+m.LoadEnd)
	row("PostgreSQL", v.PostgreSQL)
	row("pgbench", fmt.Sprintf("%s, scale %d, at most 2 threads", v.Pgbench, o.Options.Scale))
	row("PgBouncer", v.PgBouncer)
	row("Postern", fmt.Sprintf("commit %s, %s", v.Commit, v.Go))
	row("network", "loopback TCP between all; no TLS")
	row("log-in", "SCRAM-SHA-256 on both sides of both proxies; both keep a stored verifier for the client")
	for _, f := range o.Fsync {
		row("write and fsync in "+f.Where, fmt.Sprintf("%.0f µs median, %.0f µs 95th percentile (%d samples, one writer)",
			f.Cost.MedianMicros, f.Cost.P95Micros, f.Cost.Samples))
	}
	b.WriteString("\n")
}
