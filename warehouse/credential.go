package warehouse

import (
	"context"

	"github.com/posternsql/postern/secret"
)

// CredentialSource gives the password of the service role. It is asked at each dial, so that a rotated secret and a
// temporary credential both work, and it must be safe for use by several goroutines.
type CredentialSource interface {
	Credential(ctx context.Context) (secret.Value, error)
}

// LoginSource is a CredentialSource whose credentials are for an account of their own, or are no password. It is asked instead of Credential.
type LoginSource interface {
	CredentialSource
	Login(ctx context.Context) (Login, error)
}

// Login is as whom to log in, and with what.
type Login struct {
	// User is the account; the configured one when empty.
	User     string
	Password secret.Value
	// Token says that Password is a token of an identity provider, which Redshift takes when it asks for one (authentication request 14). It is
	// never sent as a password.
	Token bool
	// TokenType is what the start-up packet calls the token: ACCESS_TOKEN, which is also meant when it is empty, or EXT_JWT.
	TokenType string
}

// Login asks the credential source as whom to log in, and with what. Without a source there is no password.
func (c Config) Login(ctx context.Context) (Login, error) {
	var out Login
	var err error
	switch source := c.Credentials.(type) {
	case nil:
	case LoginSource:
		out, err = source.Login(ctx)
	default:
		out.Password, err = source.Credential(ctx)
	}
	if out.User == "" {
		out.User = c.User
	}
	if err == nil {
		err = checkName("user", out.User, c.maxName())
	}
	return out, err
}

// Password reads the password from a reference at each use.
func Password(ref secret.Ref) CredentialSource { return passwordRef{ref} }

type passwordRef struct{ ref secret.Ref }

// Credential implements CredentialSource.
func (p passwordRef) Credential(context.Context) (secret.Value, error) { return p.ref.Resolve() }

// String names the reference.
func (p passwordRef) String() string { return p.ref.String() }

// Fixed gives a password that is already in memory: the setup account of a registration, or the demo's.
func Fixed(password secret.Value) CredentialSource { return fixed{password} }

type fixed struct{ password secret.Value }

// Credential implements CredentialSource.
func (f fixed) Credential(context.Context) (secret.Value, error) { return f.password, nil }
