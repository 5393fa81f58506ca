package e2e

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// TestLimits: texts that are long, wide or deep are answered or refused with 54000 or 54001, by both protocols, and the session goes on.
func TestLimits(t *testing.T) {
	p := inProcess(t)
	conn, err := pgx.Connect(t.Context(), dsn(&p.instance, people()[1], "sslmode=disable"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	numbers := make([]string, 10_000)
	for i := range numbers {
		numbers[i] = fmt.Sprint(i)
	}
	repeat := strings.Repeat
	mostBytes := 10<<20 - len("SELECT length('')")
	tests := []struct{ name, sql, want string }{
		{"10 MiB", "SELECT length('" + repeat("a", mostBytes) + "')", fmt.Sprint(mostBytes)},
		{"more than 10 MiB", "SELECT length('" + repeat("a", mostBytes+1) + "')", "54000"},
		{"far more", "SELECT length('" + repeat("a", 40<<20) + "')", "54000"},
		{"10 MiB of words", "SELECT " + repeat("a, ", 10<<20/3-10) + "1", "54000"},
		{"10,000 items", "SELECT count(*) >= 100 FROM customer WHERE c_custkey IN (" + strings.Join(numbers, ", ") + ")", "true"},
		{"10,000 values", "SELECT count(*) FROM (VALUES (" + strings.Join(numbers, "), (") + ")) v", "10000"},
		{"10,000 conditions", "SELECT count(*) >= 100 FROM customer WHERE c_custkey = " + strings.Join(numbers, " OR c_custkey = "), "true"},
		{"1,600 columns", "SELECT " + repeat("c_custkey, ", 1599) + "c_custkey FROM customer LIMIT 1", "1600"},
		{"1,665 columns", "SELECT " + repeat("c_custkey, ", 1664) + "c_custkey FROM customer LIMIT 1", "54011"},
		{"501 tables", "SELECT 1 FROM nation" + repeat(", nation", 500), "42712"},
		{"501 tables in sub-selects", "SELECT 1" + repeat(" UNION ALL SELECT 1 FROM nation", 501), "54000"},
		{"5,000 parentheses", "SELECT " + repeat("(", 5000) + "1" + repeat(")", 5000), "54001"},
		{"5,000 sub-selects", repeat("SELECT (", 5000) + "SELECT 1" + repeat(")", 5000), "54001"},
		{"5,000 derived tables", repeat("SELECT * FROM (", 5000) + "SELECT 1" + repeat(") x", 5000), "54001"},
		{"5,000 negations", "SELECT " + repeat("NOT ", 5000) + "true", "54001"},
		{"5,000 CASEs", "SELECT " + repeat("CASE WHEN true THEN ", 5000) + "1" + repeat(" END", 5000), "54001"},
		{"5,000 calls", "SELECT " + repeat("abs(", 5000) + "1" + repeat(")", 5000), "54001"},
		{"5,000 unions", "SELECT 1" + repeat(" UNION ALL SELECT 1", 5000), "54001"},
		{"900 negations", "SELECT " + repeat("NOT ", 900) + "true", "true"},
		{"a parameter beyond", "SELECT $65536::int", "54000"},
	}
	for _, extended := range []bool{false, true} {
		for _, test := range tests {
			if strings.Contains(test.sql, "$") && !extended {
				continue // there, the client looks at parameters itself
			}
			if got := limitAnswer(t, conn, test.sql, extended); got != test.want {
				t.Errorf("%s, extended %v: %s, want %s", test.name, extended, got, test.want)
			}
			if got := limitAnswer(t, conn, "SELECT 'still here'", extended); got != "still here" {
				t.Fatalf("after %s: %s", test.name, got)
			}
		}
	}
}

// limitAnswer is the first value of the answer, the number of columns where there are many, or the SQLSTATE.
func limitAnswer(t *testing.T, conn *pgx.Conn, sql string, extended bool) string {
	t.Helper()
	mode := pgx.QueryExecModeSimpleProtocol
	if extended {
		mode = pgx.QueryExecModeExec
	}
	rows, err := conn.Query(t.Context(), sql, mode)
	if err != nil {
		return stateOf(err)
	}
	defer rows.Close()
	out := "no rows"
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			return err.Error()
		}
		if out = fmt.Sprint(values[0]); len(values) > 1 {
			out = fmt.Sprint(len(values))
		}
	}
	if err := rows.Err(); err != nil {
		return stateOf(err)
	}
	return out
}

func stateOf(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return err.Error()
}

// TestPositions: an error that the warehouse finds has its place in the client's own text, whichever protocol brings it.
func TestPositions(t *testing.T) {
	p := inProcess(t)
	conn, err := pgx.Connect(t.Context(), dsn(&p.instance, people()[0], "sslmode=disable"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	const sql = "SELECT 'é', c_custkey FROM customer WHERE c_comment > 7"
	for text, want := range map[string]int{sql: 53, "SELECT c_name FROM customer LIMIT 1; " + sql: 90} {
		for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeSimpleProtocol, pgx.QueryExecModeExec} {
			if mode == pgx.QueryExecModeExec && want > 60 {
				continue
			}
			_, err := conn.Exec(t.Context(), text, mode)
			var e *pgconn.PgError
			if !errors.As(err, &e) || e.Code != "42883" || int(e.Position) != want {
				t.Errorf("mode %v: %v at %d, want %d", mode, err, e.Position, want)
			}
		}
	}
}
