package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/internal/pgcluster"
)

const (
	database = "bench"
	// service is the one role as which every competitor's queries run in the warehouse.
	service = "bench_service"
)

// warehouse is the cluster that all competitors ask.
type warehouse struct {
	cluster  *pgcluster.Cluster
	password string // of the service role
	verifier string // of the service role, as the server keeps it
	version  string // the server's own words
}

// startWarehouse starts a cluster and fills it with pgbench's tables at the scale.
func startWarehouse(ctx context.Context, scale int) (_ *warehouse, err error) {
	cluster, err := pgcluster.Start(ctx, pgcluster.Config{Settings: map[string]string{
		// All rows stay in memory, and nothing runs in the background: only the cost of asking is of interest.
		"shared_buffers": "1GB", "autovacuum": "off", "max_connections": "300",
	}})
	if err != nil {
		return nil, fmt.Errorf("starting the warehouse: %w", err)
	}
	w := &warehouse{cluster: cluster, password: rand.Text()}
	if err := w.fill(ctx, scale); err != nil {
		return nil, errors.Join(fmt.Errorf("filling the warehouse: %w", err), cluster.Stop())
	}
	return w, nil
}

func (w *warehouse) fill(ctx context.Context, scale int) error {
	if err := w.cluster.CreateDatabase(ctx, database); err != nil {
		return err
	}
	load := exec.CommandContext(ctx, "pgbench", "-i", "-q", "-s", strconv.Itoa(scale), "-h", w.cluster.Host,
		"-p", strconv.Itoa(w.cluster.Port), "-U", w.cluster.Superuser, database)
	load.Env = append(os.Environ(), "PGPASSWORD="+w.cluster.Password, "PGSSLMODE=disable")
	if out, err := load.CombinedOutput(); err != nil {
		return fmt.Errorf("running pgbench -i: %w\n%s", err, out)
	}
	err := w.cluster.Exec(ctx, database, fmt.Sprintf(`CREATE ROLE %s LOGIN PASSWORD '%s';
		GRANT SELECT ON ALL TABLES IN SCHEMA public TO %s;
		CREATE EXTENSION pg_prewarm;
		SELECT pg_prewarm(c.oid) FROM pg_class c WHERE c.relname LIKE 'pgbench%%'`, service, w.password, service))
	if err != nil {
		return err
	}
	return w.ask(ctx)
}

// ask reads what the others need to know: the service role's verifier and the server's version.
func (w *warehouse) ask(ctx context.Context) error {
	conn, err := pgconn.Connect(ctx, w.cluster.DSN(database))
	if err != nil {
		return err
	}
	result := conn.ExecParams(ctx, `SELECT rolpassword, version() FROM pg_authid WHERE rolname = $1`,
		[][]byte{[]byte(service)}, nil, nil, nil).Read()
	if err := errors.Join(result.Err, conn.Close(ctx)); err != nil {
		return err
	}
	if len(result.Rows) != 1 {
		return fmt.Errorf("role %s is not there", service)
	}
	w.verifier, w.version = string(result.Rows[0][0]), string(result.Rows[0][1])
	return nil
}

// direct is the competitor without a proxy.
func (w *warehouse) direct() competitor {
	return competitor{
		Name: "direct", What: "pgbench to PostgreSQL, nothing between",
		host: w.cluster.Host, port: w.cluster.Port, user: service, password: w.password,
	}
}
