package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/posternsql/postern/secret"
)

// database is which of the two it is.
type database int

const (
	sqliteDatabase database = iota + 1
	postgresDatabase
)

// Config says where the state is.
type Config struct {
	// URL is sqlite:PATH or postgres://USER@HOST:PORT/DATABASE.
	URL string
	// Password of the account in PostgreSQL; none is sent without it.
	Password secret.Ref
	Log      *slog.Logger
}

// Validate reports every mistake at once.
func (c Config) Validate() error {
	var mistakes []error
	if c.Log == nil {
		mistakes = append(mistakes, errors.New("the state needs a logger"))
	}
	switch {
	case strings.HasPrefix(c.URL, "sqlite:") && len(c.URL) > len("sqlite:"):
		if !c.Password.IsZero() {
			mistakes = append(mistakes, errors.New("a state in a file has no password"))
		}
	case isPostgresURL(c.URL):
		_, err := postgresConfig(c.URL)
		mistakes = append(mistakes, err)
	default:
		// Not repeated: it may hold what was meant for elsewhere.
		mistakes = append(mistakes, errors.New("the state is neither sqlite:PATH nor postgres://USER@HOST/DATABASE"))
	}
	return errors.Join(mistakes...)
}

// Store is the state. It is opened at its first use, and again at the next where that failed: a server starts with a state that it cannot read. It is
// safe for concurrent use; a state in a file belongs to one process.
type Store struct {
	config Config
	kind   database

	mu sync.Mutex
	db *sql.DB
	// closed refuses what comes after Close.
	closed bool

	reviews reviewCache
}

// New makes a Store that is not opened yet.
func New(c Config) (*Store, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("configuring the state: %w", err)
	}
	s := &Store{config: c, kind: sqliteDatabase}
	if isPostgresURL(c.URL) {
		s.kind = postgresDatabase
	}
	return s, nil
}

// Shared reports a state that several servers may share.
func (s *Store) Shared() bool { return s.kind == postgresDatabase }

// Open opens the state now, and makes its tables where they are not there yet. Everything else does so by itself.
func (s *Store) Open(ctx context.Context) error {
	_, err := s.opened(ctx)
	return err
}

func (s *Store) opened(ctx context.Context) (*sql.DB, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errors.New("the state is closed")
	}
	if s.db != nil {
		return s.db, nil
	}
	var db *sql.DB
	var err error
	switch s.kind {
	case sqliteDatabase:
		db, err = openSQLite(ctx, strings.TrimPrefix(s.config.URL, "sqlite:"))
	case postgresDatabase:
		db, err = openPostgres(ctx, s.config)
	}
	if err != nil {
		return nil, err
	}
	s.db = db
	return db, nil
}

// Close closes the state; what is used afterwards fails.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.db == nil {
		return nil
	}
	return s.db.Close()
}

// within runs f in a transaction that commits if f returns nil.
func (s *Store) within(ctx context.Context, f func(*sql.Tx) error) error {
	db, err := s.opened(ctx)
	if err != nil {
		return err
	}
	return transact(ctx, db, f)
}

func transact(ctx context.Context, db *sql.DB, f func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		if failed := tx.Rollback(); failed != nil && !errors.Is(failed, sql.ErrTxDone) {
			return errors.Join(err, failed)
		}
		return err
	}
	return tx.Commit()
}

// querier is a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// each calls row for every row of a query.
func each(ctx context.Context, q querier, row func(*sql.Rows) error, query string, args ...any) (err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := row(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// bump raises one of the state's counters inside a transaction, and tells other servers at its commit. The row stays locked until then.
func (s *Store) bump(ctx context.Context, tx *sql.Tx, counter string) error {
	if _, err := tx.ExecContext(ctx, "UPDATE state SET "+counter+" = "+counter+" + 1 WHERE one = 1"); err != nil { //nolint:gosec // the callers name columns of ours
		return err
	}
	return s.notify(ctx, tx)
}

// notify wakes the other servers when the transaction commits.
func (s *Store) notify(ctx context.Context, tx *sql.Tx) error {
	if s.kind != postgresDatabase {
		return nil
	}
	_, err := tx.ExecContext(ctx, "SELECT pg_notify($1, '')", channel)
	return err
}

// instant and parseInstant are how times are stored.
func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func parseInstant(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	return time.Parse(time.RFC3339Nano, text)
}
