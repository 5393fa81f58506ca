package evaluator

import (
	"fmt"
	"math/rand/v2"
)

// Generate draws a set; the same seed gives the same on every machine.
func Generate(seed uint64) Set {
	g := &generator{rand.New(rand.NewPCG(seed, 0x706f7374))}
	var s Set
	tables := Tables()
	for i, t := range tables {
		for n := range 1 + g.IntN(2) {
			s.Subscriptions = append(s.Subscriptions, Subscription{Name: fmt.Sprintf("open-%s-%d", t.Name, n), Table: t.Name, When: g.mostly(g.condition(2), 75)})
		}
		if g.IntN(100) < 30 {
			s.Subscriptions = append(s.Subscriptions, Subscription{Name: "floor-" + t.Name, Table: t.Name, Guardrail: true, When: g.condition(2)})
		}
		if i > 1 {
			continue
		}
		// Now and then a table has no rule, and is granted as it is.
		for n := range g.IntN(4) {
			p := DataPolicy{Name: fmt.Sprintf("data-%s-%d", t.Name, n), Table: t.Name}
			for range 1 + g.IntN(3) {
				p.Rules = append(p.Rules, g.rule(t))
			}
			s.Data = append(s.Data, p)
		}
	}
	return s
}

type generator struct{ *rand.Rand }

// mostly is for everybody in so many of a hundred cases, so that there is something to see.
func (g *generator) mostly(c Condition, percent int) Condition {
	if g.IntN(100) < percent {
		return Always{true}
	}
	return c
}

func (g *generator) group() string { return fmt.Sprintf("g%d", 1+g.IntN(4)) }

func (g *generator) condition(depth int) Condition {
	switch n := g.IntN(10); {
	case n < 3 && depth > 0:
		return Without{g.condition(depth - 1)}
	case n < 5 && depth > 0:
		return Either{g.condition(depth - 1), g.condition(depth - 1)}
	case n < 7:
		return HasAttribute{"clearance", []string{"high", "low", "none"}[g.IntN(3)]}
	case n == 7:
		return InGroup{[]string{g.group(), g.group()}}
	}
	return InGroup{[]string{g.group()}}
}

func (g *generator) rule(t Table) Rule {
	var r Rule
	switch g.IntN(4) {
	case 0:
		r.Only = g.condition(1)
	case 1, 2:
		r.Except = g.condition(1)
	}
	if g.IntN(100) < 45 {
		r.Rows = g.predicate(t, 2)
		return r
	}
	r.Column = t.Columns[1+g.IntN(len(t.Columns)-1)]
	kinds := []MaskKind{MaskNull, MaskConstant, MaskRegex, MaskCustom}
	if r.Column.Integer {
		kinds = []MaskKind{MaskNull, MaskConstant, MaskRound}
	}
	r.Mask = kinds[g.IntN(len(kinds))]
	if g.IntN(100) < 35 {
		r.Where = g.predicate(t, 1)
	}
	return r
}

func (g *generator) predicate(t Table, depth int) Predicate {
	texts := []string{"region", "owner", "code"}
	if t.Name == "b" {
		texts = []string{"region", "note", "region"}
	}
	text := texts[g.IntN(3)]
	switch g.IntN(13) {
	case 0, 1:
		if depth > 0 {
			return Not{g.predicate(t, depth-1)}
		}
	case 2, 3:
		if depth > 0 {
			return Both{g.predicate(t, depth-1), g.predicate(t, depth-1), g.IntN(2) == 0}
		}
	case 4:
		return IsNull{text}
	case 5:
		return Own{text}
	case 6:
		return Among{"", text, []string{"", "g2"}[g.IntN(2)]}
	case 7:
		return Is{InGroup{[]string{g.group()}}}
	case 8:
		return Is{HasAttribute{"clearance", "high"}}
	case 9:
		if t.Name == "b" {
			return LookUp{"a_id", g.predicate(Tables()[0], 0)}
		}
	case 10:
		return Among{"region", "region", []string{"", "US"}[g.IntN(2)]}
	case 11:
		number := map[string]string{"a": "amount", "b": "qty"}[t.Name]
		return Compare{number, []string{"=", "<>", "<", ">"}[g.IntN(4)], num(int64([]int{0, 5, 24, -15}[g.IntN(4)])), true}
	}
	return Compare{"region", []string{"=", "<>"}[g.IntN(2)], txt([]string{"EU", "US"}[g.IntN(2)]), false}
}
