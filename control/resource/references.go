package resource

import (
	"maps"
	"slices"
	"strings"

	"github.com/posternsql/postern/policy"
)

// references finds what leads nowhere and what is there twice, across resources.
func (l *loader) references() {
	l.sourceReferences()
	l.userNames()
	l.groupMembers()
	l.declaredTags()
	l.purposes()
	l.connectionReferences()
}

// purposes finds purposes that are not there, and those that stand within themselves.
func (l *loader) purposes() {
	within := map[string]string{}
	for _, p := range l.set.Purposes {
		within[p.Name] = p.Within
	}
	for _, p := range l.set.Purposes {
		label := "Purpose " + printable(p.Name)
		if _, found := within[p.Within]; p.Within != "" && !found {
			l.c.add(p.Pos, label, "there is no Purpose %q", clip(p.Within))
		}
		if cycle := cycleOf(within, p.Name); cycle != "" {
			l.c.add(p.Pos, label, "it stands within itself: %s", cycle)
		}
	}
	for _, p := range l.set.DataPolicies {
		for _, r := range p.Rules {
			if r.Purposes == nil {
				continue
			}
			for _, name := range slices.Concat(r.Purposes.Any, r.Purposes.All) {
				if _, found := within[name]; !found {
					l.c.add(r.Pos, "DataPolicy "+printable(p.Name), "there is no Purpose %q", clip(name))
				}
			}
		}
	}
	for _, p := range l.set.Projects {
		for _, name := range p.Purposes {
			if _, found := within[name]; !found {
				l.c.add(p.Pos, "Project "+printable(p.Name), "there is no Purpose %q", clip(name))
			}
		}
	}
}

// cycleOf names the way from a purpose back to itself, "" if there is none.
func cycleOf(within map[string]string, name string) string {
	way := []string{printable(name)}
	// A walk that is longer than there are purposes has come round elsewhere.
	for at := within[name]; at != "" && len(way) <= len(within); at = within[at] {
		way = append(way, printable(at))
		if at == name {
			return strings.Join(way, " within ")
		}
	}
	return ""
}

// connectionReferences finds what is said of connections that are not there.
func (l *loader) connectionReferences() {
	known := map[string]bool{}
	for _, c := range l.set.Connections {
		known[c.Name] = true
	}
	check := func(pos policy.Pos, kind, name, connection string) {
		if !known[connection] {
			l.c.add(pos, kind+" "+printable(name), "there is no Connection %q", clip(connection))
		}
	}
	for _, r := range l.set.FunctionAllowLists {
		check(r.Pos, "FunctionAllowList", r.Name, r.Connection)
	}
	for _, r := range l.set.Sandboxes {
		check(r.Pos, "Sandbox", r.Name, r.Connection)
	}
	for _, r := range l.set.PushSettings {
		check(r.Pos, "PushSettings", r.Name, r.Connection)
	}
	for _, r := range l.set.IdentityMappings {
		check(r.Pos, "IdentityMapping", r.Name, r.Connection)
	}
}

// sourceReferences finds sources of connections that are not there, and tables that are registered twice.
func (l *loader) sourceReferences() {
	known := map[string]bool{}
	for _, c := range l.set.Connections {
		known[c.Name] = true
	}
	sources := map[SourceName]policy.Pos{}
	for _, s := range l.set.Sources {
		label := "Source " + printable(s.Name)
		name, err := s.Parts()
		if err != nil {
			continue
		}
		if !known[name.Connection] {
			l.c.add(s.Pos, label, "there is no Connection %q", name.Connection)
		}
		// Two spellings, quoted and not, can name one table.
		if first, dup := sources[name]; dup {
			l.c.add(s.Pos, label, "the same table is already registered at %s", first)
		}
		sources[name] = s.Pos
	}
}

// userNames refuses names that differ in case only: people would be taken for each other.
func (l *loader) userNames() {
	names := map[string]string{}
	for _, u := range l.set.Users {
		folded := strings.ToLower(u.Name)
		if other, dup := names[folded]; dup {
			l.c.add(u.Pos, "User "+printable(u.Name), "the name differs from that of User %s in case only", printable(other))
		}
		names[folded] = u.Name
	}
}

func (l *loader) groupMembers() {
	users := make(map[string]bool, len(l.set.Users))
	for _, u := range l.set.Users {
		users[u.Name] = true
	}
	check := func(pos policy.Pos, label string, names []string) {
		for _, m := range names {
			if !users[m] {
				l.c.add(pos, label, "there is no User %q", clip(m))
			}
		}
	}
	for _, g := range l.set.Groups {
		check(g.Pos, "Group "+printable(g.Name), slices.Concat(g.Members, g.Impersonate.Users))
	}
	for _, u := range l.set.Users {
		check(u.Pos, "User "+printable(u.Name), u.Impersonate.Users)
	}
	for _, p := range l.set.Projects {
		check(p.Pos, "Project "+printable(p.Name), p.Members.Users)
	}
}

// declaredTags holds a set that declares tags to its declarations.
func (l *loader) declaredTags() {
	if len(l.set.Tags) == 0 {
		return
	}
	declared := map[string]bool{}
	for _, t := range l.set.Tags {
		declared[t.Name] = true
	}
	check := func(pos policy.Pos, label string, tags []string) {
		for _, tag := range tags {
			if !covered(declared, tag) {
				l.c.add(pos, label, "the tag %q is not declared, while other tags are", clip(tag))
			}
		}
	}
	for _, s := range l.set.Sources {
		label := "Source " + printable(s.Name)
		check(s.Pos, label, s.Tags)
		for _, column := range slices.Sorted(maps.Keys(s.Columns)) {
			check(s.Pos, label, s.Columns[column].Tags)
		}
	}
	for _, p := range l.set.Subscriptions {
		check(p.Pos, "SubscriptionPolicy "+printable(p.Name), slices.Concat(p.On.Tags, p.On.ColumnTags))
	}
	for _, p := range l.set.DataPolicies {
		label := "DataPolicy " + printable(p.Name)
		check(p.Pos, label, slices.Concat(p.On.Tags, p.On.ColumnTags))
		for _, r := range p.Rules {
			if r.Mask != nil {
				check(r.Pos, label, r.Mask.ColumnTags)
			}
		}
	}
}

// covered reports that the tag or one above it is declared.
func covered(declared map[string]bool, tag string) bool {
	for {
		if declared[tag] {
			return true
		}
		dot := strings.LastIndexByte(tag, '.')
		if dot < 0 {
			return false
		}
		tag = tag[:dot]
	}
}
