package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/posternsql/postern/control"
)

// Standings implements control.StandingStore.
func (s *SQLite) Standings(ctx context.Context) (map[string]control.Standing, error) {
	out := map[string]control.Standing{}
	err := s.each(ctx, "SELECT person, project FROM standing", func(rows *sql.Rows) error {
		var person, project string
		if err := rows.Scan(&person, &project); err != nil {
			return err
		}
		out[person] = control.Standing{Project: project}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading current projects: %w", err)
	}
	err = s.each(ctx, "SELECT person, purpose, text, digest, at FROM acknowledgement ORDER BY id", func(rows *sql.Rows) error {
		var person, purpose, at string
		var a control.Acknowledgement
		err := rows.Scan(&person, &purpose, &a.Text, &a.Digest, &at)
		if err == nil {
			a.At, err = time.Parse(time.RFC3339Nano, at)
		}
		if err != nil {
			return err
		}
		standing := out[person]
		if standing.Acknowledged == nil {
			standing.Acknowledged = map[string]control.Acknowledgement{}
		}
		// The last one of a purpose counts; those before stay on record.
		standing.Acknowledged[purpose] = a
		out[person] = standing
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading acknowledgements: %w", err)
	}
	return out, nil
}

func (s *SQLite) each(ctx context.Context, query string, row func(*sql.Rows) error) (err error) {
	rows, err := s.db.QueryContext(ctx, query)
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

// SetProject implements control.StandingStore.
func (s *SQLite) SetProject(ctx context.Context, user, project string) error {
	_, err := s.db.ExecContext(ctx, `INSERT INTO standing (person, project) VALUES (?, ?)
		ON CONFLICT (person) DO UPDATE SET project = excluded.project`, user, project)
	if err != nil {
		return fmt.Errorf("storing a current project: %w", err)
	}
	return nil
}

// Acknowledge implements control.StandingStore.
func (s *SQLite) Acknowledge(ctx context.Context, user string, given map[string]control.Acknowledgement) error {
	err := s.within(ctx, func(tx *sql.Tx) error {
		for _, purpose := range slices.Sorted(maps.Keys(given)) {
			a := given[purpose]
			_, err := tx.ExecContext(ctx, "INSERT INTO acknowledgement (person, purpose, text, digest, at) VALUES (?, ?, ?, ?, ?)",
				user, purpose, a.Text, a.Digest, a.At.UTC().Format(time.RFC3339Nano))
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("storing acknowledgements: %w", err)
	}
	return nil
}
