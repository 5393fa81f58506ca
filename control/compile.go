package control

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/warehouse"
)

// actingCacheSize bounds the people in projects, and the impersonated, whose principals a generation remembers.
const actingCacheSize = 16_384

// builder makes one Generation and gathers what is wrong on the way.
type builder struct {
	publisher *Publisher
	set       *resource.Set
	version   uint64
	// revision of the state from which the set was read.
	revision int64
	// tolerant leaves out connections that cannot be crawled.
	tolerant bool
	// commit is called before the generation is put in force.
	commit func(ctx context.Context, g *Generation) error
	// down has the connections that were left out, and why.
	down map[string]string

	mistakes []resource.Mistake
	warnings []policy.Warning
	reviews  Reviews
	// quick says that the given crawls are no more than a short cut.
	quick bool
	// known is what is known of objects. judged says of each source whether it still is what its author meant, bound to what it is bound from now on, and
	// held counts the held sources.
	known  *Known
	judged map[string]*judgement
	bound  map[string]KnownSource
	held   int
	// outdated is set where a source is held for the first time by a crawl that is older than what is known.
	outdated bool
	// accept has sources for which somebody has accepted the table that has the name now. force holds sources whose policies do not fit what they have
	// become, and present has held sources stand in as what their name has now.
	accept  map[string]bool
	force   map[string]string
	present bool
	// guardrails deny the disabled and held sources of the connection in hand.
	guardrails []policy.SubscriptionPolicy
	// missing are the sources of the connection in hand that are not there, as schema.table.
	missing   []string
	verifiers map[string]verifierEntry
	crawls    map[string]lastCrawl
	// given are crawls to take instead of asking.
	given map[string]lastCrawl
	// tried has the queries of this publication that their warehouses accepted.
	tried map[tried]bool
	// compiled are the programs of this publication, and fits those of which all can be said inside their warehouses, both by connection.
	compiled map[string]compiled
	fits     map[string]fit

	// now is when the publication began, and expires when something that it puts in force ends next.
	now, expires time.Time
	// specs are all people with all their groups, disabled those who cannot log in, groups the names of groups.
	specs    map[string]identity.Spec
	disabled map[string]bool
	groups   map[string]bool
	inGroup  map[string][]string

	approved []policy.Approved
	projects []policy.Project
}

func (b *builder) mistake(pos policy.Pos, label, format string, args ...any) {
	b.mistakes = append(b.mistakes, resource.Mistake{Pos: pos, Resource: label, Message: fmt.Sprintf(format, args...)})
}

func (b *builder) warn(pos policy.Pos, format string, args ...any) {
	b.warnings = append(b.warnings, policy.Warning{Pos: pos, Rule: -1, Message: fmt.Sprintf(format, args...)})
}

// build makes the Generation. It changes nothing of the publisher's.
func (b *builder) build(ctx context.Context) (*Generation, error) {
	b.reviews, b.crawls, b.tried, b.down = Reviews{}, map[string]lastCrawl{}, map[tried]bool{}, map[string]string{}
	b.compiled, b.fits = map[string]compiled{}, map[string]fit{}
	b.judged, b.bound, b.held, b.outdated = map[string]*judgement{}, map[string]KnownSource{}, 0, false
	g := &Generation{version: b.version, revision: b.revision, set: b.set, connections: map[string]connection{}, down: b.down}
	g.people = b.people()
	g.tokens = b.tokens()
	b.approved = b.approvals()
	g.projects, b.projects = b.projectsOf()
	g.standings, g.outside = b.publisher.config.Standings, b.publisher.config.Outside
	var err error
	if g.principals, err = lru.New[actingKey, identity.Principal](actingCacheSize); err != nil {
		return nil, fmt.Errorf("making the cache of principals: %w", err)
	}
	for _, c := range b.set.Connections {
		if program := b.connection(ctx, c); program != nil {
			g.connections[c.Name] = connection{b.publisher.dialing.of(c), program, b.crawls[c.Name].crawled.procedures}
		}
	}
	b.pushable(g)
	if len(b.mistakes) > 0 {
		slices.SortStableFunc(b.mistakes, func(x, y resource.Mistake) int {
			return cmp.Or(cmp.Compare(x.Pos.File, y.Pos.File), cmp.Compare(x.Pos.Line, y.Pos.Line))
		})
		return nil, resource.Mistakes(slices.Compact(b.mistakes))
	}
	g.warnings = slices.Compact(b.warnings)
	g.outdated = b.outdated
	g.expires, g.bound = b.expires, b.bound
	return g, nil
}

// connection compiles the policies against one warehouse; nil if anything is wrong.
func (b *builder) connection(ctx context.Context, c resource.Connection) *policy.Program {
	before, label := len(b.mistakes), "Connection "+c.Name
	config := b.publisher.dialing.of(c)
	dialect, err := DialectOf(config)
	if err != nil {
		b.mistake(c.Pos, label, "%s", err)
		return nil
	}
	found, err := b.crawl(ctx, c, config)
	if err != nil && b.tolerant {
		b.down[c.Name] = err.Error()
		b.warn(c.Pos, "connection %s is left out: %s", c.Name, err)
		b.keepReviews(c.Name)
		return nil
	}
	if err != nil {
		b.mistake(c.Pos, label, "%s", err)
		return nil
	}
	b.judge(c, found)
	warned := len(b.warnings)
	program := b.compile(c, found)
	if program != nil && b.taint(c.Name, program) {
		// Once more, without those whose rules read what they should not.
		b.mistakes, b.warnings = b.mistakes[:before], b.warnings[:warned]
		program = b.compile(c, found)
	}
	if program == nil {
		return nil
	}
	b.unreadable(c, program)
	samples := program.Samples()
	b.printed(dialect, program, samples, c)
	asked := len(b.mistakes)
	b.keyed(samples, found.domains, c)
	b.try(ctx, c, config, trialsOf{program, dialect, found.profile, len(b.mistakes) == asked})
	if len(b.mistakes) > before {
		return nil
	}
	return program
}

// compile compiles the policies against what the sources are; nil where nothing can be made of them.
func (b *builder) compile(c resource.Connection, found crawled) *policy.Program {
	b.guardrails, b.missing = nil, nil
	snapshot := b.snapshot(c.Name, found.tables)
	if snapshot == nil {
		return nil
	}
	b.derived(c.Name, snapshot)
	snapshot = snapshot.Allow(b.allowed(c.Name, found.own))
	in := policy.Input{
		Version: b.version, Snapshot: snapshot, Subscriptions: slices.Concat(b.set.Subscriptions, b.guardrails), Data: b.set.DataPolicies,
		KnownTags: knownTags(b.set), Approvals: b.approved, Projects: b.projects,
		Sandboxes: b.sandboxes(c, snapshot), Unload: c.Unload.Settings(),
	}
	if was, known := b.publisher.compiled[c.Name]; known && was.of(in) {
		b.warnings = append(b.warnings, was.warnings...)
		was.program = was.program.Again(b.version)
		b.compiled[c.Name] = was
		return was.program
	}
	program, warnings, err := policy.Compile(in)
	b.warnings = append(b.warnings, warnings...)
	if err != nil {
		// What is wrong with the other policies is told at once.
		return b.withoutMistaken(in, b.problems(err))
	}
	b.compiled[c.Name] = compiled{in, program, warnings}
	return program
}

// withoutMistaken compiles the policies that have no mistakes; nil where that does not help.
func (b *builder) withoutMistaken(in policy.Input, mistaken map[string]bool) *policy.Program {
	in.Subscriptions = slices.DeleteFunc(slices.Clone(in.Subscriptions), func(p policy.SubscriptionPolicy) bool { return mistaken[p.Name] })
	in.Data = slices.DeleteFunc(slices.Clone(in.Data), func(p policy.DataPolicy) bool { return mistaken[p.Name] })
	in.Approvals = nil
	program, _, err := policy.Compile(in)
	if err != nil {
		return nil
	}
	return program
}

// keepReviews takes over what was reviewed of a connection that is left out, and what its sources are bound to.
func (b *builder) keepReviews(connection string) {
	for _, s := range b.set.Sources {
		if name, err := s.Parts(); err != nil || name.Connection != connection {
			continue
		}
		if old, known := b.publisher.reviews[s.Name]; known {
			b.reviews[s.Name] = old
		}
		if old, known := b.known.Sources[s.Name]; known {
			b.bound[s.Name] = old
		}
	}
}

// knownTags lists the tags of all sources: a policy may name a tag that no source of this connection has.
func knownTags(set *resource.Set) (out []string) {
	for _, s := range set.Sources {
		out = append(out, s.Tags...)
		for _, c := range s.Columns {
			out = append(out, c.Tags...)
		}
	}
	return sortedTags(out)
}

// problems takes the compiler's mistakes over, and names the policies that have them. A source that is not there has been reported; that policies
// name it says the same thing again.
func (b *builder) problems(err error) (mistaken map[string]bool) {
	mistaken = map[string]bool{}
	var problems policy.Errors
	if !errors.As(err, &problems) {
		b.mistake(policy.Pos{}, "", "%s", err)
		return mistaken
	}
	for _, p := range problems {
		mistaken[p.Policy] = true
		of := func(name string) bool {
			return strings.Contains(p.Message, name) || strings.Contains(p.Message, "selects no registered source")
		}
		if slices.ContainsFunc(b.missing, of) {
			continue
		}
		at := p.Pos
		p.Pos = policy.Pos{}
		b.mistake(at, "", "%s", p.String())
	}
	return mistaken
}

// crawled is what a warehouse says of itself.
type crawled struct {
	// identity names the database within which object identifiers mean something.
	identity string
	tables   []*catalog.Table
	// domains are the token domains that were asked for and have a key.
	domains map[string]warehouse.DomainState
	// procedures says that people can ask by procedures there.
	procedures bool
	// own is what the warehouse has beside what is built in.
	own catalog.Own
	// profile says that the warehouse has the profile that stored views look people up in.
	profile bool
}

// crawl asks the warehouse what is there, unless that is given. If it does not answer and was crawled before, what it had
// then serves.
func (b *builder) crawl(ctx context.Context, c resource.Connection, config warehouse.Config) (crawled, error) {
	last, known := b.publisher.crawls[c.Name]
	known = known && last.address == config.Address()
	if given, ok := b.given[c.Name]; ok && given.address == config.Address() {
		b.crawls[c.Name] = given
		return given.crawled, nil
	}
	if budget := b.crawlBudget(known); budget > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, budget)
		defer cancel()
	}
	found, err := b.publisher.config.crawl(ctx, config, domainNames(b.set))
	if err != nil {
		if !known {
			return crawled{}, err
		}
		b.publisher.config.Log.Warn("crawling: taking the last crawl", "connection", c.Name, "error", err)
		b.warn(c.Pos, "connection %s could not be crawled; its tables are those of the last time: %s", c.Name, err)
		b.crawls[c.Name] = lastCrawl{address: config.Address(), crawled: last.crawled}
		return last.crawled, nil
	}
	b.crawls[c.Name] = lastCrawl{address: config.Address(), crawled: found, fresh: true}
	return found, nil
}

// crawlBudget bounds one crawl; 0 is crawlTimeout. Where a connection may be left out nothing waits for it for long.
func (b *builder) crawlBudget(known bool) time.Duration {
	switch {
	case known || b.tolerant && b.publisher.Current() != nil:
		return recrawlBudget
	case b.tolerant:
		return firstCrawlBudget
	}
	return 0
}

// firstCrawlBudget bounds how long the start of a server waits for a warehouse that it can do without.
const firstCrawlBudget = 10 * time.Second

// recrawlBudget bounds how long a publication waits for a warehouse that was crawled before: less than the second in
// which a revocation takes effect.
const recrawlBudget = 500 * time.Millisecond

// crawlTimeout bounds one crawl, log-in included.
const crawlTimeout = 2 * time.Minute

func crawlWarehouse(ctx context.Context, c warehouse.Config, domains []string) (out crawled, err error) {
	ctx, cancel := context.WithTimeout(ctx, crawlTimeout)
	defer cancel()
	conn, err := warehouse.Dial(ctx, c, map[string]string{"application_name": "postern:crawl"})
	if err != nil {
		return crawled{}, err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	if out.identity, err = warehouse.Identity(ctx, conn); err != nil {
		return crawled{}, err
	}
	if out.tables, err = warehouse.Crawl(ctx, conn); err != nil {
		return crawled{}, err
	}
	if out.own, err = warehouse.Own(ctx, conn); err != nil {
		return crawled{}, err
	}
	if out.procedures, err = warehouse.HasProcedures(ctx, conn); err != nil {
		return crawled{}, err
	}
	if out.profile, err = warehouse.HasProfile(ctx, conn); err != nil {
		return crawled{}, err
	}
	out.domains, err = warehouse.Domains(ctx, conn, domains)
	return out, err
}

func posOf(set *resource.Set, connection string) policy.Pos {
	for _, c := range set.Connections {
		if c.Name == connection {
			return c.Pos
		}
	}
	return policy.Pos{}
}
