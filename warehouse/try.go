package warehouse

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// The bounds of a trial: of one statement, and of the wait for a lock that somebody else holds.
const (
	tryStatementTimeout = 5 * time.Second
	tryLockTimeout      = time.Second
)

// Try has the warehouse prepare and plan queries, and run none: each is explained in a transaction of its own that can only read. The answer has
// an error or nil for each query, in their order. The error is that no answer could be had. The connection's settings change for good.
func Try(ctx context.Context, conn *pgconn.PgConn, queries []string) ([]error, error) {
	if onRedshift(conn) {
		return tryRedshift(ctx, conn, queries)
	}
	setup := fmt.Sprintf("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY; SET search_path = pg_catalog, pg_temp; SET statement_timeout = %d; SET lock_timeout = %d",
		tryStatementTimeout.Milliseconds(), tryLockTimeout.Milliseconds())
	if _, err := conn.Exec(ctx, setup).ReadAll(); err != nil {
		return nil, fmt.Errorf("preparing to try queries: %w", err)
	}
	out := make([]error, len(queries))
	// A batch is answered before the next is sent, so that neither side waits for the other to read.
	const batch = 64
	for from := 0; from < len(queries); from += batch {
		to := min(from+batch, len(queries))
		if err := tryBatch(ctx, conn, queries[from:to], out[from:to]); err != nil {
			return nil, fmt.Errorf("trying queries: %w", err)
		}
	}
	return out, nil
}

func tryBatch(ctx context.Context, conn *pgconn.PgConn, queries []string, out []error) (err error) {
	pipeline := conn.StartPipeline(ctx)
	defer func() { err = errors.Join(err, pipeline.Close()) }()
	for _, q := range queries {
		pipeline.SendQueryParams("EXPLAIN "+q, nil, nil, nil, nil)
		if err := pipeline.Sync(); err != nil {
			return err
		}
	}
	for i := 0; i < len(queries); {
		result, err := pipeline.GetResults()
		var refused *pgconn.PgError
		if err != nil && !errors.As(err, &refused) {
			return err
		}
		if refused != nil {
			out[i] = refused
			continue
		}
		switch r := result.(type) {
		case *pgconn.ResultReader:
			if _, err := r.Close(); err != nil {
				if !errors.As(err, &refused) {
					return err
				}
				out[i] = refused
			}
		case *pgconn.PipelineSync:
			i++
		default:
			return fmt.Errorf("an answer of type %T", result)
		}
	}
	return nil
}

// Refuses reports that an error of Try is about the query itself, which would fail whenever it is run. Everything else, such as a lock, a missing
// privilege or a server that shuts down, can be otherwise at another time.
func Refuses(err error) bool {
	var e *pgconn.PgError
	if !errors.As(err, &e) || e.Code == "42501" {
		return false
	}
	for _, class := range []string{"42", "22", "0A", "54", "2B", "3F", "3D"} {
		if strings.HasPrefix(e.Code, class) {
			return true
		}
	}
	return false
}

// HasProfile reports whether the session's role can read the profile in which stored views look people up.
func HasProfile(ctx context.Context, conn *pgconn.PgConn) (bool, error) {
	if onRedshift(conn) {
		return redshiftProfile(ctx, conn)
	}
	rows, err := query(ctx, conn, `SELECT count(*) FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = 'postern_system' AND c.relname = 'user_profile' AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT')`)
	if err != nil {
		return false, fmt.Errorf("looking for the profile: %w", err)
	}
	return rows[0][0] == "1", nil
}
