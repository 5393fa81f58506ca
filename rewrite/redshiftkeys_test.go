package rewrite

import (
	"strings"
	"testing"

	"github.com/posternsql/postern/internal/rsconform"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/policy/expr"
	"github.com/posternsql/postern/sqlgen"
)

// TestRedshiftBuiltinKeys: where masks are built in, their keys are joined within the View, wherever it stands; a statement that writes and would need them
// outside of it is refused in Postern's words.
func TestRedshiftBuiltinKeys(t *testing.T) {
	hash := func(d *policy.Decision) {
		for i, c := range d.Columns {
			if c.Column.Name == "phone" {
				d.Columns[i].Mask = expr.Cast{Arg: expr.Keyed{Func: expr.KeyedHash, Domain: "default", Arg: expr.Cast{Arg: col("phone", c.Column.Type), Type: "text"}}, Type: expr.Type(c.Column.Type)}
			}
		}
	}
	h := redshiftHarness(t, damage{decision: hash})
	rw, err := New(Config{Dialect: sqlgen.RedshiftBuiltin()})
	if err != nil {
		t.Fatal(err)
	}
	rw.views.decide = h.rw.views.decide
	h.rw = rw
	read := []string{
		"SELECT phone FROM customer", "SELECT * FROM customer", "SELECT count(*) FROM customer WHERE phone = 'x'", "SELECT a.phone FROM customer a JOIN customer b ON a.phone = b.phone", "SELECT id FROM customer WHERE 1 / k > 0",
		"WITH c AS (SELECT phone FROM customer) SELECT * FROM c", "SELECT id FROM orders WHERE customer_id IN (SELECT id FROM customer WHERE phone LIKE 'a%')", "SELECT phone FROM customer UNION SELECT title FROM nation",
		"UPDATE nation SET title = 'x' WHERE code IN (SELECT phone FROM customer)", "INSERT INTO nation (title) SELECT phone FROM customer",
		"UNLOAD ('SELECT phone FROM customer') TO 's3://exports/sales/x'", "DECLARE c CURSOR FOR SELECT phone FROM customer", "EXPLAIN SELECT phone FROM customer", "PREPARE p AS SELECT phone FROM customer",
		"DELETE FROM nation USING customer WHERE nation.code = customer.phone", "UPDATE nation SET title = c.phone FROM customer c WHERE c.country = nation.code",
	}
	for _, sql := range read {
		result, err := h.onRedshift(sql)
		if err != nil {
			t.Errorf("%s: %v", sql, err)
			continue
		}
		sent := result.Statements[0].SQL
		if !strings.Contains(sent, `"postern_functions"."mask_keys"`) {
			t.Errorf("%s is sent without a key: %s", sql, sent)
		}
		if err := rsconform.Check(sent); err != nil && strings.HasPrefix(sql, "SELECT") {
			t.Errorf("%v in %s", err, sent)
		}
	}
	for _, sql := range []string{"UPDATE customer SET name = 'x' WHERE phone = 'a'", "DELETE FROM customer WHERE phone LIKE 'a%'"} {
		if result, err := h.onRedshift(sql); err == nil || !strings.Contains(err.Error(), "read keys that are kept in the warehouse") {
			t.Errorf("%s: %v, %v", sql, result, err)
		}
	}
	for _, sql := range []string{"UPDATE customer SET name = 'x' WHERE id = 1", "DELETE FROM customer WHERE id = 1", "INSERT INTO customer (id, country) VALUES (1, 'US')"} {
		if _, err := h.onRedshift(sql); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
	for _, sql := range []string{"SELECT * FROM postern_functions.mask_keys", "SELECT postern_k1.inner_key FROM customer", "SELECT inner_key FROM customer", "SELECT postern_k1.inner_key FROM customer AS postern_k1",
		"SELECT (SELECT postern_k1.inner_key) FROM customer", "SELECT * FROM customer, LATERAL (SELECT postern_r.inner_key) x"} {
		if result, err := h.onRedshift(sql); err == nil {
			t.Errorf("%s is sent: %s", sql, result.Statements[0].SQL)
		}
	}
}

// TestRedshiftKeysShape: nothing but the keys may be joined in a View.
func TestRedshiftKeysShape(t *testing.T) {
	const keys = `(SELECT max("postern_r"."inner_key") AS "inner_key" FROM "postern_functions"."mask_keys" AS "postern_r") AS "postern_k1"`
	for from, ok := range map[string]bool{
		`"s"."t" AS "postern_t"`: true, `"s"."t" AS "postern_t", ` + keys: true, `"s"."t" AS "postern_t", "s"."u" AS "u"`: false, keys: false, `"s"."t" AS "postern_t", ` + keys + `, "s"."u" AS "u"`: false,
		`"s"."t" AS "postern_t", (SELECT max("a") AS "a" FROM "s"."mask_keys") AS "postern_k1"`: false,
	} {
		if _, err := viewParser(sqlgen.RedshiftBuiltin())(`SELECT "postern_t"."a" FROM `+from, []string{"a"}); (err == nil) != ok {
			t.Errorf("%s: %v", from, err)
		}
		if _, err := viewParser(sqlgen.Redshift())(`SELECT "postern_t"."a" FROM `+from, []string{"a"}); err == nil && strings.Contains(from, ",") {
			t.Errorf("with the Lambda, %s is taken", from)
		}
	}
}
