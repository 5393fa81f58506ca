package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

const (
	// postgresSchema holds the tables, channel is on which servers tell each other of changes.
	postgresSchema = "postern_state"
	channel        = "postern_state"

	// connectTimeout bounds one log-in. A state that is further away than this is out of reach.
	connectTimeout = 2 * time.Second
	maxConnections = 8
)

func isPostgresURL(text string) bool {
	return strings.HasPrefix(text, "postgres://") || strings.HasPrefix(text, "postgresql://")
}

// postgresConfig reads the URL. No error repeats it.
func postgresConfig(text string) (*pgx.ConnConfig, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("the state's URL cannot be read")
	}
	if _, inline := u.User.Password(); inline || u.Query().Has("password") {
		return nil, errors.New("the state's URL holds a password: give it by reference, as statePassword")
	}
	config, err := pgx.ParseConfig(text)
	if err != nil {
		return nil, errors.New("the state's URL is not one of PostgreSQL")
	}
	if mode := u.Query().Get("sslmode"); !isLocal(config.Host) && mode != "verify-full" && mode != "verify-ca" && mode != "require" {
		return nil, errors.New("the state is on another machine, so sslmode=verify-full is needed")
	}
	config.ConnectTimeout = connectTimeout
	config.RuntimeParams["search_path"] = postgresSchema
	config.RuntimeParams["application_name"] = "postern"
	// A server that waits for a lock longer than this has lost its lease anyway.
	config.RuntimeParams["lock_timeout"] = "10s"
	config.RuntimeParams["idle_in_transaction_session_timeout"] = "30s"
	return config, nil
}

// isLocal reports loopback addresses and sockets.
func isLocal(host string) bool {
	if host == "localhost" || strings.HasPrefix(host, "/") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// openPostgres makes the tables where they are not there yet.
func openPostgres(ctx context.Context, c Config) (*sql.DB, error) {
	config, err := c.connection()
	if err != nil {
		return nil, err
	}
	db := stdlib.OpenDB(*config, stdlib.OptionBeforeConnect(func(_ context.Context, cc *pgx.ConnConfig) error {
		// Resolved anew: a password that was rotated serves the next connection.
		return c.password(cc)
	}))
	db.SetMaxOpenConns(maxConnections)
	db.SetMaxIdleConns(maxConnections)
	db.SetConnMaxIdleTime(5 * time.Minute)
	if err := transact(ctx, db, func(tx *sql.Tx) error { return postgresDatabase.migrate(ctx, tx) }); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the state in PostgreSQL: %w", err), db.Close())
	}
	return db, nil
}

func (c Config) connection() (*pgx.ConnConfig, error) {
	config, err := postgresConfig(c.URL)
	if err != nil {
		return nil, err
	}
	return config, c.password(config)
}

func (c Config) password(config *pgx.ConnConfig) error {
	if c.Password.IsZero() {
		return nil
	}
	password, err := c.Password.Resolve()
	if err != nil {
		return err
	}
	config.Password = password.Reveal()
	return nil
}
