package lambda

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/posternsql/postern/secret"
	"github.com/posternsql/postern/tokenize"
)

// Store reads secrets by name.
type Store interface {
	// Secret returns what is kept under the name.
	Secret(ctx context.Context, name string) (secret.Value, error)
}

// keyCache keeps domains with their keys.
type keyCache struct {
	store Store
	now   func() time.Time
	keep  time.Duration

	mu      sync.Mutex
	domains map[string]keptDomain
}

type keptDomain struct {
	domain *tokenize.Domain
	key    string
	until  time.Time
}

// get returns the domain with the key that is kept under the name. The error is for the log: it names the domain and where its key is, and
// never the key.
func (c *keyCache) get(ctx context.Context, domain, key string) (*tokenize.Domain, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if kept, ok := c.domains[domain]; ok && kept.key == key && now.Before(kept.until) {
		return kept.domain, nil
	}
	value, err := c.store.Secret(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("reading the key of domain %q: %w", domain, err)
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(value.Reveal()))
	if err != nil {
		return nil, fmt.Errorf("reading the key of domain %q: %s is not base64", domain, key)
	}
	d, err := tokenize.NewDomain(domain, raw)
	if err != nil {
		return nil, fmt.Errorf("taking the key of domain %q: %w", domain, err)
	}
	c.domains[domain] = keptDomain{domain: d, key: key, until: now.Add(c.keep)}
	return d, nil
}

// errKey is told to the cluster: the log has why.
var errKey = errors.New("the key of a token domain cannot be read")
