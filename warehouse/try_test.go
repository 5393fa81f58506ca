package warehouse_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/warehouse"
)

// TestTry: each query gets its own answer, none is run, and a trial cannot write.
func TestTry(t *testing.T) {
	conn := dial(t, configOf(t, pgtest.Database(t)))
	exec(t, conn, "CREATE TABLE public.t (x int); CREATE SEQUENCE public.s")
	queries := []string{"SELECT x FROM public.t", "SELECT y FROM public.t", "SELECT pg_catalog.nextval('public.s')", "SELECT 1/0", "", "SELECT FROM public.t"}
	for range 100 {
		queries = append(queries, "SELECT x FROM public.t WHERE x > 1", "SELECT nonsense")
	}
	got, err := warehouse.Try(t.Context(), conn, queries)
	if err != nil || len(got) != len(queries) {
		t.Fatal(len(got), err)
	}
	for i, want := range []string{"", "42703", "", "22012", "42601", ""} {
		if (got[i] == nil) != (want == "") || want != "" && !strings.Contains(got[i].Error(), want) {
			t.Errorf("%s: %v, want %q", queries[i], got[i], want)
		}
	}
	for i := 6; i < len(queries); i += 2 {
		if got[i] != nil || got[i+1] == nil {
			t.Fatalf("%d: %v, %v", i, got[i], got[i+1])
		}
	}
	if called := value(t, conn, "SELECT is_called FROM public.s"); called != "f" {
		t.Error("a trial ran something")
	}
	if _, err := conn.Exec(t.Context(), "INSERT INTO public.t VALUES (1)").ReadAll(); err == nil {
		t.Error("the connection of a trial can write")
	}
}

// BenchmarkTry is what a publication waits for where 2,000 rules are new, on one connection.
func BenchmarkTry(b *testing.B) {
	conn := dial(b, configOf(b, pgtest.Database(b)))
	var columns []string
	for i := range 40 {
		columns = append(columns, fmt.Sprintf("c%d varchar(40)", i))
	}
	for i := range 20 {
		exec(b, conn, fmt.Sprintf("CREATE TABLE public.t%d (%s)", i, strings.Join(columns, ", ")))
	}
	var queries []string
	for i := range 2000 {
		queries = append(queries, fmt.Sprintf(`SELECT FROM "public"."t%d" AS postern_t WHERE postern_t."c1"::pg_catalog.text OPERATOR(pg_catalog.=) ANY (ARRAY['r%d', 'x'])
AND pg_catalog.length(postern_t."c2") OPERATOR(pg_catalog.>) %d OFFSET 0`, i%20, i, i))
	}
	for b.Loop() {
		got, err := warehouse.Try(b.Context(), conn, queries)
		if err != nil {
			b.Fatal(err)
		}
		for _, err := range got {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}
