package impact

import (
	"errors"
	"time"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/explain"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/sqlgen"
)

// State is what decides, as control.Generation has it.
type State interface {
	Principal(login string) (identity.Principal, error)
	Program(connection string) (*policy.Program, bool)
	Connections() []string
	Users() []string
}

// Config says what is compared.
type Config struct {
	Old, New State
	Rewriter explain.Rewriter
	Dialect  sqlgen.Dialect
	// DialectOf, where it is set, is the dialect of a connection in place of Dialect.
	DialectOf func(connection string) sqlgen.Dialect
	// Now tells the time.
	Now func() time.Time
	// Statements calls the function with each audited event of the time in question; nil leaves statements out.
	Statements func(fn func(audit.Event) error) error
	// MaxPairs bounds the decisions that are compared, 0 means DefaultMaxPairs; MaxTexts the distinct statements, 0 means
	// DefaultMaxTexts.
	MaxPairs, MaxTexts int
}

// The bounds of a comparison. A pair takes some ten microseconds, a text some hundred.
const (
	DefaultMaxPairs = 2_000_000
	DefaultMaxTexts = 50_000
)

func (c *Config) validate() error {
	var mistakes []error
	if c.Old == nil || c.New == nil {
		mistakes = append(mistakes, errors.New("impact: two states are wanted"))
	}
	if c.Rewriter == nil || c.Now == nil {
		mistakes = append(mistakes, errors.New("impact: a rewriter and a clock are wanted"))
	}
	if c.MaxPairs < 0 || c.MaxTexts < 0 {
		mistakes = append(mistakes, errors.New("impact: a bound is negative"))
	}
	return errors.Join(mistakes...)
}

// Report is what a change does.
type Report struct {
	// Pairs is how many people and sources were compared, Unchanged how many could be passed over because nothing about either changed.
	Pairs     int `json:"pairs" yaml:"pairs"`
	Unchanged int `json:"unchanged" yaml:"unchanged"`
	// NotCompared is how many pairs were left out for being too many.
	NotCompared int `json:"notCompared,omitempty" yaml:"notCompared,omitempty"`
	// People are changes of what people are, not of what they see.
	People     []Person    `json:"people,omitempty" yaml:"people,omitempty"`
	Sources    []Source    `json:"sources" yaml:"sources"`
	Statements *Statements `json:"statements,omitempty" yaml:"statements,omitempty"`
}

// Person is somebody who appears, disappears, or stops or begins being governed.
type Person struct {
	User   string `json:"user" yaml:"user"`
	Change string `json:"change" yaml:"change"`
}

// Source has what changes on one source.
type Source struct {
	// Name is connection.schema.table.
	Name    string   `json:"name" yaml:"name"`
	Changes []Change `json:"changes" yaml:"changes"`
}

// Change is one thing that changes for some people.
type Change struct {
	// Effect is gains, loses or changes.
	Effect Effect `json:"effect" yaml:"effect"`
	// What is access, write, unload, rows or column.
	What   string `json:"what" yaml:"what"`
	Column string `json:"column,omitempty" yaml:"column,omitempty"`
	// From and To are filters, kinds of masks or privileges.
	From string `json:"from,omitempty" yaml:"from,omitempty"`
	To   string `json:"to,omitempty" yaml:"to,omitempty"`
	// Users are those for whom it does, sorted.
	Users []string `json:"users" yaml:"users"`
}

// Effect says in which direction a change goes for the people.
type Effect string

// The effects. What cannot be ordered changes.
const (
	Gains   Effect = "gains"
	Loses   Effect = "loses"
	Changes Effect = "changes"
)

// Statements is what becomes of the statements on record.
type Statements struct {
	// Texts is how many distinct texts of people were judged under both; Same of those are the same.
	Texts int `json:"texts" yaml:"texts"`
	Same  int `json:"same" yaml:"same"`
	// NotJudged is how many could not be: cut off in the log, of people or connections that are gone, or too many.
	NotJudged int `json:"notJudged,omitempty" yaml:"notJudged,omitempty"`
	// Affected are the others, the most frequent first.
	Affected []Statement `json:"affected,omitempty" yaml:"affected,omitempty"`
}

// Statement is one text of one person.
type Statement struct {
	User       string `json:"user" yaml:"user"`
	Connection string `json:"connection" yaml:"connection"`
	SQL        string `json:"sql" yaml:"sql"`
	// Times is how often it was sent, and Last when.
	Times int       `json:"times" yaml:"times"`
	Last  time.Time `json:"last" yaml:"last"`
	// Becomes is fails, works or changes.
	Becomes string `json:"becomes" yaml:"becomes"`
	// Error is how it fails: SQLSTATE and message.
	Error string `json:"error,omitempty" yaml:"error,omitempty"`
}
