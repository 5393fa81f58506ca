package control

import (
	"fmt"
	"maps"
	"slices"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/policy/expr"
)

// taint holds the sources whose rules read something else than their authors meant: a column that was renamed, dropped or made again, or a table that is
// held. Whoever is held for that alone still is the right table for the rules of others. It reports whether there are any.
func (b *builder) taint(connection string, program *policy.Program) bool {
	sources := map[expr.Name]string{}
	for _, s := range b.set.Sources {
		if name, err := s.Parts(); err == nil && name.Connection == connection {
			sources[expr.Name{Schema: name.Schema, Name: name.Table}] = s.Name
		}
	}
	l := tainter{builder: b, sources: sources, reasons: map[string]string{}}
	for _, d := range program.Samples() {
		l.decision(&d)
	}
	for _, t := range program.Trials() {
		l.decision(&t.Bound)
	}
	for _, name := range slices.Sorted(maps.Keys(l.reasons)) {
		b.judged[name].held = l.reasons[name]
	}
	return len(l.reasons) > 0
}

// tainter looks through rules.
type tainter struct {
	builder *builder
	sources map[expr.Name]string
	reasons map[string]string
}

func nameOf(t *catalog.Table) expr.Name { return expr.Name{Schema: t.Schema, Name: t.Name} }

func (l *tainter) decision(d *policy.Decision) {
	of := l.sources[nameOf(d.Table)]
	if j := l.builder.judged[of]; j == nil || j.held != "" {
		return
	}
	l.rule(of, d.Table, d.Filter)
	for _, c := range d.Columns {
		l.rule(of, d.Table, c.Mask)
	}
}

func (l *tainter) rule(of string, t *catalog.Table, rule expr.Expr) {
	if rule == nil {
		return
	}
	from := map[string][]expr.Name{"": {nameOf(t)}}
	expr.Walk(rule, func(e expr.Expr) {
		if in, ok := e.(expr.InSelect); ok && in.Query != nil {
			for _, r := range in.Query.From {
				from[r.Alias] = append(from[r.Alias], r.Table)
				l.reads(of, r.Table)
			}
		}
	})
	expr.Walk(rule, func(e expr.Expr) {
		if c, ok := e.(expr.Column); ok {
			l.column(of, from[c.Relation], c.Name)
		}
		if count, ok := e.(expr.CountOver); ok {
			for _, c := range count.By {
				l.column(of, from[c.Relation], c.Name)
			}
		}
	})
}

// reads notes a rule that looks something up in a held table.
func (l *tainter) reads(of string, table expr.Name) {
	name := l.sources[table]
	if j := l.builder.judged[name]; j != nil && j.held != "" {
		l.reasons[of] = fmt.Sprintf("its rules read %s, which is held", name)
	}
}

// column notes a rule that reads a column which is not what it was.
func (l *tainter) column(of string, tables []expr.Name, column string) {
	for _, table := range tables {
		name := l.sources[table]
		j := l.builder.judged[name]
		if j == nil || !j.different[column] {
			continue
		}
		l.reasons[of] = fmt.Sprintf("its rules read column %s of %s, which is not the column that it was", column, name)
		j.keep = name != of
	}
}

// changedSources are those that are not held and whose table is not as it was when they last fitted.
func (b *builder) changedSources() (out []string) {
	for _, s := range b.set.Sources {
		j := b.judged[s.Name]
		if j == nil || j.held != "" || j.pin.IsZero() || j.anew && b.accept[s.Name] {
			continue
		}
		if !b.same(s, j) {
			out = append(out, s.Name)
		}
	}
	return out
}

// same reports that a source's table is as it was when the source last fitted it.
func (b *builder) same(s resource.Source, j *judgement) bool {
	name, err := s.Parts()
	if err != nil {
		return true
	}
	for _, t := range b.crawls[name.Connection].crawled.tables {
		if t.Schema == name.Schema && t.Name == name.Table {
			return j.pin.Is(t)
		}
	}
	return false
}
