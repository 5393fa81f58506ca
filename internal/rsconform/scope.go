package rsconform

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// scope is one query: what its FROM names, and what its expressions name.
type scope struct {
	aliases []string
	names   []string
}

// relation notes what an item of FROM is called: by the alias behind it, or by its own name, which ends at i.
func (s *scope) relation(c *checker, i int) {
	if c.at(i+1) == "AS" && c.kind(i+2) == 'q' {
		i += 2
	}
	s.aliases = append(s.aliases, c.at(i))
}

// open gives what is within the bracket at i its scope: one of its own to a query.
func (c *checker) open(i int, outer *scope) *scope {
	if next := c.at(i + 1); next != "SELECT" && next != "WITH" {
		return outer
	}
	inner := &scope{}
	c.scopes = append(c.scopes, inner)
	return inner
}

// correlated says which name of a query is another's, around it: Redshift has no plan for many of such ("Correlated subqueries").
func (c *checker) correlated() error {
	for _, s := range c.scopes {
		for _, name := range s.names {
			if !slices.Contains(s.aliases, name) {
				return fmt.Errorf("a sub-select names %s, which is not of its own FROM", name)
			}
		}
	}
	return nil
}

// CheckStored is Check for the query of a stored view, in which no sub-select depends on what is around it, and in which neither EXISTS nor, of what a person has, NOT IN stands.
func CheckStored(sql string) error { return checkStored(sql, nil) }

func checkStored(sql string, session map[string]bool) error {
	c, err := read(sql, session)
	if err != nil {
		return err
	}
	for i, t := range c.tokens {
		if t.text == "EXISTS" || t.text == "NOT" && c.at(i+1) == "IN" && c.ofPerson(i+3) {
			return fmt.Errorf("%s %s in a stored view", t.text, c.at(i+1))
		}
	}
	return c.correlated()
}

// ofPerson reports a query that reads first what a person has.
func (c *checker) ofPerson(i int) bool {
	if c.at(i) != "SELECT" {
		return false
	}
	for i < len(c.tokens) && c.at(i) != "FROM" {
		i++
	}
	return c.at(i+1) == `"postern_system"`
}

// Binding says whether a statement makes a view that is bound as Redshift wants it: one that reads an external schema WITH NO SCHEMA BINDING, since no other may, and
// every other one bound, so that names in it cannot mean something else later ("CREATE VIEW").
func Binding(sql string, external ...string) error {
	m := storedView.FindStringSubmatch(sql)
	if m == nil {
		return nil
	}
	c, err := read(m[1], nil)
	if err != nil {
		return err
	}
	outside := slices.ContainsFunc(c.schemas, func(s string) bool { return slices.Contains(external, strings.Trim(s, `"`)) })
	switch late := m[2] != ""; {
	case outside && !late:
		return errors.New("a view over an external table without NO SCHEMA BINDING")
	case late && !outside:
		return errors.New("a late-binding view over tables that are not external")
	}
	return nil
}
