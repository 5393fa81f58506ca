package queryhistory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/warehouse/serverlog"
)

// DefaultOverlap is how far behind the last entry each look reads again. No page of the Developer Guide says how soon a statement is in the
// views; minutes have been seen.
const DefaultOverlap = 15 * time.Minute

// kept is how long the views keep statements (Developer Guide, "System tables and views reference"), less an hour.
const kept = 7*24*time.Hour - time.Hour

// lookTimeout bounds one page with its texts: a cluster that has queries wait, or a session that nobody answers, is told of, and not waited for without a word.
const lookTimeout = 5 * time.Minute

// Reader reads on in the history of one Redshift. It keeps nothing but its session: the position is the caller's. It is for one goroutine.
type Reader struct {
	// Dial logs in as an account that sees everybody's statements.
	Dial  func(ctx context.Context) (*pgconn.PgConn, error)
	Views Views
	// Overlap is how far behind the last entry each look reads again; 0 means DefaultOverlap.
	Overlap time.Duration
	// Now tells the time; nil is time.Now.
	Now func() time.Time

	conn *pgconn.PgConn
	self string // as whom it is logged in
}

// BlindError says that the account sees its own statements only.
type BlindError struct{ Account string }

// Error says what to do about it.
func (e *BlindError) Error() string {
	return fmt.Sprintf("account %s sees its own statements only: ALTER USER %s SYSLOG ACCESS UNRESTRICTED, or a role with ACCESS SYSTEM TABLE, lets it see all", e.Account, e.Account)
}

// Next takes a page of what ended since the position, less the overlap. Records that were given before are given again; Done says that there is
// nothing behind this page for now.
func (r *Reader) Next(ctx context.Context, at serverlog.Position) (serverlog.Batch, error) {
	within, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	out, err := r.next(within, at)
	if err != nil {
		return serverlog.Batch{}, errors.Join(fmt.Errorf("reading %s: %w", r.Views.view(), err), r.Close(ctx))
	}
	return out, nil
}

// Skip implements the interface of logs that can have an entry which cannot be read; here none is passed over.
func (r *Reader) Skip(_ context.Context, at serverlog.Position) (serverlog.Position, *serverlog.Gap, error) {
	return at, nil, serverlog.ErrBrokenEntry
}

// Close ends the session.
func (r *Reader) Close(ctx context.Context) error {
	if r.conn == nil {
		return nil
	}
	conn := r.conn
	r.conn = nil
	if conn.IsClosed() {
		return nil
	}
	return conn.Close(context.WithoutCancel(ctx))
}

func (r *Reader) next(ctx context.Context, at serverlog.Position) (out serverlog.Batch, err error) {
	conn, err := r.session(ctx)
	if err != nil {
		return out, err
	}
	accounts, err := r.accounts(ctx, conn)
	if err != nil {
		return out, err
	}
	if at.File != r.Views.view() {
		at = serverlog.Position{File: r.Views.view()} // a look at other views: their numbers and times are their own
	}
	from, number := r.from(at)
	if lost := r.gap(at); lost != nil {
		out.Gap = lost
		at.Time = r.now().Add(-kept)
	}
	rows := conn.ExecParams(ctx, r.Views.query(from, number), nil, nil, nil, nil).Read()
	if rows.Err != nil {
		return out, rows.Err
	}
	taken, texts := 0, 0
	for ; taken < len(rows.Rows) && texts < longTexts; taken++ {
		e, err := r.Views.entry(rows.Rows[taken], accounts)
		if err != nil {
			return out, err
		}
		if e.Time.After(at.Time) {
			at.Time = e.Time
		}
		at.PageTime, at.Offset = e.Time, e.Line
		if e.User == "" || e.User != r.self {
			out.Records = append(out.Records, e)
			if long(e.Ran) {
				texts++
			}
		}
	}
	if out.Done = taken == len(rows.Rows) && taken < pageRows; out.Done {
		at.PageTime, at.Offset = time.Time{}, 0
	}
	out.Next = at
	return out, r.whole(ctx, conn, out.Records)
}

// from is behind what a page begins: the last row of the page before, or the overlap.
func (r *Reader) from(at serverlog.Position) (after time.Time, number int64) {
	switch {
	case !at.PageTime.IsZero():
		return at.PageTime, at.Offset
	case at.Time.IsZero():
		return time.Unix(0, 0), 0
	}
	return at.Time.Add(-r.overlap()), 0
}

func (r *Reader) overlap() time.Duration {
	if r.Overlap == 0 {
		return DefaultOverlap
	}
	return r.Overlap
}

func (r *Reader) now() time.Time {
	if r.Now == nil {
		return time.Now()
	}
	return r.Now()
}

// gap says that nobody looked for longer than the views keep statements.
func (r *Reader) gap(at serverlog.Position) *serverlog.Gap {
	if at.Time.IsZero() || !at.PageTime.IsZero() || r.now().Sub(at.Time) < kept {
		return nil
	}
	return &serverlog.Gap{File: r.Views.view(), After: at.Time, Why: "nobody looked for as long as the server keeps statements"}
}

// session is logged in as an account that sees all statements.
func (r *Reader) session(ctx context.Context) (*pgconn.PgConn, error) {
	if r.conn != nil && !r.conn.IsClosed() {
		return r.conn, nil
	}
	conn, err := r.Dial(ctx)
	if err != nil {
		return nil, err
	}
	r.conn = conn
	rows := conn.ExecParams(ctx, "SELECT current_user", nil, nil, nil, nil).Read()
	if rows.Err != nil || len(rows.Rows) != 1 {
		return nil, errors.Join(rows.Err, errors.New("asking as whom it is logged in: no answer"))
	}
	r.self = string(rows.Rows[0][0])
	return conn, r.sighted(ctx, conn)
}

// sighted asks whether the account sees the statements of others.
func (r *Reader) sighted(ctx context.Context, conn *pgconn.PgConn) error {
	own := conn.ExecParams(ctx, "SELECT 1 FROM svv_user_info WHERE user_name = current_user AND (superuser OR UPPER(TRIM(syslog_access)) = 'UNRESTRICTED')", nil, nil, nil, nil).Read()
	if own.Err != nil {
		return fmt.Errorf("asking what the account sees: %w", own.Err)
	}
	if len(own.Rows) > 0 {
		return nil
	}
	// The predefined role sys:monitor has the permission too.
	held := conn.ExecParams(ctx, `SELECT 1 FROM svv_user_grants AS g JOIN svv_system_privileges AS p ON p.identity_name = g.role_name AND p.identity_type = 'role'
WHERE g.user_name = current_user AND UPPER(TRIM(p.system_privilege)) = 'ACCESS SYSTEM TABLE'`, nil, nil, nil, nil).Read()
	if held.Err != nil {
		return fmt.Errorf("asking what the account sees: %w", held.Err)
	}
	if len(held.Rows) == 0 {
		return &BlindError{r.self}
	}
	return nil
}

// accounts are the names of accounts by number. They stand in the leader's catalog, which does not mix with other views.
func (r *Reader) accounts(ctx context.Context, conn *pgconn.PgConn) (map[string]string, error) {
	rows := conn.ExecParams(ctx, "SELECT usesysid, usename FROM pg_catalog.pg_user", nil, nil, nil, nil).Read()
	if rows.Err != nil {
		return nil, fmt.Errorf("reading accounts: %w", rows.Err)
	}
	out := map[string]string{}
	for _, row := range rows.Rows {
		out[string(row[0])] = string(row[1])
	}
	return out, nil
}
