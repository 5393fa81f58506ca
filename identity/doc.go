// Package identity says who asks and how a password is checked.
//
// Floor 0: imports nothing of Postern.
//
//   - principal.go: Principal, an immutable value resolved at each statement
//   - verifier.go: Verifier, a stored SCRAM-SHA-256 secret (RFC 5802, RFC 7677), and the mock for unknown users
//   - token.go: VerifyToken, a signed token of an identity provider (RFC 7519)
//   - saslprep.go, saslprep_tables.go: passwords as PostgreSQL normalizes them (RFC 4013)
//
// The life of one Principal: the control plane builds it from a User resource; the proxy's session stores only the
// log-in name and asks for the Principal again at every statement, so that a change acts in open sessions.
//
// It must never hold a password, and its zero value must never be allowed anything.
package identity
