package main

import (
	"fmt"
	"strconv"
	"strings"
)

// notes say what the numbers do not.
func notes(o outcome) string {
	var b strings.Builder
	b.WriteString("## What the numbers do not say\n\n")
	say := func(format string, args ...any) { fmt.Fprintf(&b, "- "+format+"\n", args...) }
	say("Clients, proxy and server share %d cores, so at 8 clients and more throughput shows CPU cost, not what a proxy can do "+
		"alone. Compare the CPU table and the ratios, not absolute throughput.", o.Machine.Cores)
	say("The machine is virtual and shared: the spread table shows how much one burst differs from the next.")
	if busy(o.Machine) {
		say("**Other work ran on the machine during this run** (load %s before it began): the absolute numbers are low for everybody, "+
			"and whoever needs more processes to be awake for one query suffers more. Ratios and CPU time are still telling, to some extent; "+
			"do not compare with a run on a quiet machine.", o.Machine.LoadStart)
	}
	say("`pgbench -S` is the worst case for a proxy: the server's own work for one query is as small as it gets.")
	say("Latency is the median of the bursts' means, not a percentile of single queries.")
	say("Postern does more: it checks and rewrites each statement (a subscription policy and a null mask on the column `filler`, " +
		"which the query does not read, so that the plan stays an index look-up), and its audit record is on the disk before " +
		"a statement is forwarded. PgBouncer does neither.")
	say("In the simple protocol every text of pgbench is different (the key is a literal), and Postern's cache is keyed by the exact " +
		"text: each query is parsed and rewritten anew. In the extended protocol it is one text; in the prepared one it is rewritten once a session.")
	var shares []string
	for _, c := range o.Cases {
		if share, ok := diskShare(c); ok {
			shares = append(shares, fmt.Sprintf("c%d %s %.0f %%", c.Clients, c.Mode, share))
		}
	}
	if len(shares) > 0 {
		say("The disk's part of the latency that Postern adds (audit on the disk, less audit in memory): %s. "+
			"With more clients one fsync serves several records (group commit).", strings.Join(shares, ", "))
	}
	say("The audit folder in memory shows Postern without the disk. It is not a setting to run: such records do not survive the machine.")
	say("PgBouncer keeps its connections to the server from burst to burst and resets them (DISCARD ALL); Postern dials one for " +
		"each session. Log-ins are left out of throughput and of CPU a query; their own table includes that difference. " +
		"A proxy's first log-ins are in it too, and pgbench's own look at its tables, one session a run, which Postern partly refuses.")
	say("CPU is the proxy's alone, from the scheduler's statistics of its threads; neither the server's nor the client's, " +
		"nor what the kernel does in interrupts on nobody's account.")
	say("PgBouncer is Debian's and old: prepared statements across transactions came with 1.21. In session pooling, as here, they work in any version.")
	return b.String()
}

// busy reports that the machine had something else to do when the run began.
func busy(m machine) bool {
	minute, _, _ := strings.Cut(m.LoadStart, " ")
	n, err := strconv.ParseFloat(minute, 64)
	return err == nil && n > float64(m.Cores)/2
}

// diskShare is how much of the latency that Postern adds is the disk's, in percent. One fsync's median does not tell: bursts
// are means, and a disk's slow moments weigh in a mean.
func diskShare(c caseSummary) (float64, bool) {
	var disk, memory resultSummary
	for _, r := range c.Results {
		switch r.Competitor {
		case posternOnDisk:
			disk = r
		case posternInMemory:
			memory = r
		}
	}
	if memory.Competitor == "" || disk.AddedMicros <= 0 || memory.AddedMicros > disk.AddedMicros {
		return 0, false
	}
	return 100 * (disk.AddedMicros - memory.AddedMicros) / disk.AddedMicros, true
}

func filteredNote(o outcome) string {
	return fmt.Sprintf("The same query by somebody who sees a part of the rows (`bid` up to half of the branches). In this release every filtered table "+
		"is fenced with `OFFSET 0`, so that nothing of the query runs on a hidden row; the look-up by key becomes a scan of the table's "+
		"%d rows. That is the price of the fence, not of the proxy: direct runs the unfiltered look-up. %d rounds.\n\n",
		o.Options.Scale*100_000, o.Options.FilteredRounds)
}
