package push

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/audit"
)

// Config is what a Syncer works with.
type Config struct {
	Settings Settings
	// Dial logs in as the system role. The Syncer closes what it gets.
	Dial func(ctx context.Context) (*pgconn.PgConn, error)
	// Record puts a change on record before it is made, and what came of it after; an error before keeps it from being made.
	Record func(ctx context.Context, events ...audit.Event) error
	Log    *slog.Logger
	// Removals remember that all was taken back longer than this Syncer is there; nil has it forgotten with the Syncer.
	Removals Removals
	// Progress is told how far a run has come; nil tells nobody.
	Progress func(Progress)
	// Who says of each change who made it; nil says nothing. It may wait a moment for what is on its way.
	Who func(context.Context, []Changed) []Origin
	// Now tells the time; nil is time.Now.
	Now func() time.Time
	// before is called before each statement that changes anything, in tests.
	before func(sql string) error
	// committed is called after each transaction, in tests.
	committed func()
}

// Validate reports every mistake at once.
func (c Config) Validate() error {
	mistakes := []error{c.Settings.Validate()}
	if c.Dial == nil {
		mistakes = append(mistakes, errors.New("nobody dials"))
	}
	if c.Record == nil {
		mistakes = append(mistakes, errors.New("there is no audit log"))
	}
	if c.Log == nil {
		mistakes = append(mistakes, errors.New("there is no logger"))
	}
	return errors.Join(mistakes...)
}

// Syncer keeps one database as the policies say.
type Syncer struct {
	config Config
	// syncing admits one run at a time.
	syncing sync.Mutex
	// last is what the last run left; nil if there was none, or it left something undone.
	last *remembered
	// memory is what the last run has worked out.
	memory *memory
	// removed says that all was taken back, and that nobody has asked for it since, where there are no Removals.
	removed bool
	// origins are what is known of what drifted and was told, behind their own lock: a plan is made beside a run.
	origins     map[Finding]Origin
	attribution sync.Mutex
}

// New makes a Syncer that has done nothing.
func New(c Config) (*Syncer, error) {
	c.Settings = c.Settings.WithDefaults()
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("checking how to push:\n%w", err)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Syncer{config: c}, nil
}

// Report is what a run did.
type Report struct {
	// Plan is what was to be done; Done says that it is.
	Plan *Plan
	Done bool
	// Transactions were committed, with Statements in them.
	Transactions, Statements int
	// Ended are sessions of other people's that were ended, because they could have seen what had been taken away.
	Ended int
	// Findings are those of the plan, and what came up on the way.
	Findings []Finding
	// ValidUntil is when the next run is due at the latest; zero is never.
	ValidUntil time.Time
	// Look says that a whole run is wanted soon: people came or went, and what else they may do has not been looked at.
	Look bool
	// whole says that all was looked at.
	whole bool
	// Program is the version of the policies.
	Program string
}

// ErrBusy says that another Syncer is at work on the database.
var ErrBusy = errors.New("another sync of this database is running")

// ErrRemoved says that all was taken back, and is not made again until a sync is asked for.
var ErrRemoved = errors.New("what was maintained was taken back: it is left alone until a sync is asked for or the settings change")

// Removals remember that all was taken back, until a sync is asked for.
type Removals interface {
	Removed(ctx context.Context) (bool, error)
	SetRemoved(ctx context.Context, removed bool) error
}

// isRemoved reports that all was taken back, and that nobody has asked for it since.
func (s *Syncer) isRemoved(ctx context.Context) error {
	removed := s.removed
	if s.config.Removals != nil {
		var err error
		if removed, err = s.config.Removals.Removed(ctx); err != nil {
			return fmt.Errorf("asking whether all was taken back: %w", err)
		}
	}
	if removed {
		return ErrRemoved
	}
	return nil
}

func (s *Syncer) setRemoved(ctx context.Context, removed bool) error {
	s.removed = removed
	if s.config.Removals == nil {
		return nil
	}
	if err := s.config.Removals.SetRemoved(ctx, removed); err != nil {
		return fmt.Errorf("remembering whether all was taken back: %w", err)
	}
	return nil
}

// Plan says what a run would do, and changes nothing.
func (s *Syncer) Plan(ctx context.Context, in Input) (_ *Plan, err error) {
	s.progress("looking at what is there", 0, 0, 0)
	in.Settings = s.config.Settings
	want, err := Desire(in)
	if err != nil {
		return nil, err
	}
	conn, f, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	prepared := f.prepared
	preparation := s.dialect().preparation(s, f)
	f.prepared = prepared
	have, err := s.crawl(ctx, conn, f, want, nil)
	if err != nil {
		return nil, err
	}
	if err := s.dialect().ungoverned(ctx, conn, have, s.config.Settings, want); err != nil {
		return nil, err
	}
	base, err := s.baselineOf(ctx, conn, f)
	if err != nil {
		return nil, err
	}
	d := diff(s.config.Settings, want, have, past{base: base})
	if err := s.attribute(ctx, d, f.at, nil); err != nil {
		return nil, err
	}
	plan := d.plan(s.budget(f), false, nil)
	if len(preparation) > 0 {
		first := Transaction{Title: "prepare"}
		for _, sql := range preparation {
			first.Statements = append(first.Statements, Statement{SQL: sql})
		}
		plan.Transactions = append([]Transaction{first}, plan.Transactions...)
	}
	return plan, nil
}

func (s *Syncer) open(ctx context.Context) (*pgconn.PgConn, *facts, error) {
	conn, err := s.config.Dial(ctx)
	if err != nil {
		return nil, nil, err
	}
	f, err := s.dialect().look(ctx, s, conn)
	if err != nil {
		return nil, nil, errors.Join(err, conn.Close(context.WithoutCancel(ctx)))
	}
	return conn, f, nil
}

// budget bounds the locks of one transaction: the lock table is the whole server's.
func (s *Syncer) budget(f *facts) int {
	if s.config.Settings.MaxLocks > 0 {
		return s.config.Settings.MaxLocks
	}
	return max(64, f.maxLocks/4)
}

// Sync makes the database as the policies say. Nothing is ever half done in a way that shows anybody more than before or after; what a
// broken run left, the next one completes.
func (s *Syncer) Sync(ctx context.Context, in Input) (*Report, error) {
	s.syncing.Lock()
	defer s.syncing.Unlock()
	if err := s.setRemoved(ctx, false); err != nil {
		return nil, err
	}
	return s.sync(ctx, in, manner{})
}

// manner is how a run goes about its work.
type manner struct {
	// quick takes for granted that nobody else has changed anything since the last run.
	quick bool
	// remember takes what the last run has worked out of what should be there, where it follows from the same; a quick run does.
	remember bool
	// yield ends a whole run that has only looked so far, where it answers true: what waits is more urgent. nil never does.
	yield func() bool
}

// errYielded says that a run gave way before it changed anything.
var errYielded = errors.New("the run gave way to a change")

// keep is Sync where nobody asked for it: what was removed is not made again.
func (s *Syncer) keep(ctx context.Context, in Input, how manner) (*Report, error) {
	s.syncing.Lock()
	defer s.syncing.Unlock()
	if err := s.isRemoved(ctx); err != nil {
		return nil, err
	}
	return s.sync(ctx, in, how)
}

func (s *Syncer) dialect() dialect { return s.config.Settings.dialect() }

func (s *Syncer) progress(doing string, step, steps, statements int) {
	if s.config.Progress != nil {
		s.config.Progress(Progress{Doing: doing, Step: step, Steps: steps, Statements: statements})
	}
}

// desire is Desire, with what the last run has worked out where that is to be remembered. It wants the Syncer to be the caller's.
func (s *Syncer) desire(in Input, remember bool) (*Desired, error) {
	before := s.memory
	if !remember {
		before = nil
	}
	want, after, err := desire(in, before)
	if err == nil {
		s.memory = after
	}
	return want, err
}

// sync wants the Syncer to be the caller's.
func (s *Syncer) sync(ctx context.Context, in Input, how manner) (_ *Report, err error) {
	in.Settings = s.config.Settings
	if s.last != nil && how.yield != nil && how.yield() {
		return nil, errYielded
	}
	want, err := s.desire(in, how.quick || how.remember)
	if err != nil {
		return nil, err
	}
	conn, f, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	defer func() {
		if failed := conn.Close(context.WithoutCancel(ctx)); err == nil && failed != nil {
			s.config.Log.Debug("closing a connection", "error", failed)
		}
	}()
	held, err := s.dialect().lock(ctx, s, conn, f)
	if err != nil {
		return nil, err
	}
	r := &run{s: s, in: in, want: want, conn: conn, facts: f, report: &Report{ValidUntil: want.ValidUntil}}
	r.report.Program = r.program()
	last := s.last
	s.last = nil
	// Another server may have taken all back until the lock was ours.
	if err = s.isRemoved(ctx); err == nil {
		err = s.sameConnection(ctx, conn, f)
	}
	if err == nil {
		if last != nil && last.revision == f.revision {
			// Otherwise there is nothing from which a quick run could begin.
			r.left, r.yield = last.have, how.yield
		}
		// Another Syncer may have been at work until the lock was ours: then the revision is another one.
		if !how.quick || !r.quick(ctx, last, &err) {
			r.report.whole = true
			err = r.run(ctx)
		}
	}
	if errors.Is(err, errYielded) {
		s.last = last
	}
	for _, role := range held.strangers {
		r.find(NotGoverned, "role "+role, "holds the lock by which Syncers know of each other: another one was taken")
	}
	return r.report, errors.Join(err, held.release(ctx))
}

// run is one Sync at work, with the lock held.
type run struct {
	s      *Syncer
	in     Input
	want   *Desired
	conn   *pgconn.PgConn
	facts  *facts
	report *Report
	// base is what the last run gave, left what this process then read back; nil where that is not known.
	base *baseline
	left *Actual
	// quickly says that the profile alone is changed: what the baseline holds stays settled.
	quickly bool
	// roster says that people come or go: what is about roles is read anew.
	roster bool
	// yield is the manner's, until anything is changed.
	yield func() bool
}

func (r *run) run(ctx context.Context) error {
	s := r.s
	if err := s.prepare(ctx, r.conn, r.facts); err != nil {
		return err
	}
	s.progress("looking at what is there", 0, 0, 0)
	have, err := s.crawl(ctx, r.conn, r.facts, r.want, r.yield)
	if err != nil {
		return err
	}
	if err := s.dialect().ungoverned(ctx, r.conn, have, s.config.Settings, r.want); err != nil {
		return err
	}
	if r.yield != nil && r.yield() {
		return errYielded
	}
	if r.base, err = s.baselineOf(ctx, r.conn, r.facts); err != nil {
		return err
	}
	d := diff(s.config.Settings, r.want, have, past{r.base, r.left})
	err = s.attribute(ctx, d, r.facts.at, func(f Finding) error {
		e := r.event("push.drift", f.Object+": "+f.Detail)
		if f.Who != "" {
			e.Detail += "; " + f.Who
		}
		return s.config.Record(ctx, e)
	})
	if err != nil {
		return fmt.Errorf("recording what drifted: %w", err)
	}
	r.report.Plan = d.plan(s.budget(r.facts), false, nil)
	r.report.Findings = d.findings
	if r.report.Plan.Empty() {
		r.report.Done = true
		if err := r.settle(ctx, d); err != nil {
			return err
		}
		return r.remember(ctx, have, have.findings)
	}
	if err := s.config.Record(ctx, r.event("push.plan", r.report.Plan.summary())); err != nil {
		return fmt.Errorf("recording the plan: %w", err)
	}
	err = r.apply(ctx, d)
	if err == nil {
		err = r.readBack(ctx, d, have.findings)
	}
	outcome := fmt.Sprintf("%s with %s committed", count(r.report.Transactions, "transaction", "transactions"), count(r.report.Statements, "statement", "statements"))
	if err != nil {
		outcome += "; then it failed"
	}
	e := r.event("push.sync", outcome)
	e.SQLState = sqlState(err)
	if failed := s.config.Record(context.WithoutCancel(ctx), e); failed != nil {
		return errors.Join(err, fmt.Errorf("recording what was done: %w", failed))
	}
	return err
}

func (r *run) event(action, detail string) audit.Event {
	set := r.s.config.Settings
	e := audit.Event{Kind: audit.Admin, Connection: set.Connection, Action: action, Target: set.Database, Detail: detail, Program: r.program()}
	return e
}

func (r *run) program() string { return strconv.FormatUint(r.in.Program.Version(), 10) }

// readBack compares what is there now with what should be. What the server says of itself counts, never that a statement did not fail.
func (r *run) readBack(ctx context.Context, d *difference, findings []Finding) error {
	r.s.progress("reading back", 0, 0, r.report.Statements)
	have, err := r.s.crawl(ctx, r.conn, r.facts, r.want, nil)
	if err != nil {
		return err
	}
	left := diff(r.s.config.Settings, r.want, have, past{base: r.base})
	plan := left.plan(r.s.budget(r.facts), false, nil)
	r.report.Done = plan.Empty()
	for _, t := range plan.Transactions {
		for _, st := range t.Statements {
			statement := strings.Join(strings.Fields(st.SQL), " ")
			r.find(Blocked, "read back", "still to be done: "+statement+r.s.dialect().blame(ctx, r.conn, have, st.of))
		}
	}
	// What was left undone is not drift at the next look.
	if r.report.Done {
		if err := r.settle(ctx, d); err != nil {
			return err
		}
	}
	return r.remember(ctx, have, findings)
}

func (r *run) find(kind FindingKind, object, detail string) {
	r.report.Findings = append(r.report.Findings, Finding{Kind: kind, Object: object, Detail: detail})
}
