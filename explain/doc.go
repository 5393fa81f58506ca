// Package explain answers who sees what, and why.
//
// Floor 6: above the rewriter and the control plane, below the servers.
//
//   - report.go: Report, what is told of one statement or some sources; it is what the API answers
//   - make.go: Explainer, which makes one for a person
//   - own.go: EXPLAIN (POLICY), which people ask about their own statements
//   - text.go, plain.go: Report.Text, the form in which people read it
//
// The life of one explanation: the statement is rewritten as it would be to run it; each source that it touches is decided once
// more by policy.Program.Trace, which tells every rule that was asked and what of the person decided it; filters and masks are
// printed by the dialect that would run them. Of a statement that is refused because of a table, the tables that it names are traced,
// so that an administrator is told which of them is denied, and why.
//
// It must never run a statement, and never tell a person of sources that they may not see: for oneself, Explainer is asked with
// Own, and what is refused is refused as the statement itself would be.
package explain
