package resource

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/posternsql/postern/policy"
)

const (
	// maxStructure bounds the characters of a file that can make a YAML node, because a node takes some 200 bytes: this
	// keeps 8 MiB of "[,,,," from becoming a gigabyte.
	maxStructure = 1_500_000
	// maxTotalStructure is maxStructure for all files of one set, whose nodes are kept: three times what 5,000 sources, 2,000 policies and
	// 20,000 people take.
	maxTotalStructure = 3_000_000
	// maxNesting bounds the depth of a document.
	maxNesting = 32
)

// documents parses one file. Mistakes of form go to the collector; what could be parsed before them is returned.
func documents(file string, text []byte, c *collector) []*yaml.Node {
	at := policy.Pos{File: file}
	if !utf8.Valid(text) {
		c.add(at, "", "the file is not UTF-8 text")
		return nil
	}
	if n := structure(text); n > maxStructure {
		c.add(at, "", "the file has too many entries; split it")
		return nil
	}
	var out []*yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var doc yaml.Node
		err := decoder.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			line, message := yamlMessage(err)
			c.add(policy.Pos{File: file, Line: line}, "", "%s", message)
			return out
		}
		if len(doc.Content) != 1 || isNull(doc.Content[0]) {
			continue
		}
		if node := doc.Content[0]; plain(file, node, 1, c) {
			out = append(out, node)
		}
	}
}

// structure counts the characters that can begin or end a node.
func structure(text []byte) (n int) {
	for _, b := range text {
		switch b {
		case ',', ':', '\n', '\r', '-', '?', '[', '{':
			n++
		}
	}
	return n
}

// plain refuses what YAML has beyond plain data, and what is nested too deeply.
func plain(file string, node *yaml.Node, depth int, c *collector) bool {
	at := policy.Pos{File: file, Line: node.Line}
	switch {
	case depth > maxNesting:
		c.add(at, "", "nested deeper than %d levels", maxNesting)
		return false
	case node.Kind == yaml.AliasNode || node.Anchor != "":
		c.add(at, "", "anchors and aliases are not allowed")
		return false
	case node.Style&yaml.TaggedStyle != 0:
		c.add(at, "", "explicit YAML tags are not allowed")
		return false
	}
	ok := true
	for _, child := range node.Content {
		ok = plain(file, child, depth+1, c) && ok
	}
	return ok
}

func isNull(node *yaml.Node) bool { return node.Kind == yaml.ScalarNode && node.Tag == "!!null" }

// yamlLine finds the line in the messages of the YAML package, which have no field for it.
var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?`)

func yamlMessage(err error) (line int, message string) {
	text := err.Error()
	m := yamlLine.FindStringSubmatch(text)
	line, _ = strconv.Atoi(m[1])
	return line, fmt.Sprintf("not valid YAML: %s", text[len(m[0]):])
}
