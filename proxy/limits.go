package proxy

import (
	"sync"
	"time"

	"github.com/posternsql/postern/pgerror"
)

// quota counts sessions, in all and per login.
type quota struct {
	mu             sync.Mutex
	total, perUser int // limits
	all            int
	users          map[string]int
}

func newQuota(total, perUser int) *quota {
	return &quota{total: total, perUser: perUser, users: map[string]int{}}
}

// enter takes a place or says which limit is reached; leave gives it back.
func (q *quota) enter(user string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.all >= q.total {
		return pgerror.TooManyConnections("sorry, too many clients already")
	}
	if q.users[user] >= q.perUser {
		return pgerror.TooManyConnections("too many connections for user")
	}
	q.all++
	q.users[user]++
	return nil
}

func (q *quota) leave(user string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.all--
	if q.users[user]--; q.users[user] <= 0 {
		delete(q.users, user)
	}
}

const (
	failureWindow = time.Minute
	// maxFailureKeys bounds the memory that failing log-ins can take. When it is full, the oldest window is dropped: an
	// attacker with that many addresses is not held back by counting them.
	maxFailureKeys = 10_000
)

// failures counts failed log-ins of one user from one address, in windows of a minute.
type failures struct {
	mu    sync.Mutex
	limit int
	since time.Time
	// current and previous windows; a key's rate is judged over both, so that the turn of a window is no way out.
	current, previous map[string]int
	now               func() time.Time
}

func newFailures(limit int) *failures {
	return &failures{limit: limit, now: time.Now, current: map[string]int{}}
}

// blocked reports whether the pair has used up its failures.
func (f *failures) blocked(user, host string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.turn()
	key := host + "\x00" + user
	return f.current[key]+f.previous[key] >= f.limit
}

// add counts one failure.
func (f *failures) add(user, host string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.turn()
	f.current[host+"\x00"+user]++
}

func (f *failures) turn() {
	now := f.now()
	if now.Sub(f.since) < failureWindow && len(f.current) < maxFailureKeys {
		return
	}
	if now.Sub(f.since) >= 2*failureWindow {
		f.current = nil
	}
	f.previous, f.current, f.since = f.current, map[string]int{}, now
}
