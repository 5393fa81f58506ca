package proxy

import (
	"bytes"
	"context"
	"errors"
	"net"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/pgerror"
)

// Authentication requests (PostgreSQL manual, "Message Formats").
const (
	authOK           = 0
	authCleartext    = 3
	authSASL         = 10
	authSASLContinue = 11
	authSASLFinal    = 12
)

// maxPassword bounds a password message.
const maxPassword = 4096

// authenticate proves who the client is. An unknown user takes the same path and time as a wrong password, and gets the
// same answer, as does one that has failed too often.
func (s *Server) authenticate(ctx context.Context, in *introduction) error {
	state, err := s.cfg.Current()
	if err != nil {
		s.log.Error("no policies to log in with", "error", err)
		return pgerror.Unavailable("no policies are in force; try again later").Fatal()
	}
	user, host := in.params.user, hostOf(in.conn.RemoteAddr())
	if in.params.wantsToken() {
		return s.refused(ctx, in, user, s.token(ctx, in))
	}
	verifier, known := state.Verifier(user)
	if mock := identity.MockVerifier(user, s.mockKey); !known || s.failures.blocked(user, host) {
		verifier = mock
	}
	switch {
	case in.params.isDriver() && !in.tls:
		err = tlsNeeded()
	case (s.cfg.Auth == AuthCleartext || in.params.isDriver()) && in.tls:
		// Redshift's own JDBC driver knows no SASL, and none of its drivers says what it knows.
		err = s.cleartext(ctx, in, verifier)
	default:
		err = scram{in: in, verifier: verifier}.run()
	}
	return s.refused(ctx, in, user, err)
}

// refused notes a failed log-in, and gives the error back.
func (s *Server) refused(ctx context.Context, in *introduction, user string, err error) error {
	if err != nil && !errors.Is(err, errSilent) {
		s.failures.add(user, hostOf(in.conn.RemoteAddr()))
		s.cfg.Metrics.logins.WithLabelValues("refused").Inc()
		s.recordFailure(ctx, in, err)
	}
	return err
}

// cleartext asks for the password itself. It is called inside TLS only.
func (s *Server) cleartext(ctx context.Context, in *introduction, verifier identity.Verifier) error {
	if err := in.send(authCleartext, nil); err != nil {
		return err
	}
	body, err := in.message('p', maxPassword)
	if err != nil {
		return err
	}
	password, rest, ok := bytes.Cut(body, []byte{0})
	if !ok || len(rest) != 0 {
		return pgerror.Protocol("invalid password packet size")
	}
	// The derivation is the one costly step of a log-in; it must not starve the sessions.
	select {
	case s.hashing <- struct{}{}:
		defer func() { <-s.hashing }()
	case <-ctx.Done():
		return errSilent
	}
	if !verifier.VerifyPassword(string(password)) {
		return pgerror.AuthenticationFailed(in.params.user)
	}
	return nil
}

// recordFailure puts a failed log-in on record.
func (s *Server) recordFailure(ctx context.Context, in *introduction, why error) {
	told := clientError(s.log, why)
	err := s.cfg.Audit.Record(ctx, audit.Event{Kind: audit.AuthFailure, Client: in.conn.RemoteAddr().String(), Login: in.params.user,
		User: in.params.user, Application: in.params.application, Connection: in.params.database,
		SQLState: told.Code, Error: told.Message})
	if err != nil {
		s.log.Error("audit log lost a failed log-in", "error", err)
	}
}

func hostOf(addr net.Addr) string {
	host, _, err := net.SplitHostPort(addr.String())
	if err != nil {
		return addr.String()
	}
	return host
}
