package rsfake

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
)

// The authentication requests.
const (
	authOK        = 0
	authCleartext = 3
	authMD5       = 5
	authDigest    = 13
	authToken     = 14
)

// maxAnswer bounds an answer to an authentication request.
const maxAnswer = 64 << 10

// authenticate proves who the client is and gives the database user. SCRAM is never offered.
func (s *Server) authenticate(ctx context.Context, c *client) (string, error) {
	user := databaseUser(c.params["user"])
	a, err := s.lookUp(ctx, user)
	if err != nil {
		return "", errors.Join(err, c.refuse(&Refusal{Code: "08006", Message: "the cluster behind the stand-in cannot be reached"}))
	}
	code := s.code(a, c.params)
	s.started(Startup{Params: c.params, Auth: code, TLS: c.tls})
	ok := false
	switch code {
	case authCleartext:
		ok, err = c.askCleartext(a)
	case authMD5:
		ok, err = c.askMD5(a)
	case authDigest:
		ok, err = c.askDigest(a)
	case authToken:
		user, ok, err = s.askToken(c)
	}
	if err != nil {
		return "", err
	}
	if !ok {
		return "", c.refuse(&Refusal{Code: "28000", Message: `password authentication failed for user "` + user + `"`})
	}
	return user, c.send('R', binary.BigEndian.AppendUint32(nil, authOK))
}

// code is how the account is asked.
func (s *Server) code(a account, params map[string]string) int {
	switch s.cfg.Auth {
	case MethodCleartext:
		return authCleartext
	case MethodMD5:
		return authMD5
	case MethodDigest:
		return authDigest
	case MethodToken:
		return authToken
	case MethodStored:
	}
	switch {
	case params["idp_type"] != "" || params["token_type"] != "":
		return authToken
	case len(a.temporary) > 0, a.exists && a.md5 == "" && a.sha256 == "":
		return authCleartext
	case a.form == "sha256":
		return authDigest
	}
	return authMD5
}

// answer reads the one message that answers a request.
func (c *client) answer(kind byte) ([]byte, error) {
	m, err := readMessage(c.r, maxAnswer)
	if err != nil {
		return nil, err
	}
	if m.kind != kind || m.size != len(m.body) {
		return nil, c.refuse(&Refusal{Code: "08P01", Message: "expected password response, got message type " + itoa(int(m.kind))})
	}
	return m.body, nil
}

func (c *client) ask(code uint32, data []byte, kind byte) ([]byte, error) {
	if err := c.send('R', binary.BigEndian.AppendUint32(nil, code), data); err != nil {
		return nil, err
	}
	return c.answer(kind)
}

func (c *client) askCleartext(a account) (bool, error) {
	body, err := c.ask(authCleartext, nil, 'p')
	if err != nil {
		return false, err
	}
	password, rest, ok := cstring(body)
	return ok && len(rest) == 0 && a.checkCleartext(password), nil
}

func (c *client) askMD5(a account) (bool, error) {
	salt := randomBytes(4)
	body, err := c.ask(authMD5, salt, 'p')
	if err != nil {
		return false, err
	}
	answer, rest, ok := cstring(body)
	return ok && len(rest) == 0 && a.checkMD5(answer, salt), nil
}

// askDigest asks an unknown account too, with a salt that it might have.
func (c *client) askDigest(a account) (bool, error) {
	if a.salt == "" {
		a.salt = md5Hex(a.name)
	}
	nonce := randomBytes(32)
	body, err := c.ask(authDigest, a.challenge(nonce), 'd')
	if err != nil {
		return false, err
	}
	return a.checkDigest(body, nonce), nil
}

// askToken takes a token with the zero that JDBC sends behind it, and without, as Python does.
func (s *Server) askToken(c *client) (user string, ok bool, _ error) {
	body, err := c.ask(authToken, nil, 'i')
	if err != nil {
		return "", false, err
	}
	token := string(bytes.TrimSuffix(body, []byte{0}))
	if s.cfg.Token == nil || token == "" {
		return c.params["user"], false, nil
	}
	user, ok = s.cfg.Token(token)
	return user, ok, nil
}
