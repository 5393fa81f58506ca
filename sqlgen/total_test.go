package sqlgen

import (
	"fmt"
	"strings"
	"testing"

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
	return out
}

// TestMasksAreTotal runs every mask over the extreme values of every type: no error may be raised, and the exact type must be
// kept. An error would tell whoever asks about a value that is hidden.
func TestMasksAreTotal(t *testing.T) {
	conn := connect(t)
	run(t, conn, registration(t))
	run(t, conn, `CREATE TYPE public.mood AS ENUM ('sad', 'happy'); CREATE DOMAIN public.strict AS text NOT NULL CHECK (VALUE = 'x');
		CREATE TYPE public.pair AS (a int, b text)`)
	i, values := 0, 0
	for typ, list := range extremes() {
		run(t, conn, fmt.Sprintf("CREATE TABLE public.t%d (v %s)", i, typ))
		for _, v := range list {
			run(t, conn, fmt.Sprintf("INSERT INTO public.t%d VALUES ((%s)::%s)", i, v, typ))
			values++
		}
		if typ != "public.strict" {
			run(t, conn, fmt.Sprintf("INSERT INTO public.t%d VALUES (NULL)", i))
		}
		i++
	}
	tables, err := warehouse.Crawl(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	snapshot, err := catalog.New(1, "tpch", registered(tables, "public"))
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for name, mask := range totalMasks() {
		mask.Columns = []string{"v"}
		ran += runMask(t, snapshot, mask, func(d *policy.Decision, view View) {
			// Every value is computed, and read as text.
			if _, err := conn.Exec(t.Context(), "SELECT count(v::text) FROM ("+view.SQL+") AS v").ReadAll(); err != nil {
				t.Errorf("%s on %s: %v in\n%s", name, d.Columns[0].Column.Type, err, view.SQL)
			}
			exactTypes(t, conn, d, view)
		})
	}
	t.Logf("%d masks over %d types, %d values: %d views", len(totalMasks()), i, values, ran)
	if ran != i*len(totalMasks()) {
		t.Errorf("%d views, not %d", ran, i*len(totalMasks()))
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
		for i := range table.Columns {
			table.Columns[i].Reviewed = true
		}
		out = append(out, table)
	}
	return out
}

// runMask puts one mask on all tables and hands each View over.
func runMask(t *testing.T, snapshot *catalog.Snapshot, mask policy.Mask, each func(*policy.Decision, View)) int {
	t.Helper()
	on := policy.Selector{Tables: []string{"tpch.public.*"}}
	program, _, err := policy.Compile(policy.Input{
		Version: 1, Snapshot: snapshot,
		Subscriptions: []policy.SubscriptionPolicy{{Name: "all", On: on, Access: policy.AccessRead, Effect: policy.SubscriptionGrant, Allow: policy.Allow{Anyone: true}}},
		Data:          []policy.DataPolicy{{Name: "mask", On: on, Rules: []policy.Rule{{Mask: &mask}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	ann := policy.BindPrincipal(identity.NewPrincipal(identity.Spec{User: "ann"}))
	n := 0
	for _, table := range snapshot.Tables() {
		d := program.Decide(ann, []policy.Want{{Table: table}})[0]
		if len(d.Columns) != 1 || d.Columns[0].Mask == nil {
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
