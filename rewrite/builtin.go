package rewrite

import (
	"fmt"
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/policy"
)

// The few relations of pg_catalog that drivers read to learn of types and schemas. Each is a View of its own with a row filter:
// what it shows is the same for everybody, or about what the person may see. All other relations of pg_catalog and
// information_schema are refused; their names are public, so the refusal may say so.
//
//   - pg_type, pg_range: the types of pg_catalog alone. A table's row type would tell of the table, a user's type of its column.
//   - pg_namespace: pg_catalog, information_schema and the schemas where the person may see a table.
//   - pg_database: the one that the client asked for, under the name by which it asked.

// builtinColumns lists the columns of each that are shown. Left out are those that name other objects (owners, access lists,
// default expressions) and those that not every version has.
func builtinColumns(name string) []string {
	switch name {
	case "pg_type":
		return []string{"oid", "typname", "typnamespace", "typlen", "typbyval", "typtype", "typcategory", "typispreferred",
			"typisdefined", "typdelim", "typrelid", "typelem", "typarray", "typnotnull", "typbasetype", "typtypmod", "typndims",
			"typcollation"}
	case "pg_range":
		return []string{"rngtypid", "rngsubtype", "rngmultitypid", "rngcollation"}
	case "pg_namespace":
		return []string{"oid", "nspname"}
	case "pg_database":
		return []string{"oid", "datname", "encoding", "datistemplate", "datallowconn"}
	}
	return nil
}

// builtinTables makes the pseudo-tables under which built-in Views are kept.
func builtinTables() map[string]*catalog.Table {
	out := map[string]*catalog.Table{}
	for _, name := range []string{"pg_type", "pg_range", "pg_namespace", "pg_database"} {
		out[name] = &catalog.Table{Schema: builtinSchema, Name: name, Kind: catalog.KindTable, Registered: true}
	}
	return out
}

// builtinSQL prints a built-in View. The oid of the schema pg_catalog is 11 in every server.
func builtinSQL(name string, columns []string, database string, schemas []string) string {
	selected := make([]string, len(columns))
	for i, c := range columns {
		selected[i] = "postern_t." + c
	}
	where := ""
	switch name {
	case "pg_type":
		where = "postern_t.typnamespace = 11"
	case "pg_range":
		where = "postern_t.rngtypid < 16384"
	case "pg_namespace":
		quoted := make([]string, len(schemas))
		for i, s := range schemas {
			quoted[i] = quoteLiteral(s) + "::pg_catalog.name"
		}
		where = "postern_t.nspname IN (" + strings.Join(quoted, ", ") + ")"
	case "pg_database":
		selected[slices.Index(columns, "datname")] = quoteLiteral(database) + "::pg_catalog.name AS datname"
		where = "postern_t.datname = pg_catalog.current_database()"
	}
	return fmt.Sprintf("SELECT %s FROM pg_catalog.%s AS postern_t WHERE %s OFFSET 0", strings.Join(selected, ", "), name, where)
}

// quoteLiteral quotes text for any server, whatever its standard_conforming_strings.
func quoteLiteral(text string) string {
	quoted := strings.ReplaceAll(text, "'", "''")
	if !strings.Contains(quoted, `\`) {
		return "'" + quoted + "'"
	}
	return "E'" + strings.ReplaceAll(quoted, `\`, `\\`) + "'"
}

// builtinTable answers for relations of pg_catalog and information_schema.
func (r *resolver) builtinTable(rv *pg.RangeVar) (*view, error) {
	if t, ok := r.rw.views.builtin[rv.Relname]; ok && rv.Schemaname != "information_schema" {
		v, err := r.rw.views.builtinView(r.req, t)
		if err == nil {
			r.until = earlier(r.until, v.decision.ValidUntil)
		}
		return v, err
	}
	return nil, r.at(pgerror.NotSupported("catalog relation %q is not supported through Postern", rv.Relname), rv.Location)
}

func (vs *views) builtinView(req *Request, t *catalog.Table) (*view, error) {
	key := viewKey{req.Program, req.Principal.Key() + "\x00" + req.Database, t}
	if v, ok := vs.cache.Get(key); ok && !v.expired(vs.now) {
		return v, nil
	}
	visible, until, err := vs.schemas(req)
	if err != nil {
		return nil, err
	}
	schemas := []string{builtinSchema, "information_schema"}
	for s := range visible {
		schemas = append(schemas, s)
	}
	slices.Sort(schemas)
	columns := builtinColumns(t.Name)
	v := &view{catalog: true, columns: columns, decision: policy.Decision{Table: t, Allowed: true, ValidUntil: until}}
	if v.tree, err = parseView(builtinSQL(t.Name, columns, req.Database, schemas), columns); err != nil {
		return nil, fmt.Errorf("reading the view of %s: %w", t.Name, err)
	}
	vs.cache.Add(key, v)
	return v, nil
}
