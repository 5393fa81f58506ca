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
