package push

import (
	"context"
	"fmt"
)

// openTransactions are sessions of people in this database that have a transaction open, whoever may see more of them: the lock that each transaction
// has on itself is for all to see.
const openTransactions = `SELECT DISTINCT l.pid, a.usename FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid
WHERE l.locktype = 'virtualxid' AND a.datname = current_database() AND a.usename = ANY ($1::name[]) AND l.pid <> pg_backend_pid()`

// endSessions ends the sessions of those from whom something was taken away and who have a transaction open: its snapshot may be older than that.
// Grants that were taken back hold at once; the profile is data, and an open snapshot still has the old one.
func (r *run) endSessions(ctx context.Context, accounts []string) error {
	if len(accounts) == 0 {
		return nil
	}
	rows, err := r.s.dialect().open(ctx, r.conn, accounts)
	if sqlState(err) != "" && !r.conn.IsClosed() {
		r.find(NotGoverned, "sessions", "whether transactions are open that began before the change cannot be asked: "+serverMessage(err))
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking for sessions with older snapshots: %w", err)
	}
	for _, row := range rows {
		pid, account := row[0], row[1]
		if r.facts.mayTerminate {
			ended, err := query(ctx, r.conn, "SELECT pg_terminate_backend($1::int)", pid)
			if err == nil && ended[0][0] == "t" {
				r.report.Ended++
				continue
			}
			if r.conn.IsClosed() {
				return fmt.Errorf("ending a session with an older snapshot: %w", err)
			}
		}
		r.find(NotGoverned, "role "+account, "has a transaction open that began before the change: it may see what it saw until it ends; "+
			r.s.dialect().unended(r.s.config.Settings))
	}
	return nil
}
