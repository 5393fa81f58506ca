package proxy

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/posternsql/postern/pgerror"
)

// Reconsider has every session look again at what it has open: results under way and portals whose decision has changed are
// cancelled and closed (42501). It is called after each publication and returns at once. A session's next statement needs no
// call: it asks for what is in force by itself.
func (s *Server) Reconsider() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for sess := range s.sessions {
		sess.poke()
	}
}

// poke wakes the session's owner, wherever it waits: for the client's next message, for the warehouse, or for a client that
// does not read. The owner looks at changes after it has set a deadline of its own, so one of the two always sees the
// other; a deadline that it cannot explain makes it look as well. Failures mean that the session is ending.
func (s *session) poke() {
	s.changes.Add(1)
	past := time.Unix(1, 0)
	_ = s.conn.SetReadDeadline(past)
	_ = s.server.SetReadDeadline(past)
	_ = rawConn(s.conn).SetWriteDeadline(past)
}

// unconsidered reports, once for each change, that the statement under way must be judged again.
func (r *relay) unconsidered() bool {
	now := r.changes.Load()
	if now == r.considered {
		return false
	}
	r.considered = now
	return true
}

// untidy reports that portals have not been looked at since the last change.
func (r *relay) untidy() bool { return r.changes.Load() != r.tidied }

// tidy closes the portals whose decision has changed, in the warehouse as well, while the client is silent. Executing one
// is refused from then on.
func (r *relay) tidy(ctx context.Context) error {
	r.tidied = r.changes.Load()
	if r.skip != skipNothing || !r.queue.empty() || len(r.batch) > 0 {
		return nil // executing a portal asks by itself
	}
	for name, p := range r.portals {
		if p.refused != nil {
			continue
		}
		err := r.executable(ctx, p)
		var told *pgerror.Error
		switch {
		case err == nil:
			continue
		case errors.As(err, &told) && told.Severity == pgerror.SeverityFatal:
			return r.fatal(told)
		case unavailable(err):
			continue
		}
		p.refused = err
		r.closeUpstream(name)
	}
	return r.submit(ctx, true)
}

// unavailable reports that nobody can tell now what is allowed.
func unavailable(err error) bool {
	var told *pgerror.Error
	return errors.As(err, &told) && told.Code == pgerror.CodeCannotConnectNow
}

// patience is how long a client whose result was revoked may go on not reading. Until it reads, the warehouse cannot end the
// statement: PostgreSQL does not look at cancel requests while it waits to send.
const patience = 300 * time.Millisecond

// stalled is called while a client does not read, in the middle of a write: it may judge and cancel, and write nothing. It
// returns the instant at which the write must be over, zero for none.
func (r *relay) stalled() (time.Time, error) {
	if !r.unconsidered() {
		return time.Time{}, nil
	}
	err := r.cancelOutdated(context.Background())
	if !r.revoked {
		return time.Time{}, err
	}
	return time.Now().Add(patience), err
}

// lowest is the innermost socket of a connection, the one below TLS.
func lowest(conn net.Conn) *socket {
	var found *socket
	for {
		if s, ok := conn.(*socket); ok {
			found = s
		}
		inner, ok := conn.(interface{ NetConn() net.Conn })
		if !ok {
			return found
		}
		conn = inner.NetConn()
	}
}

// Write goes on after a deadline that somebody else has set to wake the writer (poke), once stalled has looked. What was
// sent before stays sent, so TLS above does not notice.
func (s *socket) Write(p []byte) (int, error) {
	if s.stalled == nil {
		return s.Conn.Write(p)
	}
	total := 0
	for {
		n, err := s.Conn.Write(p[total:])
		total += n
		if err == nil || !isTimeout(err) || !s.writeBy.IsZero() && !time.Now().Before(s.writeBy) {
			return total, err
		}
		// First the deadline, then the look: a wake-up between the two is not lost.
		if err := s.Conn.SetWriteDeadline(s.writeBy); err != nil {
			return total, err
		}
		by, err := s.stalled()
		if err == nil && !by.IsZero() {
			err = s.SetWriteDeadline(by)
		}
		if err != nil {
			return total, err
		}
	}
}

// SetWriteDeadline remembers the writer's own deadline.
func (s *socket) SetWriteDeadline(t time.Time) error {
	s.writeBy = t
	return s.Conn.SetWriteDeadline(t)
}

// SetDeadline is both deadlines.
func (s *socket) SetDeadline(t time.Time) error {
	s.writeBy = t
	return s.Conn.SetDeadline(t)
}
