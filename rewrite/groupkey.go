package rewrite

import (
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy"
)

// A query may group by a table's primary key and then use the table's other columns as they are (manual, 7.2.3). A sub-select has
// no primary key, so the columns that the query uses are added to GROUP BY: they depend on the key, so the groups stay the same.
// Not where the key is masked or hidden, and not for columns whose type has no equality: such a query fails with 42803.

// groupByKey gives the dependency on primary keys back.
func (r *resolver) groupByKey(stmt *pg.SelectStmt, level *scope) {
	if len(stmt.GroupClause) == 0 || slices.ContainsFunc(stmt.GroupClause, func(n *pg.Node) bool { return n.GetColumnRef() == nil && n.GetGroupingSet() != nil }) {
		return
	}
	grouped := map[string]map[string]bool{} // alias, column of the table
	for _, n := range stmt.GroupClause {
		if o, ok := singleOrigin(n.GetColumnRef(), level); ok {
			if grouped[o.alias] == nil {
				grouped[o.alias] = map[string]bool{}
			}
			grouped[o.alias][o.name] = true
		}
	}
	for _, it := range level.items {
		if it.byAlias && len(it.columns) > 0 && keyed(it, grouped[it.alias]) {
			stmt.GroupClause = append(stmt.GroupClause, dependent(stmt, it, level, grouped[it.alias])...)
		}
	}
}

// singleOrigin is the one governed column that a reference of this level leads to.
func singleOrigin(ref *pg.ColumnRef, level *scope) (origin, bool) {
	names, ok := stringList(ref.GetFields())
	if !ok {
		return origin{}, false
	}
	own := child(nil, level.items...)
	var c column
	switch len(names) {
	case 1:
		var found int
		if c, found = own.lookup(names[0]); found != 1 {
			return origin{}, false
		}
	case 2:
		it, found := own.alias("", names[0])
		if found != 1 {
			return origin{}, false
		}
		c, _ = it.column(names[1])
	}
	if len(c.origins) != 1 {
		return origin{}, false
	}
	return c.origins[0], true
}

// keyed reports whether the grouped columns hold the primary key of the item's table, raw.
func keyed(it *item, grouped map[string]bool) bool {
	if len(grouped) == 0 || len(it.columns[0].origins) != 1 {
		return false
	}
	decision := &it.columns[0].origins[0].use.view.decision
	for _, name := range decision.Table.PrimaryKey {
		c, ok := decision.Column(name)
		if !ok || c.Kind != policy.MaskNone || c.Mask != nil || !grouped[name] {
			return false
		}
	}
	return len(decision.Table.PrimaryKey) > 0
}

// dependent lists references to the item's columns that the query uses outside of aggregates and does not group by.
func dependent(stmt *pg.SelectStmt, it *item, level *scope, grouped map[string]bool) []*pg.Node {
	used := map[string]bool{}
	walk := func(list ...*pg.Node) {
		for _, n := range list {
			if n != nil {
				outsideAggregates(n.ProtoReflect(), func(ref *pg.ColumnRef) { markUsed(ref, it, level, used) })
			}
		}
	}
	walk(stmt.TargetList...)
	walk(stmt.HavingClause)
	walk(stmt.SortClause...)
	walk(stmt.DistinctClause...)
	var out []*pg.Node
	for _, c := range it.columns {
		o := c.origins[0]
		if !used[c.name] || grouped[o.name] || !hasEquality(o) {
			continue
		}
		out = append(out, &pg.Node{Node: &pg.Node_ColumnRef{ColumnRef: &pg.ColumnRef{
			Fields: []*pg.Node{pg.MakeStrNode(it.alias), pg.MakeStrNode(c.name)}, Location: -1}}})
	}
	return out
}

// markUsed notes which of the item's columns a reference may mean. It may note too many.
func markUsed(ref *pg.ColumnRef, it *item, level *scope, used map[string]bool) {
	fields := ref.Fields
	last := fields[len(fields)-1]
	first := fields[0].GetString_().GetSval()
	whole := len(fields) == 1 && (last.GetAStar() != nil || first == it.alias) || len(fields) == 2 && first == it.alias && last.GetAStar() != nil
	if whole {
		for _, c := range it.columns {
			used[c.name] = true
		}
		return
	}
	if o, ok := singleOrigin(ref, level); ok && o.alias == it.alias {
		used[last.GetString_().GetSval()] = true
	}
}

// hasEquality reports whether values of the column can be grouped.
func hasEquality(o origin) bool {
	c, _ := o.use.view.decision.Column(o.name)
	switch strings.TrimSuffix(c.Column.Type, "[]") {
	case "json", "xml", "point", "line", "polygon", "jsonpath":
		return false
	}
	return true
}

// outsideAggregates visits every column reference of a tree that is not an argument of an aggregate.
func outsideAggregates(m protoreflect.Message, visit func(*pg.ColumnRef)) {
	switch v := m.Interface().(type) {
	case *pg.ColumnRef:
		visit(v)
		return
	case *pg.FuncCall:
		name, _ := builtin(v.Funcname)
		if f, ok := catalog.LookupFunction(name, argumentCount(v)); ok && strings.Contains(f.Kinds, "a") && v.Over == nil {
			return
		}
	}
	eachMessage(m, func(child protoreflect.Message) { outsideAggregates(child, visit) })
}
