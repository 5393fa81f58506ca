package proxy_test

import (
	"os"
	"strings"
	"testing"
)

// TestRedshiftConstructs sends each construct of Redshift's own through the whole proxy, with the file that states its translation: the stand-in gives the rows, or, where its
// PostgreSQL has no such construct, gets it in the words of the guide.
func TestRedshiftConstructs(t *testing.T) {
	w, server := newRedshiftCrawled(t, nil)
	w.start(t)
	conn := eavesdrop(t, w, "ann")
	ran, sent := 0, 0
	for _, c := range []struct{ file, sql, want, words string }{
		{"top", `SELECT TOP 1 id FROM sales.customer ORDER BY id DESC`, "4", "LIMIT 1"},
		{"minus", `SELECT id FROM sales.customer MINUS SELECT id FROM sales.orders ORDER BY 1`, "4", "EXCEPT"},
		{"qualify", `SELECT id FROM sales.customer QUALIFY row_number() OVER (ORDER BY id) = 1`, "", "QUALIFY"},
		{"exclude", `SELECT * EXCLUDE (phone, k) FROM sales.customer WHERE id = 2`, "2|bob|US", ""},
		{"convert", `SELECT CONVERT(varchar(3), id) FROM sales.customer WHERE id = 2`, "2", "CAST("},
		{"approximate", `SELECT APPROXIMATE COUNT(DISTINCT phone) FROM sales.customer`, "1", "APPROXIMATE count(DISTINCT"},
		{"listagg", `SELECT LISTAGG(DISTINCT country, ',') WITHIN GROUP (ORDER BY country) FROM sales.customer`, "", "listagg(DISTINCT"},
		{"ignore-nulls", `SELECT last_value(k) IGNORE NULLS OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM sales.customer`, "", "IGNORE NULLS"},
		{"ignore-nulls", `SELECT first_value(k) RESPECT NULLS OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM sales.customer`, "1;1;1", ""},
		{"date-parts", `SELECT DATEADD(month, 1, '2024-01-31'::date)::date, DATEDIFF(qtr, '2024-01-01'::date, '2024-07-01'::date), DATE_PART(dow, '2024-01-01'::date)`, "2024-02-29|2|1", "dateadd(month,"},
		{"sysdate", `SELECT count(*) FROM sales.customer WHERE SYSDATE > '2020-01-01'::timestamp`, "3", "SYSDATE"},
		{"group-by-all", `SELECT country, count(*) FROM sales.customer GROUP BY ALL`, "US|3", "GROUP BY 1"},
		{"three-part-names", `SELECT c.id FROM ` + w.database + `.sales.customer c WHERE c.id = 1`, "1", ""},
		{"backslash", `SELECT 'a\\b', 'it\'s'`, `a\b|it's`, "chr(92)"},
		{"varchar-max", `SELECT name::varchar(max) FROM sales.customer WHERE id = 2`, "bob", "character varying(65535)"},
		{"interval", `SELECT '2024-01-01'::timestamp + INTERVAL '2 days'`, "2024-01-03 00:00:00", "INTERVAL '2 days'"},
	} {
		if text, err := os.ReadFile("../rewrite/testdata/redshift/" + c.file + ".txtar"); err != nil || !strings.Contains(string(text), "-- sent --") {
			t.Errorf("%s has no file that lets it in: %v", c.file, err)
		}
		before := len(server.Statements())
		got, err := simpleRows(t.Context(), conn.PgConn, c.sql)
		all := server.Statements()
		switch {
		case len(all) == before:
			t.Errorf("%s: nothing was sent: %v", c.sql, err)
		case !strings.Contains(all[len(all)-1], c.words):
			t.Errorf("%s: sent %s", c.sql, all[len(all)-1])
		case c.want == "":
			if sent++; err == nil {
				t.Errorf("%s: %q: the stand-in has it now?", c.sql, got)
			}
		case err != nil || got != c.want:
			t.Errorf("%s: %q %v, want %q", c.sql, got, err, c.want)
		default:
			ran++
		}
	}
	if conn.has("MARKER") {
		t.Error("a hidden value came over the wire")
	}
	t.Logf("%d constructs gave their rows, %d were sent as they are", ran, sent)
	if ran < 13 || sent < 3 {
		t.Error("fewer than 13 and 3")
	}
}
