package push

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// KeeperConfig is what a Keeper works with.
type KeeperConfig struct {
	// Syncer says how; its Progress is the Keeper's own.
	Syncer Config
	// Current is what is in force; false where there is nothing to say of this database.
	Current func() (Input, bool)
	// Changed, Interval and Told are those of its Loop.
	Changed  <-chan struct{}
	Interval time.Duration
	Told     func(*Report, error)
	// Paused has it change nothing but what Remove takes back.
	Paused bool
	// Several says that other servers keep the same database: it is removed only where Paused has all of them leave it alone.
	Several bool
}

// Keeper keeps one database as the policies say, and does beside what somebody asks for.
type Keeper struct {
	config KeeperConfig
	syncer *Syncer
	asked  chan int64
	// telling has Told called by one at a time.
	telling sync.Mutex

	mu     sync.Mutex
	runs   []Run // the latest ones, in order
	next   int64
	status Status
}

// Status is what a Keeper knows of its database.
type Status struct {
	Connection string `json:"connection"`
	Database   string `json:"database"`
	// Maintained is false where nothing is changed; Why says the cause.
	Maintained bool   `json:"maintained"`
	Why        string `json:"why,omitempty"`
	// Looked is when it was last compared with the policies, and Program their version; nil before the first time.
	Looked  *time.Time `json:"looked,omitempty"`
	Program string     `json:"program,omitempty"`
	// Done says that all was then as it should be, or was made so.
	Done bool `json:"done"`
	// Error is why the last look failed; it is tried again.
	Error string `json:"error,omitempty"`
	// Findings are those of the last look that did not fail.
	Findings []Finding `json:"findings"`
	// Progress is how far what is under way has come.
	Progress *Progress `json:"progress,omitempty"`
}

// maxRuns bounds the runs that are remembered.
const maxRuns = 16

// ErrPaused says that nothing is to be changed; ErrAsked, that the run before has not ended; ErrSeveral, that others would make again what is removed.
var (
	ErrSeveral = errors.New("several servers keep this database: say paused: true in its PushSettings first")
	ErrPaused  = errors.New("PushSettings have paused: true: nothing is changed until they have not")
	ErrAsked   = errors.New("another run was asked for, and has not ended")
)

// NewKeeper makes a Keeper that does nothing yet.
func NewKeeper(c KeeperConfig) (*Keeper, error) {
	if c.Current == nil || c.Interval <= 0 {
		return nil, errors.New("checking how to push: what is in force and an interval are wanted")
	}
	k := &Keeper{config: c, asked: make(chan int64, 1)}
	set := c.Syncer.Settings
	k.status = Status{Connection: set.Connection, Database: set.Database, Maintained: !c.Paused, Findings: []Finding{}}
	if c.Paused {
		k.status.Why = ErrPaused.Error()
	}
	c.Syncer.Progress = k.progress
	var err error
	k.syncer, err = New(c.Syncer)
	return k, err
}

// Run keeps the database until the context ends; then it returns nil.
func (k *Keeper) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	loop := &Loop{Syncer: k.syncer, Current: k.config.Current, Changed: k.config.Changed, Interval: k.config.Interval, Told: k.told}
	if k.config.Paused {
		loop.Current = func() (Input, bool) { return Input{}, false }
	}
	group.Go(func() error { return loop.Run(ctx) })
	group.Go(func() error {
		for {
			select {
			case <-ctx.Done():
				k.abandon()
				return nil
			case id := <-k.asked:
				k.serve(ctx, id)
			}
		}
	})
	return group.Wait()
}

// Start asks for a run; its state is told by Asked. One is done at a time.
func (k *Keeper) Start(kind RunKind) (Run, error) {
	switch kind {
	case RunPlan:
	case RunRemove:
		if k.config.Several && !k.config.Paused {
			return Run{}, ErrSeveral
		}
	case RunSync:
		if k.config.Paused {
			return Run{}, ErrPaused
		}
	default:
		return Run{}, fmt.Errorf("there is no run of kind %.40q", string(kind))
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if n := len(k.runs); n > 0 && !k.runs[n-1].State.Over() {
		return Run{}, ErrAsked
	}
	k.next++
	r := Run{ID: k.next, Connection: k.config.Syncer.Settings.Connection, Kind: kind, State: RunWaiting, Started: k.syncer.config.Now().UTC(), Findings: []Finding{}}
	if k.runs = append(k.runs, r); len(k.runs) > maxRuns {
		k.runs = slices.Clone(k.runs[1:])
	}
	k.asked <- r.ID // there is room: the run before has ended
	return r, nil
}

// Asked is a run as it stands; false where there was none, or it is long over.
func (k *Keeper) Asked(id int64) (Run, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	i := slices.IndexFunc(k.runs, func(r Run) bool { return r.ID == id })
	if i < 0 {
		return Run{}, false
	}
	return k.runs[i], true
}

// Status is what is known now.
func (k *Keeper) Status() Status {
	k.mu.Lock()
	defer k.mu.Unlock()
	out := k.status
	out.Findings = append([]Finding{}, out.Findings...)
	if out.Progress != nil {
		p := *out.Progress
		out.Progress = &p
	}
	return out
}

func (k *Keeper) change(id int64, f func(*Run)) (out Run) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for i := range k.runs {
		if k.runs[i].ID == id {
			f(&k.runs[i])
			out = k.runs[i]
		}
	}
	return out
}

func (k *Keeper) serve(ctx context.Context, id int64) {
	r := k.change(id, func(r *Run) { r.State = RunRunning })
	if in, ok := k.config.Current(); ok {
		report, err := r.do(ctx, k.syncer, in)
		if r.Kind == RunSync {
			k.told(report, err)
		}
	} else {
		r.ended(nil, errors.New("what is in force cannot be confirmed now"), k.syncer.config.Now())
	}
	progress := Progress{}
	k.mu.Lock()
	if k.status.Progress != nil {
		progress = *k.status.Progress
	}
	k.status.Progress = nil
	if r.State == RunDone && r.Kind != RunPlan {
		k.status.Maintained, k.status.Why = !k.config.Paused, ""
		if r.Kind == RunRemove {
			k.status.Maintained, k.status.Why = false, ErrRemoved.Error()
		}
	}
	k.mu.Unlock()
	progress.Statements = r.Statements
	r.Progress = progress
	k.change(id, func(at *Run) { *at = r })
}

// abandon ends what waits: nobody will do it.
func (k *Keeper) abandon() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for i := range k.runs {
		if !k.runs[i].State.Over() {
			k.runs[i].ended(nil, errors.New("the server stopped to maintain this database"), k.syncer.config.Now())
		}
	}
}

// told takes over what came of a look, and hands it on.
func (k *Keeper) told(r *Report, err error) {
	k.telling.Lock()
	defer k.telling.Unlock()
	k.mu.Lock()
	k.status.Progress = nil
	at := k.syncer.config.Now().UTC()
	switch {
	case errors.Is(err, ErrBusy):
		// Nothing was looked at.
	case errors.Is(err, ErrRemoved):
		k.status.Maintained, k.status.Why = false, ErrRemoved.Error()
	case err != nil:
		k.status.Looked, k.status.Error, k.status.Done = &at, err.Error(), false
	default:
		k.status.Looked, k.status.Error, k.status.Done, k.status.Program = &at, "", r.Done, r.Program
		k.status.Findings = r.Findings
		k.status.Maintained, k.status.Why = true, "" // a server that shares the state may have been asked for a sync
	}
	k.mu.Unlock()
	if k.config.Told != nil {
		k.config.Told(r, err)
	}
}

// progress is told by the Syncer, of the loop's runs and of those that were asked for.
func (k *Keeper) progress(p Progress) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.status.Progress = &p
	if n := len(k.runs); n > 0 && k.runs[n-1].State == RunRunning {
		k.runs[n-1].Progress = p
	}
}
