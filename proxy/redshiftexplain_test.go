package proxy_test

import (
	"strings"
	"testing"

	"github.com/posternsql/postern/policy"
)

// TestRedshiftExplain asks for plans through the whole proxy, by both protocols: no constant of a filter or a mask, no hidden name and no number of rows
// of a filtered table is among the bytes that come.
func TestRedshiftExplain(t *testing.T) {
	w, _ := newRedshiftCrawled(t, func(in *policy.Input) {
		in.Data[0].Rules[1].Rows = "country = 'US' AND name <> 'MARKER'"
		in.Data = append(in.Data, policy.DataPolicy{Name: "o", On: policy.Selector{Tables: []string{in.Snapshot.Connection() + ".sales.orders"}},
			Rules: []policy.Rule{{Rows: "id IN (SELECT x.id FROM sales.customer x WHERE x.phone <> 'MARKER')"}}})
	}, "CREATE TABLE sales.v_open (a bigint, b varchar(5))", "CREATE VIEW sales.v_hiding AS SELECT id FROM sales.customer WHERE name <> 'MARKER2'")
	w.start(t)
	conn := eavesdrop(t, w, "ann")
	for _, c := range []struct{ sql, has, hasNot string }{
		{"EXPLAIN SELECT name FROM sales.customer WHERE id = 4711", "XN Scan on customer", "rows="},
		{"EXPLAIN SELECT c.name FROM sales.customer c JOIN sales.orders o ON o.customer_id = c.id ORDER BY 1", "XN Join", "Hash"},
		{"EXPLAIN SELECT id FROM sales.v_hiding", "XN Scan", "customer"},
		// The client's own names must not make those of hidden tables show.
		{"EXPLAIN SELECT id FROM sales.v_hiding AS customer", "XN Scan", "customer"},
		{"EXPLAIN WITH customer AS (SELECT id FROM sales.v_hiding) SELECT id FROM customer", "XN Scan", "on customer"},
		{"EXPLAIN SELECT a FROM sales.v_open ORDER BY b", "XN Seq Scan on v_open  (cost=", "Sort Key"},
		{"EXPLAIN SELECT count(*) FROM svv_tables", "XN Aggregate", "customer"},
	} {
		got, err := simpleRows(t.Context(), conn.PgConn, c.sql)
		if err != nil || !strings.Contains(got, c.has) || strings.Contains(got, c.hasNot) || strings.Contains(got, "4711") {
			t.Errorf("%s: %v\n%s", c.sql, err, strings.ReplaceAll(got, ";", "\n"))
		}
		extended := conn.ExecParams(t.Context(), c.sql, nil, nil, nil, nil).Read()
		if extended.Err != nil || joined(extended.Rows) != got || extended.CommandTag.String() != "EXPLAIN" || extended.FieldDescriptions[0].Name != "QUERY PLAN" {
			t.Errorf("%s by the extended protocol: %v %q\n%s", c.sql, extended.Err, extended.CommandTag, joined(extended.Rows))
		}
	}
	for _, sql := range []string{"EXPLAIN VERBOSE SELECT name FROM sales.customer", "EXPLAIN ANALYZE SELECT name FROM sales.customer", "EXPLAIN DELETE FROM sales.customer"} {
		if _, err := simpleRows(t.Context(), conn.PgConn, sql); code(err) != "0A000" {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if conn.has("MARKER") || conn.has("***") || conn.has("Filter") {
		t.Error("a constant of a policy came over the wire")
	}
	if plan, err := simpleRows(t.Context(), eavesdrop(t, w, "root").PgConn, "EXPLAIN SELECT name FROM sales.customer WHERE name <> 'MARKER'"); err != nil || !strings.Contains(plan, "MARKER") {
		t.Errorf("the stand-in itself shows no constants, so that nothing was tested: %q %v", plan, err)
	}
}
