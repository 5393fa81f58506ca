package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/pgerror"
)

// Where a source says `predicates: rawEquality` of a masked column, an equality of it with constants in WHERE finds rows by the value
// itself. Such a condition leaves WHERE and becomes one of the View, beside the row filter, where the value still is: it never sees
// a row that the filter hides, and nothing that comes out of the View has the value in it. It is on record as a look-up.
//
// It can leave WHERE where that changes nothing: it is one of the conditions that AND joins there, or an OR of such equalities of one
// table, and the table is not on the side of an outer join that is filled up with NULL. Everywhere else in WHERE it is refused,
// rather than compared with the mask. Whatever is no such equality sees the mask.

// place is where a View was spliced in.
type place struct {
	view *view
	use  *use
	// node is the RangeSubselect.
	node *pg.Node
	// nullable is set below the side of an outer join that is filled up with NULL.
	nullable bool
	// guard is nil where the View's fence stands in any case.
	guard *guard
	// looked is set where look-ups stand around the View.
	looked bool
	// counted says that names are given to its columns by their position, so that none may be left out.
	counted bool
	// whole counts uses of the whole row, see guard.
	whole int
	// oid is the name of the extra column that says which table a row is in, "" where nothing asks; number makes it.
	oid    string
	number func(table string) *pg.Node
}

// lookUp is a condition that is moved into a View, with its references to raw columns.
type lookUp struct {
	at   *place
	cond *pg.Node
	refs []*pg.ColumnRef
	// settled: the comparison is one that can run beside the row filter, because it never fails (leakproof).
	settled bool
}

// fillable marks the tables of a side of a join that is filled up with NULL.
func fillable(items []*item) {
	for _, it := range items {
		for _, c := range it.columns {
			for _, o := range c.origins {
				if o.at != nil {
					o.at.nullable = true
				}
			}
		}
	}
}

// outerJoin marks what a join fills up.
func outerJoin(kind pg.JoinType, left, right []*item) {
	switch kind {
	case pg.JoinType_JOIN_LEFT:
		fillable(right)
	case pg.JoinType_JOIN_RIGHT:
		fillable(left)
	case pg.JoinType_JOIN_FULL:
		fillable(left)
		fillable(right)
	}
}

// where judges a WHERE clause, after what is looked up has left it.
func (r *resolver) where(stmt *pg.SelectStmt, level *scope) error {
	var moved []lookUp
	rest := conjunctsOf(stmt.WhereClause)
	all := len(rest)
	rest = slices.DeleteFunc(rest, func(n *pg.Node) bool {
		l, ok := r.lookUpOf(n, level)
		if ok && (l.at.nullable || r.rw.redshift()) {
			return false
		}
		if ok {
			moved = append(moved, l)
		}
		return ok
	})
	if len(rest) < all {
		stmt.WhereClause = conjunction(rest)
	}
	for _, l := range moved {
		if err := r.move(l, level); err != nil {
			return err
		}
	}
	apply(moved)
	before := r.inWhere
	r.inWhere = true
	err := r.expr(stmt.WhereClause, level)
	r.inWhere = before
	return err
}

// outsideWhere is for a level inside a WHERE, whose other clauses are none. It returns what ends that.
func (r *resolver) outsideWhere() func() {
	before := r.inWhere
	r.inWhere = false
	return func() { r.inWhere = before }
}

// conjunctsOf are the conditions that AND joins, however it is nested.
func conjunctsOf(n *pg.Node) []*pg.Node {
	b := n.GetBoolExpr()
	switch {
	case n == nil:
		return nil
	case b.GetBoolop() != pg.BoolExprType_AND_EXPR:
		return []*pg.Node{n}
	}
	var out []*pg.Node
	for _, arg := range b.Args {
		out = append(out, conjunctsOf(arg)...)
	}
	return out
}

func conjunction(list []*pg.Node) *pg.Node {
	switch len(list) {
	case 0:
		return nil
	case 1:
		return list[0]
	}
	// The parser makes one list of a AND (b AND c), and the text has to read back as this tree.
	var flat []*pg.Node
	for _, n := range list {
		flat = append(flat, conjunctsOf(n)...)
	}
	return &pg.Node{Node: &pg.Node_BoolExpr{BoolExpr: &pg.BoolExpr{Boolop: pg.BoolExprType_AND_EXPR, Args: flat, Location: -1}}}
}

// lookUpOf takes an equality apart, or an OR of equalities of one table.
func (r *resolver) lookUpOf(n *pg.Node, level *scope) (lookUp, bool) {
	if r.viewDepth > 0 {
		return lookUp{}, false // it is not the person who compares
	}
	if b := n.GetBoolExpr(); b.GetBoolop() == pg.BoolExprType_OR_EXPR {
		out := lookUp{cond: n, settled: true}
		for _, arg := range b.Args {
			l, ok := r.lookUpOf(arg, level)
			if !ok || out.at != nil && out.at != l.at {
				return lookUp{}, false
			}
			out.at, out.refs, out.settled = l.at, append(out.refs, l.refs...), out.settled && l.settled
		}
		return out, true
	}
	ref, value := equality(n)
	if ref == nil {
		return lookUp{}, false
	}
	c, own := ownColumn(ref, level, r.req.Database)
	if !own || len(c.origins) != 1 || c.origins[0].at == nil || !c.origins[0].lookedUp() {
		return lookUp{}, false
	}
	o := c.origins[0]
	decision, _ := o.use.view.decision.Column(o.name)
	fits, settled := r.comparable(decision.Column.Type, n.GetAExpr().Kind, value)
	return lookUp{at: o.at, cond: n, refs: []*pg.ColumnRef{ref}, settled: settled}, fits
}

// equality takes `c = constant`, `constant = c`, `c IN (constants)` and `c = ANY (constants)` apart.
func equality(n *pg.Node) (*pg.ColumnRef, *pg.Node) {
	e := n.GetAExpr()
	if e == nil {
		return nil, nil
	}
	if name, ok := builtin(e.Name); !ok || name != "=" {
		return nil, nil
	}
	left, right := e.Lexpr.GetColumnRef(), e.Rexpr.GetColumnRef()
	switch e.Kind {
	case pg.A_Expr_Kind_AEXPR_OP:
		if left == nil && right != nil && constant(e.Lexpr) {
			return right, e.Lexpr
		}
	case pg.A_Expr_Kind_AEXPR_OP_ANY, pg.A_Expr_Kind_AEXPR_IN:
	default:
		return nil, nil
	}
	if left == nil || !constant(e.Rexpr) {
		return nil, nil
	}
	return left, e.Rexpr
}

// constant reports a constant, a parameter, a cast of one, or a list or array of them.
func constant(n *pg.Node) bool {
	all := func(list []*pg.Node) bool {
		return !slices.ContainsFunc(list, func(n *pg.Node) bool { return !constant(n) })
	}
	switch v := n.GetNode().(type) {
	case *pg.Node_AConst, *pg.Node_ParamRef:
		return true
	case *pg.Node_TypeCast:
		return constant(v.TypeCast.Arg)
	case *pg.Node_List:
		return all(v.List.Items)
	case *pg.Node_AArrayExpr:
		return all(v.AArrayExpr.Elements)
	}
	return false
}

// ownColumn finds a column of this level's own FROM by the rules of columnRef. False where there is none or more than one.
func ownColumn(ref *pg.ColumnRef, level *scope, database string) (column, bool) {
	own := child(nil, level.items...)
	names, ok := stringList(ref.Fields)
	if !ok {
		return column{}, false
	}
	schema := ""
	switch len(names) {
	case 1:
		c, found := own.lookup(names[0])
		return c, found == 1
	case 2:
	case 4:
		if names[0] != database {
			return column{}, false
		}
		schema = names[1]
	case 3:
		schema = names[0]
	default:
		return column{}, false
	}
	it, found := own.alias(schema, names[len(names)-2])
	if found != 1 || it.count(names[len(names)-1]) != 1 {
		return column{}, false
	}
	return it.column(names[len(names)-1])
}

// lookedUp reports a column that the person sees masked and may look rows up by.
func (o origin) lookedUp() bool {
	c, ok := o.use.view.decision.Column(o.name)
	return ok && c.Mask != nil && c.Column.RawEquality
}

// unmovedLookUp refuses an equality that would be a look-up if it stood elsewhere in WHERE.
func (r *resolver) unmovedLookUp(n *pg.A_Expr, s *scope) error {
	ref, _ := equality(&pg.Node{Node: &pg.Node_AExpr{AExpr: n}})
	if !r.inWhere || ref == nil || r.viewDepth > 0 {
		return nil
	}
	var c column
	for level := s; level != nil && len(c.origins) == 0; level = level.parent {
		c, _ = ownColumn(ref, level, r.req.Database)
	}
	for _, o := range c.origins {
		if !o.lookedUp() {
			continue
		}
		err := pgerror.NotSupported("column %q is masked: rows cannot be looked up by it here", o.name)
		return r.at(err.WithHint("Write the equality with constants of the column's type as one of the conditions that AND joins in WHERE, "+
			"on a table that no outer join fills up with NULL."), n.Location)
	}
	return nil
}

// move judges the constants of a look-up and puts it on record.
func (r *resolver) move(l lookUp, level *scope) error {
	for _, n := range equalitiesOf(l.cond) {
		_, value := equality(n)
		before := len(r.params)
		if err := r.expr(value, level); err != nil {
			return err
		}
		r.movedParams = append(r.movedParams, r.params[before:]...)
	}
	for _, ref := range l.refs {
		c, _ := ownColumn(ref, level, r.req.Database)
		c.touch()
		use := c.origins[0].use
		if use.lookedUp == nil {
			use.lookedUp = map[string]bool{}
		}
		use.lookedUp[c.origins[0].name] = true
		ref.Fields = []*pg.Node{pg.MakeStrNode(c.origins[0].name)}
	}
	return nil
}

func equalitiesOf(n *pg.Node) []*pg.Node {
	if b := n.GetBoolExpr(); b != nil {
		var out []*pg.Node
		for _, arg := range b.Args {
			out = append(out, equalitiesOf(arg)...)
		}
		return out
	}
	return []*pg.Node{n}
}

// movedParameters refuses a parameter whose type the warehouse would infer from another place than in the client's text, because FROM
// is analysed first.
func (r *resolver) movedParameters() error {
	for _, number := range r.movedParams {
		uses := 0
		for _, n := range r.params {
			if n == number {
				uses++
			}
		}
		if r.declared(number) == 0 && uses > 1 {
			return pgerror.NotSupported("parameter $%d looks rows up by a masked column and stands elsewhere too: declare its type or use another one", number)
		}
	}
	return nil
}
