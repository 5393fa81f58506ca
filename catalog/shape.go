package catalog

import (
	"fmt"
	"slices"
	"strings"
)

// Shape is what is kept of a relation beyond one crawl: enough to say later what became of it, and to compile policies against it when it is gone.
// The short names keep a warehouse of many columns small in the state.
type Shape struct {
	OID         uint32        `json:"oid"`
	Schema      string        `json:"schema"`
	Name        string        `json:"name"`
	Kind        Kind          `json:"kind"`
	Columns     []ShapeColumn `json:"columns,omitempty"`
	PrimaryKey  []string      `json:"key,omitempty"`
	HasChildren bool          `json:"children,omitempty"`
}

// ShapeColumn is one column of a Shape, with the facts that policies are compiled by.
type ShapeColumn struct {
	Number           int16  `json:"n"`
	Name             string `json:"c"`
	Type             string `json:"t"`
	TypeOID          uint32 `json:"o,omitempty"`
	Category         byte   `json:"k,omitempty"`
	NotNull          bool   `json:"r,omitempty"`
	Nondeterministic bool   `json:"f,omitempty"`
	Collation        uint32 `json:"l,omitempty"`
}

// ShapeOf is what is kept of a relation.
func ShapeOf(t *Table) Shape {
	out := Shape{OID: t.OID, Schema: t.Schema, Name: t.Name, Kind: t.Kind, PrimaryKey: t.PrimaryKey, HasChildren: t.HasChildren, Columns: make([]ShapeColumn, len(t.Columns))}
	for i := range t.Columns {
		out.Columns[i] = shapeColumnOf(&t.Columns[i])
	}
	return out
}

func shapeColumnOf(c *Column) ShapeColumn {
	return ShapeColumn{
		Number: c.Number, Name: c.Name, Type: c.Type, TypeOID: c.TypeOID, Category: c.Category, NotNull: c.NotNull, Nondeterministic: c.Nondeterministic, Collation: c.Collation,
	}
}

// Table is a relation of this shape of which nothing is registered or reviewed. It has no OID: nothing that the warehouse has is it.
func (s Shape) Table() *Table {
	out := &Table{Schema: s.Schema, Name: s.Name, Kind: s.Kind, PrimaryKey: slices.Clone(s.PrimaryKey), HasChildren: s.HasChildren, Columns: make([]Column, len(s.Columns))}
	for i, c := range s.Columns {
		out.Columns[i] = Column{
			Name: c.Name, Number: c.Number, Type: c.Type, TypeOID: c.TypeOID, Category: c.Category, NotNull: c.NotNull, Nondeterministic: c.Nondeterministic, Collation: c.Collation,
		}
	}
	return out
}

// IsZero reports that nothing is known.
func (s Shape) IsZero() bool { return s.OID == 0 }

// QualifiedName returns schema.name without quotes.
func (s Shape) QualifiedName() string { return s.Schema + "." + s.Name }

// Column finds a column by its exact name.
func (s Shape) Column(name string) (ShapeColumn, bool) {
	for _, c := range s.Columns {
		if c.Name == name {
			return c, true
		}
	}
	return ShapeColumn{}, false
}

// Numbered finds a column by its number, which outlives its name.
func (s Shape) Numbered(number int16) (ShapeColumn, bool) {
	for _, c := range s.Columns {
		if c.Number == number {
			return c, true
		}
	}
	return ShapeColumn{}, false
}

// Is reports whether a relation still is as the shape says.
func (s Shape) Is(t *Table) bool {
	if s.OID != t.OID || s.Schema != t.Schema || s.Name != t.Name || s.Kind != t.Kind || s.HasChildren != t.HasChildren || len(s.Columns) != len(t.Columns) ||
		!slices.Equal(s.PrimaryKey, t.PrimaryKey) {
		return false
	}
	for i := range t.Columns {
		if s.Columns[i] != shapeColumnOf(&t.Columns[i]) {
			return false
		}
	}
	return true
}

// ChangedColumns says in words which columns are new, dropped, renamed, or of another type. Columns are told apart by their numbers. It is empty where
// only something else is different.
func (s Shape) ChangedColumns(now Shape) string {
	var parts []string
	for _, was := range s.Columns {
		is, there := now.Numbered(was.Number)
		switch {
		case !there:
			parts = append(parts, fmt.Sprintf("column %s dropped", was.Name))
		case is.Name != was.Name:
			parts = append(parts, fmt.Sprintf("column %s renamed to %s", was.Name, is.Name))
		}
		if there && is.Type != was.Type {
			parts = append(parts, fmt.Sprintf("column %s has type %s, and had %s", is.Name, is.Type, was.Type))
		}
	}
	for _, is := range now.Columns {
		if _, there := s.Numbered(is.Number); !there {
			parts = append(parts, fmt.Sprintf("column %s (%s) added", is.Name, is.Type))
		}
	}
	return strings.Join(parts, "; ")
}
