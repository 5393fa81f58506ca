package evaluator

import (
	"slices"
	"strings"
)

// Person is somebody who asks.
type Person struct {
	Name       string
	Groups     []string
	Attributes map[string][]string
}

// Everybody lists those who ask.
func Everybody() []Person {
	return []Person{
		{"ann", []string{"g1"}, map[string][]string{"region": {"EU"}, "clearance": {"high"}}},
		{"bob", []string{"g1", "g2"}, map[string][]string{"region": {"US", "AS"}}},
		{"cyd", []string{"g2", "g3"}, map[string][]string{"clearance": {"low"}}},
		{"dora", nil, nil},
		{"eve", []string{"g3"}, map[string][]string{"region": {"EU", "US", "AS"}, "clearance": {"high", "low"}}},
	}
}

// Condition is one on people.
type Condition interface {
	// CEL is the condition as policies write it.
	CEL() string
	// Holds evaluates it.
	Holds(p Person) bool
}

// InGroup holds for members of all the groups.
type InGroup struct{ Groups []string }

// CEL implements Condition.
func (c InGroup) CEL() string { return "isInGroups('" + strings.Join(c.Groups, "', '") + "')" }

// Holds implements Condition.
func (c InGroup) Holds(p Person) bool {
	for _, g := range c.Groups {
		if !slices.Contains(p.Groups, g) {
			return false
		}
	}
	return true
}

// HasAttribute holds for who has the value.
type HasAttribute struct{ Name, Value string }

// CEL implements Condition.
func (c HasAttribute) CEL() string { return "hasAttribute('" + c.Name + "', '" + c.Value + "')" }

// Holds implements Condition.
func (c HasAttribute) Holds(p Person) bool { return slices.Contains(p.Attributes[c.Name], c.Value) }

// Without turns a condition.
type Without struct{ Of Condition }

// CEL implements Condition.
func (c Without) CEL() string { return "!(" + c.Of.CEL() + ")" }

// Holds implements Condition.
func (c Without) Holds(p Person) bool { return !c.Of.Holds(p) }

// Either holds where one of two does.
type Either struct{ Left, Right Condition }

// CEL implements Condition.
func (c Either) CEL() string { return "(" + c.Left.CEL() + " || " + c.Right.CEL() + ")" }

// Holds implements Condition.
func (c Either) Holds(p Person) bool { return c.Left.Holds(p) || c.Right.Holds(p) }

// Always holds, or never.
type Always struct{ Yes bool }

// CEL implements Condition.
func (c Always) CEL() string { return map[bool]string{true: "true", false: "false"}[c.Yes] }

// Holds implements Condition.
func (c Always) Holds(Person) bool { return c.Yes }
