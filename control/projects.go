package control

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"

	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
)

// project is what a Generation knows of a project.
type project struct {
	name string
	// purposes are the project's and all that they stand within, sorted.
	purposes []string
	// texts are what a member has to acknowledge, in the order of their purposes.
	texts   []acknowledgement
	members map[string]bool
}

// acknowledgement is one purpose's text as it stands now.
type acknowledgement struct{ purpose, text, digest string }

// digestOf tells two texts apart.
func digestOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// ProjectDomain is the token domain that the hash masks of a project with masked joins share.
func ProjectDomain(name string) string { return "project." + name }

// projectsOf resolves members and purposes.
func (b *builder) projectsOf() (map[string]*project, []policy.Project) {
	byName := map[string]resource.Purpose{}
	for _, p := range b.set.Purposes {
		byName[p.Name] = p
	}
	out, compiled := map[string]*project{}, []policy.Project{}
	for _, r := range b.set.Projects {
		p := &project{name: r.Name, members: b.members(r)}
		all := map[string]bool{}
		for _, name := range r.Purposes {
			// The set was refused if a purpose stands within itself; the condition makes sure of the end.
			for at := name; at != "" && !all[at]; at = byName[at].Within {
				all[at] = true
			}
		}
		p.purposes = slices.Sorted(maps.Keys(all))
		for _, name := range p.purposes {
			if text := byName[name].Acknowledgement; text != "" {
				p.texts = append(p.texts, acknowledgement{name, text, digestOf(text)})
			}
		}
		out[r.Name] = p
		compiled = append(compiled, b.compiledProject(r, p))
	}
	return out, compiled
}

// members are all people who may act in a project.
func (b *builder) members(r resource.Project) map[string]bool {
	out := map[string]bool{}
	for _, name := range r.Members.Users {
		out[name] = true
	}
	for _, g := range r.Members.Groups {
		for _, name := range b.inGroup[g] {
			out[name] = true
		}
		if len(b.inGroup[g]) == 0 {
			b.warn(r.Pos, "project %s: nobody is in the group %s", r.Name, g)
		}
	}
	return out
}

// compiledProject is what decisions need of a project. Those take part in equalization who can see anything by the policies: neither the
// disabled nor the exempt.
func (b *builder) compiledProject(r resource.Project, p *project) policy.Project {
	out := policy.Project{Pos: r.Pos, Name: r.Name, Sources: r.Sources, Equalize: r.Equalize}
	if r.MaskedJoins {
		out.Domain = ProjectDomain(r.Name)
	}
	if !r.Equalize {
		return out
	}
	for _, u := range slices.Sorted(maps.Keys(p.members)) {
		if from := b.publisher.config.Outside; from != nil {
			if _, outside := from.Facts(u); outside {
				// What all members may see is decided when the set is published, on facts that would grow old.
				b.mistake(r.Pos, "Project "+r.Name, "equalize: %s comes from an outside identity source", u)
			}
		}
		if spec, known := b.specs[u]; known && !spec.Exempt && !b.disabled[u] {
			out.Members = append(out.Members, p.principal(spec))
		}
	}
	return out
}

// principal is a person while they act in the project.
func (p *project) principal(spec identity.Spec) identity.Principal {
	spec.Project, spec.Purposes = p.name, p.purposes
	return identity.NewPrincipal(spec)
}

// missing are the texts that a person has not acknowledged as they stand now.
func (p *project) missing(s *Standing) (out []acknowledgement) {
	for _, t := range p.texts {
		if s == nil || s.Acknowledged[t.purpose].Digest != t.digest {
			out = append(out, t)
		}
	}
	return out
}
