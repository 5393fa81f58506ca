package control

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/warehouse"
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
		j := b.judged[s.Name]
		if j.held != "" {
			tables = b.hold(s, label, j, tables, t)
			continue
		}
		if !found {
			b.missing = append(b.missing, name.Schema+"."+name.Table)
			b.mistake(s.Pos, label, "the warehouse has no such table, or the service role's database is another one")
			continue
		}
		b.source(s, label, t)
		b.bind(s, j, t)
	}
	snapshot, err := catalog.New(b.version, connection, tables)
	if err != nil {
		b.mistake(posOf(b.set, connection), "Connection "+connection, "%s", err)
	}
	return snapshot
}

// hold has what a held source was stand under its name, denied to all. What was reviewed of it stays as it is.
func (b *builder) hold(s resource.Source, label string, j *judgement, tables []*catalog.Table, now *catalog.Table) []*catalog.Table {
	t := b.stand(s, j, now)
	t.Registered, t.Held = true, true
	b.guard(s, t, "held source ")
	b.describe(s, label, t, func(format string, args ...any) { b.warn(s.Pos, label+": "+format, args...) })
	for i := range t.Columns {
		t.Columns[i].Reviewed = true // nobody sees any of them
	}
	if old, known := b.publisher.reviews[s.Name]; known {
		b.reviews[s.Name] = old
	}
	b.held++
	b.bind(s, j, nil)
	b.warn(s.Pos, "source %s is held, and nobody reads it: %s", s.Name, j.held)
	if i := slices.Index(tables, now); now != nil && i >= 0 {
		tables[i] = t
		return tables
	}
	return append(tables, t)
}

func (b *builder) source(s resource.Source, label string, t *catalog.Table) {
	t.Registered = true
	if !s.IsEnabled() {
		b.guard(s, t, "disabled source ")
	}
	b.describe(s, label, t, func(format string, args ...any) { b.mistake(s.Pos, label, format, args...) })
	old, known := b.publisher.reviews[s.Name]
	if b.judged[s.Name].anew {
		old.OID = 0 // by name, also where the identifier happens to be the same
	}
	b.reviews[s.Name] = review(t, old, known, func(column string) bool { _, named := s.Columns[column]; return named })
	for _, c := range t.Columns {
		if !c.Reviewed {
			b.warn(s.Pos, "column %s of source %s appeared after registration and is hidden until its Source lists it", c.Name, s.Name)
		}
	}
}

// describe gives a table what its Source says of it.
func (b *builder) describe(s resource.Source, label string, t *catalog.Table, mistake func(format string, args ...any)) {
	t.Tags = sortedTags(s.Tags)
	t.LatencyTolerance = time.Duration(s.LatencyTolerance) * time.Second
	for _, column := range s.Named() {
		i := slices.IndexFunc(t.Columns, func(c catalog.Column) bool { return c.Name == column })
		if i < 0 {
			mistake("the table has no column %q", column)
			continue
		}
		t.Columns[i].Tags = sortedTags(s.Columns[column].Tags)
		t.Columns[i].WriteMasked = s.Columns[column].WriteMasked
		switch p := s.Columns[column].Predicates; p {
		case "", resource.PredicatesMasked:
		case resource.PredicatesRefused:
			t.Columns[i].PredicatesRefused = true
		case resource.PredicatesRawEquality:
			b.rawEquality(s, label, &t.Columns[i])
		default:
			mistake("column %s: predicates %q is unknown", column, p)
		}
	}
	t.Key, t.EventTime = slices.Clone(s.Key), s.EventTime
}

// rawEquality opens a column to look-ups, where the warehouse is known to compare without fail.
func (b *builder) rawEquality(s resource.Source, label string, c *catalog.Column) {
	name, err := s.Parts()
	redshift := slices.ContainsFunc(b.set.Connections, func(of resource.Connection) bool {
		return of.Name == name.Connection && of.Warehouse().Engine == warehouse.EngineRedshift
	})
	if err == nil && redshift {
		err = errors.New("Amazon Redshift documents nothing that keeps a comparison from rows that are hidden")
	}
	if err == nil {
		err = policy.RawEquality(*c)
	}
	if err != nil {
		b.mistake(s.Pos, label, "column %s: predicates %s: %s", c.Name, resource.PredicatesRawEquality, err)
		return
	}
	c.RawEquality = true
}

// guard denies a source to all and leaves it registered, so that policies that name it still compile: who takes a source
// out of service in a hurry should not have to edit them first. A name that no pattern can say is not registered.
func (b *builder) guard(s resource.Source, t *catalog.Table, why string) {
	name, err := s.Parts()
	if err != nil || strings.ContainsAny(name.Schema+name.Table, ".*") {
		t.Registered = false
		return
	}
	b.guardrails = append(b.guardrails, policy.SubscriptionPolicy{
		Pos: s.Pos, Name: why + name.String(), On: policy.Selector{Tables: []string{name.String()}},
		Access: policy.AccessRead, Effect: policy.SubscriptionGuardrail, Allow: policy.Allow{When: "false"},
	})
}

func sortedTags(tags []string) []string {
	out := slices.Clone(tags)
	slices.Sort(out)
	return slices.Compact(out)
}
