package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"

	_ "modernc.org/sqlite" // the driver
)

// SQLite is the state in one embedded file. It is safe for concurrent use by one process.
type SQLite struct {
	path string
	db   *sql.DB
}

// version of the tables (PRAGMA user_version).
const version = 1

const schema = `
CREATE TABLE standing (
	person  TEXT NOT NULL PRIMARY KEY,
	project TEXT NOT NULL
) STRICT;
CREATE TABLE acknowledgement (
	id      INTEGER PRIMARY KEY,
	person  TEXT NOT NULL,
	purpose TEXT NOT NULL,
	text    TEXT NOT NULL,
	digest  TEXT NOT NULL,
	at      TEXT NOT NULL
) STRICT;
CREATE INDEX acknowledgement_person ON acknowledgement (person, purpose, id);
PRAGMA user_version = 1;`

// OpenSQLite opens the file, and makes it (mode 0600) with its tables where it is not there yet. A file that is not readable as such, or of
// a newer version, is an error and stays as it is.
func OpenSQLite(ctx context.Context, path string) (*SQLite, error) {
	// SQLite makes files with the umask's mode; people's names are nobody else's business.
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the state: %w", err)
	}
	if err := file.Close(); err != nil {
		return nil, fmt.Errorf("opening the state: %w", err)
	}
	source := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: url.Values{
		"_pragma": {"busy_timeout(5000)", "synchronous(FULL)", "foreign_keys(ON)", "trusted_schema(OFF)"},
		"_txlock": {"immediate"},
	}.Encode()}
	db, err := sql.Open("sqlite", source.String())
	if err != nil {
		return nil, fmt.Errorf("opening the state: %w", err)
	}
	// One writer at a time is all that SQLite has; what is read often is in memory.
	db.SetMaxOpenConns(1)
	s := &SQLite{path: path, db: db}
	err = s.migrate(ctx)
	if err == nil {
		// After the version was looked at: it changes the file.
		_, err = db.ExecContext(ctx, "PRAGMA journal_mode = WAL")
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the state %s: %w", path, err), db.Close())
	}
	return s, nil
}

// migrate brings the tables to this version.
func (s *SQLite) migrate(ctx context.Context) error {
	return s.within(ctx, func(tx *sql.Tx) error {
		var have int
		if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&have); err != nil {
			return err
		}
		switch {
		case have == 0:
			_, err := tx.ExecContext(ctx, schema)
			return err
		case have != version:
			return fmt.Errorf("its version is %d, and this program knows %d", have, version)
		}
		return nil
	})
}

// within runs f in a transaction that commits if f returns nil.
func (s *SQLite) within(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// Close closes the file.
func (s *SQLite) Close() error { return s.db.Close() }
