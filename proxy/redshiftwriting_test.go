package proxy_test

import (
	"strings"
	"testing"

	"github.com/posternsql/postern/policy"
)

// asWriters lets everybody write customers and orders of what newRedshiftCrawled has.
func asWriters(in *policy.Input) {
	name := in.Snapshot.Connection()
	in.Subscriptions = append(in.Subscriptions, policy.SubscriptionPolicy{Name: "w", On: policy.Selector{Tables: []string{name + ".sales.customer", name + ".sales.orders"}},
		Access: policy.AccessWrite, Effect: policy.SubscriptionGrant, Allow: policy.Allow{Anyone: true},
		Privileges: []policy.Privilege{policy.PrivilegeInsert, policy.PrivilegeUpdate, policy.PrivilegeDelete, policy.PrivilegeTruncate}})
}

// customers are all rows of the table, as an exempt user sees them.
func customers(t *testing.T, root *eavesdropped) string {
	t.Helper()
	rows, err := simpleRows(t.Context(), root.PgConn, "SELECT id, name, phone, country, k FROM sales.customer ORDER BY id, name")
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestRedshiftWriting writes through the whole proxy: to the rows that the person sees, and no row that they would not see. Hidden rows stay as they are, and no byte
// of them comes back.
func TestRedshiftWriting(t *testing.T) {
	w, _ := newRedshiftCrawled(t, asWriters)
	w.start(t)
	conn, root := eavesdrop(t, w, "ann"), eavesdrop(t, w, "root")
	const others = "3|MARKER|MARKER|DE|0"
	for _, c := range []struct{ sql, tag, code, has, hasNot string }{
		{sql: `UPDATE sales.customer SET name = 'x' WHERE id = 3`, tag: "UPDATE 0", has: others},
		{sql: `UPDATE sales.customer SET k = k + 1 WHERE 10 / k > 1`, tag: "UPDATE 2", has: "1|ann|555-MARKER|US|2"},
		{sql: `UPDATE sales.customer SET k = 7 WHERE 1 / k < 5 OR k = 0`, tag: "UPDATE 2", has: others},
		{sql: `UPDATE sales.customer SET country = 'DE' WHERE id = 1`, code: "42501", has: "1|ann|555-MARKER|US"},
		{sql: `UPDATE sales.customer SET country = country, name = 'anna' WHERE id = 1`, tag: "UPDATE 1", has: "1|anna|555-MARKER|US"},
		{sql: `UPDATE sales.customer SET phone = 'x'`, code: "42501", has: "1|anna|555-MARKER|US"},
		{sql: `UPDATE sales.customer SET k = o.id FROM sales.orders o WHERE o.customer_id = sales.customer.id`, tag: "UPDATE 2", has: "1|anna|555-MARKER|US|1"},
		{sql: `INSERT INTO sales.customer (id, name, country) VALUES (5, 'it\'s', 'US'), (6, 'f', 'DE')`, code: "42501", hasNot: "6|f"},
		{sql: `INSERT INTO sales.customer (id, name, country) VALUES (5, 'it\'s', 'US'), (6, 'f', 'US')`, tag: "INSERT 0 2", has: "5|it's||US|"},
		{sql: `INSERT INTO sales.customer (id, country) SELECT id + 10, CASE WHEN id = 1 THEN 'DE' ELSE 'US' END FROM sales.customer`, code: "42501", hasNot: "12|"},
		{sql: `INSERT INTO sales.customer (id, name, country) SELECT id + 10, name, country FROM sales.customer WHERE id < 4`, tag: "INSERT 0 2", hasNot: "13|MARKER"},
		{sql: `INSERT INTO sales.customer (id, name) VALUES (7, 'g')`, code: "0A000", hasNot: "7|g"},
		{sql: `INSERT INTO sales.customer (id, name, phone, country) VALUES (7, 'g', 'x', 'US')`, code: "42501", hasNot: "7|g"},
		{sql: `INSERT INTO sales.customer (id, name, country) VALUES (7, 'g', 'USA')`, code: "22001", hasNot: "7|g"},
		{sql: `INSERT INTO sales.customer (id, name, country) VALUES (7, 'g', 'US') RETURNING id`, code: "0A000", hasNot: "7|g"},
		{sql: `INSERT INTO sales.orders VALUES (3, 3, 1.005, 'z')`, tag: "INSERT 0 1", has: others},
		{sql: `DELETE FROM sales.customer WHERE id >= 11 OR name = 'MARKER'`, tag: "DELETE 2", has: others},
		{sql: `DELETE FROM sales.customer USING sales.orders o WHERE o.customer_id = sales.customer.id AND o.id = 3`, tag: "DELETE 0", has: others},
		{sql: `DELETE FROM sales.customer WHERE CAST(name AS integer) = 1`, code: "22P02", has: others},
		{sql: `TRUNCATE sales.customer`, code: "42501", has: others},
		{sql: `TRUNCATE sales.orders`, tag: "TRUNCATE TABLE", has: others},
		{sql: `DELETE FROM sales.secret`, code: "42P01", has: others},
		{sql: `DELETE FROM lake.events`, code: "42501", has: others},
		{sql: `DELETE FROM sales.customer`, tag: "DELETE 5", has: others},
	} {
		tags := ""
		results, err := conn.Exec(t.Context(), c.sql).ReadAll()
		for _, r := range results {
			if r.Err == nil {
				tags += r.CommandTag.String()
			}
		}
		if c.code == "" && (err != nil || tags != c.tag) || c.code != "" && code(err) != c.code {
			t.Errorf("%s: %q %v, want %q %s", c.sql, tags, err, c.tag, c.code)
		}
		if c.code == "42501" && strings.Contains(c.sql, "DE'") && !strings.Contains(err.Error(), `new row violates row-level security policy for table "customer"`) {
			t.Errorf("%s: %v", c.sql, err)
		}
		rows := customers(t, root)
		if c.has != "" && !strings.Contains(rows, c.has) || c.hasNot != "" && strings.Contains(rows, c.hasNot) {
			t.Errorf("%s leaves\n%s", c.sql, rows)
		}
	}
	if conn.has("MARKER") {
		t.Error("a hidden value came over the wire")
	}
}

// TestRedshiftWritingExtended writes by the extended protocol, with parameters, and by SQL's own PREPARE.
func TestRedshiftWritingExtended(t *testing.T) {
	w, _ := newRedshiftCrawled(t, asWriters)
	w.start(t)
	conn, root := eavesdrop(t, w, "ann"), eavesdrop(t, w, "root")
	for _, c := range []struct {
		sql, tag, code string
		args           []string
	}{
		{sql: `INSERT INTO sales.customer (id, country) VALUES ($1, $2)`, args: []string{"8", "US"}, tag: "INSERT 0 1"},
		{sql: `INSERT INTO sales.customer (id, country) VALUES ($1, $2)`, args: []string{"9", "DE"}, code: "42501"},
		{sql: `UPDATE sales.customer SET country = $1 WHERE id = $2`, args: []string{"DE", "8"}, code: "42501"},
		{sql: `UPDATE sales.customer SET k = $1 WHERE id = $2`, args: []string{"5", "3"}, tag: "UPDATE 0"},
		{sql: `DELETE FROM sales.customer WHERE id = $1`, args: []string{"8"}, tag: "DELETE 1"},
	} {
		args := make([][]byte, len(c.args))
		for i, a := range c.args {
			args[i] = []byte(a)
		}
		result := conn.ExecParams(t.Context(), c.sql, args, nil, nil, nil).Read()
		if c.code == "" && (result.Err != nil || result.CommandTag.String() != c.tag) || c.code != "" && code(result.Err) != c.code {
			t.Errorf("%s %v: %q %v", c.sql, c.args, result.CommandTag, result.Err)
		}
	}
	for _, c := range []struct{ sql, code string }{
		{`PREPARE p (varchar) AS UPDATE sales.customer SET country = $1 WHERE id = 1`, ""}, {`EXECUTE p ('US')`, ""}, {`EXECUTE p ('FR')`, "42501"},
		{`BEGIN; DELETE FROM sales.customer; ROLLBACK`, ""},
	} {
		if _, err := simpleRows(t.Context(), conn.PgConn, c.sql); code(err) != c.code {
			t.Errorf("%s: %v", c.sql, err)
		}
	}
	if rows := customers(t, root); strings.Contains(rows, "9|") || !strings.Contains(rows, "3|MARKER|MARKER|DE|0") || !strings.Contains(rows, "1|ann|555-MARKER|US|1") {
		t.Errorf("left:\n%s", rows)
	}
	if conn.has("MARKER") {
		t.Error("a hidden value came over the wire")
	}
}
