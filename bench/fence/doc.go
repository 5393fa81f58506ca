// Command fence measures what row filters cost when the rewriter enforces them: each query without a policy, rewritten, through a
// security_barrier view, and under row-level security, side by side in one run.
//
//   - main.go: rounds and the report; queries.go: what is asked; warehouse.go: the data and the four ways to it
//
// The life of one query: it is written four ways, before the clock runs, each for a connection of its own; they take turns in bursts, in an order that
// rotates; the CPU time of each backend is the scheduler's (/proc/PID/schedstat), so that what else the machine does counts little; ratios
// are taken within each round, and the median over the rounds is reported.
//
// It must never be taken for a test: it asserts nothing.
package main
