package proxy_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"
)

// TestRedshiftErrorPlaces holds that an error of the warehouse's points into the client's own text, in which Redshift's words stand, wherever what it is about
// stands there: at the sign that marks it here. The stand-in tells a place only where it has not itself changed the text.
func TestRedshiftErrorPlaces(t *testing.T) {
	w, _ := newRedshiftCrawled(t, nil)
	w.start(t)
	conn := eavesdrop(t, w, "ann")
	for _, marked := range []string{
		`SELECT "Name" @+ 1 FROM "Sales".Customer`,
		`SELECT TOP 2 id, name /* é */ @+ 1 FROM sales.customer`,
		`SELECT 'é', id FROM sales.customer WHERE id = 1 MINUS SELECT name @+ 1, id FROM sales.customer`,
		`SELECT 1; SELECT 'x', @upper(id) FROM sales.customer`,
		`SELECT * EXCLUDE (phone) FROM sales.customer WHERE name @+ 1 > 2`,
	} {
		at := utf8.RuneCountInString(marked[:strings.Index(marked, "@")]) + 1
		sql := strings.Replace(marked, "@", "", 1)
		_, err := simpleRows(t.Context(), conn.PgConn, sql)
		var e *pgconn.PgError
		if !errors.As(err, &e) || int(e.Position) != at {
			t.Errorf("%s: %+v, want position %d", sql, e, at)
		}
		if strings.Contains(sql, ";") {
			continue
		}
		if extended := conn.ExecParams(t.Context(), sql, nil, nil, nil, nil).Read(); !errors.As(extended.Err, &e) || int(e.Position) != at {
			t.Errorf("%s by the extended protocol: %+v, want position %d", sql, e, at)
		}
	}
}
