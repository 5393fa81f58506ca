package control

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/pgerror"
)

// Standing is what holds of one person in all of their sessions. It is never changed, only replaced.
type Standing struct {
	// Project in which the person acts, "" for none.
	Project string
	// Acknowledged has what the person has agreed to, by purpose.
	Acknowledged map[string]Acknowledgement
}

// Acknowledgement says what a person agreed to, and when.
type Acknowledgement struct {
	// Text as it stood then, and its SHA-256 in hex.
	Text, Digest string
	At           time.Time
}

// StandingStore keeps standings across restarts.
type StandingStore interface {
	// Standings of everybody who has one.
	Standings(ctx context.Context) (map[string]Standing, error)
	// SetProject replaces the project in which a person acts; "" is none.
	SetProject(ctx context.Context, user, project string) error
	// Acknowledge adds what a person agreed to, by purpose. Earlier ones of the same purpose stay on record.
	Acknowledge(ctx context.Context, user string, given map[string]Acknowledgement) error
}

// StandingsConfig is what Standings work with.
type StandingsConfig struct {
	// Store may be nil: then nothing outlives the process.
	Store StandingStore
	// Record puts a change on record before it is made; an error keeps it from being made.
	Record func(ctx context.Context, events ...audit.Event) error
	Log    *slog.Logger
	// Now tells the time; nil is time.Now.
	Now func() time.Time
}

// Validate reports every mistake at once.
func (c StandingsConfig) Validate() error {
	var mistakes []error
	if c.Record == nil {
		mistakes = append(mistakes, errors.New("standings need an audit log"))
	}
	if c.Log == nil {
		mistakes = append(mistakes, errors.New("standings need a logger"))
	}
	return errors.Join(mistakes...)
}

// Standings holds everybody's standing. While the store cannot be read nobody has one: people act in no project. It is safe for
// concurrent use; reading takes no lock.
type Standings struct {
	config  StandingsConfig
	current atomic.Pointer[map[string]*Standing]
	// changing admits one change at a time.
	changing sync.Mutex
	loaded   bool

	mu          sync.Mutex
	subscribers map[chan struct{}]struct{}
}

// NewStandings reads the store. That it cannot be read is logged and no error: it is read again before each change.
func NewStandings(ctx context.Context, c StandingsConfig) (*Standings, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("checking the configuration of standings: %w", err)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	s := &Standings{config: c, subscribers: map[chan struct{}]struct{}{}}
	s.current.Store(&map[string]*Standing{})
	if err := s.load(ctx); err != nil {
		c.Log.Error("reading in which projects people act: nobody acts in one", "error", err)
	}
	return s, nil
}

// load reads the store once.
func (s *Standings) load(ctx context.Context) error {
	if s.loaded || s.config.Store == nil {
		s.loaded = true
		return nil
	}
	stored, err := s.config.Store.Standings(ctx)
	if err != nil {
		return err
	}
	all := make(map[string]*Standing, len(stored))
	for user, standing := range stored {
		all[user] = &standing
	}
	s.current.Store(&all)
	s.loaded = true
	return nil
}

// Load reads the store if it has not been read yet.
func (s *Standings) Load(ctx context.Context) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	return s.load(ctx)
}

// Reload reads the store again: another server may have changed it.
func (s *Standings) Reload(ctx context.Context) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	s.loaded = false
	if err := s.load(ctx); err != nil {
		return err
	}
	s.tell()
	return nil
}

// of is a person's standing, nil if they have none.
func (s *Standings) of(user string) *Standing {
	if s == nil {
		return nil
	}
	return (*s.current.Load())[user]
}

// change records a change, stores it and puts it in force, in this order. An error means that nothing is in force; it is 57P03.
func (s *Standings) change(ctx context.Context, e audit.Event, store func() error, replace func(old Standing) Standing) error {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	s.changing.Lock()
	defer s.changing.Unlock()
	unavailable := func(doing string, err error) error {
		s.config.Log.Error(doing, "user", e.User, "error", err)
		return pgerror.Unavailable("what holds of people cannot be changed now; try again later")
	}
	if err := s.load(ctx); err != nil {
		return unavailable("reading in which projects people act", err)
	}
	if err := s.config.Record(ctx, e); err != nil {
		return unavailable("recording a change of a person's standing", err)
	}
	if s.config.Store != nil {
		if err := store(); err != nil {
			return unavailable("storing a person's standing", err)
		}
	}
	all := maps.Clone(*s.current.Load())
	old := Standing{}
	if had := all[e.User]; had != nil {
		old = *had
	}
	next := replace(old)
	all[e.User] = &next
	s.current.Store(&all)
	s.tell()
	return nil
}

// Subscribe returns a channel that is sent to after a standing has changed, and a function that ends it. Several changes may be one message;
// after the last one there always is one.
func (s *Standings) Subscribe() (<-chan struct{}, func()) {
	ch := make(chan struct{}, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.subscribers[ch] = struct{}{}
	return ch, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.subscribers, ch)
	}
}

func (s *Standings) tell() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for ch := range s.subscribers {
		select {
		case ch <- struct{}{}:
		default: // one is waiting already
		}
	}
}
