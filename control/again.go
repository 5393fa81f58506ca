package control

import (
	"reflect"
	"time"

	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/policy"
)

// compiled is a program with what it was made of and what was said on the way.
type compiled struct {
	in       policy.Input
	program  *policy.Program
	warnings []policy.Warning
}

// of reports that a program of the input would be the same one, under another version.
func (c compiled) of(in policy.Input) bool {
	was, snapshot := c.in, in.Snapshot
	same := was.Snapshot.Same(snapshot)
	was.Version, in.Version, was.Snapshot, in.Snapshot = 0, 0, nil, nil
	return same && reflect.DeepEqual(was, in)
}

// fit is a program of which all sources can be said inside a warehouse with the settings, from an instant on until another, which is zero for ever.
type fit struct {
	settings    resource.PushSettings
	program     *policy.Program
	from, until time.Time
}

// of reports that the same was asked before, and that nothing has ended since.
func (f fit) of(s resource.PushSettings, program *policy.Program, now time.Time) bool {
	return f.program.Same(program) && !now.Before(f.from) && (f.until.IsZero() || now.Before(f.until)) && reflect.DeepEqual(f.settings, s)
}

// aboutPeople reports writes of people and their groups alone: what a warehouse has does not matter to them, so that it is not asked before they take effect.
func aboutPeople(writes []StoredResource) bool {
	for _, w := range writes {
		if w.Kind != "User" && w.Kind != "Group" {
			return false
		}
	}
	return len(writes) > 0
}
