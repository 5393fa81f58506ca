package control

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/policy"
)

// Change is what somebody wants of what is stored.
type Change struct {
	// Documents are put in place of those of their kinds and names, or beside them.
	Documents []resource.Document
	// Delete lists keys (Kind/name) of resources that are to go; one that is not there is a mistake.
	Delete []string
	// Set is the name under which the documents are applied, "" for none.
	Set string
	// Sets has, by key, under which name a document is applied instead.
	Sets map[string]string
	// Prune deletes what the same set has and the documents do not.
	Prune bool
	// Expect has, by key, the version on which a change is based, 0 for a resource that must not be there yet.
	Expect map[string]int64
	// Since makes every change of a resource that has changed since that revision a conflict; negative is off.
	Since int64
	// DryRun changes nothing and tells what would be changed.
	DryRun bool
	// OverFiles has the documents stand in place of those of files that own the same resources: a question about a change of the files. It goes
	// with DryRun only.
	OverFiles bool
	// Action stands on the audit record; resource.apply when it is empty.
	Action string
}

// What becomes of a resource.
const (
	Created   = "created"
	Changed   = "changed"
	Unchanged = "unchanged"
	Deleted   = "deleted"
)

// ResourceChange is what a Change does to one resource.
type ResourceChange struct {
	Kind, Name string
	// Action is created, changed, unchanged or deleted.
	Action string
	// Before and After are texts; empty where there is none.
	Before, After string
	set           string
}

// Applied is what a Change did.
type Applied struct {
	// Revision in force afterwards.
	Revision int64
	Changes  []ResourceChange
	Warnings []policy.Warning
	// Next is what would be in force, of a DryRun; nil otherwise.
	Next *Generation
}

// Conflict is one resource that cannot be written.
type Conflict struct {
	Kind, Name string
	// File that owns it, "" if none does.
	File string
	// Set to which it belongs, "" if that is not the reason.
	Set string
	// Expected is the version on which the change was based, Current the one that is stored (0 for none).
	Expected, Current int64
	// Theirs is what is stored, Yours what was to be.
	Theirs StoredResource
	Yours  string
}

// String says it in words.
func (c Conflict) String() string {
	switch {
	case c.File != "":
		return fmt.Sprintf("%s %s belongs to the file %s: change it there", c.Kind, c.Name, c.File)
	case c.Set != "":
		return fmt.Sprintf("%s %s belongs to the set %s", c.Kind, c.Name, c.Set)
	case c.Current == 0:
		return fmt.Sprintf("%s %s: you have version %d, and it is not there any more", c.Kind, c.Name, c.Expected)
	}
	return fmt.Sprintf("%s %s: you have version %d, and version %d is stored, of %s by %s", c.Kind, c.Name, c.Expected, c.Current,
		c.Theirs.At.UTC().Format("2006-01-02 15:04:05Z"), c.Theirs.Author)
}

// ConflictError has all conflicts of a change.
type ConflictError struct{ Conflicts []Conflict }

// Error has a line for each.
func (e *ConflictError) Error() string {
	lines := make([]string, len(e.Conflicts))
	for i, c := range e.Conflicts {
		lines[i] = c.String()
	}
	return strings.Join(lines, "\n")
}

// maxTries bounds how often a change is made anew because others were quicker.
const maxTries = 20

// Apply makes a change, whole or not at all: it is read, compiled, checked, stored, put on record, and put in force. by is the beginning of the
// audit record, whose Detail goes before what is changed. An error is of type resource.Mistakes with every mistake, a *ConflictError with every conflict, or says that state or audit log
// are out of reach.
func (r *Registry) Apply(ctx context.Context, by audit.Event, c Change) (*Applied, error) {
	if err := r.config.Publisher.fresh.Err(time.Now()); err != nil {
		return nil, fmt.Errorf("changing what is stored: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for try := 1; ; try++ {
		stored, marks, err := r.readStored(ctx)
		if err != nil {
			return nil, err
		}
		out, err := r.applyTo(ctx, by, c, stored, marks)
		if errors.Is(err, ErrMoved) && try < maxTries {
			continue
		}
		return out, err
	}
}

// applyTo makes a change of what was stored at one revision.
func (r *Registry) applyTo(ctx context.Context, by audit.Event, c Change, stored Stored, marks Marks) (*Applied, error) {
	files := r.filesUnder(c)
	plan, err := r.plan(c, files, stored)
	if err != nil {
		return nil, err
	}
	set, err := assemble(files, plan.documents)
	if err != nil {
		return nil, r.config.Publisher.alsoMistaken(ctx, slices.Concat(files, plan.documents), err)
	}
	out := &Applied{Revision: stored.Revision, Changes: plan.changes}
	writes := plan.writes()
	n := Publication{Set: set, Revision: stored.Revision, DryRun: c.DryRun}
	if len(writes) == 0 && r.config.Publisher.Current().Revision() == stored.Revision {
		n.DryRun = true // nothing to put in force; the warnings are wanted
	}
	if len(writes) > 0 && !n.DryRun {
		n.Revision++
		n.Commit = func(ctx context.Context, _ *Generation) error {
			return r.commit(ctx, by, c, stored, out.Changes, writes)
		}
	}
	n.Quick = !n.DryRun && r.config.Publisher.Current() != nil && aboutPeople(writes)
	g, err := r.config.Publisher.PublishAs(ctx, n)
	if mistakes := (resource.Mistakes{}); n.Quick && errors.As(err, &mistakes) {
		// What is wrong may be no more than that the last look at a warehouse was too long ago.
		n.Quick = false
		g, err = r.config.Publisher.PublishAs(ctx, n)
	}
	if err != nil {
		return nil, err
	}
	out.Warnings = g.Warnings()
	if n.DryRun {
		if c.DryRun {
			out.Next = g
		}
		return out, nil
	}
	marks.Revision = n.Revision
	out.Revision = n.Revision
	r.stored = Stored{Revision: -1} // read again where it is needed
	r.inForce(marks)
	return out, nil
}

// filesUnder are the documents of files that a change leaves standing.
func (r *Registry) filesUnder(c Change) []resource.Document {
	if !c.OverFiles || !c.DryRun {
		return r.files
	}
	given := map[string]bool{}
	for _, d := range c.Documents {
		given[d.Key()] = true
	}
	return slices.DeleteFunc(slices.Clone(r.files), func(d resource.Document) bool { return given[d.Key()] })
}

// commit stores the writes with their audit record.
func (r *Registry) commit(ctx context.Context, by audit.Event, c Change, stored Stored, changes []ResourceChange, writes []StoredResource) error {
	now := r.config.Now().UTC()
	by.Kind, by.Time, by.Action, by.Target = audit.Admin, now, cmp.Or(c.Action, "resource.apply"), c.Set
	by.Detail = strings.TrimPrefix(by.Detail+"; "+summary(changes), "; ")
	author := cmp.Or(by.User, by.Login)
	_, err := r.config.Store.Commit(ctx, Commit{
		Base: stored.Revision, Author: author, Action: by.Action, At: now, Writes: writes, Notices: notices(changes, author, now),
		Before: func(ctx context.Context, revision int64) error {
			e := by
			e.Program = fmt.Sprint(revision)
			return r.config.Record(ctx, e)
		},
	})
	if err != nil {
		// It may have been stored all the same: nothing that was remembered counts.
		r.stored = Stored{Revision: -1}
	}
	return err
}

// maxSummary bounds the resources that an audit record names.
const maxSummary = 200

func summary(changes []ResourceChange) string {
	var parts []string
	more := 0
	for _, c := range changes {
		switch {
		case c.Action == Unchanged:
		case len(parts) == maxSummary:
			more++
		default:
			parts = append(parts, c.Action+" "+c.Kind+" "+c.Name)
		}
	}
	if more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(parts, "; ")
}

// plan is what a change makes of what is stored.
type plan struct {
	changes []ResourceChange
	// documents are all stored ones afterwards.
	documents []resource.Document
}

func (p *plan) writes() (out []StoredResource) {
	for _, c := range p.changes {
		if c.Action != Unchanged {
			out = append(out, StoredResource{Kind: c.Kind, Name: c.Name, Set: c.set, Text: c.After, Deleted: c.Action == Deleted})
		}
	}
	slices.SortFunc(out, func(a, b StoredResource) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name)) })
	return out
}
