package policy

import "fmt"

// Pos is where something stands in a resource file. The zero value is unknown.
type Pos struct {
	File string
	// Line counts from 1.
	Line int
}

// String returns "file:line", or less where less is known.
func (p Pos) String() string {
	switch {
	case p.File == "" && p.Line == 0:
		return "-"
	case p.File == "":
		return fmt.Sprintf("line %d", p.Line)
	case p.Line == 0:
		return p.File
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

// Selector says which sources a policy is for: those that fit one entry of any list. All lists empty selects nothing.
type Selector struct {
	// Tables are patterns `connection.schema.table` in which `*` stands for any characters but the dot.
	Tables []string `yaml:"tables"`
	// Tags of the source; `PII` covers `PII.Phone`.
	Tags []string `yaml:"tags"`
	// ColumnTags select the sources that have a column with one of these tags.
	ColumnTags []string `yaml:"columnTags"`
}

// Access is what a subscription policy gives or guards.
type Access string

// The kinds of access. Write implies read; unload, which writes what a person may read to S3, implies nothing.
const (
	AccessRead   Access = "read"
	AccessWrite  Access = "write"
	AccessUnload Access = "unload"
)

// SubscriptionEffect says how a subscription policy takes part.
type SubscriptionEffect string

// Grants are ORed, guardrails are ANDed: a guardrail adds nobody and nothing overrides it.
const (
	SubscriptionGrant     SubscriptionEffect = "grant"
	SubscriptionGuardrail SubscriptionEffect = "guardrail"
)

// SubscriptionPolicy says who may touch a source at all. Without any that grants, nobody may.
type SubscriptionPolicy struct {
	Pos    Pos                `yaml:"-"`
	Name   string             `yaml:"name"`
	On     Selector           `yaml:"on"`
	Access Access             `yaml:"access"`
	Effect SubscriptionEffect `yaml:"effect"`
	// Privileges narrow write access; empty means all of them. Reading always comes with it.
	Privileges []Privilege `yaml:"privileges"`
	// Unload says to where a grant of access: unload is.
	Unload *Unload `yaml:"unload"`
	Allow  Allow   `yaml:"allow"`
	// Expires is an instant (RFC 3339) from which on a grant lets nobody in. A guardrail has none.
	Expires string `yaml:"expires"`
	// Staged policies are checked and stored but not enforced.
	Staged bool `yaml:"staged"`
}

// Allow says for whom a subscription policy holds. Exactly one field is set.
type Allow struct {
	Anyone bool `yaml:"anyone"`
	// When is a condition on the person, in CEL.
	When  string   `yaml:"when"`
	Users []string `yaml:"users"`
	// Approval lets in who was approved, see Approved.
	Approval *Approval `yaml:"approval"`
}

// DataPolicy says what a person with access sees.
type DataPolicy struct {
	Pos   Pos      `yaml:"-"`
	Name  string   `yaml:"name"`
	On    Selector `yaml:"on"`
	Rules []Rule   `yaml:"rules"`
	// Staged policies are checked and stored but not enforced.
	Staged bool `yaml:"staged"`
}

// Rule is one mask or one row rule: exactly one of Mask, Rows, Window, Sample and Purposes is set.
type Rule struct {
	Pos Pos `yaml:"-"`
	// Mask acts on the matching columns of the policy's sources.
	Mask *Mask `yaml:"mask"`
	// Rows is a SQL condition; rows for which it is true are shown.
	Rows string `yaml:"rows"`
	// Window shows the rows of a stretch of time.
	Window *Window `yaml:"window"`
	// Sample shows a stable part of the rows.
	Sample *Sample `yaml:"sample"`
	// Purposes shows rows to people who act under purposes only.
	Purposes *PurposeLimit `yaml:"purposes"`
	// ExceptFor is a condition on the person (CEL): those for whom it is true are not subject to the rule.
	ExceptFor string `yaml:"exceptFor"`
	// ExceptUntil is an instant (RFC 3339) from which on ExceptFor excepts nobody; without one it holds as long as the rule.
	ExceptUntil string `yaml:"exceptUntil"`
	// OnlyFor is a condition on the person (CEL): only those for whom it is true are subject to the rule.
	OnlyFor string `yaml:"onlyFor"`
	// Otherwise is what those are subject to for whom OnlyFor is false; it needs OnlyFor.
	Otherwise *Otherwise `yaml:"otherwise"`
}

// Otherwise is the other half of a rule with OnlyFor: a mask for a mask (on the same columns), a row rule for a row rule.
type Otherwise struct {
	Mask   *Mask   `yaml:"mask"`
	Rows   string  `yaml:"rows"`
	Window *Window `yaml:"window"`
	Sample *Sample `yaml:"sample"`
}

// Window shows rows by the source's event time: at least one bound is set. Bounds are numbers with a unit: m, h, d, w or y.
type Window struct {
	// NewerThan shows what happened within this time before now.
	NewerThan string `yaml:"newerThan"`
	// OlderThan shows what happened longer ago than this.
	OlderThan string `yaml:"olderThan"`
}

// Sample shows a part of the rows, always the same ones: which, is a keyed hash of the source's declared key.
type Sample struct {
	// Percent of the rows that are shown, above 0 and below 100, with up to three digits after the point.
	Percent string `yaml:"percent"`
	// Domain names the token domain whose key is used; empty means "default".
	Domain string `yaml:"domain"`
}

// PurposeLimit shows rows to people who act under purposes; exactly one field is set.
type PurposeLimit struct {
	// Any is satisfied by one of the purposes, All by all of them.
	Any []string `yaml:"any"`
	All []string `yaml:"all"`
	// AnyPurpose is satisfied by whatever purpose.
	AnyPurpose bool `yaml:"anyPurpose"`
}
