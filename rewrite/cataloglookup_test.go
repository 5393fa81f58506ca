package rewrite

import (
	"strings"
	"testing"
)

// TestCatalogLookUps: what clients ask of one table finds its rows in the catalogues by index, and nothing of hidden ones.
func TestCatalogLookUps(t *testing.T) {
	o := newOracle(t, damage{})
	for sql, index := range map[string]string{
		"SELECT attname FROM pg_attribute WHERE attrelid = 'public.customer'::regclass":                            "pg_attribute_relid_attnum_index",
		"SELECT a.attname FROM pg_catalog.pg_attribute a WHERE a.attrelid = '1259' AND a.attnum > 0":               "pg_attribute_relid_attnum_index",
		"SELECT relkind FROM pg_class WHERE oid = 1259":                                                            "pg_class_oid_index",
		"SELECT oid FROM pg_class c WHERE relname = 'nation'":                                                      "pg_class_relname_nsp_index",
		"SELECT (SELECT count(*) FROM pg_attribute a WHERE a.attrelid = c.oid) FROM pg_class c WHERE c.oid = 1259": "pg_attribute_relid_attnum_index",
		"SELECT ARRAY(SELECT a.attname FROM pg_attribute a WHERE a.attrelid = x.oid) FROM pg_class x":              "pg_attribute_relid_attnum_index",
		"SELECT typname FROM pg_type WHERE oid = $1":                                                               "pg_type_oid_index",
	} {
		result, err := o.h.rewrite(sql)
		if err != nil {
			t.Errorf("%s: %v", sql, err)
			continue
		}
		text := "EXPLAIN (COSTS off) " + result.Statements[0].SQL
		if strings.Contains(sql, "$1") {
			ask(o.raw, "PREPARE p AS "+result.Statements[0].SQL, true)
			text = "EXPLAIN (COSTS off) EXECUTE p(23)"
		}
		if plan := strings.Join(ask(o.raw, text, true).rows, "\n"); !strings.Contains(plan, index) {
			t.Errorf("%s\n%s\n%s", sql, result.Statements[0].SQL, plan)
		}
	}
	for _, sql := range []string{
		"SELECT attname FROM pg_attribute WHERE attrelid = (SELECT c.oid FROM pg_class c WHERE c.relname = 'secret')", "SELECT 1 FROM pg_class WHERE relname = 'secret'",
		"SELECT attname FROM pg_attribute a WHERE a.attname = 'ssn'", "SELECT (SELECT count(*) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'ssn') FROM pg_class c WHERE c.relname = 'customer' AND false",
	} {
		result, err := o.h.rewrite(sql)
		if err != nil {
			t.Errorf("%s: %v", sql, err)
			continue
		}
		if got := ask(o.raw, result.Statements[0].SQL, true); got.code != "" || len(got.rows) != 0 {
			t.Errorf("%s\n%s %v", sql, got.code, got.rows)
		}
	}
}
