package resource

import (
	"fmt"

	"github.com/posternsql/postern/policy"
)

// Group lists members from the group's side; a User's own `groups` count as well.
type Group struct {
	Pos  policy.Pos `yaml:"-"`
	Name string     `yaml:"name"`
	// Description is for people.
	Description string `yaml:"description"`
	// Members are names of users.
	Members []string `yaml:"members"`
	// Impersonate names as whom the group's people may act (SET SESSION AUTHORIZATION).
	Impersonate Members `yaml:"impersonate"`
}

func (g Group) validate(add func(error)) {
	add(checkWord("group", g.Name))
	g.Impersonate.validate(add)
	if len(g.Members) > maxMembers {
		add(fmt.Errorf("more than %d members", maxMembers))
	}
}

// Tag declares a word that sources and columns can be tagged with. As soon as a set declares one tag, it declares all that it uses:
// a tag that is neither declared nor below a declared one is then a mistake.
type Tag struct {
	Pos  policy.Pos `yaml:"-"`
	Name string     `yaml:"name"`
	// Description is for people.
	Description string `yaml:"description"`
}

func (t Tag) validate(add func(error)) { add(checkTag(t.Name)) }
