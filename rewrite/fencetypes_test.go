package rewrite

import (
	"fmt"
	"strings"
	"testing"

	"github.com/posternsql/postern/policy/expr"
)

// barrierTypes are column types, each with a constant that it takes.
var barrierTypes = []struct{ name, typ, value string }{
	{"c_bool", "boolean", "'t'"}, {"c_int2", "smallint", "'5'"}, {"c_int4", "integer", "'5'"}, {"c_int8", "bigint", "'5'"}, {"c_num", "numeric", "'5'"},
	{"c_num2", "numeric(10,2)", "'5'"}, {"c_real", "real", "'5'"}, {"c_double", "double precision", "'5'"}, {"c_money", "money", "'5'"}, {"c_oid", "oid", "'5'"},
	{"c_text", "text", "'a'"}, {"c_varchar", "character varying", "'a'"}, {"c_varchar5", "character varying(5)", "'a'"}, {"c_char", "character(3)", "'a'"},
	{"c_bpchar", "bpchar", "'a'"}, {"c_qchar", `"char"`, "'a'"}, {"c_name", "name", "'a'"}, {"c_bytea", "bytea", "'a'"}, {"c_uuid", "uuid", "'00000000-0000-0000-0000-000000000000'"},
	{"c_date", "date", "'2024-01-01'"}, {"c_time", "time without time zone", "'10:00'"}, {"c_timetz", "time with time zone", "'10:00'"},
	{"c_ts", "timestamp without time zone", "'2024-01-01'"}, {"c_ts3", "timestamp(3) without time zone", "'2024-01-01'"}, {"c_tstz", "timestamp with time zone", "'2024-01-01'"},
	{"c_interval", "interval", "'1 day'"}, {"c_inet", "inet", "'10.0.0.1'"}, {"c_cidr", "cidr", "'10.0.0.0/8'"}, {"c_mac", "macaddr", "'08:00:2b:01:02:03'"},
	{"c_bit", "bit(4)", "'1010'"}, {"c_varbit", "bit varying(4)", "'1010'"}, {"c_jsonb", "jsonb", "'{}'"}, {"c_ints", "integer[]", "'{1}'"}, {"c_texts", "text[]", "'{a}'"},
	{"c_range", "int4range", "'[1,2)'"}, {"c_mood", "public.mood", "'sad'"}, {"c_dom", "public.small", "'5'"}, {"c_dtext", "public.word", "'a'"}, {"c_tid", "tid", "'(0,1)'"}, {"c_xid", "xid", "'5'"},
	{"c_lsn", "pg_lsn", "'0/1'"}, {"c_tsv", "tsvector", "'a'"}, {"c_coll", "text", "'a'"},
}

// barrierConditions puts columns of all types beside one another, and beside constants of every form.
func barrierConditions() []string {
	var out []string
	operators := []string{"=", "<>", "<", "<=", ">", ">="}
	values := []string{"5", "5000000000", "5.5", "99999999999999999999", "5e3", "true", "NULL", "1 + 1", "'a'::text", "'a'::varchar", "'a'::varchar(3)", "'a'::bpchar", "'a'::name",
		"5::int2", "5::int8", "5::numeric", "5::float8", "5.5::int4", "'5'::int4", "date '2024-01-01'", "date '2024-01-01' + 3", "date '2024-01-01' + interval '1 day'", "timestamp '2024-01-01'",
		"timestamptz '2024-01-01'", "timestamp '2024-01-01' - interval '1 day'", "now()", "current_date", "current_date - 3", "now() - interval '3 days'", "localtimestamp", "current_timestamp - interval '1 month'", "date_trunc('month', now())",
		"date_trunc('day', current_date)", "now()::date", "interval '1 day'", "coalesce(NULL, 5)", "CASE WHEN true THEN 5 END", "CASE WHEN true THEN 5 ELSE 5.5 END", "lower('A')", "'a' COLLATE \"C\"", "1/2", "2 * 3.5", "current_user", "random()", "'{1}'::int4[]"}
	for _, a := range barrierTypes {
		for _, b := range barrierTypes {
			for _, op := range operators {
				if op == "=" || a.name == b.name {
					out = append(out, fmt.Sprintf("%s %s %s", a.name, op, b.name))
				}
			}
		}
		for _, v := range append([]string{a.value}, values...) {
			out = append(out, fmt.Sprintf("%s BETWEEN %s AND %s", a.name, v, v), fmt.Sprintf("%s IN (%s, %s)", a.name, v, a.value), fmt.Sprintf("%s = ANY (ARRAY[%s])", a.name, v),
				fmt.Sprintf("CASE WHEN c_bool THEN %s ELSE %s END = %s", a.name, v, v), fmt.Sprintf("(%s, c_int4) = (%s, 3)", a.name, v))
		}
		for _, form := range []string{"%s IS NULL", "NOT %[1]s = %[1]s", "%s IN (1, 2)", "%s IN (1, 5000000000)", "%s IN (1, 2.5)", "%s IN ('1', '2')", "%s = ANY ('{1,2}')", "%s = ANY ('{a}'::text[])", "%s = ANY ('{1}'::int8[])", "%s = ANY (ARRAY[1, 2])",
			"%s = ANY (ARRAY[1, 2.5])", "%s <> ALL ('{1}')", "%s = ANY (c_ints)", "%s = ANY (c_texts)", "%s::int8 = 5", "%s::varchar = 'a'", "%s::varchar(2) = 'a'", "%s::date = current_date", "%s COLLATE \"C\" = 'a'", "%s LIKE 'a%%'", "%s + 1 = 2", "%s || 'a' = 'b'", "-%s = 1",
			"%s ~ 'a'", "%s IN (SELECT 5)", "%s IN (SELECT 'a'::text)", "%s = (SELECT max(c_int4) FROM plain)", "%s = (SELECT max(c_text) FROM plain)", "%s IN (SELECT c_int8 FROM plain)", "%s > (SELECT count(*) FROM plain)", "greatest(%[1]s, %[1]s) = %[1]s", "nullif(%[1]s, %[1]s) IS NULL",
			"%[1]s BETWEEN SYMMETRIC %[1]s AND %[1]s", "%s IS TRUE", "%s"} {
			out = append(out, fmt.Sprintf(form, a.name))
		}
	}
	return out
}

// TestLeakproofLikePostgreSQL: a condition that leaves a table without a fence is one that PostgreSQL itself moves into a
// security_barrier view, because by its own look-up of operators, casts and functions nothing in it can tell.
func TestLeakproofLikePostgreSQL(t *testing.T) {
	dsn := load(t)
	conn := connect(t, dsn, true, nil)
	create := "CREATE TYPE public.mood AS ENUM ('sad'); CREATE DOMAIN public.small AS integer CHECK (VALUE < 10); CREATE DOMAIN public.word AS text; CREATE TABLE public.every ("
	all := testTable{schema: "public", name: "every", filter: expr.Op{Name: ">", Left: col("c_int4", "integer"), Right: expr.Literal{Type: "integer", Value: "1"}}}
	for i, c := range barrierTypes {
		if i > 0 {
			create += ", "
		}
		create += c.name + " " + c.typ
		if c.name == "c_coll" {
			create += ` COLLATE "C"`
		}
		all.columns = append(all.columns, testColumn{name: c.name, typ: c.typ})
	}
	create += "); CREATE TABLE public.plain AS TABLE public.every; CREATE VIEW public.barrier WITH (security_barrier) AS SELECT * FROM public.every WHERE c_int4 > 1"
	if a := ask(conn, create, true); a.code != "" {
		t.Fatal(a.bytes)
	}
	plain := all
	plain.name, plain.filter = "plain", nil
	h := harnessOf(t, []testTable{all, plain}, damage{})
	for _, table := range h.program.Snapshot().Tables() {
		c := table.Columns[len(table.Columns)-1]
		c.Collation = 950
		table.Columns[len(table.Columns)-1] = c
	}
	var conditions, unfenced, pushed int
	for _, cond := range barrierConditions() {
		result, err := h.rewrite("SELECT 1 FROM every WHERE " + cond)
		if err != nil {
			continue
		}
		theirs := ask(conn, "EXPLAIN (COSTS off) SELECT 1 FROM public.barrier WHERE "+strings.ReplaceAll(cond, "FROM plain", "FROM public.plain"), true)
		if theirs.code != "" {
			continue
		}
		conditions++
		plan := strings.Join(theirs.rows, "\n")
		quiet := !strings.Contains(plan, "Subquery Scan on barrier\"\n|\"  Filter")
		if quiet {
			pushed++
		}
		sql := result.Statements[0].SQL
		if strings.Contains(sql, "postern_visible_1") || strings.Contains(sql, "OFFSET 0") {
			continue
		}
		unfenced++
		if !quiet {
			t.Errorf("%s: is no fence here, and PostgreSQL has one\n%s\n%s", cond, sql, plan)
		}
	}
	t.Logf("%d conditions, %d without a fence, %d that PostgreSQL moves below a barrier", conditions, unfenced, pushed)
	if conditions < 2800 || unfenced < 950 {
		t.Error("fewer than promised")
	}
}
