package warehouse

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/catalog"
)

// The crawl of a Redshift. Its catalogs are those of PostgreSQL 8.0, which run on the leader node and mix with nothing else; what they do not
// have (late-binding views, external tables) has views of its own. No transaction holds the answers together: catalogs are read as they are.
const (
	// redshiftCrawl has one row a column, and one with nulls for a relation that has none: a late-binding view.
	redshiftCrawl = `SELECT c.oid, n.nspname, c.relname, c.relkind, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.atttypid, a.attnotnull
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'v', 'm') AND ` + redshiftSchemas + ` ORDER BY n.nspname, c.relname, a.attnum`
	// redshiftDefinitions has the queries behind views. Of a late-binding view it is the statement that made it, and of a materialized view too, which
	// pg_class does not tell from a plain one. The session's search_path is pg_catalog, so that every other name has its schema.
	redshiftDefinitions = `SELECT n.nspname, c.relname, pg_get_viewdef(c.oid)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'v' AND ` + redshiftSchemas + ` ORDER BY 1, 2`
	// redshiftLate has the columns of late-binding views that can be read now; the function's columns are named as the guide has them.
	redshiftLate = `SELECT view_schema, view_name, col_num, col_name, col_type
FROM pg_catalog.pg_get_late_binding_view_cols() cols(view_schema name, view_name name, col_name name, col_type varchar, col_num int) ORDER BY view_schema, view_name, col_num`
	redshiftExternal = `SELECT schemaname, tablename, columnnum, columnname, external_type FROM pg_catalog.svv_external_columns ORDER BY schemaname, tablename, columnnum`
	// redshiftRoutines are functions alone: a procedure stands in no query.
	redshiftRoutines = `SELECT n.nspname, p.proname, n.nspname || '.' || p.proname || '(' || oidvectortypes(p.proargtypes) || ')', p.pronargs, p.prokind
FROM pg_catalog.pg_proc_info p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE p.prokind IN ('f', 'a') AND ` + redshiftSchemas + ` ORDER BY 3`

	redshiftSchemas = `n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' AND n.nspname !~ '^postern_' AND n.nspname <> 'catalog_history'`
)

// crawlRedshift reads every table, view and external table of the database with its columns. Primary keys are left out, because Redshift does
// not enforce them; so is what views read.
func crawlRedshift(ctx context.Context, conn *pgconn.PgConn) ([]*catalog.Table, error) {
	c := redshiftCrawler{byName: map[string]*catalog.Table{}}
	for _, part := range []struct {
		what, query string
		each        func(v [][]byte)
	}{{"tables", redshiftCrawl, c.relation}, {"the definitions of views", redshiftDefinitions, c.definition}, {"late-binding views", redshiftLate, c.late},
		{"external tables", redshiftExternal, c.external}} {
		rows := conn.ExecParams(ctx, part.query, nil, nil, nil, nil)
		for rows.NextRow() {
			if c.err == nil {
				part.each(rows.Values())
			}
		}
		if _, err := rows.Close(); err != nil {
			return nil, fmt.Errorf("crawling %s: %w", part.what, err)
		}
		if c.err != nil {
			return nil, fmt.Errorf("crawling %s: %w", part.what, c.err)
		}
	}
	slices.SortStableFunc(c.tables, func(a, b *catalog.Table) int {
		return cmp.Or(cmp.Compare(a.Schema, b.Schema), cmp.Compare(a.Name, b.Name))
	})
	return c.tables, nil
}

// redshiftCrawler gathers rows; all queries are ordered by relation.
type redshiftCrawler struct {
	crawler // its bounds and numbers
	byName  map[string]*catalog.Table
	outside uint32 // the last number given to an external table
}

// firstExternal is where the numbers of external tables begin, which have no oid of their own: no crawl of 100,000 tables comes near.
const firstExternal = 0xf000_0000

func (c *redshiftCrawler) relation(v [][]byte) {
	table := c.table(string(v[1]), string(v[2]), func() *catalog.Table {
		return &catalog.Table{OID: uint32(c.number(v[0], 32)), Kind: catalog.Kind(v[3][0])}
	})
	if table == nil || v[4] == nil {
		return
	}
	c.column(table, catalog.Column{Name: string(v[5]), Number: int16(c.number(v[4], 16)), Type: ofView(table, string(v[6])), TypeOID: uint32(c.number(v[7], 32)), NotNull: isTrue(v[8])})
}

// definition takes the query of a view.
func (c *redshiftCrawler) definition(v [][]byte) {
	table := c.byName[string(v[0])+"\x00"+string(v[1])]
	if table == nil || table.Kind != catalog.KindView {
		return
	}
	text := string(v[2])
	if materialized.MatchString(text) {
		table.Kind = catalog.KindMaterializedView
		return
	}
	table.Definition = text
}

// ofView is a column's type. What a view computes of texts can have no length; it has as many bytes as there can be.
func ofView(t *catalog.Table, typ string) string {
	if t.Kind == catalog.KindView && (typ == "text" || typ == "character varying") {
		return "character varying(65535)"
	}
	return typ
}

// materialized is how the statement begins that made a materialized view.
var materialized = regexp.MustCompile(`(?i)^\s*create\s+materialized\s+view\s`)

// late takes the columns of a late-binding view, whose relation came before without any.
func (c *redshiftCrawler) late(v [][]byte) {
	table := c.byName[string(v[0])+"\x00"+string(v[1])]
	if table == nil || table.Kind != catalog.KindView {
		return
	}
	number := int16(c.number(v[2], 16))
	if slices.ContainsFunc(table.Columns, func(have catalog.Column) bool { return have.Number == number }) {
		return
	}
	c.column(table, catalog.Column{Name: string(v[3]), Number: number, Type: ofView(table, string(v[4])), TypeOID: redshiftOID(string(v[4]))})
}

// external takes a column of Spectrum's. A relation of the same name would not be reachable beside it.
func (c *redshiftCrawler) external(v [][]byte) {
	key := string(v[0]) + "\x00" + string(v[1])
	if have := c.byName[key]; have != nil && have.Kind != catalog.KindForeignTable {
		*have = catalog.Table{Schema: have.Schema, Name: have.Name, OID: have.OID, Kind: catalog.KindForeignTable}
	}
	table := c.table(string(v[0]), string(v[1]), func() *catalog.Table {
		c.outside++
		return &catalog.Table{OID: firstExternal + c.outside, Kind: catalog.KindForeignTable}
	})
	if table != nil {
		kind := externalType(string(v[4]))
		c.column(table, catalog.Column{Name: string(v[3]), Number: int16(c.number(v[2], 16)), Type: kind, TypeOID: redshiftOID(kind)})
	}
}

// table finds a relation, or adds it.
func (c *redshiftCrawler) table(schema, name string, fresh func() *catalog.Table) *catalog.Table {
	key := schema + "\x00" + name
	if have := c.byName[key]; have != nil {
		return have
	}
	if len(c.tables) == MaxTables {
		c.err = fmt.Errorf("the database has more than %d tables", MaxTables)
		return nil
	}
	t := fresh()
	t.Schema, t.Name = schema, name
	c.tables, c.byName[key] = append(c.tables, t), t
	return t
}

func (c *redshiftCrawler) column(t *catalog.Table, column catalog.Column) {
	if c.columns++; c.columns > MaxColumns {
		c.err = fmt.Errorf("the database has more than %d columns", MaxColumns)
		return
	}
	column.Category = redshiftCategory(column.Type)
	t.Columns = append(t.Columns, column)
}

// baseType is a type without its length.
func baseType(name string) string {
	base, rest, found := strings.Cut(name, "(")
	if _, after, ok := strings.Cut(rest, ")"); found && ok {
		base += after
	}
	return strings.TrimSpace(base)
}

// redshiftOID is the number of a type that is named only; 0 for one that is not known.
func redshiftOID(name string) uint32 {
	return map[string]uint32{
		"boolean": 16, "bigint": 20, "smallint": 21, "integer": 23, "real": 700, "double precision": 701, "numeric": 1700, "character varying": 1043, "character": 1042,
		"date": 1082, "time without time zone": 1083, "timestamp without time zone": 1114, "timestamp with time zone": 1184, "time with time zone": 1266,
		"super": 4000, "varbyte": 6551, "geometry": 3000, "geography": 3001, "hllsketch": 2935,
	}[baseType(name)]
}

// redshiftCategory is what pg_type.typcategory of later PostgreSQL says; 'U' for what is of its own kind.
func redshiftCategory(name string) byte {
	switch baseType(name) {
	case "boolean":
		return 'B'
	case "bigint", "smallint", "integer", "real", "double precision", "numeric", "oid":
		return 'N'
	case "character varying", "character", "text", "name", `"char"`:
		return 'S'
	case "date", "time without time zone", "timestamp without time zone", "timestamp with time zone", "time with time zone":
		return 'D'
	case "interval", "interval year to month", "interval day to second":
		return 'T'
	}
	return 'U'
}

// hiveType is a type of an external catalog with up to two numbers.
var hiveType = regexp.MustCompile(`^([a-z ]+)(\(\s*[0-9]{1,5}\s*(,\s*[0-9]{1,5}\s*)?\))?$`)

// externalType is a column's type of an external catalog in Redshift's words. What it does not know stays as it is, and then nothing can be
// printed for it.
func externalType(name string) string {
	parts := hiveType.FindStringSubmatch(strings.ToLower(strings.TrimSpace(name)))
	if parts == nil {
		return name
	}
	length := strings.ReplaceAll(parts[2], " ", "")
	switch parts[1] {
	case "tinyint", "smallint", "int2", "short":
		return "smallint"
	case "int", "integer", "int4":
		return "integer"
	case "bigint", "int8", "long":
		return "bigint"
	case "float", "real", "float4":
		return "real"
	case "double", "double precision", "float8":
		return "double precision"
	case "decimal", "numeric":
		return "numeric" + cmp.Or(length, "(18,0)")
	case "string":
		return "character varying(65535)"
	case "varchar", "character varying":
		return "character varying" + cmp.Or(length, "(256)")
	case "char", "character":
		return "character" + cmp.Or(length, "(1)")
	case "boolean", "bool":
		return "boolean"
	case "date":
		return "date"
	case "timestamp", "timestamp without time zone":
		return "timestamp without time zone"
	case "timestamptz", "timestamp with time zone":
		return "timestamp with time zone"
	}
	return name
}

// ownRedshift reads the functions that the database has beside the built-in ones. Nobody can make operators, types or casts there.
func ownRedshift(ctx context.Context, conn *pgconn.PgConn) (out catalog.Own, _ error) {
	rows := conn.ExecParams(ctx, redshiftRoutines, nil, nil, nil, nil)
	c := crawler{}
	for rows.NextRow() {
		if len(out.Routines) > maxOwn {
			continue
		}
		v := rows.Values()
		n := int(c.signed(v[3], 32))
		out.Routines = append(out.Routines, catalog.Routine{Schema: string(v[0]), Name: string(v[1]), Signature: string(v[2]), Min: n, Max: n, Kind: v[4][0]})
	}
	if _, err := rows.Close(); err != nil {
		return catalog.Own{}, fmt.Errorf("reading the functions of the database's own: %w", err)
	}
	if len(out.Routines) > maxOwn {
		return catalog.Own{}, fmt.Errorf("the database has more than %d functions", maxOwn)
	}
	return out, c.err
}
