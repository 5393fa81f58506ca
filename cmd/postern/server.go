package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
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
	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/proxy"
	"github.com/posternsql/postern/rewrite"
	"github.com/posternsql/postern/sqlgen"
	"github.com/posternsql/postern/warehouse"
)

// server is everything that `serve` runs, opened and listening, in the order of its life.
type server struct {
	log       *slog.Logger
	audit     *audit.Log
	store     *store.Lazy
	standings *control.Standings
	publisher *control.Publisher
	watcher   *control.Watcher
	rewriter  *rewrite.Rewriter
	proxy     *proxy.Server
	admin     *admin.Server

	listener      net.Listener
	adminListener net.Listener
}

// openServer publishes the resources and listens; nothing is accepted before run. On an error all is closed again.
func openServer(ctx context.Context, cfg *resource.ServerConfig, log *slog.Logger) (_ *server, err error) {
	s := &server{log: log}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.audit, err = audit.Open(audit.Config{Dir: cfg.Audit.Dir, Logger: log}); err != nil {
		return nil, err
	}
	if s.rewriter, err = rewrite.New(rewrite.Config{Dialect: sqlgen.Postgres(), MaxSQLBytes: cfg.Limits.QueryBytes}); err != nil {
		return nil, err
	}
	if err := s.openControl(ctx, cfg); err != nil {
		return nil, err
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if err := s.openProxy(ctx, cfg, registry); err != nil {
		return nil, err
	}
	return s, s.openAdmin(ctx, cfg, registry)
}

// openControl publishes the resources for the first time. A mistake in them is an error here; later ones leave in force
// what was.
func (s *server) openControl(ctx context.Context, cfg *resource.ServerConfig) (err error) {
	s.store = &store.Lazy{Path: strings.TrimPrefix(cfg.State, "sqlite:")}
	s.standings, err = control.NewStandings(ctx, control.StandingsConfig{Store: s.store, Record: s.audit.Record, Log: s.log})
	if err != nil {
		return err
	}
	reviews := control.ReviewFile{Path: reviewPath(cfg.State)}
	if s.publisher, err = control.NewPublisher(control.Config{Log: s.log, Reviews: reviews, Standings: s.standings, UnreadableViews: s.rewriter.UnreadableViews}); err != nil {
		return err
	}
	s.watcher = &control.Watcher{Publisher: s.publisher, Paths: cfg.Resources, Log: s.log}
	g, err := s.watcher.Reload(ctx)
	if err != nil {
		return fmt.Errorf("publishing resources: %w", err)
	}
	for _, w := range g.Warnings() {
		s.log.Warn("published with a warning", "warning", w.String())
	}
	return nil
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
		Current: s.state, Rewriter: s.rewriter, Audit: s.audit, Dial: s.dial, Cancel: s.cancel,
		MaxSessions: cfg.Limits.Sessions, MaxSessionsPerUser: cfg.Limits.SessionsPerUser,
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
	first, err := firstToken(tokenPath(cfg.State))
	if err != nil {
		return fmt.Errorf("keeping the first admin token: %w", err)
	}
	api := &admin.API{
		Current: s.apiState, Rewriter: s.rewriter, Audit: s.audit, Dialect: sqlgen.Postgres(), FirstToken: control.TokenDigest(first),
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
				return errors.New("nothing is published")
			}
			return nil
		}},
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
	group.Go(func() error { return (&control.Procedures{Publisher: s.publisher, Log: s.log}).Run(groupCtx) })
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
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
			s.proxy.Reconsider()
		case <-published:
			s.proxy.Reconsider()
		}
	}
}

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
