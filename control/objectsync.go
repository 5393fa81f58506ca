package control

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/control/resource"
)

// Synced is what one look at the warehouses found.
type Synced struct {
	// Connections that were looked at.
	Connections []SyncedConnection
	// Changes that this look was the first to find. What another server found is in the list of changes.
	Changes []ObjectChange
}

// SyncedConnection is what one warehouse has.
type SyncedConnection struct {
	Name string
	// Objects and columns that were found.
	Objects, Columns int
	// Err says why it could not be looked at.
	Err error
}

// Refresh is Sync of all warehouses, for who wants an error alone.
func (p *Publisher) Refresh(ctx context.Context) error {
	out, err := p.Sync(ctx)
	failures := []error{err}
	for _, c := range out.Connections {
		if c.Err != nil {
			failures = append(failures, fmt.Errorf("crawling connection %s: %w", c.Name, c.Err))
		}
	}
	return errors.Join(failures...)
}

// ErrNoConnection says that there is no such connection.
var ErrNoConnection = errors.New("there is no such connection")

// Sync crawls warehouses of the current generation, all where none is named, and publishes its set again if anything changed there or another server
// knows more. The crawls take as long as they take; no publication waits for them.
func (p *Publisher) Sync(ctx context.Context, connections ...string) (Synced, error) {
	set := p.Current().Set()
	for _, name := range connections {
		if !slices.ContainsFunc(set.Connections, func(c resource.Connection) bool { return c.Name == name }) {
			return Synced{}, ErrNoConnection
		}
	}
	for try := 1; ; try++ {
		out, err := p.syncOnce(ctx, set, connections)
		if !errors.Is(err, errKnownMoved) || try == maxTries {
			return out, err
		}
	}
}

// syncOnce is one attempt. What was found says what became of objects only if nobody has stored more since before the warehouses were asked.
func (p *Publisher) syncOnce(ctx context.Context, set *resource.Set, connections []string) (Synced, error) {
	mark, err := p.markNow(ctx)
	if err != nil {
		return Synced{}, err
	}
	out, found := p.crawlAll(ctx, set, connections)
	p.publishing.Lock()
	defer p.publishing.Unlock()
	if err := p.load(ctx); err != nil {
		return out, err
	}
	if p.known.Mark != mark {
		return out, errKnownMoved
	}
	out.Changes, err = p.synced(ctx, set, found)
	return out, err
}

// markNow is the mark of what is known by now.
func (p *Publisher) markNow(ctx context.Context) (int64, error) {
	p.publishing.Lock()
	defer p.publishing.Unlock()
	if err := p.loadKnown(ctx); err != nil {
		return 0, err
	}
	return p.known.Mark, nil
}

// crawlAll asks the warehouses at once: one that hangs keeps no other waiting.
func (p *Publisher) crawlAll(ctx context.Context, set *resource.Set, only []string) (out Synced, found map[string]lastCrawl) {
	found = map[string]lastCrawl{}
	var mu sync.Mutex
	var wait sync.WaitGroup
	for _, c := range set.Connections {
		if len(only) > 0 && !slices.Contains(only, c.Name) {
			continue
		}
		wait.Go(func() {
			config := p.dialing.of(c)
			has, err := p.config.crawl(ctx, config, domainNames(set))
			mu.Lock()
			defer mu.Unlock()
			s := SyncedConnection{Name: c.Name, Objects: len(has.tables), Err: err}
			for _, t := range has.tables {
				s.Columns += len(t.Columns)
			}
			if err == nil {
				found[c.Name] = lastCrawl{address: config.Address(), crawled: has, fresh: true}
			}
			out.Connections = append(out.Connections, s)
		})
	}
	wait.Wait()
	slices.SortFunc(out.Connections, func(a, b SyncedConnection) int { return cmp.Compare(a.Name, b.Name) })
	return out, found
}

// synced publishes what was found.
func (p *Publisher) synced(ctx context.Context, set *resource.Set, found map[string]lastCrawl) ([]ObjectChange, error) {
	// Another set may have been published in the meantime; then its crawls are as fresh as these.
	if p.Current() == nil || p.Current().Set() != set {
		return nil, nil
	}
	if !p.changedSince(found) && !p.firstCrawl(found) && p.known.Mark == p.knownMark.Load() {
		return nil, nil
	}
	n := Publication{Set: set, Revision: p.Current().Revision(), Tolerant: true}
	b := p.builderOf(n)
	b.given = maps.Clone(p.crawls)
	maps.Copy(b.given, found)
	g, err := b.build(ctx)
	if err != nil {
		if again, held := p.holding(ctx, n, b); held != nil {
			b, g, err = again, held, nil
		}
	}
	if err != nil {
		return nil, err
	}
	changes := b.save().Changes
	return changes, p.enforce(ctx, b, g)
}

// maxReleases bounds how many sources are tried one by one when something does not fit.
const maxReleases = 8

// holding is another attempt at a publication whose policies do not fit what the warehouses have become: as few sources as can be found out are held. It
// returns nil where that does not help. What somebody wants to change is not made to fit by holding more than is held already.
func (p *Publisher) holding(ctx context.Context, n Publication, failed *builder) (*builder, *Generation) {
	const misfit = "the policies do not fit what the table has become"
	changed := failed.changedSources()
	if p.Current() != nil && n.Set != p.Current().Set() {
		changed = slices.DeleteFunc(changed, func(name string) bool { return p.known.Sources[name].Held == "" })
	}
	attempt := func(force []string, present bool) (*builder, *Generation) {
		b := p.builderOf(n)
		b.given = maps.Clone(failed.given)
		if b.given == nil {
			b.given = map[string]lastCrawl{}
		}
		maps.Copy(b.given, failed.crawls)
		b.accept, b.present, b.force = failed.accept, present, map[string]string{}
		for _, name := range force {
			b.force[name] = misfit
		}
		g, err := b.build(ctx)
		if err != nil {
			return nil, nil
		}
		return b, g
	}
	if failed.held > 0 {
		if b, g := attempt(nil, true); g != nil {
			return b, g
		}
	}
	if len(changed) == 0 {
		return nil, nil
	}
	present := false
	b, g := attempt(changed, false)
	if g == nil {
		present = true
		if b, g = attempt(changed, true); g == nil {
			return nil, nil
		}
	}
	for _, name := range changed[:min(len(changed), maxReleases)] {
		if len(changed) == 1 {
			break
		}
		fewer := slices.DeleteFunc(slices.Clone(changed), func(other string) bool { return other == name })
		if lighter, again := attempt(fewer, present); again != nil {
			b, g, changed = lighter, again, fewer
		}
	}
	return b, g
}

// loadKnown reads what is known of objects, if another server has stored more.
func (p *Publisher) loadKnown(ctx context.Context) error {
	if p.known == nil {
		p.known = &Known{Warehouses: map[string]KnownWarehouse{}, Sources: map[string]KnownSource{}, Mark: -1}
	}
	if p.config.Objects == nil {
		return nil
	}
	mark, err := p.config.Objects.KnownMark(ctx)
	if err == nil && mark != p.known.Mark {
		var known *Known
		if known, err = p.config.Objects.Known(ctx); err == nil {
			p.known = known
		}
	}
	if err != nil {
		return resource.Mistakes{{Message: err.Error()}}
	}
	return nil
}

// remember stores what is known now, has it put on record and told, each thing once however many servers found it.
func (p *Publisher) remember(ctx context.Context, s ObjectsSave) error {
	if s.empty() {
		return nil
	}
	mark := s.Base + 1
	if p.config.Objects != nil {
		s.Before = func(ctx context.Context) error {
			if e, any := objectsRecord(s); any {
				return p.config.Record(ctx, e)
			}
			return nil
		}
		var err error
		mark, err = p.config.Objects.SaveObjects(ctx, s)
		switch {
		case errors.Is(err, ErrMoved):
			return errKnownMoved
		case err != nil:
			return resource.Mistakes{{Message: err.Error()}}
		}
	}
	p.known = p.known.next(s, mark)
	for i, c := range s.Changes {
		if i == maxObjectNotices {
			break
		}
		p.config.Log.Info("objects", "change", c.String())
	}
	return nil
}

// KnownMark is that of what is known of objects and in force.
func (p *Publisher) KnownMark() int64 { return p.knownMark.Load() }

// The refusals of Accept.
var (
	ErrNoSource = errors.New("there is no such source")
	ErrNotHeld  = errors.New("the source is what it was: there is nothing to accept")
)

// Accept takes the object that has a source's name now for the source's, with its columns by their names: somebody has looked at it. by is the beginning
// of the audit record. An error is ErrNoSource, ErrNotHeld, or of type resource.Mistakes where Source or policies do not fit the object.
func (p *Publisher) Accept(ctx context.Context, by audit.Event, source string) error {
	set := p.Current().Set()
	i := slices.IndexFunc(set.Sources, func(s resource.Source) bool { return s.Name == source })
	if i < 0 {
		return ErrNoSource
	}
	name, err := set.Sources[i].Parts()
	if err != nil {
		return ErrNoSource
	}
	for try := 1; ; try++ {
		err := p.accept(ctx, by, set.Sources[i], name)
		if !errors.Is(err, errKnownMoved) || try == maxTries {
			return err
		}
	}
}

func (p *Publisher) accept(ctx context.Context, by audit.Event, s resource.Source, name resource.SourceName) error {
	mark, err := p.markNow(ctx)
	if err != nil {
		return err
	}
	out, found := p.crawlAll(ctx, p.Current().Set(), []string{name.Connection})
	for _, c := range out.Connections {
		if c.Err != nil {
			return fmt.Errorf("crawling connection %s: %w", c.Name, c.Err)
		}
	}
	p.publishing.Lock()
	defer p.publishing.Unlock()
	if err := p.load(ctx); err != nil {
		return err
	}
	if p.known.Mark != mark {
		return errKnownMoved
	}
	var now *catalog.Table
	for _, t := range found[name.Connection].crawled.tables {
		if t.Schema == name.Schema && t.Name == name.Table {
			now = t
		}
	}
	known := p.known.Sources[s.Name]
	switch {
	case now == nil:
		return resource.Mistakes{{Pos: s.Pos, Resource: "Source " + s.Name, Message: "the warehouse has no such table: register it under the name that it has now, or delete the Source"}}
	case known.Held == "" && known.Pin.Is(now):
		return ErrNotHeld
	}
	n := Publication{Set: p.Current().Set(), Revision: p.Current().Revision(), Tolerant: true}
	b := p.builderOf(n)
	b.given = maps.Clone(p.crawls)
	maps.Copy(b.given, found)
	b.accept = map[string]bool{s.Name: true}
	g, err := b.build(ctx)
	if err != nil {
		return err
	}
	by.Kind, by.Action, by.Target, by.Detail = audit.Admin, "objects.accept", s.Name, cmp.Or(known.Held, "columns have changed")
	by.Connection, by.Time = name.Connection, b.now.UTC()
	if p.config.Record != nil {
		if err := p.config.Record(ctx, by); err != nil {
			return err
		}
	}
	return p.enforce(ctx, b, g)
}
