package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Listen implements control.LeaseStore: it calls changed after each change, until the context ends or the connection breaks.
func (s *Store) Listen(ctx context.Context, changed func()) (err error) {
	if s.kind != postgresDatabase {
		return errNotShared
	}
	config, err := s.config.connection()
	if err != nil {
		return err
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("listening for changes of the state: %w", err)
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), connectTimeout)
		defer cancel()
		// The connection is broken or not needed any more; either way there is nothing to tell.
		_ = conn.Close(closing)
	}()
	if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
		return fmt.Errorf("listening for changes of the state: %w", err)
	}
	// What changed before the listening began was told to nobody here.
	changed()
	for {
		if _, err := conn.WaitForNotification(ctx); err != nil {
			if ctx.Err() != nil {
				return errors.Join(ctx.Err())
			}
			return fmt.Errorf("listening for changes of the state: %w", err)
		}
		changed()
	}
}
