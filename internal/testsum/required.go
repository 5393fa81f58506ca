package main

import (
	"fmt"
	"os"
	"strings"
)

// required is the committed list of tests that must have passed: those of which nobody would notice if they silently
// stopped running. A line is a package (relative to the module) and a test with its sub-test; # begins a comment.
type required []string

// module is the path with which the names of our packages begin.
const module = "github.com/posternsql/postern/"

func readRequired(path string) (required, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the list of required tests: %w", err)
	}
	var list required
	for n, line := range strings.Split(string(text), "\n") {
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		switch len(fields) {
		case 0:
		case 2:
			list = append(list, module+fields[0]+" "+fields[1])
		default:
			return nil, fmt.Errorf("reading the list of required tests: line %d is not a package and a test", n+1)
		}
	}
	return list, nil
}

// missing are the required tests that did not pass.
func (r required) missing(passed map[string]bool) []string {
	var missing []string
	for _, test := range r {
		if !passed[test] {
			missing = append(missing, strings.TrimPrefix(test, module))
		}
	}
	return missing
}
