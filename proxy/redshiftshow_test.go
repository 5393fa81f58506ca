package proxy_test

import (
	"slices"
	"strings"
	"testing"
)

// TestRedshiftShow lists databases, schemas, tables and columns through the whole proxy, by both protocols: what the person may see, with the columns and types of the
// guide, and nothing else. What is hidden is told of as what is not there, and no list of definitions, grants or shares is let through.
func TestRedshiftShow(t *testing.T) {
	w, server := newRedshiftCrawled(t, nil, "CREATE VIEW sales.v_plain AS SELECT id, name FROM sales.customer")
	w.start(t)
	conn := eavesdrop(t, w, "ann")
	db := w.database
	before := len(server.Statements())
	for _, c := range []struct{ sql, want, code string }{
		{sql: `SHOW DATABASES`, want: db + "||local|||"},
		{sql: `SHOW DATABASES LIKE 'template%'`},
		{sql: `SHOW SCHEMAS`, want: db + "|lake||local|||;" + db + "|sales||local|||"},
		{sql: `SHOW SCHEMAS FROM DATABASE ` + db + ` LIKE 's%' LIMIT 10`, want: db + "|sales||local|||"},
		{sql: `SHOW TABLES FROM SCHEMA ` + db + `.sales`, want: db + "|sales|customer|TABLE|||postern||||;" + db + "|sales|orders|TABLE|||postern||||;" + db + "|sales|v_plain|VIEW|||postern||||"},
		{sql: `SHOW TABLES FROM SCHEMA "Sales" LIKE '%er%' LIMIT 1`, want: db + "|sales|customer|TABLE|||postern||||"},
		{sql: `SHOW TABLES FROM SCHEMA lake`, want: db + "|lake|events|EXTERNAL TABLE|||postern||||"},
		{sql: `SHOW COLUMNS FROM TABLE ` + db + `.sales.customer LIKE 'n___'`, want: db + "|sales|customer|name|2||YES|character varying|50||||||||"},
		{sql: `SHOW COLUMNS FROM TABLE sales.orders LIMIT 3`, want: db + "|sales|orders|id|1||YES|bigint|||||||||;" + db + "|sales|orders|customer_id|2||YES|bigint|||||||||;" + db + "|sales|orders|total|3||YES|numeric||12|2||||||"},
		{sql: `SHOW COLUMNS FROM TABLE sales.secret`, code: "42P01"}, {sql: `SHOW COLUMNS FROM TABLE sales.nothing`, code: "42P01"},
		{sql: `SHOW TABLES FROM SCHEMA part`, code: "3F000"}, {sql: `SHOW TABLES FROM SCHEMA nothing`, code: "3F000"}, {sql: `SHOW TABLES FROM SCHEMA other.sales`, code: "0A000"},
		{sql: `SHOW TABLE sales.customer`, code: "0A000"}, {sql: `SHOW VIEW sales.v_plain`, code: "0A000"}, {sql: `SHOW GRANTS ON TABLE sales.customer`, code: "0A000"}, {sql: `SHOW DATASHARES`, code: "0A000"},
		{sql: `SHOW PROCEDURES FROM SCHEMA sales`, code: "0A000"}, {sql: `SHOW EXTERNAL TABLE lake.events`, code: "0A000"}, {sql: `SHOW MODEL ALL`, code: "0A000"},
	} {
		got, err := simpleRows(t.Context(), conn.PgConn, c.sql)
		if c.code == "" && (err != nil || got != c.want) || c.code != "" && code(err) != c.code {
			t.Errorf("%s: %q %v, want %q %s", c.sql, got, err, c.want, c.code)
		}
		extended := conn.ExecParams(t.Context(), c.sql, nil, nil, nil, nil).Read()
		if c.code == "" && (extended.Err != nil || joined(extended.Rows) != c.want || extended.CommandTag.String() != "SHOW") || c.code != "" && code(extended.Err) != c.code {
			t.Errorf("%s by the extended protocol: %q %q %v", c.sql, joined(extended.Rows), extended.CommandTag, extended.Err)
		}
		if c.code != "" {
			continue
		}
		description, err := conn.Prepare(t.Context(), "", c.sql, nil)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, f := range description.Fields {
			names = append(names, f.Name)
			if strings.HasSuffix(f.Name, "_owner") && f.DataTypeOID != 23 || f.Name == "ordinal_position" && f.DataTypeOID != 23 || f.Name == "last_modified_time" && f.DataTypeOID != 1114 || strings.HasSuffix(f.Name, "_name") && f.DataTypeOID != 1043 {
				t.Errorf("%s: %s is of type %d", c.sql, f.Name, f.DataTypeOID)
			}
		}
		if !slices.Contains(names, "database_name") || slices.Contains(names, "postern_place") {
			t.Errorf("%s has %v", c.sql, names)
		}
	}
	if conn.has("MARKER") || conn.has("secret") && !conn.has(`relation "sales.secret" does not exist`) {
		t.Error("something hidden came over the wire")
	}
	for _, sql := range server.Statements()[before:] {
		if strings.HasPrefix(strings.ToLower(sql), "show") {
			t.Errorf("sent: %s", sql)
		}
	}
}
