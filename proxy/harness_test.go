package proxy_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/proxy"
	"github.com/posternsql/postern/rewrite"
	"github.com/posternsql/postern/warehouse"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// world is all that a Server consumes: a real warehouse, and everything else in memory and under the test's control.
type world struct {
	dsn      string // of the warehouse
	database string
	config   proxy.Config
	state    atomic.Pointer[state]
	log      *recorder
	rewriter *passer
	dialed   atomic.Int64
	address  string
	server   *proxy.Server
	stop     context.CancelFunc
	stopped  chan error
}

// state lets everybody do everything.
type state struct {
	version   uint64
	verifiers map[string]identity.Verifier
	exempt    map[string]bool
	groups    map[string][]string
	database  string
	program   *policy.Program
}

func (s *state) Verifier(login string) (identity.Verifier, bool) {
	v, ok := s.verifiers[login]
	return v, ok
}

func (s *state) Principal(login string) (identity.Principal, error) {
	if _, ok := s.verifiers[login]; !ok {
		return identity.Principal{}, errors.New("no such user")
	}
	return identity.NewPrincipal(identity.Spec{User: login, Exempt: s.exempt[login], Groups: s.groups[login]}), nil
}

func (s *state) Program(database string) (*policy.Program, bool) {
	return s.program, database == s.database
}
func (s *state) Version() uint64 { return s.version }

// change publishes a changed copy of the state under a new version.
func (w *world) change(f func(*state)) {
	next := *w.state.Load()
	next.version++
	f(&next)
	w.state.Store(&next)
}

// recorder is an audit log in memory.
type recorder struct {
	mu     sync.Mutex
	events []audit.Event
	broken bool
}

func (r *recorder) Record(_ context.Context, events ...audit.Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.broken {
		return errors.New("the disk is full")
	}
	for _, e := range events {
		if err := e.Validate(); err != nil {
			return err
		}
		r.events = append(r.events, e)
	}
	return nil
}

func (r *recorder) RecordLater(events ...audit.Event) error {
	return r.Record(context.Background(), events...)
}

func (r *recorder) setBroken(b bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.broken = b
}

// of returns the events of a kind.
func (r *recorder) of(kind audit.Kind) []audit.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []audit.Event
	for _, e := range r.events {
		if e.Kind == kind {
			out = append(out, e)
		}
	}
	return out
}

// passer is a rewriter that lets text through as it is: it classifies it, refuses what has the word forbidden in it, and
// replaces GROUPS and COLUMNS by what depends on the principal's groups, so that a decision can be seen to change.
type passer struct {
	calls atomic.Int64
	path  atomic.Pointer[[]string] // the last search path it was given
}

func (p *passer) Rewrite(_ context.Context, req rewrite.Request) (*rewrite.Result, error) {
	p.calls.Add(1)
	path := req.SearchPath
	p.path.Store(&path)
	tree, err := pg.Parse(req.SQL)
	if err != nil {
		return nil, pgerror.Syntax(err.Error(), 0)
	}
	if strings.Contains(req.SQL, "forbidden") {
		return nil, pgerror.UndefinedTable("forbidden")
	}
	if req.Principal.InGroup("locked out") {
		return nil, pgerror.InsufficientPrivilege("permission denied")
	}
	if req.Single && len(tree.Stmts) > 1 {
		return nil, pgerror.Syntax("cannot insert multiple commands into a prepared statement", 0)
	}
	result := &rewrite.Result{}
	for _, raw := range tree.Stmts {
		text := req.SQL[raw.StmtLocation:]
		if raw.StmtLen > 0 {
			text = text[:raw.StmtLen]
		}
		sql := strings.ReplaceAll(strings.TrimSpace(text), "GROUPS", "'"+strings.Join(req.Principal.Groups(), "+")+"'")
		columns := "1 AS a, 2 AS b"
		if len(req.Principal.Groups()) > 0 {
			columns = "1 AS a"
		}
		sql = strings.ReplaceAll(sql, "COLUMNS", columns)
		s := rewrite.Statement{SQL: sql, Text: text}
		classify(&s, raw.Stmt)
		result.Statements = append(result.Statements, s)
	}
	return result, nil
}

func classify(s *rewrite.Statement, n *pg.Node) {
	s.Kind = rewrite.KindSelect
	switch {
	case n.GetTransactionStmt() != nil:
		t := n.GetTransactionStmt()
		s.Name = t.SavepointName
		s.Kind = map[pg.TransactionStmtKind]rewrite.Kind{
			pg.TransactionStmtKind_TRANS_STMT_BEGIN: rewrite.KindBegin, pg.TransactionStmtKind_TRANS_STMT_START: rewrite.KindBegin,
			pg.TransactionStmtKind_TRANS_STMT_COMMIT: rewrite.KindCommit, pg.TransactionStmtKind_TRANS_STMT_ROLLBACK: rewrite.KindRollback,
			pg.TransactionStmtKind_TRANS_STMT_SAVEPOINT: rewrite.KindSavepoint, pg.TransactionStmtKind_TRANS_STMT_RELEASE: rewrite.KindRelease,
			pg.TransactionStmtKind_TRANS_STMT_ROLLBACK_TO: rewrite.KindRollbackTo,
		}[t.Kind]
	case n.GetVariableSetStmt() != nil:
		v := n.GetVariableSetStmt()
		s.Kind, s.Setting, s.Local = rewrite.KindSet, v.Name, v.IsLocal
		if v.Kind == pg.VariableSetKind_VAR_RESET || v.Kind == pg.VariableSetKind_VAR_RESET_ALL {
			s.Kind = rewrite.KindReset
		}
		for _, a := range v.Args {
			s.Values = append(s.Values, a.GetAConst().GetSval().GetSval())
		}
		if s.Setting == "search_path" {
			s.SQL = strings.Replace(s.SQL, "search_path", "postern.search_path", 1)
		}
		if s.Setting == "search_path" && s.Kind == rewrite.KindSet && len(s.Values) > 0 {
			local := ""
			if s.Local {
				local = "LOCAL "
			}
			s.SQL = "SET " + local + "postern.search_path = '" + strings.Join(s.Values, ",") + "'"
		}
	case n.GetVariableShowStmt() != nil:
		s.Kind, s.Setting = rewrite.KindShow, n.GetVariableShowStmt().Name
	case n.GetDeallocateStmt() != nil:
		s.Kind, s.Name = rewrite.KindDeallocate, n.GetDeallocateStmt().Name
	case n.GetPrepareStmt() != nil:
		s.Kind, s.Name, s.Inner = rewrite.KindPrepare, n.GetPrepareStmt().Name, rewrite.KindSelect
	case n.GetExecuteStmt() != nil:
		s.Kind, s.Name = rewrite.KindExecute, n.GetExecuteStmt().Name
	case n.GetDeclareCursorStmt() != nil:
		s.Kind, s.Name, s.Inner = rewrite.KindDeclare, n.GetDeclareCursorStmt().Portalname, rewrite.KindSelect
		s.Hold = n.GetDeclareCursorStmt().Options&0x20 != 0
	case n.GetFetchStmt() != nil:
		s.Kind, s.Name = rewrite.KindFetch, n.GetFetchStmt().Portalname
		if n.GetFetchStmt().Ismove {
			s.Kind = rewrite.KindMove
		}
	case n.GetClosePortalStmt() != nil:
		s.Kind, s.Name = rewrite.KindClose, n.GetClosePortalStmt().Portalname
	case n.GetDiscardStmt() != nil:
		s.Kind, s.Name = rewrite.KindDiscard, "ALL"
	case n.GetCopyStmt() != nil:
		s.Kind = rewrite.KindCopyOut
	}
}

const password = "correct horse battery staple"

// newWorld prepares a database and a Server's configuration; ann is the user, root is exempt.
func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{dsn: pgtest.Database(t), log: &recorder{}, rewriter: &passer{}}
	u, err := url.Parse(w.dsn)
	if err != nil {
		t.Fatal(err)
	}
	w.database = strings.TrimPrefix(u.Path, "/")
	program, _, err := policy.Compile(policy.Input{})
	if err != nil {
		program = &policy.Program{}
	}
	v, err := identity.NewVerifier(password, 0, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	w.state.Store(&state{version: 1, database: w.database, program: program, groups: map[string][]string{},
		verifiers: map[string]identity.Verifier{"ann": v, "bob": v, "root": v}, exempt: map[string]bool{"root": true}})
	w.config = proxy.Config{
		TLSMode: proxy.TLSOff, Rewriter: w.rewriter, Audit: w.log, DrainTimeout: 3 * time.Second,
		Current: func() (proxy.State, error) { return w.state.Load(), nil },
		Dial:    w.dial, Cancel: w.cancel,
	}
	return w
}

func (w *world) dial(ctx context.Context, _ string, params map[string]string) (*pgconn.HijackedConn, error) {
	w.dialed.Add(1)
	c, err := pgconn.ParseConfig(w.dsn)
	if err != nil {
		return nil, err
	}
	c.RuntimeParams = params
	conn, err := pgconn.ConnectConfig(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := conn.SyncConn(ctx); err != nil {
		return nil, err
	}
	return conn.Hijack()
}

func (w *world) cancel(ctx context.Context, _ string, b warehouse.Backend) error {
	u, err := url.Parse(w.dsn)
	if err != nil {
		return err
	}
	var port int
	if _, err := fmt.Sscan(u.Port(), &port); err != nil {
		return err
	}
	return warehouse.Cancel(ctx, warehouse.Config{Engine: warehouse.EnginePostgres, Host: u.Hostname(), Port: port,
		Database: w.database, User: "postgres", TLS: warehouse.TLS{Mode: warehouse.TLSOff}}, b)
}

// start runs the Server until the test ends.
func (w *world) start(t testing.TB) *world {
	t.Helper()
	server, err := proxy.New(w.config)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	w.server, w.address, w.stop, w.stopped = server, listener.Addr().String(), stop, make(chan error, 1)
	go func() { w.stopped <- server.Serve(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		if err := <-w.stopped; err != nil {
			t.Error(err)
		}
		w.stopped <- nil
	})
	return w
}

// url is the client's, with query parameters as in a libpq URI.
func (w *world) url(user string, query string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(user, password), Host: w.address, Path: "/" + w.database, RawQuery: query}
	if !strings.Contains(query, "sslmode") {
		u.RawQuery = strings.TrimPrefix(query+"&sslmode=disable", "&")
	}
	return u.String()
}

// connect opens a pgx connection that the test closes.
func (w *world) connect(t testing.TB, user, query string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), w.url(user, query))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// proxyConnect opens a connection that may fail.
func proxyConnect(t testing.TB, dsn string) (*pgx.Conn, error) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), dsn)
	if err == nil {
		t.Cleanup(func() { conn.Close(context.Background()) })
	}
	return conn, err
}

// code is an error's SQLSTATE, "" for others.
func code(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// eventually waits for something that has no other sign.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatal("never: " + what)
}
