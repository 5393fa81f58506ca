// Package policy decides who sees what.
//
// Floor 3: pure. No I/O, no clock, no SQL text.
//
//   - decision.go: Decision and its parts, the answer for one principal and one source
//   - model.go: the policies as resource files say them
//   - compile*.go: policies and a catalog snapshot become a Program; all mistakes are reported at once
//   - approval.go, expiry.go: who was approved, and what ends; project.go: what acting in a project narrows and equalizes
//   - condition.go, verdicts.go: conditions on people (CEL), each asked once about each person
//   - decide.go, bind.go: Program.Decide under a Binding; deferred.go, deferredproject.go, flags.go: with the person left open
//   - trace.go, tracecondition.go: Program.Trace, how a decision came about, for people to read
//   - fresh.go: how long a decision holds; access.go: by what sources are opened, for what groups people
//   - unload.go, s3.go: who may write what they see to S3, and where to
//   - tags.go: tags and table patterns; problem.go: mistakes and warnings; samples.go: decisions for sqlgen's check; trials.go: for the warehouse's
//   - rules.go, window.go, draw.go: row rules become filters; draw.go also has the keyed draws of samples and noise
//   - mask*.go, regex.go: mask rules become expressions that are total and keep the column's type
//   - total.go, totalbound.go, totalrows.go: the closed set of what an author's expression in a mask or row rule may hold, because it
//     cannot fail
//   - domains.go: the token domains that rules name
//
// The life of one decision: rewrite asks Program.Decide for all tables of a statement in one call; the rules that select
// each table are looked up (compiled beforehand), exceptions are evaluated for the principal, row filters are ANDed,
// masks are chosen by the documented order, and the person's expressions are replaced by literals.
//
// It must never allow by default: the zero Decision denies, an unknown rule is refused when it is published.
package policy
