package control

import (
	"maps"
	"slices"
	"time"

	"github.com/posternsql/postern/identity"
)

// Outside tells what identity sources other than the resources last said of people. It is asked at every statement and answers from memory, at once;
// whoever implements it asks the sources by itself, and has sessions look again (proxy.Server.Reconsider) when an answer has changed.
type Outside interface {
	// Facts of a person; false for who is known from the resources alone. Two answers of one age are the same.
	Facts(user string) (Facts, bool)
}

// Facts are what an outside source says of a person, beside what the resources say.
type Facts struct {
	Groups     []string
	Attributes map[string][]string
	// AsOf is when the source was asked. A source's latencyTolerance bounds its age: decisions on facts that are older, and on facts of which it
	// is not known how old they are, are refused (57P03).
	AsOf time.Time
}

// facts are what is known of a person from outside.
func (g *Generation) facts(user string) (Facts, bool) {
	if g.outside == nil {
		return Facts{}, false
	}
	f, ok := g.outside.Facts(user)
	if ok && f.AsOf.IsZero() {
		// The zero time would say that everything is known here.
		f.AsOf = time.Unix(0, 0)
	}
	return f, ok
}

// with adds the facts to what the resources say.
func (f Facts) with(spec identity.Spec) identity.Spec {
	spec.Groups = slices.Concat(spec.Groups, f.Groups)
	all := maps.Clone(spec.Attributes)
	if all == nil {
		all = map[string][]string{}
	}
	for name, values := range f.Attributes {
		all[name] = slices.Concat(all[name], values)
	}
	spec.Attributes, spec.AsOf = all, f.AsOf
	return spec
}
