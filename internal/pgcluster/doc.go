// Package pgcluster starts throw-away PostgreSQL clusters for tests and for `postern demo`.
//
// It is tooling, not product: outside the floors, imported by tests, by the other tooling packages and by cmd/postern
// (whose demo needs a warehouse), never by a package that serves clients.
//
// Layers, top down:
//
//	cluster.go       Start, Stop, the Cluster's addresses and databases
//	config.go        Config, its Validate, and the server settings of a cluster that nobody needs to keep
//	process.go       one child process that cannot outlive us
//	account.go       which account runs the server: ours, or an unprivileged one when we are root
//	find.go          which PostgreSQL: $POSTERN_PG_BIN, PATH, the newest Debian one
//	standby.go       a streaming standby of a cluster, and its promotion
//	sweep.go         removing what a killed process left behind
//	pgtest           one cluster per test binary, one database per test
//
// The life of one cluster: the programs are found; a folder is made that only the account of the server can enter;
// initdb fills it with a superuser whose password was just drawn; the server starts on a free port of 127.0.0.1 and on a
// socket inside that folder; Start returns when the server has written "ready". Stop ends the server at once and removes
// the folder. If our process dies first, the kernel ends the server.
//
// It must never: run PostgreSQL as root, touch a cluster that it did not start, listen on anything but loopback, leave a
// server running, or pretend that all is well when PostgreSQL is missing (absence is an error, not a reason to skip).
package pgcluster
