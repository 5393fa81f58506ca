package rewrite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/posternsql/postern/internal/rsfake"
	"github.com/posternsql/postern/internal/rsfake/rsfaketest"
)

// answerOf is what a stand-in answers to one text: rows as text, or an SQLSTATE.
func answerOf(ctx context.Context, conn *pgconn.PgConn, sql string) (rows []string, failure string) {
	results, err := conn.Exec(ctx, sql).ReadAll()
	var pe *pgconn.PgError
	if err != nil {
		if errors.As(err, &pe) {
			return nil, pe.Code + " " + pe.Message
		}
		return nil, err.Error()
	}
	for _, r := range results {
		for _, row := range r.Rows {
			cells := make([]string, len(row))
			for i, c := range row {
				cells[i] = "NULL"
				if c != nil {
					cells[i] = string(c)
				}
			}
			rows = append(rows, strings.Join(cells, "|"))
		}
	}
	slices.Sort(rows)
	return rows, ""
}

// redshiftData makes the tables of the case files; with sanitised, as the person may see them: hidden rows and columns are not there, and masks are what
// stands in the table.
func redshiftData(t *testing.T, server *rsfake.Server, sanitised bool) {
	t.Helper()
	statements := []string{
		"CREATE SCHEMA sales", "CREATE SCHEMA part",
		"CREATE TABLE sales.nation (code varchar(2), title varchar(40), pop bigint, joined timestamp, \"offset\" integer)",
		"INSERT INTO sales.nation VALUES ('US', 'United States', 330, '1776-07-04 10:11:12', 1), ('DE', 'Germany', 83, '1949-05-23 00:00:00', 2), ('FR', 'France', 68, '1792-09-22 00:00:00', 3), ('US', 'usa', 1, '2020-02-29 01:02:03', NULL)",
		"CREATE TABLE part.c_orders (o_key bigint)",
		"CREATE TABLE sales.secret (s varchar(20), ssn varchar(11))",
	}
	column := "ssn varchar(11)"
	rows := []string{
		"(1, 'ann x', 'P', 'US', 10.5, '2024-01-01 00:00:00', '2000-01-02', 1, 'MARKER')", "(2, 'bob', 'P', 'US', 20, '2024-01-15 10:00:00', '2000-06-01', 2, 'MARKER')",
		"(3, 'MARKER', 'MARKER', 'DE', 666, '2024-01-01 00:00:00', '1999-01-01', 0, 'MARKER')", "(4, 'abc', NULL, 'US', NULL, NULL, NULL, NULL, 'MARKER')",
	}
	orders := []string{"(1, 1, 11.50, '2024-02-01', 'x one')", "(2, 3, 99.00, '2024-02-01', 'MARKER')", "(3, 2, 5.25, '2023-02-01', 'two')", "(4, 4, 12.00, '2024-03-01', NULL)"}
	if sanitised {
		column = ""
		rows = []string{"(1, 'ann x', '***', 'US', NULL, '2024-01-01 00:00:00', '2000-01-02', 1)", "(2, 'bob', '***', 'US', NULL, '2024-01-15 10:00:00', '2000-06-01', 2)",
			"(4, 'abc', '***', 'US', NULL, NULL, NULL, NULL)"}
		orders = slices.DeleteFunc(orders, func(row string) bool { return strings.Contains(row, "MARKER") })
		statements = statements[:len(statements)-1]
	} else {
		column = ", " + column
		statements = append(statements, "INSERT INTO sales.secret VALUES ('MARKER', 'MARKER')")
	}
	statements = append(statements,
		"CREATE TABLE sales.customer (id bigint, name varchar(50), phone varchar(20), country varchar(2), balance numeric(10,2), seen timestamp, born date, k integer"+column+")",
		"INSERT INTO sales.customer VALUES "+strings.Join(rows, ", "),
		"CREATE TABLE sales.orders (id bigint, customer_id bigint, total numeric(12,2), placed date, memo varchar(100))",
		"INSERT INTO sales.orders VALUES "+strings.Join(orders, ", "))
	rsfaketest.Exec(t, server, statements...)
}

// redshiftRuns compares what the stand-in answers to guarded texts over all rows, and to clients' own texts over what the person may see.
func redshiftRuns(t *testing.T, h *harness) (ran, same, all int, wrong []string) {
	t.Helper()
	raw, clean := rsfaketest.New(t), rsfaketest.New(t)
	redshiftData(t, raw, false)
	redshiftData(t, clean, true)
	guarded := rsfaketest.Connect(t, raw, rsfake.AdminUser, rsfake.AdminPassword)
	direct := rsfaketest.Connect(t, clean, rsfake.AdminUser, rsfake.AdminPassword)
	if _, failure := answerOf(t.Context(), direct, "SET search_path TO sales"); failure != "" {
		t.Fatal(failure)
	}
	for _, q := range runnable(t, h) {
		all++
		got, failed := answerOf(t.Context(), guarded, q.sent)
		if strings.Contains(strings.Join(got, "\n")+failed, "MARKER") {
			wrong = append(wrong, fmt.Sprintf("%s\nsent %s\nshows a hidden value: %v %s", q.sql, q.sent, got, failed))
		}
		if failed != "" {
			t.Logf("the stand-in does not run: %s\n%s", q.sent, failed)
			continue
		}
		ran++
		want, failure := answerOf(t.Context(), direct, q.sql)
		if failure != "" {
			t.Logf("the stand-in does not run the client's own text: %s\n%s", q.sql, failure)
			continue
		}
		if slices.Equal(got, want) {
			same++
		} else {
			wrong = append(wrong, fmt.Sprintf("%s\nsent %s\ngives %v\nwant %v", q.sql, q.sent, got, want))
		}
	}
	return ran, same, all, wrong
}

// TestRedshiftRuns runs what is sent for the case files on the stand-in, over tables with all rows, and the clients' own texts on a stand-in whose
// tables hold only what the person may see: both must give the same rows, and no hidden value may show. What the stand-in itself
// does not take (its PostgreSQL has no QUALIFY, and the like) is counted, and listed with -v.
func TestRedshiftRuns(t *testing.T) {
	ran, same, all, wrong := redshiftRuns(t, redshiftHarness(t, damage{}))
	for _, what := range wrong {
		t.Error(what)
	}
	t.Logf("%d of %d statements ran on the stand-in, %d of them gave the rows that the client's own text gives on what the person may see", ran, all, same)
	atLeast(t, redshiftCases+"/RUNS", ran, same)
}

// TestRedshiftRunsSeeDamage takes the filters, and the masks, off every decision: the runs must turn red.
func TestRedshiftRunsSeeDamage(t *testing.T) {
	for _, name := range []string{"filter", "mask"} {
		t.Run(name, func(t *testing.T) {
			if _, _, _, wrong := redshiftRuns(t, redshiftHarness(t, mutations()[name])); len(wrong) == 0 {
				t.Error("nothing turned red")
			}
		})
	}
}

type runnableCase struct{ sql, sent string }

// runnable are the queries of the case files that are sent, but for those whose rows no two runs share.
func runnable(t *testing.T, h *harness) (out []runnableCase) {
	t.Helper()
	paths, err := filepath.Glob(redshiftCases + "/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range txtar.Parse(text).Files {
			sql := strings.TrimSuffix(string(f.Data), "\n")
			if f.Name != "query" || strings.Contains(sql, "$1") {
				continue
			}
			result, err := h.onRedshift(sql)
			if err != nil || len(result.Statements) != 1 || result.Statements[0].Kind != KindSelect {
				continue
			}
			lower := strings.ToLower(sql)
			skip := false
			for _, word := range []string{"sysdate", "now()", "getdate", "current_", "svv_", "information_schema", "pg_", "random"} {
				skip = skip || strings.Contains(lower, word)
			}
			if skip {
				continue
			}
			out = append(out, runnableCase{sql, result.Statements[0].SQL})
		}
	}
	if len(out) < 40 {
		t.Fatalf("only %d statements to run", len(out))
	}
	return out
}
