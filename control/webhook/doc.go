// Package webhook tells endpoints, in order and signed, what changes.
//
// Floor 5, a room of control: it imports control and control/resource. Only its test imports control/store.
//
//   - sender.go: Sender: one stream for each Webhook of the set in force, started and ended as they come and go
//   - stream.go: one webhook's stream: take the lease, send what is next, note the position, wait
//   - message.go: what is sent, and its signature (Standard Webhooks 1.0, symmetric)
//   - client.go: one attempt, and which addresses may be reached
//   - metrics.go: Metrics
//
// The life of one event: what changed the state put a notice into the queue, in the same transaction (control.Notice). The server that
// holds the webhook's lease reads the notice after the position, signs and posts it, and moves the position once the answer is 2xx.
// Until then it tries again, later and later, and nothing behind it is sent. Whoever holds the lease next goes on from the position, so
// that an event may arrive twice, with the same id, and never out of order before its first arrival.
//
// It must never follow a redirect, read a response's body, send to an address that the webhook may not reach, or send anything without
// a signature; no secret, verifier or text of a resource is ever in a message, because a notice has none.
package webhook
