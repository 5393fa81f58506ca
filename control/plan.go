package control

import (
	"slices"
	"time"

	"github.com/posternsql/postern/control/resource"
)

// KeepScram stands in place of a User's stored verifier where it is shown; applying it keeps what is stored.
const KeepScram = "***"

// planner compares a change with what is stored.
type planner struct {
	change Change
	// owned has the file of each resource that a file owns.
	owned  map[string]string
	stored map[string]StoredResource
	plan   plan

	mistakes  resource.Mistakes
	conflicts []Conflict
}

// plan finds what a change does, or everything that is wrong with it: mistakes come before conflicts.
func (r *Registry) plan(c Change, files []resource.Document, stored Stored) (*plan, error) {
	old, err := r.documents(stored)
	if err != nil {
		return nil, err
	}
	p := planner{change: c, owned: map[string]string{}, stored: make(map[string]StoredResource, len(stored.Resources))}
	for _, d := range files {
		p.owned[d.Key()] = d.Pos.File
	}
	for _, s := range stored.Resources {
		p.stored[s.Key()] = s
	}
	given := map[string]bool{}
	for _, d := range c.Documents {
		p.put(d)
		given[d.Key()] = true
	}
	for _, key := range c.Delete {
		p.remove(key)
		given[key] = true
	}
	for i, s := range stored.Resources {
		switch {
		case given[s.Key()]:
		case c.Prune && c.Set != "" && s.Set == c.Set:
			p.delete(s)
		default:
			p.plan.documents = append(p.plan.documents, old[i])
		}
	}
	switch {
	case len(p.mistakes) > 0:
		return nil, p.mistakes
	case len(p.conflicts) > 0:
		return nil, &ConflictError{p.conflicts}
	}
	return &p.plan, nil
}

func (p *planner) mistake(d resource.Document, message string) {
	p.mistakes = append(p.mistakes, resource.Mistake{Pos: d.Pos, Resource: d.Kind + " " + d.Name, Message: message})
}

// put upserts one document.
func (p *planner) put(d resource.Document) {
	key := d.Key()
	old, found := p.stored[key]
	if p.owned[key] == "" { // otherwise nothing of it is going to be stored
		var ok bool
		if d, ok = p.withVerifier(d, old); !ok {
			return
		}
	}
	text, err := d.Text()
	if err != nil {
		p.mistake(d, err.Error())
		return
	}
	p.plan.documents = append(p.plan.documents, d)
	in := p.change.Set
	if other, given := p.change.Sets[key]; given {
		in = other
	} else if in == "" {
		in = old.Set
	}
	if p.conflict(d.Kind, d.Name, text) {
		return
	}
	c := ResourceChange{Kind: d.Kind, Name: d.Name, Action: Created, Before: old.Text, After: text, set: in}
	if found {
		c.Action = Changed
		if old.Text == text && old.Set == in {
			c.Action = Unchanged
		}
	}
	p.plan.changes = append(p.plan.changes, c)
}

// withVerifier refuses a password that is not a verifier yet, and puts the stored verifier where it is kept.
func (p *planner) withVerifier(d resource.Document, old StoredResource) (resource.Document, bool) {
	if d.Kind != "User" {
		return d, true
	}
	if d.Has("password") {
		p.mistake(d, "password: a password is made a verifier before it is sent, as `postern apply` does: give scram, or verifier")
		return d, false
	}
	if scram, ok := d.Field("scram"); !ok || scram != KeepScram {
		return d, true
	}
	stored, ok := scramOf(old.Text)
	if !ok {
		p.mistake(d, "scram: no verifier is stored that could be kept")
		return d, false
	}
	return d.With("scram", stored), true
}

// scramOf is the verifier in a stored User.
func scramOf(text string) (string, bool) {
	docs, err := resource.ReadDocuments(storedFile, []byte(text))
	if err != nil || len(docs) != 1 {
		return "", false
	}
	return docs[0].Field("scram")
}

// Shown is the text of a stored resource without its verifier, if it has one.
func Shown(kind, text string) string {
	if kind != "User" || text == "" {
		return text
	}
	docs, err := resource.ReadDocuments(storedFile, []byte(text))
	if err != nil || len(docs) != 1 {
		return ""
	}
	if !docs[0].Has("scram") {
		return text
	}
	shown, err := docs[0].With("scram", KeepScram).Text()
	if err != nil {
		return ""
	}
	return shown
}

// remove deletes by key what was named.
func (p *planner) remove(key string) {
	s, found := p.stored[key]
	kind, name, _ := cutKey(key)
	if p.owned[key] == "" && !found && p.change.Expect[key] == 0 {
		p.mistakes = append(p.mistakes, resource.Mistake{Resource: kind + " " + name, Message: "there is no such resource"})
		return
	}
	if !p.conflict(kind, name, "") {
		p.delete(s)
	}
}

func (p *planner) delete(s StoredResource) {
	p.plan.changes = append(p.plan.changes, ResourceChange{Kind: s.Kind, Name: s.Name, Action: Deleted, Before: s.Text, set: s.Set})
}

// conflict notes why a resource cannot be written, if it cannot.
func (p *planner) conflict(kind, name, yours string) bool {
	key := kind + "/" + name
	old := p.stored[key]
	c := Conflict{Kind: kind, Name: name, Current: old.Version, Theirs: old, Yours: yours}
	expected, based := p.change.Expect[key]
	c.Expected = expected
	switch {
	case p.owned[key] != "":
		c.File = p.owned[key]
	case based && expected != old.Version:
	case p.change.Since >= 0 && old.Revision > p.change.Since && old.Text != yours:
	case p.change.Set != "" && old.Set != "" && old.Set != p.change.Set:
		c.Set = old.Set
	default:
		return false
	}
	p.conflicts = append(p.conflicts, c)
	return true
}

func cutKey(key string) (kind, name string, ok bool) {
	for i := range key {
		if key[i] == '/' {
			return key[:i], key[i+1:], true
		}
	}
	return key, "", false
}

// notices are what webhooks tell of changes.
func notices(changes []ResourceChange, author string, at time.Time) (out []Notice) {
	for _, c := range changes {
		topic := topicOf(c.Kind)
		if topic == "" || c.Action == Unchanged {
			continue
		}
		n := Notice{Topic: topic, Event: c.Action, Kind: c.Kind, Name: c.Name, Author: author, At: at}
		out = append(out, n)
		if c.Kind == "Source" && c.Action == Changed && enabledIn(c.Before) != enabledIn(c.After) {
			n.Event = map[bool]string{true: SourceEnabled, false: SourceDisabled}[enabledIn(c.After)]
			out = append(out, n)
		}
	}
	return out
}

// topicOf says of what a webhook tells when a resource of this kind changes.
func topicOf(kind string) string {
	switch {
	case slices.Contains([]string{"Connection", "Source"}, kind):
		return "source"
	case slices.Contains([]string{"User", "Group", "APIToken", "IdentityMapping"}, kind):
		return "person"
	case kind == "Approval":
		return "approval"
	case kind == "Webhook":
		return ""
	}
	return "policy"
}
