package main

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/control"
	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/push"
)

// openPusher is openServer without anything that listens.
func openPusher(ctx context.Context, cfg *resource.ServerConfig, log *slog.Logger) (_ *server, err error) {
	s := &server{log: log}
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
	return s, s.openControl(ctx, cfg)
}

// runPusher publishes what changes, and syncs.
func (s *server) runPusher(ctx context.Context) error {
	auditCtx, stopAudit := context.WithCancel(context.WithoutCancel(ctx))
	auditDone := make(chan error, 1)
	go func() { auditDone <- s.audit.Run(auditCtx) }()
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.watcher.Run(groupCtx) })
	group.Go(func() error { return s.publisher.RunExpiry(groupCtx, time.After) })
	group.Go(func() error { return s.pushAll(groupCtx) })
	err := group.Wait()
	stopAudit()
	return errors.Join(err, <-auditDone, s.close())
}

// pushing is the loop of one warehouse.
type pushing struct {
	settings resource.PushSettings
	changed  chan struct{}
	stop     context.CancelFunc
}

// pushAll has one loop for each warehouse in which something is maintained, started and ended as settings come and go, and wakes them all at each
// publication and each change of a person's project.
func (s *server) pushAll(ctx context.Context) error {
	published, stop := s.publisher.Subscribe()
	defer stop()
	changed, end := s.standings.Subscribe()
	defer end()
	group, groupCtx := errgroup.WithContext(ctx)
	loops := map[string]*pushing{}
	for {
		s.pushLoops(groupCtx, group, loops)
		select {
		case <-groupCtx.Done():
			return group.Wait()
		case <-published:
		case <-changed:
		}
	}
}

// pushLoops starts what is new, ends what is gone, and wakes the rest.
func (s *server) pushLoops(ctx context.Context, group *errgroup.Group, loops map[string]*pushing) {
	wanted := map[string]control.Push{}
	for _, p := range s.publisher.Current().Pushes() {
		wanted[p.Settings.Connection] = p
	}
	for name, l := range loops {
		if p, still := wanted[name]; !still || !reflect.DeepEqual(p.Settings, l.settings) {
			l.stop()
			delete(loops, name)
			if still {
				continue
			}
			// Settings that come again later are a wish to have it maintained.
			if err := (control.Unregistered{Store: s.store, Settings: l.settings}).SetRemoved(ctx, false); err != nil {
				s.log.Error("forgetting that a warehouse was unregistered", "connection", name, "error", err)
			}
		}
	}
	for name, p := range wanted {
		if l, running := loops[name]; running {
			select {
			case l.changed <- struct{}{}:
			default:
			}
			continue
		}
		loopCtx, stop := context.WithCancel(ctx)
		l := &pushing{settings: p.Settings, changed: make(chan struct{}, 1), stop: stop}
		interval := time.Duration(p.Settings.Interval) * time.Second
		if interval == 0 {
			interval = push.DefaultInterval
		}
		keeper, err := push.NewKeeper(push.KeeperConfig{
			Syncer: s.syncerConfig(p), Current: s.pushCurrent(name), Changed: l.changed, Interval: interval, Told: s.pushTold(loopCtx, name),
			Paused: p.Settings.Paused, Several: s.store.Shared(),
		})
		if err != nil {
			stop()
			s.log.Error("pushing: nothing is maintained", "connection", name, "error", err)
			continue
		}
		loops[name] = l
		s.keepers.set(name, keeper)
		group.Go(func() error {
			defer s.keepers.drop(name, keeper)
			return keeper.Run(loopCtx)
		})
	}
}

// pushCurrent is what is in force for one warehouse. While it cannot be confirmed, what is there is left.
func (s *server) pushCurrent(connection string) func() (push.Input, bool) {
	return func() (push.Input, bool) {
		g, err := s.publisher.InForce()
		if err != nil {
			return push.Input{}, false
		}
		for _, p := range g.Pushes() {
			if p.Settings.Connection == connection {
				return pushInput(p), true
			}
		}
		return push.Input{}, false
	}
}

// pushTold logs what came of a run. What is the same as at the last one is not said again.
func (s *server) pushTold(ctx context.Context, connection string) func(*push.Report, error) {
	last, alone := map[string]bool{}, false
	return func(r *push.Report, err error) {
		was := alone
		alone = errors.Is(err, push.ErrRemoved)
		switch {
		case errors.Is(err, push.ErrBusy):
			return
		case alone:
			if !was {
				s.log.Info("pushing: nothing is maintained", "connection", connection, "why", err)
			}
			return
		case err != nil:
			s.log.Error("pushing", "connection", connection, "error", err)
			return
		}
		now := map[string]bool{}
		var drift []control.Notice
		for _, f := range r.Findings {
			text := f.String()
			if now[text] = true; !last[text] {
				s.log.Warn("pushing", "connection", connection, "finding", text)
				if f.Kind == push.Drifted {
					drift = append(drift, control.Notice{
						Topic: "drift", Event: "found", Kind: "Connection", Name: connection, Detail: f.Object + ": " + f.Detail, Author: "push", At: time.Now().UTC(),
					})
				}
			}
		}
		last = now
		if err := s.tellDrift(ctx, drift); err != nil {
			s.log.Error("queueing a notice", "connection", connection, "error", err)
		}
		if r.Transactions > 0 {
			s.log.Info("pushed", "connection", connection, "transactions", r.Transactions, "statements", r.Statements, "done", r.Done)
		}
	}
}

// tellDrift has webhooks told. Nothing is queued where nothing was found: most runs find nothing.
func (s *server) tellDrift(ctx context.Context, found []control.Notice) error {
	if len(found) == 0 {
		return nil
	}
	return s.store.Enqueue(ctx, found)
}
