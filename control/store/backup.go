package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
)

// Backup copies a state in a file, as it is at one moment, to a file that is not there yet (mode 0600), and checks the copy. A server may be using
// the state meanwhile.
func Backup(ctx context.Context, from, to string) (err error) {
	if _, err := os.Stat(from); err != nil {
		return fmt.Errorf("backing up the state: %w", err)
	}
	// Made first, so that it never has another mode, and never replaces anything.
	file, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("backing up the state: %s is there already", to)
	}
	if err == nil {
		err = file.Close()
	}
	if err != nil {
		return fmt.Errorf("backing up the state: %w", err)
	}
	source := url.URL{Scheme: "file", Opaque: (&url.URL{Path: from}).EscapedPath(), RawQuery: url.Values{
		"mode": {"ro"}, "_pragma": {"busy_timeout(10000)", "trusted_schema(OFF)"},
	}.Encode()}
	db, err := sql.Open("sqlite", source.String())
	if err != nil {
		return fmt.Errorf("backing up the state: %w", err)
	}
	defer func() {
		if err = errors.Join(err, db.Close()); err != nil {
			err = errors.Join(err, os.Remove(to))
		}
	}()
	// Into an empty file VACUUM writes; it refuses one that holds anything.
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", to); err != nil {
		return fmt.Errorf("backing up the state: %w", err)
	}
	return checkCopy(ctx, to)
}

// checkCopy opens a copy as a state, which also refuses a file that was none.
func checkCopy(ctx context.Context, path string) (err error) {
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: "mode=ro"}).String())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var found string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check").Scan(&found); err != nil || found != "ok" {
		return errors.Join(fmt.Errorf("the copy is damaged: %s", found), err)
	}
	var have int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&have); err != nil || have < 1 || have > version {
		return errors.Join(fmt.Errorf("it is no state: its version is %d", have), err)
	}
	return syncFile(path)
}

func syncFile(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}
