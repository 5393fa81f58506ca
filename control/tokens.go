package control

import (
	"crypto/sha256"
	"time"

	"github.com/posternsql/postern/control/resource"
)

// minToken is the length from which on a token cannot be guessed: 128 bits in hex digits are 32.
const minToken = 32

// Token is who may use the HTTP API with it.
type Token struct {
	// Name stands on the audit record.
	Name string
	// Role is admin, governor, dataOwner, auditor or person.
	Role string
	// User is the person for whom it acts, "" for none.
	User string
	// Expires is the instant from which on it is refused; zero is never.
	Expires time.Time
}

// TokenDigest is what is kept of a token. Tokens are long and drawn at random, so a plain hash gives nothing away.
func TokenDigest(text string) [32]byte { return sha256.Sum256([]byte(text)) }

// Token finds who presents a token, by its digest. False for an unknown one; whether it has expired is for the caller to see.
func (g *Generation) Token(digest [32]byte) (Token, bool) {
	if g == nil {
		return Token{}, false
	}
	t, ok := g.tokens[digest]
	return t, ok
}

// tokens resolves the APIToken resources.
func (b *builder) tokens() map[[32]byte]Token {
	out := make(map[[32]byte]Token, len(b.set.APITokens))
	for _, r := range b.set.APITokens {
		b.token(r, out)
	}
	return out
}

func (b *builder) token(r resource.APIToken, out map[[32]byte]Token) {
	label := "APIToken " + r.Name
	text, err := r.Token.Resolve()
	if err != nil {
		b.mistake(r.Pos, label, "%s", err)
		return
	}
	t := Token{Name: r.Name, Role: r.Role, User: r.User}
	if _, known := b.specs[r.User]; r.User != "" && !known {
		b.mistake(r.Pos, label, "there is no User %q", r.User)
		return
	}
	if r.Expires != "" {
		if t.Expires, err = time.Parse(time.RFC3339, r.Expires); err != nil {
			b.mistake(r.Pos, label, "expires: %s", err)
			return
		}
	}
	digest := TokenDigest(text.Reveal())
	switch other, dup := out[digest]; {
	case len(text.Reveal()) < minToken:
		b.mistake(r.Pos, label, "the token is shorter than %d characters", minToken)
	case dup:
		b.mistake(r.Pos, label, "it is the same token as that of %s", other.Name)
	default:
		out[digest] = t
	}
}
