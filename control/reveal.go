package control

import (
	"fmt"

	"github.com/posternsql/postern/tokenize"
)

// TokenDomain returns the domain with its key, for who may turn tokens back. An error for a domain whose key only the
// warehouse has: it has none in its resource.
func (g *Generation) TokenDomain(name string) (*tokenize.Domain, error) {
	for _, d := range g.Set().TokenDomains {
		if d.Name != name {
			continue
		}
		if d.Key.IsZero() {
			break
		}
		key, err := domainKey(d)
		if err != nil {
			return nil, fmt.Errorf("the key of token domain %q: %w", name, err)
		}
		return tokenize.NewDomain(name, []byte(key.Reveal()))
	}
	return nil, fmt.Errorf("token domain %q has no key of its own here: its TokenDomain resource gives none", name)
}
