// Package catalog says what exists in a warehouse: tables, columns, types, tags and function facts, at one version.
//
// Floor 1: data only, no I/O.
//
//   - catalog.go: Snapshot, Table, Column; name resolution under a search path
//   - shape.go: Shape, what is kept of a relation beyond one crawl
//
// The life of one Snapshot: the warehouse is crawled, the control plane adds tags from Source resources and builds a
// Snapshot; policies are compiled against it; the rewriter resolves names in it. It is immutable.
//
// What is absent is denied: no look-up may ever guess.
package catalog
