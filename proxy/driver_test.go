package proxy_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/lib/pq"
)

// TestPgx uses each way in which the driver sends queries.
func TestPgx(t *testing.T) {
	w := newWorld(t).start(t)
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheDescribe, pgx.QueryExecModeDescribeExec,
		pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol} {
		t.Run(mode.String(), func(t *testing.T) {
			conn := w.connect(t, "ann", "")
			for i := range 3 {
				var a int
				var b string
				if err := conn.QueryRow(t.Context(), "SELECT $1::int * 2, $2::text", mode, i, "x").Scan(&a, &b); err != nil || a != 2*i || b != "x" {
					t.Error(a, b, err)
				}
			}
			batch := &pgx.Batch{}
			for i := range 50 {
				batch.Queue("SELECT $1::int", i)
			}
			results := conn.SendBatch(t.Context(), batch)
			for i := range 50 {
				var got int
				if err := results.QueryRow().Scan(&got); err != nil || got != i {
					t.Error(i, got, err)
				}
			}
			if err := results.Close(); err != nil {
				t.Error(err)
			}
			tx, err := conn.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tx.Exec(t.Context(), "SELECT 1/0"); code(err) != "22012" {
				t.Error(err)
			}
			if _, err := tx.Exec(t.Context(), "SELECT 1"); code(err) != "25P02" {
				t.Error(err)
			}
			if err := tx.Rollback(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestPgxPipeline sends and receives in the driver's pipeline mode, with more under way than any buffer holds.
func TestPgxPipeline(t *testing.T) {
	w := newWorld(t).start(t)
	conn := w.connect(t, "ann", "").PgConn()
	p := conn.StartPipeline(context.Background())
	big := []byte(strings.Repeat("p", 5000))
	const n = 200
	p.SendPrepare("s", "SELECT length($1::text)", nil)
	for i := range n {
		p.SendQueryPrepared("s", [][]byte{big}, nil, nil)
		if i%7 == 0 {
			p.SendFlushRequest()
		}
		if i%50 == 0 {
			if err := p.Sync(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := p.Sync(); err != nil {
		t.Fatal(err)
	}
	rows := 0
	for {
		results, err := p.GetResults()
		if err != nil {
			t.Fatal(err)
		}
		if results == nil {
			break
		}
		if r, ok := results.(*pgconn.ResultReader); ok {
			for r.NextRow() {
				rows++
			}
			if _, err := r.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if rows == n {
			break
		}
	}
	if err := p.Close(); err != nil || rows != n {
		t.Error(rows, err)
	}
}

// TestLibPQ is the other Go driver, which asks for everything in its own way.
func TestLibPQ(t *testing.T) {
	w := newWorld(t).start(t)
	db, err := sql.Open("postgres", w.url("ann", "application_name=lib"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for i := range 3 {
		var s string
		if err := db.QueryRow("SELECT $1::text || 'x'", fmt.Sprint(i)).Scan(&s); err != nil || s != fmt.Sprint(i, "x") {
			t.Error(s, err)
		}
	}
	statement, err := db.Prepare("SELECT i FROM generate_series(1, $1::int) i")
	if err != nil {
		t.Fatal(err)
	}
	defer statement.Close()
	rows, err := statement.Query(1000)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		n++
	}
	if err := rows.Err(); err != nil || n != 1000 {
		t.Error(n, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		eventually(t, "the statement runs", func() bool { return w.running(t) == "1" })
		cancel()
	}()
	if _, err := db.ExecContext(ctx, "SELECT pg_sleep(30)"); err == nil {
		t.Error("not cancelled")
	}
}

// psql runs the program with input.
func psql(t testing.TB, dsn, input string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "psql", append([]string{"-X", "-q", "-At", dsn}, args...)...)
	cmd.Env = append(os.Environ(), "PGPASSWORD="+password, "PSQLRC=/dev/null", "LC_ALL=C.UTF-8")
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("psql: %v\n%s", err, out)
	}
	return string(out)
}

// TestPsql holds the same conversation with and without Postern.
func TestPsql(t *testing.T) {
	w := newWorld(t).start(t)
	script := `
SELECT 1 AS one, 'two' AS two;
\x on
SELECT * FROM generate_series(1, 3) i;
\x off
BEGIN;
SELECT 1/0;
SELECT 2;
ROLLBACK;
SELECT 3\; SELECT 4;
\copy (SELECT i, i * i FROM generate_series(1, 5) i) TO STDOUT
COPY (SELECT 6) TO STDOUT;
\set FETCH_COUNT 0
SELECT repeat('x', 100) FROM generate_series(1, 1000);
\echo :ERROR :SQLSTATE
SHOW client_encoding;
\encoding
SELECT $$multi
line$$;
\gdesc
`
	direct, through := psql(t, w.dsn, script), psql(t, w.url("ann", ""), script)
	// The places of errors are not mapped: they are left out.
	clean := func(s string) string {
		var lines []string
		for line := range strings.Lines(s) {
			if !strings.HasPrefix(line, "LINE ") && !strings.HasPrefix(strings.TrimSpace(line), "^") {
				lines = append(lines, line)
			}
		}
		return strings.Join(lines, "")
	}
	if clean(direct) != clean(through) {
		t.Errorf("direct:\n%s\nthrough Postern:\n%s", direct, through)
	}
}

// TestPgbench drives the three protocol modes of PostgreSQL's own load program, libpq's pipeline mode among them.
func TestPgbench(t *testing.T) {
	w := newWorld(t).start(t)
	w.admin(t, "CREATE TABLE public.points AS SELECT i AS id, i * 2 AS v FROM generate_series(1, 1000) i")
	dir := t.TempDir()
	plain, pipelined := dir+"/plain.sql", dir+"/pipelined.sql"
	line := "\\set id random(1, 1000)\n"
	for path, text := range map[string]string{
		plain:     line + "SELECT v FROM public.points WHERE id = :id;\n",
		pipelined: line + "\\startpipeline\nSELECT v FROM public.points WHERE id = :id;\nSELECT 1;\nSELECT 2;\n\\endpipeline\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range [][2]string{{"simple", plain}, {"extended", plain}, {"prepared", plain}, {"extended", pipelined}, {"prepared", pipelined}} {
		t.Run(c[0]+strings.TrimPrefix(c[1], dir), func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), "pgbench", "-n", "-M", c[0], "-f", c[1], "-c", "4", "-j", "2", "-t", "50", w.url("ann", ""))
			cmd.Env = append(os.Environ(), "PGPASSWORD="+password)
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.Contains(string(out), "number of transactions actually processed: 200/200") {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
