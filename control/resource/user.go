package resource

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/secret"
)

// User is a person who logs in.
type User struct {
	Pos  policy.Pos `yaml:"-"`
	Name string     `yaml:"name"`
	// Groups that the person is a member of.
	Groups []string `yaml:"groups"`
	// Attributes have any number of values each.
	Attributes map[string][]string `yaml:"attributes"`
	// Password is a reference to the password; it is kept as a SCRAM-SHA-256 verifier only.
	Password secret.Ref `yaml:"password"`
	// Verifier is a reference to a stored verifier (SCRAM-SHA-256$…), instead of a password.
	Verifier secret.Ref `yaml:"verifier"`
	// Scram is the verifier itself, as `postern apply` makes it of a password before anything leaves the client.
	Scram string `yaml:"scram"`
	// Exempt marks the break-glass account: authenticated and audited, not governed. Never the default.
	Exempt bool `yaml:"exempt"`
	// Disabled people cannot log in, and their open sessions get no answers.
	Disabled bool `yaml:"disabled"`
	// Impersonate names as whom the person may act (SET SESSION AUTHORIZATION).
	Impersonate Members `yaml:"impersonate"`
}

// Spec is what a Principal is made of.
func (u User) Spec() identity.Spec {
	return identity.Spec{User: u.Name, Groups: u.Groups, Attributes: u.Attributes, Exempt: u.Exempt}
}

func (u User) validate(add func(error)) {
	add(checkUserName(u.Name))
	u.Impersonate.validate(add)
	if u.Exempt && !u.Impersonate.IsZero() {
		add(errors.New("an exempt user does not impersonate: nothing of theirs is decided"))
	}
	given := 0
	for _, has := range []bool{!u.Password.IsZero(), !u.Verifier.IsZero(), u.Scram != ""} {
		if has {
			given++
		}
	}
	if given > 1 {
		add(errors.New("password, verifier and scram exclude each other"))
	}
	if u.Scram != "" {
		// The parser's own message could repeat what was written.
		if _, err := identity.ParseVerifier(u.Scram); err != nil {
			add(errors.New("scram is no SCRAM-SHA-256 verifier"))
		}
	}
	if len(u.Groups) > maxListLength || len(u.Attributes) > maxListLength {
		add(fmt.Errorf("more than %d groups or attributes", maxListLength))
		return
	}
	for _, g := range u.Groups {
		add(checkWord("group", g))
	}
	for _, name := range slices.Sorted(maps.Keys(u.Attributes)) {
		add(checkWord("attribute", name))
		values := u.Attributes[name]
		if len(values) > maxListLength {
			add(fmt.Errorf("attribute %s has more than %d values", clip(name), maxListLength))
			continue
		}
		for _, v := range values {
			add(checkValue("attribute "+clip(name), v))
		}
	}
}
