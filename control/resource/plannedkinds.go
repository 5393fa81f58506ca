package resource

import "reflect"

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
