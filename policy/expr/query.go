package expr

// JoinKind is how a relation joins those before it. The zero value is the first or a comma-joined relation.
type JoinKind uint8

const (
	// JoinCross has no condition.
	JoinCross JoinKind = iota
	// JoinInner keeps pairs for which On is true.
	JoinInner
	// JoinLeft keeps every row of the left side.
	JoinLeft
)

// Relation is one table that a sub-select reads, raw (policies do not apply inside rules).
type Relation struct {
	Table Name
	// Alias is unique in the Select.
	Alias string
	Join  JoinKind
	// On is nil for JoinCross.
	On Expr
}

// Select is an uncorrelated sub-select of one column.
type Select struct {
	Target Expr
	From   []Relation
	// Where is nil when there is none.
	Where Expr
}
