package catalog

import (
	"fmt"
	"reflect"
	"slices"
	"time"
)

// Kind of a relation, as pg_class.relkind has it.
type Kind byte

// The kinds of relation that can stand in FROM.
const (
	KindTable            Kind = 'r'
	KindPartitionedTable Kind = 'p'
	KindView             Kind = 'v'
	KindMaterializedView Kind = 'm'
	KindForeignTable     Kind = 'f'
)

// String is the kind in words.
func (k Kind) String() string {
	switch k {
	case KindTable:
		return "table"
	case KindPartitionedTable:
		return "partitioned table"
	case KindView:
		return "view"
	case KindMaterializedView:
		return "materialized view"
	case KindForeignTable:
		return "foreign table"
	}
	return fmt.Sprintf("relation of kind %q", byte(k))
}

// Column of a relation.
type Column struct {
	Name string
	// Number is pg_attribute.attnum.
	Number int16
	// Type is what format_type(atttypid, atttypmod) prints, schema-qualified unless it is in pg_catalog.
	Type string
	// TypeOID is pg_attribute.atttypid.
	TypeOID uint32
	// Category is pg_type.typcategory of the base type: 'N' numeric, 'S' string, 'D' date/time, 'B' boolean, …
	Category byte
	NotNull  bool
	// Generated marks a column that the warehouse computes from others of its row (pg_attribute.attgenerated).
	Generated bool
	// Nondeterministic marks a column whose collation takes different texts for equal: no pattern can be applied to it.
	Nondeterministic bool
	// Collation is pg_attribute.attcollation; 0 for types that have none.
	Collation uint32
	// Tags are sorted; dotted and hierarchical.
	Tags []string
	// Reviewed is true for columns that were there when the source was registered, or that someone has looked at since.
	// Columns that are not reviewed are hidden.
	Reviewed bool
	// WriteMasked lets people write the column for whom it is masked, where they may write the table.
	WriteMasked bool
	// PredicatesRefused keeps people for whom the column is masked from doing more with it than showing it.
	PredicatesRefused bool
	// RawEquality lets people for whom the column is masked find rows by an equality with the value itself, on record.
	RawEquality bool
}

// Reference is what a view's query names of one relation.
type Reference struct {
	// OID of the relation, which may be one that no crawl lists.
	OID uint32
	// Columns are numbers (pg_attribute.attnum), sorted.
	Columns []int16
}

// Table is a registered source: a table or anything else that can stand in FROM by name.
type Table struct {
	OID     uint32
	Schema  string
	Name    string
	Kind    Kind
	Columns []Column
	// PrimaryKey lists column names in key order.
	PrimaryKey []string
	// Key lists the columns that the Source declares to identify a row; none where it declares none.
	Key []string
	// EventTime is the column that the Source declares to say when what a row tells of happened; "" where it declares none.
	EventTime string
	// HasChildren is true where inheritance children or partitions exist.
	HasChildren bool
	// Children are the oids of its inheritance children or partitions, those directly below it, in order. A crawl need not list them all.
	Children []uint32
	// PartitionKey has the numbers of the columns by which it is partitioned (pg_partitioned_table.partattrs); 0 stands for an expression.
	PartitionKey []int16
	// RowTriggers is true where a trigger may change a row of it before it is inserted or updated. Of those of children it says nothing.
	RowTriggers bool
	// Tags of the source itself, sorted.
	Tags []string
	// Definition of a plain view: the query as pg_get_viewdef prints it under the search_path pg_catalog, so that every other name has
	// its schema. Empty for everything else.
	Definition string
	// Reads are the relations, and what of their columns, that the query of a view or materialized view names anywhere, in order of
	// their oids (pg_depend).
	Reads []Reference
	// Registered is false for relations that the crawl found and nobody registered. They are denied.
	Registered bool
	// Held marks what stands for a registered source whose table is not what it was: the warehouse has no such relation, or another one. Policies compile
	// against it, and nobody reads it.
	Held bool
	// LatencyTolerance bounds the age of attributes from outside identity sources in decisions on the source; 0 is the default
	// of policy.
	LatencyTolerance time.Duration
}

// QualifiedName returns schema.name without quotes, for messages and patterns.
func (t *Table) QualifiedName() string { return t.Schema + "." + t.Name }

// Column finds a column by its exact name.
func (t *Table) Column(name string) (Column, bool) {
	for _, c := range t.Columns {
		if c.Name == name {
			return c, true
		}
	}
	return Column{}, false
}

type tableKey struct{ schema, name string }

// Snapshot is all that is known of one connection's warehouse at one version. It is immutable.
type Snapshot struct {
	version    uint64
	connection string
	tables     []*Table
	byName     map[tableKey]*Table
	bySchema   map[string]bool
	allowed    *Allowed
}

// New builds a Snapshot. Two tables of one name are an error.
func New(version uint64, connection string, tables []*Table) (*Snapshot, error) {
	s := &Snapshot{
		version: version, connection: connection,
		tables:   slices.Clone(tables),
		byName:   make(map[tableKey]*Table, len(tables)),
		bySchema: map[string]bool{},
	}
	for _, t := range s.tables {
		k := tableKey{t.Schema, t.Name}
		if _, dup := s.byName[k]; dup {
			return nil, fmt.Errorf("relation %s occurs twice in the catalog of %s", t.QualifiedName(), connection)
		}
		s.byName[k] = t
		s.bySchema[t.Schema] = true
	}
	slices.SortFunc(s.tables, func(a, b *Table) int {
		if a.Schema != b.Schema {
			if a.Schema < b.Schema {
				return -1
			}
			return 1
		}
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return s, nil
}

// Version of the snapshot; larger is newer.
func (s *Snapshot) Version() uint64 { return s.version }

// Connection that the snapshot describes.
func (s *Snapshot) Connection() string { return s.connection }

// Same reports that two snapshots have the same tables and functions, whatever their versions.
func (s *Snapshot) Same(o *Snapshot) bool {
	return s.connection == o.connection && reflect.DeepEqual(s.allowed, o.allowed) && reflect.DeepEqual(s.tables, o.tables)
}

// Tables in order of schema and name. The caller must not change it.
func (s *Snapshot) Tables() []*Table { return s.tables }

// HasSchema reports whether any known relation is in the schema.
func (s *Snapshot) HasSchema(name string) bool { return s.bySchema[name] }

// Table finds a relation by its exact schema and name.
func (s *Snapshot) Table(schema, name string) (*Table, bool) {
	t, ok := s.byName[tableKey{schema, name}]
	return t, ok
}

// Lookup resolves an unqualified name: the first schema of the path that has it wins. Whether the person may see it is
// not considered here; callers that must not reveal hidden tables ask policy for each candidate.
func (s *Snapshot) Lookup(path []string, name string) (*Table, bool) {
	for _, schema := range path {
		if t, ok := s.Table(schema, name); ok {
			return t, true
		}
	}
	return nil, false
}
