package rewrite

import (
	"strings"
	"testing"

	"github.com/posternsql/postern/policy/expr"
)

// TestTablesInPlaceOfViews: where nothing needs a View the table itself is read, with its filter in WHERE; all names are qualified, for the table has columns
// of which the client's text does not speak.
func TestTablesInPlaceOfViews(t *testing.T) {
	h := newHarness(t, damage{})
	const us = "pg_catalog.lower(country) = 'us'::text"
	for sql, want := range map[string]string{
		"SELECT id, k FROM public.customer WHERE id = 9":                                                  "SELECT id, k FROM public.customer customer WHERE " + us + " AND id = 9",
		"SELECT * FROM nation n WHERE code = $1":                                                          "SELECT code, title, pop FROM public.nation n WHERE code = $1",
		"SELECT code.code, title AS pop FROM nation code ORDER BY pop, code.pop":                          "SELECT code.code, title AS pop FROM public.nation code ORDER BY pop, code.pop",
		"SELECT n.title FROM nation n WHERE EXISTS (SELECT FROM orders o WHERE memo = code AND id = pop)": "",
	} {
		result, err := h.rewrite(sql)
		if err != nil {
			t.Fatal(err)
		}
		got := result.Statements[0].SQL
		if want != "" && got != want {
			t.Errorf("%s\n got %s\nwant %s", sql, got, want)
		}
		if strings.Contains(got, "postern_t") {
			t.Errorf("%s: there is a View: %s", sql, got)
		}
	}
	for _, sql := range []string{
		"SELECT phone FROM public.customer WHERE id = 1",                                          // masked
		"SELECT o FROM orders o WHERE id = 3",                                                     // a column could be called so
		"SELECT id AS x, count(*) FROM orders GROUP BY x",                                         // likewise
		"SELECT id FROM orders a JOIN public.customer b USING (id) WHERE id = 3",                  // the name is of both
		"SELECT id FROM orders o WHERE EXISTS (SELECT FROM nation o WHERE code = 'x' AND id = 3)", // the alias means another one
		"SELECT count(*) FROM nation n NATURAL JOIN public.customer c",                            // by whatever columns there are
		"SELECT id FROM public.customer WHERE 1 / k > 0",                                          // fenced
	} {
		result, err := h.rewrite(sql)
		if err != nil {
			t.Errorf("%s: %v", sql, err)
			continue
		}
		if !strings.Contains(result.Statements[0].SQL, "postern_t") {
			t.Errorf("%s: there is no View: %s", sql, result.Statements[0].SQL)
		}
	}
}

// TestCountingMasksKeepTheirView: a mask that counts rows counts all of the table, not those that the client asks for.
func TestCountingMasksKeepTheirView(t *testing.T) {
	h := harnessOf(t, []testTable{{schema: "public", name: "counted", columns: []testColumn{
		{name: "id", typ: "integer"}, {name: "n", typ: "bigint", mask: expr.CountOver{By: []expr.Column{{Name: "n", Type: "bigint"}}}},
	}}}, damage{})
	for _, sql := range []string{"SELECT * FROM counted WHERE id = 1", "SELECT id FROM counted WHERE id = 1"} {
		result, err := h.rewrite(sql)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(result.Statements[0].SQL, "FROM (SELECT ") {
			t.Errorf("%s: %s", sql, result.Statements[0].SQL)
		}
	}
}

// TestFiltersKeepTheirOwnNames: a rule may call a table that it reads as Postern calls the one that it is about.
func TestFiltersKeepTheirOwnNames(t *testing.T) {
	h := harnessOf(t, []testTable{{schema: "public", name: "staff", columns: []testColumn{{name: "id", typ: "integer"}, {name: "boss", typ: "integer"}},
		filter: expr.InSelect{Arg: col("boss", "integer"), Query: &expr.Select{
			Target: expr.Column{Relation: "postern_t", Name: "id", Type: "integer"},
			From:   []expr.Relation{{Table: expr.Name{Schema: "public", Name: "staff"}, Alias: "postern_t"}},
			Where:  eq(expr.Column{Relation: "postern_t", Name: "id", Type: "integer"}, expr.Literal{Type: "integer", Value: "7"}),
		}}}}, damage{})
	result, err := h.rewrite("SELECT s.id FROM public.staff s WHERE s.id = 3")
	if err != nil {
		t.Fatal(err)
	}
	const want = "SELECT s.id FROM public.staff s WHERE s.boss IN (SELECT postern_t.id FROM public.staff postern_t WHERE postern_t.id OPERATOR(pg_catalog.=) 7) IS TRUE AND s.id = 3"
	if got := result.Statements[0].SQL; got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}
