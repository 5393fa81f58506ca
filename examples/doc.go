// Package examples carries the example resources, so that `postern demo` works from any folder.
//
// Outside the floors: data, imported by cmd/postern alone.
package examples

import "embed"

// TPCH is the folder of the TPC-H example: people, sources and policies, without the connection of a real warehouse.
//
//go:embed tpch
var TPCH embed.FS

// Redshift has what differs for a Redshift: policies without keyed masks. People and sources are those of TPCH.
//
//go:embed redshift
var Redshift embed.FS
