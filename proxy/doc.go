// Package proxy speaks the PostgreSQL protocol with clients: it authenticates them, has each statement judged, puts it on
// record, sends what may be sent to the warehouse and relays the answer.
//
// Floor 5: knows rewrite, policy and audit through small interfaces (config.go). Nothing imports it but cmd.
//
// Layers, outside in:
//
//   - config.go: what a Server consumes; limits.go, metrics.go
//   - server.go: accepting, draining
//   - socket.go, startup.go: TLS, the start-up packet, protocol versions; startparams.go, options.go: what it may ask for
//   - auth.go, scram.go: who the client is
//   - session.go, upstream.go: admission, the session's own warehouse connection, the end of both
//   - relay.go: the established session: the client's messages; pump.go, transfer.go: the warehouse's
//   - extended.go, statements.go: Parse, Bind, Describe, Execute, Close, Sync; simple.go: Query and refusals; copy.go
//   - plans.go: answers to EXPLAIN
//   - named.go: statements and cursors that the client names in SQL
//   - pipeline.go: the queue of expected responses
//   - personal.go: switching projects, acknowledging, acting for another
//   - settings.go, variables.go: search_path and other variables that are the client's and not the warehouse's
//   - writing.go: what is special about statements that write
//   - auditing.go: events; errors.go: what the client may see of the warehouse's errors; places.go: where in its own text they arose
//   - cancel.go: cancel requests; watch.go: quiet sessions, vanished clients, changed decisions
//   - reconsider.go: what is open when the policies change
//   - frame.go: messages in fixed buffers
//
// The life of one session: a goroutine reads the start-up packet and authenticates the client; the session gets a
// connection to the warehouse that nobody else ever uses; from the first ReadyForQuery on, a relay owns both sockets. It
// works in lock-step: it collects what the client sends, up to a Sync, a Query or a full batch; has every text judged;
// makes the audit events of the batch safe in one go; sends the batch; and relays until every expected response has come.
// Only then does it listen to the client again. What is sent in one go either fits into the sockets' buffers or is one
// large message with nothing else under way, so that no two sides can wait for each other. The relay reads both sides
// through framed and writes through outgoing, and is driven by next and pump alone: that is where an event loop can take
// over.
//
// Where to look when it breaks: a hang is in the queue (pipeline.go); a wrong transaction status after a refusal in
// provoke (extended.go); a lost asynchronous message in watch.go; a client that PostgreSQL would take and Postern does not
// in startparams.go.
//
// What it must never do: send a text that was not judged, or before it is on record; send the client's own bytes for a
// statement; hand on an error field that speaks of what is hidden; keep a decision beyond what it rests on; let one
// person's connection serve another; allocate by a length that a peer has announced.
package proxy
