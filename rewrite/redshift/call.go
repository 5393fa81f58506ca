package redshift

import (
	"strings"

	"github.com/posternsql/postern/lex"
)

// convert lets CONVERT(type, x) stand as a call, which desugar turns into CAST(x AS type): the two mean the same (Database Developer Guide,
// "CONVERT function").
func (p *pass) convert(i int) error {
	if !p.is(i+1, "(") {
		return nil
	}
	end := p.pair[i+1]
	if end < 0 {
		return nil // the parser says what is wrong
	}
	comma := p.find(i+2, end, p.depth[i+1]+1, ",")
	if comma <= i+2 || p.find(comma+1, end, p.depth[i+1]+1, ",") >= 0 {
		return p.refuse(i, "CONVERT without a type and one expression")
	}
	for j := i + 2; j < comma; j++ {
		if k := p.kind(j); k != lex.Name && k != lex.Number && !p.is(j, "(", ")", ",") {
			return p.refuse(i, "CONVERT to anything but a type")
		}
	}
	p.out[i], p.after[i+1] = Own+"convert", "NULL ::"
	return nil
}

// approximate marks the two aggregates that can be approximate.
func (p *pass) approximate(i int) error {
	switch {
	case p.is(i+1, "count") && p.is(i+2, "(") && p.is(i+3, "distinct"),
		p.is(i+1, "percentile_disc") && p.is(i+2, "("):
		p.out[i], p.out[i+1] = "", Own+"approximate_"+p.tokens[i+1].Value
		return nil
	case p.is(i+1, "("), p.kind(i+1) == lex.Name && p.is(i+2, "("):
		return p.refuse(i, "APPROXIMATE of anything but COUNT(DISTINCT) and PERCENTILE_DISC")
	}
	return p.reserved(i)
}

// listagg marks LISTAGG(DISTINCT …) WITHIN GROUP, which PostgreSQL's grammar refuses.
func (p *pass) listagg(i int) error {
	if !p.is(i+1, "(") || !p.is(i+2, "distinct") || p.pair[i+1] < 0 || !p.is(p.pair[i+1]+1, "within") {
		return nil
	}
	p.out[i], p.out[i+2] = Own+"listagg_distinct", ""
	return nil
}

// nulls takes IGNORE NULLS and RESPECT NULLS from behind a window function; the latter says what holds anyway.
func (p *pass) nulls(i int) error {
	w := strings.ToUpper(p.tokens[i].Value)
	switch {
	case !p.is(i+1, "nulls"):
		return p.reserved(i)
	case !p.is(i-1, ")") || !p.is(i+2, "over"):
		return p.refuse(i, "%s NULLS elsewhere than between a window function and OVER", w)
	}
	name := p.pair[i-1] - 1
	if name < 0 || p.kind(name) != lex.Name || p.is(name-1, ".") {
		return p.refuse(i, "%s NULLS behind this", w)
	}
	switch f := p.tokens[name].Value; f {
	case "lag", "lead", "first_value", "last_value", "nth_value":
		if w == "IGNORE" {
			p.out[name] = Own + "ignore_nulls_" + f
		}
	default:
		return p.refuse(i, "%s NULLS behind %s", w, f)
	}
	p.out[i], p.out[i+1] = "", ""
	return nil
}
