// Command bench compares what a query costs directly, through PgBouncer and through Postern, side by side on one machine.
//
// A harness, outside the floors: it imports tooling only and knows Postern as its users do, by its binary, its files and
// its ports. `make bench` runs it; README.md says how to read what it writes.
//
//   - main.go: flags, and the order of a run
//   - options.go: what to run, checked at once
//   - warehouse.go: a throw-away cluster with pgbench's tables and one service role
//   - pgbouncer.go, postern.go: the two proxies, each with its own files in a temporary folder
//   - policies.go: the resource files that govern pgbench's tables
//   - process.go, procattr_*.go: a child process in a session of its own, and its CPU time
//   - schedule.go: who runs when: every round, every case, the competitors in rotated order
//   - pgbench.go: one burst of pgbench, and what it printed
//   - fsync.go: what making a record safe costs on the audit folder's file system
//   - machine.go: what the numbers depend on
//   - summary.go, stats.go: medians and paired ratios
//   - report.go, notes.go: the Markdown and JSON files
//
// The life of one burst: pgbench logs its clients in and sends one query each, so that the cost of logging in is known;
// then it runs for the burst's seconds. The proxy's CPU time is read from the scheduler before and after both; the
// difference of the two, divided by the difference in queries, is the CPU time a query.
//
// It must never: run the competitors one after another in long blocks (a shared machine drifts by more than they
// differ), compare processes that share a scheduler group, or write a number without the settings that it depends on.
package main
