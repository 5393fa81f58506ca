// Package serverlog reads what a PostgreSQL server logs of the statements that it runs.
//
// Floor 2: beside warehouse, which it does not know.
//
//   - record.go: Record, one entry of the log; csv.go, json.go: the two formats (log_destination csvlog and jsonlog)
//   - statement.go, pgaudit.go: what an entry says of a statement
//   - source.go: where log files are: a folder, or the server itself, asked over a connection
//   - follow.go: Follower, which reads on from a Position, over rotations
//
// The life of one entry: the follower finds the file in which it stopped, takes the complete entries behind its offset, and goes on with
// the next file when there is nothing more to come in this one. Who reads keeps the Position with what it has read, so that
// nothing is read twice and nothing is passed over; what was rotated away unread is told as a Gap.
//
// It must never take an entry that is still being written, and never guess: what a server does not say is left empty.
package serverlog
