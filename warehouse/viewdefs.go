package warehouse

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/catalog"
)

// definitionQuery has the query of each plain view. It runs under crawlSetup's search_path, so that every name outside of pg_catalog
// is printed with its schema.
const definitionQuery = `
SELECT c.oid, pg_catalog.pg_get_viewdef(c.oid)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'v' AND c.relpersistence <> 't'
  AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' AND n.nspname !~ '^postern_'
  AND COALESCE(pg_catalog.obj_description(n.oid, 'pg_namespace'), '') NOT LIKE 'postern: views of connection %'`

// readsQuery has what the queries of views and materialized views name: a row for each relation and column, and one with column 0
// where the relation itself is named.
const readsQuery = `
SELECT DISTINCT r.ev_class, d.refobjid, d.refobjsubid
FROM pg_catalog.pg_rewrite r
JOIN pg_catalog.pg_class c ON c.oid = r.ev_class AND c.relkind IN ('v', 'm') AND c.relpersistence <> 't'
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid
  AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid <> r.ev_class
WHERE r.ev_type = '1' AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' AND n.nspname !~ '^postern_'
  AND COALESCE(pg_catalog.obj_description(n.oid, 'pg_namespace'), '') NOT LIKE 'postern: views of connection %'
ORDER BY 1, 2, 3`

// views adds what is known of the queries behind views to the tables of the crawl, in its transaction.
func (c *crawler) views(ctx context.Context, conn *pgconn.PgConn) error {
	byOID := make(map[uint32]*catalog.Table, len(c.tables))
	for _, t := range c.tables {
		byOID[t.OID] = t
	}
	definitions := conn.ExecParams(ctx, definitionQuery, nil, nil, nil, nil)
	for definitions.NextRow() {
		row := definitions.Values()
		if t := byOID[uint32(c.number(row[0], 32))]; t != nil {
			t.Definition = string(row[1])
		}
	}
	if _, err := definitions.Close(); err != nil {
		return fmt.Errorf("crawling the definitions of views: %w", err)
	}
	reads := conn.ExecParams(ctx, readsQuery, nil, nil, nil, nil)
	for reads.NextRow() {
		row := reads.Values()
		t, oid := byOID[uint32(c.number(row[0], 32))], uint32(c.number(row[1], 32))
		if t == nil {
			continue
		}
		if n := len(t.Reads); n == 0 || t.Reads[n-1].OID != oid {
			t.Reads = append(t.Reads, catalog.Reference{OID: oid})
		}
		if column := int16(c.signed(row[2], 16)); column > 0 {
			last := &t.Reads[len(t.Reads)-1]
			last.Columns = append(last.Columns, column)
		}
	}
	if _, err := reads.Close(); err != nil {
		return fmt.Errorf("crawling what views read: %w", err)
	}
	return c.err
}
