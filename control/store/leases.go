package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/posternsql/postern/control"
)

// errNotShared answers where there is but one server.
var errNotShared = errors.New("a state in a file has one server and no leases")

// Beat implements control.LeaseStore. The state's row is locked for sharing while the lease is written: a change either waits for it and sees
// the lease, or comes first, and then the lease is not renewed. The lease counts from when the statement began here, which is after it was sent.
func (s *Store) Beat(ctx context.Context, b control.Beat) (m control.Marks, err error) {
	if s.kind != postgresDatabase {
		return m, errNotShared
	}
	db, err := s.opened(ctx)
	if err == nil {
		err = db.QueryRowContext(ctx, `
			WITH now AS (SELECT revision, people, requests, objects, clock_timestamp() AS at FROM state WHERE one = 1 FOR SHARE),
			beat AS (
				INSERT INTO lease AS l (replica, address, confirmed, problem, started, seen, expires)
				SELECT $1, $2, $3, $4, now.at, now.at, now.at + CASE WHEN now.revision = $3 THEN $5::float8 * interval '1 second' ELSE interval '0' END
				FROM now
				ON CONFLICT (replica) DO UPDATE SET address = excluded.address, confirmed = excluded.confirmed, problem = excluded.problem, seen = excluded.seen,
					expires = CASE WHEN excluded.expires > excluded.seen THEN excluded.expires ELSE l.expires END
				RETURNING 1)
			SELECT revision, people, requests, objects FROM now, beat`,
			b.Replica, b.Address, b.Revision, b.Problem, b.Lasts.Seconds()).Scan(&m.Revision, &m.People, &m.Requests, &m.Objects)
	}
	if err != nil {
		return control.Marks{}, fmt.Errorf("renewing the lease: %w", err)
	}
	return m, nil
}

// Leave implements control.LeaseStore.
func (s *Store) Leave(ctx context.Context, replica string) error {
	if s.kind != postgresDatabase {
		return errNotShared
	}
	db, err := s.opened(ctx)
	if err == nil {
		// With it go those that have not been seen for a day.
		_, err = db.ExecContext(ctx, "DELETE FROM lease WHERE replica = $1 OR seen < clock_timestamp() - interval '1 day'", replica)
	}
	if err != nil {
		return fmt.Errorf("giving up the lease: %w", err)
	}
	return nil
}

// Replicas implements control.LeaseStore.
func (s *Store) Replicas(ctx context.Context) (out []control.Replica, err error) {
	if s.kind != postgresDatabase {
		return nil, errNotShared
	}
	db, err := s.opened(ctx)
	if err == nil {
		err = each(ctx, db, func(rows *sql.Rows) error {
			var r control.Replica
			err := rows.Scan(&r.Name, &r.Address, &r.Confirmed, &r.Problem, &r.Live, &r.Seen)
			out = append(out, r)
			return err
		}, `SELECT replica, address, confirmed, problem, expires > clock_timestamp(), seen FROM lease
			WHERE seen > clock_timestamp() - interval '1 day' ORDER BY replica`)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the leases: %w", err)
	}
	return out, nil
}
