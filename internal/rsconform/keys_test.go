package rsconform

import "testing"

// TestKeys: keys of masks are read in one form, and hashed first.
func TestKeys(t *testing.T) {
	const (
		keys = `(SELECT max("postern_r"."inner_key") AS "inner_key", max("postern_r"."outer_key") AS "outer_key" FROM "postern_functions"."mask_keys" AS "postern_r" WHERE ("postern_r"."domain" = 'd') HAVING (count(*) = 1)) AS "postern_k1"`
		hash = `sha2(("postern_k1"."outer_key" || sha2(("postern_k1"."inner_key" || 'h:d:' || sha2("t"."a", 256)), 256)), 256)`
	)
	if err := CheckStored("SELECT " + hash + ` AS "a" FROM "s"."t" AS "t", ` + keys); err != nil {
		t.Error(err)
	}
	for _, sql := range []string{
		`SELECT "postern_k1"."inner_key" FROM "s"."t" AS "t", ` + keys,
		`SELECT md5(("postern_k1"."inner_key" || 'a')) FROM "s"."t" AS "t", ` + keys,
		`SELECT sha2(('a' || "postern_k1"."inner_key"), 256) FROM "s"."t" AS "t", ` + keys,
		`SELECT "postern_r"."a" FROM "postern_functions"."mask_keys" AS "postern_r"`,
		`SELECT "x"."inner_key" FROM ` + keys + `, "s"."t" AS "x"`,
		"SELECT " + hash + ` FROM "s"."t" AS "t", (SELECT max("postern_r"."inner_key") AS "inner_key", max("postern_r"."outer_key") AS "outer_key" FROM "postern_functions"."mask_keys" AS "postern_r" WHERE ("postern_r"."domain" = 'd')) AS "postern_k1"`,
	} {
		if CheckStored(sql) == nil {
			t.Errorf("the checker takes %s", sql)
		}
	}
}
