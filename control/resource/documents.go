package resource

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"

	"github.com/posternsql/postern/policy"
)

// Document is one resource as it was written, before what it means has been looked at. It is never changed.
type Document struct {
	// Pos is where it begins.
	Pos policy.Pos
	// Kind and Name identify it; a Document without one of them is no resource, and Assemble says so.
	Kind, Name string

	node *yaml.Node
}

// Key is what no two resources of a set share.
func (d Document) Key() string { return d.Kind + "/" + d.Name }

// Text is the document in YAML, with the author's order of fields and comments, ending in a newline.
func (d Document) Text() (string, error) {
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(writable(d.node)); err != nil {
		return "", fmt.Errorf("writing %s: %w", d.Key(), err)
	}
	if err := e.Close(); err != nil {
		return "", fmt.Errorf("writing %s: %w", d.Key(), err)
	}
	return b.String(), nil
}

// Field returns the text of a field at the top of the document, and whether it is there as plain text.
func (d Document) Field(name string) (string, bool) {
	if value := d.field(name); value != nil && value.Kind == yaml.ScalarNode {
		return value.Value, true
	}
	return "", false
}

// Has reports a field at the top of the document, whatever it holds.
func (d Document) Has(name string) bool { return d.field(name) != nil }

// Decode reads a field at the top of the document, such as a reference to a secret.
func (d Document) Decode(name string, into any) error {
	value := d.field(name)
	if value == nil {
		return fmt.Errorf("%s has no field %q", d.Key(), name)
	}
	return value.Decode(into)
}

func (d Document) field(name string) *yaml.Node {
	if d.node == nil || d.node.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(d.node.Content); i += 2 {
		if d.node.Content[i].Value == name {
			return d.node.Content[i+1]
		}
	}
	return nil
}

// With is the document with a field at its top replaced, or put at its end; fields of the names in without are left out.
func (d Document) With(name, value string, without ...string) Document {
	return d.with(name, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value, Line: d.node.Line}, without...)
}

// WithFlag is With of a field that is true or false.
func (d Document) WithFlag(name string, value bool) Document {
	return d.with(name, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: strconv.FormatBool(value), Line: d.node.Line})
}

func (d Document) with(name string, scalar *yaml.Node, without ...string) Document {
	node := *d.node
	node.Content = nil
	put := false
	for i := 0; i+1 < len(d.node.Content); i += 2 {
		key, old := d.node.Content[i], d.node.Content[i+1]
		switch {
		case key.Value == name:
			node.Content = append(node.Content, key, scalar)
			put = true
		case !slices.Contains(without, key.Value):
			node.Content = append(node.Content, key, old)
		}
	}
	if !put {
		node.Content = append(node.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: name, Line: d.node.Line}, scalar)
	}
	d.node = &node
	return d
}

// ReadDocuments takes one text apart; file stands in positions. An error is of type Mistakes and has what is wrong with its form.
func ReadDocuments(file string, text []byte) ([]Document, error) {
	var c collector
	if len(text) > MaxFileBytes {
		c.add(policy.Pos{File: file}, "", "the file is larger than %d MiB", MaxFileBytes>>20)
		return nil, c.err()
	}
	return readDocuments(file, text, &c), c.err()
}

// LoadDocuments takes all files apart that the paths mean. An error is of type Mistakes.
func LoadDocuments(paths []string) (out []Document, err error) {
	var c collector
	read(paths, &c, func(file string, text []byte) { out = append(out, readDocuments(file, text, &c)...) })
	return out, c.err()
}

func readDocuments(file string, text []byte, c *collector) (out []Document) {
	for _, node := range documents(file, text, c) {
		d := Document{Pos: policy.Pos{File: file, Line: node.Line}, node: node}
		if node.Kind == yaml.MappingNode {
			d.Kind, d.Name, _ = header(node)
		}
		out = append(out, d)
	}
	return out
}

// Assemble makes a set of documents, as Load does of files. An error is of type Mistakes and has every mistake.
func Assemble(docs []Document) (*Set, error) {
	l := newLoader()
	for _, d := range docs {
		l.document(d.Pos.File, d.node)
	}
	return l.finish()
}

// Readable is what a set of documents with mistakes holds otherwise: all resources as far as they could be read, but for policies with mistakes.
// It is for finding more mistakes and for nothing else.
func Readable(docs []Document) *Set {
	l := newLoader()
	for _, d := range docs {
		l.document(d.Pos.File, d.node)
	}
	return l.readable()
}

// Kinds lists the kinds of resources.
func Kinds() (out []string) {
	for _, k := range kinds() {
		out = append(out, k.name)
	}
	return out
}

// Replace puts `field: "value"` in place of a field at the top of a document, inside the text that the document was read from, and keeps the number of
// every line. It fails where the document stands on one line.
func (d Document) Replace(text []byte, old, field, value string) ([]byte, error) {
	at := d.field(old)
	if at == nil || d.node.Style&yaml.FlowStyle != 0 {
		return nil, fmt.Errorf("%s: the field %q does not stand on lines of its own", d.Pos, old)
	}
	key := d.node
	for i := 0; i+1 < len(d.node.Content); i += 2 {
		if d.node.Content[i].Value == old {
			key = d.node.Content[i]
		}
	}
	lines := bytes.SplitAfter(text, []byte("\n"))
	first, last := key.Line-1, lastLine(at)-1
	if first < 0 || last >= len(lines) || key.Column < 1 || key.Column > len(lines[first]) {
		return nil, fmt.Errorf("%s: the field %q is not where it was read", d.Pos, old)
	}
	quoted, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	head := string(lines[first][:key.Column-1])
	lines[first] = []byte(head + field + ": " + string(quoted) + "\n")
	for i := first + 1; i <= last; i++ {
		lines[i] = []byte("\n")
	}
	return bytes.Join(lines, nil), nil
}

// lastLine is the last line on which any part of a value begins.
func lastLine(n *yaml.Node) int {
	last := n.Line
	for _, child := range n.Content {
		last = max(last, lastLine(child))
	}
	return last
}
