package querygen

import "strings"

// aggregated says whether there are aggregates that give the class.
func aggregated(c class) bool {
	switch c {
	case integer, numeric, float, text, boolean, date, timestamp, zoned, texts, jsonb:
		return true
	case enum, opaque, unordered:
	}
	return false
}

// aggregate draws an aggregate call over the innermost relations. None depends on the order of rows.
func (g *gen) aggregate(s *scope, c class, depth int) *Node {
	var forms []string
	switch c {
	case integer:
		forms = []string{"count(*)", "count(%t)", "count(DISTINCT %i)", "max(%i)", "min(%i)", "sum(%i / 1000)", "count(*) FILTER (WHERE %b)", "max(60 / %I)", "sum(%i % 9) FILTER (WHERE %b)", "count(DISTINCT %t)", "min(%D::int)"}
	case numeric:
		forms = []string{"sum(%n)", "max(%n)", "round(avg(%n), 3)", "min(%n) FILTER (WHERE %b)", "round(avg(%i), 2)", "sum(DISTINCT %n)", "percentile_disc(0.5) WITHIN GROUP (ORDER BY %n)"}
	case float:
		forms = []string{"sum(%f)", "max(%f)", "min(%f)"}
	case text:
		forms = []string{"max(%t)", "min(%t)", "string_agg(%t, ',' ORDER BY %t)", "string_agg(DISTINCT %t, '')", "max(%t) FILTER (WHERE %b)"}
	case boolean:
		forms = []string{"bool_and(%b)", "bool_or(%b)", "every(%b)"}
	case date:
		forms = []string{"max(%d)", "min(%d)"}
	case timestamp:
		forms = []string{"max(%s)", "min(%s)"}
	case zoned:
		forms = []string{"max(%z)", "min(%z)"}
	case texts:
		forms = []string{"array_agg(DISTINCT (%t)::text)"}
	case jsonb:
		forms = []string{"jsonb_build_object('n', count(*), 's', min(%t))"}
	case enum, opaque, unordered:
		return g.constant(c)
	}
	form := pick(g, forms)
	if strings.Contains(form, "ORDER BY %") {
		// What is ordered and what it is ordered by are one expression, so that equal ones cannot change places.
		return g.orderedAggregate(s, c)
	}
	// Sub-selects in an aggregate would belong to the outer query at times: none there.
	return g.fill(&scope{relations: s.relations}, c, form, min(depth, 1)-1)
}

// orderedAggregate draws an aggregate with an ORDER BY of its own.
func (g *gen) orderedAggregate(s *scope, c class) *Node {
	e, _ := g.columnOf(&scope{relations: s.relations}, c, 0)
	switch {
	case c == text && e != nil:
		return g.expression(c, "string_agg(", e, ", ',' ORDER BY ", e.clone(), ")")
	case c == text:
		return g.expression(c, "string_agg('x', ',' ORDER BY 1)")
	case c == numeric && e != nil:
		return g.expression(c, "percentile_disc(0.5) WITHIN GROUP (ORDER BY ", e, ")")
	case c == numeric:
		return g.expression(c, "sum(1.5)")
	}
	return g.expression(c, "jsonb_build_object('n', count(*))")
}

// windowCall draws a window function whose value does not depend on how ties are ordered.
func (g *gen) windowCall(s *scope, c class) *Node {
	here := &scope{relations: s.relations}
	key, _ := g.columnOf(here, pick(g, []class{integer, text, date}), 0)
	if key == nil {
		key = seq("'k'::text")
	}
	part := seq()
	if p, _ := g.columnOf(here, pick(g, []class{text, integer, boolean}), 0); p != nil && g.chance(70) {
		part = maybe("PARTITION BY ", p, " ")
	}
	if c == numeric {
		return g.expression(c, pick(g, []string{"sum", "max", "min"}), "(", g.fill(here, numeric, pick(g, []string{"%n", "%n", "(100.0 / %0)"}), 0), ") OVER (", part, maybe("ORDER BY ", key), ")")
	}
	call := pick(g, []string{"rank()", "dense_rank()", "count(*)", "max(%i)", "min(60 / %I)"})
	if strings.Contains(call, "%") {
		return g.expression(c, g.fill(here, c, call, 0), " OVER (", part, "ORDER BY ", key, ")")
	}
	return g.expression(c, call, " OVER (", part, "ORDER BY ", key, pick(g, []string{"", " DESC"}), ")")
}
