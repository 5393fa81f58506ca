package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/posternsql/postern/control"
)

// Unregistered implements control.UnregisteredStore.
func (s *Store) Unregistered(ctx context.Context, connection, settings string) (unregistered bool, err error) {
	db, err := s.opened(ctx)
	if err != nil {
		return false, err
	}
	var of string
	err = db.QueryRowContext(ctx, "SELECT settings FROM unregistered WHERE connection = $1", connection).Scan(&of)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading whether a warehouse was unregistered: %w", err)
	}
	return of == settings, nil
}

// SetUnregistered implements control.UnregisteredStore.
func (s *Store) SetUnregistered(ctx context.Context, connection, settings string, unregistered bool) error {
	err := s.within(ctx, func(tx *sql.Tx) error {
		if !unregistered {
			_, err := tx.ExecContext(ctx, "DELETE FROM unregistered WHERE connection = $1", connection)
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO unregistered (connection, settings) VALUES ($1, $2)
			ON CONFLICT (connection) DO UPDATE SET settings = excluded.settings`, connection, settings)
		return err
	})
	if err != nil {
		return fmt.Errorf("storing whether a warehouse was unregistered: %w", err)
	}
	return nil
}

var _ control.UnregisteredStore = (*Store)(nil)
