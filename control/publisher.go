package control

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/policy"
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
	// Objects keep what is known of the warehouses' tables across restarts; nil keeps it in memory.
	Objects ObjectStore
	// Record puts on record what became of them; nil where nothing is kept.
	Record func(ctx context.Context, events ...audit.Event) error
	// Standings say in which project each person acts; nil has everybody act in none.
	Standings *Standings
	// Outside tells what identity sources say of people; nil where all is known from the resources.
	Outside Outside
	// Now tells the time, for what expires; nil is time.Now.
	Now func() time.Time
	// UnreadableViews says which registered plain views cannot be read through the proxy, and why; nil leaves that out.
	UnreadableViews func(*policy.Program) map[*catalog.Table]string
	// crawl stands in for crawlWarehouse in tests of what happens when a warehouse cannot be reached.
	crawl crawlFunc
	// try stands in for tryWarehouse.
	try tryFunc
}

type crawlFunc func(ctx context.Context, c warehouse.Config, domains []string) (crawled, error)

// Validate reports every mistake at once.
func (c Config) Validate() error {
	if c.Log == nil {
		return errors.New("a publisher needs a logger")
	}
	if c.Objects != nil && c.Record == nil {
		return errors.New("a publisher that keeps what it knows of objects needs an audit log")
	}
	return nil
}

// Publisher holds the current Generation and is the only one to replace it.
type Publisher struct {
	config  Config
	current atomic.Pointer[Generation]
	fresh   Freshness

	// publishing admits one publication at a time and guards what only publications touch.
	publishing sync.Mutex
	dialing    dialing
	verifiers  verifierCache
	crawls     map[string]lastCrawl
	reviews    Reviews
	known      *Known
	// knownMark is that of what is known and in force.
	knownMark atomic.Int64
	// tried has the queries of what is in force that their warehouses accepted.
	tried map[tried]bool
	// compiled are the programs of what is in force, and fits those of which all can be said inside their warehouses.
	compiled map[string]compiled
	fits     map[string]fit

	mu          sync.Mutex
	subscribers map[chan *Generation]struct{}
}

// lastCrawl serves when a warehouse cannot be reached while something else, such as a revocation, is published.
type lastCrawl struct {
	address string
	crawled crawled
	// fresh says that the warehouse was asked for this publication. What is older says nothing of what became of objects.
	fresh bool
}

// NewPublisher makes a Publisher that has published nothing.
func NewPublisher(c Config) (*Publisher, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.crawl == nil {
		c.crawl = crawlWarehouse
	}
	if c.try == nil {
		c.try = tryWarehouse
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Publisher{
		config: c, verifiers: newVerifierCache(), crawls: map[string]lastCrawl{}, subscribers: map[chan *Generation]struct{}{},
		dialing: dialing{log: c.Log, kept: map[string]dialed{}},
	}, nil
}

// Current is the generation in force, nil before the first publication.
func (p *Publisher) Current() *Generation { return p.current.Load() }

// Fresh bounds how long what is in force may be acted on.
func (p *Publisher) Fresh() *Freshness { return &p.fresh }

// InForce is the generation by which anything may be answered now. Errors are of type *pgerror.Error: 57P03 before the first publication, and
// when what is in force cannot be confirmed any more.
func (p *Publisher) InForce() (*Generation, error) {
	if err := p.fresh.Err(time.Now()); err != nil {
		return nil, err
	}
	g := p.Current()
	if g == nil {
		return nil, pgerror.Unavailable("no policies have been published yet")
	}
	return g, nil
}

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

// Publication is a set of resources that is to be put in force.
type Publication struct {
	Set *resource.Set
	// Revision of the state from which the set was read, 0 for none.
	Revision int64
	// Quick takes what warehouses that were crawled before had then, instead of asking them again: the set may hold a revocation.
	Quick bool
	// Tolerant leaves out connections whose warehouse cannot be crawled, and was never crawled before, instead of refusing the set.
	Tolerant bool
	// Commit is called when the set is known to be without mistakes, before it is put in force; an error keeps it from that.
	Commit func(ctx context.Context, g *Generation) error
	// DryRun does everything but changing anything.
	DryRun bool
}

// Publish puts a set of resources in force, whole or not at all. An error is of type resource.Mistakes and names every
// mistake; then nothing has changed. The set must not be changed afterwards.
//
// Each warehouse is crawled. One that does not answer at once, or that changed so that the set no longer fits, does not keep
// a set from taking effect that would have before: the last crawl serves then, with a warning, because the set may
// hold a revocation. The first publication has no last crawl.
func (p *Publisher) Publish(ctx context.Context, set *resource.Set) (*Generation, error) {
	return p.PublishAs(ctx, Publication{Set: set})
}

// PublishAs is Publish with more to say. An error of Commit is returned as it is.
func (p *Publisher) PublishAs(ctx context.Context, n Publication) (*Generation, error) {
	p.publishing.Lock()
	defer p.publishing.Unlock()
	for try := 1; ; try++ {
		g, err := p.publish(ctx, n)
		if !errors.Is(err, errKnownMoved) || try == maxTries {
			return g, err
		}
	}
}

// errKnownMoved says that another server has stored what it knows of objects meanwhile.
var errKnownMoved = errors.New("what is known of objects has changed in the meantime")

func (p *Publisher) publish(ctx context.Context, n Publication) (*Generation, error) {
	if err := p.load(ctx); err != nil {
		return nil, err
	}
	b := p.builderOf(n)
	g, err := b.build(ctx)
	if err != nil {
		if again, held := p.holding(ctx, n, b); held != nil {
			b, g, err = again, held, nil
		}
	}
	if err != nil && p.changedSince(b.crawls) {
		again := p.builderOf(n)
		again.given = p.crawls
		again.warn(policy.Pos{}, "the warehouse changed, so that the resources do not fit; its tables are those of the last time: %s", firstLines(err))
		if old, failed := again.build(ctx); failed == nil {
			b, g, err = again, old, nil
		}
	}
	if err != nil || n.DryRun {
		return g, err
	}
	if err := p.enforce(ctx, b, g); err != nil {
		return nil, err
	}
	return g, nil
}

// alsoMistaken adds to what is wrong with how documents are written what is wrong with what they mean, as far as that can be told: whoever mends
// them is told of everything at once. Nothing is published.
func (p *Publisher) alsoMistaken(ctx context.Context, docs []resource.Document, err error) error {
	var mistakes resource.Mistakes
	if !errors.As(err, &mistakes) {
		return err
	}
	p.publishing.Lock()
	defer p.publishing.Unlock()
	if p.load(ctx) != nil {
		return err
	}
	b := p.builder(resource.Readable(docs))
	b.given = p.crawls
	var more resource.Mistakes
	if _, failed := b.build(ctx); !errors.As(failed, &more) {
		return err
	}
	return resource.Join(mistakes, more)
}

func (p *Publisher) builderOf(n Publication) *builder {
	b := p.builder(n.Set)
	b.revision, b.tolerant, b.commit = n.Revision, n.Tolerant, n.Commit
	if n.Quick && slices.Equal(domainNames(n.Set), domainNames(p.Current().Set())) {
		b.given, b.quick = p.crawls, true
	}
	return b
}

// firstCrawl reports a warehouse that answers for the first time.
func (p *Publisher) firstCrawl(found map[string]lastCrawl) bool {
	for name := range found {
		if _, known := p.crawls[name]; !known {
			return true
		}
	}
	return false
}

func (p *Publisher) builder(set *resource.Set) *builder {
	current := p.Current()
	return &builder{publisher: p, set: set, version: current.Version() + 1, revision: current.Revision(), now: p.config.Now(), known: p.known}
}

// changedSince reports whether a crawl of a warehouse that was crawled before found something else.
func (p *Publisher) changedSince(found map[string]lastCrawl) bool {
	for name, now := range found {
		last, known := p.crawls[name]
		if known && last.address == now.address && !reflect.DeepEqual(last.crawled, now.crawled) {
			return true
		}
	}
	return false
}

// enforce stores what must outlive the process, swaps the generation and tells subscribers.
func (p *Publisher) enforce(ctx context.Context, b *builder, g *Generation) error {
	if p.config.Reviews != nil && !b.reviews.equal(p.reviews) {
		// Before the swap: a column that a restart would call reviewed must never have been hidden until then.
		if err := p.config.Reviews.Save(ctx, b.reviews); err != nil {
			return resource.Mistakes{{Message: "storing the reviewed columns: " + err.Error()}}
		}
	}
	if err := p.remember(ctx, b.save()); err != nil {
		return err
	}
	if b.commit != nil {
		if err := b.commit(ctx, g); err != nil {
			return err
		}
	}
	p.reviews, p.verifiers.entries, p.tried = b.reviews, b.verifiers, b.tried
	p.compiled, p.fits = b.compiled, b.fits
	p.crawls = make(map[string]lastCrawl, len(b.crawls))
	for name, c := range b.crawls {
		c.fresh = false
		p.crawls[name] = c
	}
	p.current.Store(g)
	if b.fresh() || b.known.Mark == p.knownMark.Load() {
		// Otherwise another server knows more than these crawls say: it is for the next look to tell what is in force.
		p.knownMark.Store(p.known.Mark)
	}
	p.tell(g)
	p.config.Log.Info("published", "version", g.Version(), "resources", b.set.String(), "warnings", len(g.warnings))
	return nil
}

// load reads what outlives the process.
func (p *Publisher) load(ctx context.Context) error {
	if err := p.loadReviews(ctx); err != nil {
		return err
	}
	return p.loadKnown(ctx)
}

func (p *Publisher) loadReviews(ctx context.Context) error {
	// Another server may have stored some since: they are read at each publication.
	if p.config.Reviews == nil {
		if p.reviews == nil {
			p.reviews = Reviews{}
		}
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
