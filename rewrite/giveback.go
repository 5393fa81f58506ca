package rewrite

import (
	"errors"
	"regexp"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"

	"github.com/posternsql/postern/pgerror"
)

// What a sub-select in the place of a table would lose, and what this gives back: TABLESAMPLE, the table's row type, and tableoid (tableoid.go). Statements
// that use one of them fence every table whole.

// tableSample puts the sampling where the table is: below the row filter and the masks, as it is on a table.
func (r *resolver) tableSample(n *pg.Node, outer *scope) (*item, error) {
	sample := n.GetRangeTableSample()
	method, ok := builtin(sample.Method)
	if !ok || method != "system" && method != "bernoulli" {
		return nil, r.at(pgerror.NotSupported("tablesample method %s is not on Postern's allow-list", dotted(sample.Method)), sample.Location)
	}
	if err := r.exprs(child(outer), append(append([]*pg.Node(nil), sample.Args...), sample.Repeatable)...); err != nil {
		return nil, err
	}
	it, err := r.rangeVar(sample.Relation, outer)
	if err != nil {
		return nil, err
	}
	tree := sample.Relation.GetRangeSubselect().GetSubquery().GetSelectStmt()
	if tree == nil || len(tree.FromClause) != 1 || tree.FromClause[0].GetRangeVar() == nil {
		return nil, r.at(pgerror.NotSupported("TABLESAMPLE clause can only be applied to tables and materialized views"), sample.Location)
	}
	at := it.columns
	if len(at) > 0 && len(at[0].origins) == 1 && (at[0].origins[0].use.view.catalog || counts(at[0].origins[0].use.view)) {
		return nil, r.at(pgerror.NotSupported("TABLESAMPLE on this relation is not supported through Postern"), sample.Location)
	}
	r.fenceAll = true
	tree.FromClause[0] = &pg.Node{Node: &pg.Node_RangeTableSample{RangeTableSample: &pg.RangeTableSample{
		Relation: tree.FromClause[0], Method: sample.Method, Args: sample.Args, Repeatable: sample.Repeatable, Location: sample.Location,
	}}}
	n.Node = sample.Relation.Node
	return it, nil
}

// xmlTable judges XMLTABLE. Like a function it sees the items before it.
func (r *resolver) xmlTable(f *pg.RangeTableFunc, s *scope) (*item, error) {
	r.fenceAll = true
	alias, names, err := r.aliasOf(f.Alias)
	if err != nil {
		return nil, err
	}
	if err := r.exprs(s, f.Docexpr, f.Rowexpr); err != nil {
		return nil, err
	}
	for _, n := range f.Namespaces {
		if err := r.expr(n.GetResTarget().GetVal(), s); err != nil {
			return nil, err
		}
	}
	var columns []string
	for _, n := range f.Columns {
		c := n.GetRangeTableFuncCol()
		if c == nil {
			return nil, r.unknown(n)
		}
		if err := r.allowType(c.TypeName); err != nil {
			return nil, err
		}
		if err := r.exprs(s, c.Colexpr, c.Coldefexpr); err != nil {
			return nil, err
		}
		columns = append(columns, c.Colname)
	}
	if alias == "" {
		alias = "xmltable"
	}
	return (&item{columns: computed(columns)}).withAlias(alias, names), nil
}

// rowCast judges c::customer, the whole row of a table as its own row type. A sub-select's row is of type record; where the person sees
// all columns it is cast back, but not for the row of NULLs that an outer join adds, which would become one of its own. Where columns
// are hidden the type does not fit, and the row stays a record.
func (r *resolver) rowCast(n *pg.Node, s *scope) (bool, error) {
	cast := n.GetTypeCast()
	it := r.wholeRow(cast.Arg, s)
	if it == nil || it.target || len(cast.TypeName.GetArrayBounds()) > 0 || cast.TypeName.GetSetof() || len(it.columns) == 0 {
		return false, nil
	}
	for _, c := range it.columns {
		if len(c.origins) != 1 || c.origins[0].use != it.columns[0].origins[0].use || c.origins[0].at != it.columns[0].origins[0].at {
			return false, nil
		}
	}
	o := it.columns[0].origins[0]
	if o.at == nil || o.at.view.catalog || len(o.at.view.columns) != len(it.columns) {
		return false, nil
	}
	names, ok := stringList(cast.TypeName.Names)
	if !ok || len(names) == 0 || len(names) > 2 {
		return false, nil
	}
	rv := &pg.RangeVar{Relname: names[len(names)-1], Location: -1}
	if len(names) == 2 {
		rv.Schemaname = names[0]
	}
	table := o.use.view.decision.Table
	v, err := r.find(rv)
	if err != nil || v == nil || v.decision.Table != table {
		return false, nil //nolint:nilerr // it is no type of this row's: judged like any other type
	}
	if err := r.expr(cast.Arg, s); err != nil {
		return true, err
	}
	r.fenceAll = true
	if len(o.at.view.columns) != len(table.Columns) {
		n.Node = cast.Arg.Node
		return true, nil
	}
	whole := func() *pg.Node { return proto.Clone(cast.Arg).(*pg.Node) }
	typed := &pg.Node{Node: &pg.Node_TypeCast{TypeCast: &pg.TypeCast{Arg: whole(), Location: -1, TypeName: &pg.TypeName{
		Names: []*pg.Node{pg.MakeStrNode(table.Schema), pg.MakeStrNode(table.Name)}, Typemod: -1, Location: -1}}}}
	n.Node = caseWhen(distinctFromNull(whole()), typed, nil).Node
	return true, nil
}

// distinctFromNull is n IS DISTINCT FROM NULL: false for the row that an outer join adds, true for a row of NULLs that is there.
func distinctFromNull(n *pg.Node) *pg.Node {
	null := &pg.Node{Node: &pg.Node_AConst{AConst: &pg.A_Const{Isnull: true, Location: -1}}}
	return &pg.Node{Node: &pg.Node_AExpr{AExpr: &pg.A_Expr{Kind: pg.A_Expr_Kind_AEXPR_DISTINCT, Name: []*pg.Node{pg.MakeStrNode("=")},
		Lexpr: n, Rexpr: null, Location: -1}}}
}

// topQuery is a row limit as other systems write it.
var topQuery = regexp.MustCompile(`(?is)\bselect\s+(all\s+|distinct\s+)?top\s*\(?\s*[0-9$]`)

// hinted names a form of another system's that a syntax error is probably about.
func hinted(sql string, err error) error {
	var e *pgerror.Error
	if errors.As(err, &e) && e.Code == pgerror.CodeSyntaxError && len(sql) < 1<<16 && topQuery.MatchString(sql) {
		return e.WithHint("TOP is not PostgreSQL's: write LIMIT n at the end of the query.")
	}
	return err
}

// atWord is a syntax error at a word that could be meant as a name.
var atWord = regexp.MustCompile(`^syntax error at or near "[A-Za-z_]+"$`)

// hintedForRedshift says why a word that is a name on Redshift may be none here.
func hintedForRedshift(err error) error {
	var e *pgerror.Error
	if errors.As(err, &e) && e.Code == pgerror.CodeSyntaxError && e.Hint == "" && atWord.MatchString(e.Message) {
		return e.WithHint("Statements are read by PostgreSQL's grammar, too: a column called offset, window, lateral, fetch, returning, variadic or concurrently has to be quoted, and an alias such as year to stand behind AS.")
	}
	return err
}
