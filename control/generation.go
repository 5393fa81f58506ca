package control

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/warehouse"
)

// Generation is all that is in force at one time. But for in which projects people act it is immutable, and it is safe for concurrent use. A nil Generation, which is
// what there is before the first publication, knows nobody and nothing.
type Generation struct {
	version uint64
	// revision of the state from which the set was read.
	revision    int64
	down        map[string]string
	set         *resource.Set
	people      map[string]person
	connections map[string]connection
	warnings    []policy.Warning
	projects    map[string]*project
	tokens      map[[32]byte]Token
	// bound is what sources are bound to, by name.
	bound map[string]KnownSource
	// outdated says that it holds a source by a crawl that is older than what is known of the source: a newer one is worth its time.
	outdated bool
	// expires is when something in it ends next; zero is never.
	expires time.Time
	// standings change while the generation stays; principals made for them are kept. nil has everybody act in no project.
	standings  *Standings
	principals *lru.Cache[actingKey, identity.Principal]
	// outside is what identity sources say of people; nil where there are none.
	outside Outside
}

type person struct {
	spec identity.Spec
	// principal is the person outside of any project.
	principal identity.Principal
	verifier  identity.Verifier
	disabled  bool
	// impersonates are those as whom the person may act.
	impersonates []resource.Members
}

type connection struct {
	config  warehouse.Config
	program *policy.Program
	// procedures says that people ask by procedures in the warehouse.
	procedures bool
}

// Version of the generation: larger is newer, 0 before the first publication.
func (g *Generation) Version() uint64 {
	if g == nil {
		return 0
	}
	return g.version
}

// Revision of the state from which the generation's set was read, 0 for none.
func (g *Generation) Revision() int64 {
	if g == nil {
		return 0
	}
	return g.revision
}

// Down has the connections that are left out because their warehouse could never be crawled, and why.
func (g *Generation) Down() map[string]string {
	if g == nil {
		return nil
	}
	return g.down
}

// Unserved names the connections that are left out, and those whose password cannot be resolved now; nil if all is well.
func (g *Generation) Unserved() error {
	if g == nil {
		return nil
	}
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(g.down)) {
		problems = append(problems, fmt.Errorf("%s: %s", name, g.down[name]))
	}
	for _, c := range g.set.Connections {
		if c.Password.IsZero() || g.down[c.Name] != "" {
			continue
		}
		if _, err := c.Password.Resolve(); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", c.Name, err))
		}
	}
	return errors.Join(problems...)
}

// Verifier of a user's password; false for unknown and disabled users and for those without one.
func (g *Generation) Verifier(user string) (identity.Verifier, bool) {
	if g == nil {
		return identity.Verifier{}, false
	}
	p, found := g.people[user]
	if !found || p.disabled || p.verifier.IsZero() {
		return identity.Verifier{}, false
	}
	return p.verifier, true
}

// Principal resolves a log-in name, at every statement, in the project in which the person then acts. Errors are of type *pgerror.Error: 57P03 before the first
// publication, 28000 for a user who is unknown or disabled (now: the session may have been opened before).
func (g *Generation) Principal(login string) (identity.Principal, error) {
	if g == nil {
		return identity.Principal{}, pgerror.Unavailable("no policies have been published yet")
	}
	p, found := g.people[login]
	if !found || p.disabled {
		return identity.Principal{}, &pgerror.Error{
			Severity: pgerror.SeverityFatal, Code: pgerror.CodeInvalidAuthorization, Message: "this user is not permitted to log in",
		}
	}
	return g.acting(login, p), nil
}

// Program of a connection; false if there is no such connection.
func (g *Generation) Program(name string) (*policy.Program, bool) {
	if g == nil {
		return nil, false
	}
	c, found := g.connections[name]
	return c.program, found
}

// Connection says where the warehouse is; false if there is no such connection.
func (g *Generation) Connection(name string) (*warehouse.Config, bool) {
	if g == nil {
		return nil, false
	}
	c, found := g.connections[name]
	if !found {
		return nil, false
	}
	return &c.config, true
}

// Connections lists the names of all connections, sorted.
func (g *Generation) Connections() []string {
	if g == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(g.connections))
}

// Users lists the names of all users, sorted, the disabled ones too.
func (g *Generation) Users() []string {
	if g == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(g.people))
}

// Expires is the next instant at which something in the generation ends, zero for never.
func (g *Generation) Expires() time.Time {
	if g == nil {
		return time.Time{}
	}
	return g.expires
}

// Warnings are what the authors should know, as of this publication.
func (g *Generation) Warnings() []policy.Warning {
	if g == nil {
		return nil
	}
	return g.warnings
}

// Set is what the generation was made of. The caller must not change it.
func (g *Generation) Set() *resource.Set {
	if g == nil {
		return &resource.Set{}
	}
	return g.set
}
