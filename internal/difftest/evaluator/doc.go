// Package evaluator is a second, small meaning of policies, to hold Postern's against.
//
//	rows.go       tables, rows, and what is in the warehouse
//	people.go     people, and conditions on them: as CEL text, and evaluated here
//	predicate.go  row predicates: as SQL text, and evaluated here with the three values of SQL
//	mask.go       masks: as resources, and applied here
//	policies.go   Set: subscriptions and data policies as YAML, and what a person sees of a table under them
//	generate.go   Generate: a set from a seed
//
// The life of one set: Generate draws it, YAML prints what Postern publishes, and Visible says, row by row and without a database, what
// each person sees.
//
// It must never import policy, sqlgen or rewrite: a mistake that both sides share would show nowhere. It covers few features, each in the plainest way
// that is.
package evaluator
