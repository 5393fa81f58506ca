package push

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5/pgconn"
)

// The lock that one Syncer of a database has is an advisory one, which anybody who is connected can take, too. So a lock of the class counts only
// where the system role holds it: where somebody else has the first one, another number is tried. The numbers are arbitrary.
const (
	lockClass  = 1886745448
	firstLock  = 1702260578
	lockTrials = 20
)

// holdersQuery lists who holds, or waits for, locks of the class; the number -1 stands for all of them.
const holdersQuery = `SELECT DISTINCT a.usename FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 AND l.classid = 1886745448 AND (l.objid::bigint = $1::bigint OR $1::bigint < 0) AND l.pid <> pg_backend_pid()
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`

// lock is the one that is held.
type lock struct {
	conn   *pgconn.PgConn
	number int
	// strangers hold locks of the class and are not the system role: to keep anything from being done.
	strangers []string
	// free gives it back.
	free func(ctx context.Context) error
}

// lock takes the lock, or says that another Syncer has it.
func (s *Syncer) lock(ctx context.Context, conn *pgconn.PgConn) (*lock, error) {
	l := &lock{conn: conn, number: firstLock}
	l.free = l.unlock
	for range lockTrials {
		got, err := query(ctx, conn, "SELECT pg_try_advisory_lock($1::int, $2::int)", strconv.Itoa(lockClass), strconv.Itoa(l.number))
		if err != nil {
			return nil, fmt.Errorf("taking the lock: %w", err)
		}
		mine := got[0][0] == "t"
		of := l.number
		if mine {
			of = -1
		}
		rows, err := query(ctx, conn, holdersQuery, strconv.Itoa(of))
		if err != nil {
			return nil, fmt.Errorf("asking who has the lock: %w", err)
		}
		for _, row := range rows {
			if row[0] == s.config.Settings.SystemRole {
				// Of two that find each other both give way.
				if mine {
					err = l.release(ctx)
				}
				return nil, errors.Join(ErrBusy, err)
			}
			if !slices.Contains(l.strangers, row[0]) {
				l.strangers = append(l.strangers, row[0])
			}
		}
		if mine {
			return l, nil
		}
		if len(rows) > 0 {
			n, err := rand.Int(rand.Reader, big.NewInt(1<<30))
			if err != nil {
				return nil, fmt.Errorf("drawing another lock: %w", err)
			}
			l.number = int(n.Int64())
		}
	}
	return nil, ErrBusy
}

// release gives the lock back. The server would do so a moment after the connection is closed.
func (l *lock) release(ctx context.Context) error {
	if l.conn.IsClosed() {
		return nil
	}
	return l.free(context.WithoutCancel(ctx))
}

func (l *lock) unlock(ctx context.Context) error {
	_, err := query(ctx, l.conn, "SELECT pg_advisory_unlock($1::int, $2::int)", strconv.Itoa(lockClass), strconv.Itoa(l.number))
	if err != nil {
		return fmt.Errorf("giving the lock back: %w", err)
	}
	return nil
}
