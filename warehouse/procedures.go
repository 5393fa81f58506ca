package warehouse

import (
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// ProceduresSchema is where registration puts the procedures by which people ask things of Postern from within the warehouse.
const ProceduresSchema = "postern_procedures"

// RequestsChannel is notified (NOTIFY) of each request. Anybody can notify it; it carries nothing.
const RequestsChannel = "postern_procedures"

// The actions of a Request.
const (
	// RequestProject has a person act in a project.
	RequestProject = "project"
	// RequestAcknowledge agrees to the texts of a project.
	RequestAcknowledge = "acknowledge"
)

// proceduresSQL has several statements, with a line "-- next" between them.
//
//go:embed procedures.sql
var proceduresSQL string

// procedureStatements install the procedures. Everybody may ask; only the service role may answer, and nobody reads the requests.
func (r Registration) procedureStatements() []string {
	service := quoteIdent(r.ServiceRole)
	out := []string{"CREATE SCHEMA IF NOT EXISTS postern_procedures", "REVOKE ALL ON SCHEMA postern_procedures FROM PUBLIC, " + service}
	for _, statement := range strings.Split(proceduresSQL, "-- next\n") {
		out = append(out, strings.TrimSpace(statement))
	}
	out = append(out, "REVOKE ALL ON TABLE postern_procedures.requests FROM PUBLIC, "+service,
		"REVOKE ALL ON ALL ROUTINES IN SCHEMA postern_procedures FROM PUBLIC, "+service, fmt.Sprintf(ownershipCheck, ProceduresSchema, "requests"),
		"GRANT USAGE ON SCHEMA postern_procedures TO PUBLIC")
	for _, f := range []string{
		"FUNCTION postern_procedures.request(text, text)", "FUNCTION postern_procedures.outcome(bigint)", "FUNCTION postern_procedures.withdraw(bigint)",
		"PROCEDURE postern_procedures.ask(text, text)", "PROCEDURE postern_procedures.set_project(text)", "PROCEDURE postern_procedures.acknowledge(text)",
	} {
		out = append(out, "GRANT EXECUTE ON "+f+" TO PUBLIC")
	}
	for _, f := range []string{"claim()", "answer(bigint, boolean, text, text, text)"} {
		out = append(out, "GRANT EXECUTE ON FUNCTION postern_procedures."+f+" TO "+service)
	}
	return out
}

// Request is what an account of the warehouse asks for.
type Request struct {
	ID int64
	// Account is who logged in at the warehouse: its session_user.
	Account string
	// Action is one of RequestProject and RequestAcknowledge.
	Action  string
	Project string
	// Late is a request that nobody waits for any more.
	Late bool
}

// Answer is what becomes of a request.
type Answer struct {
	// Done says that it was done.
	Done bool
	// Message, Detail and Hint are for whoever asked.
	Message, Detail, Hint string
}

// HasProcedures reports whether the session's role can answer requests: whether the procedures are installed.
func HasProcedures(ctx context.Context, conn *pgconn.PgConn) (bool, error) {
	if onRedshift(conn) {
		return false, nil // nothing there can tell of a request
	}
	rows, err := query(ctx, conn, `SELECT count(*) FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
WHERE n.nspname = 'postern_procedures' AND p.proname IN ('claim', 'answer') AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
  AND pg_catalog.has_function_privilege(p.oid, 'EXECUTE')`)
	if err != nil {
		return false, fmt.Errorf("looking for procedures: %w", err)
	}
	return rows[0][0] == "2", nil
}

// ListenForRequests has the connection be notified of requests.
func ListenForRequests(ctx context.Context, conn *pgconn.PgConn) error {
	if _, err := conn.Exec(ctx, "LISTEN "+RequestsChannel).ReadAll(); err != nil {
		return fmt.Errorf("listening for requests: %w", err)
	}
	return nil
}

// ClaimRequests takes the requests that wait for an answer, the oldest first, at most 100.
func ClaimRequests(ctx context.Context, conn *pgconn.PgConn) ([]Request, error) {
	rows, err := query(ctx, conn, "SELECT id, account, action, project, late FROM postern_procedures.claim()")
	if err != nil {
		return nil, fmt.Errorf("taking requests: %w", err)
	}
	var out []Request
	for _, row := range rows {
		id, err := strconv.ParseInt(row[0], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("taking requests: %w", err)
		}
		out = append(out, Request{ID: id, Account: row[1], Action: row[2], Project: row[3], Late: row[4] == "t"})
	}
	slices.SortFunc(out, func(a, b Request) int { return cmp.Compare(a.ID, b.ID) })
	return out, nil
}

// AnswerRequest tells whoever asked.
func AnswerRequest(ctx context.Context, conn *pgconn.PgConn, r Request, a Answer) error {
	_, err := query(ctx, conn, "SELECT postern_procedures.answer($1, $2, $3, $4, $5)",
		strconv.FormatInt(r.ID, 10), strconv.FormatBool(a.Done), a.Message, a.Detail, a.Hint)
	if err != nil {
		return fmt.Errorf("answering a request: %w", err)
	}
	return nil
}
