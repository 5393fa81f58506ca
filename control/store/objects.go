package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/control"
)

// maxObjectChanges bounds what is kept of changes of objects; the audit log has them all.
const maxObjectChanges = 10_000

// KnownMark implements control.ObjectStore.
func (s *Store) KnownMark(ctx context.Context) (mark int64, err error) {
	db, err := s.opened(ctx)
	if err == nil {
		err = db.QueryRowContext(ctx, "SELECT objects FROM state WHERE one = 1").Scan(&mark)
	}
	if err != nil {
		return 0, fmt.Errorf("reading what is known of objects: %w", err)
	}
	return mark, nil
}

// Known implements control.ObjectStore.
func (s *Store) Known(ctx context.Context) (*control.Known, error) {
	out := &control.Known{Warehouses: map[string]control.KnownWarehouse{}, Sources: map[string]control.KnownSource{}}
	err := s.within(ctx, func(tx *sql.Tx) error {
		if s.kind == postgresDatabase {
			// The mark and what it counts have to be of one moment.
			if _, err := tx.ExecContext(ctx, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"); err != nil {
				return err
			}
		}
		if err := tx.QueryRowContext(ctx, "SELECT objects FROM state WHERE one = 1").Scan(&out.Mark); err != nil {
			return err
		}
		if err := knownWarehouses(ctx, tx, out); err != nil {
			return err
		}
		return each(ctx, tx, func(rows *sql.Rows) error {
			var name, content string
			var source control.KnownSource
			if err := rows.Scan(&name, &content); err != nil {
				return err
			}
			err := json.Unmarshal([]byte(content), &source)
			out.Sources[name] = source
			return err
		}, "SELECT name, content FROM bound_source")
	})
	if err != nil {
		return nil, fmt.Errorf("reading what is known of objects: %w", err)
	}
	return out, nil
}

func knownWarehouses(ctx context.Context, tx *sql.Tx, out *control.Known) error {
	err := each(ctx, tx, func(rows *sql.Rows) error {
		var connection, at string
		var w control.KnownWarehouse
		err := rows.Scan(&connection, &w.Identity, &at)
		if err == nil {
			w.SyncedAt, err = parseInstant(at)
		}
		w.Objects = map[uint32]catalog.Shape{}
		out.Warehouses[connection] = w
		return err
	}, "SELECT connection, identity, synced_at FROM warehouse")
	if err != nil {
		return err
	}
	return each(ctx, tx, func(rows *sql.Rows) error {
		var connection, text string
		var shape catalog.Shape
		if err := rows.Scan(&connection, &text); err != nil {
			return err
		}
		err := json.Unmarshal([]byte(text), &shape)
		if w, found := out.Warehouses[connection]; found {
			w.Objects[shape.OID] = shape
		}
		return err
	}, "SELECT connection, shape FROM object")
}

// SaveObjects implements control.ObjectStore.
func (s *Store) SaveObjects(ctx context.Context, c control.ObjectsSave) (mark int64, err error) {
	err = s.within(ctx, func(tx *sql.Tx) error {
		if s.kind == postgresDatabase {
			// The queue of notices has the order of its commits.
			if _, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock(hashtext('postern commit'))"); err != nil {
				return err
			}
		}
		var now int64
		if err := tx.QueryRowContext(ctx, "SELECT objects FROM state WHERE one = 1").Scan(&now); err != nil {
			return err
		}
		if now != c.Base {
			return control.ErrMoved
		}
		for _, step := range []func(context.Context, *sql.Tx, control.ObjectsSave) error{saveWarehouses, saveSources, saveObjectChanges} {
			if err := step(ctx, tx, c); err != nil {
				return err
			}
		}
		if err := enqueue(ctx, tx, c.Notices); err != nil {
			return err
		}
		if err := s.bump(ctx, tx, "objects"); err != nil {
			return err
		}
		if c.Before == nil {
			return nil
		}
		return c.Before(ctx)
	})
	if err != nil {
		return 0, fmt.Errorf("storing what is known of objects: %w", err)
	}
	return c.Base + 1, nil
}

func saveWarehouses(ctx context.Context, tx *sql.Tx, c control.ObjectsSave) error {
	for _, connection := range c.Forgotten {
		if _, err := tx.ExecContext(ctx, "DELETE FROM warehouse WHERE connection = $1", connection); err != nil {
			return err
		}
	}
	for _, connection := range slices.Concat(c.Forgotten, slices.Sorted(maps.Keys(c.Anew))) {
		if _, err := tx.ExecContext(ctx, "DELETE FROM object WHERE connection = $1", connection); err != nil {
			return err
		}
	}
	for _, connection := range slices.Sorted(maps.Keys(c.Identities)) {
		_, err := tx.ExecContext(ctx, `INSERT INTO warehouse (connection, identity, synced_at) VALUES ($1, $2, $3)
			ON CONFLICT (connection) DO UPDATE SET identity = excluded.identity, synced_at = excluded.synced_at`, connection, c.Identities[connection], instant(c.At))
		if err != nil {
			return err
		}
	}
	for _, connection := range slices.Sorted(maps.Keys(c.Gone)) {
		for _, oid := range c.Gone[connection] {
			if _, err := tx.ExecContext(ctx, "DELETE FROM object WHERE connection = $1 AND oid = $2", connection, int64(oid)); err != nil {
				return err
			}
		}
	}
	var values []any
	for _, connection := range slices.Sorted(maps.Keys(c.Put)) {
		for _, shape := range c.Put[connection] {
			text, err := json.Marshal(shape)
			if err != nil {
				return err
			}
			values = append(values, connection, int64(shape.OID), string(text))
		}
	}
	return insertMany(ctx, tx, "INSERT INTO object (connection, oid, shape) VALUES ", " ON CONFLICT (connection, oid) DO UPDATE SET shape = excluded.shape", 3, values)
}

func saveSources(ctx context.Context, tx *sql.Tx, c control.ObjectsSave) error {
	for _, name := range c.Unbound {
		if _, err := tx.ExecContext(ctx, "DELETE FROM bound_source WHERE name = $1", name); err != nil {
			return err
		}
	}
	var values []any
	for _, name := range slices.Sorted(maps.Keys(c.Sources)) {
		text, err := json.Marshal(c.Sources[name])
		if err != nil {
			return err
		}
		values = append(values, name, string(text))
	}
	return insertMany(ctx, tx, "INSERT INTO bound_source (name, content) VALUES ", " ON CONFLICT (name) DO UPDATE SET content = excluded.content", 2, values)
}

func saveObjectChanges(ctx context.Context, tx *sql.Tx, c control.ObjectsSave) error {
	var values []any
	for _, k := range c.Changes {
		values = append(values, k.Connection, k.Schema, k.Name, k.Event, k.Was, k.Source, k.Detail, instant(k.At))
	}
	if len(values) == 0 {
		return nil
	}
	if err := insertMany(ctx, tx, "INSERT INTO object_change (connection, in_schema, name, event, was, source, detail, at) VALUES ", "", 8, values); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, "DELETE FROM object_change WHERE id <= (SELECT id FROM object_change ORDER BY id DESC LIMIT 1 OFFSET $1)", maxObjectChanges)
	return err
}

// ObjectChanges implements control.ObjectStore.
func (s *Store) ObjectChanges(ctx context.Context, q control.ObjectQuery) (out []control.ObjectChange, err error) {
	db, err := s.opened(ctx)
	if err == nil {
		err = each(ctx, db, func(rows *sql.Rows) error {
			var c control.ObjectChange
			var at string
			err := rows.Scan(&c.ID, &c.Connection, &c.Schema, &c.Name, &c.Event, &c.Was, &c.Source, &c.Detail, &at)
			if err == nil {
				c.At, err = parseInstant(at)
			}
			out = append(out, c)
			return err
		}, `SELECT id, connection, in_schema, name, event, was, source, detail, at FROM object_change
			WHERE ($1 = '' OR connection = $1) AND id > $2 ORDER BY id DESC LIMIT $3`, q.Connection, q.After, q.Limit)
	}
	if err != nil {
		return nil, fmt.Errorf("reading what became of objects: %w", err)
	}
	return out, nil
}
