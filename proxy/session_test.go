package proxy_test

import (
	"testing"

	"github.com/posternsql/postern/audit"
)

// TestFirstLight is one session from SCRAM to both protocols.
func TestFirstLight(t *testing.T) {
	w := newWorld(t).start(t)
	conn := w.connect(t, "ann", "")
	var n int
	if err := conn.QueryRow(t.Context(), "SELECT sum(x) FROM generate_series(1, $1::int) x", 100).Scan(&n); err != nil || n != 5050 {
		t.Fatal(n, err)
	}
	results, err := conn.PgConn().Exec(t.Context(), "SELECT 1; SELECT 2, 3").ReadAll()
	if err != nil || len(results) != 2 || string(results[1].Rows[0][1]) != "3" {
		t.Fatal(results, err)
	}
	eventually(t, "three statements and their ends", func() bool {
		return len(w.log.of(audit.Statement)) >= 3 && len(w.log.of(audit.End)) == len(w.log.of(audit.Statement))
	})
}
