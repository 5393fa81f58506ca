package control

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// DefaultStaleness is how long a server that has lost touch with the state goes on answering: the bound of a revocation.
const DefaultStaleness = time.Second

// MinStaleness keeps a lease longer than a few heartbeats on a busy machine.
const MinStaleness = 200 * time.Millisecond

// The causes under which a Follower bounds what is in force: resources, and standings. They are apart because people who switch projects all
// the time must not keep a server from renewing its lease.
const (
	stateCause     = "state"
	standingsCause = "standings"
)

// FollowerConfig is what a Follower works with.
type FollowerConfig struct {
	Registry  *Registry
	Standings *Standings
	Leases    LeaseStore
	// Listener may be nil: then changes are learned of at heartbeats.
	Listener Listener
	Fresh    *Freshness
	// Address is shown to administrators.
	Address string
	// Staleness is how long a lease lasts; DefaultStaleness when it is 0.
	Staleness time.Duration
	Log       *slog.Logger
}

// Validate reports every mistake at once.
func (c FollowerConfig) Validate() error {
	var mistakes []error
	if c.Registry == nil || c.Standings == nil || c.Leases == nil || c.Fresh == nil || c.Log == nil {
		mistakes = append(mistakes, errors.New("a follower needs a registry, standings, leases, freshness and a logger"))
	}
	if c.Staleness != 0 && c.Staleness < MinStaleness {
		mistakes = append(mistakes, fmt.Errorf("staleness: %v is shorter than %v", c.Staleness, MinStaleness))
	}
	return errors.Join(mistakes...)
}

// Follower keeps one server in step with a state that several share. It renews the server's lease as long as what is in force is what is stored,
// and bounds what is in force by the lease, so that nothing is answered by what was replaced longer ago than the staleness:
//
//   - the bound counts from before the heartbeat was sent, the lease in the state from when it arrived, which is later, and lasts a tenth longer;
//   - a lease is renewed only while nothing newer is stored, and the state looks at both at once.
type Follower struct {
	config  FollowerConfig
	replica string
	// wake asks for a heartbeat now, behind for catching up, and look for a look at the warehouses, of which another server knows more.
	wake, behind, look chan struct{}

	mu     sync.Mutex
	people int64
	read   bool
}

// NewFollower makes a Follower. From then on nothing is in force until the first heartbeat.
func NewFollower(c FollowerConfig) (*Follower, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("configuring the follower: %w", err)
	}
	c.Staleness = cmp.Or(c.Staleness, DefaultStaleness)
	c.Fresh.Until(stateCause, time.Now())
	c.Fresh.Until(standingsCause, time.Now())
	return &Follower{config: c, replica: rand.Text(), wake: make(chan struct{}, 1), behind: make(chan struct{}, 1), look: make(chan struct{}, 1)}, nil
}

// Replica is this server's name, new at each start.
func (f *Follower) Replica() string { return f.replica }

// beginTimeout bounds Begin.
const beginTimeout = 5 * time.Second

// Begin sends the first heartbeat, so that a server that says that it serves has something in force where the state can be reached. Where
// it cannot, Run goes on trying.
func (f *Follower) Begin(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, beginTimeout)
	defer cancel()
	err := f.follow(ctx)
	if err == nil {
		err = f.beat(ctx)
	}
	if err != nil {
		f.config.Log.Warn("the first heartbeat did not get through: nothing is answered until one does", "error", err)
	}
}

// Run follows until the context ends, gives the lease up, and returns nil.
func (f *Follower) Run(ctx context.Context) error {
	var wait sync.WaitGroup
	wait.Go(func() { f.catchUp(ctx) })
	wait.Go(func() { f.lookAround(ctx) })
	if f.config.Listener != nil {
		wait.Go(func() { f.listen(ctx) })
	}
	f.beats(ctx)
	wait.Wait()
	f.config.Fresh.Until(stateCause, time.Now())
	leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := f.config.Leases.Leave(leaving, f.replica); err != nil {
		f.config.Log.Warn("leaving: the lease runs out by itself", "error", err)
	}
	return nil
}

// Wake asks for a heartbeat now, for instance because something was put in force.
func (f *Follower) Wake() { poke(f.wake) }

// poke sends without waiting; one message is as good as many.
func poke(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// beats sends heartbeats, four a lease, and more when it is woken.
func (f *Follower) beats(ctx context.Context) {
	interval := f.config.Staleness / 4
	timer := time.NewTimer(0)
	defer timer.Stop()
	lost := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-f.wake:
		}
		err := f.beat(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && !lost:
			f.config.Log.Error("the state is out of reach: what is in force is answered by until it is stale", "staleness", f.config.Staleness, "error", err)
		case err == nil && lost:
			f.config.Log.Info("the state is in reach again")
		}
		lost = err != nil
		timer.Reset(interval)
	}
}

// leaseMargin makes a lease a tenth longer than what is answered by it: a statement that was judged in time takes a while to be answered, and no
// two clocks run at the same rate.
const leaseMargin = 10

// beat sends one heartbeat.
func (f *Follower) beat(ctx context.Context) error {
	// Half a lease, so that one that hangs leaves time for another.
	ctx, cancel := context.WithTimeout(ctx, f.config.Staleness/2)
	defer cancel()
	marks, problem := f.config.Registry.Marks()
	if !f.config.Registry.InForce() {
		marks.Revision = -1 // nothing is in force, so there is nothing to renew
	}
	began := time.Now()
	now, err := f.config.Leases.Beat(ctx, Beat{Replica: f.replica, Address: f.config.Address, Revision: marks.Revision, Problem: problem, Lasts: f.config.Staleness + f.config.Staleness/leaseMargin})
	if err != nil {
		return err
	}
	if now.Revision == marks.Revision {
		f.config.Fresh.Until(stateCause, began.Add(f.config.Staleness))
	}
	people, read := f.peopleRead()
	if read && now.People == people {
		f.config.Fresh.Until(standingsCause, began.Add(f.config.Staleness))
	}
	if now.Revision != marks.Revision || !read || now.People != people {
		poke(f.behind)
	}
	if now.Objects != marks.Objects {
		poke(f.look)
	}
	return nil
}

// retryFollowing is how long what could not be put in force waits, unless something changes.
const retryFollowing = time.Second

// catchUp puts in force what others have stored, whenever a heartbeat finds that there is something.
func (f *Follower) catchUp(ctx context.Context) {
	message := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.behind:
		}
		err := f.follow(ctx)
		if err == nil {
			message = ""
			f.Wake()
			continue
		}
		if now := err.Error(); now != message && ctx.Err() == nil {
			f.config.Log.Error("following: what is stored cannot be put in force", "error", firstLines(err))
			message = now
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(retryFollowing):
		}
	}
}

// lookAround looks at the warehouses whenever another server has found out more of them. It is apart from catching up: a warehouse may hang, and what is
// stored waits for none.
func (f *Follower) lookAround(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.look:
		}
		if err := f.config.Registry.config.Publisher.Refresh(ctx); err != nil && ctx.Err() == nil {
			f.config.Log.Debug("looking at the warehouses: will try again", "error", err)
			pause(ctx, retryFollowing)
		}
	}
}

// follow reads what has changed.
func (f *Follower) follow(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, followTimeout)
	defer cancel()
	began := time.Now()
	now, err := f.config.Registry.config.Store.Marks(ctx)
	if err != nil {
		return err
	}
	if people, read := f.peopleRead(); !read || people != now.People {
		// The count was read before what it counts: it is never ahead.
		if err := f.config.Standings.Reload(ctx); err != nil {
			return err
		}
		f.mu.Lock()
		f.people, f.read = now.People, true
		f.mu.Unlock()
		// Those who changed theirs after the reading began are read next; nobody's is older than that.
		f.config.Fresh.Until(standingsCause, began.Add(f.config.Staleness))
	}
	return f.config.Registry.Follow(ctx)
}

// followTimeout bounds one attempt at following.
const followTimeout = time.Minute

func (f *Follower) peopleRead() (int64, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.people, f.read
}

// listen has changes told at once, and tries again where that breaks: heartbeats find them a little later all the same.
func (f *Follower) listen(ctx context.Context) {
	for ctx.Err() == nil {
		listening, cancel := context.WithCancel(ctx)
		watch := make(chan struct{})
		go func() {
			defer close(watch)
			f.abandon(listening, cancel)
		}()
		err := f.config.Listener.Listen(listening, f.Wake)
		cancel()
		<-watch
		if ctx.Err() == nil {
			f.config.Log.Debug("listening for changes: will try again", "error", err)
			select {
			case <-ctx.Done():
			case <-time.After(f.config.Staleness):
			}
		}
	}
}

// abandon ends a listening connection when heartbeats do not get through: it may be dead without knowing.
func (f *Follower) abandon(ctx context.Context, cancel context.CancelFunc) {
	every(ctx, f.config.Staleness, func() {
		if len(f.config.Fresh.Stale(time.Now())) > 0 {
			cancel()
		}
	})
}

// Confirmation is what became of one revision on all servers.
type Confirmation struct {
	// Confirmed are the servers that have it in force.
	Confirmed []Replica
	// Lapsed are those whose lease ran out first: they answer nothing until they have it in force.
	Lapsed []Replica
}

// Await returns when each live server has put a revision in force or its lease has run out, which takes the staleness and a tenth at most.
func (f *Follower) Await(ctx context.Context, revision int64) (Confirmation, error) {
	f.Wake()
	for {
		all, err := f.config.Leases.Replicas(ctx)
		if err != nil {
			return Confirmation{}, err
		}
		var out Confirmation
		waiting := false
		for _, r := range all {
			switch {
			case r.Confirmed >= revision:
				out.Confirmed = append(out.Confirmed, r)
			case r.Live:
				waiting = true
			default:
				out.Lapsed = append(out.Lapsed, r)
			}
		}
		if !waiting {
			return out, nil
		}
		select {
		case <-ctx.Done():
			return out, ctx.Err()
		case <-time.After(awaitInterval):
		}
	}
}

// awaitInterval is between two looks at the leases.
const awaitInterval = 10 * time.Millisecond
