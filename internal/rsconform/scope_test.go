package rsconform_test

import (
	"testing"

	"github.com/posternsql/postern/internal/rsconform"
)

// TestStored: a view's query whose sub-selects stand alone passes; one that names what is around it does not, at whatever depth.
func TestStored(t *testing.T) {
	const person = `(SELECT max("postern_p"."flags") AS "c1" FROM "postern_system"."user_profile" AS "postern_p" HAVING (count(*) = 1)) AS "postern_u"`
	const has = `(SELECT "postern_e"."value" FROM "postern_system"."user_entitlement" AS "postern_e" WHERE ("postern_e"."kind" = 'group'))`
	for _, sql := range []string{
		`SELECT "postern_t"."a" FROM "s"."t" AS "postern_t", ` + person + ` WHERE ("postern_u"."c1" AND ("postern_t"."a" IN ` + has + `))`,
		`SELECT "t"."a" FROM "s"."t" WHERE ("t"."a" NOT IN (SELECT "u"."b" FROM ("s"."u" CROSS JOIN "s"."v" AS "w") WHERE ("w"."c" = "u"."c")))`,
		`SELECT "t"."a" FROM "s"."t" WHERE ("t"."a" NOT IN (1, 2)) UNION ALL SELECT "postern_p"."a" FROM "postern_system"."p" AS "postern_p"`,
		`SELECT CAST("postern_functions"."keyed_hash"("postern_t"."a", 'd') AS character varying(9)) AS "a" FROM "s"."t" AS "postern_t"`,
	} {
		if err := rsconform.CheckStored(sql); err != nil {
			t.Errorf("%v: %s", err, sql)
		}
	}
	for _, sql := range []string{
		`SELECT "postern_t"."a" FROM "s"."t" AS "postern_t" WHERE ("postern_t"."a" IN (SELECT "u"."b" FROM "s"."u" AS "u" WHERE ("u"."c" = "postern_t"."c")))`,
		`SELECT (SELECT max("u"."b") FROM "s"."u" AS "u" WHERE ("t"."c" = "u"."c")) AS "a" FROM "s"."t" AS "t"`,
		`SELECT "q"."a" FROM "s"."t" AS "t", (SELECT "t"."a" FROM "s"."u" AS "u") AS "q"`,
		`SELECT "t"."a" FROM "s"."t" AS "postern_t"`,
		`SELECT "postern_t"."a" FROM "s"."t" AS "postern_t", ` + person + ` WHERE EXISTS ` + has,
		`SELECT "postern_t"."a" FROM "s"."t" AS "postern_t", ` + person + ` WHERE ("postern_t"."a" NOT IN ` + has + `)`,
		`SELECT "postern_t"."a" FROM "s"."t" AS "postern_t" WHERE ("postern_t"."a" IN (SELECT "u"."b" FROM "s"."u" AS "u" WHERE ("u"."c" IN (SELECT "v"."c" FROM "s"."v" AS "v" WHERE ("v"."d" = "u"."d")))))`,
	} {
		if rsconform.CheckStored(sql) == nil {
			t.Errorf("nothing is said of: %s", sql)
		}
	}
}

// TestBinding: a view over an external schema is WITH NO SCHEMA BINDING, and no other is.
func TestBinding(t *testing.T) {
	const bound, outside = `CREATE VIEW "g"."t" AS SELECT "postern_t"."a" FROM "s"."t" AS "postern_t"`, `CREATE OR REPLACE VIEW "g"."e" AS SELECT "postern_t"."a" FROM "s"."t" AS "postern_t" WHERE ("postern_t"."a" IN (SELECT "e"."a" FROM "lake"."e" AS "e"))`
	const late = " WITH NO SCHEMA BINDING"
	for sql, want := range map[string]bool{bound: true, bound + late: false, outside: false, outside + late: true, `DROP VIEW "g"."t"`: true} {
		if err := rsconform.Binding(sql, "lake"); (err == nil) != want {
			t.Errorf("%v: %s", err, sql)
		}
	}
}
