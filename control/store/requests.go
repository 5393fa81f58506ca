package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/posternsql/postern/control"
)

// AskAccess implements control.AccessStore.
func (s *Store) AskAccess(ctx context.Context, r control.AccessRequest) (id int64, err error) {
	err = s.within(ctx, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, `INSERT INTO request (person, source, policy, reason, lasts, status, approval, answer, answered_by, asked_at, ends_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id`,
			r.User, r.Source, r.Policy, r.Reason, int64(r.Lasts/time.Second), r.Status, r.Approval, r.Answer, r.AnsweredBy, instant(r.AskedAt), instant(r.EndsAt)).Scan(&id)
		if err != nil {
			return err
		}
		return s.bump(ctx, tx, "requests")
	})
	if err != nil {
		return 0, fmt.Errorf("storing a request: %w", err)
	}
	return id, nil
}

// AnswerAccess implements control.AccessStore.
func (s *Store) AnswerAccess(ctx context.Context, was string, r control.AccessRequest) error {
	err := s.within(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `UPDATE request SET status = $3, approval = $4, answer = $5, answered_by = $6, ends_at = $7, policy = $8 WHERE id = $1 AND status = $2`,
			r.ID, was, r.Status, r.Approval, r.Answer, r.AnsweredBy, instant(r.EndsAt), r.Policy)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n != 1 {
			return control.ErrMoved
		}
		return s.bump(ctx, tx, "requests")
	})
	if err != nil {
		return fmt.Errorf("storing the answer to a request: %w", err)
	}
	return nil
}

// Requests implements control.AccessStore.
func (s *Store) Requests(ctx context.Context) (out []control.AccessRequest, err error) {
	db, err := s.opened(ctx)
	if err == nil {
		err = each(ctx, db, func(rows *sql.Rows) error {
			var r control.AccessRequest
			var asked, ends string
			var lasts int64
			err := rows.Scan(&r.ID, &r.User, &r.Source, &r.Policy, &r.Reason, &lasts, &r.Status, &r.Approval, &r.Answer, &r.AnsweredBy, &asked, &ends)
			if err == nil {
				r.AskedAt, err = parseInstant(asked)
			}
			if err == nil {
				r.EndsAt, err = parseInstant(ends)
			}
			r.Lasts = time.Duration(lasts) * time.Second
			out = append(out, r)
			return err
		}, `SELECT id, person, source, policy, reason, lasts, status, approval, answer, answered_by, asked_at, ends_at FROM request ORDER BY id DESC LIMIT 10000`)
	}
	if err != nil {
		return nil, fmt.Errorf("reading requests: %w", err)
	}
	return out, nil
}
