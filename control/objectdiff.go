package control

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/control/resource"
)

// save is what a publication changes of what is known, with what is to be told of it.
func (b *builder) save() ObjectsSave {
	s := ObjectsSave{
		Base: b.known.Mark, At: b.now.UTC(), Identities: map[string]string{}, Anew: map[string]bool{}, Put: map[string][]catalog.Shape{}, Gone: map[string][]uint32{},
		Sources: map[string]KnownSource{},
	}
	for _, connection := range slices.Sorted(maps.Keys(b.crawls)) {
		if c := b.crawls[connection]; c.fresh {
			b.saveWarehouse(&s, connection, c.crawled)
		}
	}
	for _, connection := range slices.Sorted(maps.Keys(b.known.Warehouses)) {
		if !slices.ContainsFunc(b.set.Connections, func(c resource.Connection) bool { return c.Name == connection }) {
			s.Forgotten = append(s.Forgotten, connection)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b.bound)) {
		b.saveSource(&s, name)
	}
	for _, name := range slices.Sorted(maps.Keys(b.known.Sources)) {
		if _, still := b.bound[name]; !still {
			s.Unbound = append(s.Unbound, name)
		}
	}
	s.Notices = objectNotices(s.Changes)
	return s
}

// saveWarehouse compares one crawl with what was known.
func (b *builder) saveWarehouse(s *ObjectsSave, connection string, found crawled) {
	was, seen := b.known.Warehouses[connection]
	if !seen || was.Identity != found.identity {
		s.Identities[connection], s.Anew[connection] = found.identity, true
		for _, t := range found.tables {
			s.Put[connection] = append(s.Put[connection], catalog.ShapeOf(t))
		}
		if seen {
			s.Changes = append(s.Changes, ObjectChange{
				Connection: connection, Event: WarehouseMoved, At: s.At,
				Detail: fmt.Sprintf("the connection leads to another database, of %d objects: its sources are found by their names", len(found.tables)),
			})
		}
		return
	}
	d := differ{save: s, connection: connection, was: was, sources: b.sourcesByOID(connection), names: b.sourcesByName(connection)}
	d.compare(found.tables)
}

// sourcesByOID has the sources of a connection by the object to which they were bound.
func (b *builder) sourcesByOID(connection string) map[uint32]string {
	out := map[uint32]string{}
	for name, known := range b.known.Sources {
		if parts, err := resource.ParseSourceName(name); err == nil && parts.Connection == connection {
			out[known.Pin.OID] = name
		}
	}
	return out
}

func (b *builder) sourcesByName(connection string) map[string]string {
	out := map[string]string{}
	for _, s := range b.set.Sources {
		if parts, err := s.Parts(); err == nil && parts.Connection == connection {
			out[parts.Schema+"."+parts.Table] = s.Name
		}
	}
	return out
}

// differ finds what became of the objects of one warehouse.
type differ struct {
	save       *ObjectsSave
	connection string
	was        KnownWarehouse
	// sources by the identifier of their object, and by schema.name.
	sources map[uint32]string
	names   map[string]string
}

func (d *differ) compare(tables []*catalog.Table) {
	now := make(map[uint32]bool, len(tables))
	for _, t := range tables {
		now[t.OID] = true
	}
	gone := map[string]catalog.Shape{}
	for _, oid := range slices.Sorted(maps.Keys(d.was.Objects)) {
		if !now[oid] {
			d.save.Gone[d.connection] = append(d.save.Gone[d.connection], oid)
			gone[d.was.Objects[oid].QualifiedName()] = d.was.Objects[oid]
		}
	}
	for _, t := range tables {
		was, known := d.was.Objects[t.OID]
		if known && was.Is(t) {
			continue
		}
		is := catalog.ShapeOf(t)
		d.save.Put[d.connection] = append(d.save.Put[d.connection], is)
		old, taken := gone[is.QualifiedName()]
		switch {
		case known:
			d.changed(was, is)
		case taken:
			delete(gone, is.QualifiedName())
			d.add(is, ObjectReplaced, "", d.sources[old.OID], "dropped and made again: "+cmp.Or(byName(old).ChangedColumns(byName(is)), "the same columns"))
		default:
			d.add(is, ObjectNew, "", d.names[is.QualifiedName()], fmt.Sprintf("%s of %d columns", is.Kind.String(), len(is.Columns)))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(gone)) {
		d.add(gone[name], ObjectDropped, "", d.sources[gone[name].OID], "")
	}
}

// changed tells what is different of one object.
func (d *differ) changed(was, is catalog.Shape) {
	if was.QualifiedName() != is.QualifiedName() {
		d.add(is, ObjectRenamed, was.QualifiedName(), d.sources[is.OID], "was "+was.QualifiedName())
	}
	if columns := was.ChangedColumns(is); columns != "" {
		d.add(is, ObjectChanged, "", d.sources[is.OID], columns)
	}
}

// byName numbers columns by their names, for comparing two objects that have nothing else in common.
func byName(s catalog.Shape) catalog.Shape {
	s.Columns = slices.Clone(s.Columns)
	slices.SortFunc(s.Columns, func(a, b catalog.ShapeColumn) int { return cmp.Compare(a.Name, b.Name) })
	return s
}

func (d *differ) add(of catalog.Shape, event, was, source, detail string) {
	d.save.Changes = append(d.save.Changes, ObjectChange{
		Connection: d.connection, Schema: of.Schema, Name: of.Name, Event: event, Was: was, Source: source, Detail: detail, At: d.save.At,
	})
}

// saveSource notes what is different of one source.
func (b *builder) saveSource(s *ObjectsSave, name string) {
	was, is := b.known.Sources[name], b.bound[name]
	if sameSource(was, is) {
		return
	}
	s.Sources[name] = is
	parts, err := resource.ParseSourceName(name)
	if err != nil || (was.Held == "") == (is.Held == "") {
		return
	}
	c := ObjectChange{Connection: parts.Connection, Schema: parts.Schema, Name: parts.Table, Event: SourceHeld, Source: name, Detail: is.Held, At: s.At}
	if is.Held == "" {
		c.Event, c.Detail = SourceReleased, "it fits again"
		if b.accept[name] {
			c.Detail = "somebody has accepted it"
		}
	}
	s.Changes = append(s.Changes, c)
}

func sameSource(a, b KnownSource) bool {
	return a.Held == b.Held && a.Other == b.Other && a.Since.Equal(b.Since) && a.Pin.OID == b.Pin.OID && a.Pin.Is(withOID(b.Pin))
}

func withOID(s catalog.Shape) *catalog.Table {
	t := s.Table()
	t.OID = s.OID
	return t
}

// next is what is known once a save is made.
func (k *Known) next(s ObjectsSave, mark int64) *Known {
	out := &Known{Mark: mark, Warehouses: maps.Clone(k.Warehouses), Sources: maps.Clone(k.Sources)}
	for _, connection := range s.Forgotten {
		delete(out.Warehouses, connection)
	}
	touched := map[string]bool{}
	for _, group := range []map[string]bool{keys(s.Identities), keys(s.Put), keys(s.Gone)} {
		maps.Copy(touched, group)
	}
	for connection := range touched {
		w := out.Warehouses[connection]
		if s.Anew[connection] || w.Objects == nil {
			w.Objects = map[uint32]catalog.Shape{}
		} else {
			w.Objects = maps.Clone(w.Objects)
		}
		if identity, given := s.Identities[connection]; given {
			w.Identity = identity
		}
		for _, oid := range s.Gone[connection] {
			delete(w.Objects, oid)
		}
		for _, shape := range s.Put[connection] {
			w.Objects[shape.OID] = shape
		}
		w.SyncedAt = s.At
		out.Warehouses[connection] = w
	}
	maps.Copy(out.Sources, s.Sources)
	for _, name := range s.Unbound {
		delete(out.Sources, name)
	}
	return out
}

func keys[V any](m map[string]V) map[string]bool {
	out := make(map[string]bool, len(m))
	for k := range m {
		out[k] = true
	}
	return out
}

// syncAuthor stands where nobody but the warehouse's own people did something.
const syncAuthor = "object sync"

// maxObjectNotices bounds what webhooks are told of one look; the rest is one notice.
const maxObjectNotices = 200

// objectNotices are what webhooks are told.
func objectNotices(changes []ObjectChange) (out []Notice) {
	for i, c := range changes {
		if len(out) == maxObjectNotices {
			return append(out, Notice{
				Topic: "source", Event: ObjectChanged, Kind: "Object", Name: c.Connection, Author: syncAuthor, At: c.At,
				Detail: fmt.Sprintf("and %d more: see postern objects changes", len(changes)-i),
			})
		}
		out = append(out, Notice{Topic: "source", Event: c.Event, Kind: c.kind(), Name: c.object(), Detail: c.Detail, Author: syncAuthor, At: c.At})
	}
	return out
}

// kind is what the change happened to.
func (c ObjectChange) kind() string {
	switch c.Event {
	case SourceHeld, SourceReleased, SourceDisabled, SourceEnabled:
		return "Source"
	case WarehouseMoved:
		return "Connection"
	}
	return "Object"
}

// object is its name.
func (c ObjectChange) object() string {
	switch c.kind() {
	case "Source":
		return c.Source
	case "Connection":
		return c.Connection
	}
	return c.Connection + "." + c.Schema + "." + c.Name
}

// String says it in words.
func (c ObjectChange) String() string {
	return strings.TrimSuffix(c.kind()+" "+c.object()+" "+c.Event+": "+c.Detail, ": ")
}

// objectsRecord is what the audit log is told; false where there is nothing to tell.
func objectsRecord(s ObjectsSave) (audit.Event, bool) {
	e := audit.Event{Kind: audit.Admin, Time: time.Now().UTC(), Login: syncAuthor, Action: "objects.sync"}
	var parts []string
	for _, connection := range slices.Sorted(maps.Keys(s.Identities)) {
		parts = append(parts, fmt.Sprintf("connection %s: %d objects found", connection, len(s.Put[connection])))
	}
	for i, c := range s.Changes {
		if i == maxSummary {
			parts = append(parts, fmt.Sprintf("and %d more", len(s.Changes)-i))
			break
		}
		parts = append(parts, c.String())
	}
	e.Detail = strings.Join(parts, "\n")
	if len(s.Changes) == 1 {
		e.Target = s.Changes[0].object()
	}
	return e, len(parts) > 0
}
