package policy

import (
	"time"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy/expr"
)

// Want names a source and the columns that a statement touches.
type Want struct {
	Table *catalog.Table
	// Columns that the statement names; nil means all visible ones (`*`, whole rows).
	Columns []string
	// Through says that the source is read by a view that the person may see: it needs no grant of its own, nor need it be a source
	// of the person's project. Guardrails on reading and all data policies act as always.
	Through bool
}

// Decision is the answer for one principal and one source. The zero value denies.
type Decision struct {
	Table *catalog.Table
	// Allowed is false for a source that the person may not touch; everything below is then empty.
	Allowed bool
	// Stale marks a decision that is denied only because what outside sources said of the person is too old.
	Stale bool
	// Filter keeps the rows for which it is true; nil keeps all.
	Filter expr.Expr
	// Columns has one entry per visible column of the source, in column order. A column that is not here is hidden: nobody has reviewed
	// it, or a mask hides it from the person.
	Columns []ColumnDecision
	// Privileges are the ways in which the person may write, in the order of Privileges(); nil means read only.
	Privileges []Privilege
	// Unloads are the places in S3 to which the person may unload the source; nil means nowhere. They are not of deferred decisions.
	Unloads []Unloading
	// UnloadBarred says that a guardrail keeps the person from unloading, whatever else they read the source by.
	UnloadBarred bool
	// Writes says, in a deferred decision, for whom each way of writing is, in the order of Privileges(); what is missing is nobody's.
	// Privileges are then nil.
	Writes []Write
	// Because names the rules that caused this decision, in evaluation order, for audit and explanations.
	Because []Reason
	// ValidUntil bounds every cache; zero means until the next program.
	ValidUntil time.Time
}

// Write is one way of writing, and for whom it is: a condition on the person alone.
type Write struct {
	Privilege Privilege
	When      expr.Expr
}

// ColumnDecision says how one column reads.
type ColumnDecision struct {
	Column catalog.Column
	// Mask replaces the column's value; nil means raw. It has the column's exact type and never raises an error.
	Mask expr.Expr
	// Kind of the mask, MaskNone if raw.
	Kind MaskKind
	// Policy that the mask comes from.
	Policy string
}

// Reason is one rule's part in a decision.
type Reason struct {
	// Policy is the policy's name, Rule counts from 0 in it.
	Policy string
	Rule   int
	// Effect says in one word what the rule did.
	Effect Effect
	// Detail is the attribute, group or condition that matched or failed, in words. It holds no secrets.
	Detail string
}

// Effect of one rule on a decision.
type Effect string

// The effects that a reason can report.
const (
	EffectAllow  Effect = "allow"
	EffectDeny   Effect = "deny"
	EffectFilter Effect = "filter"
	EffectMask   Effect = "mask"
	EffectHide   Effect = "hide"
	EffectExcept Effect = "except"
)

// MaskKind is the closed set of masks, in the fixed order from strictest to weakest that decides conflicts.
type MaskKind uint8

// The mask kinds. MaskNone means raw.
const (
	MaskNone MaskKind = iota
	// MaskHide leaves the column out. No ColumnDecision has it: it is in rules and explanations.
	MaskHide
	MaskNull
	MaskKAnonymity
	MaskConstant
	MaskRandomized
	MaskHash
	MaskReversible
	MaskFormatPreserving
	MaskRegex
	MaskRound
	MaskCustom
)

// Filtered reports whether the source has a row filter, so that a fence is wanted.
func (d *Decision) Filtered() bool { return d.Filter != nil }

// Column finds the decision on one column.
func (d *Decision) Column(name string) (ColumnDecision, bool) {
	for _, c := range d.Columns {
		if c.Column.Name == name {
			return c, true
		}
	}
	return ColumnDecision{}, false
}
