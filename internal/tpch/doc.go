// Package tpch makes TPC-H databases: the schema and the value domains of the TPC-H specification (revision 3, clauses 1.4
// and 4.2), from a generator of our own.
//
// It is tooling, not product: outside the floors, imported by tests, benchmarks and the demo of cmd/postern. What it makes
// has the shape, the domains, the correlations and the sizes that the specification asks for, so that the benchmark's
// queries find what they look for; the values are not those of the official dbgen, and no result on them is a TPC-H result.
//
// Layers, top down:
//
//	load.go       Generator: Build a whole database, Load the rows by COPY, with progress
//	stream.go     one table as COPY text, an io.Reader that makes rows as they are read
//	rows.go       one row of region, nation, supplier, part, partsupp, customer
//	orders.go     one order with its line items
//	random.go     the random values of one row
//	text.go       comments, by the specification's grammar
//	domain.go     the closed lists: nations, types, containers, ...
//	schema.go     DDL and constraints
//
// The life of one row: a table's stream asks for row i; the random source is seeded by (seed, table, i) and by nothing
// else, so that a row is the same whatever was made before it, and an order's line items can be made apart from the order;
// the row is appended to a buffer as COPY text; the server reads it.
//
// It must never: depend on the clock, the machine or the order of calls.
package tpch
