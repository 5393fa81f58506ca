package control

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/secret"
	"github.com/posternsql/postern/warehouse"
)

// Registration is what a connection's warehouse needs for the set: the service role's grants on all of the connection's
// sources, and keys for the token domains that the set's policies name.
func Registration(set *resource.Set, connection string) (warehouse.Registration, error) {
	i := slices.IndexFunc(set.Connections, func(c resource.Connection) bool { return c.Name == connection })
	if i < 0 {
		return warehouse.Registration{}, fmt.Errorf("there is no Connection %q", connection)
	}
	out := warehouse.Registration{Database: set.Connections[i].Database, ServiceRole: set.Connections[i].User, Procedures: len(set.Projects) > 0}
	for _, s := range set.Sources {
		if name, err := s.Parts(); err == nil && name.Connection == connection {
			out.Tables = append(out.Tables, warehouse.TableName{Schema: name.Schema, Name: name.Table})
		}
	}
	out.Sandboxes = sandboxSchemas(set, connection)
	out.Domains = domainNames(set)
	for _, p := range set.DataPolicies {
		out.Ciphers = out.Ciphers || slices.ContainsFunc(p.Rules, policy.Rule.Ciphers)
	}
	out.Versions, out.Keys = map[string]int{}, map[string]secret.Value{}
	for _, d := range set.TokenDomains {
		out.Versions[d.Name] = d.Version
		if d.Key.IsZero() {
			continue
		}
		key, err := domainKey(d)
		if err != nil {
			return warehouse.Registration{}, fmt.Errorf("the key of TokenDomain %s: %w", d.Name, err)
		}
		out.Keys[d.Name] = key
	}
	return out, nil
}

// domainKeyBytes is the length of a token domain's key.
const domainKeyBytes = 32

// domainKey resolves a given key: base64 of 32 bytes. No error holds any of it.
func domainKey(d resource.TokenDomain) (secret.Value, error) {
	text, err := d.Key.Resolve()
	if err != nil {
		return secret.Value{}, err
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text.Reveal()))
	if err != nil || len(key) != domainKeyBytes {
		return secret.Value{}, fmt.Errorf("it is not the base64 form of %d bytes", domainKeyBytes)
	}
	return secret.NewValue(string(key)), nil
}

func domainNames(set *resource.Set) (out []string) {
	for _, d := range domainsOf(set) {
		out = append(out, d.name)
	}
	for _, p := range set.Projects {
		if p.MaskedJoins {
			out = append(out, ProjectDomain(p.Name))
		}
	}
	for _, d := range set.TokenDomains {
		if !slices.Contains(out, d.Name) {
			out = append(out, d.Name)
		}
	}
	return out
}

// tokenDomain is a domain with the first rule that names it.
type tokenDomain struct {
	name   string
	policy string
	pos    policy.Pos
}

func domainsOf(set *resource.Set) (out []tokenDomain) {
	seen := map[string]bool{}
	for _, p := range set.DataPolicies {
		for _, r := range p.Rules {
			for _, name := range r.Domains() {
				if !seen[name] {
					seen[name] = true
					out = append(out, tokenDomain{name, p.Name, r.Pos})
				}
			}
		}
	}
	return out
}
