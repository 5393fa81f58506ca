package rewrite

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/policy"
)

// writer gives the person every privilege on what they may see.
func writer(broken damage) damage {
	return damage{view: broken.view, translucent: broken.translucent, decision: func(d *policy.Decision) {
		d.Privileges = policy.Privileges()
		if broken.decision != nil {
			broken.decision(d)
		}
	}}
}

// newWriteOracle lets rows be inserted without the columns that the person sees masked; on the sanitised side these read as masked.
func newWriteOracle(t testing.TB, broken damage) *oracle {
	t.Helper()
	o := newOracle(t, writer(broken))
	const named = "ALTER TABLE public.customer ALTER name SET DEFAULT 'nobody'"
	for conn, sql := range map[*pgconn.PgConn]string{o.raw: named, o.sanitised: named + ", ALTER phone SET DEFAULT '***', ALTER note SET DEFAULT 'withheld'"} {
		if got := ask(conn, sql, true); got.code != "" {
			t.Fatal(got.bytes)
		}
	}
	return o
}

func writes(t testing.TB) []string {
	t.Helper()
	file, err := os.ReadFile("testdata/writes.sql")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for line := range strings.Lines(string(file)) {
		if line = strings.TrimSuffix(strings.TrimSpace(line), ";"); line != "" && !strings.HasPrefix(line, "--") {
			out = append(out, line)
		}
	}
	return out
}

// hiddenRows is what the person does not see of the warehouse; no statement of theirs may change it.
const hiddenRows = `SELECT md5(string_agg(r, '|' ORDER BY r)) FROM (
SELECT c::text AS r FROM public.customer c WHERE lower(country) <> 'us' UNION ALL SELECT md5(concat(id, phone, balance, note, ssn, name)) FROM public.customer WHERE id % 3 = 0
UNION ALL SELECT o::text FROM public.orders o WHERE customer_id % 3 = 0 AND id <= 1500 UNION ALL SELECT e::text FROM public.event e WHERE what LIKE '%MARKER%'
UNION ALL SELECT p::text FROM public.parent p WHERE id <= 10 UNION ALL SELECT s FROM public.secret UNION ALL SELECT s FROM public.unregistered
UNION ALL SELECT code FROM app.nation) x`

// visible is what the person sees afterwards.
var visible = []string{
	"SELECT * FROM public.customer", "SELECT * FROM orders", "SELECT * FROM public.nation", "SELECT * FROM event", "SELECT * FROM parent", "SELECT * FROM app.customer",
}

// compareWrite runs a statement on both sides in a transaction that is rolled back.
func (o *oracle) compareWrite(t testing.TB, sql string) (changed int, problem string, refused error) {
	t.Helper()
	*o.notices = nil
	result, err := o.h.rewrite(sql)
	if err != nil {
		return 0, "", err
	}
	st := &result.Statements[0]
	before := ask(o.raw, hiddenRows, true)
	for _, side := range []string{"BEGIN"} {
		ask(o.raw, side, true)
		ask(o.sanitised, side, true)
	}
	defer func() {
		ask(o.raw, "ROLLBACK", true)
		ask(o.sanitised, "ROLLBACK", true)
	}()
	want, got := ask(o.sanitised, sql, false), ask(o.raw, st.SQL, false)
	if st.Quiet {
		got.rows, got.columns, got.bytes = nil, nil, strings.Join(got.columns, "")
	}
	switch {
	case strings.Contains(got.bytes+strings.Join(*o.notices, ""), marker):
		return 0, "a hidden value came back: " + got.bytes, nil
	case got.code != want.code:
		return 0, "SQLSTATE " + got.code + ", want " + want.code + "\n" + got.bytes, nil
	case got.code != "":
		return 0, "", nil
	case !slices.Equal(got.columns, want.columns) || !slices.Equal(got.rows, want.rows):
		return 0, strings.Join(got.columns, " ") + strings.Join(got.rows, "\n") + "\nwant\n" + strings.Join(want.columns, " ") + strings.Join(want.rows, "\n"), nil
	case got.tag != want.tag:
		return 0, "tag " + got.tag + ", want " + want.tag, nil
	}
	for _, query := range visible {
		if strings.Contains(query, "orders") && strings.Contains(sql, "DELETE") && strings.Contains(sql, "customer") {
			continue // which orders are visible depends on the customers that there are
		}
		seen, err := o.h.rewrite(query)
		if err != nil {
			t.Fatal(err)
		}
		a, b := ask(o.raw, seen.Statements[0].SQL, false), ask(o.sanitised, query, false)
		if !slices.Equal(a.rows, b.rows) {
			for i := range min(len(a.rows), len(b.rows)) {
				if a.rows[i] != b.rows[i] {
					return 0, query + " differs afterwards:\n" + a.rows[i] + "\nwant\n" + b.rows[i], nil
				}
			}
			return 0, query + " differs afterwards in its number of rows", nil
		}
	}
	if after := ask(o.raw, hiddenRows, true); !slices.Equal(before.rows, after.rows) || len(after.rows) != 1 {
		return 0, "hidden rows have changed", nil
	}
	if !strings.HasSuffix(want.tag, " 0") {
		changed = 1
	}
	return changed, "", nil
}

// TestWrites: what is written is what the same statement writes on a copy that holds only what the person sees, and nothing else changes.
func TestWrites(t *testing.T) {
	o := newWriteOracle(t, damage{})
	cases, changed := 0, 0
	for _, sql := range writes(t) {
		did, problem, refused := o.compareWrite(t, sql)
		if refused != nil && !slices.Contains([]string{"42703"}, code(refused)) {
			problem = refused.Error()
		}
		if problem != "" {
			result, err := o.h.rewrite(sql)
			if err == nil {
				problem += "\n" + result.Statements[0].SQL
			}
			t.Errorf("%s\n%s", sql, problem)
		}
		cases, changed = cases+1, changed+did
	}
	t.Logf("%d cases, %d change something", cases, changed)
	if cases < 50 || changed < 35 {
		t.Error("too few")
	}
}

// TestWritesRefused: rows that the person would not see are not written, nor columns that they see masked or not at all.
func TestWritesRefused(t *testing.T) {
	o := newWriteOracle(t, damage{})
	for sql, want := range map[string]string{
		// The new row would be hidden; the warehouse says so.
		"INSERT INTO public.customer (id, country, k) VALUES (9001, 'DE', 1)":                                            "runs 22P02",
		"INSERT INTO public.customer (id, country, k) VALUES (9001, 'US', 1), (9002, 'DE', 1) RETURNING id":              "runs 22P02",
		"INSERT INTO public.customer (id, k) VALUES (9001, 1)":                                                           "runs 23502",
		"UPDATE public.customer SET country = 'DE' WHERE id = 4":                                                         "runs 22P02",
		"UPDATE public.customer SET country = 'DE' WHERE id = 4 RETURNING name":                                          "runs 22P02",
		"UPDATE orders SET customer_id = 3 WHERE id = 3":                                                                 "runs 22P02",
		"INSERT INTO public.customer (id, country, k) VALUES (4, 'US', 1) ON CONFLICT (id) DO UPDATE SET country = 'DE'": "runs 22P02",
		"UPDATE event SET what = 'MARKER' WHERE id = 1":                                                                  "runs 22P02",
		"UPDATE parent SET id = 1 WHERE id = 20":                                                                         "runs 22P02",
		// Columns.
		"UPDATE public.customer SET phone = '1'":                                                             "refused 42501",
		"UPDATE public.customer SET (k, balance) = (1, 2)":                                                   "refused 42501",
		"INSERT INTO public.customer VALUES (1, 'x')":                                                        "refused 42501",
		"INSERT INTO public.customer (id, name) VALUES (1, 'x')":                                             "refused 42501",
		"INSERT INTO public.customer (id, ssn) VALUES (1, 'x')":                                              "refused 42703",
		"INSERT INTO public.customer (id, k) VALUES (4, 1) ON CONFLICT (phone) DO NOTHING":                   "refused 42501",
		"INSERT INTO public.customer (id, k) VALUES (4, 1) ON CONFLICT (id) DO UPDATE SET name = 'x'":        "refused 42501",
		"MERGE INTO public.customer c USING orders o ON c.id = o.id WHEN MATCHED THEN UPDATE SET phone = ''": "refused 42501",
		"COPY public.nation (nosuch) FROM STDIN":                                                             "refused 42703",
		"COPY public.customer (id) FROM STDIN":                                                               "refused 42501",
		"TRUNCATE public.customer":                                                                           "refused 42501",
		// Tables.
		"INSERT INTO secret VALUES ('x')":                       "refused 42P01",
		"UPDATE unregistered SET s = 'x'":                       "refused 42P01",
		"DELETE FROM public.child":                              "refused 42P01",
		"TRUNCATE public.nation, public.secret":                 "refused 42P01",
		"DELETE FROM nation USING secret":                       "refused 42P01",
		"INSERT INTO nation (code) SELECT s FROM secret":        "refused 42P01",
		"UPDATE nation SET title = (SELECT max(s) FROM secret)": "refused 42P01",
		"DELETE FROM pg_class":                                  "refused 42501",
		"UPDATE pg_catalog.pg_proc SET proname = 'x'":           "refused 42501",
		"DELETE FROM public.customer_view":                      "refused 0A000",
		// Forms.
		"UPDATE public.customer SET k = 1 WHERE CURRENT OF c":                                                           "refused 0A000",
		"DELETE FROM public.customer RETURNING customer":                                                                "refused 0A000",
		"DELETE FROM public.customer RETURNING row_to_json(customer)":                                                   "refused 0A000",
		"DELETE FROM public.customer RETURNING ctid":                                                                    "refused 0A000",
		"DELETE FROM public.customer RETURNING pg_read_file(name)":                                                      "refused 0A000",
		"DELETE FROM public.customer RETURNING customer.pg_read_file":                                                   "refused 42703",
		"UPDATE public.customer SET k = 1 FROM orders postern_t WHERE postern_t.id = customer.id":                       "refused 0A000",
		"DELETE FROM public.customer WHERE EXISTS (SELECT 1 FROM orders AS postern_t WHERE postern_t.id = customer.id)": "refused 0A000",
		"TRUNCATE nation CASCADE":                                                                                                                                                            "refused 0A000",
		"TRUNCATE nation RESTART IDENTITY":                                                                                                                                                   "refused 0A000",
		"COPY nation FROM '/etc/passwd'":                                                                                                                                                     "refused 0A000",
		"COPY nation FROM PROGRAM 'id'":                                                                                                                                                      "refused 0A000",
		"COPY nation FROM STDIN WHERE pop > 1":                                                                                                                                               "refused 0A000",
		"SELECT * FROM (WITH w AS (DELETE FROM orders RETURNING id) SELECT * FROM w) x":                                                                                                      "refused 0A000",
		"WITH n AS (INSERT INTO nation VALUES ('DE', 'Germany', 84000000)) SELECT * FROM n":                                                                                                  "refused 0A000",
		"COPY (WITH x AS (DELETE FROM nation RETURNING *) SELECT * FROM x) TO STDOUT":                                                                                                        "refused 0A000",
		"DECLARE c CURSOR FOR WITH x AS (DELETE FROM nation RETURNING *) SELECT * FROM x":                                                                                                    "refused 0A000",
		"EXPLAIN ANALYZE WITH x AS (DELETE FROM nation RETURNING *) SELECT * FROM x":                                                                                                         "refused 0A000",
		"WITH x AS (DELETE FROM secret RETURNING *) SELECT * FROM x":                                                                                                                         "refused 42P01",
		"WITH x AS (DELETE FROM nation) SELECT 1 AS postern_t FROM nation AS postern_t":                                                                                                      "refused 0A000",
		"WITH x AS (UPDATE public.customer SET phone = '1') SELECT 1":                                                                                                                        "refused 42501",
		"WITH x AS (INSERT INTO public.customer (id, country, k) VALUES (9001, 'DE', 1)) SELECT 1":                                                                                           "runs 22P02",
		"WITH x AS (INSERT INTO public.customer (id, country, k) VALUES (9001, 'DE', 1) RETURNING id) SELECT id FROM x LIMIT 0":                                                              "runs 22P02",
		"WITH x AS (UPDATE public.customer SET country = 'DE' WHERE id = 4 RETURNING id) SELECT 1 WHERE false":                                                                               "runs 22P02",
		"WITH x AS (UPDATE orders SET customer_id = 3 WHERE id = 3 RETURNING id), y AS (SELECT 1 AS a) SELECT a FROM y":                                                                      "runs 22P02",
		"WITH x AS (UPDATE parent SET id = 1 WHERE id = 20) INSERT INTO nation (code) VALUES ('ZZ')":                                                                                         "runs 22P02",
		"PREPARE p AS WITH x AS (DELETE FROM secret RETURNING *) SELECT * FROM x":                                                                                                            "refused 42P01",
		"PREPARE p AS UPDATE public.customer SET phone = '1'":                                                                                                                                "refused 42501",
		"PREPARE p AS TRUNCATE nation":                                                                                                                                                       "refused 42601",
		"MERGE INTO public.customer c USING (SELECT 9001 AS id) o ON c.id = o.id WHEN NOT MATCHED THEN INSERT (id, country, k) VALUES (o.id, 'DE', 1)":                                       "runs 22P02",
		"MERGE INTO public.customer c USING (SELECT 9001 AS id) o ON c.id = o.id WHEN NOT MATCHED THEN INSERT (id, country, k) VALUES (o.id, NULL, 1)":                                       "runs 22P02",
		"MERGE INTO public.customer c USING orders o ON c.id = o.id WHEN MATCHED THEN UPDATE SET country = 'DE'":                                                                             "runs 22P02",
		"MERGE INTO public.customer c USING orders o ON c.id = o.id WHEN MATCHED THEN UPDATE SET country = c.name":                                                                           "runs 22P02",
		"MERGE INTO public.customer c USING (SELECT 4 AS id, 'DE' AS d) o ON c.id = o.id WHEN MATCHED AND c.k > 900 THEN DELETE WHEN MATCHED THEN UPDATE SET k = 1, country = o.d":           "runs 22P02",
		"MERGE INTO public.customer c USING (SELECT 9001 AS id) o ON c.id = o.id WHEN NOT MATCHED THEN INSERT (id, k) VALUES (o.id, 1)":                                                      "refused 0A000",
		"MERGE INTO public.customer c USING (SELECT 9001 AS id) o ON c.id = o.id WHEN NOT MATCHED THEN INSERT (id, country) VALUES (o.id, DEFAULT)":                                          "refused 0A000",
		"MERGE INTO public.customer c USING (SELECT 9001 AS id) o ON c.id = o.id WHEN NOT MATCHED THEN INSERT (id, country) VALUES (o.id, CASE WHEN random() < 0.5 THEN 'US' ELSE 'DE' END)": "refused 0A000",
		"MERGE INTO public.customer c USING (SELECT 9001 AS id) o ON c.id = o.id WHEN NOT MATCHED THEN INSERT (id, country) VALUES (o.id, (SELECT code FROM nation LIMIT 1))":                "refused 0A000",
		"MERGE INTO public.customer c USING (SELECT 9001 AS id) o ON c.id = o.id WHEN MATCHED THEN UPDATE SET (k, country) = (SELECT 1, 'DE')":                                               "refused 0A000",
		"MERGE INTO public.customer c USING (SELECT 9001 AS id) o ON c.id = o.id WHEN NOT MATCHED THEN INSERT (id, country) OVERRIDING USER VALUE VALUES (o.id, 'US')":                       "refused 0A000",
		"MERGE INTO orders o USING (SELECT 9001 AS id) s ON o.id = s.id WHEN NOT MATCHED THEN INSERT (id, customer_id) VALUES (s.id, 3)":                                                     "runs 22P02",
		"MERGE INTO event e USING (VALUES (900001, 'click')) AS s(id, what) ON e.id = s.id WHEN NOT MATCHED THEN INSERT VALUES (s.id, '2024-03-03', s.what)":                                 "refused 0A000",
		"MERGE INTO public.customer c USING orders o ON c.id = o.id WHEN NOT MATCHED BY SOURCE THEN DELETE":                                                                                  "refused 0A000",
	} {
		verdict, state, _ := strings.Cut(want, " ")
		result, err := o.h.rewrite(sql)
		if verdict == "refused" {
			if code(err) != state || err != nil && strings.Contains(err.Error(), marker) {
				t.Errorf("%s\n%v, want %s", sql, err, want)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s\n%v, want %s", sql, err, want)
			continue
		}
		ask(o.raw, "BEGIN", true)
		got := ask(o.raw, result.Statements[0].SQL, true)
		ask(o.raw, "ROLLBACK", true)
		if got.code != state || state == "22P02" && !strings.Contains(got.bytes, RowCheck) || strings.Contains(strings.ReplaceAll(got.bytes, "MARKER-ssn", ""), marker) {
			t.Errorf("%s\n%s %s, want %s", sql, got.code, got.bytes, want)
		}
	}
}

// TestMergeBesideTriggers: where a trigger could change the row behind its check, MERGE is refused, and says why.
func TestMergeBesideTriggers(t *testing.T) {
	h := harnessOf(t, warehouse(), writer(damage{}))
	for _, table := range h.program.Snapshot().Tables() {
		table.RowTriggers = true
	}
	for sql, want := range map[string]string{
		"MERGE INTO public.customer c USING nation n ON c.country = n.code WHEN NOT MATCHED THEN INSERT (id, country) VALUES (1, n.code)": "a trigger",
		"MERGE INTO public.customer c USING nation n ON c.country = n.code WHEN MATCHED THEN UPDATE SET k = 3":                            "a trigger",
		"MERGE INTO public.customer c USING nation n ON c.country = n.code WHEN MATCHED THEN DELETE":                                      "",
		"MERGE INTO nation n USING orders o ON o.memo = n.code WHEN NOT MATCHED THEN INSERT (code) VALUES (o.memo)":                       "",
	} {
		_, err := h.rewrite(sql)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

// TestMergeBesideGeneratedColumns: what a generated column that the filter reads is made of is not known, so nothing is set beside it.
func TestMergeBesideGeneratedColumns(t *testing.T) {
	h := harnessOf(t, warehouse(), writer(damage{}))
	for _, table := range h.program.Snapshot().Tables() {
		for i, c := range table.Columns {
			table.Columns[i].Generated = c.Name == "country"
		}
	}
	const sql = "MERGE INTO public.customer c USING nation n ON c.country = n.code WHEN MATCHED THEN UPDATE SET k = 3"
	if _, err := h.rewrite(sql); code(err) != "0A000" {
		t.Errorf("%s: %v", sql, err)
	}
}

// TestReadersDoNotWrite: without the privilege everything that writes is refused.
func TestReadersDoNotWrite(t *testing.T) {
	h := newHarness(t, damage{})
	for _, sql := range append(writes(t), "COPY nation FROM STDIN") {
		if _, err := h.rewrite(sql); code(err) != "42501" {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

// TestWritesSeeDamage proves that the comparison sees a missing filter, mask or condition.
func TestWritesSeeDamage(t *testing.T) {
	broken := mutations()
	delete(broken, "opaque fence")
	delete(broken, "fence") // nothing of the kind is in a statement that writes
	broken["guard"] = damage{}
	for name, damaged := range broken {
		t.Run(name, func(t *testing.T) {
			o := newWriteOracle(t, damaged)
			red := 0
			for _, sql := range writes(t) {
				if name == "guard" {
					// Conditions beside the filter instead of behind it.
					result, err := o.h.rewrite(sql)
					if err != nil || !strings.Contains(result.Statements[0].SQL, "CASE WHEN lower(") && !strings.Contains(result.Statements[0].SQL, "CASE WHEN pg_catalog.lower(") {
						continue
					}
					loose := strings.NewReplacer("WHERE pg_catalog.lower(postern_t.country) OPERATOR(pg_catalog.=) 'us'::text AND CASE WHEN pg_catalog.lower(postern_t.country) OPERATOR(pg_catalog.=) 'us'::text THEN", "WHERE CASE WHEN true THEN").
						Replace(result.Statements[0].SQL)
					ask(o.raw, "BEGIN", true)
					if got := ask(o.raw, loose, true); got.code != "" {
						red++
					}
					ask(o.raw, "ROLLBACK", true)
					continue
				}
				if _, problem, _ := o.compareWrite(t, sql); problem != "" {
					red++
				}
			}
			t.Logf("without the %s, %d cases turn red", name, red)
			if red == 0 {
				t.Error("nothing turned red")
			}
		})
	}
}
