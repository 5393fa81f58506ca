package rsfake

import (
	"strings"
	"testing"
)

// FuzzTranslate holds that no text makes the translator panic, that what it prints is bounded and read as the same tokens
// again, and that nothing it lets through names the shim by itself.
func FuzzTranslate(f *testing.F) {
	for _, seed := range []string{
		"SELECT 1", `SELECT '\'', ssn FROM secret --'`, "CREATE VIEW a.b AS SELECT * FROM c.d WITH NO SCHEMA BINDING", "GRANT SELECT ON a TO ROLE b, GROUP c, PUBLIC",
		"CREATE TABLE t (a int identity(1,1) encode zstd, b varchar(max)) diststyle all sortkey(a)", "SELECT DECODE(a, 1, 2, 3), LISTAGG(DISTINCT a) WITHIN GROUP (ORDER BY a) FROM t",
		"CREATE USER u PASSWORD 'sha256|a|b' IN GROUP g, h VALID UNTIL '2030-01-01'", "CREATE PROCEDURE p() AS $x$ BEGIN IF a THEN UPDATE t SET b = NVL(c, 1); END IF; END $x$ LANGUAGE plpgsql",
		"SET query_group TO 'a'", "/* /* */ */ SELECT $1::text", "SELECT a #b, c->'d', e::interval", "ALTER DEFAULT PRIVILEGES FOR USER a IN SCHEMA b REVOKE ALL ON FUNCTIONS FROM PUBLIC",
		"CREATE EXTERNAL FUNCTION f.g(varchar) RETURNS varchar VOLATILE LAMBDA 'x' IAM_ROLE default", "SELECT TOP 3 convert(varchar(10), a) FROM t MINUS (SELECT 1)", "((((", "))))", "SELECT f(", `"`, `$`, `E'`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		if len(sql) > 4096 {
			return
		}
		out, refused := Translate(sql)
		if refused != nil {
			if refused.Code == "" || refused.Message == "" {
				t.Fatalf("%q: a refusal without a code: %v", sql, refused)
			}
			return
		}
		if len(out) > 200*len(sql)+4096 {
			t.Fatalf("%d bytes of %d", len(out), len(sql))
		}
		if strings.Contains(strings.ToLower(sql), "pg_rs_shim") {
			return
		}
		before, refusedBefore := lex(sql)
		after, refusedAfter := lex(out)
		if refusedBefore != nil || refusedAfter != nil {
			t.Fatalf("%q became %q, which cannot be read: %v %v", sql, out, refusedBefore, refusedAfter)
		}
		if len(split(after)) != len(split(before)) {
			t.Fatalf("%q: %d statements became %d: %q", sql, len(split(before)), len(split(after)), out)
		}
	})
}

// TestTranslateBounds holds the limits of a statement.
func TestTranslateBounds(t *testing.T) {
	if _, refused := Translate("SELECT '" + strings.Repeat("a", MaxStatementBytes) + "'"); refused == nil || refused.Code != "54000" {
		t.Error(refused)
	}
	if _, refused := Translate("SELECT " + strings.Repeat("(", 100_000) + "1" + strings.Repeat(")", 100_000)); refused == nil || refused.Code != "54001" {
		t.Error(refused)
	}
	if _, refused := Translate(`SELECT "` + strings.Repeat("a", 64) + `"`); refused == nil || refused.Code != "0A000" {
		t.Error(refused)
	}
	if _, refused := Translate(`SELECT "` + strings.Repeat("a", 128) + `"`); refused == nil || refused.Code != "42622" {
		t.Error(refused)
	}
}

// TestTranslateText holds texts whose meaning no server could show.
func TestTranslateText(t *testing.T) {
	for _, c := range []struct{ sql, want string }{
		{"SELECT a FROM b", "SELECT a FROM b"},
		{"select a from b -- c", "select a from b -- c"},
		{`SELECT "A" FROM b`, `select "a" from b`},
		{"GRANT SELECT, DROP ON TABLE s.v TO ROLE r, GROUP g, u, PUBLIC WITH GRANT OPTION", `grant select on table s . v to "role:r" , "group:g" , "u" , public with grant option`},
		{"REVOKE ALL ON SCHEMA s FROM GROUP g", `revoke all on schema s from "group:g"`},
		{"ALTER DEFAULT PRIVILEGES FOR USER u IN SCHEMA s REVOKE EXECUTE ON PROCEDURES FROM PUBLIC", `alter default privileges for role u in schema s revoke execute on routines from public`},
		{"CREATE TABLE t (a text, b numeric) DISTSTYLE ALL", "create table t ( a varchar ( 256 ) , b numeric ( 18 , 0 ) )"},
	} {
		if got, refused := Translate(c.sql); refused != nil || got != c.want {
			t.Errorf("%s\n got %q %v\nwant %q", c.sql, got, refused, c.want)
		}
	}
}
