package rewrite

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/policy"
)

// The fence of a filtered table has two halves. OFFSET 0, which the View ends in, keeps the person's conditions from running on
// rows that the filter hides. It does not keep the planner from running them on the table's statistics: `c LIKE 'X%\'` fails
// at planning exactly if a most common value of a hidden row starts with X. So every column that leaves the View as it is leaves
// it as COALESCE(c, c), through which the planner finds no statistics. It has the column's type, modifier and collation.

// opaque wraps the plain columns of a View's select list.
func opaque(view *pg.SelectStmt) { opaqueColumns(view, nil) }

// opaqueColumns wraps those of the names; all if names is nil.
func opaqueColumns(view *pg.SelectStmt, names map[string]bool) {
	for _, n := range view.TargetList {
		target := n.GetResTarget()
		ref := target.GetVal().GetColumnRef()
		if ref == nil {
			continue
		}
		name := target.Name
		if name == "" {
			name, _ = lastString(ref.Fields)
		}
		if names != nil && !names[name] {
			continue
		}
		target.Name = name
		target.Val = &pg.Node{Node: &pg.Node_CoalesceExpr{CoalesceExpr: &pg.CoalesceExpr{
			Args: []*pg.Node{target.Val, {Node: &pg.Node_ColumnRef{ColumnRef: ref}}}, Location: -1,
		}}}
	}
}

// identifiersAsText turns columns of the object identifier types (regclass and its like) into text. Beside such a column, in CASE,
// UNION and the like, a literal becomes one too, and its input tells which tables there are.
func identifiersAsText(view *pg.SelectStmt, columns []policy.ColumnDecision) {
	for i, c := range columns {
		name := strings.TrimSuffix(c.Column.Type, "[]")
		if !strings.HasPrefix(name, "reg") {
			continue
		}
		target := view.TargetList[i].GetResTarget()
		target.Name = c.Column.Name
		target.Val = typeCast(target.Val, "text", name != c.Column.Type)
	}
}
