package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/posternsql/postern/control"
)

// maxNotices bounds what waits for webhooks. Beyond it the oldest are given up, and each hook is told how many it missed.
const maxNotices = 10_000

// enqueue adds notices inside a transaction that holds the commit lock, so that their numbers are in the order of their commits.
func enqueue(ctx context.Context, tx *sql.Tx, notices []control.Notice) error {
	var values []any
	for _, n := range notices {
		values = append(values, n.Topic, n.Event, n.Kind, n.Name, n.Detail, n.Author, instant(n.At))
	}
	if len(values) == 0 {
		return nil
	}
	if err := insertMany(ctx, tx, "INSERT INTO notice (topic, event, kind, name, detail, author, at) VALUES ", "", 7, values); err != nil {
		return err
	}
	// The last of those that are too many.
	var upTo int64
	err := tx.QueryRowContext(ctx, "SELECT coalesce((SELECT id FROM notice ORDER BY id DESC LIMIT 1 OFFSET $1), 0)", maxNotices).Scan(&upTo)
	if err != nil || upTo == 0 {
		return err
	}
	if _, err := tx.ExecContext(ctx, "UPDATE hook SET lost = lost + (SELECT count(*) FROM notice n WHERE n.id > hook.sent AND n.id <= $1)", upTo); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "DELETE FROM notice WHERE id <= $1", upTo)
	return err
}

// Enqueue implements control.QueueStore.
func (s *Store) Enqueue(ctx context.Context, notices []control.Notice) error {
	err := s.within(ctx, func(tx *sql.Tx) error {
		if s.kind == postgresDatabase {
			if _, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock(hashtext('postern commit'))"); err != nil {
				return err
			}
		}
		return enqueue(ctx, tx, notices)
	})
	if err != nil {
		return fmt.Errorf("queueing notices: %w", err)
	}
	return nil
}

// Claim implements control.QueueStore.
func (s *Store) Claim(ctx context.Context, hook, holder string, now time.Time, lasts time.Duration) (p control.Progress, ok bool, err error) {
	err = s.within(ctx, func(tx *sql.Tx) error {
		// A hook that is new is told what happens from now on.
		_, err := tx.ExecContext(ctx, `INSERT INTO hook (name, sent, attempts, next_at, lost, holder, held_until)
			SELECT $1, coalesce((SELECT max(id) FROM notice), 0), 0, '', 0, '', '' ON CONFLICT (name) DO NOTHING`, hook)
		if err != nil {
			return err
		}
		query := "SELECT sent, attempts, next_at, lost, holder, held_until FROM hook WHERE name = $1"
		if s.kind == postgresDatabase {
			query += " FOR UPDATE"
		}
		var next, until, by string
		if err := tx.QueryRowContext(ctx, query, hook).Scan(&p.Sent, &p.Attempts, &next, &p.Lost, &by, &until); err != nil {
			return err
		}
		if p.NextAt, err = parseInstant(next); err != nil {
			return err
		}
		held, err := parseInstant(until)
		if err != nil || by != holder && now.Before(held) {
			return err
		}
		ok = true
		_, err = tx.ExecContext(ctx, "UPDATE hook SET holder = $2, held_until = $3 WHERE name = $1", hook, holder, instant(now.Add(lasts)))
		return err
	})
	if err != nil {
		return p, false, fmt.Errorf("taking over webhook %s: %w", hook, err)
	}
	return p, ok, nil
}

// Next implements control.QueueStore.
func (s *Store) Next(ctx context.Context, after int64, limit int) (out []control.QueuedNotice, err error) {
	db, err := s.opened(ctx)
	if err == nil {
		err = each(ctx, db, func(rows *sql.Rows) error {
			var n control.QueuedNotice
			var at string
			err := rows.Scan(&n.ID, &n.Topic, &n.Event, &n.Kind, &n.Name, &n.Detail, &n.Author, &at)
			if err == nil {
				n.At, err = parseInstant(at)
			}
			out = append(out, n)
			return err
		}, "SELECT id, topic, event, kind, name, detail, author, at FROM notice WHERE id > $1 ORDER BY id LIMIT $2", after, limit)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the queue of notices: %w", err)
	}
	return out, nil
}

// Advance implements control.QueueStore.
func (s *Store) Advance(ctx context.Context, hook, holder string, p control.Progress) error {
	db, err := s.opened(ctx)
	if err == nil {
		_, err = db.ExecContext(ctx, "UPDATE hook SET sent = $3, attempts = $4, next_at = $5, lost = lost + $6 WHERE name = $1 AND holder = $2",
			hook, holder, p.Sent, p.Attempts, instant(p.NextAt), p.MoreLost)
	}
	if err != nil {
		return fmt.Errorf("noting the progress of webhook %s: %w", hook, err)
	}
	return nil
}

// Forget implements control.QueueStore.
func (s *Store) Forget(ctx context.Context, hook, holder string, now time.Time) error {
	db, err := s.opened(ctx)
	if err == nil {
		_, err = db.ExecContext(ctx, "DELETE FROM hook WHERE name = $1 AND (holder = $2 OR held_until < $3)", hook, holder, instant(now))
	}
	if err != nil {
		return fmt.Errorf("forgetting webhook %s: %w", hook, err)
	}
	return nil
}
