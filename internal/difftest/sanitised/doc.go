// Package sanitised builds the two sides of the oracle: a raw warehouse, and for each person a copy that physically holds only the rows
// and values which that person may see.
//
//	build.go                     Build, People, Marker
//	testdata/raw.sql             the raw warehouse
//	testdata/sanitise-*.sql      what makes a copy of it a person's own, written by hand
//
// The life of one copy: the raw database is cloned, so that every object has the same number; the statements common to all run, then
// the person's.
//
// It must never import policy, sqlgen or rewrite: a mistake that both sides share would show nowhere. The oracle's tests read its imports.
package sanitised
