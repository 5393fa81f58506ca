package redshift

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// call prints name(arguments).
func (p *printer) call(name string, args []*pg.Node) {
	p.put(name, "(")
	p.list(args, p.expr)
	p.put(")")
}

// function prints a call of a built-in function, a placeholder, or one of Postern's own functions.
func (p *printer) function(f *pg.FuncCall) {
	p.must(f.AggFilter == nil, "FILTER")
	p.must(!f.FuncVariadic, "VARIADIC")
	p.must(len(f.AggOrder) == 0 || f.AggWithinGroup, "ORDER BY in an aggregate")
	if names := f.Funcname; len(names) == 2 && names[0].GetString_().GetSval() == "postern_functions" {
		p.ident("postern_functions")
		p.put(".")
		p.ident(names[1].GetString_().GetSval())
		p.put("(")
		p.list(f.Args, p.expr)
		p.put(")")
		return
	}
	name := FunctionName(f)
	if what, own := Placeholder(name); own {
		p.placeholder(f, what)
		return
	}
	if _, ok := Lookup(name, argumentCount(f)); !ok {
		p.refuseAt(f.Location, "function %s with %d arguments", name, argumentCount(f))
		return
	}
	p.patternless(f, name)
	switch {
	case name == "extract" && len(f.Args) == 2:
		p.dateParted(f, "extract(", " FROM ")
	case f.Funcformat == pg.CoercionForm_COERCE_SQL_SYNTAX && name == "position" && len(f.Args) == 2:
		p.put("position(")
		p.expr(f.Args[1])
		p.put(" IN ")
		p.expr(f.Args[0])
		p.put(")")
	case f.Funcformat == pg.CoercionForm_COERCE_SQL_SYNTAX:
		p.refuseAt(f.Location, "this form of %s", name)
	case bareParts(name):
		p.dateParted(f, name+"(", ", ")
	default:
		p.plainCall(f, name, f.AggDistinct)
	}
	p.over(f)
}

// argumentCount counts the sort key of an ordered aggregate too.
func argumentCount(f *pg.FuncCall) int {
	if f.AggWithinGroup && !strings.HasSuffix(FunctionName(f), "listagg") {
		return len(f.Args) + len(f.AggOrder)
	}
	return len(f.Args)
}

// plainCall prints name([DISTINCT] arguments) [WITHIN GROUP (ORDER BY …)].
func (p *printer) plainCall(f *pg.FuncCall, name string, distinct bool) {
	p.put(name, "(")
	if distinct {
		p.put("DISTINCT ")
	}
	if f.AggStar {
		p.must(name == "count", "a star in a function")
		p.put("*")
	}
	p.list(f.Args, p.expr)
	p.put(")")
	if f.AggWithinGroup {
		p.put(" WITHIN GROUP (ORDER BY ")
		p.list(f.AggOrder, p.sort)
		p.put(")")
	}
}

// dateParted prints a call whose first argument is a date part, as a word.
func (p *printer) dateParted(f *pg.FuncCall, before, between string) {
	c := f.Args[0].GetAConst().GetSval()
	part, ok := datePart(strings.ToLower(c.GetSval()))
	if c == nil || !ok {
		p.refuseAt(f.Location, "%s without a known date part", FunctionName(f))
		return
	}
	c.Sval = part
	p.put(before, part, between)
	p.list(f.Args[1:], p.expr)
	p.put(")")
}

// patternless refuses what must be a constant without a backslash: Redshift wants patterns as literals, which cannot be put together.
func (p *printer) patternless(f *pg.FuncCall, name string) {
	switch name {
	case "regexp_replace", "regexp_substr", "regexp_instr", "regexp_count":
		if len(f.Args) < 2 || f.Args[1].GetAConst().GetSval() == nil && f.Args[1].GetParamRef() == nil {
			p.refuseAt(f.Location, "%s with a pattern that is not a constant, or has a backslash (write [0-9], [.]),", name)
		}
	case "date_trunc":
		c := f.Args[0].GetAConst().GetSval()
		if _, ok := datePart(strings.ToLower(c.GetSval())); c == nil || !ok {
			p.refuseAt(f.Location, "date_trunc without a known date part")
		}
	}
}

// placeholder prints what PostgreSQL's grammar has no form for.
func (p *printer) placeholder(f *pg.FuncCall, what string) {
	switch {
	case what == "sysdate" && len(f.Args) == 0:
		p.put("SYSDATE")
	case what == "approximate_count" && len(f.Args) == 1 && f.AggDistinct:
		p.put("APPROXIMATE ")
		p.plainCall(f, "count", true)
	case what == "approximate_percentile_disc" && len(f.Args) == 1 && f.AggWithinGroup && !f.AggDistinct:
		p.put("APPROXIMATE ")
		p.plainCall(f, "percentile_disc", false)
	case what == "listagg_distinct" && len(f.Args) >= 1 && len(f.Args) <= 2 && f.AggWithinGroup && !f.AggDistinct:
		p.plainCall(f, "listagg", true)
	case strings.HasPrefix(what, "ignore_nulls_") && f.Over != nil && !f.AggDistinct && !f.AggStar:
		name := strings.TrimPrefix(what, "ignore_nulls_")
		if known, ok := Lookup(name, len(f.Args)); !ok || !known.Window {
			p.refuseAt(f.Location, "IGNORE NULLS behind %s", name)
		}
		p.call(name, f.Args)
		p.put(" IGNORE NULLS")
	default:
		p.refuseAt(f.Location, "%s in this place", strings.ToUpper(strings.ReplaceAll(what, "_", " ")))
	}
	p.over(f)
}
