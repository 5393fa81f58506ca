package proxy_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/internal/rsfake/rsfaketest"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/rewrite"
	"github.com/posternsql/postern/sqlgen"
)

// newRedshiftSQL is a world with policies over tables on the stand-in, and the rewriter for a Redshift.
func newRedshiftSQL(t *testing.T) *world {
	t.Helper()
	w, server := newRedshift(t)
	rsfaketest.Exec(t, server, "CREATE SCHEMA sales",
		"CREATE TABLE sales.customer (id bigint, name varchar(50), phone varchar(20), country varchar(2), k integer)",
		"INSERT INTO sales.customer VALUES (1, 'ann\\\\x', '555-1', 'US', 1), (2, 'bob', '555-2', 'US', 2), (3, 'MARKER', 'MARKER', 'DE', 0), (4, 'it''s', NULL, 'US', NULL)",
		"CREATE TABLE sales.secret (s varchar(20))", "INSERT INTO sales.secret VALUES ('MARKER')")
	column := func(name, typ string, category byte) catalog.Column {
		return catalog.Column{Name: name, Type: typ, Category: category, Reviewed: true}
	}
	snapshot, err := catalog.New(1, w.database, []*catalog.Table{
		{Schema: "sales", Name: "customer", Kind: catalog.KindTable, Registered: true, Columns: []catalog.Column{column("id", "bigint", 'N'),
			column("name", "character varying(50)", 'S'), column("phone", "character varying(20)", 'S'), column("country", "character varying(2)", 'S'), column("k", "integer", 'N')}},
		{Schema: "sales", Name: "secret", Kind: catalog.KindTable, Registered: true, Columns: []catalog.Column{column("s", "character varying(20)", 'S')}},
	})
	if err != nil {
		t.Fatal(err)
	}
	constant, table := "***", w.database+".sales.customer"
	program, _, err := policy.Compile(policy.Input{Version: 1, Snapshot: snapshot,
		Subscriptions: []policy.SubscriptionPolicy{{Name: "s", On: policy.Selector{Tables: []string{table}}, Access: policy.AccessRead, Effect: policy.SubscriptionGrant, Allow: policy.Allow{Anyone: true}}},
		Data: []policy.DataPolicy{{Name: "d", On: policy.Selector{Tables: []string{table}}, Rules: []policy.Rule{
			{Mask: &policy.Mask{Columns: []string{"phone"}, Constant: &constant}}, {Rows: "country = 'US'"}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	before := w.state.Load()
	w.state.Store(&state{version: 2, database: w.database, program: program, groups: before.groups, verifiers: before.verifiers, exempt: before.exempt})
	onRedshift, err := rewrite.New(rewrite.Config{Dialect: sqlgen.Redshift()})
	if err != nil {
		t.Fatal(err)
	}
	w.config.Rewriter = &rewrite.Rewriters{Redshift: onRedshift, OnRedshift: func(name string) bool { return name == w.database }}
	return w
}

// TestRedshiftSQL sends SQL in Redshift's dialect through the whole proxy to the stand-in, as a simple client and by the extended protocol, and
// holds the rows, and that nothing hidden comes back.
func TestRedshiftSQL(t *testing.T) {
	w := newRedshiftSQL(t)
	w.start(t)
	conn, err := pgconn.ConnectConfig(t.Context(), driver(t, w, "require"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	for _, c := range []struct{ sql, want string }{
		{`SELECT TOP 2 id, phone FROM sales.customer ORDER BY id`, "1|***;2|***"},
		{`SELECT id FROM "Sales"."CUSTOMER" WHERE name = 'ann\\x'`, "1"},
		{`SELECT id FROM sales.customer WHERE name = 'it\'s'`, "4"},
		{`SELECT name FROM sales.customer WHERE name = '\' UNION SELECT s FROM sales.secret --'`, ""},
		{`SELECT id FROM sales.customer WHERE 1 / k > 0 ORDER BY id`, "1"},
		{`SELECT * EXCLUDE (name, k) FROM sales.customer ORDER BY id`, "1|***|US;2|***|US;4|***|US"},
		{`SELECT country, count(*) FROM sales.customer GROUP BY ALL`, "US|3"},
		{`SELECT country FROM sales.customer MINUS SELECT 'DE'`, "US"},
		{`SELECT CONVERT(varchar(max), id) || nvl(phone, '') FROM sales.customer WHERE id = 4`, "4***"},
		{`SELECT datediff(day, '2024-01-01'::date, '2024-02-01'::date), dateadd(month, 1, '2024-01-31'::date)::date`, "31|2024-02-29"},
		{`SELECT current_user, current_database()`, "ann|" + w.database},
		{`SELECT table_name FROM svv_tables`, "customer"},
		{`BEGIN; SELECT count(*) FROM sales.customer; COMMIT`, "3"},
	} {
		got, err := simpleRows(t.Context(), conn, c.sql)
		if err != nil || got != c.want {
			t.Errorf("%s: %q %v, want %q", c.sql, got, err, c.want)
		}
		if strings.Contains(c.sql, ";") {
			continue
		}
		extended := conn.ExecParams(t.Context(), c.sql, nil, nil, nil, nil).Read()
		if extended.Err != nil || joined(extended.Rows) != c.want {
			t.Errorf("%s by the extended protocol: %q %v, want %q", c.sql, joined(extended.Rows), extended.Err, c.want)
		}
	}
	bound := conn.ExecParams(t.Context(), "SELECT TOP 1 phone FROM sales.customer WHERE id = $1", [][]byte{[]byte("2")}, nil, nil, nil).Read()
	if bound.Err != nil || joined(bound.Rows) != "***" {
		t.Errorf("with a parameter: %v %v", bound.Rows, bound.Err)
	}
}

// TestRedshiftSQLRefused holds what is refused on the way, by its name, with nothing of it sent.
func TestRedshiftSQLRefused(t *testing.T) {
	w := newRedshiftSQL(t)
	w.start(t)
	conn, err := pgconn.ConnectConfig(t.Context(), driver(t, w, "require"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	for _, c := range []struct{ sql, code, names string }{
		{`SELECT '\'' , s FROM sales.secret --'`, "42P01", "secret"}, {`SELECT * FROM sales.secret`, "42P01", "secret"}, {`SELECT * FROM #tmp`, "0A000", "#tmp"},
		{`SELECT * FROM sales.customer c, c.orders o`, "0A000", "PartiQL"}, {`SELECT * FROM stl_query`, "0A000", "stl_query"}, {`SELECT a FROM t PIVOT (sum(a) FOR b IN (1))`, "0A000", "PIVOT"},
		{`UNLOAD ('SELECT * FROM sales.customer') TO 's3://exports/p' IAM_ROLE default`, "42501", "UNLOAD"}, {`EXPLAIN VERBOSE SELECT 1`, "0A000", "EXPLAIN"}, {`DELETE FROM sales.customer`, "42501", "customer"},
		{`SELECT 1; SELECT * FROM sales.secret`, "42P01", "secret"}, {`SET enable_case_sensitive_identifier TO true`, "0A000", "enable_case_sensitive_identifier"},
		{`SELECT name FROM sales.customer GROUP BY name HAVING 1 / length(name) > 0`, "0A000", "condition"},
	} {
		_, err := simpleRows(t.Context(), conn, c.sql)
		var e *pgconn.PgError
		if !errors.As(err, &e) || e.Code != c.code || !strings.Contains(e.Message, c.names) {
			t.Errorf("%s: %v, want %s naming %s", c.sql, err, c.code, c.names)
		}
		if strings.Contains(fmt.Sprint(err), "MARKER") {
			t.Errorf("%s tells a hidden value: %v", c.sql, err)
		}
	}
}

// simpleRows are the rows of all results of one string, sent by the simple protocol.
func simpleRows(ctx context.Context, conn *pgconn.PgConn, sql string) (string, error) {
	results, err := conn.Exec(ctx, sql).ReadAll()
	var rows [][][]byte
	for _, r := range results {
		rows = append(rows, r.Rows...)
	}
	return joined(rows), err
}

func joined(rows [][][]byte) string {
	lines := make([]string, len(rows))
	for i, row := range rows {
		cells := make([]string, len(row))
		for j, c := range row {
			cells[j] = string(c)
		}
		lines[i] = strings.Join(cells, "|")
	}
	return strings.Join(lines, ";")
}
