package identity

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// Spec is what a Principal is made of.
type Spec struct {
	// User is the person as whom the statement runs.
	User string
	// Login is who really asked; empty means User. It differs from User under impersonation.
	Login      string
	Groups     []string
	Attributes map[string][]string
	// Project is the active project, and Purposes are the purposes that come with it.
	Project  string
	Purposes []string
	// Exempt marks the break-glass account: audited, not governed.
	Exempt bool
	// AsOf is when an outside source was last asked about the person; zero where everything is known here.
	AsOf time.Time
}

// Principal is who asks: an immutable value. The zero value is nobody and is denied everything.
type Principal struct {
	user, login string
	groups      []string
	attributes  map[string][]string
	project     string
	purposes    []string
	exempt      bool
	asOf        time.Time
	key         string
}

// NewPrincipal copies the Spec, sorts and deduplicates its lists and computes the cache key.
func NewPrincipal(s Spec) Principal {
	p := Principal{
		user: s.User, login: s.Login, project: s.Project, exempt: s.Exempt, asOf: s.AsOf,
		groups: sortedSet(s.Groups), purposes: sortedSet(s.Purposes),
		attributes: make(map[string][]string, len(s.Attributes)),
	}
	if p.login == "" {
		p.login = s.User
	}
	for name, values := range s.Attributes {
		p.attributes[name] = sortedSet(values)
	}
	p.key = p.digest()
	return p
}

// IsZero reports whether this is nobody.
func (p Principal) IsZero() bool { return p.user == "" }

// User is the person as whom the statement runs.
func (p Principal) User() string { return p.user }

// Login is who really asked.
func (p Principal) Login() string { return p.login }

// Project is the active project, or "".
func (p Principal) Project() string { return p.project }

// Exempt reports the break-glass account.
func (p Principal) Exempt() bool { return p.exempt }

// AsOf is when an outside source was last asked about the person; zero where everything is known here. It is no part of the
// Key: what was decided on older answers is bounded by policy.Decision.ValidUntil.
func (p Principal) AsOf() time.Time { return p.asOf }

// Groups returns the sorted group names. The caller must not change it.
func (p Principal) Groups() []string { return p.groups }

// Purposes returns the sorted purposes of the active project. The caller must not change it.
func (p Principal) Purposes() []string { return p.purposes }

// Attribute returns the sorted values of an attribute, nil if there are none. The caller must not change it.
func (p Principal) Attribute(name string) []string { return p.attributes[name] }

// AttributeNames returns the sorted names of all attributes.
func (p Principal) AttributeNames() []string {
	names := make([]string, 0, len(p.attributes))
	for name := range p.attributes {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// InGroup reports membership of one group.
func (p Principal) InGroup(name string) bool {
	_, ok := slices.BinarySearch(p.groups, name)
	return ok
}

// HasAttribute reports whether the attribute has the value.
func (p Principal) HasAttribute(name, value string) bool {
	_, ok := slices.BinarySearch(p.attributes[name], value)
	return ok
}

// Key identifies all that decisions may depend on: two principals with one Key get the same answers. It is a digest and
// reveals nothing; it is never empty, not even for the zero value's use in a map.
func (p Principal) Key() string {
	if p.key == "" {
		return "nobody"
	}
	return p.key
}

// digest hashes every field with its length, so that no two different specs can collide by concatenation.
func (p Principal) digest() string {
	var b strings.Builder
	add := func(values ...string) {
		b.WriteString(strconv.Itoa(len(values)))
		b.WriteByte(':')
		for _, v := range values {
			b.WriteString(strconv.Itoa(len(v)))
			b.WriteByte(':')
			b.WriteString(v)
		}
	}
	add(p.user, p.login, p.project, strconv.FormatBool(p.exempt))
	add(p.groups...)
	add(p.purposes...)
	for _, name := range p.AttributeNames() {
		add(name)
		add(p.attributes[name]...)
	}
	sum := sha256.Sum256([]byte(b.String()))
	return hex.EncodeToString(sum[:16])
}

func sortedSet(in []string) []string {
	out := slices.Clone(in)
	slices.Sort(out)
	return slices.Compact(out)
}
