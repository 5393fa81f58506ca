package proxy_test

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// TestRedshiftViewsThroughProxy reads views, late-binding views and an external table through the whole proxy: with the policies of what is beneath, and
// with no byte of what they hide. What is not registered, of another database, or of a datashare is not read.
func TestRedshiftViewsThroughProxy(t *testing.T) {
	w, _ := newRedshiftCrawled(t, nil,
		"CREATE VIEW sales.v_plain AS SELECT id, name, phone AS telephone, k FROM sales.customer",
		"CREATE VIEW sales.v_late AS SELECT c.name, CAST(nvl(o.total, 0) AS numeric(12,2)) AS total FROM sales.customer c LEFT JOIN sales.orders o ON o.customer_id = c.id WITH NO SCHEMA BINDING",
		"CREATE VIEW sales.v_events AS SELECT who, at FROM lake.events WITH NO SCHEMA BINDING",
		"CREATE VIEW sales.v_raw AS SELECT line FROM lake.raw WITH NO SCHEMA BINDING",
		"CREATE VIEW sales.v_parts AS SELECT p FROM part.parts",
		"CREATE VIEW sales.v_secret AS SELECT s FROM sales.secret")
	w.start(t)
	conn := eavesdrop(t, w, "ann")
	for _, c := range []struct{ sql, want, code string }{
		{sql: `SELECT id, telephone FROM sales.v_plain ORDER BY id`, want: "1|***;2|***;4|***"},
		{sql: `SELECT TOP 1 name, total FROM sales.v_late ORDER BY total DESC, name`, want: "bob|20.00"},
		{sql: `SELECT who FROM sales.v_events`, want: "ann"},
		{sql: `SELECT who FROM lake.events`, want: "ann"},
		// Nobody is subscribed to the secret, and who may see the view needs not be.
		{sql: `SELECT count(*) FROM sales.v_secret WHERE s <> ''`, want: "1"},
		{sql: `SELECT line FROM lake.raw`, code: "42P01"},
		{sql: `SELECT line FROM sales.v_raw`, code: "0A000"},
		{sql: `SELECT p FROM sales.v_parts`, code: "0A000"},
		{sql: `SELECT name FROM sales.v_plain WHERE 1 / k > 0`, code: "0A000"},
		{sql: `SELECT name FROM sales.v_plain WHERE CAST(name AS integer) > 0`, code: "0A000"},
		{sql: `SELECT count(*) FROM sales.v_late GROUP BY name HAVING 1 / (length(name) - 6) > 0`, code: "0A000"},
		{sql: `SELECT a FROM share.sales.t`, code: "0A000"},
	} {
		got, err := simpleRows(t.Context(), conn.PgConn, c.sql)
		var e *pgconn.PgError
		if errors.As(err, &e); c.code == "" && (err != nil || got != c.want) || c.code != "" && (e == nil || e.Code != c.code) {
			t.Errorf("%s: %q %v, want %q %s", c.sql, got, err, c.want, c.code)
		}
		extended := conn.ExecParams(t.Context(), c.sql, nil, nil, nil, nil).Read()
		if c.code == "" && (extended.Err != nil || joined(extended.Rows) != c.want) || c.code != "" && code(extended.Err) != c.code {
			t.Errorf("%s by the extended protocol: %q %v", c.sql, joined(extended.Rows), extended.Err)
		}
	}
	if conn.has("MARKER") {
		t.Error("a hidden value came over the wire")
	}
}
