package control

import (
	"maps"
	"slices"
	"strings"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/policy"
)

// derived checks what is made of other sources: a materialized view holds copies of values, which the policies on its tables do not
// reach. So it must carry the tags of the columns that it reads, as far as a mask acts on them, or its Source must declassify them.
// A plain view holds nothing; it is read with the policies of its tables, and warned about where it cannot be read.
func (b *builder) derived(connection string, snapshot *catalog.Snapshot) {
	byOID := map[uint32]*catalog.Table{}
	for _, t := range snapshot.Tables() {
		byOID[t.OID] = t
	}
	for _, s := range b.set.Sources {
		name, err := s.Parts()
		if err != nil || name.Connection != connection {
			continue
		}
		t, ok := snapshot.Table(name.Schema, name.Table)
		if !ok || t.Kind != catalog.KindMaterializedView {
			continue
		}
		tags := map[string]string{}
		gatherTags(t, byOID, tags, map[uint32]bool{})
		for _, tag := range slices.Sorted(maps.Keys(tags)) {
			if b.masked(tag) && !carries(t, tag) && !slices.ContainsFunc(s.Declassified, func(d string) bool { return covered(d, tag) }) {
				b.mistake(s.Pos, "Source "+s.Name, "the materialized view reads %s, which has the tag %s, and none of its columns has: tag the "+
					"column that holds the values, or list the tag under declassified", tags[tag], tag)
			}
		}
	}
}

// gatherTags collects the tags of the columns that a view's query names, through plain views below it. The value says which column.
func gatherTags(t *catalog.Table, byOID map[uint32]*catalog.Table, tags map[string]string, seen map[uint32]bool) {
	for _, ref := range t.Reads {
		base := byOID[ref.OID]
		if base == nil {
			continue
		}
		if base.Kind == catalog.KindView && !seen[base.OID] {
			seen[base.OID] = true
			gatherTags(base, byOID, tags, seen)
		}
		for _, c := range base.Columns {
			if !slices.Contains(ref.Columns, c.Number) {
				continue
			}
			for _, tag := range c.Tags {
				tags[tag] = base.QualifiedName() + "." + c.Name
			}
		}
	}
}

// masked reports whether a mask in force acts on columns with the tag.
func (b *builder) masked(tag string) bool {
	return slices.ContainsFunc(b.set.DataPolicies, func(p policy.DataPolicy) bool {
		return !p.Staged && slices.ContainsFunc(p.Rules, func(r policy.Rule) bool {
			return r.Mask != nil && slices.ContainsFunc(r.Mask.ColumnTags, func(on string) bool { return covered(on, tag) })
		})
	})
}

// carries reports whether a column has the tag, or a deeper one.
func carries(t *catalog.Table, tag string) bool {
	return slices.ContainsFunc(t.Columns, func(c catalog.Column) bool {
		return slices.ContainsFunc(c.Tags, func(have string) bool { return covered(tag, have) })
	})
}

// covered reports whether what is said of one tag holds for the other: `PII` covers `PII.Phone`.
func covered(tag, have string) bool { return have == tag || strings.HasPrefix(have, tag+".") }

// unreadable warns about plain views that nobody can read.
func (b *builder) unreadable(c resource.Connection, program *policy.Program) {
	if b.publisher.config.UnreadableViews == nil {
		return
	}
	found := b.publisher.config.UnreadableViews(program)
	for _, s := range b.set.Sources {
		name, err := s.Parts()
		if err != nil || name.Connection != c.Name {
			continue
		}
		if t, ok := program.Snapshot().Table(name.Schema, name.Table); ok && found[t] != "" {
			b.warn(s.Pos, "view %s cannot be read through the proxy: %s", s.Name, found[t])
		}
	}
}
