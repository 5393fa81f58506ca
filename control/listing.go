package control

import (
	"cmp"
	"context"
	"slices"

	"github.com/posternsql/postern/control/resource"
)

// Listed is a current resource and where it comes from.
type Listed struct {
	// StoredResource of one that a file owns is its last version on record.
	StoredResource
	// Line is where its file has it; 0 for one that is stored.
	Line int
}

// List has all resources, of files and stored, sorted by kind and name, and the state's revision.
func (r *Registry) List(ctx context.Context) (int64, []Listed, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	stored, err := r.config.Store.Stored(ctx)
	if err != nil {
		return 0, nil, err
	}
	r.mu.Lock()
	files := r.files
	r.mu.Unlock()
	recorded := make(map[string]StoredResource, len(stored.Files))
	for _, s := range stored.Files {
		recorded[s.Key()] = s
	}
	out := make([]Listed, 0, len(files)+len(stored.Resources))
	for _, d := range files {
		text, err := d.Text()
		if err != nil {
			return 0, nil, err
		}
		s := recorded[d.Key()]
		s.Kind, s.Name, s.Text, s.File, s.Deleted = d.Kind, d.Name, text, d.Pos.File, false
		out = append(out, Listed{StoredResource: s, Line: d.Pos.Line})
	}
	for _, s := range stored.Resources {
		out = append(out, Listed{StoredResource: s})
	}
	slices.SortFunc(out, func(a, b Listed) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name)) })
	return stored.Revision, out, nil
}

// Rollback is the change that makes what is stored as it was at a revision, or one resource as it was at a version. People keep the verifiers
// that they have: a password that was replaced does not come back.
func (r *Registry) Rollback(ctx context.Context, then []StoredResource, only string) (Change, error) {
	now, err := r.config.Store.Stored(ctx)
	if err != nil {
		return Change{}, err
	}
	c := Change{Sets: map[string]string{}, Since: -1, Action: "resource.rollback", Expect: map[string]int64{}}
	current := map[string]StoredResource{}
	for _, s := range now.Resources {
		current[s.Key()] = s
	}
	was := map[string]bool{}
	for _, s := range then {
		was[s.Key()] = true
		old, there := current[s.Key()]
		if there && old.Text == s.Text {
			continue
		}
		docs, err := resource.ReadDocuments(storedFile, []byte(s.Text))
		if err != nil {
			return Change{}, err
		}
		for _, d := range docs {
			if _, has := scramOf(old.Text); there && has && d.Has("scram") {
				d = d.With("scram", KeepScram)
			}
			c.Documents = append(c.Documents, d)
		}
		c.Sets[s.Key()] = s.Set
		c.Expect[s.Key()] = old.Version
	}
	for key := range current {
		if !was[key] && (only == "" || only == key) {
			c.Delete = append(c.Delete, key)
			c.Expect[key] = current[key].Version
		}
	}
	if only != "" && len(then) == 0 && r.ownedByFile(only) {
		c.Delete = append(c.Delete, only) // which is a conflict, and says with what
	}
	slices.Sort(c.Delete)
	return c, nil
}

// ownedByFile reports that a file has the resource.
func (r *Registry) ownedByFile(key string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.files, func(d resource.Document) bool { return d.Key() == key })
}
