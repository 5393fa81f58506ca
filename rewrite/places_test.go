package rewrite

import (
	"context"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"
)

// TestPlaces: where the warehouse refuses what was let through, the position is that of PostgreSQL's own answer to the client's text, on
// a warehouse that holds only what the person may see.
func TestPlaces(t *testing.T) {
	raw := connect(t, load(t, "raw.sql"), true, nil)
	h := newHarness(t, damage{})
	h.adoptOIDs(t, raw)
	sanitised := connect(t, load(t, "raw.sql", "sanitise.sql"), false, nil)
	position := func(conn *pgconn.PgConn, sql string) (string, int) {
		_, err := conn.Exec(context.Background(), sql).ReadAll()
		var e *pgconn.PgError
		if !errors.As(err, &e) {
			t.Fatalf("%s: %v", sql, err)
		}
		return e.Code, int(e.Position)
	}
	for _, sql := range []string{
		"SELECT id, memo + 1 FROM orders",
		"SELECT 'ü', name + 1 FROM public.customer AS c",
		"SELECT *\nFROM orders o\nJOIN nation n ON n.code = o.id",
		"SELECT length(total) FROM orders",
		"SELECT id FROM public.customer WHERE id = 'four'",
		"SELECT id, count(*) FROM orders",
		"SELECT o.id FROM orders o, nation GROUP BY o.placed",
		"SELECT id FROM orders WHERE count(*) > 1",
		"SELECT memo FROM orders UNION SELECT id FROM orders",
		"SELECT 1 FROM orders ORDER BY 7",
		"SELECT max(memo) OVER w FROM orders",
		"SELECT total::date FROM orders",
		"SELECT CASE WHEN id = 1 THEN 1 ELSE 'x' END FROM orders",
		"SELECT ARRAY[1, 'b'] FROM nation",
		"SELECT (SELECT id, memo FROM orders) FROM nation",
		"WITH a AS (SELECT memo FROM orders) SELECT sum(memo) FROM a",
		"SELECT id FROM orders LIMIT 'x'",
		"SELECT memo COLLATE \"C\" < name COLLATE \"POSIX\" FROM orders, public.customer",
		"SELECT row_number() FROM orders",
		"VALUES (1), ('x')",
		"SELECT * FROM generate_series(1, 'x') g, orders",
		"SELECT now() + 1, id FROM orders",
	} {
		wantCode, want := position(sanitised, sql)
		result, err := h.rewrite(sql)
		if err != nil {
			t.Errorf("%s\nrefused: %v", sql, err)
			continue
		}
		st := &result.Statements[0]
		gotCode, printed := position(raw, st.SQL)
		if got := st.ClientPosition(printed); got != want || gotCode != wantCode {
			t.Errorf("%s\nposition %d (%s), want %d (%s)\n%s\n%s^", sql, got, gotCode, want, wantCode, st.SQL, strings.Repeat(" ", max(printed-1, 0)))
		}
	}
}

// TestPlacesAreTheClients: a place is never in a text of ours, and every one of the client's is inside its text.
func TestPlacesAreTheClients(t *testing.T) {
	h := newHarness(t, damage{})
	sql := "SELECT 'é', c.name, o.total FROM public.customer c JOIN orders o ON o.customer_id = c.id WHERE c.country = 'US'"
	result, err := h.rewrite("SELECT 1; " + sql)
	if err != nil {
		t.Fatal(err)
	}
	st := result.Statements[1]
	if len(st.Places) < 8 {
		t.Errorf("only %d places", len(st.Places))
	}
	printed, client := []rune(st.SQL), []rune("SELECT 1; "+sql)
	for _, p := range st.Places {
		a, b := printed[p.Printed-1], client[p.Client-1]
		if a != b || int(p.Client) > utf8.RuneCountInString("SELECT 1; "+sql) {
			t.Errorf("%q stands for %q", string(printed[p.Printed-1:min(len(printed), int(p.Printed)+9)]), string(client[p.Client-1:]))
		}
	}
	if at := strings.Index(st.SQL, "postern_t"); st.ClientPosition(utf8.RuneCountInString(st.SQL[:at])+1) != 0 {
		t.Error("the View has a place")
	}
}
