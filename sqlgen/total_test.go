package sqlgen

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/warehouse"
)

// extremes are the values at the ends of each type, as expressions of the server.
func extremes() map[string][]string {
	text := []string{"''", "' '", "repeat('9', 40)", "repeat('é', 4)", "E'\\n\\t\\r'", "'%_\\&\\1'", "chr(1114111)"}
	long := append([]string{"repeat('9', 1000000)", "repeat('9', 1000001)", "repeat('€', 400000)", "repeat('x', 30000000)"}, text...)
	integers := func(bits int) []string {
		return []string{"0", "1", "-1", "500", "-500", fmt.Sprintf("2::numeric ^ %d - 1", bits-1), fmt.Sprintf("-(2::numeric ^ %d)", bits-1)}
	}
	numerics := []string{"0", "'NaN'", "499.995", "-0.01"}
	floats := []string{"0", "'-0'", "'NaN'", "'Infinity'", "'-Infinity'", "1e15", "1.5e15", "-999.5"}
	times := []string{"'infinity'", "'-infinity'", "'0001-01-01'", "'9999-12-31'", "'2020-02-29'", "'0044-03-15 BC'", "'4713-01-01 BC'"}
	return map[string][]string{
		"text": long, "character varying": long, "character varying(1)": {"''", "'x'"}, "character varying(40)": text, "character(1)": {"'x'", "'€'"},
		"character(40)": text, "character": {"'x'"}, "name": {"'x'"}, `"char"`: {"'x'"},
		"smallint": integers(16), "integer": integers(32), "bigint": integers(64),
		"numeric":         append([]string{"'Infinity'", "'-Infinity'", "repeat('9', 131072)::numeric", "('0.' || repeat('9', 16383))::numeric", "1e-16383"}, numerics...),
		"numeric(3,0)":    {"0", "'NaN'", "999", "-999", "500"},
		"numeric(15,2)":   append([]string{"9999999999999.99", "-9999999999999.99", "9999999999500"}, numerics...),
		"numeric(38,20)":  append([]string{"999999999999999999.99999999999999999999", "-999999999999999999.99999999999999999999"}, numerics...),
		"numeric(3,5)":    {"0.00999", "-0.00999", "'NaN'"},
		"numeric(3,-2)":   {"99900", "-99900", "100", "'NaN'"},
		"numeric(1000,0)": {"repeat('9', 1000)::numeric"},
		"real":            append([]string{"3.4028235e38", "1e-45", "-3.4028235e38"}, floats...),
		"double precision": append([]string{"1.7976931348623157e308", "-1.7976931348623157e308", "5e-324", "2.2250738585072014e-308"},
			floats...),
		"date":                           append([]string{"'5874897-12-31'", "'4714-11-24 BC'"}, times...),
		"timestamp without time zone":    append([]string{"'294276-12-31 23:59:59.999999'", "'4714-11-24 00:00:00 BC'", "'9999-12-31 23:59:59.999999'"}, times...),
		"timestamp(0) without time zone": append([]string{"'9999-12-30 23:59:59.999999'"}, times...),
		"timestamp with time zone":       append([]string{"'294276-12-31 23:59:59.999999+00'", "'4714-11-24 00:00:00+00 BC'"}, times...),
		"timestamp(6) with time zone":    times,
		"boolean":                        {"true", "false"}, "uuid": {"'ffffffff-ffff-ffff-ffff-ffffffffffff'"}, "bytea": {"''"}, "json": {"'{}'"}, "jsonb": {"'[1e1000]'"},
		"time without time zone": {"'24:00'"}, "time with time zone": {"'24:00+14'"}, "interval": {"'178000000 years'"}, "interval day to second(2)": {"'1 day'"}, "inet": {"'::1'"},
		"money": {"'-92233720368547758.08'"}, "oid": {"4294967295"}, "integer[]": {"'{}'", "'{{1},{2}}'"}, "public.mood": {"'happy'"}, "public.strict": {"'x'"},
		"public.pair": {"ROW(1, 'x')"}, "int4range": {"'empty'"}, "tsvector": {"'a b'"}, "bit(3)": {"B'101'"}, "bit varying": {"B''"}, "point": {"'(1,1)'"}, "xml": {"'<a/>'"},
	}
}

// totalMasks are the masks that must never raise an error.
func totalMasks() map[string]policy.Mask {
	constant := func(s string) policy.Mask { return policy.Mask{Constant: &s} }
	out := map[string]policy.Mask{
		"null": {Null: true}, "hash": {Hash: &policy.HashMask{}},
		"regex digits": {Regex: &policy.RegexMask{Pattern: "[0-9]", Replace: strings.Repeat("é", 50)}},
		"regex whole":  {Regex: &policy.RegexMask{Pattern: "(.)(.+)", Replace: strings.Repeat(`\&\2\1\\`, 25)}},
		"regex repeat": {Regex: &policy.RegexMask{Pattern: "[^x]{3,250}|9+|(?:a|b|cd){1,9}$|(é?)x*y", Replace: "-"}},
	}
	for _, c := range []string{"x", "0", "-999", "12.34", "true", "2020-02-29", "2020-02-29 00:00:00", "2020-02-29 00:00:00Z", "00000000-0000-0000-0000-000000000000",
		"infinity", "NaN", "32768", "1e400", "0.00000000000000000000000000000000000000000000000001", strings.Repeat("9", 300), "", "'; --\\"} {
		out["constant "+c] = constant(c)
	}
	for _, to := range []string{"1", "2", "0.5", "0.001", "1000", "0.000000000000001", "999999999999999", "999999999999999.999999999999999", "33333", "minute", "hour", "day", "week", "month", "quarter", "year"} {
		out["round "+to] = policy.Mask{Round: &policy.RoundMask{To: to}}
	}
	for _, noise := range []string{"1", "0.001", "5", "100", "999999999999999", "12345.678", "1d", "30m", "26w", "99y"} {
		out["noise "+noise] = policy.Mask{Randomized: &policy.RandomizedMask{Noise: noise}}
	}
	for name, values := range map[string][]string{"words": {"yes", "no", "'", "x"}, "letters": {"x", "y"}, "numbers": {"0", "-7", "999"}, "truths": {"true", "false"},
		"days": {"2020-02-29", "1999-12-31"}, "instants": {"2020-02-29 00:00:00", "1999-12-31 23:59:59"}, "uuids": {"00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"}} {
		out["chosen "+name] = policy.Mask{Randomized: &policy.RandomizedMask{Values: values, Percent: 60}}
	}
	out["k-anonymity"] = policy.Mask{KAnonymity: &policy.KAnonymityMask{K: 2}}
	out["k-anonymity of one in two"] = policy.Mask{KAnonymity: &policy.KAnonymityMask{K: 2}, Where: "id <> 1"}
	out["reversible"] = policy.Mask{Reversible: &policy.ReversibleMask{}}
	for _, alphabet := range []string{"digits", "lowerAlphanumeric", "alphanumeric"} {
		out["format "+alphabet] = policy.Mask{FormatPreserving: &policy.FormatPreservingMask{Alphabet: alphabet}}
	}
	out["where"] = policy.Mask{Null: true, Where: "id > 1 AND id IN (1, 2, NULL)"}
	return out
}

// customMasks are expressions of authors, by the type of the columns that they are for.
func customMasks() map[string][]string {
	text := []string{
		"left(@value, 1) || '.'", "right(@value, -2)", "upper(lower(@value)) || initcap(@value)", "substr(@value, -3, 5)", "lpad(@value, 5, '*')", "rpad(@value, 1000)",
		"repeat(left(@value, 1), 1000)", "replace(@value, '9', 'abc')", "replace(@value, '', 'x')", "translate(@value, '0123456789', '')", "split_part(@value, '9', 2)", "md5(@value)", "reverse(@value)",
		"CASE WHEN length(@value) > 3 THEN 'long' WHEN @value IS NULL THEN 'none' ELSE @value END", "coalesce(@value, '-')", "nullif(@value, 'x')", "btrim(@value, ' x') || octet_length(@value)::text",
		"'constant'", "NULL", "CASE WHEN strpos(@value, '9') = 0 OR starts_with(@value, 'x') THEN @value END", "@columnReference('id')::text || @value", "strpos(@value, @value)::text",
		"CASE WHEN @value ~ '^[0-9]{3,200}$' OR @value ILIKE '%X!%' ESCAPE '!' THEN '' ELSE @value END", "position('9' in @value)::text",
		`CASE WHEN @value LIKE '%9\\' OR @value NOT LIKE '_%\_%' THEN '' ELSE @value END`,
	}
	number := []string{
		"abs(@value::numeric(30,5))", "0", "CASE WHEN @value > 500 THEN 500 ELSE @value END", "round(@value::numeric(30,5), -2)", "@value", "NULL", "-@value::numeric(30,5) * 3 + 1.5",
		"@value / 3", "@value % 7", "@value::numeric(30,5) / 0.001", "div(@value::numeric(30,5), 7) * 7", "mod(@value::numeric(30,5), 0.1)", "ceil(@value::numeric(30,5)) + floor(@value::numeric(30,5)) - trunc(@value::numeric(30,5), 1) * sign(@value::numeric(30,5))",
	}
	time := []string{"@value", "CASE WHEN @value > '2000-01-01' THEN @value END", "CASE WHEN extract('year' FROM @value) > 2000 THEN @value END"}
	return map[string][]string{
		"text": text, "character varying": text, "character varying(1)": text, "character varying(40)": text, "character(1)": text, "character(40)": text,
		"smallint": number, "integer": number, "bigint": number, "numeric(3,0)": number, "numeric(15,2)": number, "numeric(3,5)": number,
		"boolean": {"NOT @value", "@value IS NOT TRUE"}, "date": time, "timestamp without time zone": time, "uuid": {"nullif(@value, '00000000-0000-0000-0000-000000000000')"},
	}
}

// TestMasksAreTotal runs every mask over the extreme values of every type: no error may be raised, and the exact type must be
// kept. An error would tell whoever asks about a value that is hidden.
func TestMasksAreTotal(t *testing.T) {
	conn := connect(t)
	snapshot, types, values := extremeTables(t, conn)
	ran := 0
	for name, mask := range totalMasks() {
		mask.Columns = []string{"v"}
		ran += runMask(t, snapshot, "*", mask, readAll(t, conn, name))
	}
	t.Logf("%d masks over %d types, %d values: %d views", len(totalMasks()), len(types), values, ran)
	if ran != len(types)*len(totalMasks()) {
		t.Errorf("%d views, not %d", ran, len(types)*len(totalMasks()))
	}
}

// TestCustomMasksAreTotal does the same with expressions that authors may write.
func TestCustomMasksAreTotal(t *testing.T) {
	conn := connect(t)
	snapshot, types, _ := extremeTables(t, conn)
	ran := 0
	for typ, masks := range customMasks() {
		for _, text := range masks {
			ran += runMask(t, snapshot, types[typ], policy.Mask{Columns: []string{"v"}, Custom: text}, readAll(t, conn, text))
		}
	}
	t.Logf("%d views", ran)
}

// extremeRows are conditions of row rules, by the type of the column v.
func extremeRows() map[string][]string {
	text := []string{"v = 'x'", "v > repeat('9', 3)", "lower(v) || 'x' <> v", "v ~ '^[0-9]+'", "v !~* 'X'", "v NOT ILIKE 'x_'", "v LIKE '%!_%' ESCAPE '!'", "left(v, 3) IN ('999', 'x')", "position('9' in v) > 1", "v = @username", "@attributeValuesContains('a', v)"}
	number := []string{"v > 1", "v / 2 = 1", "v % 7 = 0", "v::numeric(30,5) * 3 > 10", "v IN (1, 2)", "v BETWEEN -5 AND 10000000000", "@attributeValuesContains('a', v)", "v IS DISTINCT FROM 1"}
	time := []string{"v > (now() AT TIME ZONE 'UTC') - interval '1 year'", "v IN ('2020-02-29', '2021-01-01')", "v < date '2020-01-01' + 400"}
	return map[string][]string{
		"text": text, "character varying(1)": text, "character varying(40)": text, "character(40)": text, "smallint": number, "integer": number, "bigint": number, "numeric(15,2)": number, "numeric(3,5)": number,
		"real": {"v > 1", "v = 1.5", "v IN (1, 2)", "v > 3::numeric(10,2)"}, "double precision": {"v > 1", "v = 1.5"}, "date": append([]string{"extract(year FROM v) > 2000"}, time...), "timestamp without time zone": append([]string{"v::date = '2020-02-29'"}, time...),
		"timestamp with time zone": {"v < now() - interval '30 days'"}, "boolean": {"v", "NOT v", "v IS NOT TRUE"}, "uuid": {"v = '00000000-0000-0000-0000-000000000000'", "v::text LIKE 'f%'"}, "jsonb": {"v ->> 'a' = '1'", "v @> '{\"a\": 1}'", "(v -> 0)::text = 'x'", "v = '[1]'"},
		"integer[]": {"v @> v", "v = v"}, "public.mood": {"v = 'happy'", "v > 'sad'", "v IN ('sad', 'happy')"}, "inet": {"v = '::1'"}, "interval": {"v > interval '1 day'"},
	}
}

// TestRowRulesAreTotal: no value of a row makes a row rule that is published raise an error, at any end of any type.
func TestRowRulesAreTotal(t *testing.T) {
	conn := connect(t)
	snapshot, types, _ := extremeTables(t, conn)
	ann := policy.BindPrincipal(identity.NewPrincipal(identity.Spec{User: "ann", Attributes: map[string][]string{"a": {"x", "-500", "9"}}}))
	ran := 0
	for typ, rules := range extremeRows() {
		table, ok := snapshot.Table("public", types[typ])
		if !ok {
			t.Fatalf("no table of type %s", typ)
		}
		on := policy.Selector{Tables: []string{"tpch.public." + table.Name}}
		for _, rule := range rules {
			program, _, err := policy.Compile(policy.Input{Version: 1, Snapshot: snapshot,
				Subscriptions: []policy.SubscriptionPolicy{{Name: "all", On: on, Access: policy.AccessRead, Effect: policy.SubscriptionGrant, Allow: policy.Allow{Anyone: true}}},
				Data:          []policy.DataPolicy{{Name: "r", On: on, Rules: []policy.Rule{{Rows: rule}}}}})
			if err != nil {
				t.Errorf("%s: %v", typ, err)
				continue
			}
			d := program.Decide(ann, []policy.Want{{Table: table}})[0]
			view, err := Postgres().View(&d)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := conn.Exec(t.Context(), "SELECT count(*) FROM ("+view.SQL+") AS v").ReadAll(); err != nil {
				t.Errorf("%s on %s: %v in\n%s", rule, typ, err, view.SQL)
			}
			ran++
		}
	}
	t.Logf("%d row rules over %d types", ran, len(extremeRows()))
	if ran < 100 {
		t.Errorf("%d rules ran, at least 100 wanted", ran)
	}
}

// extremeTables makes a table for each type, with all its extreme values, and names each.
func extremeTables(t *testing.T, conn *pgconn.PgConn) (snapshot *catalog.Snapshot, types map[string]string, values int) {
	t.Helper()
	run(t, conn, registration(t))
	run(t, conn, `CREATE TYPE public.mood AS ENUM ('sad', 'happy'); CREATE DOMAIN public.strict AS text NOT NULL CHECK (VALUE = 'x');
		CREATE TYPE public.pair AS (a int, b text)`)
	types = map[string]string{}
	for typ, list := range extremes() {
		name := fmt.Sprintf("t%d", len(types))
		types[typ] = name
		run(t, conn, fmt.Sprintf("CREATE TABLE public.%s (v %s, id serial)", name, typ))
		for _, v := range list {
			run(t, conn, fmt.Sprintf("INSERT INTO public.%s VALUES ((%s)::%s)", name, v, typ))
			values++
		}
		if typ != "public.strict" {
			run(t, conn, fmt.Sprintf("INSERT INTO public.%s VALUES (NULL)", name))
		}
	}
	tables, err := warehouse.Crawl(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	if snapshot, err = catalog.New(1, "tpch", registered(tables, "public")); err != nil {
		t.Fatal(err)
	}
	return snapshot, types, values
}

// readAll computes every value and reads it as text.
func readAll(t *testing.T, conn *pgconn.PgConn, name string) func(*policy.Decision, View) {
	return func(d *policy.Decision, view View) {
		if _, err := conn.Exec(t.Context(), "SELECT count(v::text) FROM ("+view.SQL+") AS v").ReadAll(); err != nil {
			t.Errorf("%s on %s: %v in\n%s", name, d.Columns[0].Column.Type, err, view.SQL)
			return
		}
		exactTypes(t, conn, d, view)
	}
}

// registered registers the tables of a schema, all columns reviewed.
func registered(tables []*catalog.Table, schema string) []*catalog.Table {
	var out []*catalog.Table
	for _, table := range tables {
		if table.Schema != schema {
			continue
		}
		table.Registered = true
		if _, ok := table.Column("id"); ok {
			table.Key = []string{"id"}
		}
		for i := range table.Columns {
			table.Columns[i].Reviewed = true
		}
		out = append(out, table)
	}
	return out
}

// runMask puts one mask on all tables and hands each View over.
func runMask(t *testing.T, snapshot *catalog.Snapshot, tables string, mask policy.Mask, each func(*policy.Decision, View)) int {
	t.Helper()
	on := policy.Selector{Tables: []string{"tpch.public." + tables}}
	program, _, err := policy.Compile(policy.Input{
		Version: 1, Snapshot: snapshot,
		Subscriptions: []policy.SubscriptionPolicy{{Name: "all", On: on, Access: policy.AccessRead, Effect: policy.SubscriptionGrant, Allow: policy.Allow{Anyone: true}}},
		Data:          []policy.DataPolicy{{Name: "mask", On: on, Rules: []policy.Rule{{Mask: &mask}}}},
	})
	if err != nil {
		t.Fatalf("%v: %v", mask, err)
	}
	ann := policy.BindPrincipal(identity.NewPrincipal(identity.Spec{User: "ann"}))
	n := 0
	for _, table := range snapshot.Tables() {
		if tables != "*" && table.Name != tables {
			continue
		}
		d := program.Decide(ann, []policy.Want{{Table: table}})[0]
		if len(d.Columns) == 0 || d.Columns[0].Mask == nil {
			t.Fatalf("%s is not masked", table.QualifiedName())
		}
		view, err := Postgres().View(&d)
		if err != nil {
			t.Fatal(err)
		}
		each(&d, view)
		n++
	}
	return n
}
