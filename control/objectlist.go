package control

import (
	"cmp"
	"slices"
	"time"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/control/resource"
)

// The states of an object.
const (
	// ObjectServed is a source that people may read as the policies say.
	ObjectServed = "served"
	// ObjectDisabled is a source out of service.
	ObjectDisabled = "disabled"
	// ObjectHeld is a source that nobody reads until somebody has looked.
	ObjectHeld = "held"
	// ObjectUnregistered is no source: it is as good as not there.
	ObjectUnregistered = "unregistered"
)

// ObjectState is one table, view or their like, and what Postern makes of it.
type ObjectState struct {
	Connection, Schema, Name string
	// Kind in words; of a source that is held, what it was.
	Kind string
	// State is one of the words above.
	State string
	// Source and Owner are what the Source resource says; "" where there is none.
	Source, Owner string
	// Held says why, and Since when.
	Held  string
	Since time.Time
	// Columns counts them, and Hidden names those of a source that nobody has reviewed.
	Columns int
	Hidden  []string
}

// Objects lists what the warehouses have, sorted by name. A held source stands there under its own name; what has the name now does not.
func (g *Generation) Objects() (out []ObjectState) {
	if g == nil {
		return nil
	}
	sources := make(map[resource.SourceName]resource.Source, len(g.set.Sources))
	for _, s := range g.set.Sources {
		if name, err := s.Parts(); err == nil {
			sources[name] = s
		}
	}
	for _, connection := range g.Connections() {
		for _, t := range g.connections[connection].program.Snapshot().Tables() {
			s, registered := sources[resource.SourceName{Connection: connection, Schema: t.Schema, Table: t.Name}]
			out = append(out, g.object(connection, t, s, registered))
		}
	}
	slices.SortStableFunc(out, func(a, b ObjectState) int {
		return cmp.Or(cmp.Compare(a.Connection, b.Connection), cmp.Compare(a.Schema, b.Schema), cmp.Compare(a.Name, b.Name))
	})
	return out
}

func (g *Generation) object(connection string, t *catalog.Table, s resource.Source, registered bool) ObjectState {
	o := ObjectState{Connection: connection, Schema: t.Schema, Name: t.Name, Kind: t.Kind.String(), State: ObjectUnregistered, Columns: len(t.Columns)}
	if !registered {
		return o
	}
	o.State, o.Source, o.Owner = ObjectServed, s.Name, s.Owner
	for i := range t.Columns {
		if !t.Columns[i].Reviewed {
			o.Hidden = append(o.Hidden, t.Columns[i].Name)
		}
	}
	bound := g.bound[s.Name]
	switch {
	case bound.Held != "":
		o.State, o.Held, o.Since = ObjectHeld, bound.Held, bound.Since
	case !s.IsEnabled():
		o.State = ObjectDisabled
	}
	return o
}

// Objects lists what the warehouses have, as it is in force.
func (p *Publisher) Objects() []ObjectState { return p.Current().Objects() }

// enabledIn reports whether the text of a Source leaves it in service.
func enabledIn(text string) bool {
	docs, err := resource.ReadDocuments(storedFile, []byte(text))
	if err != nil || len(docs) != 1 {
		return true
	}
	var enabled bool
	return !docs[0].Has("enabled") || docs[0].Decode("enabled", &enabled) != nil || enabled
}
