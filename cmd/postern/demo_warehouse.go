package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/internal/pgcluster"
	"github.com/posternsql/postern/internal/rsfake"
	"github.com/posternsql/postern/internal/tpch"
)

const (
	demoDatabase = "tpch"
	demoRole     = "postern_service"
)

// demoWarehouse is the throw-away cluster with the TPC-H database.
type demoWarehouse struct {
	cluster  *pgcluster.Cluster
	password string
	// redshift is nil unless a stand-in for one is wanted.
	redshift *rsfake.Server
}

func openDemoWarehouse(ctx context.Context, scale float64, progressOut io.Writer) (_ *demoWarehouse, err error) {
	generator := tpch.Generator{Scale: scale}
	if err := generator.Validate(); err != nil {
		return nil, usageError{fmt.Errorf("--scale: %w", err)}
	}
	fmt.Fprintln(progressOut, "Starting a throw-away PostgreSQL cluster …")
	cluster, err := pgcluster.Start(ctx, pgcluster.Config{})
	if err != nil {
		return nil, err
	}
	w := &demoWarehouse{cluster: cluster, password: rand.Text()}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	if err := cluster.CreateDatabase(ctx, demoDatabase); err != nil {
		return nil, err
	}
	fmt.Fprintf(progressOut, "Loading TPC-H, scale %g …\n", scale)
	return w, w.load(ctx, generator, newProgress(progressOut))
}

// load fills the database.
func (w *demoWarehouse) load(ctx context.Context, g tpch.Generator, p *progress) (err error) {
	conn, err := pgconn.Connect(ctx, w.cluster.DSN(demoDatabase))
	if err != nil {
		return fmt.Errorf("connecting to the demo's warehouse: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	if err := g.Build(ctx, conn, p.update); err != nil {
		return err
	}
	return conn.Exec(ctx, "ANALYZE").Close()
}

// createService creates the service role. It may log in and nothing else: `register` grants the rest.
func (w *demoWarehouse) createService(ctx context.Context) error {
	// rand.Text is base 32: nothing in it needs quoting.
	create := fmt.Sprintf("CREATE ROLE %s LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD '%s'", demoRole, w.password)
	return w.cluster.Exec(ctx, demoDatabase, create)
}

func (w *demoWarehouse) close() error { return errors.Join(w.closeStandIn(), w.cluster.Stop()) }
