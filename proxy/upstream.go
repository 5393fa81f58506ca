package proxy

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/pgerror"
)

// dial makes the session's own connection to the warehouse. It lives and ends with the session, so nothing of one person's
// session can reach another's.
func (s *Server) dial(ctx context.Context, sess *session) (*pgconn.HijackedConn, error) {
	select {
	case s.dials <- struct{}{}:
		defer func() { <-s.dials }()
	case <-ctx.Done():
		return nil, pgerror.ShuttingDown()
	}
	params := sess.params.upstreamParams(sess.id, sess.exempt)
	if _, set := params["search_path"]; sess.redshift() && !set {
		// An exempt user's names are the warehouse's to find; dialing a Redshift pins the path unless it is told one.
		params["search_path"] = `"$user", public`
	}
	h, err := s.cfg.Dial(ctx, sess.params.database, params)
	if err == nil && h.TxStatus != 'I' {
		err = errors.Join(errors.New("the warehouse's connection is not idle"), h.Conn.Close())
	}
	if err == nil {
		return h, nil
	}
	s.log.Error("warehouse cannot be reached", "session", sess.id, "database", sess.params.database, "error", err)
	return nil, upstreamRefusal(sess.params.database, err)
}

// upstreamRefusal is what a client is told when the warehouse does not take the session. Its own words are passed on only
// where they are about what the client asked for; those about the service credential are nobody's business.
func upstreamRefusal(database string, err error) error {
	var own *pgerror.Error
	if errors.As(err, &own) {
		return own.Fatal()
	}
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		return pgerror.UpstreamUnreachable(database)
	}
	told := &pgerror.Error{Severity: pgerror.SeverityFatal, Code: refused.Code, Message: refused.Message, Hint: refused.Hint}
	switch {
	case strings.HasPrefix(refused.Code, "22"), refused.Code == "42704", refused.Code == "55P02", refused.Code == "42501" &&
		strings.HasPrefix(refused.Message, "permission denied to set parameter"):
		return told // a run-time parameter of the client's
	case refused.Code == pgerror.CodeTooManyConnections, refused.Code == pgerror.CodeCannotConnectNow:
		told.Hint = ""
		return told
	}
	return pgerror.UpstreamUnreachable(database)
}
