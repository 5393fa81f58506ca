package resource

import (
	"reflect"

	"github.com/posternsql/postern/policy"
)

// plannedKinds are the kinds of planned.go.
func plannedKinds() []kind {
	return []kind{
		listed("TokenDomain", func(s *Set) *[]TokenDomain { return &s.TokenDomains }),
		listed("FunctionAllowList", func(s *Set) *[]FunctionAllowList { return &s.FunctionAllowLists }),
		listed("Sandbox", func(s *Set) *[]Sandbox { return &s.Sandboxes }),
		listed("PushSettings", func(s *Set) *[]PushSettings { return &s.PushSettings }),
		listed("IdentityMapping", func(s *Set) *[]IdentityMapping { return &s.IdentityMappings }),
		listed("APIToken", func(s *Set) *[]APIToken { return &s.APITokens }),
		listed("Webhook", func(s *Set) *[]Webhook { return &s.Webhooks }),
	}
}

// validator is a resource that checks itself.
type validator interface{ validate(add func(error)) }

// listed is a kind whose resources go to one list of the set.
func listed[T validator](name string, list func(*Set) *[]T) kind {
	return kind{name, reflect.TypeFor[T](), func(s *Set, v any, add func(error)) {
		value := *v.(*T)
		value.validate(add)
		to := list(s)
		*to = append(*to, value)
	}}
}

// NotEnforced has one mistake for each resource of a kind that is read and checked, and that nothing enforces yet. Whoever
// publishes a set refuses them: a policy that is written down and does nothing is worse than none.
func (s *Set) NotEnforced() (out []Mistake) {
	add := func(pos policy.Pos, kind, name string) {
		out = append(out, Mistake{pos, kind + " " + printable(name), "this kind is not enforced yet"})
	}
	for _, r := range s.Sandboxes {
		add(r.Pos, "Sandbox", r.Name)
	}
	return out
}
