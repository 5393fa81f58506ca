package rewrite

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/rewrite/redshift"
)

// A Redshift's SHOW DATABASES, SCHEMAS, TABLES and COLUMNS tell of what the one credential sees. None is sent: what the person may see stands in the statement
// that is, as rows of constants, with the columns of the Database Developer Guide.

// codeNoSchema is invalid_schema_name.
const codeNoSchema = "3F000"

// showColumns are the columns of each list, in order.
func showColumns(kind redshift.ShowKind) []string {
	switch kind {
	case redshift.ShowDatabases:
		return []string{"database_name", "database_owner", "database_type", "database_acl", "parameters", "database_isolation_level"}
	case redshift.ShowSchemas:
		return []string{"database_name", "schema_name", "schema_owner", "schema_type", "schema_acl", "source_database", "schema_option"}
	case redshift.ShowTables:
		return []string{"database_name", "schema_name", "table_name", "table_type", "table_acl", "remarks", "owner", "last_altered_time", "last_modified_time", "dist_style", "table_subtype"}
	case redshift.ShowColumns:
		return []string{"database_name", "schema_name", "table_name", "column_name", "ordinal_position", "column_default", "is_nullable", "data_type", "character_maximum_length",
			"numeric_precision", "numeric_scale", "remarks", "sort_key_type", "sort_key", "dist_key", "encoding", "collation"}
	}
	return nil
}

// showType is the type of a column of a list.
func showType(column string) string {
	switch column {
	case "database_owner", "schema_owner", "sort_key", "dist_key":
		return "int4"
	case "encoding":
		return "text"
	case "last_altered_time", "last_modified_time":
		return "timestamp"
	}
	return systemType(column)
}

// show answers a SHOW that lists something.
func (rw *Rewriter) show(req *Request, translated *redshift.Statement, path pathState) (Statement, time.Time, error) {
	s, r := translated.Show, rw.newResolver(req, path)
	known, err := rw.views.facts(req)
	if err != nil {
		return Statement{}, time.Time{}, err
	}
	rows, err := r.showRows(s, known)
	if err != nil {
		return Statement{}, time.Time{}, err
	}
	columns := showColumns(s.Kind)
	matched := slices.DeleteFunc(rows, func(row map[string]string) bool { return s.Like != nil && !like(*s.Like, row[showName(s.Kind)]) })
	if s.Limit >= 0 && len(matched) > s.Limit {
		matched = matched[:s.Limit]
	}
	if len(matched) > redshift.MaxShown {
		return Statement{}, time.Time{}, pgerror.LimitExceeded("SHOW %s would list more than %d", s.Kind, redshift.MaxShown)
	}
	st := Statement{Kind: KindShow, Tag: "SHOW", Text: translated.Text}
	st.SQL, err = redshift.Print(shownAs(columns, matched))
	return st, earlier(r.until, known.until), err
}

// showName is the column that LIKE looks at.
func showName(kind redshift.ShowKind) string {
	return map[redshift.ShowKind]string{redshift.ShowDatabases: "database_name", redshift.ShowSchemas: "schema_name", redshift.ShowTables: "table_name", redshift.ShowColumns: "column_name"}[kind]
}

// showRows are the rows of a list, in the order of names, without those of other databases, schemas and tables. What is hidden is as if absent.
func (r *resolver) showRows(s *redshift.Show, known *facts) ([]map[string]string, error) {
	if of := s.Of; len(of) > 0 && (s.Kind == redshift.ShowSchemas || len(of) == map[redshift.ShowKind]int{redshift.ShowTables: 2, redshift.ShowColumns: 3}[s.Kind]) {
		if of[0] != strings.ToLower(r.req.Database) {
			return nil, otherDatabase(strings.Join(of, "."))
		}
		s = &redshift.Show{Kind: s.Kind, Of: of[1:]}
	}
	base := map[string]string{"database_name": r.req.Database}
	switch s.Kind {
	case redshift.ShowDatabases:
		return []map[string]string{with(base, "database_type", "local")}, nil
	case redshift.ShowSchemas:
		var rows []map[string]string
		for _, name := range r.schemasShown(known) {
			rows = append(rows, with(base, "schema_name", name, "schema_type", "local"))
		}
		return rows, nil
	case redshift.ShowTables:
		return r.tablesShown(s.Of[0], known, base)
	case redshift.ShowColumns:
		return r.columnsShown(s.Of, known, base)
	}
	return nil, pgerror.NotSupported("SHOW %s is not supported through Postern on Redshift", s.Kind)
}

// schemasShown are those in which the person may see a table.
func (r *resolver) schemasShown(known *facts) []string {
	var names []string
	for name := range known.tables {
		if !slices.Contains(names, name.schema) {
			names = append(names, name.schema)
		}
	}
	slices.Sort(names)
	return names
}

func (r *resolver) tablesShown(schema string, known *facts, base map[string]string) ([]map[string]string, error) {
	var tables []*catalog.Table
	for name, t := range known.tables {
		if name.schema == schema {
			tables = append(tables, t)
		}
	}
	if len(tables) == 0 {
		return nil, &pgerror.Error{Code: codeNoSchema, Message: "schema " + strconv.Quote(schema) + " does not exist"}
	}
	slices.SortFunc(tables, func(a, b *catalog.Table) int { return cmp.Compare(a.Name, b.Name) })
	var rows []map[string]string
	for _, t := range tables {
		rows = append(rows, with(base, "schema_name", t.Schema, "table_name", t.Name, "table_type", shownType(t), "owner", warehouseOwner))
	}
	return rows, nil
}

// shownType is the type of a table in the guide's words.
func shownType(t *catalog.Table) string {
	switch t.Kind {
	case catalog.KindView, catalog.KindMaterializedView:
		return "VIEW"
	case catalog.KindForeignTable:
		return "EXTERNAL TABLE"
	case catalog.KindTable, catalog.KindPartitionedTable:
	}
	return "TABLE"
}

// columnsShown are the columns of a table, which is looked for along the path where it is named alone.
func (r *resolver) columnsShown(of []string, known *facts, base map[string]string) ([]map[string]string, error) {
	schemas, schema, name := r.path.schemas, "", of[len(of)-1]
	if len(of) > 1 {
		schema = of[0]
		schemas = []string{schema}
	} else if !r.path.known {
		return nil, pgerror.NotSupported("an unqualified table name behind a change of transaction and search_path in one string is not supported through Postern: send the statements one by one")
	}
	for _, s := range schemas {
		t, ok := known.tables[tableName{s, name}]
		if !ok {
			continue
		}
		var rows []map[string]string
		for i, c := range known.columns[t] {
			row := columnRow(with(base, "schema_name", t.Schema, "table_name", t.Name), c, i+1)
			rows = append(rows, row)
		}
		return rows, nil
	}
	return nil, pgerror.UndefinedTable(strings.Join(of, "."), r.sourceToAskFor(schema, name)...)
}

// like reports a name that a pattern fits, in which % stands for any characters and _ for one. It takes no longer than both are long, multiplied.
func like(pattern, name string) bool {
	p, n := []rune(pattern), []rune(name)
	i, star, from := 0, -1, 0
	for j := 0; j < len(n); {
		switch {
		case i < len(p) && p[i] == '%':
			star, from = i, j
			i++
		case i < len(p) && (p[i] == '_' || p[i] == n[j]):
			i, j = i+1, j+1
		case star >= 0:
			// The last % takes one more.
			from++
			i, j = star+1, from
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '%' {
		i++
	}
	return i == len(p)
}

// shownAs is a query of these rows in this order.
func shownAs(columns []string, rows []map[string]string) *pg.Node {
	const place = "postern_place"
	numbered := make([]map[string]string, len(rows))
	for i, row := range rows {
		numbered[i] = with(row, place, strconv.Itoa(i+1))
	}
	typeOf := func(column string) string {
		if column == place {
			return "int4"
		}
		return showType(column)
	}
	from := &pg.RangeSubselect{Alias: &pg.Alias{Aliasname: "v"},
		Subquery: &pg.Node{Node: &pg.Node_SelectStmt{SelectStmt: constantRowsAs(append(slices.Clone(columns), place), numbered, typeOf)}}}
	out := &pg.SelectStmt{FromClause: []*pg.Node{{Node: &pg.Node_RangeSubselect{RangeSubselect: from}}}, LimitOption: pg.LimitOption_LIMIT_OPTION_DEFAULT, Op: pg.SetOperation_SETOP_NONE,
		SortClause: []*pg.Node{{Node: &pg.Node_SortBy{SortBy: &pg.SortBy{Node: refNode(place), SortbyDir: pg.SortByDir_SORTBY_DEFAULT, SortbyNulls: pg.SortByNulls_SORTBY_NULLS_DEFAULT, Location: -1}}}}}
	for _, name := range columns {
		out.TargetList = append(out.TargetList, pg.MakeResTargetNodeWithVal(refNode(name), -1))
	}
	return &pg.Node{Node: &pg.Node_SelectStmt{SelectStmt: out}}
}
