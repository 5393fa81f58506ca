package sqlparse

import (
	"strings"
	"testing"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy/expr"
)

func column(name, typ string, category byte, tags ...string) catalog.Column {
	return catalog.Column{Name: name, Type: typ, Category: category, Tags: tags, Reviewed: true}
}

func table(schema, name string, columns ...catalog.Column) *catalog.Table {
	return &catalog.Table{Schema: schema, Name: name, Kind: catalog.KindTable, Columns: columns, Registered: true}
}

// shop is the catalog of these tests.
func shop(t testing.TB) (*catalog.Snapshot, *catalog.Table) {
	t.Helper()
	customer := table("public", "customer",
		column("c_custkey", "integer", 'N'), column("c_name", "character varying(25)", 'S', "PII.Name"),
		column("c_nationkey", "integer", 'N'), column("c_acctbal", "numeric(15,2)", 'N'),
		column("c_since", "date", 'D'), column("c_seen", "timestamp with time zone", 'D'),
		column("c_at", "timestamp without time zone", 'D'), column("c_open", "boolean", 'B'),
		column("c_mood", "public.mood", 'E'), column("c_mail", "public.email", 'S', "PII.Mail"),
		column("c_score", "double precision", 'N'), column("c_raw", "bytea", 'U'), column("c_when", "public.day", 'D'), column("c_doc", "jsonb", 'U'))
	s, err := catalog.New(1, "shop", []*catalog.Table{
		customer,
		table("public", "nation", column("n_nationkey", "integer", 'N'), column("n_name", "character(25)", 'S'), column("n_regionkey", "integer", 'N')),
		table("public", "region", column("r_regionkey", "integer", 'N'), column("r_name", "character(25)", 'S')),
	})
	if err != nil {
		t.Fatal(err)
	}
	return s, customer
}

func resolve(t testing.TB, text string) (Resolved, error) {
	t.Helper()
	snapshot, source := shop(t)
	rule, err := Parse(text)
	if err != nil {
		return Resolved{}, err
	}
	return rule.Resolve(snapshot, source)
}

func TestAllowed(t *testing.T) {
	for _, text := range []string{
		"true", "c_open", "NOT c_open", "c_custkey = 1", "c_custkey=1 AND c_acctbal > 10.5 OR c_name LIKE 'A%'",
		"@attributeValuesContains('region', c_name)", "@attributeValuesContains('region', c_name, 'none')",
		"@groupsContains(c_name)", "@purposesContains(c_name, 'x')", "@hasAttribute('a', 'b') AND @isInGroups('x','y')",
		"@isUsingPurpose('support')", "c_name = @username", "c_name =@username", "c_name=@username()", "c_name<>@username",
		"'x' ||@username = c_name", "@columnTagged('PII.Name') = 'x'", "@columnTagged('PII.Mail') = 'x'", "@columnReference('c_open')",
		"c_nationkey IN (SELECT n_nationkey FROM public.nation JOIN public.region ON n_regionkey = r_regionkey WHERE @attributeValuesContains('region', r_name))",
		"c_nationkey = ANY (SELECT n.n_nationkey FROM public.nation n, public.region AS r WHERE n.n_regionkey = r.r_regionkey)",
		"c_nationkey NOT IN (SELECT n_nationkey FROM public.nation LEFT JOIN public.region ON n_regionkey = r_regionkey WHERE r_name IS NULL)",
		"c_nationkey IN (SELECT n_nationkey FROM public.nation WHERE n_regionkey IN (SELECT r_regionkey FROM public.region WHERE r_name = 'ASIA'))",
		"c_nationkey IN (1, 2, 3)", "c_name NOT IN ('a','b')", "c_custkey BETWEEN 1 AND 10", "c_custkey NOT BETWEEN 1 AND 10",
		"c_name IS NOT NULL", "c_open IS TRUE", "c_open IS NOT UNKNOWN", "COALESCE(c_name, 'x') = 'x'", "NULLIF(c_name, '') IS NULL",
		"CASE WHEN c_open THEN c_custkey = 1 ELSE false END", "CASE c_custkey WHEN 1 THEN true END",
		"lower(c_name) = 'x'", "pg_catalog.substr(c_name, 1, 2) = 'AB'", "c_since > '2020-01-01'", "c_since >= date '2020-01-01'",
		"c_seen > now() - interval '30 days'", "c_seen > CURRENT_TIMESTAMP", "c_since = (now() AT TIME ZONE 'UTC')::date",
		"c_seen > '2020-01-01 00:00:00+00'", "c_at::date = c_since", "extract(year FROM c_at) = 2020", "date_trunc('month', c_at) = c_at",
		"c_mood = 'happy'", "c_custkey::text = '1'", "c_acctbal::numeric(10,1) = 1", "c_mail LIKE '%@example.org'", "c_name IS DISTINCT FROM 'x'",
		"customer.c_open", "public.customer.c_open", "c_name ILIKE 'a%' ESCAPE '!'", "abs(c_acctbal) > 1", "c_score > 1", "-c_custkey < 5", "c_custkey % 2 = 0",
		"c_open -- a remark", "c_doc ->> 'a' = '1'", "c_doc @> '{}'", "(c_doc -> 'a')::text = '1'", "c_doc -> 0 IS NULL",
	} {
		if _, err := resolve(t, text); err != nil {
			t.Errorf("%s\n\t%v", text, err)
		}
	}
}

func TestRefused(t *testing.T) {
	tests := []struct{ text, want string }{
		{"", "empty"}, {"   ", "empty"}, {"c_open;", ""}, {"\x00", "UTF-8"}, {"\xff", "UTF-8"},
		{"c_open; DROP TABLE x", "one SQL condition"}, {"c_open UNION SELECT 1", "one SQL condition"}, {"c_open ORDER BY 1", "one SQL condition"},
		{"c_open LIMIT 1", "one SQL condition"}, {"true) OR (true", "line 1, column 5: syntax error"}, {"c_open FOR UPDATE", "one SQL condition"},
		{"c_custkey", "must be boolean, not integer"}, {"c_open AND c_custkey", "boolean, not integer"}, {"nope = 1", "line 1, column 1: column nope is not known"},
		{"c_open AND\n nope", "line 2, column 2"}, {"c_nationkey IN (SELECT n_nationkey FROM nation)", "with its schema"},
		{"c_nationkey IN (SELECT x FROM public.missing)", "public.missing is not known"},
		{"c_nationkey IN (SELECT n_nationkey FROM public.nation WHERE n_name = c_name)", "must not depend on the row"},
		{"c_nationkey IN (SELECT n_nationkey FROM public.nation WHERE n_name = customer.c_name)", "must not depend on the row"},
		{"c_nationkey IN (SELECT c_custkey FROM public.nation)", "must not depend on the row"},
		{"c_nationkey IN (SELECT n_nationkey FROM public.nation WHERE n_regionkey IN (SELECT r_regionkey FROM public.region WHERE r_name = n_name))", "n_name is not known"},
		{"c_nationkey IN (SELECT n_nationkey FROM public.nation a, public.nation b)", "ambiguous"},
		{"c_nationkey IN (SELECT n_nationkey FROM public.nation, public.nation)", "occurs twice"},
		{"c_nationkey IN (SELECT n_nationkey, 1 FROM public.nation)", "one column"}, {"c_nationkey IN (SELECT max(n_nationkey) FROM public.nation)", "function max"},
		{"c_nationkey IN (SELECT n_nationkey FROM public.nation LIMIT 1)", "nothing else"}, {"c_nationkey IN (SELECT 1)", "nothing else"},
		{"c_nationkey IN (WITH x AS (SELECT 1) SELECT * FROM x)", "nothing else"}, {"c_nationkey IN (TABLE public.nation)", "* cannot"},
		{"c_nationkey IN (SELECT n_nationkey FROM public.nation NATURAL JOIN public.region)", "written with ON"},
		{"c_nationkey IN (SELECT n_nationkey FROM (SELECT 1 AS n_nationkey) x)", "only tables"}, {"c_nationkey IN (SELECT oid FROM pg_catalog.pg_class)", "schema pg_catalog"},
		{"c_nationkey IN (SELECT n_nationkey FROM ONLY public.nation)", "schema.table"},
		{"EXISTS (SELECT 1 FROM public.nation)", "only IN"}, {"c_nationkey = (SELECT 1)", "only IN"}, {"c_nationkey < ANY (SELECT n_nationkey FROM public.nation)", "only IN"},
		{"pg_sleep(1) IS NULL", "function pg_sleep"}, {"pg_read_file('/etc/passwd') = 'x'", "function pg_read_file"}, {"public.f(c_name)", "function public.f"},
		{"set_config('a','b',true) = 'b'", "function set_config"}, {"count(*) > 1", "cannot stand"}, {"row_number() OVER () = 1", "cannot stand"},
		{"c_name OPERATOR(public.=) 'x'", "not one of pg_catalog"}, {"c_custkey = 'x'", "not a value of type integer"}, {"c_custkey = c_name", "does not take"},
		{"$1", "parameter"}, {"c_name = ANY (ARRAY['x'])", "cannot stand"}, {"(c_custkey, 1) = (1, 1)", "several values"}, {"c_name COLLATE \"C\" = 'x'", "COLLATE"},
		{"c_name = current_user", "@username"}, {"@nope('x')", "@nope is not known"}, {"@c_custkey > 1", "abs()"}, {"@ (c_custkey) > 1", "abs()"},
		{"isInGroups('x')", "with an @"}, {"@isInGroups()", "number of arguments"}, {"@isInGroups(c_name)", "in quotes"}, {"@hasAttribute('x')", "number of arguments"},
		{"@attributeValuesContains('x')", "wants an attribute"}, {"@attributeValuesContains(c_name, c_name)", "in quotes"},
		{"@attributeValuesContains('x', c_since)", "depends on settings"}, {"@attributeValuesContains('x', c_score)", "depends on settings"},
		{"@attributeValuesContains('x', c_raw)", "depends on settings"}, {"@attributeValuesContains('x', c_mood)", "depends on settings"},
		{"@attributeValuesContains('x', c_when)", "depends on settings"}, {"c_since::text = 'x'", "depends on the session"},
		{"c_seen::date = '2020-01-01'", "depends on the session"}, {"c_since < now()", "depends on the session"}, {"c_at = c_seen", "depends on the session"},
		{"c_when < now()", "depends on the session"}, {"date_trunc('day', c_seen) = c_seen", "depends on the session"}, {"c_since = CURRENT_DATE", "CURRENT_DATE"},
		{"c_since > '01/02/2020'", "must be written"}, {"c_since > 'today'", "must be written"}, {"c_seen > '2020-01-01 00:00:00'", "must be written"},
		{"c_name || c_since = 'x'", "depends on the session"}, {"concat(c_name, c_since) = 'x'", "depends on the session"},
		{"c_name::regclass = 'x'", "type regclass"}, {"c_name::public.mood = 'x'", "type public.mood"}, {"c_name::text[] = 'x'", "array"},
		{"arr <@username", "two ways"}, {"@columnTagged('Nope') = 'x'", "no column"}, {"@columnTagged('PII') = 'x'", "2 columns"},
		{"c_nationkey IN (SELECT n_nationkey FROM public.nation WHERE @columnTagged('PII.Name') = n_name)", "must not depend on the row"},
		{"c_custkey = 1e400", "without an exponent"}, {"c_name = B'1'", "bit string"}, {"GREATEST(c_custkey, 1) = 1", "MinMaxExpr"},
		{strings.Repeat("NOT ", 200) + "c_open", "nested more than"}, {strings.Repeat("(", 5000) + "true" + strings.Repeat(")", 5000), ""},
		{"c_custkey = 1" + strings.Repeat(" OR c_custkey = 1", 900), ""}, {strings.Repeat("x", MaxBytes+1), "longer than"},
	}
	for _, tt := range tests {
		_, err := resolve(t, tt.text)
		if tt.want == "" {
			continue // only that it does not panic
		}
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%.200s\n\tgot  %v\n\twant %s", tt.text, err, tt.want)
		}
	}
}

func TestGluedOperatorsKeepPrecedenceAndPositions(t *testing.T) {
	got, err := resolve(t, "c_name =@username || 'x' AND c_open")
	if err != nil {
		t.Fatal(err)
	}
	and, ok := got.Expr.(expr.And)
	if !ok {
		t.Fatalf("got %#v", got.Expr)
	}
	if op, ok := and.Args[0].(expr.Op); !ok || op.Name != "=" {
		t.Fatalf("got %#v", and.Args[0])
	} else if right, ok := op.Right.(expr.Op); !ok || right.Name != "||" {
		t.Errorf("got %#v", op.Right)
	}
	_, err = resolve(t, "c_name =@username AND c_name =@username AND nope")
	if err == nil || !strings.Contains(err.Error(), "line 1, column 45:") {
		t.Errorf("got %v", err)
	}
	_, err = resolve(t, "c_name = 'é' AND c_open ) x")
	if err == nil || !strings.Contains(err.Error(), "line 1, column 25:") {
		t.Errorf("got %v", err)
	}
}

func TestNotesAndReads(t *testing.T) {
	got, err := resolve(t, "NOT @attributeValuesContains('r', c_name) AND c_nationkey IN (SELECT n_nationkey FROM public.nation)")
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Notes) != 1 || !strings.Contains(got.Notes[0], "negated") {
		t.Errorf("notes: %q", got.Notes)
	}
	if len(got.Reads) != 1 || got.Reads[0].Name != "nation" {
		t.Errorf("reads: %v", got.Reads)
	}
}
