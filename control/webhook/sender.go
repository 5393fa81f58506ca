package webhook

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"sync"
	"time"

	"github.com/posternsql/postern/control"
	"github.com/posternsql/postern/control/resource"
)

// What holds where a Config says nothing.
const (
	// DefaultTimeout bounds one attempt.
	DefaultTimeout = 10 * time.Second
	// DefaultLease is how long another server waits for one that has gone.
	DefaultLease = 30 * time.Second
	// DefaultPoll is between two looks for new events.
	DefaultPoll = time.Second
	// DefaultFirst and DefaultMost bound the wait after a failed attempt, which doubles from the one to the other.
	DefaultFirst = time.Second
	DefaultMost  = 5 * time.Minute
	// DefaultMaxAge is when an event that cannot be delivered is given up.
	DefaultMaxAge = 72 * time.Hour
)

// Config of a Sender.
type Config struct {
	// Store keeps the queue and the positions.
	Store control.QueueStore
	// Current is the set in force; an error sends nothing new until there is one.
	Current func() (*resource.Set, error)
	// Subscribe is control.Publisher.Subscribe: its channel receives when the set in force may have changed.
	Subscribe func() (<-chan *control.Generation, func())
	Log       *slog.Logger
	Metrics   *Metrics
	// Roots are the authorities that certificates are verified against; nil means the system's.
	Roots *x509.CertPool
	// Timeout, Lease, Poll, First, Most and MaxAge: 0 means the default.
	Timeout, Lease, Poll, First, Most, MaxAge time.Duration
}

// Validate reports every mistake at once.
func (c Config) Validate() error {
	var errs []error
	if c.Store == nil || c.Current == nil || c.Subscribe == nil || c.Log == nil || c.Metrics == nil {
		errs = append(errs, errors.New("webhooks: Store, Current, Subscribe, Log and Metrics are needed"))
	}
	for _, d := range []time.Duration{c.Timeout, c.Lease, c.Poll, c.First, c.Most, c.MaxAge} {
		if d < 0 {
			errs = append(errs, fmt.Errorf("webhooks: %s is negative", d))
		}
	}
	if c.Lease > 0 && c.Lease < 2*c.Timeout {
		errs = append(errs, errors.New("webhooks: the lease is shorter than two attempts"))
	}
	return errors.Join(errs...)
}

// Sender tells webhooks what changes.
type Sender struct {
	config Config
	// holder names this process to the others.
	holder string
}

// New returns a Sender; Run sends.
func New(c Config) (*Sender, error) {
	for _, d := range []struct {
		at       *time.Duration
		standard time.Duration
	}{{&c.Timeout, DefaultTimeout}, {&c.Lease, DefaultLease}, {&c.Poll, DefaultPoll}, {&c.First, DefaultFirst}, {&c.Most, DefaultMost}, {&c.MaxAge, DefaultMaxAge}} {
		if *d.at == 0 {
			*d.at = d.standard
		}
	}
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return &Sender{config: c, holder: rand.Text()}, nil
}

// running is one webhook's stream.
type running struct {
	webhook resource.Webhook
	stop    context.CancelFunc
	done    chan struct{}
}

// end stops the stream and waits for it, so that a webhook never has two here.
func (r running) end() {
	r.stop()
	<-r.done
}

// Run sends until the context ends, and then returns nil. Each webhook has a stream of its own, so that none waits for another.
func (s *Sender) Run(ctx context.Context) error {
	changed, unsubscribe := s.config.Subscribe()
	defer unsubscribe()
	var wait sync.WaitGroup
	defer wait.Wait()
	streams := map[string]running{}
	for {
		if set, err := s.config.Current(); err == nil {
			s.keep(ctx, &wait, streams, set.Webhooks)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		case <-time.After(s.config.Lease):
		}
	}
}

// keep ends the streams of webhooks that are gone or changed, and starts those that are wanted.
func (s *Sender) keep(ctx context.Context, wait *sync.WaitGroup, streams map[string]running, webhooks []resource.Webhook) {
	wanted := map[string]resource.Webhook{}
	for _, w := range webhooks {
		w.Pos = resource.Webhook{}.Pos
		wanted[w.Name] = w
	}
	for name, r := range streams {
		w, still := wanted[name]
		if still && reflect.DeepEqual(w, r.webhook) {
			continue
		}
		r.end()
		delete(streams, name)
		if !still {
			if err := s.config.Store.Forget(ctx, name, s.holder, time.Now()); err != nil {
				s.config.Log.Warn("forgetting a webhook", "webhook", name, "error", err)
			}
		}
	}
	for name, w := range wanted {
		if _, runs := streams[name]; runs {
			continue
		}
		inner, stop := context.WithCancel(ctx)
		r := running{webhook: w, stop: stop, done: make(chan struct{})}
		streams[name] = r
		st := &stream{sender: s, webhook: w, client: newClient(w, s.config.Roots, s.config.Timeout)}
		wait.Go(func() {
			defer close(r.done)
			st.run(inner)
		})
	}
}

// Unresolved names the webhooks whose secret cannot be resolved now; nil if all is well.
func (s *Sender) Unresolved() error {
	set, err := s.config.Current()
	if err != nil {
		return err
	}
	var problems []error
	for _, w := range set.Webhooks {
		if w.Disabled {
			continue
		}
		given, err := w.Secret.Resolve()
		if err == nil {
			_, err = key(given)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", w.Name, err))
		}
	}
	return errors.Join(problems...)
}
