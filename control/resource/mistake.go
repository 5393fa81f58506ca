package resource

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/posternsql/postern/policy"
)

// Mistake is one thing that is wrong in a resource file.
type Mistake struct {
	Pos policy.Pos
	// Resource is "Kind name" as far as both are known, else "".
	Resource string
	Message  string
}

// String returns "file:line: Kind name: message".
func (m Mistake) String() string {
	var b strings.Builder
	if m.Pos != (policy.Pos{}) {
		b.WriteString(m.Pos.String() + ": ")
	}
	if m.Resource != "" {
		b.WriteString(m.Resource + ": ")
	}
	b.WriteString(m.Message)
	return b.String()
}

// Mistakes are all that is wrong, ordered by file and line.
type Mistakes []Mistake

// Error returns one mistake a line.
func (ms Mistakes) Error() string {
	lines := make([]string, len(ms))
	for i, m := range ms {
		lines[i] = m.String()
	}
	return strings.Join(lines, "\n")
}

// maxMistakes bounds what one load reports, so that a file of nonsense does not make a message of its own size.
const maxMistakes = 200

// collector gathers mistakes while files are read.
type collector struct {
	list []Mistake
	more int
}

func (c *collector) add(pos policy.Pos, resource, format string, args ...any) {
	if len(c.list) == maxMistakes {
		c.more++
		return
	}
	c.list = append(c.list, Mistake{pos, resource, fmt.Sprintf(format, args...)})
}

// count is how many mistakes there were.
func (c *collector) count() int { return len(c.list) + c.more }

// err is nil if nothing is wrong.
func (c *collector) err() error {
	if len(c.list) == 0 {
		return nil
	}
	slices.SortStableFunc(c.list, func(a, b Mistake) int {
		return cmp.Or(cmp.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line))
	})
	out := Mistakes(slices.Clone(c.list))
	if c.more > 0 {
		out = append(out, Mistake{Message: fmt.Sprintf("and %d more mistakes", c.more)})
	}
	return out
}

// Join puts mistakes together, each once, ordered by file and line.
func Join(lists ...Mistakes) Mistakes {
	out := slices.Concat(lists...)
	slices.SortStableFunc(out, func(a, b Mistake) int {
		return cmp.Or(cmp.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line))
	})
	seen := map[Mistake]bool{}
	return slices.DeleteFunc(out, func(m Mistake) bool {
		again := seen[m]
		seen[m] = true
		return again
	})
}
