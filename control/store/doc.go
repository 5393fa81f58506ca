// Package store keeps the server's state: what has to outlive its process.
//
// Floor 5, beside control, whose StandingStore it implements.
//
//   - sqlite.go: SQLite, one embedded file
//   - lazy.go: opening it when it is needed, and again where that failed
//   - standings.go: in which project each person acts, and what they acknowledged
//
// The life of one change: control has it on record in the audit log; one transaction writes it and is durable when it commits (synchronous = FULL);
// only then does control put it in force.
//
// It must never hold a secret, lose an acknowledgement, or answer from a file of a version that it does not know.
package store
