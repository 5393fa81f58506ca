package warehouse

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5/pgconn"
)

// Progress is how far a crawl is in one schema.
type Progress struct {
	Schema string
	// Done of Total relations of the schema have been read.
	Done, Total int
}

// progressQuery counts what crawlQuery will find, by schema.
const progressQuery = `SELECT n.nspname, count(*)
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
` + crawledRelations + `
GROUP BY n.nspname`

// crawlProgress tells of relations as they end.
type crawlProgress struct {
	seen   func(Progress)
	totals map[string]int
	now    Progress
}

// expected asks how much there is to read, in the crawl's own snapshot.
func expected(ctx context.Context, conn *pgconn.PgConn, seen func(Progress)) (*crawlProgress, error) {
	result := conn.ExecParams(ctx, progressQuery, nil, nil, nil, nil).Read()
	if result.Err != nil {
		return nil, fmt.Errorf("counting what is to be crawled: %w", result.Err)
	}
	p := &crawlProgress{seen: seen, totals: map[string]int{}}
	for _, row := range result.Rows {
		n, err := strconv.Atoi(string(row[1]))
		if err != nil {
			return nil, fmt.Errorf("counting what is to be crawled: %w", err)
		}
		p.totals[string(row[0])] = n
	}
	return p, nil
}

// table notes that one relation has been read.
func (p *crawlProgress) table(schema string) {
	if p == nil {
		return
	}
	if p.now.Schema != schema {
		p.now = Progress{Schema: schema, Total: p.totals[schema]}
	}
	p.now.Done++
	p.seen(p.now)
}

// identityQuery names the database itself, which another one at the same address, or the same one restored, does not share: only within it do object
// identifiers mean anything.
const identityQuery = `SELECT s.system_identifier::pg_catalog.text || '/' || d.oid::pg_catalog.text
FROM pg_catalog.pg_control_system() s, pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()`

// identityAlone serves where the service role may not ask which cluster it is.
const identityAlone = `SELECT '/' || oid::pg_catalog.text FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()`

// Identity names the database of a connection. It is the same for as long as object identifiers mean the same.
func Identity(ctx context.Context, conn *pgconn.PgConn) (string, error) {
	if onRedshift(conn) {
		return redshiftIdentity(ctx, conn)
	}
	result := conn.ExecParams(ctx, identityQuery, nil, nil, nil, nil).Read()
	var refused *pgconn.PgError
	if errors.As(result.Err, &refused) {
		result = conn.ExecParams(ctx, identityAlone, nil, nil, nil, nil).Read()
	}
	if result.Err != nil {
		return "", fmt.Errorf("asking which database it is: %w", result.Err)
	}
	if len(result.Rows) != 1 || len(result.Rows[0]) != 1 {
		return "", errors.New("asking which database it is: no answer")
	}
	return string(result.Rows[0][0]), nil
}

// catalogMarkQuery counts what was ever written to the catalogs that a crawl reads. The server counts it anyway, so that the answer costs nothing; a backend
// tells what it wrote within a second, or within ten where it is idle.
const catalogMarkQuery = `SELECT COALESCE(pg_catalog.sum(s.n_tup_ins + s.n_tup_upd + s.n_tup_del), 0)::pg_catalog.text
FROM pg_catalog.pg_stat_sys_tables s
WHERE s.schemaname = 'pg_catalog' AND s.relname IN ('pg_class', 'pg_attribute', 'pg_namespace', 'pg_inherits', 'pg_index', 'pg_rewrite', 'pg_type')`

// CatalogMark is another text whenever tables or columns have changed, and at other times too (temporary tables, for one). It is a hint: with track_counts
// off it never changes.
func CatalogMark(ctx context.Context, conn *pgconn.PgConn) (string, error) {
	result := conn.ExecParams(ctx, catalogMarkQuery, nil, nil, nil, nil).Read()
	if result.Err != nil {
		return "", fmt.Errorf("asking whether the catalog has changed: %w", result.Err)
	}
	if len(result.Rows) != 1 || len(result.Rows[0]) != 1 {
		return "", errors.New("asking whether the catalog has changed: no answer")
	}
	return string(result.Rows[0][0]), nil
}
