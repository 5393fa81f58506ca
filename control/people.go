package control

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/secret"
)

func newVerifierCache() verifierCache {
	c := verifierCache{entries: map[string]verifierEntry{}}
	// crypto/rand.Read never fails: it ends the program instead.
	_, _ = rand.Read(c.key[:])
	return c
}

// digest of a secret under this process's key.
func (c verifierCache) digest(text secret.Value) (out [32]byte) {
	mac := hmac.New(sha256.New, c.key[:])
	mac.Write([]byte(text.Reveal()))
	mac.Sum(out[:0])
	return out
}

// people resolves every user's password or verifier. Deriving costs about a millisecond a user, so it is spread over the
// processors; what did not change is taken from the cache.
func (b *builder) people() map[string]person {
	users := b.set.Users
	verifiers := make([]identity.Verifier, len(users))
	failures := make([]error, len(users))
	entries := make([]verifierEntry, len(users))
	var wait sync.WaitGroup
	next := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for i := range next {
				entries[i], failures[i] = b.publisher.verifiers.entry(users[i])
				verifiers[i] = entries[i].verifier
			}
		})
	}
	for i := range users {
		next <- i
	}
	close(next)
	wait.Wait()

	memberOf := map[string][]string{}
	for _, g := range b.set.Groups {
		for _, m := range g.Members {
			memberOf[m] = append(memberOf[m], g.Name)
		}
	}
	b.gather(memberOf)
	out := make(map[string]person, len(users))
	b.verifiers = make(map[string]verifierEntry, len(users))
	for i, u := range users {
		if failures[i] != nil {
			b.mistake(u.Pos, "User "+u.Name, "%s", failures[i])
			continue
		}
		b.verifiers[u.Name] = entries[i]
		spec := b.specs[u.Name]
		out[u.Name] = person{
			spec: spec, principal: identity.NewPrincipal(spec), verifier: verifiers[i], disabled: u.Disabled,
			impersonates: b.impersonators(spec, u.Impersonate),
		}
		if u.Exempt {
			b.warn(u.Pos, "user %s is exempt: statements are audited and not governed", u.Name)
		}
	}
	return out
}

// gather notes who is there, with all of their groups.
func (b *builder) gather(memberOf map[string][]string) {
	b.specs, b.disabled, b.groups = make(map[string]identity.Spec, len(b.set.Users)), map[string]bool{}, map[string]bool{}
	b.inGroup = map[string][]string{}
	for _, g := range b.set.Groups {
		b.groups[g.Name] = true
	}
	for _, u := range b.set.Users {
		spec := u.Spec()
		spec.Groups = slices.Concat(spec.Groups, memberOf[u.Name])
		b.specs[u.Name], b.disabled[u.Name] = spec, u.Disabled
		for _, g := range spec.Groups {
			b.groups[g] = true
			b.inGroup[g] = append(b.inGroup[g], u.Name)
		}
	}
}

// entry makes or finds the verifier of one user; the zero verifier for a user with neither password nor verifier, who
// cannot log in with a password.
func (c verifierCache) entry(u resource.User) (verifierEntry, error) {
	if u.Scram != "" {
		v, err := identity.ParseVerifier(u.Scram)
		if err != nil {
			return verifierEntry{}, errors.New("scram is no SCRAM-SHA-256 verifier")
		}
		return verifierEntry{verifier: v}, nil
	}
	ref := u.Password
	if ref.IsZero() {
		ref = u.Verifier
	}
	if ref.IsZero() {
		return verifierEntry{}, nil
	}
	text, err := ref.Resolve()
	if err != nil {
		return verifierEntry{}, err
	}
	digest := c.digest(text)
	if !u.Verifier.IsZero() {
		v, err := identity.ParseVerifier(text.Reveal())
		if err != nil {
			return verifierEntry{}, fmt.Errorf("reading the verifier from %s: %w", ref, err)
		}
		return verifierEntry{digest, v}, nil
	}
	if old, found := c.entries[u.Name]; found && hmac.Equal(old.digest[:], digest[:]) {
		return old, nil
	}
	v, err := identity.NewVerifier(text.Reveal(), identity.DefaultIterations, rand.Reader)
	if err != nil {
		return verifierEntry{}, fmt.Errorf("deriving the verifier from %s: %w", ref, err)
	}
	return verifierEntry{digest, v}, nil
}
