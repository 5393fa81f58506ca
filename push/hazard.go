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
)

// Hazards lists all of them.
func Hazards() []Hazard { return []Hazard{WidensAccess, DropsDependents, ForeignObject} }

// FindingKind says what a finding is about.
type FindingKind string

// The kinds of findings.
const (
	// NotGoverned is a way to the data that the policies do not close.
	NotGoverned FindingKind = "not governed"
	// NotGiven is something that the policies allow and that is not to be had directly.
	NotGiven FindingKind = "not given"
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
}

// String is the finding on one line.
func (f Finding) String() string { return string(f.Kind) + ": " + f.Object + ": " + f.Detail }
