package policy

import (
	"fmt"
	"strings"
)

// Problem is one mistake in the policies.
type Problem struct {
	Pos Pos
	// Policy is the policy's name.
	Policy string
	// Rule counts from 0; -1 where the policy as a whole is meant.
	Rule    int
	Message string
}

// String returns "file:line: policy "name", rule 1: message"; rules are counted from 1 for readers.
func (p Problem) String() string {
	var b strings.Builder
	if p.Pos != (Pos{}) {
		b.WriteString(p.Pos.String())
		b.WriteString(": ")
	}
	if p.Policy != "" {
		fmt.Fprintf(&b, "policy %q", p.Policy)
		if p.Rule >= 0 {
			fmt.Fprintf(&b, ", rule %d", p.Rule+1)
		}
		b.WriteString(": ")
	}
	b.WriteString(p.Message)
	return b.String()
}

// Errors are all mistakes of one set of policies, in the order of the policies.
type Errors []Problem

// Error returns one mistake a line.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, p := range e {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Warning is something that an author should know; it does not keep a set of policies from being published.
type Warning Problem

// String is that of Problem.
func (w Warning) String() string { return Problem(w).String() }
