package proxy

import (
	"bytes"
	"context"
	"errors"

	"github.com/posternsql/postern/pgerror"
)

// authToken asks for the token of an identity provider. The code and its answer, a message of type 'i', are Redshift's own.
const authToken = 14

// maxToken bounds a token.
const maxToken = 64 << 10

// Token is what a client of Redshift's drivers says of a token, and the token. It is a secret.
type Token struct {
	// User is the name in the start-up packet; drivers may leave it out.
	User string
	// IDPType, TokenType, Provider and Namespace are idp_type, token_type, provider_name and identity_namespace of the start-up packet.
	IDPType, TokenType, Provider, Namespace string
	// Text is the token itself.
	Text string
}

// token asks for the token and has it checked. The log-in that it stands for takes the place of the start-up packet's user.
func (s *Server) token(ctx context.Context, in *introduction) error {
	switch {
	case s.cfg.Token == nil:
		return &pgerror.Error{Severity: pgerror.SeverityFatal, Code: pgerror.CodeInvalidAuthorization, Message: "tokens of identity providers are not accepted here",
			Hint: "Connect with a user and a password, without an authentication plugin."}
	case !in.tls:
		return tlsNeeded()
	}
	if err := in.send(authToken, nil); err != nil {
		return err
	}
	body, err := in.message('i', maxToken)
	if err != nil {
		return err
	}
	// JDBC ends it with a zero, and redshift_connector does not.
	text := bytes.TrimSuffix(body, []byte{0})
	if len(text) == 0 || bytes.IndexByte(text, 0) >= 0 {
		return pgerror.Protocol("invalid token packet")
	}
	p := &in.params
	if s.failures.blocked(p.user, hostOf(in.conn.RemoteAddr())) {
		return pgerror.AuthenticationFailed(p.user)
	}
	login, err := s.cfg.Token(ctx, Token{User: p.user, IDPType: p.driver["idp_type"], TokenType: p.driver["token_type"], Provider: p.driver["provider_name"],
		Namespace: p.driver["identity_namespace"], Text: string(text)})
	if err != nil || login == "" || p.user != "" && p.user != login {
		var told *pgerror.Error
		if !errors.As(err, &told) && err != nil {
			s.log.Info("a token was refused", "user", p.user, "error", err)
		}
		return pgerror.AuthenticationFailed(p.user)
	}
	p.user = login
	return nil
}

// tlsNeeded refuses what would send a secret in clear text.
func tlsNeeded() error {
	return &pgerror.Error{Severity: pgerror.SeverityFatal, Code: pgerror.CodeInvalidAuthorization, Message: "connection requires TLS",
		Hint: "Drivers of Amazon Redshift send the password or token itself: connect with ssl=true, sslmode=verify-ca or stricter."}
}
