package rewrite

import (
	"slices"
	"testing"
)

// A prepared statement must infer the same parameter and result types rewritten as it would on the sanitised warehouse, and give
// the same rows, whatever stands in the parameters.
func TestParameters(t *testing.T) {
	o := newOracle(t, damage{})
	for _, c := range []struct {
		sql  string
		args []string
	}{
		{"SELECT * FROM public.customer WHERE id = $1", []string{"1"}},
		{"SELECT id FROM public.customer WHERE name LIKE $1 AND k > $2", []string{"Name%", "2"}},
		{"SELECT id FROM public.customer WHERE label LIKE $1", []string{`MARKER%\`}},
		{"SELECT count(*) FROM public.customer WHERE $1 / k >= 0", []string{"1"}},
		{"SELECT $1, $2::int, $3 || 'x'", []string{"a", "2", "b"}},
		{"SELECT id FROM orders WHERE total > $1 AND placed BETWEEN $2 AND $3 ORDER BY id LIMIT $4 OFFSET $5", []string{"10", "2024-02-01", "2024-03-01", "5", "2"}},
		{"SELECT id FROM public.customer WHERE balance = $1 OR note = $2 OR kind = $3", []string{"1", "withheld", "a"}},
		{"SELECT id FROM public.customer WHERE id = ANY ($1) ORDER BY id", []string{"{1,2,3}"}},
		{"SELECT id FROM public.customer WHERE tags @> $1 AND doc @> $2 ORDER BY id", []string{"{a}", "{}"}},
		{"SELECT $1::int8 + id FROM public.customer WHERE id = $1", []string{"1"}},
		{"SELECT id FROM public.customer c WHERE EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id AND o.total = $1)", []string{"37.5"}},
		{"WITH x AS (SELECT * FROM orders WHERE id < $1) SELECT count(*) FROM x WHERE memo = $2", []string{"100", "memo 1"}},
		{"SELECT coalesce(phone, $1) FROM public.customer WHERE created > $2 ORDER BY id LIMIT 3", []string{"none", "2024-01-05"}},
		{"VALUES ($1, 1), ('b', $2)", []string{"a", "2"}},
		{"SELECT CASE WHEN k = $1 THEN $2 ELSE name END FROM public.customer ORDER BY id LIMIT 3", []string{"1", "x"}},
	} {
		result, err := o.h.rewrite(c.sql)
		if err != nil {
			t.Errorf("%s: %v", c.sql, err)
			continue
		}
		want, err := o.sanitised.Prepare(t.Context(), "", c.sql, nil)
		if err != nil {
			t.Fatalf("%s: %v", c.sql, err)
		}
		got, err := o.raw.Prepare(t.Context(), "", result.Statements[0].SQL, nil)
		if err != nil {
			t.Errorf("%s: %v", c.sql, err)
			continue
		}
		if !slices.Equal(got.ParamOIDs, want.ParamOIDs) {
			t.Errorf("%s: parameters of types %v, want %v", c.sql, got.ParamOIDs, want.ParamOIDs)
		}
		args := make([][]byte, len(c.args))
		for i, a := range c.args {
			args[i] = []byte(a)
		}
		wantRows := o.sanitised.ExecPrepared(t.Context(), "", args, nil, nil).Read()
		gotRows := o.raw.ExecPrepared(t.Context(), "", args, nil, nil).Read()
		if wantRows.Err != nil || gotRows.Err != nil {
			t.Errorf("%s: %v, want %v", c.sql, gotRows.Err, wantRows.Err)
		}
		if len(gotRows.Rows) != len(wantRows.Rows) {
			t.Errorf("%s: %d rows, want %d", c.sql, len(gotRows.Rows), len(wantRows.Rows))
		}
	}
}
