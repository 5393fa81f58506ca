package main

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/warehouse"
)

// selfCheckTimeout bounds the look at one warehouse's roles.
const selfCheckTimeout = 20 * time.Second

// selfCheck says, at each start, what Postern's own roles in the warehouses can do and need not: whatever they cannot do, a mistake of Postern's cannot do
// either. It keeps nothing from starting.
func (s *server) selfCheck(ctx context.Context) error {
	g := s.publisher.Current()
	for _, name := range g.Connections() {
		c, found := g.Connection(name)
		if !found {
			continue
		}
		if c.Engine == warehouse.EngineRedshift {
			s.checkRole(ctx, name, *c, warehouse.RedshiftRegistration{Service: c.User}.SelfCheck)
			continue
		}
		s.checkRole(ctx, name, *c, func(ctx context.Context, conn *pgconn.PgConn) ([]string, error) {
			return warehouse.SelfCheck(ctx, conn, warehouse.Registration{Database: c.Database, ServiceRole: c.User})
		})
	}
	for _, p := range g.Pushes() {
		if p.Warehouse.Engine == warehouse.EngineRedshift {
			s.checkRole(ctx, p.Settings.Connection, p.Warehouse, warehouse.RedshiftRegistration{System: p.Settings.User}.SelfCheck)
			continue
		}
		if p.Warehouse.Engine != warehouse.EnginePostgres {
			continue // the Syncer says what the account lacks
		}
		r := warehouse.PushRegistration{
			Database: p.Warehouse.Database, SystemRole: p.Settings.User,
			CreateRoles: p.Settings.CreateRoles != nil && *p.Settings.CreateRoles, CreateRolesFrom16: p.Settings.CreateRoles == nil,
		}
		s.checkRole(ctx, p.Settings.Connection, p.Warehouse, r.SelfCheck)
	}
	return nil
}

// checkRole logs in as a role and asks what it can do.
func (s *server) checkRole(ctx context.Context, connection string, c warehouse.Config, ask func(context.Context, *pgconn.PgConn) ([]string, error)) {
	ctx, cancel := context.WithTimeout(ctx, selfCheckTimeout)
	defer cancel()
	// The catalogs' names mean the catalogs.
	conn, err := warehouse.Dial(ctx, c, map[string]string{"application_name": "postern:check", "search_path": "pg_catalog, pg_temp"})
	if err == nil {
		var more []string
		more, err = ask(ctx, conn)
		for _, w := range more {
			s.log.Warn("checking our own role: more privileges than it needs", "connection", connection, "role", c.User, "can", w)
		}
		err = errors.Join(err, conn.Close(context.WithoutCancel(ctx)))
	}
	if err != nil && ctx.Err() == nil {
		s.log.Warn("checking our own role", "connection", connection, "role", c.User, "error", err)
	}
}
