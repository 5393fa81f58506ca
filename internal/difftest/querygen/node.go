package querygen

import (
	"fmt"
	"strings"
)

// Node is a piece of a query. Its parts are texts, literals and other nodes.
type Node struct {
	// sort says what may stand for what when a query is made smaller: an expression for another of its class, a query for a
	// query. Empty is for a node that nothing replaces.
	sort string
	// parts are string, literal or *Node. In a list every part is a *Node.
	parts []any
	// separator makes a list; one item is always kept.
	separator string
	// optional nodes may be left out.
	optional bool
	// simplest may stand for the node whatever it is.
	simplest string
}

// literal is a constant, which is printed as a parameter where parameters are asked for.
type literal struct {
	sql    string // as a constant
	value  string // as a parameter in text format
	typ    string // of the parameter, where it is cast
	marked bool   // whether it becomes a parameter
}

func seq(parts ...any) *Node { return &Node{parts: parts} }

func sorted(sort string, parts ...any) *Node { return &Node{sort: sort, parts: parts} }

func maybe(parts ...any) *Node { return &Node{optional: true, parts: parts} }

func list(separator string, items []*Node) *Node {
	n := &Node{separator: separator}
	for _, i := range items {
		n.parts = append(n.parts, i)
	}
	return n
}

// Text is a printed query with its parameters in text format.
type Text struct {
	SQL    string
	Params [][]byte
}

// Render prints the tree. Without parameters all literals are constants.
func (n *Node) Render(params bool) Text {
	var t Text
	var b strings.Builder
	n.render(&b, &t, params)
	t.SQL = b.String()
	return t
}

func (n *Node) render(b *strings.Builder, t *Text, params bool) {
	for i, part := range n.parts {
		if i > 0 && n.separator != "" {
			b.WriteString(n.separator)
		}
		switch v := part.(type) {
		case string:
			b.WriteString(v)
		case *Node:
			v.render(b, t, params)
		case literal:
			if !params || !v.marked {
				b.WriteString(v.sql)
				continue
			}
			t.Params = append(t.Params, []byte(v.value))
			fmt.Fprintf(b, "$%d", len(t.Params))
			if v.typ != "" {
				b.WriteString("::" + v.typ)
			}
		}
	}
}

func (n *Node) clone() *Node {
	c := *n
	c.parts = make([]any, len(n.parts))
	for i, p := range n.parts {
		if child, ok := p.(*Node); ok {
			p = child.clone()
		}
		c.parts[i] = p
	}
	return &c
}
