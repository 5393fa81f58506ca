package querygen

import (
	"fmt"
	"strings"
)

// from draws the FROM clause and fills the scope.
func (g *gen) from(s *scope, depth int) *Node {
	n, tables := g.first(s, depth)
	parts := []any{" FROM ", n}
	for range g.r.IntN(3) {
		if g.budget <= 0 {
			break
		}
		join := g.join(s, depth, &tables)
		parts = append(parts, join)
	}
	// What stands behind a comma is not seen by the conditions of joins behind it, so it comes last.
	if g.budget > 0 && g.chance(8) {
		n, r, _ := g.relation(s, depth, true)
		s.relations = append(s.relations, r)
		parts = append(parts, maybe(", ", n))
	}
	return seq(parts...)
}

// first draws the first item, and returns the tables behind the relations of the scope, "" where there is none.
func (g *gen) first(s *scope, depth int) (*Node, []string) {
	n, r, table := g.relation(s, depth, false)
	s.relations = append(s.relations, r)
	return n, []string{table}
}

// relation draws one item of FROM. lateral lets it see the scope.
func (g *gen) relation(s *scope, depth int, lateral bool) (*Node, relation, string) {
	g.budget--
	switch {
	case depth > 1 && g.chance(22):
		return g.derived(s, depth-1, lateral)
	case g.chance(4):
		return g.function(s, lateral)
	case len(g.shadows) > 0 && g.chance(45):
		r := pick(g, g.shadows)
		a := g.alias()
		return seq(r.alias, " AS ", a), relation{a, r.columns}, ""
	}
	return g.table("")
}

// table draws a reference to a table, of a given name if there is one.
func (g *gen) table(name string) (*Node, relation, string) {
	t := g.choose(name)
	written := t.schema + "." + t.name
	if g.chance(50) && !g.shadowed(t.name) {
		written = t.name
	}
	if t.name == "event" && g.chance(25) {
		written = "ONLY " + written
	}
	if g.chance(3) {
		written = strings.ToUpper(t.schema) + "." + t.name
	}
	a := g.alias()
	g.stored[a] = t.name != "ratio_v" && t.name != "deep_v"
	columns := t.columns
	shown := " AS " + a
	if g.chance(6) {
		columns = rename(columns, "r")
		few := columns[:1+g.r.IntN(len(columns))]
		shown += "(" + names(few) + ")"
		columns = append(few[:len(few):len(few)], t.columns[len(few):]...)
	}
	return seq(written, shown), relation{a, columns}, t.name
}

func (g *gen) choose(name string) table {
	total := 0
	for _, t := range g.tables {
		if t.name == name {
			return t
		}
		total += t.weight
	}
	at := g.r.IntN(total)
	for _, t := range g.tables {
		if at -= t.weight; at < 0 {
			return t
		}
	}
	return g.tables[0]
}

// derived draws a sub-select in FROM.
func (g *gen) derived(s *scope, depth int, lateral bool) (*Node, relation, string) {
	var outer *scope
	keyword := ""
	if lateral && g.chance(60) {
		outer, keyword = s, "LATERAL "
	}
	budget := g.budget
	body, out, _ := g.query(outer, depth, nil, false)
	g.budget = budget - 1
	a := g.alias()
	if ambiguous(out) {
		out = rename(out, "c")
		return seq(keyword, "(", body, ") AS ", a, "(", names(out), ")"), relation{a, out}, ""
	}
	return seq(keyword, "(", body, ") AS ", a), relation{a, out}, ""
}

// function draws a set-returning function or VALUES.
func (g *gen) function(s *scope, lateral bool) (*Node, relation, string) {
	a := g.alias()
	one := relation{a, []column{{name: "v", class: integer}}}
	switch g.r.IntN(4) {
	case 0:
		n, out := g.values([]class{integer, text})
		return seq("(", n, ") AS ", a), relation{a, out}, ""
	case 1:
		if lateral {
			if e, _ := g.columnOf(s, texts, 0); e != nil {
				return seq("unnest(", e, ") AS ", a, "(v)"), relation{a, []column{{name: "v", class: text}}}, ""
			}
		}
	case 2:
		if lateral {
			e, _ := g.columnOf(s, integer, nonZero)
			if e != nil {
				return seq("generate_series(1, 6, ", e, ") AS ", a, "(v)"), one, ""
			}
		}
	}
	return seq("generate_series(1, ", g.literal(integer, 1, 5), ") AS ", a, "(v)"), one, ""
}

// join draws a further item and how it is joined.
func (g *gen) join(s *scope, depth int, tables *[]string) *Node {
	// Most joins go along an edge, so that rows come out.
	if g.chance(75) {
		if n := g.edgeJoin(s, depth, tables); n != nil {
			return n
		}
	}
	if g.chance(20) && len(s.relations) == 1 && has(s.relations[0], "id") {
		return g.namedJoin(s, tables)
	}
	lateral := g.chance(60)
	n, r, table := g.relation(s, depth, lateral)
	left := *s
	s.relations = append(s.relations, r)
	*tables = append(*tables, table)
	isLateral := strings.HasPrefix(n.Render(false).SQL, "LATERAL") || strings.Contains(n.Render(false).SQL, "(v)")
	if isLateral && g.chance(50) {
		return maybe(" CROSS JOIN ", n)
	}
	pair := g.equalPair(&left, r)
	if pair == nil {
		return maybe(" CROSS JOIN ", n)
	}
	kind := pick(g, []string{" JOIN ", " LEFT JOIN ", " JOIN "})
	return maybe(kind, n, " ON ", pair)
}

// edgeJoin joins a table by a known pair of columns.
func (g *gen) edgeJoin(s *scope, depth int, tables *[]string) *Node {
	type way struct {
		at          int
		mine, other string
		table       string
	}
	var ways []way
	for i, name := range *tables {
		for _, e := range edges() {
			if e.left == name {
				ways = append(ways, way{i, e.leftColumn, e.rightColumn, e.right})
			}
			if e.right == name {
				ways = append(ways, way{i, e.rightColumn, e.leftColumn, e.left})
			}
		}
	}
	if len(ways) == 0 {
		return nil
	}
	w := pick(g, ways)
	mine := s.relations[w.at]
	if !has(mine, w.mine) {
		return nil
	}
	g.budget--
	n, r, table := g.table(w.table)
	if !has(r, w.other) {
		return nil
	}
	s.relations = append(s.relations, r)
	*tables = append(*tables, table)
	kind := pick(g, []string{" JOIN ", " JOIN ", " JOIN ", " LEFT JOIN ", " RIGHT JOIN ", " FULL JOIN "})
	on := seq(mine.alias, ".", w.mine, " = ", r.alias, ".", w.other)
	extra := seq()
	if kind != " FULL JOIN " && g.chance(25) {
		both := &scope{relations: []relation{mine, r}, outer: s.outer}
		extra = maybe(" AND ", g.condition(both, min(depth, 1)))
	}
	return maybe(kind, n, " ON ", on, extra)
}

// namedJoin joins by the names of columns.
func (g *gen) namedJoin(s *scope, tables *[]string) *Node {
	g.budget--
	n, r, table := g.table(pick(g, []string{"customer", "spender", "orders", "dept"}))
	if !has(r, "id") {
		return seq()
	}
	s.relations = append(s.relations, r)
	*tables = append(*tables, table)
	return maybe(pick(g, []string{" JOIN ", " LEFT JOIN ", " FULL JOIN ", " RIGHT JOIN "}), n, " USING (id)")
}

func has(r relation, name string) bool {
	for _, c := range r.columns {
		if c.name == name {
			return true
		}
	}
	return false
}

// equalPair compares a column of each side.
func (g *gen) equalPair(left *scope, right relation) *Node {
	for range 6 {
		c := pick(g, right.columns)
		if c.name == "" || c.class == unordered || c.class == opaque || c.class == enum {
			continue
		}
		if e, _ := g.columnOf(&scope{relations: left.relations}, c.class, 0); e != nil {
			return sorted("bool", e, fmt.Sprintf(" = %s.%s", right.alias, c.name))
		}
	}
	return nil
}
