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

// openSQLite opens the file, and makes it (mode 0600) with its tables where it is not there yet. A file that is not readable as such, or of
// a newer version, is an error and stays as it is.
func openSQLite(ctx context.Context, path string) (*sql.DB, error) {
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
	err = transact(ctx, db, func(tx *sql.Tx) error { return sqliteDatabase.migrate(ctx, tx) })
	if err == nil {
		// After the version was looked at: it changes the file.
		_, err = db.ExecContext(ctx, "PRAGMA journal_mode = WAL")
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the state %s: %w", path, err), db.Close())
	}
	return db, nil
}
