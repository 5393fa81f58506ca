package control

import (
	"context"
	"time"

	"github.com/posternsql/postern/catalog"
)

// Known is what is known of the objects of all warehouses: tables, views and their like, registered or not. It outlives the process, so that what was
// renamed while no server ran is told apart from what was dropped and made. It is never changed, only replaced.
type Known struct {
	// Mark counts what was stored; what is stored next is based on it.
	Mark int64
	// Warehouses are what was seen last, by connection.
	Warehouses map[string]KnownWarehouse
	// Sources are what registered sources are bound to, by their names.
	Sources map[string]KnownSource
}

// KnownWarehouse is what one warehouse had at the last look.
type KnownWarehouse struct {
	// Identity names the database itself: in another one, object identifiers mean nothing. "" is unknown.
	Identity string
	// SyncedAt is when something of it was stored last.
	SyncedAt time.Time
	// Objects by their identifiers.
	Objects map[uint32]catalog.Shape
}

// KnownSource is the object to which a source is bound.
type KnownSource struct {
	// Pin is the object as it was when the source last fitted it. Its names, numbers and identifier are what the Source resource means.
	Pin catalog.Shape `json:"pin"`
	// Held says why nobody reads the source; "" where people may.
	Held string `json:"held,omitempty"`
	// Other is the identifier of an object that has the source's name and is not the source; 0 for none.
	Other uint32 `json:"other,omitempty"`
	// Since is when it was held.
	Since time.Time `json:"since,omitzero"`
}

// What can become of an object or a source. These are the events of webhooks' topic source, and actions in the list of changes.
const (
	// ObjectNew is an object that was not there before.
	ObjectNew = "new"
	// ObjectChanged has other columns than before.
	ObjectChanged = "changed"
	// ObjectRenamed has another name or schema.
	ObjectRenamed = "renamed"
	// ObjectDropped is gone.
	ObjectDropped = "dropped"
	// ObjectReplaced is gone, and a new one has its name.
	ObjectReplaced = "replaced"
	// WarehouseMoved says that a connection leads to another database than before.
	WarehouseMoved = "moved"
	// SourceHeld and SourceReleased: nobody reads the source any more, and people do again.
	SourceHeld     = "held"
	SourceReleased = "released"
	// SourceDisabled and SourceEnabled are what somebody did.
	SourceDisabled = "disabled"
	SourceEnabled  = "enabled"
)

// ObjectChange is one thing that happened to an object of a warehouse, or to a source by it.
type ObjectChange struct {
	// ID grows with each change.
	ID         int64
	Connection string
	// Schema and Name are what the object is called now, or was when it was dropped.
	Schema, Name string
	// Event is one of the words above.
	Event string
	// Was is the name before, schema.name, of what was renamed.
	Was string
	// Source is the registered source that it concerns, "" for none.
	Source string
	// Detail says more in words.
	Detail string
	At     time.Time
}

// ObjectsSave is what one look at the warehouses changes of what is known, whole or not at all.
type ObjectsSave struct {
	// Base is the mark of what was read; any other makes it ErrMoved.
	Base int64
	// Identities of warehouses that were looked at and are new or changed, by connection. Put and Gone are objects of those connections; a warehouse in
	// Anew is forgotten first.
	Identities map[string]string
	Anew       map[string]bool
	Put        map[string][]catalog.Shape
	Gone       map[string][]uint32
	// Forgotten are connections that there are no more.
	Forgotten []string
	// Sources are put in place of those of their names; Unbound are forgotten.
	Sources map[string]KnownSource
	Unbound []string
	Changes []ObjectChange
	At      time.Time
	// Notices go to the queues of webhooks in the same transaction.
	Notices []Notice
	// Before is called last; an error undoes everything. The changes are put on record here.
	Before func(ctx context.Context) error
}

// empty reports that there is nothing to store.
func (s *ObjectsSave) empty() bool {
	return len(s.Identities)+len(s.Put)+len(s.Gone)+len(s.Forgotten)+len(s.Sources)+len(s.Unbound)+len(s.Changes) == 0
}

// ObjectQuery says which changes are wanted.
type ObjectQuery struct {
	// Connection, "" for all.
	Connection string
	// After this ID; 0 for all.
	After int64
	// Limit of how many, the newest.
	Limit int
}

// ObjectStore keeps what is known of objects.
type ObjectStore interface {
	// KnownMark is the mark alone.
	KnownMark(ctx context.Context) (int64, error)
	// Known reads all.
	Known(ctx context.Context) (*Known, error)
	// SaveObjects changes it, and returns the new mark.
	SaveObjects(ctx context.Context, s ObjectsSave) (int64, error)
	// ObjectChanges are the newest, the newest first.
	ObjectChanges(ctx context.Context, q ObjectQuery) ([]ObjectChange, error)
}
