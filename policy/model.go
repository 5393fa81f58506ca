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

// The kinds of access. Write implies read.
const (
	AccessRead  Access = "read"
	AccessWrite Access = "write"
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
	Allow      Allow       `yaml:"allow"`
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

// Rule is one mask or one row filter: exactly one of Mask and Rows is set.
type Rule struct {
	Pos Pos `yaml:"-"`
	// Mask acts on the matching columns of the policy's sources.
	Mask *Mask `yaml:"mask"`
	// Rows is a SQL condition; rows for which it is true are shown.
	Rows string `yaml:"rows"`
	// ExceptFor is a condition on the person (CEL): those for whom it is true are not subject to the rule.
	ExceptFor string `yaml:"exceptFor"`
	// ExceptUntil is an instant (RFC 3339) from which on ExceptFor excepts nobody; without one it holds as long as the rule.
	ExceptUntil string `yaml:"exceptUntil"`
	// OnlyFor is a condition on the person (CEL): only those for whom it is true are subject to the rule.
	OnlyFor string `yaml:"onlyFor"`
}

// Mask selects columns and says how they read. Exactly one of Null, Constant, Hash, Regex and Round is set.
type Mask struct {
	// ColumnTags select columns by tag; Columns by exact name. One of them at least is set.
	ColumnTags []string `yaml:"columnTags"`
	Columns    []string `yaml:"columns"`

	Null     bool       `yaml:"null"`
	Constant *string    `yaml:"constant"`
	Hash     *HashMask  `yaml:"hash"`
	Regex    *RegexMask `yaml:"regex"`
	Round    *RoundMask `yaml:"round"`
}

// HashMask replaces text by a keyed hash, the same for equal values of one domain.
type HashMask struct {
	// Domain names the token domain whose key is used; empty means "default".
	Domain string `yaml:"domain"`
}

// RegexMask replaces every match of a pattern in text.
type RegexMask struct {
	// Pattern is in the subset that is documented in docs/policies.md.
	Pattern string `yaml:"pattern"`
	// Replace is the replacement; \1 to \9 stand for groups, \& for the whole match, \\ for a backslash.
	Replace string `yaml:"replace"`
}

// RoundMask coarsens numbers and times.
type RoundMask struct {
	// To is a positive number, or a unit of date_trunc (minute, hour, day, week, month, quarter, year).
	To string `yaml:"to"`
}
