// Package lambda computes keyed masks for Amazon Redshift, which has neither HMAC nor ciphers: as the functions of an AWS Lambda user-defined
// function (Redshift Database Developer Guide, "Creating a scalar Lambda UDF").
//
// Floor 1: it imports tokenize and secret. cmd/postern-lambda makes a program of it.
//
//   - payload.go: what Redshift sends and wants back
//   - access.go: who may have what computed, as a document, accessdocument.go: printed; accesscache.go: the one in force
//   - keys.go: the keys of token domains, read when they are needed
//   - handler.go, function.go: one batch of calls
//
// The life of one batch: it is read, bounded; the person that the cluster names is looked up in the access document; each call's domain must be
// one that the document lets this person use in this way; the domain's key is fetched once and kept for a while; each value is computed on its
// own. A value that cannot be masked gives NULL, as it does in PostgreSQL; whoever may not is told so for the whole batch.
//
// It must never put a value, a token or a key into an error or the log, never answer for a person, cluster or domain that the document does not
// name, and never go on with a document that could not be confirmed for longer than its staleness.
package lambda
