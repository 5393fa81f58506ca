package proxy

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"
)

// Server accepts clients and gives each a session.
type Server struct {
	cfg      Config
	log      *slog.Logger
	tls      *tls.Config // nil with TLSOff
	mockKey  []byte
	quota    *quota
	failures *failures
	keys     keys
	// Places: for connections that are not authenticated, for upstream dials, key derivations and cancel requests.
	logins, dials, hashing, cancels chan struct{}

	mu       sync.Mutex
	stopping bool
	sessions map[*session]struct{}
	guests   map[net.Conn]struct{} // connections without a session yet
}

// New checks the configuration and makes a Server.
func New(cfg Config) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("checking the proxy's configuration: %w", err)
	}
	cfg = cfg.withDefaults()
	s := &Server{
		cfg: cfg, log: cfg.Log, mockKey: cfg.MockKey,
		quota: newQuota(cfg.MaxSessions, cfg.MaxSessionsPerUser), failures: newFailures(cfg.MaxLoginFailures),
		keys:   keys{sessions: map[uint32][]*session{}},
		logins: make(chan struct{}, cfg.MaxLogins), dials: make(chan struct{}, cfg.MaxDials),
		hashing: make(chan struct{}, maxHashing()), cancels: make(chan struct{}, maxCancels),
		sessions: map[*session]struct{}{}, guests: map[net.Conn]struct{}{},
	}
	if cfg.TLSMode != TLSOff {
		s.tls = serverTLS(cfg.TLS)
	}
	if len(s.mockKey) == 0 {
		s.mockKey = make([]byte, 32)
		_, _ = rand.Read(s.mockKey) // never fails (crypto/rand)
	}
	return s, nil
}

// Run listens on Config.Listen and serves until ctx ends; see Serve.
func (s *Server) Run(ctx context.Context) error {
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", s.cfg.Listen)
	if err != nil {
		return fmt.Errorf("listening for clients: %w", err)
	}
	s.log.Info("listening for clients", "address", listener.Addr().String())
	return s.Serve(ctx, listener)
}

// Serve accepts clients until ctx ends. Then it accepts no more, tells idle sessions to go, lets the others finish what is
// in hand for Config.DrainTimeout, and returns when all are gone. It closes the listener. A Server serves once.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	// Sessions outlive ctx until they are drained.
	hard, kill := context.WithCancel(context.WithoutCancel(ctx))
	defer kill()
	stopAccepting := context.AfterFunc(ctx, func() { listener.Close() })
	defer stopAccepting()
	var sessions sync.WaitGroup
	err := s.accept(ctx, listener, func(conn net.Conn) {
		sessions.Go(func() { s.handle(hard, conn) })
	})
	if closeErr := listener.Close(); err == nil && closeErr != nil && !errors.Is(closeErr, net.ErrClosed) {
		err = fmt.Errorf("closing the listener: %w", closeErr)
	}
	s.drain()
	gone := make(chan struct{})
	go func() { sessions.Wait(); close(gone) }()
	select {
	case <-gone:
	case <-time.After(s.cfg.DrainTimeout):
		kill()
		s.closeAll()
		<-gone
	}
	return err
}

// accept hands connections on until ctx ends.
func (s *Server) accept(ctx context.Context, listener net.Listener, handle func(net.Conn)) error {
	const pause = 50 * time.Millisecond
	for {
		select {
		case s.logins <- struct{}{}:
		case <-ctx.Done():
			return nil
		}
		conn, err := listener.Accept()
		switch {
		case err == nil:
			handle(conn)
			continue
		case ctx.Err() != nil:
			return nil //nolint:nilerr // the listener was closed because we are to stop
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("accepting clients: %w", err)
		}
		<-s.logins
		s.log.Error("accepting a client", "error", err) // out of file descriptors, most likely: it passes
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil
		}
	}
}

// handle takes one connection from its first byte to its end.
func (s *Server) handle(ctx context.Context, conn net.Conn) {
	var once sync.Once
	released := func() { once.Do(func() { <-s.logins }) }
	defer released()
	if !s.welcome(conn) {
		conn.Close()
		return
	}
	defer s.farewell(conn)
	if err := conn.SetDeadline(time.Now().Add(s.cfg.AuthTimeout)); err != nil {
		conn.Close()
		return
	}
	login, cancel := context.WithTimeout(ctx, s.cfg.AuthTimeout)
	defer cancel()
	in, err := s.introduce(login, conn)
	if err == nil {
		err = s.authenticate(login, &in)
	}
	if err == nil {
		released()
		s.cfg.Metrics.logins.WithLabelValues("accepted").Inc()
		if err = in.send(authOK, nil); err == nil {
			err = s.serve(ctx, &in)
		}
	}
	s.closeClient(&in, err)
}

// closeClient ends a connection, with an error message if the client has not been told yet.
func (s *Server) closeClient(in *introduction, err error) {
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, errSilent), errors.Is(err, errClientGone):
		in.conn.Close()
		return
	case errors.Is(err, errSaid), errors.Is(err, errUpstreamGone):
	case err != nil:
		told := clientError(s.log, err).Fatal()
		if in.conn.SetDeadline(time.Now().Add(lingerTime)) == nil {
			_, _ = in.conn.Write(appendError(nil, told)) // if this fails the client has gone
		}
	}
	hangUp(in.conn)
}

// welcome, farewell, enroll and dismiss keep the books of who must be told when the server stops. The two that begin
// something report false once it is stopping.
func (s *Server) welcome(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping {
		return false
	}
	s.guests[conn] = struct{}{}
	return true
}

func (s *Server) farewell(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.guests, conn)
}

func (s *Server) enroll(sess *session) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping {
		return false
	}
	delete(s.guests, rawConn(sess.conn))
	s.sessions[sess] = struct{}{}
	return true
}

func (s *Server) dismiss(sess *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, sess)
}

// drain ends what has not begun and wakes the sessions, which end when they are idle.
func (s *Server) drain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopping = true
	for conn := range s.guests {
		conn.Close()
	}
	for sess := range s.sessions {
		sess.wake()
	}
}

// closeAll cuts the sessions that did not finish in time.
func (s *Server) closeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for sess := range s.sessions {
		sess.conn.Close()
		sess.server.Close()
	}
}
