package sqlgen

import (
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/warehouse"
)

// plainRules are conditions that PostgreSQL understands as they are.
func plainRules() []string {
	return []string{
		"true", "ok", "NOT ok", "ok IS TRUE", "ok IS NOT TRUE", "ok IS FALSE", "ok IS NOT FALSE", "ok IS UNKNOWN", "ok IS NOT UNKNOWN", "NOT (ok IS UNKNOWN)",
		"id = 1", "id<>1 AND n > 1.5 OR name LIKE 'a%'", "id IN (1, 2, 3)", "id NOT IN (1, 2)", "id NOT IN (1, NULL)", "id = ANY (SELECT x FROM public.l)",
		"id IN (SELECT x FROM public.l)", "id NOT IN (SELECT x FROM public.l)", "id NOT IN (SELECT x FROM public.l WHERE x IS NOT NULL)", "NOT id IN (SELECT x FROM public.l WHERE false)",
		"id IN (SELECT a.x FROM public.l a JOIN public.l AS b ON a.x = b.x WHERE b.y > 'a')", "id IN (SELECT a.x FROM public.l a LEFT JOIN public.l b ON a.x = b.x::numeric(12,0) + 1 WHERE b.x IS NULL)",
		"id IN (SELECT a.x FROM public.l a, public.l b CROSS JOIN public.l c WHERE a.x = b.x AND c.x = 1)", "(id IN (SELECT x FROM public.l)) IS NOT TRUE",
		"big IN (SELECT x FROM public.l WHERE x IN (SELECT x FROM public.l WHERE y = 'b'))", "code IN (SELECT y FROM public.l)", "name IN (SELECT code FROM public.l)",
		"id BETWEEN 1 AND 2", "id NOT BETWEEN 1 AND 2", "name IS NULL", "name IS NOT NULL", "COALESCE(name, code, 'x') = 'x'", "NULLIF(name, 'a') IS NULL",
		"name IS DISTINCT FROM 'a'", "name IS NOT DISTINCT FROM code", "name IS DISTINCT FROM NULL", "CASE WHEN ok THEN id = 1 WHEN NOT ok THEN id = 2 END", "CASE id WHEN 1 THEN true ELSE ok END",
		"code = 'a'", "code = 'a   '", "code = name", "code LIKE 'a%'", "code::text = 'a'", "lower(name) = 'a'", "name || code = 'aa'", "length(name) = 1",
		"substr(name, 1, 1) = 'a'", "name ~ '^[a-b]$'", "name !~* 'A'", "name NOT LIKE 'a!%' ESCAPE '!'", "name NOT ILIKE 'A'", "name ~ '^(a|b)$'", "position('b' in name) > 0",
		"-id::numeric(12,0) < -1", "-1 > id", "id % 2 = 0", "id / 2 = 1", "n / 3 > 0.3", "n = 1.5", "n::numeric(10,1) = 1.5", "big > 3000000000", "big = -9223372036854775808", "id = -2147483648", "id + big::numeric(20,0) > 2", "id * 1.5 = 3.0", "f > 1",
		"abs(n) = 1.5", "round(n) = 2", "round(n, 1) = 1.5", "d > '2020-01-01'", "d >= date '2020-01-02' AND d < date '2021-01-01' - 1", "ts > '2020-01-01 10:00'", "ts::date = d", "d < ts", "ts < timestamp '2021-01-01 00:00:00' - interval '1 day'",
		"tz > '2020-01-01 00:00:00+02'", "tz < now()", "tz = CURRENT_TIMESTAMP", "tz > now() - interval '30 days'", "d < (now() AT TIME ZONE 'UTC')::date", "extract(year FROM ts) = 2020", "date_part('month', d) = 1",
		"ts < date_trunc('month', timestamp '2020-02-05 00:00:00')", "mood = 'happy'", "mood IN ('sad', 'happy')", "mood > 'sad'", "u = '00000000-0000-0000-0000-000000000001'", "u::text LIKE '0%'", "mail = 'x@y'", "mail::text LIKE '%@%'",
		"t.ok AND public.t.ok", "false OR NULL", "NULL", "NULL IS NULL AND ok", "ok = true", "ok <> (id = 1)", "'a' = name", "1 < id", "j ->> 'a' = '1'", "j @> '{\"a\": 1}'", "arr @> arr", "(j -> 'a')::text = '1'",
	}
}

// failingRules are conditions that some row could make raise an error.
func failingRules() []string {
	return []string{
		"id + big > 2", "-id < -1", "id * 2 = 4", "1 / id = 1", "id / -1 = 1", "n / n = 1", "n::integer = 2", "name::integer = 1", "CASE WHEN id = 0 THEN false ELSE 1 / id = 1 END", "d + 1 < '2021-01-01'", "ts - interval '1 day' < d",
		"tz + interval '1 day' > now()", "d::timestamp = ts", "date_trunc('month', ts) = '2020-01-01'", "name ~ code", "name ~ '(a+)+$'", "name SIMILAR TO '(a|b)'", "name LIKE code", "name LIKE 'a\\'", "name LIKE 'a!' ESCAPE '!'", "repeat(name, id) = 'a'",
		"f::integer = 1", "f + 1 = 2", "sqrt(f) = 1", "id IN (SELECT x + 1 FROM public.l)", "id IN (SELECT 1 FROM public.l WHERE 1 / x = 1)", "substr(name, 1, id) = 'a'", "left(name, id) = 'a'", "j ->> name = '1'", "round(n, id) = 1",
	}
}

// TestRulesThatCanFail: a condition that some row could make raise an error is refused, wherever in it that stands.
func TestRulesThatCanFail(t *testing.T) {
	conn := connect(t)
	run(t, conn, ruleTables)
	for _, rule := range failingRules() {
		if _, _, err := compileRule(t, conn, rule); err == nil {
			t.Errorf("%s is published", rule)
		}
	}
	t.Logf("%d rules that can fail", len(failingRules()))
}

// TestRulesMeanWhatTheySay runs each condition as its author wrote it and as we print it: the same rows must come out. A
// condition that we refuse is counted; it must not be most of them.
func TestRulesMeanWhatTheySay(t *testing.T) {
	conn := connect(t)
	run(t, conn, ruleTables)
	compared, refused := 0, 0
	for _, rule := range plainRules() {
		program, table, err := compileRule(t, conn, rule)
		if err != nil {
			t.Logf("refused: %s", err)
			refused++
			continue
		}
		d := program.Decide(policy.BindPrincipal(identity.NewPrincipal(identity.Spec{User: "ann"})), []policy.Want{{Table: table}})[0]
		view, err := Postgres().View(&d)
		if err != nil {
			t.Fatal(err)
		}
		want := fetch(t, conn, "SELECT t.* FROM public.t WHERE "+rule)
		if got := fetch(t, conn, "SELECT * FROM ("+view.SQL+") AS v"); got != want {
			t.Errorf("%s\nmeans\n%sbut\n%s\nmeans\n%s", rule, want, view.SQL, got)
		}
		compared++
	}
	t.Logf("%d rules compared, %d refused", compared, refused)
	if refused > 2 {
		t.Error("too many rules are refused")
	}
}

// ruleTables are those that the rules of these tests are about.
const ruleTables = `CREATE TYPE public.mood AS ENUM ('sad', 'happy'); CREATE DOMAIN public.email AS text CHECK (VALUE LIKE '%@%');
		CREATE TABLE public.l (x int, y text, code char(4));
		INSERT INTO public.l VALUES (1, 'a', 'a'), (2, 'b', 'b'), (NULL, 'c', NULL), (7, NULL, 'q');
		CREATE TABLE public.t (id int, big bigint, name varchar(10), code char(4), n numeric(8,2), f float8, ok boolean, d date, ts timestamp, tz timestamptz,
			mood public.mood, u uuid, mail public.email, j jsonb, arr int[]);
		INSERT INTO public.t VALUES
			(1, 1, 'a', 'a', 1.5, 1.5, true, '2020-01-02', '2020-01-02 10:00', '2020-01-01 00:00+00', 'happy', '00000000-0000-0000-0000-000000000001', 'x@y', '{"a": 1}', '{1}'),
			(2, 4000000000, 'b', 'a', -1.5, 'NaN', false, '2021-01-02', '2020-01-31 10:00', '2999-01-01 00:00+00', 'sad', NULL, 'a@b', '{"a": "1"}', '{}'),
			(3, -9223372036854775808, 'A', 'b', 0.99, 0, NULL, '2019-12-31', '2019-12-31 00:00', now(), NULL, NULL, NULL, NULL, NULL),
			(-2147483647, 2, '', '', NULL, NULL, true, 'infinity', '-infinity', 'infinity', 'happy', NULL, 'x@x', '[]', '{NULL}'),
			(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)`

// compileRule publishes a row rule on the table t.
func compileRule(t *testing.T, conn *pgconn.PgConn, rule string) (*policy.Program, *catalog.Table, error) {
	t.Helper()
	tables, err := warehouse.Crawl(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	snapshot, err := catalog.New(1, "tpch", registered(tables, "public"))
	if err != nil {
		t.Fatal(err)
	}
	on := policy.Selector{Tables: []string{"tpch.public.t"}}
	all := policy.SubscriptionPolicy{Name: "all", On: on, Access: policy.AccessRead, Effect: policy.SubscriptionGrant, Allow: policy.Allow{Anyone: true}}
	table, _ := snapshot.Table("public", "t")
	program, _, err := policy.Compile(policy.Input{Snapshot: snapshot, Subscriptions: []policy.SubscriptionPolicy{all},
		Data: []policy.DataPolicy{{Name: "r", On: on, Rules: []policy.Rule{{Rows: rule}}}}})
	return program, table, err
}
