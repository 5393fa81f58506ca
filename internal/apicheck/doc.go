// Package apicheck holds requests and answers of an HTTP API against its own OpenAPI 3.1 description, for tests.
//
//   - description.go: Description, its operations, and what of an exchange is not as described
//   - schema.go: the part of JSON Schema that the description uses; a word that it does not know is a difference, never passed over
//   - relay.go: Relay, which stands between a client and a server and checks all that passes
//
// The life of one exchange: its method and path find one operation; its status has to be described; the answer has to conform to the schema of that
// status; where the server accepted the request, the request has to conform as well, with its parameters: what is accepted and not described is a
// hole in the description.
//
// It must never take what it cannot judge for right.
package apicheck
