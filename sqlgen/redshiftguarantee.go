package sqlgen

import (
	"fmt"
	"slices"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/policy/expr"
)

// Guarantee says what keeps somebody who reads a source directly in a Redshift from what the policies hide of it. The zero value is of a source that
// is open to nobody.
type Guarantee string

// The guarantees, from the strongest.
const (
	// GuaranteeWhole is of a source of which nothing is hidden from who may read it: there are privileges, and nothing else.
	GuaranteeWhole Guarantee = "privileges"
	// GuaranteeValues is of masked or hidden columns, with every row in sight: a reader's own conditions can name only what the view computes.
	GuaranteeValues Guarantee = "values"
	// GuaranteeResults is of a row filter. CREATE VIEW has no barrier there (Database Developer Guide), so that a reader's own condition may be computed for a
	// row that the filter then drops: rows are hidden from results, and not from who provokes errors or measures time.
	GuaranteeResults Guarantee = "results"
)

// RedshiftGuarantee is the guarantee of one source, and what of it Redshift's own policies could say in place of a view. Nothing is made of
// the latter.
type RedshiftGuarantee struct {
	Guarantee Guarantee
	// RowSecurity is nil where a row-level security policy could say the row filter, or where there is none, and else says why not.
	RowSecurity error
	// Masking is nil where dynamic data masking could say the masks, or where there are none, and else says why not.
	Masking error
}

// Native reports that Redshift's own policies could say everything that a view is there for.
func (g RedshiftGuarantee) Native() bool {
	return g.Guarantee != "" && g.Guarantee != GuaranteeWhole && g.RowSecurity == nil && g.Masking == nil
}

// RedshiftGuaranteeOf a deferred decision. The limits are those of "Row-level security" and "Dynamic data masking" in the Database Developer Guide; where they
// leave something open the answer is no.
func RedshiftGuaranteeOf(dec *policy.Decision) RedshiftGuarantee {
	if dec == nil || !dec.Allowed {
		return RedshiftGuarantee{}
	}
	out := RedshiftGuarantee{Guarantee: GuaranteeWhole}
	masked := ""
	for _, c := range dec.Columns {
		if c.Mask != nil {
			masked = c.Column.Name
			out.Guarantee = GuaranteeValues
			if out.Masking == nil {
				out.Masking = nativeMask(c)
			}
		}
	}
	if len(dec.Columns) < len(dec.Table.Columns) {
		out.Guarantee = GuaranteeValues
	}
	// Every filter asks whether the source is open to the person at all, too. To whom it is not, the view is not granted.
	filtered := dec.Filter != nil && (columns(dec.Filter) || slices.ContainsFunc(dec.Because, func(r policy.Reason) bool { return r.Effect == policy.EffectFilter }))
	if filtered {
		out.Guarantee = GuaranteeResults
		out.RowSecurity = nativeFilter(dec.Filter)
	}
	if out.Guarantee == GuaranteeWhole || dec.Table.Kind == catalog.KindTable {
		return out
	}
	if filtered {
		out.RowSecurity = fmt.Errorf("row-level security is for tables of the database itself, and it is a %s", dec.Table.Kind)
	}
	if masked != "" {
		out.Masking = fmt.Errorf("dynamic data masking is for tables of the database itself, and it is a %s", dec.Table.Kind)
	}
	return out
}

// columns reports a filter that depends on the row.
func columns(filter expr.Expr) (found bool) {
	expr.Walk(filter, func(e expr.Expr) {
		if _, is := e.(expr.Column); is {
			found = true
		}
	})
	return found
}

// nativeFilter says why no row-level security policy could be the filter. Its look-ups in the profile are of look-up tables, which a policy may have.
func nativeFilter(filter expr.Expr) (err error) {
	expr.Walk(filter, func(e expr.Expr) {
		switch v := e.(type) { //nolint:gochecksumtype // the others can be said
		case expr.InSelect:
			if v.Query != nil && len(v.Query.From) > 1 {
				err = fmt.Errorf("its rule joins %d tables, and what a policy may look up is documented for one", len(v.Query.From))
			}
		case expr.Keyed:
			err = fmt.Errorf("its rule has a key, which a policy could read neither by a Lambda function nor by a table")
		}
	})
	return err
}

// nativeMask says why no masking policy could be the mask: what depends on the person or on a table, or on a function outside.
func nativeMask(c policy.ColumnDecision) (err error) {
	expr.Walk(c.Mask, func(e expr.Expr) {
		switch e.(type) { //nolint:gochecksumtype // the others can be said
		case expr.InSelect:
			err = fmt.Errorf("the mask of column %s reads a table, and look-ups of masking policies are not documented", c.Column.Name)
		case expr.Keyed:
			err = fmt.Errorf("the mask of column %s has a key, which a policy could read neither by a Lambda function nor by a table", c.Column.Name)
		case expr.ConditionFlag, expr.AttributeContains, expr.GroupsContain, expr.PurposesContain, expr.HasAttribute, expr.IsInGroups, expr.IsUsingPurpose, expr.UsingAnyPurpose, expr.Username:
			err = fmt.Errorf("the mask of column %s depends on the person, and masking policies know roles", c.Column.Name)
		}
	})
	return err
}
