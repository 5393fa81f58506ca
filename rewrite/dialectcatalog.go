package rewrite

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/policy"
)

// A Redshift's catalogues and system views tell of every object, and of every statement of the one credential that all people share. None of
// them is read. The few here are answered from what the person may see, as rows of constants; all others are refused by name.

// maxCatalogRows bounds the rows of one of them, so that a statement stays far below 16 MB.
const maxCatalogRows = 20_000

// systemSchema reports the schemas of Redshift's own relations.
func systemSchema(schema string) bool {
	return schema == builtinSchema || schema == informationSchema || schema == "pg_internal" || schema == "pg_automv" || schema == "pg_auto_copy"
}

// systemName reports a name that a Redshift may find in pg_catalog before any schema of the path.
func systemName(name string) bool {
	for _, prefix := range []string{"pg_", "svv_", "svl_", "svcs_", "stl_", "stv_", "stcs_", "sys_"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// redshiftRelation is one that is answered: its columns, and what its rows are made from.
type redshiftRelation struct {
	columns []string
	// per says what a row stands for: "database", "schema", "table", "column" or "type"; "nothing" for one that has none.
	per string
}

// systemRelations are those that are answered (Database Developer Guide, "SVV system views", "System catalog tables").
func systemRelations(name string) (redshiftRelation, bool) {
	columns := []string{"table_catalog", "table_schema", "table_name", "column_name", "ordinal_position", "column_default", "is_nullable", "data_type",
		"character_maximum_length", "numeric_precision", "numeric_precision_radix", "numeric_scale", "datetime_precision",
		"interval_type", "interval_precision", "character_set_catalog", "character_set_schema", "character_set_name", "collation_catalog", "collation_schema",
		"collation_name", "domain_name"}
	all := []string{"database_name", "schema_name", "table_name", "column_name", "ordinal_position", "column_default", "is_nullable", "data_type",
		"character_maximum_length", "numeric_precision", "numeric_scale", "remarks"}
	switch name {
	case "information_schema.schemata":
		return redshiftRelation{[]string{"catalog_name", "schema_name", "schema_owner"}, "schema"}, true
	case "information_schema.tables":
		return redshiftRelation{[]string{"table_catalog", "table_schema", "table_name", "table_type"}, "table"}, true
	case "information_schema.columns":
		return redshiftRelation{columns, "column"}, true
	case "svv_tables":
		return redshiftRelation{[]string{"table_catalog", "table_schema", "table_name", "table_type", "remarks"}, "table"}, true
	case "svv_columns":
		return redshiftRelation{append(columns, "remarks"), "column"}, true
	case "svv_all_schemas":
		return redshiftRelation{[]string{"database_name", "schema_name", "schema_owner", "schema_type", "schema_acl", "source_database", "schema_option"}, "schema"}, true
	case "svv_all_tables":
		return redshiftRelation{[]string{"database_name", "schema_name", "table_name", "table_type", "table_acl", "remarks"}, "table"}, true
	case "svv_all_columns":
		return redshiftRelation{all, "column"}, true
	case "svv_redshift_databases":
		return redshiftRelation{[]string{"database_name", "database_owner", "database_type", "database_acl", "database_options"}, "database"}, true
	case "svv_redshift_schemas":
		return redshiftRelation{[]string{"database_name", "schema_name", "schema_owner", "schema_type", "schema_acl", "schema_option"}, "schema"}, true
	case "svv_redshift_tables":
		return redshiftRelation{[]string{"database_name", "schema_name", "table_name", "table_type", "table_acl", "remarks"}, "table"}, true
	case "svv_redshift_columns":
		return redshiftRelation{append(slices.Clone(all[:8]), "encoding", "distkey", "sortkey", "column_acl", "remarks"), "column"}, true
	case "svv_external_schemas":
		return redshiftRelation{[]string{"schemaname", "databasename", "esoptions"}, "nothing"}, true
	case "pg_tables":
		return redshiftRelation{[]string{"schemaname", "tablename", "tableowner"}, "table"}, true
	case "pg_table_def":
		return redshiftRelation{[]string{"schemaname", "tablename", "column", "type", "encoding", "distkey", "sortkey", "notnull"}, "column"}, true
	}
	return pgRelations(name)
}

// systemView answers for a name that a Redshift would find among its own relations. It returns nil for every other.
func (r *resolver) systemView(rv *pg.RangeVar) (*view, error) {
	schema, name := rv.Schemaname, rv.Relname
	if schema != "" && !systemSchema(schema) || schema == "" && !systemName(name) {
		return nil, nil
	}
	full := name
	if schema == informationSchema {
		full = schema + "." + name
	}
	relation, ok := systemRelations(full)
	if !ok || schema != "" && schema != informationSchema && schema != builtinSchema {
		return nil, r.at(pgerror.NotSupported("system relation %q is not supported through Postern on Redshift", name), rv.Location)
	}
	known, err := r.rw.views.facts(r.req)
	if err != nil {
		return nil, err
	}
	r.until = earlier(r.until, known.until)
	rows := r.systemRows(name, relation, known)
	if len(rows) > maxCatalogRows {
		return nil, r.at(pgerror.LimitExceeded("system relation %q would have %d rows, more than the %d that one statement can hold", name, len(rows), maxCatalogRows), rv.Location)
	}
	t := &catalog.Table{Schema: builtinSchema, Name: full, Kind: catalog.KindTable, Registered: true}
	return &view{catalog: true, relations: 1, columns: relation.columns, tree: constantRows(relation.columns, rows),
		decision: policy.Decision{Table: t, Allowed: true, ValidUntil: known.until}}, nil
}

// systemRows are the rows of a relation, in the order of names.
func (r *resolver) systemRows(name string, relation redshiftRelation, known *facts) []map[string]string {
	base := map[string]string{"table_catalog": r.req.Database, "database_name": r.req.Database, "catalog_name": r.req.Database, "datname": r.req.Database,
		"source_database": r.req.Database}
	switch relation.per {
	case "nothing":
		return nil
	case "type":
		return typeRows()
	case "database":
		base = with(base, "database_type", "local", "oid", "1", "datdba", "1", "encoding", "6", "datistemplate", "false", "datallowconn", "true")
		return []map[string]string{base}
	}
	var rows []map[string]string
	schemas := map[string]bool{}
	tables := make([]*catalog.Table, 0, len(known.tables))
	for _, t := range known.tables {
		tables = append(tables, t)
	}
	slices.SortFunc(tables, func(a, b *catalog.Table) int {
		return cmp.Or(cmp.Compare(a.Schema, b.Schema), cmp.Compare(a.Name, b.Name))
	})
	for _, t := range tables {
		row := with(base, "table_schema", t.Schema, "schema_name", t.Schema, "schemaname", t.Schema, "nspname", t.Schema, "schema_type", "local")
		if relation.per == "schema" {
			if !schemas[t.Schema] {
				rows = append(rows, with(row, "oid", schemaOID(t.Schema), "nspowner", "1"))
			}
			schemas[t.Schema] = true
			continue
		}
		kind := "BASE TABLE"
		if t.Kind == catalog.KindView || t.Kind == catalog.KindMaterializedView {
			kind = "VIEW"
		}
		row = with(row, "table_name", t.Name, "tablename", t.Name, "table_type", kind)
		if relation.per == "table" {
			if name != "pg_views" || kind == "VIEW" {
				rows = append(rows, pgRow(row, name, t, len(known.columns[t])))
			}
			continue
		}
		for i, c := range known.columns[t] {
			if name == "pg_attribute" {
				rows = append(rows, pgAttribute(row, t, c))
			} else {
				rows = append(rows, columnRow(row, c, i+1))
			}
		}
	}
	return rows
}

func with(row map[string]string, pairs ...string) map[string]string {
	out := make(map[string]string, len(row)+len(pairs)/2)
	for k, v := range row {
		out[k] = v
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		out[pairs[i]] = pairs[i+1]
	}
	return out
}

var typeModifiers = regexp.MustCompile(`\(([0-9]+)(?:,([0-9]+))?\)`)

// columnRow adds what is told of a visible column. Its number is its place among the visible ones.
func columnRow(row map[string]string, c catalog.Column, number int) map[string]string {
	nullable, notnull := "YES", "false"
	if c.NotNull {
		nullable, notnull = "NO", "true"
	}
	row = with(row, "column_name", c.Name, "column", c.Name, "ordinal_position", strconv.Itoa(number), "is_nullable", nullable, "notnull", notnull,
		"type", c.Type, "data_type", baseType(c.Type))
	m := typeModifiers.FindStringSubmatch(c.Type)
	switch base := baseType(c.Type); {
	case m == nil:
	case class(base) == "text":
		row["character_maximum_length"] = m[1]
	case base == typeNumeric:
		row["numeric_precision"], row["numeric_scale"], row["numeric_precision_radix"] = m[1], "0", "10"
		if m[2] != "" {
			row["numeric_scale"] = m[2]
		}
	}
	return row
}

// systemType is the type of a system relation's column.
func systemType(column string) string {
	if typ := pgColumnType(column); typ != "" {
		return typ
	}
	switch column {
	case "ordinal_position", "character_maximum_length", "numeric_precision", "numeric_precision_radix", "numeric_scale", "datetime_precision", "sortkey":
		return "int4"
	case "distkey", "notnull":
		return "bool"
	}
	return "text"
}

// constantRows is a query of these rows: a balanced tree of UNION ALL, so that it is not deep; without rows, one that gives none.
func constantRows(columns []string, rows []map[string]string) *pg.SelectStmt {
	return constantRowsAs(columns, rows, systemType)
}

// constantRowsAs is constantRows with columns of these types.
func constantRowsAs(columns []string, rows []map[string]string, typeOf func(column string) string) *pg.SelectStmt {
	switch len(rows) {
	case 0:
		s := constantRowsAs(columns, []map[string]string{{}}, typeOf)
		s.WhereClause = boolConstant(false)
		return s
	case 1:
		s := &pg.SelectStmt{LimitOption: pg.LimitOption_LIMIT_OPTION_DEFAULT, Op: pg.SetOperation_SETOP_NONE}
		for _, name := range columns {
			c := &pg.A_Const{Isnull: true, Location: -1}
			if value, ok := rows[0][name]; ok {
				c = pg.MakeAConstStrNode(value, -1).GetAConst()
			}
			s.TargetList = append(s.TargetList, pg.MakeResTargetNodeWithNameAndVal(name, nameCast(c, typeOf(name), false), -1))
		}
		return s
	}
	half := len(rows) / 2
	return &pg.SelectStmt{Op: pg.SetOperation_SETOP_UNION, All: true, LimitOption: pg.LimitOption_LIMIT_OPTION_DEFAULT,
		Larg: constantRowsAs(columns, rows[:half], typeOf), Rarg: constantRowsAs(columns, rows[half:], typeOf)}
}

// linesForRedshift is a query that gives the lines of EXPLAIN (POLICY), in order.
func linesForRedshift(lines []string) *pg.Node {
	rows := make([]map[string]string, len(lines))
	for i, line := range lines {
		rows[i] = map[string]string{"ordinal_position": strconv.Itoa(i + 1), "query plan": strings.ReplaceAll(line, "\x00", "")}
	}
	from := &pg.RangeSubselect{Alias: &pg.Alias{Aliasname: "v"},
		Subquery: &pg.Node{Node: &pg.Node_SelectStmt{SelectStmt: constantRows([]string{"ordinal_position", "query plan"}, rows)}}}
	return &pg.Node{Node: &pg.Node_SelectStmt{SelectStmt: &pg.SelectStmt{
		TargetList:  []*pg.Node{pg.MakeResTargetNodeWithVal(refNode("query plan"), -1)},
		FromClause:  []*pg.Node{{Node: &pg.Node_RangeSubselect{RangeSubselect: from}}},
		SortClause:  []*pg.Node{{Node: &pg.Node_SortBy{SortBy: &pg.SortBy{Node: refNode("ordinal_position"), SortbyDir: pg.SortByDir_SORTBY_DEFAULT, SortbyNulls: pg.SortByNulls_SORTBY_NULLS_DEFAULT, Location: -1}}}},
		LimitOption: pg.LimitOption_LIMIT_OPTION_DEFAULT, Op: pg.SetOperation_SETOP_NONE,
	}}}
}
