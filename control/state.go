package control

import (
	"context"
	"errors"
	"time"
)

// Stored is all resources that are stored, at one revision.
type Stored struct {
	// Revision counts changes; 0 is a state in which nothing was stored yet.
	Revision int64
	// Resources are the current ones, sorted by kind and name.
	Resources []StoredResource
	// Files are the resources that files of a server own, as they were put on record last, sorted in the same way. They are kept for their history: what
	// is in force is what the files hold.
	Files []StoredResource
}

// StoredResource is one version of one resource.
type StoredResource struct {
	Kind, Name string
	// Version counts this resource's versions from 1, deletions included.
	Version int64
	// Revision that made it.
	Revision int64
	// Set is the name under which it was applied, "" for none.
	Set string
	// Text is the YAML document; empty for a version that is a deletion.
	Text string
	// File is the file of a server that has it, or had it before this deletion; "" for what is stored by itself.
	File string
	// Deleted marks a version that is a deletion.
	Deleted bool
	Author  string
	At      time.Time
}

// Key is what no two resources share.
func (r StoredResource) Key() string { return r.Kind + "/" + r.Name }

// RevisionInfo says of one revision who made it.
type RevisionInfo struct {
	Revision int64
	Author   string
	// Action is what made it, such as resource.apply.
	Action string
	At     time.Time
	// Changes counts the resources that it changed.
	Changes int
}

// ErrMoved says that somebody else has changed the state since the revision on which a commit is based.
var ErrMoved = errors.New("the state has changed in the meantime")

// ErrNoVersion says that there is no such resource, version or revision.
var ErrNoVersion = errors.New("there is no such version")

// Commit is one change of what is stored, whole or not at all.
type Commit struct {
	// Base is the revision that was read; any other makes it ErrMoved.
	Base int64
	// Author and Action stand with the revision.
	Author, Action string
	At             time.Time
	// Writes are new versions. Their Version, Revision, Author and At are filled in by the store.
	Writes []StoredResource
	// Notices go to the queues of webhooks in the same transaction.
	Notices []Notice
	// Before is called last, with the number that the revision will have; an error undoes everything. The change is put on record here.
	Before func(ctx context.Context, revision int64) error
}

// ResourceStore keeps every version of every resource.
type ResourceStore interface {
	// Stored reads the current resources.
	Stored(ctx context.Context) (Stored, error)
	// Marks are read without reading what they count.
	Marks(ctx context.Context) (Marks, error)
	// Commit adds a revision, and returns its number. After an error other than ErrMoved, and one of Before, it may have taken place all the
	// same: what is stored has to be read again.
	Commit(ctx context.Context, c Commit) (int64, error)
}

// HistoryStore tells of what was.
type HistoryStore interface {
	// Versions of one resource, the newest first.
	Versions(ctx context.Context, kind, name string) ([]StoredResource, error)
	// At is all that was stored at a revision; what files held is left out.
	At(ctx context.Context, revision int64) (Stored, error)
	// Revisions are the newest, at most limit of them.
	Revisions(ctx context.Context, limit int) ([]RevisionInfo, error)
}

// Marks count the changes of what several servers share.
type Marks struct {
	// Revision of the resources.
	Revision int64
	// People counts changes of standings, Requests those of requests, Objects those of what is known of warehouses.
	People, Requests, Objects int64
}

// Notice is something that webhooks tell.
type Notice struct {
	// Topic is source, policy, person, approval or drift.
	Topic string
	// Event is what happened, such as created or renamed.
	Event string
	// Kind and Name are what it happened to.
	Kind, Name string
	// Detail says more in words.
	Detail string
	Author string
	At     time.Time
}
