package control

import (
	"fmt"
	"slices"

	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/warehouse"
)

// DefaultDomain is the token domain of a hash mask that names none.
const DefaultDomain = "default"

// Registration is what a connection's warehouse needs for the set: the service role's grants on all of the connection's
// sources, and keys for the token domains that the set's policies name.
func Registration(set *resource.Set, connection string) (warehouse.Registration, error) {
	i := slices.IndexFunc(set.Connections, func(c resource.Connection) bool { return c.Name == connection })
	if i < 0 {
		return warehouse.Registration{}, fmt.Errorf("there is no Connection %q", connection)
	}
	out := warehouse.Registration{Database: set.Connections[i].Database, ServiceRole: set.Connections[i].User}
	for _, s := range set.Sources {
		if name, err := s.Parts(); err == nil && name.Connection == connection {
			out.Tables = append(out.Tables, warehouse.TableName{Schema: name.Schema, Name: name.Table})
		}
	}
	out.Domains = domainNames(set)
	return out, nil
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
			if r.Mask == nil || r.Mask.Hash == nil {
				continue
			}
			name := r.Mask.Hash.Domain
			if name == "" {
				name = DefaultDomain
			}
			if !seen[name] {
				seen[name] = true
				out = append(out, tokenDomain{name, p.Name, r.Pos})
			}
		}
	}
	return out
}
