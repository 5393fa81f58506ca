package rsfake

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

//go:embed shim.sql
var shimSQL string

//go:embed catalog.sql
var catalogSQL string

// Server is a running stand-in. Its methods are safe for several goroutines.
type Server struct {
	cfg      Config
	log      *slog.Logger
	listener net.Listener
	ctx      context.Context
	cancel   context.CancelFunc
	wait     sync.WaitGroup

	mu        sync.Mutex
	startups  []Startup
	temporary map[string][]temporary
	seen      []string

	statements statementLog
}

type temporary struct {
	password string
	until    time.Time
}

// Startup is what one session said of itself, and how it was asked for its password.
type Startup struct {
	// Params are all of the start-up packet.
	Params map[string]string
	// Auth is the code of the authentication request: 3, 5, 13, 14.
	Auth int
	// TLS reports an encrypted session.
	TLS bool
}

// maxKept bounds what the server remembers for tests.
const maxKept = 10_000

// Start installs the shim where it is missing and listens. The server runs until Close.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if err := install(ctx, cfg); err != nil {
		return nil, fmt.Errorf("installing the stand-in's shim: %w", err)
	}
	address := cfg.Listen
	if address == "" {
		address = "127.0.0.1:0"
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening: %w", err)
	}
	s := &Server{cfg: cfg, log: cfg.logger(), listener: listener, temporary: map[string][]temporary{}}
	s.ctx, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	s.wait.Add(1)
	go s.accept()
	return s, nil
}

// install runs the shim once per database, and makes the administrator once per cluster.
func install(ctx context.Context, cfg Config) error {
	admin := "SELECT pg_advisory_lock(7465); DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '" + AdminUser + "') THEN CREATE ROLE " + AdminUser + " SUPERUSER LOGIN; END IF; END $$"
	if err := cfg.Cluster.Exec(ctx, cfg.Cluster.Superuser, admin); err != nil {
		return err
	}
	conn, err := pgconn.Connect(ctx, cfg.Cluster.DSN(cfg.Database))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	found := conn.ExecParams(ctx, "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = 'pg_rs_shim'", nil, nil, nil, nil).Read()
	if found.Err != nil || len(found.Rows) > 0 {
		return found.Err
	}
	note := "SELECT pg_rs_shim.note('" + AdminUser + "', pg_rs_shim.secrets('" + AdminUser + "', '" + AdminPassword + "'))"
	for _, sql := range []string{"BEGIN", shimSQL, catalogSQL, s3SQL, "SELECT pg_advisory_xact_lock(7465)", note,
		"ALTER DATABASE " + quoteName(cfg.Database) + " OWNER TO " + AdminUser, "COMMIT"} {
		if _, err := conn.Exec(ctx, sql).ReadAll(); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) accept() {
	defer s.wait.Done()
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			if !errors.Is(err, net.ErrClosed) {
				s.log.Error("accepting", "error", err)
			}
			return
		}
		s.wait.Add(1)
		go func() {
			defer s.wait.Done()
			defer conn.Close()
			stop := context.AfterFunc(s.ctx, func() { conn.Close() })
			defer stop()
			if err := s.serve(s.ctx, conn); err != nil {
				s.log.Info("session ended", "error", err)
			}
		}()
	}
}

// Close ends every session and stops listening.
func (s *Server) Close() error {
	s.cancel()
	err := s.listener.Close()
	s.wait.Wait()
	s.closeLog(context.WithoutCancel(s.ctx))
	return err
}

// Host and Port are where the server listens.
func (s *Server) Host() string { return s.addr().IP.String() }

// Port is the TCP port.
func (s *Server) Port() int { return s.addr().Port }

func (s *Server) addr() *net.TCPAddr { return s.listener.Addr().(*net.TCPAddr) }

// Database is the name of the database.
func (s *Server) Database() string { return s.cfg.Database }

// DSN is the URL for the administrator, for clients that know codes 3 and 5.
func (s *Server) DSN() string { return s.URL(AdminUser, AdminPassword) }

// URL is the URL for any user.
func (s *Server) URL(user, password string) string {
	mode := "disable"
	if s.cfg.TLS != nil {
		mode = "require"
	}
	u := url.URL{Scheme: "postgres", User: url.UserPassword(user, password), Host: s.listener.Addr().String(), Path: "/" + s.cfg.Database, RawQuery: "sslmode=" + mode}
	return u.String()
}

// Issue makes a temporary password for a user, as GetClusterCredentials does. A name with IAM: or IAMA: before it logs in as
// what follows.
func (s *Server) Issue(user, password string, until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := databaseUser(user)
	s.temporary[name] = append(s.temporary[name], temporary{password, until})
}

// databaseUser is the account behind a name of GetClusterCredentials.
func databaseUser(user string) string {
	for _, prefix := range []string{"IAMA:", "IAM:"} {
		if rest, ok := strings.CutPrefix(user, prefix); ok {
			return rest
		}
	}
	return user
}

func (s *Server) temporaries(user string) (out []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.temporary[user] {
		if t.until.After(time.Now()) {
			out = append(out, t.password)
		}
	}
	return out
}

// Startups are the start-up packets of all sessions so far.
func (s *Server) Startups() []Startup {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Startup(nil), s.startups...)
}

func (s *Server) started(u Startup) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.startups) < maxKept {
		s.startups = append(s.startups, u)
	}
}

// Statements are the texts that clients sent so far, untranslated.
func (s *Server) Statements() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.seen...)
}

func (s *Server) note(sql string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.seen) < maxKept {
		s.seen = append(s.seen, sql)
	}
}

// Exec runs statements as the administrator past the wire, one after the other, whatever way to log in the server has.
func (s *Server) Exec(ctx context.Context, statements ...string) error {
	conn, err := s.open(ctx, AdminUser, nil)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, sql := range statements {
		translated, refused := Translate(sql)
		if refused != nil {
			return fmt.Errorf("%s: %w", sql, refused)
		}
		if _, err := conn.Exec(ctx, translated).ReadAll(); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	return nil
}

// Running is how many sessions are in the middle of a statement at PostgreSQL's now; -1 if that cannot be known.
func (s *Server) Running() int {
	ctx, cancel := context.WithTimeout(s.ctx, 10*time.Second)
	defer cancel()
	conn, err := pgconn.Connect(ctx, s.cfg.Cluster.DSN(s.cfg.Database))
	if err != nil {
		return -1
	}
	defer conn.Close(context.WithoutCancel(ctx))
	got := conn.ExecParams(ctx, "SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid() AND application_name <> '"+logApplication+"'", nil, nil, nil, nil).Read()
	if got.Err != nil || len(got.Rows) == 0 {
		return -1
	}
	n, err := strconv.Atoi(string(got.Rows[0][0]))
	if err != nil {
		return -1
	}
	return n
}
