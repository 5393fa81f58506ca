package serverlog_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/internal/pgcluster"
	"github.com/posternsql/postern/warehouse/serverlog"
)

// logging starts a cluster that logs all statements in both formats.
func logging(t *testing.T, more map[string]string) *pgcluster.Cluster {
	t.Helper()
	settings := map[string]string{
		"logging_collector": "on", "log_destination": "csvlog,jsonlog", "log_filename": "postgresql-%Y%m%d_%H%M%S.log", "log_statement": "all", "log_rotation_age": "0",
	}
	for name, value := range more {
		settings[name] = value
	}
	c, err := pgcluster.Start(t.Context(), pgcluster.Config{Settings: settings})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func connect(t *testing.T, dsn string) *pgconn.PgConn {
	t.Helper()
	conn, err := pgconn.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

func run(t *testing.T, conn *pgconn.PgConn, sql string) []byte {
	t.Helper()
	results, err := conn.Exec(t.Context(), sql).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	if last := results[len(results)-1]; len(last.Rows) > 0 {
		return last.Rows[0][0]
	}
	return nil
}

// texts gathers the statements of one application until one is the word "done".
func texts(t *testing.T, f *serverlog.Follower, at *serverlog.Position, application string) (out []string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		b, err := f.Next(t.Context(), *at)
		if err != nil {
			t.Fatal(err)
		}
		if b.Gap != nil {
			out = append(out, "gap: "+b.Gap.Why)
		}
		*at = b.Next
		for i := range b.Records {
			r := &b.Records[i]
			s, ok := r.Statement()
			if !ok || r.Application != application {
				continue
			}
			if strings.Contains(s.Text, "done") {
				return out
			}
			line := s.Text
			if s.Parameters != "" {
				line += " with " + s.Parameters
			}
			if s.Failed {
				line += " failed " + r.SQLState
			}
			if r.User != "postgres" || r.Database != "postgres" || r.Session == "" || r.Time.IsZero() || time.Since(r.Time).Abs() > time.Minute || r.Backend != "client backend" || r.Client == "" {
				t.Errorf("of the session is known %+v", r)
			}
			out = append(out, line)
		}
	}
	t.Fatalf("the log ends with %q", out)
	return nil
}

// TestFollow reads a real server's log by both sources in both formats: multi-line texts, parameters, errors, rotations, and nothing twice.
func TestFollow(t *testing.T) {
	c := logging(t, nil)
	admin := connect(t, c.DSN("postgres"))
	folder := string(run(t, admin, "SELECT current_setting('data_directory') || '/' || current_setting('log_directory')"))
	want := []string{
		"SELECT 1, 'a,\"b\"\nc'", "SELECT $1::text with $1 = 'it''s'", "SELECT 1/0", "SELECT 1/0 failed 22012", "SELECT 'after a rotation'",
	}
	for _, format := range []string{"csv", "json"} {
		for name, source := range map[string]serverlog.Source{
			"folder": serverlog.Folder{Path: folder, Format: format}, "server": serverlog.Server{Conn: connect(t, c.DSN("postgres")), Format: format},
		} {
			t.Run(format+" by "+name, func(t *testing.T) {
				application := "test " + format + name
				conn := connect(t, c.DSN("postgres")+"&application_name="+strings.ReplaceAll(application, " ", "%20"))
				f := &serverlog.Follower{Source: source, Format: format}
				var at serverlog.Position
				run(t, conn, "SELECT 1, 'a,\"b\"\nc'")
				if r := conn.ExecParams(t.Context(), "SELECT $1::text", [][]byte{[]byte("it's")}, nil, nil, nil).Read(); r.Err != nil {
					t.Fatal(r.Err)
				}
				if _, err := conn.Exec(t.Context(), "SELECT 1/0").ReadAll(); err == nil {
					t.Fatal("the division went through")
				}
				run(t, conn, "SELECT 'done'")
				got := texts(t, f, &at, application)
				rotate(t, admin, f, at)
				run(t, conn, "SELECT 'after a rotation'")
				run(t, conn, "SELECT 'done'")
				got = append(got, texts(t, f, &at, application)...)
				if !slices.Equal(got, want) {
					t.Errorf("read %q, want %q", got, want)
				}
			})
		}
	}
}

// rotate waits until the server writes another file.
func rotate(t *testing.T, admin *pgconn.PgConn, f *serverlog.Follower, at serverlog.Position) {
	t.Helper()
	// The file is named by the second: the same second would be the same file.
	time.Sleep(1100 * time.Millisecond)
	run(t, admin, "SELECT pg_rotate_logfile()")
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		run(t, admin, "SELECT 1")
		files, err := f.Source.List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(files, func(file serverlog.File) bool { return file.Name > at.File }) {
			return
		}
	}
	t.Fatal("the server does not rotate its log")
}

// TestPgaudit reads what the extension tells.
func TestPgaudit(t *testing.T) {
	c := logging(t, map[string]string{"shared_preload_libraries": "pgaudit", "log_statement": "none", "pgaudit.log": "read, write", "pgaudit.log_relation": "on", "pgaudit.log_parameter": "on"})
	conn := connect(t, c.DSN("postgres")+"&application_name=pga")
	run(t, conn, "CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t")
	if r := conn.ExecParams(t.Context(), "SELECT a FROM v WHERE a = $1", [][]byte{[]byte("7")}, nil, nil, nil).Read(); r.Err != nil {
		t.Fatal(r.Err)
	}
	run(t, conn, "INSERT INTO t VALUES (1)")
	folder := string(run(t, conn, "SELECT current_setting('data_directory') || '/' || current_setting('log_directory')"))
	f := &serverlog.Follower{Source: serverlog.Folder{Path: folder, Format: "csv"}, Format: "csv"}
	var got []string
	var at serverlog.Position
	for end := time.Now().Add(20 * time.Second); len(got) < 4 && time.Now().Before(end); {
		b, err := f.Next(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		at = b.Next
		for i := range b.Records {
			if s, ok := b.Records[i].Statement(); ok && s.Class != "" {
				got = append(got, fmt.Sprintf("%s %s %q with %s", s.Class, s.Objects, s.Text, s.Parameters))
			}
		}
	}
	slices.Sort(got)
	want := []string{
		`READ [public.t] "SELECT a FROM v WHERE a = $1" with 7`, `READ [public.v] "SELECT a FROM v WHERE a = $1" with 7`, `WRITE [public.t] "INSERT INTO t VALUES (1)" with `,
	}
	for _, w := range want {
		if !slices.Contains(got, w) {
			t.Errorf("%s is missing from %q", w, got)
		}
	}
}
