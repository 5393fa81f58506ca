package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"

	"github.com/posternsql/postern/control"
)

const resourceColumns = "v.kind, v.name, v.version, v.revision, v.in_set, v.file, v.text, v.deleted, v.author, v.at"

func scanResource(rows *sql.Rows) (r control.StoredResource, err error) {
	var at string
	var deleted int
	if err := rows.Scan(&r.Kind, &r.Name, &r.Version, &r.Revision, &r.Set, &r.File, &r.Text, &deleted, &r.Author, &at); err != nil {
		return r, err
	}
	r.Deleted = deleted != 0
	r.At, err = parseInstant(at)
	return r, err
}

// Stored implements control.ResourceStore.
func (s *Store) Stored(ctx context.Context) (out control.Stored, err error) {
	err = s.within(ctx, func(tx *sql.Tx) error {
		if s.kind == postgresDatabase {
			// The revision and what it counts have to be of one moment.
			if _, err := tx.ExecContext(ctx, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"); err != nil {
				return err
			}
		}
		if err := tx.QueryRowContext(ctx, "SELECT revision FROM state WHERE one = 1").Scan(&out.Revision); err != nil {
			return err
		}
		return each(ctx, tx, func(rows *sql.Rows) error {
			r, err := scanResource(rows)
			if r.File == "" {
				out.Resources = append(out.Resources, r)
			} else {
				out.Files = append(out.Files, r)
			}
			return err
		}, "SELECT "+resourceColumns+" FROM resource c JOIN resource_version v ON v.kind = c.kind AND v.name = c.name AND v.version = c.version ORDER BY v.kind, v.name")
	})
	if err != nil {
		return control.Stored{}, fmt.Errorf("reading the stored resources: %w", err)
	}
	return out, nil
}

// Marks implements control.ResourceStore.
func (s *Store) Marks(ctx context.Context) (m control.Marks, err error) {
	db, err := s.opened(ctx)
	if err == nil {
		err = db.QueryRowContext(ctx, "SELECT revision, people, requests, objects FROM state WHERE one = 1").Scan(&m.Revision, &m.People, &m.Requests, &m.Objects)
	}
	if err != nil {
		return control.Marks{}, fmt.Errorf("reading the state's revision: %w", err)
	}
	return m, nil
}

// Commit implements control.ResourceStore.
func (s *Store) Commit(ctx context.Context, c control.Commit) (revision int64, err error) {
	revision = c.Base + 1
	err = s.within(ctx, func(tx *sql.Tx) error {
		if s.kind == postgresDatabase {
			// One at a time, apart from the state's row: servers that renew their leases do not wait for all of the writing.
			if _, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock(hashtext('postern commit'))"); err != nil {
				return err
			}
		}
		if err := s.mustBe(ctx, tx, c.Base); err != nil {
			return err
		}
		if err := writeVersions(ctx, tx, c, revision); err != nil {
			return err
		}
		if err := enqueue(ctx, tx, c.Notices); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO revision (revision, author, action, at, changes) VALUES ($1, $2, $3, $4, $5)",
			revision, c.Author, c.Action, instant(c.At), len(c.Writes))
		if err != nil {
			return err
		}
		if err := s.bump(ctx, tx, "revision"); err != nil {
			return err
		}
		if c.Before == nil {
			return nil
		}
		return c.Before(ctx, revision)
	})
	if err != nil {
		return 0, fmt.Errorf("storing resources: %w", err)
	}
	return revision, nil
}

// mustBe refuses a revision other than the one on which a change is based.
func (s *Store) mustBe(ctx context.Context, tx *sql.Tx, base int64) error {
	var now int64
	if err := tx.QueryRowContext(ctx, "SELECT revision FROM state WHERE one = 1").Scan(&now); err != nil {
		return err
	}
	if now != base {
		return control.ErrMoved
	}
	return nil
}

// writeVersions adds the versions of a commit and says which are current.
func writeVersions(ctx context.Context, tx *sql.Tx, c control.Commit, revision int64) error {
	latest := map[string]int64{}
	err := each(ctx, tx, func(rows *sql.Rows) error {
		var kind, name string
		var version int64
		err := rows.Scan(&kind, &name, &version)
		latest[kind+"/"+name] = version
		return err
	}, "SELECT kind, name, max(version) FROM resource_version GROUP BY kind, name")
	if err != nil {
		return err
	}
	var versions, currents []any
	for _, w := range c.Writes {
		version, deleted := latest[w.Key()]+1, 0
		if w.Deleted {
			deleted = 1
			if _, err := tx.ExecContext(ctx, "DELETE FROM resource WHERE kind = $1 AND name = $2", w.Kind, w.Name); err != nil {
				return err
			}
		} else {
			currents = append(currents, w.Kind, w.Name, version)
		}
		versions = append(versions, w.Kind, w.Name, version, revision, w.Set, w.File, w.Text, deleted, c.Author, instant(c.At))
	}
	if err := insertMany(ctx, tx, "INSERT INTO resource_version (kind, name, version, revision, in_set, file, text, deleted, author, at) VALUES ", "", 10, versions); err != nil {
		return err
	}
	return insertMany(ctx, tx, "INSERT INTO resource (kind, name, version) VALUES ", " ON CONFLICT (kind, name) DO UPDATE SET version = excluded.version", 3, currents)
}

// rowsAtOnce keeps statements below the limits on placeholders of both databases.
const rowsAtOnce = 500

// insertMany inserts rows of the given width.
func insertMany(ctx context.Context, tx *sql.Tx, head, tail string, width int, values []any) error {
	for len(values) > 0 {
		n := min(len(values)/width, rowsAtOnce)
		var b strings.Builder
		b.WriteString(head)
		for i := range n * width {
			switch {
			case i == 0:
				b.WriteString("(")
			case i%width == 0:
				b.WriteString("), (")
			default:
				b.WriteString(", ")
			}
			b.WriteString("$" + strconv.Itoa(i+1))
		}
		b.WriteString(")" + tail)
		if _, err := tx.ExecContext(ctx, b.String(), values[:n*width]...); err != nil {
			return err
		}
		values = values[n*width:]
	}
	return nil
}
