// Package check runs policy unit tests: as this person, this query gives these rows, these masks, or this refusal.
//
// Floor 6: above the rewriter and the control plane.
//
//   - file.go: File and Test, what a file of tests says; all its mistakes are reported at once
//   - scratch.go: the scratch database that the samples are loaded into, and that is dropped afterwards
//   - policies.go: the resources as the tests use them, with no secret resolved
//   - run.go, compare.go: Run, one Outcome for each test
//   - text.go: the outcomes as people read them
//
// The life of one file: a scratch database is made, the schema and the sample rows are loaded, the registration that the policies
// need is run there, and the resources are published against it, exactly as a server would. Each test's query is then rewritten
// for its person, run as the service role, and compared.
//
// It must never touch the warehouse that the resources name: their connection is replaced by the scratch database before anything
// is dialled.
package check
