package resource

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// writable is a tree whose text reads as the tree does. The YAML package does not write every block of text as it was read: folded ones gain line breaks
// where lines are indented, and a tab at the beginning of a line is no YAML. Such texts are written as literal blocks or in quotes.
func writable(n *yaml.Node) *yaml.Node {
	style := n.Style
	if n.Kind == yaml.ScalarNode && (n.Tag == "!!str" || n.Tag == "") && (n.Style&(yaml.FoldedStyle|yaml.LiteralStyle) != 0 || n.Style == 0 && strings.Contains(n.Value, "\n")) {
		style = yaml.LiteralStyle
		if !literal(n.Value) {
			style = yaml.DoubleQuotedStyle
		}
	}
	var content []*yaml.Node
	for i, child := range n.Content {
		if now := writable(child); now != child {
			if content == nil {
				content = append(content, n.Content...)
			}
			content[i] = now
		}
	}
	if style == n.Style && content == nil {
		return n
	}
	out := *n
	out.Style = style
	if content != nil {
		out.Content = content
	}
	return &out
}

// literal reports that a text can stand as a literal block.
func literal(text string) bool {
	return strings.Trim(text, " \n") != "" && !strings.HasPrefix(text, " ") && !strings.HasPrefix(text, "\n") && !strings.Contains(text, "\t") &&
		!strings.Contains(text, "\r") && !strings.Contains(text, " \n") && !strings.HasSuffix(text, " ")
}
