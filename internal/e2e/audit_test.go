package e2e

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/posternsql/postern/audit"
)

// TestAudit: each statement has one record before it ran and one when it ended, a refused one has its own, and the chain
// holds.
func TestAudit(t *testing.T) {
	noticeSources(t)
	const application = "audited"
	who := people()[0]
	conn, err := pgx.Connect(t.Context(), dsn(shared.server, who, "sslmode=disable&application_name="+application))
	if err != nil {
		t.Fatal(err)
	}
	closed := false
	defer func() {
		if !closed {
			_ = conn.Close(context.WithoutCancel(t.Context()))
		}
	}()
	run := func(wantError bool, sql string, args ...any) {
		t.Helper()
		rows, err := conn.Query(t.Context(), sql, args...)
		if err == nil {
			rows.Close()
			err = rows.Err()
		}
		if (err != nil) != wantError {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	// Two simple, two executions of one prepared, one that fails in the warehouse, one refused.
	run(false, "SELECT 1", pgx.QueryExecModeSimpleProtocol)
	run(false, "SELECT n_name FROM nation WHERE n_nationkey = 3", pgx.QueryExecModeSimpleProtocol)
	run(false, "SELECT c_name FROM customer WHERE c_custkey = $1", 7)
	run(false, "SELECT c_name FROM customer WHERE c_custkey = $1", 8)
	run(true, "SELECT 1 / (n_nationkey - n_nationkey) FROM nation", pgx.QueryExecModeSimpleProtocol)
	run(true, "SELECT * FROM no_such_table", pgx.QueryExecModeSimpleProtocol)
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	closed = true

	var statements, ends, refused []audit.Event
	eventually(t, 5*time.Second, "the session's end is recorded", func() bool {
		statements, ends, refused = nil, nil, nil
		over := false
		session := ""
		err := audit.Scan(shared.server.audit, func(e audit.Event) error {
			if e.Kind == audit.Connect && e.Application == application {
				session = e.Session
			}
			if session == "" || e.Session != session {
				return nil
			}
			switch e.Kind {
			case audit.Statement:
				statements = append(statements, e)
			case audit.End:
				ends = append(ends, e)
			case audit.Refused:
				refused = append(refused, e)
			case audit.Disconnect:
				over = true
			case audit.Connect, audit.AuthFailure, audit.Direct, audit.Admin:
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return over
	})
	checkRecords(t, who, statements, ends, refused)
	if report, err := audit.Verify(shared.server.audit); err != nil || !report.OK() {
		t.Errorf("the chain does not hold: %v, %v", report.Problem, err)
	}
	if out, err := exec.Command(shared.binary, "audit", "verify", "--dir", shared.server.audit).CombinedOutput(); err != nil {
		t.Errorf("postern audit verify: %v\n%s", err, out)
	}
}

func checkRecords(t *testing.T, who person, statements, ends, refused []audit.Event) {
	t.Helper()
	// The driver prepared its statement in a batch of its own, and what the warehouse parses is on record too.
	parses := 0
	for _, s := range statements {
		if strings.HasPrefix(s.Statement, "PARSE ") {
			parses++
		}
	}
	if parses != 1 || len(statements) != 6 || len(ends) != 6 || len(refused) != 1 {
		t.Errorf("%d statements (%d prepared), %d ends, %d refused; expected 6 (1), 6, 1",
			len(statements), parses, len(ends), len(refused))
		for _, s := range statements {
			t.Logf("%s %s %q", s.Protocol, s.Statement, s.SQL)
		}
	}
	endOf := map[string][]audit.Event{}
	for _, e := range ends {
		endOf[e.ID] = append(endOf[e.ID], e)
	}
	failed := 0
	for _, s := range statements {
		if n := len(endOf[s.ID]); n != 1 {
			t.Errorf("%q has %d ends", s.SQL, n)
			continue
		}
		end := endOf[s.ID][0]
		if s.User != who.name || s.Login != who.name || s.SQL == "" || s.Rewritten == "" || s.Connection != databaseName {
			t.Errorf("incomplete: %+v", s)
		}
		if end.SQLState != "" && end.SQLState != "00000" {
			failed++
		}
		if end.Seq <= s.Seq {
			t.Errorf("%q ended before it began", s.SQL)
		}
	}
	if failed != 1 {
		t.Errorf("%d statements ended in an error, expected 1: %+v", failed, ends)
	}
	for _, r := range refused {
		if r.SQLState != "42P01" || r.Rewritten != "" {
			t.Errorf("refused as %+v", r)
		}
	}
}
