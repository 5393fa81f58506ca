package querygen

import (
	"fmt"
	"strings"
)

// templates are the forms of an expression of a class. In a template, % and the letter of a class stand for an expression of the class;
// %0 for a column that is not zero, %I for such a whole number, %D for text that is a number, %J for jsonb with a number in it, %l and %q for a small number and a
// text, %S for a sub-select that gives one value, %Q for one that gives a column, %E for one that gives anything; %T for whether a row is in a table that everybody can name.
func templates(c class) []string {
	switch c {
	case integer:
		return []string{"%l", "(%i / 3 + %i / 5)", "(%i - %l)", "abs(%i / 2)", "mod(%i, 7)", "length(%t)", "COALESCE(%i, %i)", "CASE WHEN %b THEN %i ELSE %i END",
			"NULLIF(%i, %i)", "GREATEST(%i, %i)", "EXTRACT(year FROM %d)::int", "%D::int", "(60 / %I)", "cardinality(%a)", "position('a' in %t)", "(%J->>'n')::int",
			"CAST(%D AS integer)", "(%i % %I)", "char_length(%t)", "array_length(%a, 1)", "%S", "(%b)::int", "date_part('month', %d)::int", "strpos(%t, %q)", "(- %i / 4)",
			"CASE %i WHEN %l THEN %l ELSE %l END", "width_bucket(%l, 1, 9, %I)", "(date '2024-01-01' + 60 / %I - date '2024-01-01')", "(%l)::smallint", "ascii(%t)", "CASE WHEN %T THEN 1 ELSE 0 END"}
	case numeric:
		return []string{"(%l + 0.5)", "(%n + %n)", "(%n * 2)", "round(%n, 1)", "COALESCE(%n, %l::numeric)", "CASE WHEN %b THEN %n END", "(%i / 2.0)", "abs(%n)", "trunc(%n / 3, 2)",
			"(100.0 / %0)", "%i::numeric", "%n::numeric(12,1)", "floor(%n)", "GREATEST(%n, 10.25)", "power(%l, 2)::numeric(10,2)", "ln(%0)::numeric(9,3)", "%D::numeric(8,2)", "%S"}
	case float:
		return []string{"%l::float8", "(%f * 2)", "(%f + %f)", "COALESCE(%f, 0.5)", "%i::float8", "abs(%f)", "CASE WHEN %b THEN %f ELSE 1.5 END", "(%f / %0)", "%S"}
	case text:
		return []string{"%q", "upper(%t)", "lower(%t)", "(%t || %q)", "substr(%t, 1, 3)", "COALESCE(%t, %q)", "NULLIF(%t, %q)", "left(%t, 2)", "replace(%t, 'a', 'b')", "concat(%t, '-', %i)",
			"%i::text", "CASE WHEN %b THEN %t ELSE %q END", "trim(%t)", "(%J->>'s')", "reverse(%t)", "regexp_replace(%t, '[0-9]+', '#')", "split_part(%t, ' ', 1)", "to_char(%d, 'YYYY-MM')",
			"%t::varchar(4)", "%t::char(6)", "initcap(%t)", "(%a)[1]", "%n::text", "%b::text", "%e::text", "substr(%D, 1, 9 - length(%D))", "chr(64 + 8 / %I)", "md5(%t)", "%d::text", "format('%%s/%%s', %t, %i)",
			"string_to_array(%t, ' ')::text", "translate(%t, 'abc', 'xyz')", "lpad(%t, 5, '.')", "%S", "left(%t, 60 / %I)", "pg_typeof(%t || '')::text", "array_to_string(%a, ',')", "overlay(%t placing 'Z' from 1 for 1)"}
	case boolean:
		return nil // see condition
	case date:
		return []string{"date '2024-02-29'", "(%d + %l::int)", "COALESCE(%d, date '2020-01-01')", "date_trunc('month', %d)::date", "CASE WHEN %b THEN %d END", "%s::date", "LEAST(%d, %d)", "(%d + 60 / %I)"}
	case timestamp:
		return []string{"timestamp '2024-03-01 12:00'", "date_trunc('day', %s)", "(%s + interval '1 hour')", "%d::timestamp", "COALESCE(%s, timestamp '2020-01-01')"}
	case zoned:
		return []string{"timestamptz '2024-03-01 12:00+00'", "date_trunc('month', %z)", "(%z - interval '1 day')", "COALESCE(%z, timestamptz '2020-01-01 00:00+00')"}
	case jsonb:
		return []string{"jsonb_build_object('v', %i)", "(%j->'list')", "(%j || '{\"z\": 1}'::jsonb)", "to_jsonb(%t)", "COALESCE(%j, '{}'::jsonb)", "jsonb_strip_nulls(%j)", "jsonb_set(%J, '{n}', '0')"}
	case texts:
		return []string{"ARRAY[(%t)::text, %q]", "array_append(%a, %q)", "string_to_array(%t, ' ')", "(%a || ARRAY['q'])", "COALESCE(%a, '{}'::text[])", "array_remove(%a, 'a')", "(%a)[1:1]", "ARRAY(SELECT v FROM (%Qt) AS q(v) ORDER BY v)"}
	case enum, opaque, unordered:
		return nil
	}
	return nil
}

// conditions are the forms of a condition.
func conditions() []string {
	return []string{"%i = %l", "%i > %l", "%i <> %i", "%i BETWEEN %l AND 40", "%n > 20", "%n IS NOT NULL", "%t = %q", "%t <> %q", "%t LIKE 'N%%'", "%t LIKE '%%a%%'", "%t NOT LIKE 'x%%'", "%t ILIKE '%%E%%'",
		"%t ~ '^[A-Z]'", "%t !~ '[0-9]$'", "%t IN (%q, %q, %t)", "%i IN (1, 2, 3, %l)", "%i NOT IN (4, %l)", "%t IS NULL", "%t IS DISTINCT FROM %q", "%d > date '2024-01-01'", "%d < %d", "%s > timestamp '2024-03-05'",
		"%z >= timestamptz '2024-01-20 00:00+00'", "(60 / %0) > %l", "(60 / %0) < %l", "%D::int > %l", "%D::int + 1 < 30", "(%J->>'n')::int > 2", "%j ? 'n'", "%j @> '{\"n\": 4}'", "%a @> ARRAY['a']", "'a' = ANY (%a)", "%t = ANY (ARRAY[%q, %q])",
		"EXISTS (%E)", "NOT EXISTS (%E)", "%i IN (%Qi)", "%t IN (%Qt)", "%i NOT IN (%Qi)", "%i > ALL (%Qi)", "%i = ANY (%Qi)", "%b", "%b IS TRUE", "%b IS NOT FALSE", "%f > 1.5", "%e = 'retail'", "%e IS NOT NULL", "%e > 'business'",
		"%t LIKE 'MKANN MKB%%\\'", "%t SIMILAR TO '%%[aeiou]%%'", "%t || '' > 'N'", "%i::text LIKE '1%%'", "substr(%D, 1, 9 - length(%D)) <> 'z'", "%t >= 'a' COLLATE \"C\"", "(%i, %t) = (%l, %q)", "(%i, %i) < (%l, 9)", "%t ^@ 'N'", "ln(%0) > 0.5",
		"chr(64 + 8 / %I) <> 'Z'", "%i % 2 = 0", "%n::int > 5", "EXTRACT(month FROM %d) < 7", "(%a)[1] = 'a'", "cardinality(%a) > 0", "%t < 'zz'", "%i IS NOT DISTINCT FROM %i", "%T", "length(%t) BETWEEN SYMMETRIC 9 AND 1", "%i = %i"}
}

// anyClass is a class of a column, the frequent ones more often.
func (g *gen) anyClass() class {
	return pick(g, []class{integer, integer, integer, integer, numeric, numeric, float, text, text, text, text, boolean, date, timestamp, zoned, jsonb, texts, enum, opaque, unordered})
}

// named asks whether a row of a table is in one that everybody can name. The copies have the partitions and children under other names, with a part in common.
func (g *gen) named(s *scope) *Node {
	for _, r := range s.relations {
		if g.stored[r.alias] {
			return g.expression(boolean, "("+r.alias+".tableoid::regclass::text ~ '2024|web')")
		}
	}
	return g.constant(boolean)
}

// columnOf draws a column of a class and trait out of the scope; nil where there is none.
func (g *gen) columnOf(s *scope, c class, t trait) (*Node, column) {
	type found struct {
		alias string
		column
	}
	search := func(s *scope) []found {
		var out []found
		for _, r := range s.relations {
			for _, col := range r.columns {
				if col.name != "" && (c == 0 || col.class == c) && (t == plain || col.trait == t) {
					out = append(out, found{r.alias, col})
				}
			}
		}
		return out
	}
	for ; s != nil; s = s.outer {
		here := search(s)
		if len(here) > 0 && (s.outer == nil || g.chance(80) || len(search(s.outer)) == 0) {
			f := pick(g, here)
			return g.expression(f.class, f.alias+"."+f.name), f.column
		}
	}
	return nil, column{}
}

// expression makes a node that another of its class may replace.
func (g *gen) expression(c class, parts ...any) *Node {
	n := sorted("expr "+string(c), parts...)
	n.simplest = simplest(c)
	return n
}

// simplest is the constant of a class that a query shrinks to.
func simplest(c class) string {
	switch c {
	case integer, numeric:
		return "1"
	case text:
		return "'a'"
	case boolean:
		return "true"
	case float, date, timestamp, zoned, jsonb, texts, enum, opaque, unordered:
	}
	return ""
}

// literal is a small constant, which may become a parameter.
func (g *gen) literal(c class, low, high int) *Node {
	number := fmt.Sprint(low + g.r.IntN(high-low+1))
	l := literal{sql: number, value: number, marked: g.chance(30)}
	if g.chance(60) {
		l.typ = "integer"
	}
	return g.expression(c, l)
}

func (g *gen) word() *Node {
	word := pick(g, []string{"a", "US", "open", "N.", "Name * MK", "click 1", "000", "sent", "EUROPE", "", "tool", "it''s", "D1", "5"})
	l := literal{sql: "'" + word + "'", value: strings.ReplaceAll(word, "''", "'"), marked: g.chance(30)}
	if g.chance(60) {
		l.typ = "text"
	}
	return g.expression(text, l)
}

// constant is a typed value of a class.
func (g *gen) constant(c class) *Node {
	switch c {
	case integer:
		return g.literal(c, 0, 9)
	case text:
		return g.expression(c, "'w"+fmt.Sprint(g.r.IntN(4))+"'::text")
	case numeric:
		return g.expression(c, fmt.Sprintf("%d.25", g.r.IntN(9)))
	case float:
		return g.expression(c, fmt.Sprintf("%d.5::float8", g.r.IntN(9)))
	case boolean:
		return g.expression(c, pick(g, []string{"true", "false"}))
	case date:
		return g.expression(c, "date '2024-01-11'")
	case timestamp:
		return g.expression(c, "timestamp '2024-03-01 05:00'")
	case zoned:
		return g.expression(c, "timestamptz '2024-01-04 21:00+00'")
	case jsonb:
		return g.expression(c, `'{"n": 4}'::jsonb`)
	case texts:
		return g.expression(c, "ARRAY['a', 'b1']")
	case enum, opaque, unordered:
	}
	return g.expression(c, "NULL")
}

// expr draws an expression of a class.
func (g *gen) expr(s *scope, c class, depth int) *Node {
	if c == boolean {
		if g.chance(30) {
			if e, _ := g.columnOf(s, c, 0); e != nil {
				return e
			}
		}
		return g.expression(c, "(", g.condition(s, depth-1), ")")
	}
	forms := templates(c)
	if len(forms) == 0 || depth <= 0 || g.chance(35) {
		if e, _ := g.columnOf(s, c, 0); e != nil {
			return e
		}
		if len(forms) == 0 || depth <= 0 {
			return g.constant(c)
		}
	}
	return g.fill(s, c, pick(g, forms), depth-1)
}

// condition draws a condition.
func (g *gen) condition(s *scope, depth int) *Node {
	if depth > 0 && g.chance(35) {
		operator := pick(g, []string{" AND ", " AND ", " OR "})
		n := sorted("bool", "(", g.condition(s, depth-1), operator, g.condition(s, depth-1), ")")
		n.simplest = "true"
		return n
	}
	if g.chance(8) {
		return sorted("bool", "NOT (", g.condition(s, depth-1), ")")
	}
	n := g.fill(s, boolean, pick(g, conditions()), depth)
	n.sort, n.simplest = "bool", "true"
	return n
}

// fill draws what a template leaves open.
func (g *gen) fill(s *scope, c class, form string, depth int) *Node {
	var parts []any
	for i := 0; i < len(form); i++ {
		if form[i] != '%' || i+1 == len(form) {
			parts = append(parts, form[i:i+1])
			continue
		}
		i++
		switch letter := form[i]; letter {
		case '%', ' ':
			parts = append(parts, "%"+strings.Repeat(" ", map[byte]int{'%': 0, ' ': 1}[letter]))
		case 'l':
			parts = append(parts, g.literal(integer, 0, 9))
		case 'q':
			parts = append(parts, g.word())
		case 'I':
			parts = append(parts, g.orElse(s, integer, nonZero, "3"))
		case '0':
			parts = append(parts, g.orElse(s, 0, nonZero, "3"))
		case 'D':
			parts = append(parts, g.orElse(s, text, digits, "'7'"))
		case 'J':
			parts = append(parts, g.orElse(s, jsonb, withN, `'{"n": 5}'::jsonb`))
		case 'T':
			parts = append(parts, g.named(s))
		case 'S':
			parts = append(parts, g.scalar(s, c, depth))
		case 'E':
			parts = append(parts, g.subselect(s, nil, depth))
		case 'Q':
			i++
			parts = append(parts, g.subselect(s, []class{class(form[i])}, depth))
		default:
			parts = append(parts, g.expr(s, class(letter), depth))
		}
	}
	return g.expression(c, merge(parts)...)
}

// cast makes a parameter have the type that it is meant to have.
func cast(c class) string {
	if c == integer {
		return "::integer"
	}
	return ""
}

// merge joins neighbouring texts.
func merge(parts []any) []any {
	var out []any
	for _, p := range parts {
		text, ok := p.(string)
		if ok && len(out) > 0 {
			if last, ok := out[len(out)-1].(string); ok {
				out[len(out)-1] = last + text
				continue
			}
		}
		out = append(out, p)
	}
	return out
}

func (g *gen) orElse(s *scope, c class, t trait, otherwise string) *Node {
	if e, _ := g.columnOf(s, c, t); e != nil {
		// One of the class takes its place only with the trait that makes it safe.
		e.sort = fmt.Sprint("trait ", t)
		return e
	}
	return seq(otherwise)
}

// subselect draws a sub-select that may name the scope's columns.
func (g *gen) subselect(s *scope, want []class, depth int) *Node {
	if depth <= 0 || g.budget <= 0 {
		if want != nil {
			return sorted("query", "SELECT (", g.constant(want[0]), ")", cast(want[0]))
		}
		return sorted("query", "SELECT 1")
	}
	outer := s
	if g.chance(40) {
		outer = &scope{}
	}
	n, _, _ := g.query(outer, depth-1, want, false)
	return n
}

// scalar draws a sub-select that gives one value.
func (g *gen) scalar(s *scope, c class, depth int) *Node {
	if depth <= 0 || g.budget <= 0 || !aggregated(c) {
		return g.constant(c)
	}
	inner := &scope{outer: s}
	n, r, _ := g.table("")
	g.budget--
	inner.relations = []relation{r}
	where := seq()
	if g.chance(70) {
		where = maybe(" WHERE ", g.condition(inner, depth-1))
	}
	return g.expression(c, "(SELECT ", g.aggregate(inner, c, 0), " FROM ", n, where, ")")
}
