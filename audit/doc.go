// Package audit keeps the record of who asked what, what was decided and what
// came of it, and answers questions about that record.
//
// Floor 1: it owns its files and imports nothing of this module. It knows
// nothing of policies, sessions or SQL; whoever decides fills in an Event.
//
// Layers, writing:
//
//   - event.go: Event, its closed set of kinds, what a valid one has
//   - encode.go, escape.go: one event as JSON, without reflection
//   - chain.go: sequence numbers and the SHA-256 chain of one line to the next
//   - log.go: Log, Record, RecordLater, Close
//   - commit.go: group commit; who writes and syncs, and for whom
//   - segment.go: files, their names, rotation
//   - open.go, recover.go: finding the end after a restart, a crash or an I/O error
//   - config.go
//
// Layers, reading:
//
//   - decode.go: a line back to an Event
//   - scan.go, filter.go: all events in order, and those one asks for
//   - tail.go: following the live file
//   - verify.go: proving the chain, naming the first bad record
//
// The life of one event: the session fills in an Event and calls Record. It is
// encoded into the batch that is being collected. If nobody is writing, the
// caller itself becomes the leader: it gives each event of the batch its
// sequence number and hash, writes the batch with one write and syncs it with
// one fsync. Callers that arrive meanwhile collect in the next batch and wait;
// one of them leads it. Record returns nil when the event is on the disk, and
// only then may the statement go to the warehouse. The completion of the
// statement goes through RecordLater: it is written with the next batch, or
// after Config.FlushEvery at the latest.
//
// What it must never do: return nil for an event that is not safe; go on after
// an I/O error without having proved that the disk works again; change or
// remove a record that was acknowledged; fail because of what a client put
// into a string.
//
// # The files
//
// A directory holds files named audit-20261121T101500Z-000001.jsonl: the time
// of creation and a number that grows by one. Each line is one JSON object:
//
//	{"seq":7,"time":"…","kind":"statement",…,"prev":"<64 hex>","hash":"<64 hex>"}
//
// hash is the SHA-256 of the bytes of the line before ,"hash": and prev is the
// hash of the line before, also across files and restarts; the first record of
// all has 64 zeros. Any tool can check it. A chain alone cannot show that its
// end was cut off or that somebody with write access made all of it anew; keep
// Log.Head somewhere else and give it to Verify as an Anchor for that.
package audit
