package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/posternsql/postern/control"
)

// TakeTurn implements control.CollectorStore. A look that finds the turn another's, or fresh, writes nothing.
func (s *Store) TakeTurn(ctx context.Context, connection, server string, known int64, lasts time.Duration) (t control.Turn, err error) {
	if s.kind != postgresDatabase {
		return t, errNotShared
	}
	t = control.Turn{Connection: connection, Server: server}
	err = s.within(ctx, func(tx *sql.Tx) error {
		var mine, live, fresh bool
		err := tx.QueryRowContext(ctx, `SELECT holder = $2, held_until > clock_timestamp(), held_until > clock_timestamp() + $3::float8 * interval '0.7 second', term, read_to
			FROM collector WHERE connection = $1`, connection, server, lasts.Seconds()).Scan(&mine, &live, &fresh, &t.Term, &t.Position)
		switch {
		case errors.Is(err, sql.ErrNoRows):
		case err != nil:
			return err
		case live && !mine:
			return nil
		case live && fresh && t.Term == known:
			t.Held = true
			return nil
		}
		// A term is one life of one server: who comes back, or begins anew, learns what was told.
		err = tx.QueryRowContext(ctx, `INSERT INTO collector AS c (connection, holder, term, held_until, read_to)
			VALUES ($1, $2, 1, clock_timestamp() + $3::float8 * interval '1 second', '')
			ON CONFLICT (connection) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until, term = CASE WHEN c.holder = excluded.holder AND c.term = $4 THEN c.term ELSE c.term + 1 END
			WHERE c.holder = excluded.holder OR c.held_until <= clock_timestamp()
			RETURNING term, read_to`, connection, server, lasts.Seconds(), known).Scan(&t.Term, &t.Position)
		if errors.Is(err, sql.ErrNoRows) {
			return nil // somebody was quicker
		}
		t.Held = err == nil
		if err != nil || t.Term == known {
			return err
		}
		return each(ctx, tx, func(rows *sql.Rows) error {
			var told control.Telling
			err := rows.Scan(&told.ID, &told.Server, &told.Ended, &told.Safe)
			t.Tellings = append(t.Tellings, told)
			return err
		}, "SELECT id, server, ended, safe FROM telling WHERE connection = $1", connection)
	})
	if err != nil {
		return control.Turn{}, fmt.Errorf("asking whose turn it is to collect the log of %s: %w", connection, err)
	}
	return t, nil
}

// NoteTurn implements control.CollectorStore. The row of the turn is locked while the rest is written: nobody takes it over meanwhile. A turn that ran out
// and that nobody took goes on: its term says so.
func (s *Store) NoteTurn(ctx context.Context, t control.Turn, lasts time.Duration, c control.Collected) error {
	if s.kind != postgresDatabase {
		return errNotShared
	}
	err := s.within(ctx, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, `UPDATE collector SET held_until = clock_timestamp() + $4::float8 * interval '1 second', read_to = CASE WHEN $5 = '' THEN read_to ELSE $5 END
			WHERE connection = $1 AND holder = $2 AND term = $3`, t.Connection, t.Server, t.Term, lasts.Seconds(), c.Position)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n != 1 {
			return errors.Join(err, control.ErrTurnLost)
		}
		for _, list := range []struct {
			safe bool
			of   []control.Telling
		}{{false, c.Intended}, {true, c.Safe}} {
			if err := tell(ctx, tx, t, list.of, list.safe); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, "DELETE FROM telling WHERE connection = $1 AND ended < $2", t.Connection, c.Forget)
		return err
	})
	if err != nil {
		return fmt.Errorf("noting how far the log of %s was collected: %w", t.Connection, err)
	}
	return nil
}

// tell writes what is on the record of the server whose turn it is, or is about to be.
func tell(ctx context.Context, tx *sql.Tx, t control.Turn, all []control.Telling, safe bool) error {
	if len(all) == 0 {
		return nil
	}
	type row struct {
		ID    string    `json:"id"`
		Ended time.Time `json:"ended"`
	}
	rows := make([]row, len(all))
	for i, one := range all {
		rows[i] = row{one.ID, one.Ended.UTC()}
	}
	text, err := json.Marshal(rows)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO telling (connection, id, server, ended, safe)
		SELECT DISTINCT ON (id) $1, id, $2, ended, $3::boolean FROM json_to_recordset($4::json) AS t(id text, ended timestamptz)
		ON CONFLICT (connection, id) DO UPDATE SET server = excluded.server, ended = excluded.ended, safe = excluded.safe`, t.Connection, t.Server, safe, string(text))
	return err
}
