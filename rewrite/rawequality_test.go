package rewrite

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"pgregory.net/rapid"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/sqlgen"
	wh "github.com/posternsql/postern/warehouse"
)

// lookUpTables are the people that rows are looked up in, and copies that hold only what the person may see, with the raw values beside
// the masked ones. Hidden rows have values of visible ones, and some of their own.
const lookUpTables = `
CREATE TABLE public.people (id int PRIMARY KEY, phone char(15), mail text, code varchar(9), acct numeric(12,2), n int, born date, at timestamptz, ok boolean, uid uuid, region text, zip text);
CREATE INDEX ON public.people (mail);
INSERT INTO public.people SELECT i, '13-' || i % 7, CASE WHEN i % 5 > 0 THEN 'm' || i % 6 END, 'c' || i % 4, i % 9 / 2.0, i % 8, date '2000-01-01' + i % 5, timestamptz '2000-01-01 00:00+00' + i % 3 * interval '1 day',
	CASE i % 3 WHEN 0 THEN true WHEN 1 THEN false END, ('00000000-0000-0000-0000-00000000000' || i % 4)::uuid, CASE WHEN i % 2 = 0 THEN 'a' WHEN i % 7 > 0 THEN 'b' END, 'z' || least(i, 12) FROM generate_series(1, 40) AS i;
INSERT INTO public.people VALUES (99, '13-MARKER', 'MARKER', 'MARKER', 777, 777, '2077-07-07', '2077-07-07 00:00+00', true, '00000000-0000-0000-0000-000000000777', 'b', 'MARKER');
CREATE TABLE public.calls (id int PRIMARY KEY, person int, mail text);
INSERT INTO public.calls SELECT i, i % 12, 'm' || i % 6 FROM generate_series(1, 20) AS i;
ANALYZE public.people;
CREATE SCHEMA seen;
CREATE TABLE seen.people AS SELECT id, '***'::char(15) AS phone, left(mail, 1) AS mail, NULL::varchar(9) AS code, NULL::numeric(12,2) AS acct, NULL::int AS n, NULL::date AS born, NULL::timestamptz AS at, NULL::boolean AS ok, NULL::uuid AS uid, region, zip,
	phone AS raw_phone, mail AS raw_mail, code AS raw_code, acct AS raw_acct, n AS raw_n, born AS raw_born, at AS raw_at, ok AS raw_ok, uid AS raw_uid FROM public.people WHERE region = 'a';
CREATE TABLE seen.calls AS TABLE public.calls;`

// lookUpRewriter compiles the policies of these tests: rows of region a only, and every raw column masked and open to look-ups.
func lookUpRewriter(t *testing.T, conn *pgconn.PgConn, more ...policy.Rule) (*Rewriter, *policy.Program) {
	t.Helper()
	tables, err := wh.Crawl(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		table.Registered = table.Schema == "public"
		for i := range table.Columns {
			c := &table.Columns[i]
			c.Reviewed, c.RawEquality = true, c.Name != "id" && c.Name != "region" && c.Name != "zip"
		}
	}
	snapshot, err := catalog.New(1, "db", tables)
	if err != nil {
		t.Fatal(err)
	}
	stars := "***"
	on := policy.Selector{Tables: []string{"db.public.people"}}
	program, _, err := policy.Compile(policy.Input{Version: 1, Snapshot: snapshot,
		Subscriptions: []policy.SubscriptionPolicy{{Name: "s", On: policy.Selector{Tables: []string{"db.public.*"}}, Access: policy.AccessRead, Effect: policy.SubscriptionGrant, Allow: policy.Allow{Anyone: true}}},
		Data: []policy.DataPolicy{{Name: "d", On: on, Rules: append([]policy.Rule{
			{Rows: "lower(region) = 'a'", ExceptFor: "isInGroups('all')"},
			{Mask: &policy.Mask{Columns: []string{"phone"}, Constant: &stars}, ExceptFor: "isInGroups('raw')"},
			{Mask: &policy.Mask{Columns: []string{"mail"}, Custom: "left(@value, 1)"}, ExceptFor: "isInGroups('raw')"},
			{Mask: &policy.Mask{Columns: []string{"code", "acct", "n", "born", "at", "ok", "uid"}, Null: true}, ExceptFor: "isInGroups('raw')"},
		}, more...)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	rw, err := New(Config{Dialect: sqlgen.Postgres()})
	if err != nil {
		t.Fatal(err)
	}
	return rw, program
}

func lookUpDatabase(t *testing.T) *pgconn.PgConn {
	t.Helper()
	conn := connect(t, pgtest.Database(t), true, nil)
	if _, err := conn.Exec(t.Context(), lookUpTables).ReadAll(); err != nil {
		t.Fatal(err)
	}
	return conn
}

func lookUpRequest(program *policy.Program, sql string, groups ...string) Request {
	return Request{SQL: sql, Program: program, Database: "db", SearchPath: []string{"public"}, Principal: identity.NewPrincipal(identity.Spec{User: "ann", Groups: groups})}
}

// lookUps are conditions, and what they mean on the copy. T stands for the table's alias.
func lookUps() [][2]string {
	return [][2]string{
		{"T.phone = '13-2'", "T.raw_phone = '13-2'"}, {"'13-3' = T.phone", "T.raw_phone = '13-3'"}, {"T.phone = '13-2   '", "T.raw_phone = '13-2'"}, {"T.phone = '13-1'::text", "T.raw_phone::text = '13-1'"},
		{"T.phone IN ('13-1', '13-4')", "T.raw_phone IN ('13-1', '13-4')"}, {"T.phone = ANY ('{13-1,13-4}')", "T.raw_phone IN ('13-1', '13-4')"}, {"T.phone = ANY (ARRAY['13-1', '13-4'])", "T.raw_phone IN ('13-1', '13-4')"},
		{"T.mail = 'm2'", "T.raw_mail = 'm2'"}, {"T.mail IN ('m1', NULL, 'm4')", "T.raw_mail IN ('m1', 'm4')"}, {"T.mail = NULL", "false"}, {"T.mail = ANY ('{m1,NULL}'::text[])", "T.raw_mail = 'm1'"}, {"T.mail OPERATOR(pg_catalog.=) 'm2'", "T.raw_mail = 'm2'"},
		{"(T.mail = 'm1' OR T.phone = '13-2' OR T.n IN (1, 2))", "(T.raw_mail = 'm1' OR T.raw_phone = '13-2' OR T.raw_n IN (1, 2))"}, {"T.mail = 'MARKER'", "false"}, {"(T.mail = 'MARKER' OR T.acct = 777)", "false"},
		{"T.code = 'c2'", "T.raw_code = 'c2'"}, {"T.code = CAST('c1' AS varchar(3))", "T.raw_code = 'c1'"}, {"T.acct = 2", "T.raw_acct = 2"}, {"T.acct = 1.5", "T.raw_acct = 1.5"}, {"T.acct IN (1, 2.5, '3')", "T.raw_acct IN (1, 2.5, 3)"},
		{"T.acct = ANY ('{1,1.5}')", "T.raw_acct IN (1, 1.5)"}, {"T.n = 3", "T.raw_n = 3"}, {"T.n = '3'", "T.raw_n = 3"}, {"T.n = 3000000000", "false"}, {"T.n = ANY (ARRAY[1, 2])", "T.raw_n IN (1, 2)"}, {"T.n = 2::bigint", "T.raw_n = 2"},
		{"T.born = '2000-01-03'", "T.raw_born = '2000-01-03'"}, {"T.born = date '2000-01-03'", "T.raw_born = '2000-01-03'"}, {"T.at = '2000-01-02 00:00+00'", "T.raw_at = '2000-01-02 00:00+00'"}, {"T.ok = true", "T.raw_ok"}, {"T.ok = 'f'", "NOT T.raw_ok"},
		{"T.uid = '00000000-0000-0000-0000-000000000002'", "T.raw_uid = '00000000-0000-0000-0000-000000000002'"},
		// Not look-ups: the mask is compared.
		{"T.mail <> 'm2'", "T.mail <> 'm2'"}, {"T.mail LIKE 'm%'", "T.mail LIKE 'm%'"}, {"T.mail = lower('M')", "T.mail = 'm'"}, {"T.mail NOT IN ('m')", "T.mail NOT IN ('m')"}, {"T.n IS NULL", "T.n IS NULL"}, {"T.mail = T.region", "T.mail = T.region"},
		{"T.phone > '1'", "T.phone > '1'"}, {"T.mail IS NOT DISTINCT FROM 'm'", "T.mail IS NOT DISTINCT FROM 'm'"}, {"T.id = 4", "T.id = 4"}, {"T.region = 'a'", "T.region = 'a'"}, {"T.region = 'b'", "T.region = 'b'"}, {"1 / (T.id - 99) <= 0", "true"}, {"T.zip <> 'z1'", "T.zip <> 'z1'"},
		{"T.id IN (SELECT person FROM calls WHERE mail = 'm1')", "T.id IN (SELECT person FROM calls WHERE mail = 'm1')"}, {"T.id IN (SELECT q.id FROM people q WHERE q.mail = 'm1')", "T.id IN (SELECT q.id FROM people q WHERE q.raw_mail = 'm1')"},
		{"EXISTS (SELECT FROM people q WHERE q.mail = 'm2' AND q.id = T.id + 2)", "EXISTS (SELECT FROM people q WHERE q.raw_mail = 'm2' AND q.id = T.id + 2)"},
	}
}

// lookUpQueries are queries around the conditions; @ stands for them, & for others on the second table.
func lookUpQueries() []string {
	return []string{
		"SELECT p.id, p.phone, p.mail, p.acct FROM people p WHERE @", "SELECT count(*), count(p.mail) FROM public.people AS p WHERE @", "SELECT p.id, c.id FROM people p JOIN calls c ON c.person = p.id WHERE @",
		"SELECT p.id, c.id FROM people p LEFT JOIN calls c ON c.person = p.id AND p.mail = 'm' WHERE @", "SELECT p.id FROM calls c RIGHT JOIN people p ON c.person = p.id WHERE @ AND c.id IS NULL", "SELECT p.id, q.id FROM people p, people q WHERE @ AND & AND p.id < q.id",
		"SELECT p.mail, count(*) FROM people p WHERE @ GROUP BY p.mail HAVING p.mail = 'm'", "SELECT s.id FROM (SELECT p.id, p.mail FROM people p WHERE @) s WHERE s.mail = 'm'", "WITH w AS (SELECT p.* FROM people p WHERE @) SELECT id, phone FROM w",
		"SELECT p.id FROM people p WHERE @ UNION SELECT p.id FROM people p WHERE @", "SELECT x.b, x.c FROM people AS p CROSS JOIN LATERAL (SELECT p.id, p.phone) AS x(b, c) WHERE @", "SELECT p.id, row_number() OVER (ORDER BY p.id) FROM people p WHERE @ AND &p&",
		"SELECT (SELECT min(p.id) FROM people p WHERE @), c.id FROM calls c",
	}
}

// TestRawEquality: rows that are looked up by the raw value of a masked column are those that the same condition finds on a copy that holds
// only what the person may see; everything that is no look-up compares the mask. What was looked up is reported.
func TestRawEquality(t *testing.T) {
	conn := lookUpDatabase(t)
	rw, program := lookUpRewriter(t, conn)
	compared, withRows, looked := 0, 0, 0
	one := func(rt *rapid.T) {
		conditions := func(alias string) (client, copied string) {
			var a, b []string
			for range rapid.IntRange(1, 3).Draw(rt, "conditions") {
				pair := rapid.SampledFrom(lookUps()).Draw(rt, "condition")
				a, b = append(a, strings.ReplaceAll(pair[0], "T.", alias)), append(b, strings.ReplaceAll(pair[1], "T.", alias))
			}
			return strings.Join(a, " AND "), strings.Join(b, " AND ")
		}
		query := rapid.SampledFrom(lookUpQueries()).Draw(rt, "query")
		p, pc := conditions("p.")
		q, qc := conditions("q.")
		fill := func(p, q string) string { return strings.NewReplacer("@", p, "&p&", p, "&", q).Replace(query) }
		client := fill(p, q)
		result, err := rw.Rewrite(t.Context(), lookUpRequest(program, client))
		if err != nil {
			rt.Fatalf("%s: %v", client, err)
		}
		got := ask(conn, result.Statements[0].SQL, false)
		run(t, conn, "SET search_path = seen, pg_catalog, pg_temp")
		want := ask(conn, strings.ReplaceAll(fill(pc, qc), "public.", "seen."), false)
		run(t, conn, "SET search_path = pg_catalog, pg_temp")
		if fmt.Sprint(got.rows, got.code) != fmt.Sprint(want.rows, want.code) || strings.Contains(got.bytes, marker) {
			rt.Fatalf("%s\nbecame %s\n got %v %s\nwant %v %s", client, result.Statements[0].SQL, got.rows, got.bytes, want.rows, want.bytes)
		}
		if compared++; len(want.rows) > 0 {
			withRows++
		}
		for _, columns := range result.Statements[0].LookedUp {
			looked += len(columns)
		}
	}
	for range 6 {
		rapid.Check(t, one)
	}
	t.Logf("%d compared, %d with rows, %d columns looked up", compared, withRows, looked)
	if compared < 600 || withRows < compared/3 || looked < compared {
		t.Error("fewer than 600 comparisons, too few look-ups, or too few that find anything")
	}
}

func run(t *testing.T, conn *pgconn.PgConn, sql string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql).ReadAll(); err != nil {
		t.Fatal(err)
	}
}

// TestRawEqualityOnRecord: what is looked up is reported per source, and nothing is where the column is raw or only shown.
func TestRawEqualityOnRecord(t *testing.T) {
	conn := lookUpDatabase(t)
	rw, program := lookUpRewriter(t, conn)
	for sql, want := range map[string]string{
		"SELECT id FROM people WHERE phone = '1' AND mail = 'x'":                  "[[phone mail]]",
		"SELECT id FROM people WHERE n = 1 OR acct = 1":                           "[[acct n]]",
		"SELECT phone, mail FROM people WHERE mail LIKE 'x'":                      "[[]]",
		"SELECT p.id FROM calls c JOIN people p ON p.id = c.id WHERE p.mail = ''": "[[] [mail]]",
		"SELECT mail = 'x' FROM people":                                           "[[]]",
		"SELECT id FROM people WHERE id = 1":                                      "[[]]",
	} {
		result, err := rw.Rewrite(t.Context(), lookUpRequest(program, sql))
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(result.Statements[0].LookedUp); got != want {
			t.Errorf("%s: %s, want %s", sql, got, want)
		}
		if result, err = rw.Rewrite(t.Context(), lookUpRequest(program, sql, "raw")); err != nil || strings.Contains(fmt.Sprint(result.Statements[0].LookedUp), "m") {
			t.Errorf("%s, of who sees it raw: %v, %v", sql, result.Statements[0].LookedUp, err)
		}
	}
}

// TestRawEqualityRefused: an equality with constants that cannot leave WHERE without changing what it means is refused, not compared with
// the mask.
func TestRawEqualityRefused(t *testing.T) {
	conn := lookUpDatabase(t)
	rw, program := lookUpRewriter(t, conn)
	for _, sql := range []string{
		"SELECT id FROM people WHERE NOT mail = 'x'", "SELECT id FROM people WHERE mail = 'x' OR id = 1", "SELECT id FROM people WHERE (mail = 'x') IS NOT TRUE", "SELECT id FROM people WHERE CASE WHEN mail = 'x' THEN true END",
		"SELECT c.id FROM calls c LEFT JOIN people p ON p.id = c.id WHERE p.mail = 'x'", "SELECT c.id FROM people p RIGHT JOIN calls c ON p.id = c.id WHERE p.mail = 'x'", "SELECT c.id FROM people p FULL JOIN calls c ON p.id = c.id WHERE p.mail = 'x'",
		"SELECT c.id FROM calls c LEFT JOIN (people p JOIN calls d ON true) ON p.id = c.id WHERE p.mail = 'x'", "SELECT id FROM people p WHERE EXISTS (SELECT FROM calls c WHERE p.mail = 'x' AND c.id = p.id)",
		"SELECT p.id FROM people p, people q WHERE p.mail = 'x' OR q.mail = 'x'", "SELECT id FROM people WHERE n = 1.5", "SELECT id FROM people WHERE mail = 'x'::name", "SELECT id FROM people WHERE born = timestamp '2000-01-01'", "SELECT id FROM people WHERE n = 1::numeric",
		"SELECT person FROM people JOIN calls USING (mail) WHERE mail = 'x'", "SELECT id FROM people WHERE id IN (SELECT 1 WHERE mail = 'x')", "SELECT id FROM people WHERE mail = 'x' AND (mail = 'y') = ok", "SELECT id FROM people WHERE mail = $1 AND id = length($1)",
		"SELECT id FROM people WHERE acct = 1e300::float8",
	} {
		var told *pgerror.Error
		result, err := rw.Rewrite(t.Context(), lookUpRequest(program, sql))
		if !errors.As(err, &told) || told.Code != pgerror.CodeFeatureNotSupported {
			t.Errorf("%s: %v %v", sql, result, err)
		}
		if _, err := rw.Rewrite(t.Context(), lookUpRequest(program, sql, "raw")); err != nil {
			t.Errorf("%s, of who sees it raw: %v", sql, err)
		}
	}
}

// TestRawEqualityParameters binds parameters of many declared types, as drivers do.
func TestRawEqualityParameters(t *testing.T) {
	conn := lookUpDatabase(t)
	rw, program := lookUpRewriter(t, conn)
	for _, c := range []struct {
		sql, value string
		types      []uint32
		want       string
	}{
		{"SELECT id FROM people WHERE mail = $1 ORDER BY 1", "m2", nil, "2 8 14 26 32 38"}, {"SELECT id FROM people WHERE mail = $1 ORDER BY 1", "m2", []uint32{1043}, "2 8 14 26 32 38"}, {"SELECT id FROM people WHERE phone = $1 ORDER BY 1", "13-2", []uint32{1043}, "2 16 30"},
		{"SELECT id FROM people WHERE phone = $1 ORDER BY 1", "13-2", []uint32{25}, "2 16 30"}, {"SELECT id FROM people WHERE phone = $1 ORDER BY 1", "13-2", []uint32{1042}, "2 16 30"}, {"SELECT id FROM people WHERE phone = $1 ORDER BY 1", "13-2", nil, "2 16 30"},
		{"SELECT id FROM people WHERE n = $1 ORDER BY 1", "4", []uint32{20}, "4 12 20 28 36"}, {"SELECT id FROM people WHERE acct = $1 ORDER BY 1", "1", []uint32{1700}, "2 20 38"}, {"SELECT id FROM people WHERE acct = $1 ORDER BY 1", "1", []uint32{23}, "2 20 38"},
		{"SELECT id FROM people WHERE mail = ANY ($1) ORDER BY 1", "{m2,MARKER}", nil, "2 8 14 26 32 38"}, {"SELECT id FROM people WHERE phone = ANY ($1) ORDER BY 1", "{13-2}", []uint32{1009}, "2 16 30"}, {"SELECT id FROM people WHERE mail = $1 AND id > length($1)", "m4", []uint32{25}, "4 16 22 28 34"},
		{"SELECT id FROM people WHERE mail = $1", "MARKER", nil, ""}, {"SELECT id FROM people WHERE n = $1::int8", "777", nil, ""},
	} {
		req := lookUpRequest(program, c.sql)
		req.ParamTypes = c.types
		result, err := rw.Rewrite(t.Context(), req)
		if err != nil {
			t.Errorf("%s %v: %v", c.sql, c.types, err)
			continue
		}
		out := conn.ExecParams(t.Context(), result.Statements[0].SQL, [][]byte{[]byte(c.value)}, c.types, nil, nil).Read()
		var ids []string
		for _, row := range out.Rows {
			ids = append(ids, string(row[0]))
		}
		if got := strings.Join(ids, " "); got != c.want || out.Err != nil {
			t.Errorf("%s %v: %q, want %q; %v\n%s", c.sql, c.types, got, c.want, out.Err, result.Statements[0].SQL)
		}
	}
	var told *pgerror.Error
	req := lookUpRequest(program, "SELECT id FROM people WHERE n = $1")
	if req.ParamTypes = []uint32{701}; true {
		if _, err := rw.Rewrite(t.Context(), req); !errors.As(err, &told) || told.Code != pgerror.CodeFeatureNotSupported {
			t.Errorf("a parameter of another type: %v", err)
		}
	}
}

// TestRawEqualityPlans: a look-up by a comparison that cannot fail uses an index beside the row filter; one that could does not run below
// the fence, and a mask that counts rows counts all of them.
func TestRawEqualityPlans(t *testing.T) {
	conn := lookUpDatabase(t)
	rw, program := lookUpRewriter(t, conn, policy.Rule{Mask: &policy.Mask{Columns: []string{"zip"}, KAnonymity: &policy.KAnonymityMask{K: 3}}, ExceptFor: "!isInGroups('counted')"})
	plan := func(sql string, groups ...string) string {
		result, err := rw.Rewrite(t.Context(), lookUpRequest(program, sql, groups...))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(ask(conn, "SET enable_seqscan = off; EXPLAIN (COSTS OFF) "+result.Statements[0].SQL, true).rows, "\n")
	}
	if got := plan("SELECT id FROM people WHERE mail = 'm2'"); !strings.Contains(got, "Index Cond") {
		t.Errorf("no index:\n%s", got)
	}
	if got := plan("SELECT id FROM people WHERE acct = 2"); !strings.Contains(got, "Subquery Scan") || !strings.Contains(got, "raw") {
		t.Errorf("no fence:\n%s", got)
	}
	// Of the zip codes of visible rows only z12 stands in three rows or more; one row of them is looked up.
	result, err := rw.Rewrite(t.Context(), lookUpRequest(program, "SELECT id, zip FROM people WHERE mail = 'm2' ORDER BY 1", "counted"))
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(ask(conn, result.Statements[0].SQL, true).rows); got != `[|"2"|NULL |"8"|NULL |"14"|"z12" |"26"|"z12" |"32"|"z12" |"38"|"z12"]` {
		t.Errorf("counted %s by %s", got, result.Statements[0].SQL)
	}
}

// TestRawEqualitySeesDamage proves that the comparison would see look-ups that the row filter does not stop, and comparisons with the mask.
func TestRawEqualitySeesDamage(t *testing.T) {
	conn := lookUpDatabase(t)
	rw, program := lookUpRewriter(t, conn)
	for _, sql := range []string{"SELECT id FROM people WHERE mail = 'MARKER'", "SELECT id FROM people WHERE acct = 777"} {
		result, err := rw.Rewrite(t.Context(), lookUpRequest(program, sql, "all"))
		if err != nil {
			t.Fatal(err)
		}
		if got := ask(conn, result.Statements[0].SQL, false); len(got.rows) != 1 {
			t.Errorf("%s finds %v where no row is hidden", sql, got.rows)
		}
		if result, err = rw.Rewrite(t.Context(), lookUpRequest(program, sql)); err != nil {
			t.Fatal(err)
		}
		if got := ask(conn, result.Statements[0].SQL, false); len(got.rows) != 0 || got.code != "" {
			t.Errorf("%s finds %v", sql, got)
		}
	}
}

// TestRawTypesAgree: what is published for look-ups is what this package can compare.
func TestRawTypesAgree(t *testing.T) {
	for _, typ := range []string{"text", "character varying(9)", "character varying", "character(3)", "character", "smallint", "integer", "bigint", "numeric", "numeric(8,2)", "boolean", "date", "timestamp without time zone",
		"timestamp(3) without time zone", "timestamp with time zone", "timestamp(0) with time zone", "uuid", "real", "double precision", "jsonb", "text[]", "character varying(9)[]", "inet", "bytea", "public.mood", "interval", "name", "oid", "regclass", "numeric(8,2)[]"} {
		_, here := rawTypeOf(typ)
		if there := policy.RawEquality(catalog.Column{Name: "c", Type: typ}) == nil; here != there {
			t.Errorf("%s: compared %t, published %t", typ, here, there)
		}
	}
	if policy.RawEquality(catalog.Column{Name: "c", Type: "text", Nondeterministic: true}) == nil {
		t.Error("a nondeterministic collation is published")
	}
}
