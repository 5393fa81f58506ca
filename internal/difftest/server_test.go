package difftest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/control"
	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/internal/difftest/sanitised"
	"github.com/posternsql/postern/proxy"
	"github.com/posternsql/postern/rewrite"
	"github.com/posternsql/postern/sqlgen"
	"github.com/posternsql/postern/warehouse"
)

const (
	connectionName = "wh"
	serviceRole    = "difftest_service"
)

// damage is what a mutation run breaks. The zero value breaks nothing.
type damage struct {
	// policies changes the resource files by name.
	policies func(name, text string) string
	// sent changes the text that goes to the warehouse.
	sent func(sql string) string
	// reviewed has every column count as looked at.
	reviewed bool
}

// postern is the whole of Postern within this process, as `postern serve` wires it, over the raw database.
type postern struct {
	address   string
	publisher *control.Publisher
	dialed    atomic.Uint64
}

func (p *postern) publish(t testing.TB, set *resource.Set) {
	t.Helper()
	if _, err := p.publisher.Publish(t.Context(), set); err != nil {
		t.Fatal(err)
	}
}

// planner is settings of a session in the warehouse: a fence has to hold under every plan. Parallel plans are dear, so that one
// session in twelve has them.
func planner(session uint64) map[string]string {
	switch {
	case session%12 == 4:
		// PostgreSQL 16 gave it another name.
		force := "force_parallel_mode"
		if shared.cluster.Version >= 16 {
			force = "debug_parallel_query"
		}
		return map[string]string{force: "on", "parallel_setup_cost": "0", "parallel_tuple_cost": "0", "min_parallel_table_scan_size": "0"}
	case session%4 == 1:
		return map[string]string{"enable_hashjoin": "off", "enable_mergejoin": "off"}
	case session%4 == 2:
		return map[string]string{"enable_nestloop": "off", "enable_hashjoin": "off"}
	case session%4 == 3:
		return map[string]string{"enable_seqscan": "off"}
	}
	return nil
}

// reviews say which columns somebody has looked at; the others are hidden.
type reviews struct{ known control.Reviews }

func (r reviews) Load(context.Context) (control.Reviews, error) { return r.known, nil }
func (r reviews) Save(context.Context, control.Reviews) error   { return nil }

// startPostern serves until the test ends.
func startPostern(t testing.TB, broken damage) *postern {
	t.Helper()
	set := loadPolicies(t, broken)
	register(t, set)
	p := &postern{}
	var err error
	hidden := reviews{hiddenColumns(t, set)}
	if broken.reviewed {
		hidden.known = control.Reviews{}
	}
	if p.publisher, err = control.NewPublisher(control.Config{Log: slog.New(slog.DiscardHandler), Reviews: hidden}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.publisher.Publish(t.Context(), set); err != nil {
		t.Fatal(err)
	}
	rewriter, err := rewrite.New(rewrite.Config{Dialect: sqlgen.Postgres()})
	if err != nil {
		t.Fatal(err)
	}
	log, err := audit.Open(audit.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	server, err := proxy.New(proxy.Config{
		TLSMode: proxy.TLSOff, Rewriter: mutant{rewriter, broken.sent}, Audit: log,
		Current: func() (proxy.State, error) { return p.publisher.Current(), nil }, Dial: p.dial, Cancel: p.cancel,
	})
	if err != nil {
		t.Fatal(err)
	}
	p.serve(t, server, log)
	return p
}

func (p *postern) serve(t testing.TB, server *proxy.Server, log *audit.Log) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.address = listener.Addr().String()
	ctx, stop := context.WithCancel(context.Background())
	served, stopServing := context.WithCancel(ctx)
	var wait sync.WaitGroup
	wait.Go(func() { _ = log.Run(ctx) })
	done := make(chan error, 1)
	go func() { done <- server.Serve(served, listener) }()
	t.Cleanup(func() {
		stopServing()
		err := <-done
		stop()
		wait.Wait()
		if err := errors.Join(err, log.Close()); err != nil {
			t.Error(err)
		}
	})
}

func (p *postern) dial(ctx context.Context, database string, params map[string]string) (*pgconn.HijackedConn, error) {
	c, found := p.publisher.Current().Connection(database)
	if !found {
		return nil, fmt.Errorf("no connection %q", database)
	}
	params = maps.Clone(params)
	maps.Copy(params, planner(p.dialed.Add(1)))
	conn, err := warehouse.Dial(ctx, *c, params)
	if err != nil {
		return nil, err
	}
	if err := conn.SyncConn(ctx); err != nil {
		return nil, errors.Join(err, conn.Close(ctx))
	}
	return conn.Hijack()
}

func (p *postern) cancel(ctx context.Context, database string, backend warehouse.Backend) error {
	c, found := p.publisher.Current().Connection(database)
	if !found {
		return fmt.Errorf("no connection %q", database)
	}
	return warehouse.Cancel(ctx, *c, backend)
}

// mutant changes what the rewriter prints.
type mutant struct {
	proxy.Rewriter
	sent func(string) string
}

func (m mutant) Rewrite(ctx context.Context, r rewrite.Request) (*rewrite.Result, error) {
	result, err := m.Rewriter.Rewrite(ctx, r)
	if err != nil || m.sent == nil {
		return result, err
	}
	changed := *result
	changed.Statements = make([]rewrite.Statement, len(result.Statements))
	for i, st := range result.Statements {
		st.SQL = m.sent(st.SQL)
		changed.Statements[i] = st
	}
	return &changed, nil
}

// loadPolicies reads testdata/policies for this test's cluster.
func loadPolicies(t testing.TB, broken damage) *resource.Set {
	t.Helper()
	folder := t.TempDir()
	names, err := filepath.Glob("testdata/policies/*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatal("no policies", err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		changed := strings.Replace(string(text), "port: 5432", fmt.Sprintf("port: %d", shared.cluster.Port), 1)
		if broken.policies != nil {
			changed = broken.policies(filepath.Base(name), changed)
		}
		if err := os.WriteFile(filepath.Join(folder, filepath.Base(name)), []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	set, err := resource.Load([]string{folder})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// register makes the service role and what `postern register` makes.
func register(t testing.TB, set *resource.Set) {
	t.Helper()
	conn, err := pgconn.Connect(t.Context(), shared.cluster.DSN(sanitised.Raw))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	role := fmt.Sprintf("DO $$ BEGIN IF to_regrole('%[1]s') IS NULL THEN CREATE ROLE %[1]s LOGIN PASSWORD '%[2]s'; END IF; END $$", serviceRole, shared.password)
	if _, err := conn.Exec(t.Context(), role).ReadAll(); err != nil {
		t.Fatal(err)
	}
	registration, err := control.Registration(set, connectionName)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := warehouse.Register(t.Context(), conn, registration); err != nil {
		t.Fatal(err)
	}
}

// hiddenColumns is a record of reviews in which every column was looked at but those that carry a marker in their names.
func hiddenColumns(t testing.TB, set *resource.Set) control.Reviews {
	t.Helper()
	conn, err := pgconn.Connect(t.Context(), shared.cluster.DSN(sanitised.Raw))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	out := control.Reviews{}
	for _, s := range set.Sources {
		name, err := s.Parts()
		if err != nil {
			t.Fatal(err)
		}
		sql := fmt.Sprintf(`SELECT attrelid::oid, attname, attnum FROM pg_attribute WHERE attrelid = '"%s"."%s"'::regclass
			AND attnum > 0 AND NOT attisdropped AND attname NOT LIKE 'MK%%'`, name.Schema, name.Table)
		results, err := conn.Exec(t.Context(), sql).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		review := control.Review{Columns: map[string]int16{}}
		for _, row := range results[0].Rows {
			var number int16
			if _, err := fmt.Sscan(string(row[0])+" "+string(row[2]), &review.OID, &number); err != nil {
				t.Fatal(err)
			}
			review.Columns[string(row[1])] = number
		}
		out[connectionName+"."+name.Schema+"."+name.Table] = review
	}
	return out
}
