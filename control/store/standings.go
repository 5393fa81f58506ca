package store

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"github.com/posternsql/postern/control"
)

// Standings implements control.StandingStore.
func (s *Store) Standings(ctx context.Context) (map[string]control.Standing, error) {
	db, err := s.opened(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string]control.Standing{}
	err = each(ctx, db, func(rows *sql.Rows) error {
		var person, project string
		if err := rows.Scan(&person, &project); err != nil {
			return err
		}
		out[person] = control.Standing{Project: project}
		return nil
	}, "SELECT person, project FROM standing")
	if err != nil {
		return nil, fmt.Errorf("reading current projects: %w", err)
	}
	err = each(ctx, db, func(rows *sql.Rows) error {
		var person, purpose, at string
		var a control.Acknowledgement
		err := rows.Scan(&person, &purpose, &a.Text, &a.Digest, &at)
		if err == nil {
			a.At, err = parseInstant(at)
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
	}, "SELECT person, purpose, text, digest, at FROM acknowledgement ORDER BY id")
	if err != nil {
		return nil, fmt.Errorf("reading acknowledgements: %w", err)
	}
	return out, nil
}

// SetProject implements control.StandingStore.
func (s *Store) SetProject(ctx context.Context, user, project string) error {
	err := s.within(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO standing (person, project) VALUES ($1, $2)
			ON CONFLICT (person) DO UPDATE SET project = excluded.project`, user, project)
		if err != nil {
			return err
		}
		return s.bump(ctx, tx, "people")
	})
	if err != nil {
		return fmt.Errorf("storing a current project: %w", err)
	}
	return nil
}

// Acknowledge implements control.StandingStore.
func (s *Store) Acknowledge(ctx context.Context, user string, given map[string]control.Acknowledgement) error {
	err := s.within(ctx, func(tx *sql.Tx) error {
		for _, purpose := range slices.Sorted(maps.Keys(given)) {
			a := given[purpose]
			_, err := tx.ExecContext(ctx, "INSERT INTO acknowledgement (person, purpose, text, digest, at) VALUES ($1, $2, $3, $4, $5)",
				user, purpose, a.Text, a.Digest, instant(a.At))
			if err != nil {
				return err
			}
		}
		return s.bump(ctx, tx, "people")
	})
	if err != nil {
		return fmt.Errorf("storing acknowledgements: %w", err)
	}
	return nil
}
