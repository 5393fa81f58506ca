// Package querygen makes random queries over the warehouse of the oracle, and makes failing ones small.
//
//	schema.go      the tables and columns that queries are about, and what is known of their values
//	node.go        Node: a query as a tree of texts, which prints with or without parameters
//	generate.go    Generate: one query from a seed and a number
//	from.go        what stands in FROM: tables, joins, sub-selects, functions
//	expr.go        expressions by class of type, out of templates
//	shrink.go      Shrink: the smallest query that still fails
//
// The life of one query: Generate draws a tree, Render prints it, the oracle asks it twice; if the answers differ, Shrink cuts the
// tree as long as they still do.
//
// A query has one right answer: where rows are cut off the order is total, sums of floats are exact, and what raises an error raises it
// on rows that are hidden only. The same seed and number make the same query on every machine.
//
// It must never import policy, sqlgen or rewrite.
package querygen
