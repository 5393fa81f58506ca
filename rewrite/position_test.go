package rewrite

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/pgerror"
)

// Errors that PostgreSQL would give too are given with its words, code and position, counted in characters.
func TestErrorsLikePostgreSQL(t *testing.T) {
	h := newHarness(t, damage{})
	conn := connect(t, load(t, "raw.sql", "sanitise.sql"), false, nil)
	for _, sql := range []string{
		"SELECT 1 FROM", "SELEC 1", "SELECT 'é', é FROM WHERE", "SELECT * FROM nation WHERE code = = 1", "SELECT 'abc", `SELECT "abc`,
		"SELECT /* abc", "SELECT $a$ x", "SELECT (1", "SELECT 1)", "SELECT 1;\nSELECT é x y z", "SELECT E'\\u00G0'", `SELECT U&'\ZZZZ'`,
		`SELECT U&"\D800"`, "SELECT 1 AS 2", "SELECT 12abc", "SELECT ''''''' x",
		"SELECT nosuch FROM nation", "SELECT 'é', nosuch FROM nation", "SELECT n.nosuch FROM nation n", "SELECT x.code FROM nation n",
		"SELECT code FROM nation n, nation m", "SELECT 1 FROM nation ORDER BY nosuch",
		"SELECT max(nosuch) FROM nation", "SELECT (SELECT nosuch) FROM nation", "SELECT 1 FROM nation n JOIN orders o ON n.x = o.id",
		"SELECT 1 FROM nation JOIN orders USING (code)", "SELECT 1 FROM orders JOIN nation USING (code)",
		"SELECT 1 FROM nation, nation", "WITH a AS (SELECT 1), a AS (SELECT 2) SELECT 1",
		"SELECT n FROM orders o JOIN nation ON o.id = 1", "SELECT * FROM a.b.c.d", "SELECT a.b.c.d.e FROM nation",
		"SELECT x FROM nation x, orders x", "SELECT DEFAULT", "SELECT 1 FROM generate_series(1, 2) g WHERE g.x = 1",
		"WITH RECURSIVE t AS (SELECT * FROM t UNION SELECT 1) SELECT * FROM t",
	} {
		_, err := conn.Exec(context.Background(), sql).ReadAll()
		var want *pgconn.PgError
		if !errors.As(err, &want) {
			t.Errorf("%s\nPostgreSQL takes it: %v", sql, err)
			continue
		}
		_, err = h.rewrite(sql)
		var got *pgerror.Error
		if !errors.As(err, &got) {
			t.Errorf("%s\nwe let it through: %v", sql, err)
			continue
		}
		if got.Code != want.Code || got.Message != want.Message || got.Position != int(want.Position) {
			t.Errorf("%s\n got %s %q at %d\nwant %s %q at %d", sql, got.Code, got.Message, got.Position, want.Code, want.Message, want.Position)
		}
	}
}

// A hidden table and an absent one answer with one text, in every form of the name.
func TestHiddenIsAbsent(t *testing.T) {
	h := newHarness(t, damage{})
	for _, pair := range [][2]string{
		{"SELECT * FROM secret", "SELECT * FROM absent"},
		{"SELECT * FROM public.secret", "SELECT * FROM public.absent"},
		{"SELECT * FROM db.public.secret", "SELECT * FROM db.public.absent"},
		{"SELECT ssn FROM public.customer", "SELECT abs FROM public.customer"},
		{"SELECT c.ssn FROM public.customer c", "SELECT c.abs FROM public.customer c"},
	} {
		var texts [2]pgerror.Error
		for i, sql := range pair {
			_, err := h.rewrite(sql)
			var pe *pgerror.Error
			if !errors.As(err, &pe) {
				t.Fatalf("%s: %v", sql, err)
			}
			texts[i] = *pe
		}
		names := map[string]string{"secret": "absent", "ssn": "abs"}
		for hidden, absent := range names {
			texts[0].Message = strings.ReplaceAll(texts[0].Message, hidden, absent)
			texts[0].Hint = strings.ReplaceAll(texts[0].Hint, hidden, absent)
		}
		if texts[0] != texts[1] {
			t.Errorf("%v differ: %+v and %+v", pair, texts[0], texts[1])
		}
	}
}
