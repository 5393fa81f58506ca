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
	for _, c := range o.Cases {
		if share, ok := fsyncShare(o, c); ok {
			say("%d client, %s: one fsync is %.0f %% of the latency that Postern adds with its audit on the disk. "+
				"At more clients one fsync serves several records (group commit).", c.Clients, c.Mode, share)
		}
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

// fsyncShare is how much of the latency that Postern adds at one client is the disk's, in percent.
func fsyncShare(o outcome, c caseSummary) (float64, bool) {
	if c.Clients != 1 || len(o.Fsync) == 0 {
		return 0, false
	}
	for _, r := range c.Results {
		if r.Competitor == posternOnDisk && r.AddedMicros > 0 {
			return 100 * o.Fsync[0].Cost.MedianMicros / r.AddedMicros, true
		}
	}
	return 0, false
}

func filteredNote(o outcome) string {
	return fmt.Sprintf("The same query by somebody who sees a part of the rows (`bid` up to half of the branches). In this release every filtered table "+
		"is fenced with `OFFSET 0`, so that nothing of the query runs on a hidden row; the look-up by key becomes a scan of the table's "+
		"%d rows. That is the price of the fence, not of the proxy: direct runs the unfiltered look-up. %d rounds.\n\n",
		o.Options.Scale*100_000, o.Options.FilteredRounds)
}
