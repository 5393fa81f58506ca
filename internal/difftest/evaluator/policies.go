package evaluator

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Rule is a row filter or a mask, for those whom Except does not hold for, or whom Only holds for; both may be nil.
type Rule struct {
	Except, Only Condition
	// Rows is the filter; nil for a mask.
	Rows Predicate
	// Mask of Column; Where, if there is one, says on which rows.
	Mask   MaskKind
	Column Column
	Where  Predicate
}

func (r Rule) appliesTo(p Person) bool {
	return (r.Except == nil || !r.Except.Holds(p)) && (r.Only == nil || r.Only.Holds(p))
}

// DataPolicy has rules about one table.
type DataPolicy struct {
	Name, Table string
	Rules       []Rule
}

// Subscription opens a table, or is a floor below all that open it.
type Subscription struct {
	Name, Table string
	Guardrail   bool
	When        Condition
}

// Set is what is published.
type Set struct {
	Subscriptions []Subscription
	Data          []DataPolicy
}

// YAML prints the policies as resources.
func (s Set) YAML() string {
	var b strings.Builder
	for _, p := range s.Subscriptions {
		effect := map[bool]string{true: "guardrail", false: "grant"}[p.Guardrail]
		fmt.Fprintf(&b, "---\nkind: SubscriptionPolicy\nname: %s\non: {tables: [wh.g.%s]}\naccess: read\neffect: %s\nallow: {when: %s}\n", p.Name, p.Table, effect, escaped(p.When.CEL()))
	}
	for _, p := range s.Data {
		fmt.Fprintf(&b, "---\nkind: DataPolicy\nname: %s\non: {tables: [wh.g.%s]}\nrules:\n", p.Name, p.Table)
		for _, r := range p.Rules {
			if r.Rows != nil {
				fmt.Fprintf(&b, "  - rows: %s\n", escaped(r.Rows.SQL()))
			} else {
				where := ""
				if r.Where != nil {
					where = ", where: " + escaped(r.Where.SQL())
				}
				fmt.Fprintf(&b, "  - mask: {columns: [%s], %s%s}\n", r.Column.Name, r.Mask.yaml(r.Column.Integer), where)
			}
			if r.Except != nil {
				fmt.Fprintf(&b, "    exceptFor: %s\n", escaped(r.Except.CEL()))
			}
			if r.Only != nil {
				fmt.Fprintf(&b, "    onlyFor: %s\n", escaped(r.Only.CEL()))
			}
		}
	}
	return b.String()
}

// Allowed says whether somebody may see a table at all: a grant, and every guardrail.
func (s Set) Allowed(p Person, table string) bool {
	granted := false
	for _, sub := range s.Subscriptions {
		switch {
		case sub.Table != table:
		case sub.Guardrail && !sub.When.Holds(p):
			return false
		case !sub.Guardrail && sub.When.Holds(p):
			granted = true
		}
	}
	return granted
}

// Visible are the rows that somebody sees of a table of tables, as they see them; false where they may not see it.
func (s Set) Visible(p Person, tables []Table, table Table) (rows [][]Value, allowed bool) {
	if !s.Allowed(p, table.Name) {
		return nil, false
	}
	for _, raw := range table.Rows {
		at := &scope{p, table, raw, tables}
		if !s.shown(at) {
			continue
		}
		row := make([]Value, len(raw))
		for i, c := range table.Columns {
			row[i] = s.masked(at, c, raw[i])
		}
		rows = append(rows, row)
	}
	return rows, true
}

// shown wants every filter that applies to the person to be true.
func (s Set) shown(at *scope) bool {
	for _, d := range s.Data {
		for _, r := range d.Rules {
			if d.Table == at.table.Name && r.Rows != nil && r.appliesTo(at.who) && r.Rows.eval(at) != yes {
				return false
			}
		}
	}
	return true
}

// masked applies the strictest of the masks that apply to the person and to the row: one whose Where is unknown applies too.
func (s Set) masked(at *scope, c Column, v Value) Value {
	type candidate struct {
		rule   Rule
		policy string
	}
	var all []candidate
	for _, d := range s.Data {
		for _, r := range d.Rules {
			if d.Table == at.table.Name && r.Rows == nil && r.Column.Name == c.Name && r.appliesTo(at.who) {
				all = append(all, candidate{r, d.Name})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.rule.Mask, b.rule.Mask), cmp.Compare(a.policy, b.policy))
	})
	for _, one := range all {
		if one.rule.Where == nil || one.rule.Where.eval(at) != no {
			return one.rule.Mask.apply(v, c.Integer)
		}
	}
	return v
}
