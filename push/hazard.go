package push

// Hazard is what is risky in a statement.
type Hazard string

// The hazards.
const (
	// WidensAccess lets somebody see more than before. It is what the policies say, and never held back.
	WidensAccess Hazard = "WIDENS_ACCESS"
	// DropsDependents drops what others have built on one of our views.
	DropsDependents Hazard = "DROPS_DEPENDENTS"
	// ForeignObject takes over or replaces what somebody else has made under a name of ours.
	ForeignObject Hazard = "FOREIGN_OBJECT"
	// HidesRowsFromOthers has roles that the policies say nothing of lose the rows of a table.
	HidesRowsFromOthers Hazard = "HIDES_ROWS_FROM_OTHERS"
	// LocksLong takes a lock of a table of others under which nobody reads or writes it. It waits no longer than the lock timeout, is in a
	// transaction that does nothing else for long, and is told and not held back: row policies cannot be had without.
	LocksLong Hazard = "LOCKS_LONG"
	// RewritesTable could copy a table of others, or read all of it, under such a lock. No statement of ours does; one that could is not run.
	RewritesTable Hazard = "REWRITES_TABLE"
)

// Hazards lists all of them.
func Hazards() []Hazard {
	return []Hazard{WidensAccess, DropsDependents, ForeignObject, HidesRowsFromOthers, LocksLong, RewritesTable}
}

// held reports a hazard that is held back unless the settings allow it.
func (h Hazard) held() bool { return h != WidensAccess && h != LocksLong }

// FindingKind says what a finding is about.
type FindingKind string

// The kinds of findings.
const (
	// NotGoverned is a way to the data that the policies do not close.
	NotGoverned FindingKind = "not governed"
	// NotGiven is something that the policies allow and that is not to be had directly.
	NotGiven FindingKind = "not given"
	// ByView is a source that row policies were wanted for, and that has a view.
	ByView FindingKind = "by a view"
	// Guarantee is what a source is protected against, and what not, where that is less than on PostgreSQL.
	Guarantee FindingKind = "guarantee"
	// Drifted is what somebody changed behind our back.
	Drifted FindingKind = "drift"
	// Blocked is what could not be done, or was held back.
	Blocked FindingKind = "blocked"
)

// Finding is something that the administrator should know.
type Finding struct {
	Kind FindingKind `json:"kind"`
	// Object is what it is about, Detail says what, in words.
	Object string `json:"object"`
	Detail string `json:"detail"`
	// Wider says that access is, or may be, wider than the policies say, of what drifted.
	Wider bool `json:"wider,omitempty"`
	// Who says who ran which statement when, or that it is not known, of what drifted.
	Who string `json:"who,omitempty"`
}

// String is the finding on one line.
func (f Finding) String() string {
	out := string(f.Kind) + ": " + f.Object + ": " + f.Detail
	if f.Who != "" {
		out += "; " + f.Who
	}
	return out
}
