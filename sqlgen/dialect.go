package sqlgen

import (
	"errors"

	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/policy/expr"
)

// Dialect says what a warehouse can print. It is a value; the zero value can print nothing.
type Dialect struct {
	name string
}

// Postgres is the dialect of PostgreSQL 15 and newer.
func Postgres() Dialect { return Dialect{name: "postgres"} }

// String is the dialect's name.
func (d Dialect) String() string { return d.name }

// Fence is what keeps a user's predicates from running on rows that the filter hides. The zero value is no fence.
type Fence uint8

const (
	// FenceNone is enough where there is no row filter.
	FenceNone Fence = iota
	// FenceOffset0 ends the View in OFFSET 0: the planner moves nothing into such a sub-select.
	FenceOffset0
)

// View is a decision printed as one guarded SELECT over one base table.
type View struct {
	// SQL has no final semicolon. Its columns are the visible ones, in column order, under their own names.
	SQL   string
	Fence Fence
}

// View prints an allowed decision. A denied one is an error.
func (d Dialect) View(dec *policy.Decision) (View, error) {
	return View{}, errors.New("sqlgen: no view yet")
}

// Check reports what the dialect cannot print of a decision. It is asked when policies are published.
func (d Dialect) Check(dec *policy.Decision) error { return errors.New("sqlgen: no check yet") }

// Expr prints one expression over the base table's columns, which stand behind the alias postern_t.
func (d Dialect) Expr(e expr.Expr) (string, error) {
	return "", errors.New("sqlgen: no expressions yet")
}
