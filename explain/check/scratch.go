package check

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/warehouse"
)

// scratch is a database of its own on some server, and a role that reads it. Both are dropped by close.
type scratch struct {
	server   *pgconn.PgConn
	inside   *pgconn.PgConn
	name     string
	password string
	address  url.URL
}

// openScratch makes them on the server that adminURL names, whose account may create databases and roles.
func openScratch(ctx context.Context, adminURL string) (_ *scratch, err error) {
	address, err := url.Parse(adminURL)
	if err != nil || address.Scheme != "postgres" && address.Scheme != "postgresql" || address.Host == "" {
		// The parser's own message would quote the URL, which has a password.
		return nil, errors.New("the scratch server's address is not of the form postgres://user:password@host:port/database")
	}
	s := &scratch{name: "postern_check_" + strings.ToLower(rand.Text()[:12]), password: rand.Text(), address: *address}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close(ctx))
		}
	}()
	if s.server, err = connect(ctx, adminURL); err != nil {
		return nil, err
	}
	// Both names are ours and need no quotes; rand.Text is base 32.
	for _, sql := range []string{
		"CREATE ROLE " + s.name + " LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD '" + s.password + "'",
		"CREATE DATABASE " + s.name + " TEMPLATE template0",
	} {
		if err := s.server.Exec(ctx, sql).Close(); err != nil {
			return nil, fmt.Errorf("making a scratch database: %w", err)
		}
	}
	inside := *address
	inside.Path = "/" + s.name
	s.inside, err = connect(ctx, inside.String())
	return s, err
}

func connect(ctx context.Context, address string) (*pgconn.PgConn, error) {
	conn, err := pgconn.Connect(ctx, address)
	var refused *pgconn.ConnectError
	if errors.As(err, &refused) {
		err = refused.Unwrap() // the wrapper holds the address
	}
	if err != nil {
		return nil, fmt.Errorf("connecting to the scratch server: %w", err)
	}
	return conn, nil
}

// load runs the schema and inserts the sample rows.
func (s *scratch) load(ctx context.Context, f *File) error {
	for _, path := range f.files() {
		text, err := readBounded(path)
		if err != nil {
			return err
		}
		if err := s.inside.Exec(ctx, string(text)).Close(); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	if err := s.inside.Exec(ctx, f.SQL).Close(); err != nil {
		return fmt.Errorf("%s: sql: %w", f.Path, err)
	}
	for _, table := range slices.Sorted(maps.Keys(f.Rows)) {
		for i, row := range f.Rows[table] {
			if err := s.insert(ctx, table, row); err != nil {
				return fmt.Errorf("%s: rows: %s, row %d: %w", f.Path, table, i+1, err)
			}
		}
	}
	return s.inside.Exec(ctx, "ANALYZE").Close()
}

// insert lets the server read each value as the column's type.
func (s *scratch) insert(ctx context.Context, table string, row map[string]any) error {
	schema, name, _ := strings.Cut(table, ".")
	target := quoteName(schema) + "." + quoteName(name)
	if len(row) == 0 {
		return s.inside.Exec(ctx, "INSERT INTO "+target+" DEFAULT VALUES").Close()
	}
	text, err := json.Marshal(row)
	if err != nil {
		return err
	}
	var columns []string
	for _, c := range slices.Sorted(maps.Keys(row)) {
		columns = append(columns, quoteName(c))
	}
	list := strings.Join(columns, ", ")
	sql := "INSERT INTO " + target + " (" + list + ") SELECT " + list + " FROM pg_catalog.json_populate_record(NULL::" + target + ", $1)"
	return s.inside.ExecParams(ctx, sql, [][]byte{text}, nil, nil, nil).Read().Err
}

func quoteName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// warehouse is the scratch database as the service role reaches it.
func (s *scratch) warehouse() warehouse.Config {
	port, err := strconv.Atoi(s.address.Port())
	if err != nil {
		port = 5432
	}
	c := warehouse.Config{Engine: warehouse.EnginePostgres, Host: s.address.Hostname(), Port: port, Database: s.name, User: s.name}
	if mode := s.address.Query().Get("sslmode"); mode == "require" || mode == "prefer" || mode == "allow" {
		c.TLS.Mode = warehouse.TLSRequire
	}
	return c
}

// close drops the database and the role. It outlives the context, so that an interrupt leaves nothing behind.
func (s *scratch) close(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	var errs []error
	if s.inside != nil {
		errs = append(errs, s.inside.Close(ctx))
	}
	if s.server != nil {
		errs = append(errs, s.server.Exec(ctx, "DROP DATABASE IF EXISTS "+s.name+" WITH (FORCE)").Close(),
			s.server.Exec(ctx, "DROP ROLE IF EXISTS "+s.name).Close(), s.server.Close(ctx))
	}
	return errors.Join(errs...)
}
