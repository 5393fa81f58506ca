package sqlgen

import (
	"fmt"
	"strings"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/policy/expr"
)

// RowPolicy prints conditions of a deferred decision, joined by AND, as the condition of a row policy on the table itself (PostgreSQL manual,
// CREATE POLICY): with look-ups in the profile, and with columns behind the table's own name. Nil conditions are left out.
//
// A row policy runs with the privileges of whoever reads the table, so a condition that reads other tables or calls keyed functions is an
// error that says so: only a view can say it.
func (d Dialect) RowPolicy(t *catalog.Table, conditions ...expr.Expr) (string, error) {
	if err := d.known(); err != nil {
		return "", err
	}
	if d.IsRedshift() {
		return "", fmt.Errorf("dialect %s has no row policies of this form", d)
	}
	p := &printer{deferred: true, table: &expr.Name{Schema: t.Schema, Name: t.Name}}
	first := true
	for _, e := range conditions {
		if e == nil {
			continue
		}
		if err := ownRights(e); err != nil {
			return "", err
		}
		if !first {
			p.put(" AND ")
		}
		first = false
		p.filter(e)
	}
	if first {
		p.put("true")
	}
	return p.b.String(), p.err
}

// RowsOnly reports whether a deferred decision differs from person to person in rows alone, and can be said by row policies: every column is
// there for everybody as it is. The error says why not.
func (d Dialect) RowsOnly(dec *policy.Decision) error {
	t := dec.Table
	switch {
	case !dec.Allowed:
		return fmt.Errorf("it is open to nobody")
	case t.Kind != catalog.KindTable && t.Kind != catalog.KindPartitionedTable:
		return fmt.Errorf("only tables have row policies")
	case len(dec.Columns) != len(t.Columns):
		return fmt.Errorf("it has hidden columns")
	}
	for _, c := range dec.Columns {
		if c.Mask != nil {
			return fmt.Errorf("column %s is masked, and row policies know no masks", c.Column.Name)
		}
	}
	_, err := d.RowPolicy(t, dec.Filter)
	return err
}

// ownRights refuses what needs the rights of a view's owner.
func ownRights(e expr.Expr) error {
	var reads []string
	keyed := false
	expr.Walk(e, func(e expr.Expr) {
		switch v := e.(type) { //nolint:gochecksumtype // the others need no rights
		case expr.InSelect:
			if v.Query != nil {
				for _, r := range v.Query.From {
					reads = append(reads, r.Table.Schema+"."+r.Table.Name)
				}
			}
		case expr.Keyed:
			keyed = true
		}
	})
	switch {
	case len(reads) > 0:
		return fmt.Errorf("its rule reads %s, which a row policy would do with the rights of who asks", strings.Join(reads, " and "))
	case keyed:
		return fmt.Errorf("its rule calls keyed functions, which a row policy would do with the rights of who asks")
	}
	return nil
}
