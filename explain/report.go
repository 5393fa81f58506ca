package explain

import "time"

// Report is what one person sees, and why.
type Report struct {
	// User is the person; Login who really asks, where somebody impersonates.
	User  string `json:"user" yaml:"user"`
	Login string `json:"login,omitempty" yaml:"login,omitempty"`
	// Groups, Attributes, Project and Purposes are what is known of the person at this moment.
	Groups     []string            `json:"groups,omitempty" yaml:"groups,omitempty"`
	Attributes map[string][]string `json:"attributes,omitempty" yaml:"attributes,omitempty"`
	Project    string              `json:"project,omitempty" yaml:"project,omitempty"`
	Purposes   []string            `json:"purposes,omitempty" yaml:"purposes,omitempty"`
	Connection string              `json:"connection" yaml:"connection"`
	// Program is the version of the policies that decided.
	Program uint64 `json:"program" yaml:"program"`
	// Exempt people are audited and not governed: nothing else is said of them.
	Exempt bool `json:"exempt,omitempty" yaml:"exempt,omitempty"`
	// Refused is how the statement is refused; nil if it is not.
	Refused *Refusal `json:"refused,omitempty" yaml:"refused,omitempty"`
	// ValidUntil is when something in it ends; nil means when something changes.
	ValidUntil *time.Time `json:"validUntil,omitempty" yaml:"validUntil,omitempty"`
	Sources    []Source   `json:"sources" yaml:"sources"`
	// SQL is what would be sent to the warehouse, one text for each statement.
	SQL []string `json:"sql,omitempty" yaml:"sql,omitempty"`
}

// Refusal is the error that the statement gets.
type Refusal struct {
	SQLState string `json:"sqlstate" yaml:"sqlstate"`
	Message  string `json:"message" yaml:"message"`
	Hint     string `json:"hint,omitempty" yaml:"hint,omitempty"`
	// Position in the statement's text, in characters from 1; 0 is unknown.
	Position int `json:"position,omitempty" yaml:"position,omitempty"`
}

// Source is one table, and what the person sees of it.
type Source struct {
	// Name is schema.table.
	Name    string `json:"name" yaml:"name"`
	Allowed bool   `json:"allowed" yaml:"allowed"`
	// Write lists the ways in which the person may write.
	Write []string `json:"write,omitempty" yaml:"write,omitempty"`
	// Unload lists the folders of S3 to which the person may unload the source.
	Unload []string `json:"unload,omitempty" yaml:"unload,omitempty"`
	// Filter keeps the rows for which it is true; empty means all rows.
	Filter  string   `json:"filter,omitempty" yaml:"filter,omitempty"`
	Columns []Column `json:"columns,omitempty" yaml:"columns,omitempty"`
	// Steps are the rules that were asked, in order.
	Steps []Step `json:"steps" yaml:"steps"`
	// ValidUntil is when the decision ends; nil means when something changes.
	ValidUntil *time.Time `json:"validUntil,omitempty" yaml:"validUntil,omitempty"`
}

// Column is how one column reads. Columns that the statement does not touch are not listed.
type Column struct {
	Name string `json:"name" yaml:"name"`
	// Mask is the kind of mask, empty for a raw value, and Policy where it comes from.
	Mask   string `json:"mask,omitempty" yaml:"mask,omitempty"`
	Policy string `json:"policy,omitempty" yaml:"policy,omitempty"`
	// Reads is the expression that stands in place of the column.
	Reads string `json:"reads,omitempty" yaml:"reads,omitempty"`
	// Hidden columns cannot be named: nobody has reviewed them, or they do not exist.
	Hidden bool `json:"hidden,omitempty" yaml:"hidden,omitempty"`
}

// Step is one rule that was asked.
type Step struct {
	// Kind is project, identity, guardrail, grant, rows or mask.
	Kind   string `json:"kind" yaml:"kind"`
	Policy string `json:"policy,omitempty" yaml:"policy,omitempty"`
	// Rule counts from 1; 0 where the policy has no rules.
	Rule int `json:"rule,omitempty" yaml:"rule,omitempty"`
	// At is the file and line of the rule.
	At string `json:"at,omitempty" yaml:"at,omitempty"`
	// Column and Mask are those of a mask.
	Column string `json:"column,omitempty" yaml:"column,omitempty"`
	Mask   string `json:"mask,omitempty" yaml:"mask,omitempty"`
	// Write lists the privileges that a rule on writing is about.
	Write []string `json:"write,omitempty" yaml:"write,omitempty"`
	// Unload lists the folders that a grant on unloading is about; a guardrail on it has "anywhere".
	Unload []string `json:"unload,omitempty" yaml:"unload,omitempty"`
	// Outcome is holds, fails, applies, excepted, not for them, overridden or narrows.
	Outcome    string      `json:"outcome" yaml:"outcome"`
	Detail     string      `json:"detail,omitempty" yaml:"detail,omitempty"`
	Filter     string      `json:"filter,omitempty" yaml:"filter,omitempty"`
	Conditions []Condition `json:"conditions,omitempty" yaml:"conditions,omitempty"`
}

// Condition is one condition on the person.
type Condition struct {
	// Field of the rule: when, exceptFor or onlyFor.
	Field string `json:"field" yaml:"field"`
	Text  string `json:"text" yaml:"text"`
	// Gives is true, false, or error where it cannot be evaluated.
	Gives string `json:"gives" yaml:"gives"`
	// Because says of each question in it what the person has.
	Because []string `json:"because,omitempty" yaml:"because,omitempty"`
}
