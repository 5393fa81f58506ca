package evaluator

import (
	"fmt"
	"slices"
	"strings"
)

// truth is SQL's: false, unknown or true.
type truth int8

const (
	no truth = iota
	unknown
	yes
)

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

// Predicate is one on a row.
type Predicate interface {
	// SQL is the predicate as policies write it.
	SQL() string
	eval(s *scope) truth
}

// scope is what a predicate looks at.
type scope struct {
	who    Person
	table  Table
	row    []Value
	tables []Table
}

func (s *scope) value(column string) Value { return s.row[s.table.column(column)] }

// Compare compares a column with a constant; Op is =, <>, < or >. Text is only compared for equality.
type Compare struct {
	Column, Op string
	With       Value
	Integer    bool
}

// SQL implements Predicate.
func (c Compare) SQL() string {
	if c.Integer {
		return fmt.Sprintf("%s %s %d", c.Column, c.Op, c.With.Num)
	}
	return fmt.Sprintf("%s %s %s", c.Column, c.Op, quoted(c.With.Text))
}

func (c Compare) eval(s *scope) truth {
	v := s.value(c.Column)
	if v.Null {
		return unknown
	}
	equal := v.Text == c.With.Text
	if c.Integer {
		equal = v.Num == c.With.Num
	}
	switch c.Op {
	case "=":
		return truthOf(equal)
	case "<>":
		return truthOf(!equal)
	case "<":
		return truthOf(v.Num < c.With.Num)
	}
	return truthOf(v.Num > c.With.Num)
}

// IsNull asks whether a column has no value.
type IsNull struct{ Column string }

// SQL implements Predicate.
func (c IsNull) SQL() string { return c.Column + " IS NULL" }

func (c IsNull) eval(s *scope) truth { return truthOf(s.value(c.Column).Null) }

// Own asks whether a column names the person.
type Own struct{ Column string }

// SQL implements Predicate.
func (c Own) SQL() string { return c.Column + " = @username" }

func (c Own) eval(s *scope) truth {
	v := s.value(c.Column)
	if v.Null {
		return unknown
	}
	return truthOf(v.Text == s.who.Name)
}

// Among asks whether a column is one of the person's values of an attribute, or their groups where Attribute is "". Placeholder, if any, is what who
// has no value counts as having.
type Among struct{ Attribute, Column, Placeholder string }

// SQL implements Predicate.
func (c Among) SQL() string {
	arguments := c.Column
	if c.Placeholder != "" {
		arguments += ", " + quoted(c.Placeholder)
	}
	if c.Attribute == "" {
		return "@groupsContains(" + arguments + ")"
	}
	return "@attributeValuesContains('" + c.Attribute + "', " + arguments + ")"
}

func (c Among) eval(s *scope) truth {
	have := s.who.Groups
	if c.Attribute != "" {
		have = s.who.Attributes[c.Attribute]
	}
	if len(have) == 0 && c.Placeholder != "" {
		have = []string{c.Placeholder}
	}
	switch v := s.value(c.Column); {
	case len(have) == 0:
		return no
	case v.Null:
		return unknown
	default:
		return truthOf(slices.Contains(have, v.Text))
	}
}

// Is asks about the person alone.
type Is struct{ Condition Condition }

// SQL implements Predicate. The condition must be InGroup or HasAttribute.
func (c Is) SQL() string { return "@" + c.Condition.CEL() }

func (c Is) eval(s *scope) truth { return truthOf(c.Condition.Holds(s.who)) }

// Not is SQL's NOT.
type Not struct{ Of Predicate }

// SQL implements Predicate.
func (c Not) SQL() string { return "NOT (" + c.Of.SQL() + ")" }

func (c Not) eval(s *scope) truth { return yes - c.Of.eval(s) }

// Both is AND, or OR.
type Both struct {
	Left, Right Predicate
	Or          bool
}

// SQL implements Predicate.
func (c Both) SQL() string {
	return "(" + c.Left.SQL() + map[bool]string{true: " OR ", false: " AND "}[c.Or] + c.Right.SQL() + ")"
}

func (c Both) eval(s *scope) truth {
	l, r := c.Left.eval(s), c.Right.eval(s)
	if c.Or {
		return max(l, r)
	}
	return min(l, r)
}

// LookUp asks whether a column is the id of a raw row of table a for which another predicate is true.
type LookUp struct {
	Column string
	Where  Predicate
}

// SQL implements Predicate.
func (c LookUp) SQL() string {
	return c.Column + " IN (SELECT id FROM g.a WHERE " + c.Where.SQL() + ")"
}

func (c LookUp) eval(s *scope) truth {
	v, found, some := s.value(c.Column), false, false
	for _, row := range s.tables[0].Rows {
		if c.Where.eval(&scope{s.who, s.tables[0], row, s.tables}) == yes {
			some = true
			found = found || !v.Null && row[0].Num == v.Num
		}
	}
	switch {
	case !some:
		return no
	case v.Null:
		return unknown
	}
	return truthOf(found)
}

// escaped makes a text fit for double quotes in YAML.
func escaped(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
