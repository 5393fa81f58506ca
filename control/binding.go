package control

import (
	"fmt"
	"slices"
	"strings"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/control/resource"
)

// judgement says whether a source still is what its author meant: names lead to objects only as long as object identifiers and column numbers agree.
type judgement struct {
	// held says why nobody may read the source; "" where people may.
	held string
	// other is the object that has the name and is not the source.
	other uint32
	// pin is the object as the source last fitted it; zero where that is not known.
	pin catalog.Shape
	// anew takes the object that has the name now for the source's, columns by name.
	anew bool
	// different are the names of columns that are gone, or are other columns than before.
	different map[string]bool
	// keep leaves the pin as it is although the source is not held: another source's rules read what has changed.
	keep bool
}

// objectsOf are the tables of one crawl, by name and by identifier.
type objectsOf struct {
	connection resource.Connection
	byName     map[resource.SourceName]*catalog.Table
	byOID      map[uint32]*catalog.Table
	// known is what the warehouse had; elsewhere says that it was another database.
	known     KnownWarehouse
	elsewhere bool
}

func (b *builder) objectsOf(c resource.Connection, found crawled) *objectsOf {
	o := &objectsOf{connection: c, byName: make(map[resource.SourceName]*catalog.Table, len(found.tables)), byOID: make(map[uint32]*catalog.Table, len(found.tables))}
	for _, t := range found.tables {
		o.byName[resource.SourceName{Connection: c.Name, Schema: t.Schema, Table: t.Name}] = t
		o.byOID[t.OID] = t
	}
	var seen bool
	o.known, seen = b.known.Warehouses[c.Name]
	o.elsewhere = seen && o.known.Identity != found.identity
	return o
}

// judge looks at every source of a connection.
func (b *builder) judge(c resource.Connection, found crawled) {
	o := b.objectsOf(c, found)
	for _, s := range b.set.Sources {
		name, err := s.Parts()
		if err != nil || name.Connection != c.Name {
			continue
		}
		j := b.judgeSource(s, name, o)
		switch held := b.known.Sources[s.Name].Held; {
		case b.crawls[c.Name].fresh:
		case held != "" && j.held == "":
			j.held = held // what is older than what is known releases nothing
		case held == "" && j.held != "" && b.quick:
			b.mistake(s.Pos, "Source "+s.Name, "the last look at the warehouse is older than the source")
		}
		if reason := b.force[s.Name]; reason != "" && j.held == "" && !j.pin.IsZero() {
			j.held = reason
		}
		if j.held != "" && b.known.Sources[s.Name].Held == "" && !b.crawls[c.Name].fresh {
			b.outdated = true
		}
		b.judged[s.Name] = j
	}
}

// fresh reports that all warehouses were asked for this publication.
func (b *builder) fresh() bool {
	for _, c := range b.crawls {
		if !c.fresh {
			return false
		}
	}
	return true
}

func (b *builder) judgeSource(s resource.Source, name resource.SourceName, o *objectsOf) *judgement {
	known := b.known.Sources[s.Name]
	j := &judgement{pin: known.Pin}
	t, found := o.byName[name]
	switch {
	case known.Pin.IsZero():
		// New, or registered when nothing was kept of objects yet: a table that is not there is a mistake.
	case found && (b.accept[s.Name] || o.elsewhere):
		j.anew = true
	case !found && o.elsewhere:
		j.held = "the connection leads to another database, which has no such table"
	case !found:
		j.held = gone(known.Pin, o)
	case t.OID == known.Pin.OID:
		j.columns(s, t)
	default:
		j.replaced(s, known, t, o)
	}
	return j
}

// gone says what became of a table whose name leads nowhere.
func gone(pin catalog.Shape, o *objectsOf) string {
	if now, there := o.byOID[pin.OID]; there {
		return fmt.Sprintf("the table is %s now", now.QualifiedName())
	}
	return "the table was dropped"
}

// columns compares those that the Source names, and notes all that are different.
func (j *judgement) columns(s resource.Source, t *catalog.Table) {
	j.different = map[string]bool{}
	for _, was := range j.pin.Columns {
		if is, there := t.Column(was.Name); !there || is.Number != was.Number {
			j.different[was.Name] = true
		}
	}
	var changed []string
	for _, name := range s.Named() {
		was, meant := j.pin.Column(name)
		if !meant || !j.different[name] {
			continue
		}
		changed = append(changed, columnFate(was, name, t))
	}
	if len(changed) > 0 {
		j.held = "its Source names columns that have changed: " + strings.Join(changed, "; ")
	}
}

func columnFate(was catalog.ShapeColumn, name string, t *catalog.Table) string {
	i := slices.IndexFunc(t.Columns, func(c catalog.Column) bool { return c.Number == was.Number })
	_, taken := t.Column(name)
	switch {
	case i >= 0 && taken:
		return fmt.Sprintf("%s is %s now, and another column is %s", name, t.Columns[i].Name, name)
	case i >= 0:
		return fmt.Sprintf("%s is %s now", name, t.Columns[i].Name)
	case taken:
		return fmt.Sprintf("%s was dropped, and another column has its name", name)
	}
	return fmt.Sprintf("%s was dropped", name)
}

// replaced looks at another object under the source's name.
func (j *judgement) replaced(s resource.Source, known KnownSource, t *catalog.Table, o *objectsOf) {
	if s.Replacement(o.connection) == resource.ReplacedAccepted {
		j.anew = true
		return
	}
	before, seen := o.known.Objects[t.OID]
	now, there := o.byOID[known.Pin.OID]
	switch {
	case there:
		j.held = fmt.Sprintf("the table is %s now, and another one has its name", now.QualifiedName())
	case seen && before.QualifiedName() != t.QualifiedName():
		j.held = fmt.Sprintf("the table was dropped, and what was %s has its name", before.QualifiedName())
	case known.Other == t.OID:
		j.held = known.Held
	case s.Replacement(o.connection) == resource.ReplacedHeld:
		j.held = "the table was dropped, and another one has its name"
	default:
		j.anew = true
		return
	}
	j.other = t.OID
}

// stand puts what a held source was in place of what has its name, so that the policies that name it still compile.
func (b *builder) stand(s resource.Source, j *judgement, now *catalog.Table) *catalog.Table {
	shape := j.pin
	if b.present && now != nil {
		shape = catalog.ShapeOf(now)
	}
	t := shape.Table()
	if name, err := s.Parts(); err == nil {
		t.Schema, t.Name = name.Schema, name.Table
	}
	return t
}

// bind notes to what a source is bound from now on.
func (b *builder) bind(s resource.Source, j *judgement, t *catalog.Table) {
	known, is := b.known.Sources[s.Name]
	name, err := s.Parts()
	switch {
	case is && (err != nil || !b.crawls[name.Connection].fresh):
		// What it was bound to stays: nobody has looked.
	case j.held != "":
		if known.Held == "" {
			known.Since = b.now.UTC()
		}
		known.Held, known.Other = j.held, j.other
	case j.keep:
		known = KnownSource{Pin: known.Pin}
	default:
		if !known.Pin.Is(t) {
			known.Pin = catalog.ShapeOf(t)
		}
		known = KnownSource{Pin: known.Pin}
	}
	b.bound[s.Name] = known
}
