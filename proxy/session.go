package proxy

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/warehouse"
)

// session is one authenticated client with its own connection to the warehouse. It stores names, never decisions: who the
// person is and what they may do is asked anew for each statement.
type session struct {
	cfg     *Config
	log     *slog.Logger
	id      string
	address string
	params  startParams
	// application is the client's application_name as it stands now.
	application string
	// as is the person as whom the session acts, "" for the login's own; see personal.go.
	as string
	// exempt is fixed for the session: its warehouse connection was opened for it.
	exempt bool
	engine warehouse.Engine

	conn    net.Conn // the client's
	server  net.Conn // the warehouse's
	backend warehouse.Backend
	pid     uint32 // told to the client, with secret
	secret  []byte

	drain atomic.Bool
	// changes counts the publications since the session began.
	changes atomic.Uint64
	busyMu  sync.Mutex
	busy    bool
}

// draining reports that the server wants to stop.
func (s *session) draining() bool { return s.drain.Load() }

// wake tells an idle session that the server wants to stop. The session looks at the flag after it has set its own read
// deadline, so one of the two always sees the other.
func (s *session) wake() {
	s.drain.Store(true)
	_ = s.conn.SetReadDeadline(time.Unix(1, 0)) // a failure means that the session is ending
}

// serve runs an authenticated client's session from its admission to its end.
func (s *Server) serve(ctx context.Context, in *introduction) error {
	sess, err := s.admit(in)
	if err != nil {
		return err
	}
	defer s.quota.leave(in.params.user)
	if err := s.cfg.Audit.Record(ctx, sess.event(audit.Connect)); err != nil {
		s.log.Error("audit log refused a connection", "session", sess.id, "error", err)
		return pgerror.Unavailable("the audit log is not available").Fatal()
	}
	began := time.Now()
	defer func() {
		e := sess.event(audit.Disconnect)
		e.Duration = time.Since(began)
		if err := s.cfg.Audit.RecordLater(e); err != nil {
			s.log.Error("audit log lost the end of a session", "session", sess.id, "error", err)
		}
	}()
	hijacked, err := s.dial(ctx, sess)
	if err != nil {
		return err
	}
	return s.establish(ctx, sess, in, hijacked)
}

// admit decides whether an authenticated client gets a session.
func (s *Server) admit(in *introduction) (*session, error) {
	state, err := s.cfg.Current()
	if err != nil {
		return nil, pgerror.Unavailable("no policies are in force; try again later").Fatal()
	}
	who, err := state.Principal(in.params.user)
	if err != nil || who.IsZero() {
		var told *pgerror.Error
		if errors.As(err, &told) {
			return nil, told.Fatal()
		}
		return nil, &pgerror.Error{Severity: pgerror.SeverityFatal, Code: pgerror.CodeInvalidAuthorization,
			Message: "user is not permitted to log in"}
	}
	if _, ok := state.Program(in.params.database); !ok {
		return nil, pgerror.UnknownDatabase(in.params.database)
	}
	if err := s.quota.enter(in.params.user); err != nil {
		return nil, err
	}
	engine := warehouse.EnginePostgres
	if s.cfg.Engine != nil {
		engine = s.cfg.Engine(in.params.database)
	}
	var id [6]byte
	_, _ = rand.Read(id[:]) // never fails (crypto/rand)
	return &session{
		engine: engine,
		cfg:    &s.cfg, log: s.log, id: hex.EncodeToString(id[:]), address: in.conn.RemoteAddr().String(),
		params: in.params, application: in.params.application, exempt: who.Exempt(), conn: in.conn,
	}, nil
}

// establish tells the client about its session and relays until the end.
func (s *Server) establish(ctx context.Context, sess *session, in *introduction, h *pgconn.HijackedConn) error {
	defer h.Conn.Close()
	sess.server = h.Conn
	sess.backend = warehouse.Backend{PID: h.PID, SecretKey: h.SecretKey, Addr: h.Conn.RemoteAddr()}
	sess.pid, sess.secret = h.PID, make([]byte, 4)
	if in.protocol >= protocol32 {
		sess.secret = make([]byte, 32)
	}
	_, _ = rand.Read(sess.secret) // never fails (crypto/rand)
	s.keys.add(sess)
	defer s.keys.remove(sess)
	if !s.enroll(sess) {
		return pgerror.ShuttingDown()
	}
	defer s.dismiss(sess)

	r := newRelay(sess, h)
	lowest(sess.conn).stalled = r.stalled
	r.greet(h.ParameterStatuses)
	if err := errors.Join(r.out.flush(), in.conn.SetDeadline(time.Time{}), h.Conn.SetDeadline(time.Time{})); err != nil {
		return errClientGone
	}
	s.cfg.Metrics.sessions.Inc()
	defer s.cfg.Metrics.sessions.Dec()
	err := r.run(ctx)
	r.end(ctx, err)
	return err
}

func newRelay(s *session, h *pgconn.HijackedConn) *relay {
	path := s.params.path
	if path == nil {
		path = defaultPath()
	}
	return &relay{
		session: s, client: newFramed(s.conn), out: newOutgoing(s.conn, s.cfg.WriteTimeout), upstream: newFramed(h.Conn),
		status: h.TxStatus, statements: map[string]*statement{}, portals: map[string]*portal{}, path: newSearchPath(path),
		scrap: make([]byte, 0, 256), toldPerson: s.params.user,
	}
}

// greet writes what follows AuthenticationOk up to the first ReadyForQuery.
func (r *relay) greet(parameters map[string]string) {
	m := r.scrap
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		value, tell := r.clientParameter(name, parameters[name])
		if name == "search_path" && !r.exempt {
			r.reported = r.path.printed
			value, tell = r.reported, true
		}
		if tell {
			m = appendStringMessage(m, 'S', name, value)
		}
	}
	m = appendStringMessage(m, 'S', "application_name", r.application)
	m = r.driverStatus(m)
	m = appendMessage(m, 'K', binary.BigEndian.AppendUint32(nil, r.pid), r.secret)
	m = append(m, 'Z', 0, 0, 0, 5, r.status)
	r.out.write(m)
}

// end leaves nothing behind: a statement that still runs is cancelled, its end goes on record, and the warehouse's
// connection, which was this person's alone, is closed.
func (r *relay) end(ctx context.Context, why error) {
	if !errors.Is(why, errUpstreamGone) && !r.queue.empty() {
		_ = r.cancelUpstream(ctx) // logged there; the connection is closed anyway
	}
	for _, e := range r.queue.outstanding() {
		for _, run := range e.run {
			if run.sqlstate == "" && !run.done {
				run.sqlstate, run.message = pgerror.CodeConnectionFailure, "the session ended before the statement did"
			}
		}
		r.finish(e.run...)
	}
	if r.queue.empty() && !errors.Is(why, errUpstreamGone) {
		_ = r.upstream.conn.SetWriteDeadline(time.Now().Add(time.Second))
		_, _ = r.upstream.conn.Write([]byte{'X', 0, 0, 0, 4}) // a courtesy
	}
	if !errors.Is(why, io.EOF) && !errors.Is(why, errClientGone) && !errors.Is(why, errSaid) {
		r.log.Info("session ended", "session", r.id, "reason", why)
	}
}
