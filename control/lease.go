package control

import (
	"context"
	"time"
)

// Beat is what a server says of itself at each heartbeat.
type Beat struct {
	// Replica is the server's name, new at each start; Address is for people.
	Replica, Address string
	// Revision that the server has put in force, -1 for none.
	Revision int64
	// Problem says why it has not put in force what is stored, "" for none.
	Problem string
	// Lasts is how long the lease lasts from now on, if the revision is the state's.
	Lasts time.Duration
}

// Replica is one server, as the state knows it.
type Replica struct {
	Name, Address string
	// Confirmed is the revision that it has put in force.
	Confirmed int64
	// Problem says why that is not the last one.
	Problem string
	// Live says that its lease has not run out.
	Live bool
	Seen time.Time
}

// LeaseStore is a state that several servers share.
type LeaseStore interface {
	// Beat renews the lease and returns what is stored now. A lease is renewed only if the beat's revision is the state's; the two are looked
	// at together, so that who changes the state sees every lease that was renewed before.
	Beat(ctx context.Context, b Beat) (Marks, error)
	// Replicas are all servers that were seen within a day.
	Replicas(ctx context.Context) ([]Replica, error)
	// Leave gives the lease up.
	Leave(ctx context.Context, replica string) error
}

// Listener tells of changes sooner than a heartbeat would.
type Listener interface {
	// Listen calls changed after each change, until the context ends or it cannot listen any more; it returns why.
	Listen(ctx context.Context, changed func()) error
}
