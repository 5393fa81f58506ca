package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// A View that needs no fence, and of which nothing masked is named, is the table itself with its row filter in WHERE. So it is printed: a server that reads a
// statement each time pays for a sub-select what a look-up by key costs. A table has columns that the View has not, those that are hidden and those that
// nobody knows yet, so each name of the client's is qualified, and stars are written out; where that cannot be, the sub-selects stay.

// flattening is what a statement's judging notes for it.
type flattening struct {
	// selects are the queries whose FROM was judged.
	selects []selected
	// names are all names of columns that were judged.
	names []named
	// stuck is set where a name cannot be qualified, so that no table can stand where it could be taken for one of the table's.
	stuck bool
}

type selected struct {
	stmt  *pg.SelectStmt
	level *scope
}

// named is one name of a column: what it leads to, and the alias by which it can be qualified.
type named struct {
	ref   *pg.ColumnRef
	to    column
	alias string
}

// noteName notes what a bare name led to.
func (r *resolver) noteName(ref *pg.ColumnRef, name string, c column, s *scope) {
	alias := qualifiedBy(name, s)
	r.stuck = r.stuck || alias == ""
	r.names = append(r.names, named{ref, c, alias})
}

// qualifiedBy is the alias by which a bare name can be qualified without meaning anything else; "" if there is none.
func qualifiedBy(name string, s *scope) string {
	for level := s; level != nil; level = level.parent {
		if _, found := child(nil, level.items...).lookup(name); found != 1 {
			continue
		}
		var owner *item
		for _, it := range level.items {
			if !it.byAlias || it.alias == "" || it.count(name) != 1 {
				continue
			}
			if it.byColumn {
				owner = it
				break
			}
			if owner != nil {
				return "" // merged by USING
			}
			owner = it
		}
		if owner == nil {
			return ""
		}
		if it, found := s.alias("", owner.alias); found != 1 || it != owner {
			return ""
		}
		return owner.alias
	}
	return ""
}

// flatten puts tables in the place of Views, when all fences stand.
func (r *resolver) flatten() {
	if r.stuck || r.fenceAll || len(r.oids) > 0 || r.rw.redshift() || slices.ContainsFunc(r.guards, func(g *guard) bool { return g.visible != "" }) {
		return
	}
	flat := map[*place]string{}
	for _, s := range r.selects {
		for _, n := range s.stmt.FromClause {
			r.flattenItem(n, s, flat)
		}
	}
	if len(flat) == 0 {
		return
	}
	for _, n := range r.names {
		if n.alias != "" && len(n.ref.Fields) == 1 {
			n.ref.Fields = []*pg.Node{pg.MakeStrNode(n.alias), n.ref.Fields[0]}
		}
	}
	for _, s := range r.stars {
		s.writeTables(flat)
	}
	for at := range flat {
		at.becomeTable()
		r.bareNames(flat[at])
	}
}

// bareNames takes the alias off the columns of a statement that reads one table and nothing else, where a bare name can be nothing but that table's column: that
// is sooner read. A name that is the alias's, too, stays: without such a column it would mean the whole row. What orders and groups stays as well, where a bare name
// means an output column first.
func (r *resolver) bareNames(alias string) {
	if len(r.selects) != 1 || len(r.spliced) != 1 || len(r.selects[0].stmt.FromClause) != 1 || subqueries(r.root.ProtoReflect()) {
		return
	}
	s := r.selects[0].stmt
	if s.FromClause[0].GetRangeVar() == nil {
		return
	}
	for _, n := range s.TargetList {
		takeAlias(n.GetResTarget().GetVal().ProtoReflect(), alias)
	}
	takeAlias(s.WhereClause.ProtoReflect(), alias)
}

func takeAlias(m protoreflect.Message, alias string) {
	if ref, ok := m.Interface().(*pg.ColumnRef); ok {
		if names, all := stringList(ref.Fields); all && len(names) == 2 && names[0] == alias && names[1] != alias {
			ref.Fields = ref.Fields[1:]
		}
		return
	}
	eachMessage(m, func(child protoreflect.Message) { takeAlias(child, alias) })
}

// flattenItem looks through one item of FROM, and puts the filters of its tables into WHERE. Below USING and NATURAL the sub-selects stay: what these name is
// looked for among all columns of all tables of a side.
func (r *resolver) flattenItem(n *pg.Node, s selected, flat map[*place]string) {
	if j := n.GetJoinExpr(); j != nil {
		if j.Alias == nil && !j.IsNatural && len(j.UsingClause) == 0 {
			r.flattenItem(j.Larg, s, flat)
			r.flattenItem(j.Rarg, s, flat)
		}
		return
	}
	i := slices.IndexFunc(r.spliced, func(p *place) bool { return p.node == n })
	if i < 0 || !r.canFlatten(r.spliced[i], s) {
		return
	}
	at := r.spliced[i]
	alias := n.GetRangeSubselect().Alias.Aliasname
	flat[at] = alias
	if at.guard != nil {
		filter := at.guard.tree.WhereClause
		rename(filter.ProtoReflect(), aliasIn(at.guard.tree), alias)
		parts := conjunctsOf(filter)
		bareComparisons(parts)
		s.stmt.WhereClause = conjunction(append(parts, conjunctsOf(s.stmt.WhereClause)...))
	}
}

// canFlatten reports a View that stands without a fence, where an outer join does not fill it up, and whose masked columns are only shown by a star. A mask that
// counts rows has to see those that the client does not ask for. Of a View without columns no name, star or outer join tells that it is meant.
func (r *resolver) canFlatten(p *place, s selected) bool {
	v, tree := p.view, p.tree()
	if v.catalog || v.body != nil || v.sandbox != nil || counts(v) || len(v.columns) == 0 || p.looked || p.counted || p.nullable || p.whole > 0 || p.node.GetRangeSubselect().Lateral ||
		len(p.node.GetRangeSubselect().Alias.GetColnames()) > 0 || len(tree.FromClause) != 1 || tree.FromClause[0].GetRangeVar() == nil || tree.LimitOffset != nil {
		return false
	}
	if g := p.guard; g != nil && (g.fenced || len(g.opaque) > 0) || g == nil && (v.hides() || tree.WhereClause != nil) {
		return false
	}
	for _, n := range r.names {
		if slices.ContainsFunc(n.to.origins, func(o origin) bool { return o.at == p && !v.shows(o.name) }) {
			return false
		}
	}
	for _, star := range r.stars {
		if star.of(p) && (star.qualified() == nil || len(s.stmt.GroupClause) > 0) {
			return false
		}
	}
	return true
}

// qualified names what the star stands for, each column by the alias of what it is of; nil where that cannot be.
func (s starred) qualified() []*pg.Node {
	var out []*pg.Node
	for _, it := range s.items {
		for _, c := range it.columns {
			alias := it.alias
			if !it.byAlias || it.count(c.name) != 1 {
				alias = s.ownerOf(c)
			}
			if alias == "" {
				return nil
			}
			out = append(out, refNode(alias, c.name))
		}
	}
	return out
}

// ownerOf is the alias of the one item of the level that has the column of a join; "" for a column that USING merged.
func (s starred) ownerOf(c column) string {
	owner := ""
	for _, it := range s.level.items {
		if !it.byAlias || it.alias == "" || it.count(c.name) != 1 {
			continue
		}
		other, _ := it.column(c.name)
		if len(c.origins) > 1 || len(other.origins) != len(c.origins) || len(c.origins) == 1 && other.origins[0].at != c.origins[0].at {
			continue
		}
		if owner != "" {
			return ""
		}
		owner = it.alias
	}
	return owner
}

// of reports that the star stands for columns of the View.
func (s starred) of(p *place) bool {
	return slices.ContainsFunc(s.items, func(it *item) bool {
		return slices.ContainsFunc(it.columns, func(c column) bool {
			return slices.ContainsFunc(c.origins, func(o origin) bool { return o.at == p })
		})
	})
}

// shows reports a column that the View gives as it is.
func (v *view) shows(name string) bool {
	val := v.value(name)
	fields := val.GetColumnRef().GetFields()
	return len(fields) > 0 && fields[len(fields)-1].GetString_().GetSval() == name
}

// value is what the View, without its fence, gives as a column.
func (v *view) value(name string) *pg.Node {
	tree := v.tree
	if v.plain != nil {
		tree = v.plain
	}
	if i := slices.Index(v.columns, name); i >= 0 {
		return tree.TargetList[i].GetResTarget().Val
	}
	return nil
}

// writeTables replaces a star over tables by their columns, and by what masks them.
func (s starred) writeTables(flat map[*place]string) {
	over := false
	for at := range flat {
		over = over || s.of(at)
	}
	if !over {
		return
	}
	var columns []column
	for _, it := range s.items {
		columns = append(columns, it.columns...)
	}
	var targets []*pg.Node
	for i, n := range s.qualified() {
		target := pg.MakeResTargetNodeWithVal(n, -1)
		if c := columns[i]; len(c.origins) == 1 && !c.origins[0].use.view.shows(c.origins[0].name) {
			if alias, ok := flat[c.origins[0].at]; ok {
				at := c.origins[0].at
				value := proto.Clone(at.view.value(c.origins[0].name)).(*pg.Node)
				rename(value.ProtoReflect(), aliasIn(at.tree()), alias)
				target = pg.MakeResTargetNodeWithNameAndVal(c.name, value, -1)
			}
		}
		targets = append(targets, target)
	}
	if at := slices.Index(s.stmt.TargetList, s.target); at >= 0 {
		s.stmt.TargetList = slices.Replace(s.stmt.TargetList, at, at+1, targets...)
	}
}

// bareComparisons takes pg_catalog off the comparisons that stand by themselves in a filter: the warehouse reads a bare operator sooner, and finds it in
// pg_catalog alone, which is all of the search_path that is pinned (pg_temp is never searched for operators; PostgreSQL manual, 5.9.3 and 19.11.1).
// Operators of other schemas, and those within an expression, which the printer could read otherwise, stay as they are.
func bareComparisons(conditions []*pg.Node) {
	for _, n := range conditions {
		e := n.GetAExpr()
		if e == nil || e.Kind != pg.A_Expr_Kind_AEXPR_OP || e.Lexpr == nil || e.Rexpr == nil || len(e.Name) != 2 || e.Name[0].GetString_().GetSval() != builtinSchema {
			continue
		}
		switch e.Name[1].GetString_().GetSval() {
		case "=", "<", ">", "<=", ">=", "<>":
			e.Name = e.Name[1:]
		}
	}
}

// becomeTable puts the table in the place of its View.
func (p *place) becomeTable() {
	rv := p.tree().FromClause[0].GetRangeVar()
	rv.Alias = p.node.GetRangeSubselect().Alias
	p.node.Node = &pg.Node_RangeVar{RangeVar: rv}
}

// rename gives the names that an alias qualifies another one, but for a sub-select that has a table of its own under the alias.
func rename(m protoreflect.Message, from, to string) {
	switch v := m.Interface().(type) {
	case *pg.SelectStmt:
		if slices.ContainsFunc(v.FromClause, func(n *pg.Node) bool { return aliasWithin(n.ProtoReflect(), from) }) {
			return
		}
	case *pg.ColumnRef:
		if names, all := stringList(v.Fields); all && len(names) == 2 && names[0] == from {
			v.Fields = []*pg.Node{pg.MakeStrNode(to), pg.MakeStrNode(names[1])}
		}
		return
	}
	eachMessage(m, func(child protoreflect.Message) { rename(child, from, to) })
}
