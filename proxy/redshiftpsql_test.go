package proxy_test

import (
	"os/exec"
	"strings"
	"testing"
)

// TestRedshiftPsql looks around with psql: it sees what the person may see, and is told of nothing else. (On a Redshift itself psql 15 fails at \d of a table and at
// \l: it asks for what came after PostgreSQL 8.0.)
func TestRedshiftPsql(t *testing.T) {
	w, _ := newRedshiftCrawled(t, nil, "CREATE VIEW sales.v_plain AS SELECT id, name, phone AS telephone FROM sales.customer", "CREATE SCHEMA empty", "CREATE TABLE sales.v_types (a numeric(12,2), b char(3), c timestamp, d boolean NOT NULL)")
	w.start(t)
	psql, err := exec.LookPath("psql")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		command  string
		has, not []string
	}{
		{`\dn`, []string{"lake", "sales"}, []string{"part", "empty"}},
		{`\dn+`, []string{"lake", "sales"}, []string{"part", "empty"}},
		{`\l`, []string{w.database, "UTF8"}, []string{"postgres"}},
		{`\d`, []string{"sales|customer|table", "sales|v_plain|view"}, []string{"secret", "events"}},
		{`\dt`, []string{"sales|customer|table", "sales|orders|table"}, []string{"secret", "v_plain"}},
		{`\dv`, []string{"sales|v_plain|view"}, []string{"customer", "secret"}},
		{`\dt lake.*`, []string{"lake|events|table"}, []string{"raw"}},
		{`\dt *.secret`, []string{"Did not find any relation"}, []string{"sales"}},
		{`\d sales.secret`, []string{"Did not find any relation"}, []string{"character"}},
		{`\d part.parts`, []string{"Did not find any relation"}, []string{"character"}},
		{`\d customer`, []string{"id|bigint|||", "name|character varying(50)|||", "phone|character varying(20)|||", "k|integer|||"}, nil},
		{`\d sales.v_plain`, []string{"telephone|character varying(20)|||"}, nil},
		{`\d v_types`, []string{"a|numeric(12,2)|||", "b|character(3)|||", "c|timestamp without time zone|||", "d|boolean||not null|"}, nil},
		{`SELECT * FROM svv_columns WHERE table_name = 'secret'`, []string{"(0 rows)"}, nil},
		{`SELECT count(*) FROM pg_catalog.pg_class WHERE relname IN ('secret', 'parts', 'raw')`, []string{"0"}, nil},
		{`SELECT count(*) FROM pg_table_def WHERE tablename = 'customer'`, []string{"5"}, nil},
		{`SELECT * FROM pg_views`, []string{"sales|v_plain|postern|"}, []string{"SELECT"}},
	} {
		out, err := exec.CommandContext(t.Context(), psql, "-X", "-A", "-d", w.url("ann", ""), "-c", "SET search_path TO sales", "-c", c.command).CombinedOutput()
		text := string(out)
		for _, want := range c.has {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q (%v) in\n%s", c.command, want, err, text)
			}
		}
		for _, no := range append(c.not, "MARKER", "ERROR") {
			if strings.Contains(text, no) {
				t.Errorf("%s: %q in\n%s", c.command, no, text)
			}
		}
	}
}
