package policy

import (
	"slices"
	"strings"

	"github.com/posternsql/postern/catalog"
)

// Selects reports whether a selector selects a source, as the compiler does.
func (s Selector) Selects(connection string, t *catalog.Table) bool {
	if !t.Registered {
		return false
	}
	for _, pattern := range s.Tables {
		of, rest, ok := strings.Cut(pattern, ".")
		if ok && matchPart(of, connection) && (rest == t.QualifiedName() || matchPattern(rest, t.QualifiedName())) {
			return true
		}
	}
	has := func(tags []string, wanted []string) bool {
		return slices.ContainsFunc(wanted, func(w string) bool {
			return slices.ContainsFunc(tags, func(have string) bool { return covers(w, have) })
		})
	}
	if has(t.Tags, s.Tags) {
		return true
	}
	return slices.ContainsFunc(t.Columns, func(c catalog.Column) bool { return has(c.Tags, s.ColumnTags) })
}
