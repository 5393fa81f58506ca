package redshift

import (
	"strings"

	"github.com/posternsql/postern/lex"
)

// top turns SELECT TOP n … into … LIMIT n, at the end of the same query. A query that is an operand of a set operation can have no LIMIT on
// Redshift (Database Developer Guide, "UNION, INTERSECT, and EXCEPT").
func (p *pass) top(i int) error {
	if !p.is(i-1, "select") && !(p.is(i-1, "distinct", "all") && p.is(i-2, "select")) {
		return p.reserved(i)
	}
	switch {
	case p.is(i+1, "("):
		return p.refuse(i, "TOP with brackets")
	case p.kind(i+1) != lex.Number || strings.ContainsAny(p.tokens[i+1].Value, ".eE"):
		return p.refuse(i, "TOP without a number")
	}
	l, ok := p.query(i)
	switch {
	case !ok:
		return p.refuse(i, "TOP in this place")
	case l.operand:
		return p.refuse(i, "TOP in an operand of a set operation")
	case p.find(i, l.end, p.depth[i], "limit", "offset", "fetch", "for", "into") >= 0:
		return p.refuse(i, "TOP beside LIMIT or OFFSET")
	}
	p.out[i], p.out[i+1] = "", ""
	p.last[l.end-1] += "LIMIT " + p.tokens[i+1].Value
	return nil
}

// minus is EXCEPT by another name ("exact synonyms": Database Developer Guide, "UNION, INTERSECT, and EXCEPT").
func (p *pass) minus(i int) error {
	if p.is(i-1, "as") || !p.beginsQuery(i+1) {
		if p.is(i+1, "all", "distinct") && p.beginsQuery(i+2) {
			return p.refuse(i, "MINUS %s", strings.ToUpper(p.tokens[i+1].Value))
		}
		return p.reserved(i)
	}
	p.out[i] = "EXCEPT"
	return nil
}

// qualify puts the condition of QUALIFY beside that of HAVING, where the grammar has a place for it.
func (p *pass) qualify(i int) error {
	l, ok := p.query(i)
	if !ok || p.is(i-1, "as") || p.is(i+1, ",", ".") {
		return p.reserved(i)
	}
	d := p.depth[i]
	end := p.find(i+1, l.end, d, "order", "limit", "offset", "fetch", "for")
	if end < 0 {
		end = l.end
	}
	if end == i+1 || p.find(l.start, i, d, "from") < 0 {
		return p.refuse(i, "QUALIFY in this place")
	}
	if again := p.find(i+1, l.end, d, "qualify", "having", "group", "where"); again >= 0 {
		return p.refuse(again, "%s behind QUALIFY", strings.ToUpper(p.tokens[again].Value))
	}
	having := p.find(l.start, i, d, "having")
	switch {
	case having == i-1:
		return p.reserved(i)
	case having >= 0:
		p.after[having] += Own + "having ("
		p.out[i] = ","
	default:
		p.out[i] = "HAVING " + Own + "qualify ("
	}
	p.after[end-1] += ")"
	return nil
}

// exclude lets SELECT * EXCLUDE (a, b) stand as a call behind the star, which the judge turns into the columns that are left.
func (p *pass) exclude(i int) error {
	star := i - 1
	before := star - 1
	for before >= 0 && p.out[before] == "" {
		before-- // TOP n
	}
	if !p.is(star, "*") || !p.is(before, "select", "distinct", "all") {
		if p.is(star, "*") {
			return p.refuse(i, "EXCLUDE behind more than one star")
		}
		return p.reserved(i)
	}
	first, brackets := i+1, p.is(i+1, "(")
	if brackets {
		first++
	}
	last := first
	for {
		if kind := p.kind(last); kind != lex.Name && kind != lex.Quoted {
			return p.refuse(i, "EXCLUDE of anything but names")
		}
		if !p.is(last+1, ",") {
			break
		}
		last += 2
	}
	next := last + 1
	if brackets {
		if !p.is(next, ")") {
			return p.refuse(i, "EXCLUDE of anything but names")
		}
		next++
	}
	if !p.is(next, "from") {
		return p.refuse(i, "EXCLUDE that FROM does not follow")
	}
	p.out[i] = ", " + Own + "exclude"
	if !brackets {
		p.before[first], p.after[last] = "(", ")"
	}
	return nil
}

// groupByAll marks GROUP BY ALL, which the judge turns into the places of what is not aggregated.
func (p *pass) groupByAll(i int) error {
	if !p.is(i-1, "by") || !p.is(i-2, "group") {
		return nil
	}
	if i+1 < len(p.tokens) && !p.is(i+1, ")", "having", "qualify", "order", "limit", "offset") && !p.setOperation(i+1) {
		return p.refuse(i, "GROUP BY ALL with a list")
	}
	p.out[i] = Own + "group_by_all ( )"
	return nil
}
