// Package store keeps the server's state: what has to outlive its process.
//
// Floor 5, beside control, whose stores it implements: ResourceStore, HistoryStore, StandingStore, ReviewStore, LeaseStore, Listener, AccessStore,
// QueueStore and ObjectStore.
//
//   - store.go: Store: opened when it is needed, and again where that failed; transactions
//   - sqlite.go: SQLite, one embedded file, for one server
//   - postgres.go: PostgreSQL, for several; listen.go: learning of changes by LISTEN
//   - schema.go: the tables of both, and how they are brought to this version
//   - resources.go, history.go: every version of every resource
//   - standings.go: in which project each person acts, and what they acknowledged
//   - reviews.go: which columns were reviewed
//   - leases.go: which servers live, and what they have put in force
//   - collecting.go: whose turn it is to collect the log of a warehouse, and what of it is on record
//   - requests.go: who asked for access, and what became of it
//   - backup.go: copying a state in a file
//   - objects.go: what is known of the warehouses' tables, and what became of them
//   - queue.go: what webhooks have to tell yet
//
// The two databases are reached by the same statements (placeholders $1, $2, which SQLite knows too); what differs is opening, locking, and
// that only PostgreSQL tells others.
//
// The life of one change: one transaction writes its versions, raises the state's revision, queues what webhooks tell, and has control put it on
// record in the audit log last; it is durable when it commits (synchronous = FULL); with the commit PostgreSQL notifies the other servers; only then does
// control put it in force.
//
// It must never hold a secret, lose an acknowledgement, or answer from a state of a version that it does not know.
package store
