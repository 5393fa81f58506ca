package sqlgen

import (
	"errors"
	"fmt"

	"github.com/posternsql/postern/policy/expr"
)

// keyed prints a call of one of the functions that registration installs. Keys never stand in it. A stored view's functions are called under the
// privileges of who reads the view, who could hash guesses with them: those take a ticket, which the view's owner reads and nobody else.
func (p *printer) keyed(k expr.Keyed) {
	name := ""
	switch k.Func {
	case expr.KeyedHash:
		name = "keyed_hash"
	case expr.KeyedDraw:
		name = "keyed_draw"
	case expr.KeyedProtect:
		name = "protect"
	case expr.KeyedFormatPreserving:
		name = "format_preserving"
	default:
		p.fail(fmt.Errorf("printing an unknown keyed function %d", k.Func))
	}
	if (k.Func == expr.KeyedFormatPreserving) != (k.Alphabet != "") {
		p.fail(fmt.Errorf("printing %s with the alphabet %q", name, k.Alphabet))
	}
	if p.deferred {
		p.put(systemSchema + "." + name + "((SELECT postern_k.ticket FROM " + ticketTable + " AS postern_k), ")
	} else {
		p.put(functionSchema + "." + name + "(")
	}
	p.quoted(k.Domain)
	if k.Alphabet != "" {
		p.put(", ")
		p.quoted(k.Alphabet)
	}
	p.put(", ")
	p.expr(k.Arg)
	p.put(")")
}

// pick prints an array of the items and takes one: an index outside of it, and NULL, give NULL.
func (p *printer) pick(v expr.Pick) {
	if len(v.Items) == 0 {
		p.fail(errors.New("printing a choice of nothing"))
	}
	p.put("(ARRAY[")
	p.list(v.Items, ", ")
	p.put("]::")
	p.typ(v.Type + "[]")
	p.put(")[")
	p.expr(v.Index)
	p.put("]")
}

// countOver prints a window over all rows that pass the View's filter.
func (p *printer) countOver(v expr.CountOver) {
	if len(v.By) == 0 {
		p.fail(errors.New("printing a count over no columns"))
	}
	p.counted = true
	p.put("pg_catalog.count(*) OVER (PARTITION BY ")
	for i, c := range v.By {
		if i > 0 {
			p.put(", ")
		}
		p.column(c)
	}
	p.put(")")
}
