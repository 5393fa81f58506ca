package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const notebookSchema = `CREATE TABLE public.notebook (id integer PRIMARY KEY, owner text NOT NULL DEFAULT 'ann', phone text DEFAULT '000-1', n integer DEFAULT 1, hidden text);
INSERT INTO public.notebook SELECT i, CASE WHEN i % 2 = 0 THEN 'ann' ELSE 'MARKER' END, 'MARKER-' || i, i FROM generate_series(1, 20) AS i;
CREATE TABLE public.scratch (a integer, b text);
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON public.notebook, public.scratch TO postern_service`

const notebookPolicies = `kind: Source
name: tpch.public.notebook
columns: {phone: {tags: [PII.Phone]}}
---
kind: Source
name: tpch.public.scratch
---
kind: SubscriptionPolicy
name: notebook
on: {tables: [tpch.public.notebook, tpch.public.scratch]}
access: read
effect: grant
allow: {anyone: true}
---
kind: SubscriptionPolicy
name: notebook-writers
on: {tables: [tpch.public.notebook, tpch.public.scratch]}
access: write
effect: grant
allow: {users: [ann]}
---
kind: DataPolicy
name: notebook-rows
on: {tables: [tpch.public.notebook]}
rules:
  - rows: "upper(owner) = 'ANN'"
`

// TestWriting: clients see what they would see of a table of their own: tags, no rows where none are returned, and errors that tell nothing.
func TestWriting(t *testing.T) {
	p := inProcess(t)
	if err := shared.cluster.Exec(t.Context(), databaseName, notebookSchema); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := shared.cluster.Exec(context.Background(), databaseName, "DROP TABLE public.notebook, public.scratch"); err != nil {
			t.Error(err)
		}
	})
	p.files["writing.yaml"] = notebookPolicies
	p.publish(t, func(text string) string { return text })
	connect := func(who person) *pgx.Conn {
		conn, err := pgx.Connect(t.Context(), dsn(&p.instance, who, "sslmode=disable"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close(context.Background()) })
		return conn
	}
	ann, bob := connect(people()[0]), connect(people()[1])
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeSimpleProtocol, pgx.QueryExecModeExec, pgx.QueryExecModeCacheStatement} {
		for _, step := range []struct{ sql, want string }{
			{"BEGIN", "BEGIN"},
			{"INSERT INTO notebook (id, n) VALUES (101, 5), (102, 6)", "INSERT 0 2"},
			{"INSERT INTO notebook (id) VALUES (103) RETURNING id, phone", "[103 ***-*] INSERT 0 1"},
			{"UPDATE notebook SET n = n + 1 WHERE id <= 4", "UPDATE 2"},
			{"UPDATE notebook SET n = 0 WHERE 1 / (n - 7) > -100 AND id < 10 RETURNING id", "[6] [8] [2] [4] UPDATE 4"},
			{"DELETE FROM notebook WHERE id = 3", "DELETE 0"},
			{"DELETE FROM notebook WHERE id > 100", "DELETE 3"},
			{"MERGE INTO notebook USING (VALUES (2), (3)) AS s(id) ON notebook.id = s.id WHEN MATCHED THEN UPDATE SET n = 9", "MERGE 1"},
			{"SELECT count(*), min(n) FROM notebook", "[10 0] SELECT 1"},
			{"SAVEPOINT s", "SAVEPOINT"},
			{"UPDATE notebook SET owner = 'bob' WHERE id = 2", "42501 new row violates row-level security policy for table \"notebook\""},
			{"ROLLBACK TO s", "ROLLBACK"},
			{"INSERT INTO notebook (id) VALUES (1)", "23505 duplicate key value violates a unique constraint"},
			{"ROLLBACK TO s", "ROLLBACK"},
			{"INSERT INTO notebook (id, owner) VALUES (200, NULL)", "23502 null value violates a not-null constraint"},
			{"ROLLBACK TO s", "ROLLBACK"},
			{"UPDATE notebook SET phone = '1'", "42501 permission denied for column \"phone\" of relation \"notebook\""},
			{"ROLLBACK TO s", "ROLLBACK"},
			{"TRUNCATE notebook", "42501 permission denied for table notebook"},
			{"ROLLBACK TO s", "ROLLBACK"},
			{"TRUNCATE scratch", "TRUNCATE TABLE"},
			{"ROLLBACK", "ROLLBACK"},
		} {
			if got := written(t, ann, step.sql, mode); got != step.want {
				t.Errorf("mode %v: %s: %s, want %s", mode, step.sql, got, step.want)
			}
		}
		for _, sql := range []string{"INSERT INTO notebook (id) VALUES (300)", "UPDATE scratch SET a = 1", "DELETE FROM notebook", "TRUNCATE scratch"} {
			if got := written(t, bob, sql, mode); !strings.HasPrefix(got, "42501") {
				t.Errorf("a reader: %s: %s", sql, got)
			}
		}
	}
	t.Run("COPY", func(t *testing.T) {
		tag, err := ann.PgConn().CopyFrom(t.Context(), strings.NewReader("1\tone\n2\ttwo\n"), "COPY scratch FROM STDIN")
		if err != nil || tag.String() != "COPY 2" {
			t.Errorf("%s %v", tag, err)
		}
		if _, err := ann.PgConn().CopyFrom(t.Context(), strings.NewReader("x\n"), "COPY scratch (a) FROM STDIN"); stateOf(err) != "22P02" {
			t.Error(err)
		}
		for _, sql := range []string{"COPY notebook FROM STDIN", "COPY notebook (id) FROM STDIN"} {
			if _, err := ann.PgConn().CopyFrom(t.Context(), strings.NewReader("1\n"), sql); stateOf(err) != "42501" {
				t.Errorf("%s: %v", sql, err)
			}
		}
		if _, err := bob.PgConn().CopyFrom(t.Context(), strings.NewReader("1\n"), "COPY scratch (a) FROM STDIN"); stateOf(err) != "42501" {
			t.Error(err)
		}
		if got := written(t, ann, "SELECT count(*) FROM scratch", pgx.QueryExecModeExec); got != "[2] SELECT 1" {
			t.Error(got)
		}
	})
	t.Run("concurrent", func(t *testing.T) { concurrentUpdates(t, ann, connect(people()[0])) })
}

// concurrentUpdates: an update that waits for another sees what that wrote; none is lost.
func concurrentUpdates(t *testing.T, first, second *pgx.Conn) {
	t.Helper()
	const more = "UPDATE notebook SET n = n + 1 WHERE id = 10 AND n * 1 > 0"
	before := written(t, first, "SELECT n FROM notebook WHERE id = 10", pgx.QueryExecModeExec)
	written(t, first, "BEGIN", pgx.QueryExecModeExec)
	written(t, first, more, pgx.QueryExecModeExec)
	done := make(chan string, 1)
	go func() { done <- written(t, second, more, pgx.QueryExecModeExec) }()
	eventually(t, 10*time.Second, "the second waits", func() bool {
		return rawAnswer(t, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") == "1\n"
	})
	written(t, first, "COMMIT", pgx.QueryExecModeExec)
	if got := <-done; got != "UPDATE 1" {
		t.Errorf("the second: %s", got)
	}
	if after := written(t, first, "SELECT n - 2 FROM notebook WHERE id = 10", pgx.QueryExecModeExec); after != before {
		t.Errorf("%s became %s more than two", before, after)
	}
}

// written is all that the client sees of a statement: rows, the tag, or the error.
func written(t *testing.T, conn *pgx.Conn, sql string, mode pgx.QueryExecMode) string {
	t.Helper()
	rows, err := conn.Query(t.Context(), sql, mode)
	if err != nil {
		return errorText(t, err)
	}
	defer rows.Close()
	out := ""
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			t.Error(err)
		}
		out += fmt.Sprint(values) + " "
	}
	if err := rows.Err(); err != nil {
		return errorText(t, err)
	}
	word, _, _ := strings.Cut(sql, " ")
	if strings.Contains("INSERT UPDATE DELETE", word) && len(rows.FieldDescriptions()) > 0 && !strings.Contains(sql, "RETURNING") {
		t.Errorf("%s: described %d columns", sql, len(rows.FieldDescriptions()))
	}
	return out + rows.CommandTag().String()
}

func errorText(t *testing.T, err error) string {
	t.Helper()
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return err.Error()
	}
	if strings.Contains(fmt.Sprintf("%+v", *e), "MARKER") {
		t.Errorf("the error tells: %+v", *e)
	}
	return e.Code + " " + e.Message
}
