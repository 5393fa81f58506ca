// Package tokenize computes keyed masks in Go, bit for bit as the functions
// that a registration installs in the warehouse compute them in SQL.
//
// Floor 0: it imports the standard library only.
//
//   - sqlkeys.go: SQLKeys, keyed hashes and draws for a warehouse that has SHA-256 over texts alone
//   - hash.go: Hash, the one-way keyed hash (HMAC-SHA-256), and Pads, from
//     which SQL builds the same hash with core sha256()
//   - siv.go, cmac.go: SIV, the deterministic reversible mask (AES-SIV, RFC 5297)
//   - domain.go: Domain, a token domain's key with what the warehouse's functions compute from it
//   - ff1.go, alphabet.go: FF1, the format-preserving mask (NIST SP 800-38G)
//
// The life of one mask: a key is resolved from its reference; NewSIV or NewFF1
// checks it and prepares the cipher, once; values go through with a domain (or
// tweak) that names what they are, so that equal values of different domains
// do not look alike.
//
// All three are deterministic, which is what makes masked columns join and
// group, and which also shows which values are equal and how often each one
// occurs. Where that is too much, a randomized or a null mask is the answer.
//
// It must never log or return a key, never put a value into an error, and never
// accept a domain so small that a format-preserving mask could be undone by
// trying all of it.
package tokenize
