package sqlgen

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy"
)

// WritableView prints a deferred decision as a stored view through which PostgreSQL itself writes its table (manual, CREATE VIEW, "Updatable
// views"). It has to be made with security_barrier and WITH CASCADED CHECK OPTION: then UPDATE and DELETE reach the rows that the view shows, the
// person's conditions run on no others, and no new row is one that it would not show.
//
// The error says why it would not be exact: a masked column, which nobody may write whatever the view says of it, and INSERT beside UPDATE: the
// update of INSERT … ON CONFLICT DO UPDATE reaches every row of the table, and its RETURNING shows it. TRUNCATE takes no view, and MERGE none before PostgreSQL 17.
func (d Dialect) WritableView(dec *policy.Decision, privileges []policy.Privilege) (View, error) {
	return d.writableView(dec, nil, privileges)
}

// AdmittedWritableView is WritableView with the question of an Admission.
func (d Dialect) AdmittedWritableView(dec *policy.Decision, a Admission, privileges []policy.Privilege) (View, error) {
	if err := a.valid(); err != nil {
		return View{}, err
	}
	return d.writableView(dec, &a, privileges)
}

func (d Dialect) writableView(dec *policy.Decision, a *Admission, privileges []policy.Privilege) (View, error) {
	if err := d.known(); err != nil {
		return View{}, err
	}
	if d != Postgres() {
		return View{}, fmt.Errorf("dialect %s has no views that can be written to", d)
	}
	if err := printable(dec); err != nil {
		return View{}, err
	}
	if k := dec.Table.Kind; k != catalog.KindTable && k != catalog.KindPartitionedTable {
		return View{}, errors.New("only tables can be written to")
	}
	for _, c := range dec.Columns {
		if c.Mask != nil {
			return View{}, fmt.Errorf("column %s is masked for some, and a view cannot tell who may write it", c.Column.Name)
		}
	}
	if slices.Contains(privileges, policy.PrivilegeInsert) && slices.Contains(privileges, policy.PrivilegeUpdate) {
		return View{}, errors.New("who may both insert and update through a view reaches hidden rows with ON CONFLICT DO UPDATE: give one of the two, or enforce: rowSecurity")
	}
	for _, never := range []policy.Privilege{policy.PrivilegeTruncate, policy.PrivilegeMerge} {
		if slices.Contains(privileges, never) {
			return View{}, fmt.Errorf("%s knows no views: list the privileges without it", strings.ToUpper(string(never)))
		}
	}
	p := &printer{deferred: true, admission: a}
	p.view(dec)
	if p.err != nil {
		return View{}, fmt.Errorf("printing the view of %s: %w", dec.Table.QualifiedName(), p.err)
	}
	// A view with OFFSET is not updatable. Being a barrier is what keeps conditions from hidden rows.
	return View{SQL: strings.TrimSuffix(p.b.String(), " OFFSET 0"), Fence: FenceNone}, nil
}
