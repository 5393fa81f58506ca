package sqlgen_test

import (
	"testing"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/policy/expr"
	"github.com/posternsql/postern/sqlgen"
)

// TestRedshiftGuarantee: what hides rows by a plain view is never said to hide them from who probes, and what Redshift's own policies are not
// documented to say is never said to be theirs.
func TestRedshiftGuarantee(t *testing.T) {
	table := func(kind catalog.Kind) *catalog.Table {
		return &catalog.Table{Schema: "sales", Name: "customer", Kind: kind, Columns: []catalog.Column{{Name: "id"}, {Name: "phone"}}}
	}
	raw := func(t *catalog.Table) (out []policy.ColumnDecision) {
		for _, c := range t.Columns {
			out = append(out, policy.ColumnDecision{Column: c})
		}
		return out
	}
	masked := func(mask expr.Expr) []policy.ColumnDecision {
		out := raw(table(catalog.KindTable))
		out[1].Mask = mask
		return out
	}
	local, external := table(catalog.KindTable), table(catalog.KindForeignTable)
	looksUp := func(tables int) expr.Expr {
		return expr.InSelect{Arg: expr.Column{Name: "id"}, Query: &expr.Select{From: make([]expr.Relation, tables)}}
	}
	everybody, except := expr.Expr(expr.NullOf{}), expr.Case{Whens: []expr.When{{Cond: expr.ConditionFlag{Name: "f"}, Result: expr.Column{Name: "phone"}}}, Else: expr.NullOf{}}
	native := 0
	for name, c := range map[string]struct {
		dec               policy.Decision
		want              sqlgen.Guarantee
		rows, values, all bool
	}{
		"denied":                       {policy.Decision{Table: local}, "", true, true, false},
		"nothing hidden":               {policy.Decision{Table: local, Allowed: true, Columns: raw(local)}, sqlgen.GuaranteeWhole, true, true, false},
		"nothing hidden, external":     {policy.Decision{Table: external, Allowed: true, Columns: raw(external)}, sqlgen.GuaranteeWhole, true, true, false},
		"a hidden column":              {policy.Decision{Table: local, Allowed: true, Columns: raw(local)[:1]}, sqlgen.GuaranteeValues, true, true, true},
		"a mask for everybody":         {policy.Decision{Table: local, Allowed: true, Columns: masked(everybody)}, sqlgen.GuaranteeValues, true, true, true},
		"a mask with exceptions":       {policy.Decision{Table: local, Allowed: true, Columns: masked(except)}, sqlgen.GuaranteeValues, true, false, false},
		"a keyed mask":                 {policy.Decision{Table: local, Allowed: true, Columns: masked(expr.Keyed{})}, sqlgen.GuaranteeValues, true, false, false},
		"a mask, external":             {policy.Decision{Table: external, Allowed: true, Columns: masked(everybody)}, sqlgen.GuaranteeValues, true, false, false},
		"rows by an attribute":         {policy.Decision{Table: local, Allowed: true, Columns: raw(local), Filter: expr.AttributeContains{Name: "region", Arg: expr.Column{Name: "id"}}}, sqlgen.GuaranteeResults, true, true, true},
		"rows by one table":            {policy.Decision{Table: local, Allowed: true, Columns: raw(local), Filter: looksUp(1)}, sqlgen.GuaranteeResults, true, true, true},
		"rows by two tables":           {policy.Decision{Table: local, Allowed: true, Columns: raw(local), Filter: looksUp(2)}, sqlgen.GuaranteeResults, false, true, false},
		"rows, external":               {policy.Decision{Table: external, Allowed: true, Columns: raw(external), Filter: looksUp(1)}, sqlgen.GuaranteeResults, false, true, false},
		"rows and a mask":              {policy.Decision{Table: local, Allowed: true, Columns: masked(except), Filter: looksUp(1)}, sqlgen.GuaranteeResults, true, false, false},
		"all rows for whom it is open": {policy.Decision{Table: local, Allowed: true, Columns: raw(local), Filter: expr.And{Args: []expr.Expr{expr.KnownPerson{}, expr.ConditionFlag{Name: "f"}}}}, sqlgen.GuaranteeWhole, true, true, false},
		"all rows or none by a rule":   {policy.Decision{Table: local, Allowed: true, Columns: raw(local), Filter: expr.ConditionFlag{Name: "f"}, Because: []policy.Reason{{Effect: policy.EffectFilter}}}, sqlgen.GuaranteeResults, true, true, true},
		"all rows":                     {policy.Decision{Table: local, Allowed: true, Columns: raw(local), Filter: expr.True}, sqlgen.GuaranteeWhole, true, true, false},
	} {
		g := sqlgen.RedshiftGuaranteeOf(&c.dec)
		if g.Guarantee != c.want || (g.RowSecurity == nil) != c.rows || (g.Masking == nil) != c.values || g.Native() != c.all {
			t.Errorf("%s: %q %v %v %v", name, g.Guarantee, g.RowSecurity, g.Masking, g.Native())
		}
		if g.Native() {
			native++
		}
	}
	t.Logf("%d could be Redshift's own policies", native)
}
