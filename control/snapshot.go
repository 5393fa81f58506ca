package control

import (
	"maps"
	"slices"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/control/resource"
)

// snapshot gives the tables of one crawl what the Source resources say of them. The crawl is not changed: it may serve
// again.
func (b *builder) snapshot(connection string, crawled []*catalog.Table) *catalog.Snapshot {
	tables := make([]*catalog.Table, len(crawled))
	byName := make(map[resource.SourceName]*catalog.Table, len(crawled))
	for i, t := range crawled {
		c := *t
		c.Columns = slices.Clone(t.Columns)
		tables[i] = &c
		byName[resource.SourceName{Connection: connection, Schema: c.Schema, Table: c.Name}] = &c
	}
	for _, s := range b.set.Sources {
		name, err := s.Parts()
		if err != nil || name.Connection != connection {
			continue
		}
		label := "Source " + s.Name
		t, found := byName[name]
		if !found {
			b.mistake(s.Pos, label, "the warehouse has no such table, or the service role's database is another one")
			continue
		}
		b.source(s, label, t)
	}
	snapshot, err := catalog.New(b.version, connection, tables)
	if err != nil {
		b.mistake(posOf(b.set, connection), "Connection "+connection, "%s", err)
	}
	return snapshot
}

func (b *builder) source(s resource.Source, label string, t *catalog.Table) {
	t.Registered = true
	t.Tags = sortedTags(s.Tags)
	for _, column := range slices.Sorted(maps.Keys(s.Columns)) {
		i := slices.IndexFunc(t.Columns, func(c catalog.Column) bool { return c.Name == column })
		if i < 0 {
			b.mistake(s.Pos, label, "the table has no column %q", column)
			continue
		}
		t.Columns[i].Tags = sortedTags(s.Columns[column].Tags)
	}
	old, known := b.publisher.reviews[s.Name]
	b.reviews[s.Name] = review(t, old, known, func(column string) bool { _, named := s.Columns[column]; return named })
	for _, c := range t.Columns {
		if !c.Reviewed {
			b.warn(s.Pos, "column %s of source %s appeared after registration and is hidden until its Source lists it", c.Name, s.Name)
		}
	}
}

func sortedTags(tags []string) []string {
	out := slices.Clone(tags)
	slices.Sort(out)
	return slices.Compact(out)
}
