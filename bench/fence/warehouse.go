package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/internal/pgcluster"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/rewrite"
	"github.com/posternsql/postern/sqlgen"
	"github.com/posternsql/postern/warehouse"
)

// The sizes of the tables. Two of five rows of t are visible.
const (
	rows   = 1_000_000
	orders = 200_000
)

// load makes the table t, which has the policy, o, which has none, and v, a plain view on t. The view and the row policy do natively what the policy says.
const load = `
CREATE TABLE public.t (id integer PRIMARY KEY, code text NOT NULL, name text NOT NULL, country text NOT NULL, phone text, k integer NOT NULL, amount numeric NOT NULL, day date NOT NULL);
INSERT INTO public.t SELECT i, 'c' || i, 'name ' || i, CASE WHEN i %% 5 < 2 THEN 'US' ELSE 'DE' END, '+1 555 ' || i, i %% 100, i, date '2020-01-01' + i %% 1000 FROM generate_series(1, %[1]d) AS i;
CREATE UNIQUE INDEX ON public.t (code);
CREATE INDEX ON public.t (name text_pattern_ops);
CREATE INDEX ON public.t (amount);
CREATE INDEX ON public.t (day);
CREATE TABLE public.o (id integer PRIMARY KEY, t_id integer NOT NULL, code text NOT NULL, amount numeric NOT NULL);
INSERT INTO public.o SELECT i, x, 'c' || x, x FROM (SELECT i, (i::bigint * 7919 %% %[1]d)::integer + 1 AS x FROM generate_series(1, %[2]d) AS i) AS s;
CREATE VIEW public.v WITH (security_invoker) AS SELECT id, name, day, k FROM public.t WHERE k >= 0;
CREATE SCHEMA barrier;
CREATE VIEW barrier.t WITH (security_barrier) AS SELECT id, code, name, country, '***'::text AS phone, k, amount, day FROM public.t WHERE country = 'US';
CREATE VIEW barrier.o AS TABLE public.o;
CREATE VIEW barrier.v WITH (security_barrier) AS SELECT id, name, day, k FROM barrier.t WHERE k >= 0;
CREATE ROLE reader;
GRANT USAGE ON SCHEMA barrier TO reader;
GRANT SELECT ON public.t, public.o, public.v, barrier.t, barrier.o, barrier.v TO reader;
ALTER TABLE public.t ENABLE ROW LEVEL SECURITY;
CREATE POLICY us ON public.t TO reader USING (country = 'US');
VACUUM ANALYZE;
CREATE EXTENSION pg_prewarm;
SELECT pg_prewarm(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'public' AND relkind IN ('r', 'i')`

// way is one way to ask: its setting, and what becomes of a query.
type way struct {
	name  string
	setup string
	write func(string) (string, error)

	conn *pgconn.PgConn
}

func plainly(sql string) (string, error) { return sql, nil }

// start makes the warehouse and the ways to it.
func start(ctx context.Context) (*pgcluster.Cluster, []*way, error) {
	cluster, err := pgcluster.Start(ctx, pgcluster.Config{Settings: map[string]string{
		"shared_buffers": "1GB", "autovacuum": "off", "jit": "off", "max_parallel_workers_per_gather": "0", "work_mem": "64MB",
	}})
	if err != nil {
		return nil, nil, fmt.Errorf("starting the warehouse: %w", err)
	}
	ways, err := fill(ctx, cluster)
	if err != nil {
		return nil, nil, errors.Join(err, cluster.Stop())
	}
	return cluster, ways, nil
}

func fill(ctx context.Context, cluster *pgcluster.Cluster) ([]*way, error) {
	if err := cluster.CreateDatabase(ctx, "bench"); err != nil {
		return nil, err
	}
	for _, sql := range strings.Split(fmt.Sprintf(load, rows, orders), ";\n") {
		if err := cluster.Exec(ctx, "bench", sql); err != nil {
			return nil, fmt.Errorf("filling the warehouse: %w", err)
		}
	}
	rewritten, err := rewriter(ctx, cluster.DSN("bench"))
	if err != nil {
		return nil, err
	}
	ways := []*way{
		{name: "no policy", setup: "SET search_path = public", write: plainly},
		{name: "rewritten", setup: "SET search_path = pg_catalog, pg_temp", write: rewritten},
		{name: "barrier view", setup: "SET search_path = barrier; SET ROLE reader", write: plainly},
		{name: "row security", setup: "SET search_path = public; SET ROLE reader", write: plainly},
	}
	for _, w := range ways {
		if w.conn, err = pgconn.Connect(ctx, cluster.DSN("bench")); err != nil {
			return nil, err
		}
		if _, err := w.conn.Exec(ctx, w.setup).ReadAll(); err != nil {
			return nil, err
		}
	}
	return ways, nil
}

// rewriter compiles the policy against the crawled catalog.
func rewriter(ctx context.Context, dsn string) (func(string) (string, error), error) {
	conn, err := pgconn.Connect(ctx, dsn)
	if err != nil {
		return nil, err
	}
	tables, err := warehouse.Crawl(ctx, conn)
	if err := errors.Join(err, conn.Close(ctx)); err != nil {
		return nil, err
	}
	for _, t := range tables {
		t.Registered = t.Schema == "public"
		for i := range t.Columns {
			t.Columns[i].Reviewed = true
		}
	}
	snapshot, err := catalog.New(1, "bench", tables)
	if err != nil {
		return nil, err
	}
	constant := "***"
	program, _, err := policy.Compile(policy.Input{Version: 1, Snapshot: snapshot,
		Subscriptions: []policy.SubscriptionPolicy{{Name: "all", On: policy.Selector{Tables: []string{"bench.public.*"}},
			Access: policy.AccessRead, Effect: policy.SubscriptionGrant, Allow: policy.Allow{Anyone: true}}},
		Data: []policy.DataPolicy{{Name: "us", On: policy.Selector{Tables: []string{"bench.public.t"}}, Rules: []policy.Rule{
			{Mask: &policy.Mask{Columns: []string{"phone"}, Constant: &constant}}, {Rows: "country = 'US'"}}}},
	})
	if err != nil {
		return nil, err
	}
	rw, err := rewrite.New(rewrite.Config{Dialect: sqlgen.Postgres()})
	if err != nil {
		return nil, err
	}
	who := identity.NewPrincipal(identity.Spec{User: "ann"})
	return func(sql string) (string, error) {
		result, err := rw.Rewrite(ctx, rewrite.Request{SQL: sql, Program: program, Principal: who, SearchPath: []string{"public"}, Database: "bench"})
		if err != nil {
			return "", err
		}
		return result.Statements[0].SQL, nil
	}, nil
}

// cpu is the CPU time of the way's backend so far.
func (w *way) cpu() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/schedstat", w.conn.PID()))
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(text), " ")
	n, err := strconv.ParseInt(first, 10, 64)
	return time.Duration(n), err
}
