package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/posternsql/postern/control"
)

// Versions implements control.HistoryStore.
func (s *Store) Versions(ctx context.Context, kind, name string) (out []control.StoredResource, err error) {
	db, err := s.opened(ctx)
	if err == nil {
		err = each(ctx, db, func(rows *sql.Rows) error {
			r, err := scanResource(rows)
			out = append(out, r)
			return err
		}, "SELECT "+resourceColumns+" FROM resource_version v WHERE v.kind = $1 AND v.name = $2 ORDER BY v.version DESC", kind, name)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the versions of a resource: %w", err)
	}
	return out, nil
}

// At implements control.HistoryStore.
func (s *Store) At(ctx context.Context, revision int64) (out control.Stored, err error) {
	now, err := s.Marks(ctx)
	if err != nil {
		return control.Stored{}, err
	}
	if revision < 0 || revision > now.Revision {
		return control.Stored{}, control.ErrNoVersion
	}
	out.Revision = revision
	db, err := s.opened(ctx)
	if err == nil {
		err = each(ctx, db, func(rows *sql.Rows) error {
			r, err := scanResource(rows)
			out.Resources = append(out.Resources, r)
			return err
		}, "SELECT "+resourceColumns+` FROM resource_version v
			JOIN (SELECT kind, name, max(version) AS version FROM resource_version WHERE revision <= $1 GROUP BY kind, name) l
			ON l.kind = v.kind AND l.name = v.name AND l.version = v.version WHERE v.deleted = 0 AND v.file = '' ORDER BY v.kind, v.name`, revision)
	}
	if err != nil {
		return control.Stored{}, fmt.Errorf("reading revision %d: %w", revision, err)
	}
	return out, nil
}

// Revisions implements control.HistoryStore.
func (s *Store) Revisions(ctx context.Context, limit int) (out []control.RevisionInfo, err error) {
	db, err := s.opened(ctx)
	if err == nil {
		err = each(ctx, db, func(rows *sql.Rows) error {
			var r control.RevisionInfo
			var at string
			err := rows.Scan(&r.Revision, &r.Author, &r.Action, &at, &r.Changes)
			if err == nil {
				r.At, err = parseInstant(at)
			}
			out = append(out, r)
			return err
		}, "SELECT revision, author, action, at, changes FROM revision ORDER BY revision DESC LIMIT $1", limit)
	}
	if err != nil {
		return nil, fmt.Errorf("reading revisions: %w", err)
	}
	return out, nil
}
