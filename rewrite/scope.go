package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// origin is the column of a governed table that a name leads to, and the alias of the table in its FROM.
type origin struct {
	use   *use
	name  string
	alias string
	// at is where the table's View stands.
	at *place
}

// column is one named column of an item, with the governed columns that it stands for: none if it is computed, two if a
// join merged them.
type column struct {
	name    string
	origins []origin
	fact    fact
	// as is what a column of the written table is read as; nil for every other column.
	as *pg.Node
}

// item is one entry of a FROM clause as names see it (PostgreSQL: ParseNamespaceItem).
type item struct {
	// alias is the name by which it can be qualified; "" if there is none.
	alias string
	// schema is set for a governed table without an alias: it can be qualified as schema.table too.
	schema  string
	columns []column
	// byAlias and byColumn say whether it is visible as `alias.column`, and whether its columns are visible bare.
	byAlias, byColumn bool
	// target marks the table that the statement writes.
	target bool
}

func (it *item) column(name string) (column, bool) {
	for _, c := range it.columns {
		if c.name == name {
			return c, true
		}
	}
	return column{}, false
}

// count says how many columns have the name.
func (it *item) count(name string) int {
	n := 0
	for _, c := range it.columns {
		if c.name == name {
			n++
		}
	}
	return n
}

func (it *item) names() []string {
	out := make([]string, len(it.columns))
	for i, c := range it.columns {
		out[i] = c.name
	}
	return out
}

// withAlias gives an item the alias, and its first columns the names of a column alias list.
func (it *item) withAlias(alias string, columns []string) *item {
	out := *it
	out.alias, out.schema = alias, ""
	out.byAlias, out.byColumn = true, true
	out.columns = slices.Clone(it.columns)
	for i, name := range columns {
		if i < len(out.columns) {
			out.columns[i].name = name
		}
	}
	return &out
}

// scope is one query level: the items that its expressions see, the CTEs that its WITH defines, and the level around it.
type scope struct {
	parent *scope
	items  []*item
	ctes   map[string]*cte
	// aliases are the names of the select list so far, which Redshift lets expressions use, and what is behind them.
	aliases map[string]weight
}

func child(parent *scope, items ...*item) *scope { return &scope{parent: parent, items: items} }

// cte is one WITH query. Its columns are known once its query, or for a recursive one its first arm, was judged.
type cte struct {
	name    string
	columns []string
	// judge judges the query; it is nil when that has begun.
	judge func() error
	known bool
	// silent marks a statement that writes and returns nothing.
	silent bool
	// expr is its place in the tree; recursive is set for all queries of WITH RECURSIVE.
	expr      *pg.CommonTableExpr
	recursive bool
}

// cte finds a WITH query by name, from the inside out.
func (s *scope) cte(name string) *cte {
	for ; s != nil; s = s.parent {
		if c, ok := s.ctes[name]; ok {
			return c
		}
	}
	return nil
}

// lookup answers a bare name. found is how many columns answer at the innermost level where any does; more than one is
// ambiguous.
func (s *scope) lookup(name string) (c column, found int) {
	for ; s != nil; s = s.parent {
		for _, it := range s.items {
			if !it.byColumn {
				continue
			}
			if n := it.count(name); n > 0 {
				found += n
				c, _ = it.column(name)
			}
		}
		if found > 0 {
			return c, found
		}
	}
	return column{}, 0
}

// alias finds the item that a qualified name starts with, at the innermost level where any answers. More than one is
// ambiguous.
func (s *scope) alias(schema, name string) (it *item, found int) {
	for ; s != nil; s = s.parent {
		for _, candidate := range s.items {
			if candidate.byAlias && candidate.alias == name && (schema == "" || candidate.schema == schema) {
				it = candidate
				found++
			}
		}
		if found > 0 {
			return it, found
		}
	}
	return nil, 0
}
