// Package direct puts on record what people run in a warehouse past the proxy.
//
// Floor 6: above the rewriter and the control plane, below the servers.
//
//   - collector.go: Collector, which follows a server's log and records what it finds, once
//   - statements.go: entries of the log become statements: those that failed, and several entries about one
//   - join.go: a statement becomes an audit.Event: account to person, names to sources, policies in force
//   - redshift.go: what accounts and texts of a Redshift need
//   - acting.go: who acted as whom in the warehouse itself
//   - turn.go: one of several servers at a time
//   - position.go: where the collector stopped; versions.go: which policies were in force when
//   - who.go: Who: which statements on record name what somebody changed
//
// The life of one statement: the follower finds its entry, and the one of its error if it failed; the account is mapped to a person, the
// relations that it names to registered sources, a view of push's to the table that it shows; the event is recorded; then the position is kept.
// A crash between the two makes the entry be read again, and its ID, which is on record already, keeps it from being told twice.
//
// A Redshift has no log, but a history of statements (package queryhistory), of which each look reads a stretch again: what is on record is known by
// its ID.
//
// It must never guess: what the server does not tell is left out, and Detail says what and why.
package direct
