package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"golang.org/x/sync/errgroup"

	"github.com/posternsql/postern/admin"
	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/control"
	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/control/store"
	"github.com/posternsql/postern/control/webhook"
	"github.com/posternsql/postern/direct"
	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/proxy"
	"github.com/posternsql/postern/sqlgen"
	"github.com/posternsql/postern/warehouse"
)

// server is everything that `serve` runs, opened and listening, in the order of its life.
type server struct {
	log       *slog.Logger
	audit     *audit.Log
	auditDir  string
	versions  direct.Versions
	keepers   keepers
	following following
	store     *store.Store
	standings *control.Standings
	registry  *control.Registry
	follower  *control.Follower // nil where the state is not shared
	desk      *control.Desk
	webhooks  *webhook.Sender
	publisher *control.Publisher
	watcher   *control.Watcher
	rewriter  *rewriters
	proxy     *proxy.Server
	admin     *admin.Server

	// hangup gets SIGHUP.
	hangup        <-chan os.Signal
	lambdaAccess  []resource.ServerLambdaAccess
	listener      net.Listener
	adminListener net.Listener
}

// openServer publishes the resources and listens; nothing is accepted before run. On an error all is closed again.
func openServer(ctx context.Context, cfg *resource.ServerConfig, log *slog.Logger) (_ *server, err error) {
	s := &server{log: log, auditDir: cfg.Audit.Dir, lambdaAccess: cfg.LambdaAccess}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.audit, err = audit.Open(audit.Config{Dir: cfg.Audit.Dir, Logger: log}); err != nil {
		return nil, err
	}
	if s.rewriter, err = newRewriters(cfg, s.dialect); err != nil {
		return nil, err
	}
	if err := s.openControl(ctx, cfg); err != nil {
		return nil, err
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	s.webhooks, err = webhook.New(webhook.Config{
		Store: s.store, Current: s.resourceSet, Subscribe: s.publisher.Subscribe, Log: log, Metrics: webhook.NewMetrics(registry),
	})
	if err != nil {
		return nil, err
	}
	if err := s.openProxy(ctx, cfg, registry); err != nil {
		return nil, err
	}
	return s, s.openAdmin(ctx, cfg, registry)
}

// openControl publishes the resources for the first time. A mistake in files is an error here; later ones leave in force what was. What is stored
// was without mistakes when it was: a state that cannot be read, or does not fit the warehouses any more, has the server start without anything
// in force and try again, so that it can be mended through the API.
func (s *server) openControl(ctx context.Context, cfg *resource.ServerConfig) (err error) {
	if s.store, err = store.New(store.Config{URL: cfg.State, Password: cfg.StatePassword, Log: s.log}); err != nil {
		return err
	}
	if s.standings, err = control.NewStandings(ctx, control.StandingsConfig{Store: s.store, Record: s.audit.Record, Log: s.log}); err != nil {
		return err
	}
	if s.publisher, err = control.NewPublisher(control.Config{Log: s.log, Reviews: s.reviewStore(cfg), Objects: s.store, Record: s.audit.Record, Standings: s.standings, UnreadableViews: s.rewriter.UnreadableViews}); err != nil {
		return err
	}
	s.registry, err = control.NewRegistry(control.RegistryConfig{Publisher: s.publisher, Store: s.store, Paths: cfg.Resources, Record: s.audit.Record, Log: s.log})
	if err != nil {
		return err
	}
	if s.desk, err = control.NewDesk(control.DeskConfig{Registry: s.registry, Store: s.store, Tell: s.store.Enqueue, Log: s.log}); err != nil {
		return err
	}
	if s.store.Shared() {
		s.follower, err = control.NewFollower(control.FollowerConfig{
			Registry: s.registry, Standings: s.standings, Leases: s.store, Listener: s.store, Fresh: s.publisher.Fresh(),
			Address: cfg.Listen, Staleness: time.Duration(cfg.StalenessMillis) * time.Millisecond, Log: s.log,
		})
		if err != nil {
			return err
		}
	}
	s.watcher = &control.Watcher{Publisher: s.publisher, Publish: s.publishAll, Paths: cfg.Resources, Log: s.log}
	g, err := s.watcher.Reload(ctx)
	var unread *control.StateError
	switch {
	case errors.As(err, &unread):
		s.log.Error("publishing: nothing is in force until the state can be read and fits", "error", err)
		return nil
	case err != nil:
		return fmt.Errorf("publishing resources: %w", err)
	}
	for _, w := range g.Warnings() {
		s.log.Warn("published with a warning", "warning", w.String())
	}
	if s.follower != nil {
		s.follower.Begin(ctx)
	}
	return nil
}

// publishAll publishes files and state, and has the other servers know.
func (s *server) publishAll(ctx context.Context) (*control.Generation, error) {
	g, err := s.registry.Reload(ctx)
	if err == nil && s.follower != nil {
		s.follower.Wake()
	}
	return g, err
}

// reviewStore keeps the reviewed columns in the state, and takes over what an earlier version kept in a file beside it.
func (s *server) reviewStore(cfg *resource.ServerConfig) control.ReviewStore {
	if s.store.Shared() {
		return s.store
	}
	return control.MovedReviews{To: s.store, From: control.ReviewFile{Path: reviewPath(cfg.State)}}
}

// reviewPath is where the reviewed columns are kept: beside the state.
func reviewPath(state string) string {
	file := strings.TrimPrefix(state, "sqlite:")
	return strings.TrimSuffix(file, filepath.Ext(file)) + ".reviews.json"
}

func (s *server) openProxy(ctx context.Context, cfg *resource.ServerConfig, registry prometheus.Registerer) error {
	var err error
	pc := proxy.Config{
		TLSMode: proxy.TLSMode(cfg.TLS.Mode),
		Current: s.state, Rewriter: s.rewriter, Audit: s.audit, Dial: s.dial, Cancel: s.cancel, Engine: s.engine, Token: tokenCheck(cfg.Tokens),
		MaxMessageBytes: max(proxy.DefaultMaxMessageBytes, cfg.Limits.QueryBytes+1<<16),
		MaxSessions:     cfg.Limits.Sessions, MaxSessionsPerUser: cfg.Limits.SessionsPerUser,
		AuthTimeout: time.Duration(cfg.Limits.LoginSeconds) * time.Second,
		Log:         s.log, Metrics: proxy.NewMetrics(registry),
	}
	if cfg.TLS.Cert != "" {
		pair, err := tls.LoadX509KeyPair(cfg.TLS.Cert, cfg.TLS.Key)
		if err != nil {
			return fmt.Errorf("reading certificate: %w", err)
		}
		pc.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	if s.proxy, err = proxy.New(pc); err != nil {
		return err
	}
	s.listener, err = new(net.ListenConfig).Listen(ctx, "tcp", cfg.Listen)
	return err
}

func (s *server) openAdmin(ctx context.Context, cfg *resource.ServerConfig, metrics prometheus.Gatherer) (err error) {
	if cfg.Admin.Listen == "off" {
		return nil
	}
	first, err := firstToken(tokenPath(cfg))
	if err != nil {
		return fmt.Errorf("keeping the first admin token: %w", err)
	}
	api := &admin.API{
		Current: s.apiState, Rewriter: s.rewriter, Audit: s.audit, Dialect: sqlgen.Postgres(), DialectOf: s.rewriter.dialect, FirstToken: control.TokenDigest(first),
	}
	api.Resources, api.History, api.Desk, api.Pushes = s.registry, s.store, s.desk, &s.keepers
	api.Statements = func(since time.Time, fn func(audit.Event) error) error {
		return audit.Search(s.auditDir, audit.Filter{Since: since}, fn)
	}
	api.Objects, api.ObjectHistory = s.publisher, s.store
	if s.follower != nil {
		api.Await, api.Leases = s.follower.Await, s.store
	}
	s.admin, err = admin.New(admin.Config{Checks: s.checks(), Metrics: metrics, API: api, Log: s.log})
	if err != nil {
		return err
	}
	s.adminListener, err = new(net.ListenConfig).Listen(ctx, "tcp", cfg.Admin.Listen)
	return err
}

func (s *server) checks() []admin.Check {
	return []admin.Check{
		{Name: "program", Probe: func(context.Context) error {
			if s.publisher.Current() == nil {
				_, problem := s.registry.Marks()
				return errors.New(strings.TrimSpace("nothing is published " + problem))
			}
			return nil
		}},
		{Name: "state", Probe: func(context.Context) error {
			if causes := s.publisher.Fresh().Stale(time.Now()); len(causes) > 0 {
				_, problem := s.registry.Marks()
				return errors.New(strings.TrimSpace("what is in force cannot be confirmed " + problem))
			}
			return nil
		}},
		{Name: "connections", Probe: func(context.Context) error { return s.publisher.Current().Unserved() }},
		{Name: "webhooks", Probe: func(context.Context) error { return s.webhooks.Unresolved() }},
		{Name: "audit", Probe: func(context.Context) error { return s.audit.Err() }},
	}
}

// A generation also changes what holds of people.
var _ proxy.People = (*control.Generation)(nil)

// state is what decides now.
func (s *server) state() (proxy.State, error) {
	g, err := s.publisher.InForce()
	if err != nil {
		return nil, err
	}
	return g, nil
}

func (s *server) apiState() (admin.State, error) {
	g, err := s.publisher.InForce()
	if err != nil {
		return nil, err
	}
	return g, nil
}

// resourceSet is the set in force, for what is sent because of it.
func (s *server) resourceSet() (*resource.Set, error) {
	g, err := s.publisher.InForce()
	if err != nil {
		return nil, err
	}
	return g.Set(), nil
}

// dial logs in to the warehouse and hands the bare connection over.
func (s *server) dial(ctx context.Context, database string, params map[string]string) (*pgconn.HijackedConn, error) {
	c, found := s.publisher.Current().Connection(database)
	if !found {
		return nil, pgerror.UnknownDatabase(database)
	}
	conn, err := warehouse.Dial(ctx, *c, params)
	if err != nil {
		return nil, err
	}
	if err := conn.SyncConn(ctx); err != nil {
		return nil, errors.Join(err, conn.Close(ctx))
	}
	return conn.Hijack()
}

func (s *server) cancel(ctx context.Context, database string, backend warehouse.Backend) error {
	c, found := s.publisher.Current().Connection(database)
	if !found {
		return pgerror.UnknownDatabase(database)
	}
	return warehouse.Cancel(ctx, *c, backend)
}

// run serves until ctx ends and then lets what runs finish. The server is closed when it returns.
func (s *server) run(ctx context.Context) error {
	// The audit log outlives the sessions, whose last events it has to take.
	auditCtx, stopAudit := context.WithCancel(context.WithoutCancel(ctx))
	auditDone := make(chan error, 1)
	go func() { auditDone <- s.audit.Run(auditCtx) }()

	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.proxy.Serve(groupCtx, s.listener) })
	group.Go(func() error { return s.watcher.Run(groupCtx) })
	group.Go(func() error { return s.publisher.RunExpiry(groupCtx, time.After) })
	group.Go(func() error { return s.reloadOnSignal(groupCtx) })
	group.Go(func() error { return s.reconsider(groupCtx) })
	group.Go(func() error { return s.selfCheck(groupCtx) })
	group.Go(func() error { return s.pushAll(groupCtx) })
	group.Go(func() error { return s.keepAccess(groupCtx, s.lambdaAccess) })
	group.Go(func() error { return s.collectAll(groupCtx) })
	group.Go(func() error { return (&control.Procedures{Publisher: s.publisher, Log: s.log}).Run(groupCtx) })
	group.Go(func() error { return (&control.CatalogWatch{Publisher: s.publisher, Log: s.log}).Run(groupCtx) })
	group.Go(func() error { return s.desk.Run(groupCtx) })
	group.Go(func() error { return s.webhooks.Run(groupCtx) })
	if s.follower != nil {
		group.Go(func() error { return s.follower.Run(groupCtx) })
	}
	if s.admin != nil {
		group.Go(func() error { return s.admin.Serve(groupCtx, s.adminListener) })
	}
	err := group.Wait()
	stopAudit()
	err = errors.Join(err, <-auditDone)
	// The servers have closed their listeners.
	s.listener, s.adminListener = nil, nil
	return errors.Join(err, s.close())
}

// reconsider tells the sessions of each publication, and of each change of a person's project.
func (s *server) reconsider(ctx context.Context) error {
	published, stop := s.publisher.Subscribe()
	defer stop()
	changed, end := s.standings.Subscribe()
	defer end()
	tick := time.NewTicker(staleLook)
	defer tick.Stop()
	stale := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
			s.proxy.Reconsider()
		case <-published:
			s.proxy.Reconsider()
		case <-tick.C:
			// What is under way ends as well when it cannot be confirmed any more.
			was := stale
			stale = len(s.publisher.Fresh().Stale(time.Now())) > 0
			if stale && !was {
				s.proxy.Reconsider()
			}
		}
	}
}

// staleLook is how soon results under way end once what they rest on is stale.
const staleLook = 50 * time.Millisecond

// close releases what is open.
func (s *server) close() error {
	var errs []error
	for _, l := range []net.Listener{s.listener, s.adminListener} {
		if l != nil {
			errs = append(errs, l.Close())
		}
	}
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	if s.audit != nil {
		errs = append(errs, s.audit.Close())
	}
	return errors.Join(errs...)
}
