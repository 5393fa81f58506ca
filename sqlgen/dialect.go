package sqlgen

import (
	"fmt"

	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/policy/expr"
)

// Dialect says what a warehouse can print. It is a value; the zero value can print nothing.
type Dialect struct {
	name string
	// builtin has keyed masks computed by what is built into the warehouse.
	builtin bool
}

// Postgres is the dialect of PostgreSQL 15 and newer.
func Postgres() Dialect { return Dialect{name: "postgres"} }

// String is the dialect's name.
func (d Dialect) String() string { return d.name }

// Fence is what keeps a user's predicates from running on rows that the filter hides. The zero value is no fence.
type Fence uint8

const (
	// FenceNone is enough where there is no row filter and no mask counts rows.
	FenceNone Fence = iota
	// FenceOffset0 ends the View in OFFSET 0: the planner moves nothing into such a sub-select.
	FenceOffset0
	// FenceUnproven is that of Redshift, which documents no barrier: the filter hides rows from results, but nothing keeps the
	// planner from running a user's predicate on them, where an error could tell of a value.
	FenceUnproven
)

// View is a decision printed as one guarded SELECT over one base table.
type View struct {
	// SQL has no final semicolon. Its columns are the visible ones, in column order, under their own names.
	SQL   string
	Fence Fence
}

// View prints an allowed decision. A denied one is an error.
func (d Dialect) View(dec *policy.Decision) (View, error) {
	if err := d.known(); err != nil {
		return View{}, err
	}
	if err := printable(dec); err != nil {
		return View{}, err
	}
	if d.IsRedshift() {
		return redshiftView(d, dec)
	}
	p := &printer{}
	fence := p.view(dec)
	if p.err != nil {
		return View{}, fmt.Errorf("printing the view of %s: %w", dec.Table.QualifiedName(), p.err)
	}
	return View{SQL: p.b.String(), Fence: fence}, nil
}

// Check reports what the dialect cannot print of an allowed decision. It is asked when policies are published, for each of
// policy.Program's Samples.
func (d Dialect) Check(dec *policy.Decision) error {
	_, err := d.View(dec)
	return err
}

// Expr prints one expression over the base table's columns, which stand behind the alias postern_t; the keys of built-in masks stand behind postern_k1 and so on.
func (d Dialect) Expr(e expr.Expr) (string, error) {
	if err := d.known(); err != nil {
		return "", err
	}
	if d.IsRedshift() {
		return redshiftExpr(d, e)
	}
	p := &printer{}
	p.expr(e)
	if p.err != nil {
		return "", p.err
	}
	return p.b.String(), nil
}

// known refuses the zero value and every dialect that has no printer.
func (d Dialect) known() error {
	if d != Postgres() && !d.IsRedshift() {
		return fmt.Errorf("printing for the unknown dialect %q", d.name)
	}
	return nil
}
