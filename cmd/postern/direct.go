package main

import (
	"cmp"
	"context"
	"errors"
	"path/filepath"
	"reflect"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sync/errgroup"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/direct"
	"github.com/posternsql/postern/push"
	"github.com/posternsql/postern/warehouse"
	"github.com/posternsql/postern/warehouse/queryhistory"
	"github.com/posternsql/postern/warehouse/serverlog"
)

// collecting is one warehouse whose log is followed.
type collecting struct {
	of resource.Connection
	// prefix begins the names of the schemas of push's views, and role is push's own; both are empty without push.
	prefix, role string
	// acting says that people can act as others there.
	acting bool
	stop   context.CancelFunc
}

// collectAll follows the log of each warehouse that says where it is, as connections come, change and go.
func (s *server) collectAll(ctx context.Context) error {
	published, end := s.publisher.Subscribe()
	defer end()
	group, groupCtx := errgroup.WithContext(ctx)
	running := map[string]*collecting{}
	s.versions.Note(s.publisher.Current().Version(), time.Now())
	for {
		s.collectors(groupCtx, group, running)
		select {
		case <-groupCtx.Done():
			return group.Wait()
		case g := <-published:
			s.versions.Note(g.Version(), time.Now())
		}
	}
}

// collectors ends what is gone or changed and starts what is new.
func (s *server) collectors(ctx context.Context, group *errgroup.Group, running map[string]*collecting) {
	wanted := map[string]*collecting{}
	set := s.publisher.Current().Set()
	for _, c := range set.Connections {
		if c.Log.Format != "" {
			w := &collecting{of: c}
			w.prefix, w.role, w.acting = pushed(set, c.Name)
			wanted[c.Name] = w
		}
	}
	for name, r := range running {
		if w, still := wanted[name]; !still || !reflect.DeepEqual(w.of, r.of) || w.prefix != r.prefix || w.role != r.role || w.acting != r.acting {
			r.stop()
			delete(running, name)
		}
	}
	for name, w := range wanted {
		if _, already := running[name]; already {
			continue
		}
		config, end := s.collectorConfig(w)
		err := s.turns(&config)
		var collector *direct.Collector
		if err == nil {
			collector, err = direct.New(config)
		}
		if err != nil {
			s.log.Error("direct statements are not collected", "connection", name, "error", err)
			continue
		}
		var loopCtx context.Context
		loopCtx, w.stop = context.WithCancel(ctx)
		running[name] = w
		s.following.set(name, collector)
		group.Go(func() error {
			defer s.following.drop(name, collector)
			defer end(loopCtx)
			return collector.Run(loopCtx)
		})
	}
}

// pushed is how the schemas begin in which push keeps views for the connection, and the role as which it does; both are "" where it keeps none. acting says that
// people can act as others there.
func pushed(set *resource.Set, connection string) (prefix, role string, acting bool) {
	for _, p := range set.PushSettings {
		if p.Connection == connection {
			return cmp.Or(p.SchemaPrefix, push.DefaultSchemaPrefix), p.User, p.Impersonation
		}
	}
	return "", "", false
}

// collectorConfig is what one collector works with; end lets go of what it keeps open.
func (s *server) collectorConfig(c *collecting) (out direct.Config, end func(context.Context)) {
	out = s.collected(c)
	l := c.of.Log
	out.Interval = l.Interval()
	if warehouse.Engine(c.of.Engine) == warehouse.EngineRedshift {
		config := c.of.WarehouseLogging(s.log)
		reader := &queryhistory.Reader{Views: queryhistory.Views(l.Format), Dial: func(ctx context.Context) (*pgconn.PgConn, error) {
			return warehouse.Dial(ctx, config, map[string]string{"application_name": "postern:log", "datestyle": "ISO, MDY", "timezone": "UTC"})
		}}
		out.Log, out.Redshift, out.Overlap, out.Acting = reader, true, queryhistory.DefaultOverlap, s.acting(c.of.Name)
		return out, func(ctx context.Context) { _ = reader.Close(ctx) } // read only
	}
	zone, err := time.LoadLocation(l.Zone)
	if err != nil {
		zone = nil // checked when it was read; without one the log's times have to say theirs
	}
	var source serverlog.Source = &askedLog{config: c.of.Warehouse(), format: l.Format}
	if l.Folder != "" {
		source = serverlog.Folder{Path: l.Folder, Format: l.Format}
	}
	out.Log, out.Pgaudit = &serverlog.Follower{Source: source, Format: l.Format, Zone: zone}, l.Pgaudit
	return out, func(context.Context) {}
}

// acting asks a Redshift, as push's own account, who acted as whom there; nil where nobody can.
func (s *server) acting(connection string) func(context.Context, time.Time) ([]queryhistory.Acting, error) {
	for _, p := range s.publisher.Current().Pushes() {
		if p.Settings.Connection != connection || !p.Settings.Impersonation {
			continue
		}
		config := p.Warehouse
		return func(ctx context.Context, since time.Time) ([]queryhistory.Acting, error) {
			conn, err := warehouse.Dial(ctx, config, map[string]string{"application_name": "postern:log", "datestyle": "ISO, MDY", "timezone": "UTC"})
			if err != nil {
				return nil, err
			}
			out, err := queryhistory.ReadActing(ctx, conn, since)
			return out, errors.Join(err, conn.Close(context.WithoutCancel(ctx)))
		}
	}
	return nil
}

// collected is what collectors of every engine have.
func (s *server) collected(c *collecting) direct.Config {
	name := c.of.Name
	return direct.Config{
		Connection: name, Database: c.of.Database, Ignore: []string{c.of.User, c.role}, SchemaPrefix: c.prefix,
		Positions: direct.PositionFile{Path: filepath.Join(s.auditDir, "direct-"+name+".position")},
		Rewriter:  s.rewriter, Record: s.audit.Record, Logger: s.log,
		InForce: s.versions.At,
		Current: func() (direct.State, error) { return s.publisher.InForce() },
		Recorded: func(since time.Time, fn func(id string)) error {
			err := audit.Search(s.auditDir, audit.Filter{Kind: audit.Direct, Since: since}, func(e audit.Event) error {
				if e.Connection == name {
					fn(e.ID)
				}
				return nil
			})
			var damaged *audit.DamageError
			if errors.As(err, &damaged) {
				return nil // what is damaged is `audit verify`'s to tell; a statement may be told twice
			}
			return err
		},
	}
}

// turns have one of the servers that share the state collect at a time. Each has a name of its own, beside its record.
func (s *server) turns(config *direct.Config) (err error) {
	if !s.store.Shared() {
		return nil
	}
	config.Turns = s.store
	config.Server, err = direct.ServerName(filepath.Join(s.auditDir, "direct.server"))
	return err
}

// askedLog asks the warehouse for its log, over a connection for each look.
type askedLog struct {
	config warehouse.Config
	format string
}

func (a *askedLog) with(ctx context.Context, do func(serverlog.Server) error) error {
	conn, err := warehouse.Dial(ctx, a.config, map[string]string{"application_name": "postern:log"})
	if err != nil {
		return err
	}
	return errors.Join(do(serverlog.Server{Conn: conn, Format: a.format}), conn.Close(context.WithoutCancel(ctx)))
}

// List implements serverlog.Source.
func (a *askedLog) List(ctx context.Context) (out []serverlog.File, err error) {
	err = a.with(ctx, func(s serverlog.Server) error {
		out, err = s.List(ctx)
		return err
	})
	return out, err
}

// Read implements serverlog.Source.
func (a *askedLog) Read(ctx context.Context, name string, offset, limit int64) (out []byte, err error) {
	err = a.with(ctx, func(s serverlog.Server) error {
		out, err = s.Read(ctx, name, offset, limit)
		return err
	})
	return out, err
}
