package control

import (
	"maps"
	"slices"
	"strings"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/warehouse"
)

// maxSchemaBytes is the longest name of a schema (manual, 4.1.1: NAMEDATALEN - 1).
const maxSchemaBytes = 63

// SandboxSchema is the schema of one person in a sandbox.
func SandboxSchema(s resource.Sandbox, user string) string { return s.Schema + "_" + user }

// sandboxMembers are the people of a sandbox, sorted.
func sandboxMembers(s resource.Sandbox, inGroup map[string][]string) []string {
	members := map[string]bool{}
	for _, name := range s.Members.Users {
		members[name] = true
	}
	for _, g := range s.Members.Groups {
		for _, name := range inGroup[g] {
			members[name] = true
		}
	}
	return slices.Sorted(maps.Keys(members))
}

// sandboxes are those of one connection, one for each member. What could make a table in one anything but its owner's is a mistake: a schema that
// two people would share, or in which something is registered as a source.
func (b *builder) sandboxes(c resource.Connection, snapshot *catalog.Snapshot) (out []policy.Sandbox) {
	owner := map[string]string{}
	for _, s := range b.set.Sandboxes {
		if s.Connection != c.Name {
			continue
		}
		label := "Sandbox " + s.Name
		if c.Warehouse().Engine == warehouse.EngineRedshift {
			b.mistake(s.Pos, label, "sandboxes on Amazon Redshift are not enforced yet")
			continue
		}
		members := sandboxMembers(s, b.inGroup)
		if len(members) == 0 {
			b.warn(s.Pos, "sandbox %s: nobody is a member", s.Name)
		}
		for _, user := range members {
			schema := SandboxSchema(s, user)
			switch other, taken := owner[schema]; {
			case len(schema) > maxSchemaBytes:
				b.mistake(s.Pos, label, "the schema of %s would be %q, which is longer than %d bytes", user, schema, maxSchemaBytes)
				continue
			case strings.HasPrefix(schema, "pg_") || strings.HasPrefix(schema, "postern_"):
				b.mistake(s.Pos, label, "the schema %q has a reserved name", schema)
				continue
			case taken:
				b.mistake(s.Pos, label, "the schema %q would be that of %s and of %s", schema, other, user)
				continue
			}
			owner[schema] = user
			out = append(out, policy.Sandbox{Name: s.Name, Schema: schema, Owner: user})
		}
	}
	for _, t := range snapshot.Tables() {
		if user, found := owner[t.Schema]; found && t.Registered {
			b.mistake(b.posOfSource(c.Name+"."+t.QualifiedName()), "Source "+c.Name+"."+t.QualifiedName(), "the schema is the sandbox of %s, who decides what is in its tables", user)
		}
	}
	return out
}

func (b *builder) posOfSource(name string) policy.Pos {
	for _, s := range b.set.Sources {
		if s.Name == name {
			return s.Pos
		}
	}
	return policy.Pos{}
}

// sandboxSchemas are those that registration makes in a connection's warehouse.
func sandboxSchemas(set *resource.Set, connection string) (out []string) {
	inGroup := groupMembers(set)
	for _, s := range set.Sandboxes {
		if s.Connection != connection {
			continue
		}
		for _, user := range sandboxMembers(s, inGroup) {
			out = append(out, SandboxSchema(s, user))
		}
	}
	return out
}

// groupMembers are the people of each group, by the group's document or their own.
func groupMembers(set *resource.Set) map[string][]string {
	out := map[string][]string{}
	for _, g := range set.Groups {
		out[g.Name] = append(out[g.Name], g.Members...)
	}
	for _, u := range set.Users {
		for _, g := range u.Groups {
			out[g] = append(out[g], u.Name)
		}
	}
	return out
}
