package querygen

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// Query is one generated query.
type Query struct {
	Root *Node
	// Ordered says that its rows have one order only.
	Ordered bool
}

// Generate draws the query of a number from the sequence of a seed.
func Generate(seed, number uint64) Query {
	g := &gen{r: rand.New(rand.NewPCG(seed, number)), tables: schema(), stored: map[string]bool{}}
	depth := 1 + g.r.IntN(3)
	root, _, ordered := g.query(nil, depth, nil, true)
	return Query{Root: root, Ordered: ordered}
}

// gen is the state of one query.
type gen struct {
	r      *rand.Rand
	tables []table
	// aliases counts the aliases that were given, so that none comes twice by chance.
	aliases int
	// shadows are the WITH queries that can be seen, the innermost last.
	shadows []relation
	// stored are the aliases of tables, which have system columns.
	stored map[string]bool
	// budget bounds the number of relations in one query.
	budget int
}

// relation is something in FROM: what its columns are called and which class they have.
type relation struct {
	alias   string
	columns []column
}

// scope is what expressions can name.
type scope struct {
	relations []relation
	outer     *scope
}

// chance is true in so many of a hundred cases.
func (g *gen) chance(percent int) bool { return g.r.IntN(100) < percent }

func pick[T any](g *gen, from []T) T { return from[g.r.IntN(len(from))] }

func (g *gen) alias() string {
	g.aliases++
	return fmt.Sprintf("t%d", g.aliases)
}

// query draws a SELECT, VALUES or set operation whose columns have the classes that are wanted, if any are. top says that it is the
// outermost.
func (g *gen) query(outer *scope, depth int, want []class, top bool) (n *Node, out []column, ordered bool) {
	kept := len(g.shadows)
	defer func() { g.shadows = g.shadows[:kept] }()
	var with *Node
	if depth > 1 && g.chance(30) {
		with = g.with(depth - 1)
	}
	var body *Node
	switch {
	case depth > 1 && g.chance(14):
		body, out = g.setOperation(outer, depth-1, want)
	case !top && want != nil && g.chance(4):
		body, out = g.values(want)
	default:
		body, out = g.selectQuery(outer, depth, want)
	}
	tail, ordered := g.tail(out, top)
	parts := []any{body, tail}
	if with != nil {
		parts = []any{with, body, tail}
	}
	return sorted("query", parts...), out, ordered
}

// tail draws ORDER BY and LIMIT. Rows are cut off only where the order is total.
func (g *gen) tail(out []column, top bool) (*Node, bool) {
	if !g.chance(map[bool]int{true: 45, false: 12}[top]) {
		return seq(), false
	}
	var keys []string
	for i, c := range out {
		if c.class == unordered {
			return seq(), false
		}
		key := fmt.Sprint(i + 1)
		switch g.r.IntN(6) {
		case 0:
			key += " DESC"
		case 1:
			key += " NULLS FIRST"
		case 2:
			key += " DESC NULLS LAST"
		}
		keys = append(keys, key)
	}
	g.r.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	order := " ORDER BY " + strings.Join(keys, ", ")
	limit := seq()
	if !top || g.chance(60) {
		limit = maybe(" LIMIT ", g.literal(integer, 1, 12))
		if g.chance(30) {
			limit = maybe(pick(g, []string{" OFFSET 1", " FETCH FIRST 7 ROWS ONLY", " OFFSET 2 ROWS FETCH NEXT 5 ROWS ONLY", " LIMIT ALL OFFSET 1"}))
		}
	}
	return maybe(order, limit), true
}

// with draws WITH queries, some of which are called like a table that they shadow, and some recursive.
func (g *gen) with(depth int) *Node {
	recursive := g.chance(25)
	var items []*Node
	for range 1 + g.r.IntN(2) {
		name := g.alias()
		if !recursive && g.chance(35) {
			name = pick(g, []string{"customer", "nation", "line", "secret", "dept"})
		}
		if g.shadowed(name) {
			continue
		}
		if recursive && len(items) == 0 {
			items = append(items, g.recursive(name))
			continue
		}
		body, out, _ := g.query(nil, depth, nil, false)
		parts := []any{name, " AS ", pick(g, []string{"", "", "", "MATERIALIZED ", "NOT MATERIALIZED "}), "(", body, ")"}
		if g.chance(50) || ambiguous(out) {
			renamed := rename(out, "w")
			parts[0] = name + "(" + names(renamed) + ")"
			out = renamed
		}
		items = append(items, seq(parts...))
		g.shadows = append(g.shadows, relation{name, out})
	}
	if len(items) == 0 {
		return seq()
	}
	keyword := "WITH "
	if recursive {
		keyword = "WITH RECURSIVE "
	}
	return maybe(keyword, list(", ", items), " ")
}

// recursive draws one of a few recursive queries that end.
func (g *gen) recursive(name string) *Node {
	all := pick(g, []string{"", "ALL "})
	body := pick(g, []string{
		"(n, m) AS (SELECT id, manager_id FROM hr.employee WHERE id > %s UNION %sSELECT e.id, e.manager_id FROM hr.employee AS e JOIN %s AS r ON e.id = r.m)",
		"(n, m) AS (SELECT 1, %s + 0 UNION %sSELECT n + 1, m FROM %s WHERE n < 9)",
		"(n, m) AS (SELECT k, id FROM shop.customer WHERE level <= %s UNION %sSELECT n + 1, m FROM %s WHERE n < 5)",
	})
	g.shadows = append(g.shadows, relation{name, []column{{name: "n", class: integer}, {name: "m", class: integer}}})
	return seq(name, fmt.Sprintf(body, fmt.Sprint(g.r.IntN(9)), all, name))
}

func (g *gen) shadowed(name string) bool {
	for _, s := range g.shadows {
		if s.alias == name {
			return true
		}
	}
	return false
}

func (g *gen) setOperation(outer *scope, depth int, want []class) (*Node, []column) {
	if want == nil {
		for range 1 + g.r.IntN(3) {
			want = append(want, g.anyClass())
		}
	}
	for i, c := range want {
		if c == unordered || c == opaque || c == enum {
			want[i] = pick(g, []class{integer, text})
		}
	}
	operation := pick(g, []string{" UNION ", " UNION ALL ", " INTERSECT ", " EXCEPT ", " EXCEPT ALL ", " INTERSECT ALL ", " UNION ALL "})
	left, out := g.selectQuery(outer, depth, want)
	right, _ := g.selectQuery(outer, depth, want)
	for i := range out {
		out[i].trait = plain
	}
	return sorted("query", left, operation, right), out
}

// values draws a VALUES list.
func (g *gen) values(want []class) (*Node, []column) {
	var rows []*Node
	for range 1 + g.r.IntN(3) {
		var items []*Node
		for _, c := range want {
			items = append(items, g.constant(c))
		}
		row := []any{"("}
		for i, item := range items {
			if i > 0 {
				row = append(row, ", ")
			}
			row = append(row, item)
		}
		rows = append(rows, seq(append(row, ")")...))
	}
	var out []column
	for i, c := range want {
		out = append(out, column{name: fmt.Sprintf("column%d", i+1), class: c})
	}
	return seq("VALUES ", list(", ", rows)), out
}

// selectQuery draws one plain SELECT.
func (g *gen) selectQuery(outer *scope, depth int, want []class) (*Node, []column) {
	if outer == nil {
		g.budget = 6
	}
	s := &scope{outer: outer}
	from := g.from(s, depth)
	where := seq()
	if g.chance(55) {
		where = maybe(" WHERE ", g.condition(s, depth))
	}
	switch {
	case g.chance(24):
		return g.grouped(s, from, where, depth, want)
	case want == nil && g.chance(14):
		return g.star(s, from, where)
	}
	distinct := ""
	if want == nil {
		for range 1 + g.r.IntN(4) {
			want = append(want, g.anyClass())
		}
	}
	if g.chance(10) && !slices.Contains(want, unordered) {
		distinct = "DISTINCT "
	}
	var items []*Node
	var out []column
	for _, c := range want {
		item, col := g.item(s, c, depth, distinct == "")
		items = append(items, item)
		out = append(out, col)
	}
	return sorted("query", "SELECT ", maybe(distinct), list(", ", items), from, where), out
}

// item draws one column of a select list: an expression, a window function, or a bare column.
func (g *gen) item(s *scope, c class, depth int, window bool) (*Node, column) {
	col := column{class: c}
	var e *Node
	bare := false
	switch {
	case g.chance(45):
		var found column
		if e, found = g.columnOf(s, c, 0); e != nil {
			col.trait, bare = found.trait, true
			col.name = found.name
		}
	case window && g.chance(12) && (c == integer || c == numeric):
		e = g.windowCall(s, c)
	}
	if e == nil {
		e = g.expr(s, c, depth)
	}
	if !bare || g.chance(30) {
		g.aliases++
		col.name = fmt.Sprintf("x%d", g.aliases)
		if g.chance(5) {
			col.name = pick(g, []string{`"X y"`, "id", "name", "customer"})
		}
		return seq(e, " AS ", col.name), col
	}
	return e, col
}

// star draws SELECT * or t.*.
func (g *gen) star(s *scope, from, where *Node) (*Node, []column) {
	r := pick(g, s.relations)
	if g.chance(50) {
		var all []column
		for _, r := range s.relations {
			all = append(all, r.columns...)
		}
		if !g.merged(from) {
			return sorted("query", "SELECT *", from, where), all
		}
	}
	return sorted("query", "SELECT ", r.alias, ".*", from, where), append([]column(nil), r.columns...)
}

// merged says whether a join with USING or NATURAL changes what * means.
func (g *gen) merged(from *Node) bool {
	sql := from.Render(false).SQL
	return strings.Contains(sql, "USING") || strings.Contains(sql, "NATURAL")
}

// grouped draws SELECT … GROUP BY, with or without HAVING and grouping sets.
func (g *gen) grouped(s *scope, from, where *Node, depth int, want []class) (*Node, []column) {
	if want == nil {
		for range 1 + g.r.IntN(3) {
			want = append(want, g.anyClass())
		}
	}
	var items, keys []*Node
	var out []column
	for i, c := range want {
		col := column{class: c}
		var e *Node
		if c != unordered && (i == 0 && g.chance(75) || !aggregated(c)) {
			if e, _ = g.columnOf(s, c, 0); e == nil {
				e = g.constant(c)
			} else {
				keys = append(keys, e.clone())
			}
		} else {
			e = g.aggregate(s, c, depth)
		}
		g.aliases++
		col.name = fmt.Sprintf("g%d", g.aliases)
		items = append(items, seq(e, " AS ", col.name))
		out = append(out, col)
	}
	group := seq()
	if len(keys) > 0 {
		form := pick(g, []string{"%s", "%s", "%s", "%s", "ROLLUP (%s)", "CUBE (%s)", "GROUPING SETS ((%s), ())"})
		before, after, _ := strings.Cut(form, "%s")
		group = seq(" GROUP BY ", before, list(", ", keys), after)
	}
	having := seq()
	if g.chance(25) {
		having = maybe(" HAVING ", g.aggregate(s, integer, depth), pick(g, []string{" > ", " < ", " <> "}), g.literal(integer, 0, 6))
	}
	return sorted("query", "SELECT ", list(", ", items), from, where, group, having), out
}

func names(columns []column) string {
	var out []string
	for _, c := range columns {
		out = append(out, c.name)
	}
	return strings.Join(out, ", ")
}

// rename gives columns names of their own.
func rename(columns []column, prefix string) []column {
	out := append([]column(nil), columns...)
	for i := range out {
		out[i].name = fmt.Sprintf("%s%d", prefix, i+1)
	}
	return out
}

// ambiguous says whether two columns have one name, or one has none that is known.
func ambiguous(columns []column) bool {
	seen := map[string]bool{}
	for _, c := range columns {
		if c.name == "" || seen[c.name] {
			return true
		}
		seen[c.name] = true
	}
	return false
}
