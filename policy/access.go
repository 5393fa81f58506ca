package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"github.com/posternsql/postern/catalog"
)

// AccessClass says by what a source is opened to people. Sources with one Key are open to the same people, in the same ways, at every instant.
type AccessClass struct {
	// Key is a digest of all that opening depends on, but for the people: it stays while a policy's condition is edited.
	Key string
	// Policies are the names of the subscription policies that it depends on, sorted.
	Policies []string
	// Privileges are the ways of writing that somebody could be given, in the order of Privileges().
	Privileges []Privilege
}

// AccessOf says by what a registered source is opened; false for any other.
func (p *Program) AccessOf(table *catalog.Table) (AccessClass, bool) {
	t, ok := p.tables[table]
	if !ok {
		return AccessClass{}, false
	}
	var parts []string
	out, write := AccessClass{}, map[Privilege]bool{}
	add := func(kind string, s subscription) {
		text := kind + "\x00" + s.policy + "\x00" + s.expires.UTC().String()
		for _, w := range s.privileges {
			text += "\x00" + string(w)
			write[w] = write[w] || kind == "grant"
		}
		parts, out.Policies = append(parts, text), append(out.Policies, s.policy)
	}
	for _, g := range t.guardrails {
		add("guardrail", g)
	}
	for _, g := range t.grants {
		add("grant", g)
	}
	for name, project := range p.projects {
		if project.sources[table] {
			parts = append(parts, "project\x00"+name)
		}
	}
	slices.Sort(parts)
	slices.Sort(out.Policies)
	parts = append(parts, strconv.FormatInt(int64(table.LatencyTolerance), 10))
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00\x00")))
	out.Key = hex.EncodeToString(sum[:8])
	out.Privileges = slices.DeleteFunc(Privileges(), func(w Privilege) bool { return !write[w] })
	return out, true
}

// Raw reports a registered source of which everybody who may read it sees every row and every column as it is.
func (p *Program) Raw(table *catalog.Table) bool {
	t, ok := p.tables[table]
	if !ok || len(t.rows) > 0 || len(t.columns) != len(table.Columns) {
		return false
	}
	return !slices.ContainsFunc(t.columns, func(c columnProgram) bool { return len(c.masks) > 0 })
}
