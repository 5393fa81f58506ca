package warehouse

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/catalog"
)

// The bounds of a crawl. A warehouse beyond them is refused, not cut: a policy that silently does not know a column would
// be a mistake.
const (
	MaxTables  = 100_000
	MaxColumns = 4_000_000
)

// crawlSetup pins what the text of the answer depends on. format_type leaves out the schema of a type that the search path
// finds, so the path holds pg_catalog alone, and pg_temp behind it because it would else be searched first. One snapshot serves
// the whole crawl, and nothing is written.
const crawlSetup = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL client_encoding = 'UTF8'`

// crawlQuery has one row a column, and one with a null column for a relation that has none. Schemas that no user can own
// (pg_ is reserved) and those that Postern itself made, which the comment on those of push says, are left out. Catalog look-ups need no privilege on the tables.
const crawlQuery = `
SELECT c.oid, n.nspname, c.relname, c.relkind,
       h.children IS NOT NULL AS has_children,
       a.attnum, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod) AS type, a.atttypid, t.typcategory, a.attnotnull,
       pg_catalog.array_position(i.indkey[0:i.indnkeyatts - 1], a.attnum) AS key_position,
       NOT COALESCE(l.collisdeterministic, true) AS folds, a.attcollation, a.attgenerated <> '' AS generated,
       h.children, p.partattrs AS partition_key, g.tgrelid IS NOT NULL AS row_triggers
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_index i ON i.indrelid = c.oid AND i.indisprimary AND i.indisvalid
LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation
LEFT JOIN (SELECT inhparent, pg_catalog.string_agg(inhrelid::pg_catalog.text, ' ' ORDER BY inhrelid) AS children
           FROM pg_catalog.pg_inherits GROUP BY inhparent) h ON h.inhparent = c.oid
LEFT JOIN pg_catalog.pg_partitioned_table p ON p.partrelid = c.oid
LEFT JOIN (SELECT DISTINCT tgrelid FROM pg_catalog.pg_trigger
           WHERE NOT tgisinternal AND tgenabled <> 'D' AND tgtype & 3 = 3 AND tgtype & 20 <> 0) g ON g.tgrelid = c.oid
` + crawledRelations + `
ORDER BY n.nspname, c.relname, a.attnum`

// crawledRelations is the condition on c (pg_class) and n (pg_namespace).
const crawledRelations = `WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relpersistence <> 't'
  AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' AND n.nspname !~ '^postern_'
  AND COALESCE(pg_catalog.obj_description(n.oid, 'pg_namespace'), '') NOT LIKE 'postern: views of connection %'`

// Crawl reads every table, partitioned table, view, materialized view and foreign table of the database with its columns.
// Nothing is marked as registered or reviewed: that is the control plane's. The connection must be idle and outside a
// transaction, and is so again afterwards.
func Crawl(ctx context.Context, conn *pgconn.PgConn) ([]*catalog.Table, error) {
	return CrawlWatched(ctx, conn, nil)
}

// CrawlWatched is Crawl that tells how far it is, where somebody waits for it. seen may be nil.
func CrawlWatched(ctx context.Context, conn *pgconn.PgConn, seen func(Progress)) (_ []*catalog.Table, err error) {
	if onRedshift(conn) {
		return crawlRedshift(ctx, conn)
	}
	if _, err := conn.Exec(ctx, crawlSetup).ReadAll(); err != nil {
		return nil, fmt.Errorf("starting the crawl: %w", err)
	}
	defer func() {
		if _, end := conn.Exec(ctx, "ROLLBACK").ReadAll(); end != nil {
			err = errors.Join(err, fmt.Errorf("ending the crawl: %w", end))
		}
	}()
	c := crawler{}
	if seen != nil {
		if c.progress, err = expected(ctx, conn, seen); err != nil {
			return nil, err
		}
	}
	rows := conn.ExecParams(ctx, crawlQuery, nil, nil, nil, nil)
	for rows.NextRow() {
		if c.err == nil {
			c.row(rows.Values())
		}
	}
	if _, err := rows.Close(); err != nil {
		return nil, fmt.Errorf("crawling: %w", err)
	}
	if c.err != nil {
		return nil, fmt.Errorf("crawling: %w", c.err)
	}
	c.endTable()
	if err := c.views(ctx, conn); err != nil {
		return nil, err
	}
	return c.tables, nil
}

// crawler gathers the rows of crawlQuery, which come ordered by table.
type crawler struct {
	tables  []*catalog.Table
	columns int
	// keys has, for the table in hand, the position in its primary key (from 1) and the column there.
	keys map[int]string
	err  error
	// progress is nil where nobody watches.
	progress *crawlProgress
}

func (c *crawler) row(v [][]byte) {
	oid := c.number(v[0], 32)
	if len(c.tables) == 0 || c.tables[len(c.tables)-1].OID != uint32(oid) {
		c.endTable()
		if len(c.tables) == MaxTables {
			c.err = fmt.Errorf("the database has more than %d tables", MaxTables)
			return
		}
		c.tables = append(c.tables, &catalog.Table{
			OID: uint32(oid), Schema: string(v[1]), Name: string(v[2]), Kind: catalog.Kind(v[3][0]), HasChildren: isTrue(v[4]),
			Children: numbers[uint32](c, v[15], 32), PartitionKey: numbers[int16](c, v[16], 16), RowTriggers: isTrue(v[17]),
		})
	}
	if v[5] == nil {
		return
	}
	if c.columns++; c.columns > MaxColumns {
		c.err = fmt.Errorf("the database has more than %d columns", MaxColumns)
		return
	}
	t := c.tables[len(c.tables)-1]
	col := catalog.Column{
		Name: string(v[6]), Number: int16(c.number(v[5], 16)), Type: string(v[7]), TypeOID: uint32(c.number(v[8], 32)),
		NotNull: isTrue(v[10]), Nondeterministic: isTrue(v[12]), Collation: uint32(c.number(v[13], 32)),
		Generated: isTrue(v[14]),
	}
	if len(v[9]) == 1 {
		col.Category = v[9][0]
	}
	t.Columns = append(t.Columns, col)
	if v[11] != nil {
		c.keys[int(c.number(v[11], 16))] = col.Name
	}
}

// endTable puts the key columns of the table in hand into key order.
func (c *crawler) endTable() {
	if len(c.tables) > 0 && len(c.keys) > 0 {
		t := c.tables[len(c.tables)-1]
		for position := range len(c.keys) {
			t.PrimaryKey = append(t.PrimaryKey, c.keys[position+1])
		}
	}
	c.keys = map[int]string{}
	if len(c.tables) > 0 {
		c.progress.table(c.tables[len(c.tables)-1].Schema)
	}
}

func (c *crawler) number(text []byte, bits int) uint64 {
	n, err := strconv.ParseUint(string(text), 10, bits)
	if err != nil && c.err == nil {
		c.err = fmt.Errorf("reading a number of the catalog: %w", err)
	}
	return n
}

// numbers reads a list with a space between two.
func numbers[N uint32 | int16](c *crawler, text []byte, bits int) (out []N) {
	for _, field := range strings.Fields(string(text)) {
		out = append(out, N(c.number([]byte(field), bits)))
	}
	return out
}

func (c *crawler) signed(text []byte, bits int) int64 {
	n, err := strconv.ParseInt(string(text), 10, bits)
	if err != nil && c.err == nil {
		c.err = fmt.Errorf("reading a number of the catalog: %w", err)
	}
	return n
}

func isTrue(text []byte) bool { return string(text) == "t" }
