package queryhistory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Acting is a time in which a session of an account acted as another account, by the procedure of docs/push-redshift.md.
type Acting struct {
	Account, Target string
	// Session is the session's process, as the history has it.
	Session string
	// From and Until bound it. An end that was not noted is MaxActing after the beginning.
	From, Until time.Time
}

// MaxActing is how long one impersonation lasts at most.
const MaxActing = 12 * time.Hour

// ReadActing reads who acted as whom since an instant, as the account that owns what push keeps. Where nobody can act as another there is no such
// table, and there is none.
func ReadActing(ctx context.Context, conn *pgconn.PgConn, since time.Time) ([]Acting, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	rows := conn.ExecParams(ctx, fmt.Sprintf(`SELECT event, account, target, pid, logged_at FROM postern_system.impersonation_log
WHERE event IN ('begin', 'end', 'session ended') AND logged_at >= '%s' ORDER BY logged_at, CASE event WHEN 'begin' THEN 1 ELSE 0 END`, since.Add(-MaxActing).UTC().Format(timeLayout)), nil, nil, nil, nil).Read()
	var refused *pgconn.PgError
	if errors.As(rows.Err, &refused) && (refused.Code == "42P01" || refused.Code == "3F000") {
		return nil, nil
	}
	if rows.Err != nil {
		return nil, fmt.Errorf("reading who acted as whom: %w", rows.Err)
	}
	var out []Acting
	open := map[string]int{}
	for _, v := range rows.Rows {
		at, err := time.Parse(timeLayout, string(v[4]))
		if err != nil {
			return nil, fmt.Errorf("reading who acted as whom: %w", err)
		}
		key := string(v[1]) + "\x00" + string(v[3])
		if i, is := open[key]; is {
			if at.Before(out[i].Until) {
				out[i].Until = at
			}
			delete(open, key)
		}
		if string(v[0]) == "begin" {
			open[key] = len(out)
			out = append(out, Acting{Account: string(v[1]), Target: string(v[2]), Session: string(v[3]), From: at, Until: at.Add(MaxActing)})
		}
	}
	return out, nil
}
