package resource

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/posternsql/postern/policy"
)

// Set is all resources of one configuration, each with its position, in the order of files and lines.
type Set struct {
	Connections   []Connection
	Users         []User
	Groups        []Group
	Tags          []Tag
	Sources       []Source
	Subscriptions []policy.SubscriptionPolicy
	DataPolicies  []policy.DataPolicy
	Purposes      []Purpose
	Projects      []Project
	Approvals     []Approval

	// The kinds of planned.go.
	TokenDomains       []TokenDomain
	FunctionAllowLists []FunctionAllowList
	Sandboxes          []Sandbox
	PushSettings       []PushSettings
	IdentityMappings   []IdentityMapping
	APITokens          []APIToken
	Webhooks           []Webhook
}

// kind knows how one kind of resource is stored in a Set.
type kind struct {
	name string
	// typ is the Go type that a document of this kind fills.
	typ reflect.Type
	// keep validates a filled value, which is a pointer to typ, and adds it to the set.
	keep func(set *Set, value any, add func(error))
}

// kinds is the one list of what a file may hold.
func kinds() []kind {
	return append([]kind{
		listed("Connection", func(s *Set) *[]Connection { return &s.Connections }),
		listed("User", func(s *Set) *[]User { return &s.Users }),
		listed("Group", func(s *Set) *[]Group { return &s.Groups }),
		listed("Tag", func(s *Set) *[]Tag { return &s.Tags }),
		listed("Source", func(s *Set) *[]Source { return &s.Sources }),
		{"SubscriptionPolicy", reflect.TypeFor[policy.SubscriptionPolicy](), func(s *Set, v any, add func(error)) {
			p := *v.(*policy.SubscriptionPolicy)
			add(checkPolicyName(p.Name))
			s.Subscriptions = append(s.Subscriptions, p)
		}},
		{"DataPolicy", reflect.TypeFor[policy.DataPolicy](), func(s *Set, v any, add func(error)) {
			p := *v.(*policy.DataPolicy)
			add(checkPolicyName(p.Name))
			s.DataPolicies = append(s.DataPolicies, p)
		}},
		listed("Purpose", func(s *Set) *[]Purpose { return &s.Purposes }),
		listed("Project", func(s *Set) *[]Project { return &s.Projects }),
		listed("Approval", func(s *Set) *[]Approval { return &s.Approvals }),
	}, plannedKinds()...)
}

// Load reads all files that the paths mean (Files) as one set. An error is of type Mistakes and has every mistake of form
// of every file; the meaning of policies is checked when they are compiled.
func Load(paths []string) (*Set, error) {
	l := newLoader()
	read(paths, &l.c, l.file)
	return l.finish()
}

// read hands each file that the paths mean to each, within the bounds.
func read(paths []string, c *collector, each func(file string, text []byte)) {
	files, err := Files(paths)
	if err != nil {
		c.add(policy.Pos{}, "", "%s", err)
	}
	total, entries := 0, 0
	for _, file := range files {
		text, err := readBounded(file)
		if err != nil {
			c.add(policy.Pos{File: file}, "", "%s", err)
			continue
		}
		if total += len(text); total > MaxTotalBytes {
			c.add(policy.Pos{File: file}, "", "all files together are larger than %d MiB", MaxTotalBytes>>20)
			break
		}
		if entries += structure(text); entries > maxTotalStructure && entries > structure(text) {
			c.add(policy.Pos{File: file}, "", "all files together have too many entries")
			break
		}
		each(file, text)
	}
}

// Parse reads one text as a set; file stands in positions.
func Parse(file string, text []byte) (*Set, error) {
	l := newLoader()
	if len(text) > MaxFileBytes {
		l.c.add(policy.Pos{File: file}, "", "the file is larger than %d MiB", MaxFileBytes>>20)
		return l.finish()
	}
	l.file(file, text)
	return l.finish()
}

type loader struct {
	set *Set
	// seen has the position of each kind and name.
	seen   map[string]policy.Pos
	fields map[string]field
	// mistaken are the policies with mistakes of their own.
	mistaken map[string]bool
	c        collector
}

func newLoader() *loader {
	return &loader{set: &Set{}, seen: map[string]policy.Pos{}, fields: fields(), mistaken: map[string]bool{}}
}

func (l *loader) file(file string, text []byte) {
	for _, node := range documents(file, text, &l.c) {
		l.document(file, node)
	}
}

// document decodes one resource. The kind is looked at first, because it says what the other fields mean.
func (l *loader) document(file string, node *yaml.Node) {
	at := policy.Pos{File: file, Line: node.Line}
	if node.Kind != yaml.MappingNode {
		l.c.add(at, "", "expected a resource, which begins with `kind:`, found %s", describe(node))
		return
	}
	kindName, name, body := header(node)
	all := kinds()
	i := slices.IndexFunc(all, func(k kind) bool { return k.name == kindName })
	if i < 0 {
		l.c.add(at, "", "there is no kind %q; the kinds are %s", clip(kindName), kindNames(all))
		return
	}
	label := kindName
	if name != "" {
		label += " " + printable(name)
	}
	d := decoder{file: file, resource: label, c: &l.c, fields: l.fields, incomplete: new(bool)}
	value := reflect.New(all[i].typ)
	before := l.c.count()
	defer func() {
		if l.c.count() > before {
			l.mistaken[kindName+"/"+name] = true
		}
	}()
	d.mapping("", body, value.Elem())
	if name == "" {
		if !*d.incomplete {
			l.c.add(at, label, "the name is empty")
		}
		return
	}
	key := kindName + "\x00" + name
	if first, dup := l.seen[key]; dup {
		l.c.add(at, label, "it is already defined at %s", first)
		return
	}
	l.seen[key] = at
	all[i].keep(l.set, value.Interface(), func(err error) {
		if *d.incomplete {
			// It would say the same again, of a field that is empty.
			return
		}
		for _, e := range flatten(err) {
			l.c.add(at, label, "%s", e)
		}
	})
}

// header takes kind and name from a document and returns the rest, without the kind.
func header(node *yaml.Node) (kindName, name string, body *yaml.Node) {
	rest := *node
	rest.Content = nil
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		switch {
		case key.Value == "kind" && kindName == "" && value.Kind == yaml.ScalarNode:
			kindName = value.Value
			continue
		case key.Value == "name" && name == "" && value.Kind == yaml.ScalarNode && !isNull(value):
			name = value.Value
		}
		rest.Content = append(rest.Content, key, value)
	}
	return kindName, name, &rest
}

func kindNames(all []kind) string {
	names := make([]string, len(all))
	for i, k := range all {
		names[i] = k.name
	}
	return strings.Join(names, ", ")
}

// printable keeps a name of unknown content on one line.
func printable(name string) string {
	if hasControl(name) {
		return strconv.Quote(clip(name))
	}
	return clip(name)
}

// flatten takes joined errors apart, so that each becomes a mistake of its own.
func flatten(err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var out []error
	for _, e := range joined.Unwrap() {
		out = append(out, flatten(e)...)
	}
	return out
}

// finish checks what spans resources, and returns the set or every mistake.
func (l *loader) finish() (*Set, error) {
	l.references()
	if err := l.c.err(); err != nil {
		return nil, err
	}
	return l.set, nil
}

// readable is the set without the policies that have mistakes: the rest of them can still be looked at.
func (l *loader) readable() *Set {
	out := *l.set
	out.Subscriptions = slices.DeleteFunc(slices.Clone(out.Subscriptions), func(p policy.SubscriptionPolicy) bool { return l.mistaken["SubscriptionPolicy/"+p.Name] })
	out.DataPolicies = slices.DeleteFunc(slices.Clone(out.DataPolicies), func(p policy.DataPolicy) bool { return l.mistaken["DataPolicy/"+p.Name] })
	return &out
}

// String counts the resources, for logs.
func (s *Set) String() string {
	return fmt.Sprintf("%d connections, %d users, %d sources, %d subscription policies, %d data policies",
		len(s.Connections), len(s.Users), len(s.Sources), len(s.Subscriptions), len(s.DataPolicies))
}
