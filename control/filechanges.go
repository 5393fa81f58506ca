package control

import (
	"context"
	"errors"
	"fmt"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/control/resource"
)

// FileAuthor stands as the author of what changed in files of a server: the file system does not tell who it was.
const FileAuthor = "unknown (files of the server)"

// filesAction stands on the audit record of what changed in files, and with the revision that keeps it.
const filesAction = "resource.files"

// maxFileEvents bounds the audit records of one change of files; what is beyond is counted. The history has all.
const maxFileEvents = 500

// fileChange is what became of one resource that a file owns.
type fileChange struct {
	ResourceChange
	file string
}

// fileChanges finds what differs between the files as they are now and as they were put on record last.
func fileChanges(files []resource.Document, recorded []StoredResource) (out []fileChange, err error) {
	before := make(map[string]StoredResource, len(recorded))
	for _, s := range recorded {
		before[s.Key()] = s
	}
	for _, d := range files {
		text, err := d.Text()
		if err != nil {
			return nil, err
		}
		old, found := before[d.Key()]
		delete(before, d.Key())
		if found && old.Text == text {
			continue
		}
		c := fileChange{ResourceChange{Kind: d.Kind, Name: d.Name, Action: Created, Before: old.Text, After: text}, d.Pos.File}
		if found {
			c.Action = Changed
		}
		out = append(out, c)
	}
	for _, s := range recorded {
		if _, gone := before[s.Key()]; gone {
			out = append(out, fileChange{ResourceChange{Kind: s.Kind, Name: s.Name, Action: Deleted, Before: s.Text}, s.File})
		}
	}
	return out, nil
}

// notingFiles is the publication that also keeps, and puts on record, what has changed in files; it leaves one alone where nothing has. first says that
// the state has never seen these files: that is one record, and webhooks are not told of what was there before they were.
func (r *Registry) notingFiles(n Publication, changes []fileChange, stored Stored, first bool) Publication {
	if len(changes) == 0 {
		return n
	}
	n.Commit = func(ctx context.Context, _ *Generation) error {
		now := r.config.Now().UTC()
		c := Commit{Base: stored.Revision, Author: FileAuthor, Action: filesAction, At: now}
		for _, k := range changes {
			c.Writes = append(c.Writes, StoredResource{Kind: k.Kind, Name: k.Name, Text: k.After, File: k.file, Deleted: k.Action == Deleted})
			if notice := notices([]ResourceChange{k.ResourceChange}, FileAuthor, now); !first && len(notice) > 0 {
				notice[0].Detail = k.detail()
				c.Notices = append(c.Notices, notice...)
			}
		}
		c.Before = func(ctx context.Context, revision int64) error {
			return r.config.Record(ctx, fileEvents(changes, fmt.Sprint(revision), first)...)
		}
		if _, err := r.config.Store.Commit(ctx, c); err != nil {
			return &StateError{err}
		}
		return nil
	}
	return n
}

// fileEvents are the audit records of what has changed in files.
func fileEvents(changes []fileChange, revision string, first bool) (out []audit.Event) {
	event := func(target, detail string) {
		out = append(out, audit.Event{Kind: audit.Admin, Action: filesAction, Login: FileAuthor, Program: revision, Target: target, Detail: detail})
	}
	if first {
		all := make([]ResourceChange, len(changes))
		for i, k := range changes {
			all[i] = k.ResourceChange
		}
		event("", fmt.Sprintf("%d resources of files, read for the first time: %s", len(all), summary(all)))
		return out
	}
	for i, k := range changes {
		if i == maxFileEvents {
			event("", fmt.Sprintf("and %d more resources", len(changes)-i))
			break
		}
		event(k.Kind+" "+k.Name, k.Action+"; "+k.detail())
	}
	return out
}

// detail says which file it was and from which content to which, never what it is.
func (c *fileChange) detail() string {
	return fmt.Sprintf("file %s; sha256 before: %s, after: %s", c.file, contentDigest(c.Before), contentDigest(c.After))
}

func contentDigest(text string) string {
	if text == "" {
		return "none"
	}
	return digestOf(text)
}

// load puts files and state in force, and notes what has changed in the files. It wants r.mu.
func (r *Registry) load(ctx context.Context, n Publication) (*Generation, error) {
	files, err := r.readFiles()
	if err != nil {
		return nil, err
	}
	for try := 1; ; try++ {
		stored, marks, err := r.readStored(ctx)
		if standings := r.config.Publisher.config.Standings; err == nil && standings != nil {
			err = standings.Load(ctx)
		}
		if err != nil {
			r.failed(err)
			return nil, &StateError{err}
		}
		changes, err := fileChanges(files, stored.Files)
		if err != nil {
			return nil, err
		}
		// Files are mistaken as a whole, as ever; what is stored was without mistakes when it was.
		n.Tolerant = n.Tolerant || len(stored.Resources) > 0
		g, err := r.publish(ctx, files, stored, r.notingFiles(n, changes, stored, len(stored.Files) == 0 && !r.loaded))
		if errors.Is(err, ErrMoved) && try < maxTries {
			continue
		}
		if err != nil {
			r.failed(err)
			if len(stored.Resources) > 0 {
				err = &StateError{err}
			}
			return nil, err
		}
		if g.Revision() != stored.Revision {
			r.stored = Stored{Revision: -1} // read again where it is needed
		}
		marks.Revision = g.Revision()
		r.files, r.loaded = files, true
		r.inForce(marks)
		return g, nil
	}
}
