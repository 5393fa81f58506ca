package rsconform_test

import (
	"testing"

	"github.com/posternsql/postern/internal/rsconform"
)

// TestStatement: what is not of the form that Postern prints is seen, each for a reason of its own.
func TestStatement(t *testing.T) {
	for _, sql := range []string{
		`BEGIN`, `LOCK postern_system.sync`, `SET LOCAL statement_timeout TO 2000`, `CREATE ROLE "postern_a_read"`, `GRANT ROLE "postern_a_read" TO "ann", "IAMR:Analyst"`,
		`GRANT SELECT ("a", "b") ON TABLE "s"."t" TO ROLE "postern_a_read"`, `REVOKE SELECT ON TABLE "s"."t", "s"."u" FROM GROUP "staff"`, `GRANT USAGE ON SCHEMA "s" TO PUBLIC`,
		`CREATE OR REPLACE VIEW "g"."t" AS SELECT "postern_t"."a" FROM "s"."t" AS "postern_t"`, `CREATE VIEW "g"."t" AS SELECT "postern_t"."a" FROM "s"."t" AS "postern_t" WITH NO SCHEMA BINDING`,
		`CALL postern_procedures.put_profile($1, $2, $3)`, `INSERT INTO postern_system.ledger (object_kind) VALUES ('it''s now() and a SAVEPOINT')`,
	} {
		if err := rsconform.Statement(sql); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
	refused := 0
	for _, sql := range []string{
		`INSERT INTO postern_system.ledger (object_kind) VALUES ('a\'b')`, `GRANT SELECT ON TABLE "s"."t" TO "ann" WITH GRANT OPTION`, `GRANT SELECT ON "s"."t" TO ROLE "a"`, `GRANT SELECT ON TABLE s.t TO ROLE "a"`, `GRANT SELECT ON TABLE "S"."t" TO ROLE "a"`,
		`GRANT "a" TO "ann"`, `CREATE ROLE "A"`, `CREATE ROLE "a" LOGIN`, `SAVEPOINT x`, `INSERT INTO postern_system.ledger VALUES ('a') ON CONFLICT DO NOTHING`, `DO $$ BEGIN END $$`, `TRUNCATE postern_system.profile`, `DROP TABLE "s"."t"`,
		`ALTER TABLE "s"."t" ADD COLUMN x int`, `CREATE VIEW "g"."t" AS SELECT "a" FROM "t" AS "postern_t"`, `CREATE VIEW "g"."t" WITH (security_barrier) AS SELECT "postern_t"."a" FROM "s"."t" AS "postern_t"`,
		`CREATE VIEW "g"."t" AS SELECT now() FROM "s"."t" AS "postern_t"`, `CREATE VIEW "g"."t" AS SELECT "postern_t"."a" FROM "s"."t" AS "postern_t" WHERE "postern_t"."a" = ANY (ARRAY[1])`, `SELECT * FROM "s"."t"`, `CREATE USER "ann" PASSWORD 'x'`,
		`GRANT SELECT FOR TABLES IN SCHEMA "s" TO ROLE "a"`, `SET statement_timeout TO 0`, `COMMENT ON ROLE "a" IS 'x'`, `UPDATE "s"."t" SET a = 1`, `BEGIN; DROP TABLE "s"."t"`,
	} {
		if rsconform.Statement(sql) == nil {
			t.Errorf("nothing is said of: %s", sql)
			continue
		}
		refused++
	}
	t.Logf("%d statements are refused", refused)
	if refused < 25 {
		t.Errorf("only %d", refused)
	}
}
