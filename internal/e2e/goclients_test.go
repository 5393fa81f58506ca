package e2e

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	_ "github.com/lib/pq" // registers itself with database/sql
)

// dsn is the person's URL of the server with the driver's parameters.
func dsn(in *instance, who person, params string) string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(who.name, who.password), Host: in.host + ":" + in.port,
		Path: "/" + databaseName, RawQuery: params,
	}
	return u.String()
}

// connect opens a pgx connection for the length of the test.
func connect(t *testing.T, in *instance, who person, params string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn(in, who, params))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return conn
}

// rawRows reads a result that came in text format, without a driver's conversions.
func rawRows(rows pgx.Rows, err error) (string, error) {
	if err != nil {
		return "", err
	}
	defer rows.Close()
	var b strings.Builder
	for rows.Next() {
		for _, f := range rows.FieldDescriptions() {
			if f.Format != pgx.TextFormatCode {
				return "", fmt.Errorf("column %s came in format %d", f.Name, f.Format)
			}
		}
		for i, v := range rows.RawValues() {
			if i > 0 {
				b.WriteByte('|')
			}
			b.Write(v)
		}
		b.WriteByte('\n')
	}
	return b.String(), rows.Err()
}

func askPgxSimple(t *testing.T, in *instance, who person, query string) string {
	conn := connect(t, in, who, "")
	got, err := rawRows(conn.Query(t.Context(), query, pgx.QueryExecModeSimpleProtocol))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func askPgxText(t *testing.T, in *instance, who person, query string) string {
	conn := connect(t, in, who, "")
	got, err := rawRows(conn.Query(t.Context(), query, pgx.QueryExecModeDescribeExec, pgx.QueryResultFormats{pgx.TextFormatCode}))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// askPgxBinary asks twice, by one named statement, for binary values.
func askPgxBinary(t *testing.T, in *instance, who person, query string) string {
	conn := connect(t, in, who, "")
	ask := func() string {
		rows, err := conn.Query(t.Context(), query, pgx.QueryExecModeCacheStatement, pgx.QueryResultFormats{pgx.BinaryFormatCode})
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		var b strings.Builder
		for rows.Next() {
			values := make([]*string, len(rows.FieldDescriptions()))
			targets := make([]any, len(values))
			for i, f := range rows.FieldDescriptions() {
				if f.Format != pgx.BinaryFormatCode {
					t.Fatalf("column %s came in format %d", f.Name, f.Format)
				}
				targets[i] = &values[i]
			}
			if err := rows.Scan(targets...); err != nil {
				t.Fatal(err)
			}
			writeLine(&b, values)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	first := ask()
	if second := ask(); second != first {
		t.Errorf("a named statement answers differently:\n%s\n%s", first, second)
	}
	return first
}

func writeLine(b *strings.Builder, values []*string) {
	for i, v := range values {
		if i > 0 {
			b.WriteByte('|')
		}
		if v != nil {
			b.WriteString(*v)
		}
	}
	b.WriteByte('\n')
}

// askPq runs the query over database/sql with lib/pq.
func askPq(t *testing.T, in *instance, who person, params string, run func(db *sql.DB) (*sql.Rows, error)) string {
	t.Helper()
	return askPqAt(t, dsn(in, who, "sslmode=disable&application_name=tour-pq"+params), run)
}

func askPqAt(t *testing.T, url string, run func(db *sql.DB) (*sql.Rows, error)) string {
	t.Helper()
	db, err := sql.Open("postgres", url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := run(db)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for rows.Next() {
		values := make([]*string, len(columns))
		targets := make([]any, len(columns))
		for i := range values {
			targets[i] = &values[i]
		}
		if err := rows.Scan(targets...); err != nil {
			t.Fatal(err)
		}
		writeLine(&b, values)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// askPqSimple: without parameters lib/pq uses the simple protocol.
func askPqSimple(t *testing.T, in *instance, who person, query string) string {
	return askPq(t, in, who, "", func(db *sql.DB) (*sql.Rows, error) { return db.QueryContext(t.Context(), query) })
}

// withParameter turns the query's LIMIT into a parameter, so that drivers have one to bind.
var withParameter = regexp.MustCompile(`LIMIT 5\b`)

func askPqPrepared(t *testing.T, in *instance, who person, query string) string {
	return askPq(t, in, who, "", func(db *sql.DB) (*sql.Rows, error) {
		statement, err := db.PrepareContext(t.Context(), withParameter.ReplaceAllLiteralString(query, "LIMIT $1"))
		if err != nil {
			return nil, err
		}
		t.Cleanup(func() { _ = statement.Close() }) // its connection has been closed by then
		return statement.QueryContext(t.Context(), 5)
	})
}

func askPqBinaryParameters(t *testing.T, in *instance, who person, query string) string {
	return askPq(t, in, who, "&binary_parameters=yes", func(db *sql.DB) (*sql.Rows, error) {
		return db.QueryContext(t.Context(), withParameter.ReplaceAllLiteralString(query, "LIMIT $1"), 5)
	})
}
