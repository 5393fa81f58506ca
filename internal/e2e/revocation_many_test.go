package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/control"
	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/proxy"
	"github.com/posternsql/postern/rewrite"
	"github.com/posternsql/postern/sqlgen"
	"github.com/posternsql/postern/warehouse"
)

// What an open session may be doing when the policies change, and how many of the 200 do it.
const (
	openIdle     = "idle, then a query"
	openPrepared = "a named prepared statement"
	openPortal   = "a suspended portal"
	openCursor   = "a cursor in SQL"
	openExecuted = "a statement prepared in SQL"
	openReading  = "a result that is being read"
	openStalled  = "a result that is read on later"
	openForsaken = "a result that nobody reads"
)

var openSessions = map[string]int{openIdle: 45, openPrepared: 45, openPortal: 40, openCursor: 15, openExecuted: 15, openReading: 20, openStalled: 10, openForsaken: 10}

// revocationGoal is how soon a revocation is effective in every open session, from the moment at which it is published: a second, which
// `make bench-revocation` holds on a machine that does nothing else (POSTERN_REVOCATION_GOAL). Beside other tests it only has to come.
func revocationGoal(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("POSTERN_REVOCATION_GOAL")
	if text == "" {
		return 15 * time.Second
	}
	goal, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return goal
}

// TestRevocationOfManySessions: what 200 open sessions of one person have open ends soon after the publication that takes the
// person's access away, and nothing of it can be begun again. Somebody else's result goes on.
func TestRevocationOfManySessions(t *testing.T) {
	goal := revocationGoal(t)
	p := inProcess(t)
	var sessions []*openSession
	for kind, count := range openSessions {
		for range count {
			sessions = append(sessions, p.open(t, people()[0], kind))
		}
	}
	other := p.open(t, people()[1], openStalled)
	active := func() string {
		return rawAnswer(t, `SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'postern:ann:%' AND state = 'active'`)
	}
	eventually(t, 20*time.Second, "40 results are under way", func() bool { return active() == "40\n" })

	published := make(chan time.Time)
	var wait sync.WaitGroup
	var mu sync.Mutex
	took := map[string][]time.Duration{}
	for _, s := range sessions {
		wait.Go(func() {
			at := <-published
			err := s.refused(t.Context())
			d := time.Since(at)
			if err != nil {
				t.Errorf("%s: %v", s.kind, err)
				return
			}
			if s.kind == openForsaken {
				return // that it ends is seen in the warehouse
			}
			mu.Lock()
			defer mu.Unlock()
			took[s.kind] = append(took[s.kind], d)
		})
	}
	at := p.publish(t, revoke)
	stalled := make(chan time.Duration, 1)
	for range sessions {
		published <- at
	}
	go func() {
		for active() != "0\n" && time.Since(at) < 10*time.Second {
			time.Sleep(5 * time.Millisecond)
		}
		stalled <- time.Since(at)
	}()
	wait.Wait()
	took["cancelled in the warehouse"] = []time.Duration{<-stalled}
	t.Log(histogram(took))
	for kind, all := range took {
		if longest := slices.Max(all); longest >= goal {
			t.Errorf("%s: %v after the publication", kind, longest)
		}
	}
	if err := other.flows(); err != nil {
		t.Error("somebody else's result:", err)
	}
}

// running is Postern within the test's process, so that the test knows when a publication is done.
type running struct {
	instance
	publisher *control.Publisher
	files     map[string]string
}

// inProcess starts one; options change what it is made with.
func inProcess(t *testing.T, options ...func(*control.Config, *rewrite.Config, *proxy.Config)) *running {
	t.Helper()
	controls, rewrites := control.Config{Log: slog.New(slog.DiscardHandler)}, rewrite.Config{Dialect: sqlgen.Postgres()}
	proxies := proxy.Config{TLSMode: proxy.TLSOff, MaxSessionsPerUser: 300, DrainTimeout: time.Second}
	for _, o := range options {
		o(&controls, &rewrites, &proxies)
	}
	files, err := exampleFiles()
	if err != nil {
		t.Fatal(err)
	}
	p := &running{files: files}
	p.policies = t.TempDir()
	log, err := audit.Open(audit.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if p.publisher, err = control.NewPublisher(controls); err != nil {
		t.Fatal(err)
	}
	p.publish(t, func(text string) string { return text })
	rewriter, err := rewrite.New(rewrites)
	if err != nil {
		t.Fatal(err)
	}
	proxies.Rewriter, proxies.Audit, proxies.Dial, proxies.Cancel = rewriter, log, p.dial, p.cancel
	proxies.Current = func() (proxy.State, error) {
		g, err := p.publisher.InForce()
		if err != nil {
			return nil, err
		}
		return g, nil
	}
	server, err := proxy.New(proxies)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if p.host, p.port, err = net.SplitHostPort(listener.Addr().String()); err != nil {
		t.Fatal(err)
	}
	p.run(t, server, listener, log)
	return p
}

// run serves until the test ends.
func (p *running) run(t *testing.T, server *proxy.Server, listener net.Listener, log *audit.Log) {
	ctx, stop := context.WithCancel(context.Background())
	var wait sync.WaitGroup
	wait.Go(func() { _ = log.Run(ctx) })
	published, unsubscribe := p.publisher.Subscribe()
	wait.Go(func() {
		for {
			select {
			case <-published:
				server.Reconsider()
			case <-ctx.Done():
				return
			}
		}
	})
	served, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- server.Serve(served, listener) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		unsubscribe()
		stop()
		wait.Wait()
		if err := log.Close(); err != nil {
			t.Error(err)
		}
	})
}

// publish changes the resource files, publishes them and says when that was done.
func (p *running) publish(t *testing.T, change func(string) string) time.Time {
	t.Helper()
	edit(t, &p.instance, p.files, change)
	set, err := resource.Load([]string{p.policies})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.publisher.Publish(t.Context(), set); err != nil {
		t.Fatal(err)
	}
	return time.Now()
}

func (p *running) dial(ctx context.Context, database string, params map[string]string) (*pgconn.HijackedConn, error) {
	c, _ := p.publisher.Current().Connection(database)
	conn, err := warehouse.Dial(ctx, *c, params)
	if err != nil {
		return nil, err
	}
	if err := conn.SyncConn(ctx); err != nil {
		return nil, err
	}
	return conn.Hijack()
}

func (p *running) cancel(ctx context.Context, database string, backend warehouse.Backend) error {
	c, _ := p.publisher.Current().Connection(database)
	return warehouse.Cancel(ctx, *c, backend)
}

// openSession is a client that has something open.
type openSession struct {
	kind string
	conn net.Conn
	wire *pgproto3.Frontend
}

const (
	smallQuery = "SELECT c_custkey FROM customer ORDER BY c_custkey"
	// endlessQuery gives more rows than anybody reads.
	endlessQuery = "SELECT a.c_custkey, b.c_custkey, a.c_address, b.c_address FROM customer a, customer b, customer c"
)

// open logs in and begins what the kind says.
func (p *running) open(t *testing.T, who person, kind string) *openSession {
	t.Helper()
	config, err := pgconn.ParseConfig(dsn(&p.instance, who, "sslmode=disable"))
	if err != nil {
		t.Fatal(err)
	}
	config.DialFunc = smallDial
	c, err := pgconn.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.SyncConn(t.Context()); err != nil {
		t.Fatal(err)
	}
	h, err := c.Hijack()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Conn.Close() })
	s := &openSession{kind: kind, conn: h.Conn, wire: h.Frontend}
	switch kind {
	case openPrepared:
		s.send(&pgproto3.Parse{Name: "kept", Query: smallQuery}, &pgproto3.Bind{PreparedStatement: "kept"}, &pgproto3.Execute{}, &pgproto3.Sync{})
		err = s.until("ReadyForQuery")
	case openPortal:
		s.send(&pgproto3.Query{String: "BEGIN"}, &pgproto3.Parse{Query: smallQuery}, &pgproto3.Bind{DestinationPortal: "open"},
			&pgproto3.Execute{Portal: "open", MaxRows: 3}, &pgproto3.Sync{})
		err = s.until("PortalSuspended", "ReadyForQuery")
	case openCursor:
		err = s.runs("BEGIN", "DECLARE k CURSOR FOR "+smallQuery, "FETCH 3 FROM k")
	case openExecuted:
		err = s.runs("PREPARE kept AS "+smallQuery, "EXECUTE kept")
	case openReading, openStalled, openForsaken:
		s.send(&pgproto3.Query{String: endlessQuery})
		err = s.until("DataRow")
	}
	if err != nil {
		t.Fatalf("%s: %v", kind, err)
	}
	return s
}

// runs sends statements one after the other.
func (s *openSession) runs(statements ...string) error {
	for _, sql := range statements {
		s.send(&pgproto3.Query{String: sql})
		if err := s.until("CommandComplete", "ReadyForQuery"); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	return nil
}

// smallDial keeps the client's socket from taking in megabytes that were sent before the publication.
func smallDial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return conn, conn.(*net.TCPConn).SetReadBuffer(64 << 10)
}

func (s *openSession) send(messages ...pgproto3.FrontendMessage) {
	for _, m := range messages {
		s.wire.Send(m)
	}
	// If this fails, so does reading the answer.
	_ = s.wire.Flush()
}

// until reads until messages of these types have come, in this order.
func (s *openSession) until(types ...string) error {
	_ = s.conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	for len(types) > 0 {
		m, err := s.wire.Receive()
		if err != nil {
			return err
		}
		if _, ok := m.(*pgproto3.DataRow); ok && types[0] != "DataRow" {
			continue // there are many
		}
		if e, ok := m.(*pgproto3.ErrorResponse); ok {
			return &pgconn.PgError{Code: e.Code, Message: e.Message}
		}
		if fmt.Sprintf("%T", m) == "*pgproto3."+types[0] {
			types = types[1:]
		}
	}
	return nil
}

// refused goes on with what is open and wants to be told that it may not.
func (s *openSession) refused(ctx context.Context) error {
	want := []string{"42501"}
	switch s.kind {
	case openIdle:
		s.send(&pgproto3.Query{String: smallQuery})
		want = []string{"42P01"}
	case openPrepared:
		s.send(&pgproto3.Bind{PreparedStatement: "kept"}, &pgproto3.Execute{}, &pgproto3.Sync{})
		want = []string{"42P01"}
	case openPortal:
		s.send(&pgproto3.Execute{Portal: "open", MaxRows: 3}, &pgproto3.Sync{})
	case openCursor:
		s.send(&pgproto3.Query{String: "FETCH 3 FROM k"})
	case openExecuted:
		s.send(&pgproto3.Query{String: "EXECUTE kept"})
		want = []string{"42P01"}
	case openStalled:
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
		}
	case openForsaken:
		return nil
	}
	err := s.until("CommandComplete")
	if (s.kind == openStalled || s.kind == openReading) && (errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)) {
		return nil // it read on after the proxy's patience had run out, and was cut off
	}
	if state := sqlState(err); !slices.Contains(want, state) {
		return fmt.Errorf("got %q, want %q", state, want)
	}
	return nil
}

// flows reads some more of a result.
func (s *openSession) flows() error {
	for range 20_000 {
		if err := s.until("DataRow"); err != nil {
			return err
		}
	}
	return nil
}

// histogram prints durations by kind.
func histogram(took map[string][]time.Duration) string {
	bounds := []int64{10, 20, 50, 100, 200, 500, 1000}
	var b strings.Builder
	fmt.Fprintf(&b, "from the publication to the refusal, %d processors\n%-28s", runtime.NumCPU(), "ms below")
	for _, bound := range bounds {
		fmt.Fprintf(&b, "%6d", bound)
	}
	fmt.Fprintf(&b, "%6s%10s\n", "more", "longest")
	kinds := make([]string, 0, len(took))
	for kind := range took {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	for _, kind := range kinds {
		counts := make([]int, len(bounds)+1)
		for _, d := range took[kind] {
			i := slices.IndexFunc(bounds, func(bound int64) bool { return d.Milliseconds() < bound })
			if i < 0 {
				i = len(bounds)
			}
			counts[i]++
		}
		fmt.Fprintf(&b, "%-28s", kind)
		for _, n := range counts {
			fmt.Fprintf(&b, "%6d", n)
		}
		fmt.Fprintf(&b, "%10s\n", slices.Max(took[kind]).Round(time.Millisecond))
	}
	return b.String()
}
