package rewrite

import (
	"strings"
	"testing"
)

// TestNamesWithTheirDatabase: a name that begins with the client's own database is the name without it, wherever one can stand; of any other
// database PostgreSQL's own words are said.
func TestNamesWithTheirDatabase(t *testing.T) {
	h := newHarness(t, writer(damage{}))
	for _, sql := range []string{
		"SELECT db.public.customer.id, db.public.customer.* FROM db.public.customer WHERE db.public.customer.k > 1", "TABLE db.public.nation", "SELECT * FROM ONLY db.public.parent",
		"SELECT * FROM db.pg_catalog.pg_class", "SELECT 'db.public.customer'::regclass", "COPY db.public.nation TO STDOUT", "COPY db.public.nation FROM STDIN",
		"INSERT INTO db.public.nation (code) VALUES ('x')", "UPDATE db.public.nation SET pop = db.public.nation.pop + 1", "DELETE FROM db.public.nation", "TRUNCATE db.public.nation",
		"MERGE INTO db.public.nation n USING db.public.orders o ON n.code = o.memo WHEN MATCHED THEN DELETE",
	} {
		result, err := h.rewrite(sql)
		if err != nil {
			t.Errorf("%s: %v", sql, err)
		} else if strings.Contains(result.Statements[0].SQL, "db.") {
			t.Errorf("%s: the name is sent: %s", sql, result.Statements[0].SQL)
		}
		_, err = h.rewrite(strings.ReplaceAll(sql, "db.", "other."))
		if code(err) != "0A000" && code(err) != "42P01" {
			t.Errorf("%s of another database: %v", sql, err)
		}
	}
	if _, err := h.rewrite("SELECT * FROM other.public.nation"); err == nil || !strings.Contains(err.Error(), "cross-database references are not implemented") {
		t.Error(err)
	}
}
