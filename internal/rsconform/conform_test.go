package rsconform_test

import (
	"testing"

	"github.com/posternsql/postern/internal/rsconform"
)

// TestCheckerSees feeds the checker what it must pass and what it must refuse.
func TestCheckerSees(t *testing.T) {
	for _, sql := range []string{
		`SELECT CAST("postern_t"."a" AS numeric(18,2)) AS "a" FROM "public"."t" AS "postern_t" WHERE ("postern_t"."b" IN ('x', 'it''s'))`,
		`SELECT dateadd(month, 1, "a"), extract(year FROM "b"), SYSDATE FROM (SELECT "a", "b" FROM "s"."t" AS "postern_t") AS "q"`,
		`WITH "x" ("a") AS (SELECT 1) SELECT * FROM "x" AS "y" JOIN ("s"."t" AS "a" CROSS JOIN "s"."u" AS "b") ON true`, `SELECT now()`,
		`SELECT 1 UNION ALL (SELECT 2 EXCEPT SELECT 3)`, `SELECT count(*) OVER (PARTITION BY "a" ORDER BY "b" ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM "s"."t" AS "t"`,
	} {
		if err := rsconform.Check(sql); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
	for _, sql := range []string{
		``, `SELECT '\'' , ssn FROM secret --'`, `SELECT 'a\\b'`, `SELECT E'a'`, `SELECT "A" FROM "s"."t"`, `SELECT a FROM "s"."t"`, `SELECT "a"::text FROM "s"."t"`,
		`SELECT "a" FROM "t"`, `SELECT "a" FROM (SELECT 1)`, `SELECT now() FROM "s"."t"`, `SELECT current_timestamp, "a" FROM "s"."t"`, `SELECT pg_catalog.now()`,
		`SELECT ("a" OPERATOR(pg_catalog.=) 1)`, `SELECT (ARRAY[1])[1]`, `SELECT count(*) FILTER (WHERE true)`, `SELECT CAST("a" AS regclass)`, `SELECT CAST("a" AS numeric(39,0))`,
		`SELECT "pg_catalog"."now"()`, `SELECT "postern_functions"."reveal"('a')`, `SELECT 1; SELECT 2`, `SELECT 1 -- x`, `SELECT 1 /* x */`, `SELECT * FROM LATERAL "x"`,
		`SELECT $$x$$`, `SELECT current_schema()`, `SELECT 'a`, `SELECT width_bucket(1, 2)`, `SELECT date_trunc(day, "x")`, `SELECT day`, "SELECT 1\n", `SELECT (1 IS DISTINCT 2`,
		`SELECT 'a' 'b'`, `SELECT "a" FROM "s"."t", `, `SELECT "a" FROM "s"."t" AS "x", "u"`, `SELECT "a" FROM "s"."t" AS "x" JOIN "u" ON true`, `SELECT "a" b`, `SELECT pg_sleep(1)`,
	} {
		if rsconform.Check(sql) == nil {
			t.Errorf("the checker lets pass: %s", sql)
		}
	}
}
