package control

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/warehouse"
)

// ReviewStore remembers which columns were there when their source was registered, across restarts.
type ReviewStore interface {
	Load(ctx context.Context) (Reviews, error)
	Save(ctx context.Context, r Reviews) error
}

// Config says how a Publisher works.
type Config struct {
	Log *slog.Logger
	// Reviews may be nil: then nothing outlives the process, and what a source's table has at the first publication counts as
	// reviewed.
	Reviews ReviewStore
	// crawl stands in for crawlWarehouse in tests of what happens when a warehouse cannot be reached.
	crawl crawlFunc
}

type crawlFunc func(ctx context.Context, c warehouse.Config, domains []string) (crawled, error)

// Validate reports every mistake at once.
func (c Config) Validate() error {
	if c.Log == nil {
		return errors.New("a publisher needs a logger")
	}
	return nil
}

// Publisher holds the current Generation and is the only one to replace it.
type Publisher struct {
	config  Config
	current atomic.Pointer[Generation]

	// publishing admits one publication at a time and guards what only publications touch.
	publishing sync.Mutex
	verifiers  verifierCache
	crawls     map[string]lastCrawl
	reviews    Reviews

	mu          sync.Mutex
	subscribers map[chan *Generation]struct{}
}

// lastCrawl serves when a warehouse cannot be reached while something else, such as a revocation, is published.
type lastCrawl struct {
	address string
	crawled crawled
}

// NewPublisher makes a Publisher that has published nothing.
func NewPublisher(c Config) (*Publisher, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.crawl == nil {
		c.crawl = crawlWarehouse
	}
	return &Publisher{
		config: c, verifiers: newVerifierCache(), crawls: map[string]lastCrawl{}, subscribers: map[chan *Generation]struct{}{},
	}, nil
}

// Current is the generation in force, nil before the first publication.
func (p *Publisher) Current() *Generation { return p.current.Load() }

// Subscribe returns a channel that receives the generation in force after each publication, and a function that ends it.
// A slow reader misses generations, never the last one.
func (p *Publisher) Subscribe() (<-chan *Generation, func()) {
	ch := make(chan *Generation, 1)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.subscribers[ch] = struct{}{}
	return ch, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.subscribers, ch)
	}
}

// Publish puts a set of resources in force, whole or not at all. An error is of type resource.Mistakes and names every
// mistake; then nothing has changed. The set must not be changed afterwards.
func (p *Publisher) Publish(ctx context.Context, set *resource.Set) (*Generation, error) {
	p.publishing.Lock()
	defer p.publishing.Unlock()
	if err := p.loadReviews(ctx); err != nil {
		return nil, err
	}
	b := builder{publisher: p, set: set, version: p.current.Load().Version() + 1}
	g, reviews, err := b.build(ctx)
	if err != nil {
		return nil, err
	}
	if p.config.Reviews != nil && !reviews.equal(p.reviews) {
		// Before the swap: a column that a restart would call reviewed must never have been hidden until then.
		if err := p.config.Reviews.Save(ctx, reviews); err != nil {
			return nil, resource.Mistakes{{Message: "storing the reviewed columns: " + err.Error()}}
		}
	}
	p.reviews = reviews
	p.current.Store(g)
	p.tell(g)
	p.config.Log.Info("published", "version", g.Version(), "resources", set.String(), "warnings", len(g.warnings))
	return g, nil
}

func (p *Publisher) loadReviews(ctx context.Context) error {
	if p.reviews != nil {
		return nil
	}
	if p.config.Reviews == nil {
		p.reviews = Reviews{}
		return nil
	}
	reviews, err := p.config.Reviews.Load(ctx)
	if err != nil {
		return resource.Mistakes{{Message: "reading the reviewed columns: " + err.Error()}}
	}
	if reviews == nil {
		reviews = Reviews{}
	}
	p.reviews = reviews
	return nil
}

func (p *Publisher) tell(g *Generation) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for ch := range p.subscribers {
		// The one sender empties the channel first, so that sending never waits.
		select {
		case <-ch:
		default:
		}
		ch <- g
	}
}

// verifierCache keeps the verifier of an unchanged password, so that its salt stays and nothing is derived again.
type verifierCache struct {
	// key is drawn at start: what is cached cannot be compared with anything outside of this process.
	key     [32]byte
	entries map[string]verifierEntry
}

type verifierEntry struct {
	digest   [32]byte
	verifier identity.Verifier
}
