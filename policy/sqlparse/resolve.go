package sqlparse

import (
	"fmt"
	"math/big"
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy/expr"
)

// Resolved is a rule whose every name is resolved, for one source.
type Resolved struct {
	Expr expr.Expr
	// Reads lists the tables that the rule's sub-selects read, raw, in order of first use.
	Reads []*catalog.Table
	// Notes are what the author should know, in full sentences.
	Notes []string
}

// Resolve resolves the rule for a source. A mistake is an *Error.
func (r *Rule) Resolve(snapshot *catalog.Snapshot, source *catalog.Table) (Resolved, error) {
	res := &resolver{rule: r, snapshot: snapshot, source: source}
	e, typ, err := res.expr(r.node, &scope{})
	if err != nil {
		return Resolved{}, err
	}
	if typ != typeBool {
		return Resolved{}, res.at(int32(len(prefix)), "the condition must be boolean, not %s", orUnclear(typ))
	}
	return Resolved{Expr: e, Reads: res.reads, Notes: res.notes}, nil
}

// ResolveValue resolves an expression that gives a value, with @value for the column, and returns its type without modifiers: "unknown" for
// a constant in quotes, "" if it cannot be told. A mistake is an *Error.
func (r *Rule) ResolveValue(snapshot *catalog.Snapshot, source *catalog.Table, value catalog.Column) (Resolved, string, error) {
	res := &resolver{rule: r, snapshot: snapshot, source: source, value: &value}
	e, typ, err := res.expr(r.node, &scope{})
	if err != nil {
		return Resolved{}, "", err
	}
	return Resolved{Expr: e, Reads: res.reads, Notes: res.notes}, typ, nil
}

// resolver walks one rule for one source.
type resolver struct {
	// value is the column that @value means; nil where there is none.
	value    *catalog.Column
	rule     *Rule
	snapshot *catalog.Snapshot
	source   *catalog.Table
	reads    []*catalog.Table
	notes    []string
	depth    int
	nodes    int
	negated  bool // under an odd number of NOTs
}

// scope holds the relations whose columns can be named: those of the enclosing sub-select, or the source's if there is
// none.
type scope struct {
	inner     bool
	relations []relation
}

type relation struct {
	alias string
	table *catalog.Table
}

func (r *resolver) at(location int32, format string, args ...any) *Error {
	return r.rule.at(location, format, args...)
}

// note adds a note once.
func (r *resolver) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(r.notes, text) {
		r.notes = append(r.notes, text)
	}
}

// expr resolves one node and tells its type, "" if it cannot be told.
func (r *resolver) expr(n *pg_query.Node, s *scope) (expr.Expr, string, error) {
	if r.nodes++; r.nodes > MaxNodes {
		return nil, "", &Error{Message: fmt.Sprintf("the condition has more than %d parts", MaxNodes)}
	}
	if r.depth++; r.depth > MaxDepth {
		return nil, "", &Error{Message: fmt.Sprintf("the condition is nested more than %d deep", MaxDepth)}
	}
	defer func() { r.depth-- }()
	switch v := n.GetNode().(type) {
	case *pg_query.Node_AConst:
		return r.literal(v.AConst)
	case *pg_query.Node_ColumnRef:
		return r.column(v.ColumnRef, s)
	case *pg_query.Node_BoolExpr:
		return r.boolean(v.BoolExpr, s)
	case *pg_query.Node_NullTest:
		return r.nullTest(v.NullTest, s)
	case *pg_query.Node_BooleanTest:
		return r.booleanTest(v.BooleanTest, s)
	case *pg_query.Node_AExpr:
		return r.operator(v.AExpr, s)
	case *pg_query.Node_TypeCast:
		return r.cast(v.TypeCast, s)
	case *pg_query.Node_CaseExpr:
		return r.caseExpr(v.CaseExpr, s)
	case *pg_query.Node_CoalesceExpr:
		return r.coalesce(v.CoalesceExpr, s)
	case *pg_query.Node_FuncCall:
		return r.call(v.FuncCall, s)
	case *pg_query.Node_SqlvalueFunction:
		return r.sqlValue(v.SqlvalueFunction)
	case *pg_query.Node_SubLink:
		return r.subLink(v.SubLink, s)
	case *pg_query.Node_ParamRef:
		return nil, "", r.at(v.ParamRef.Location, "a parameter cannot stand in a rule")
	case *pg_query.Node_AArrayExpr:
		return nil, "", r.at(v.AArrayExpr.Location, "ARRAY[…] cannot stand in a rule")
	case *pg_query.Node_RowExpr:
		return nil, "", r.at(v.RowExpr.Location, "a row of several values cannot stand in a rule")
	case *pg_query.Node_CollateClause:
		return nil, "", r.at(v.CollateClause.Location, "COLLATE cannot stand in a rule")
	}
	return nil, "", &Error{Message: fmt.Sprintf("%s cannot stand in a rule", nodeName(n))}
}

// nodeName names a node that is not let through: "MinMaxExpr" out of "*pg_query.Node_MinMaxExpr".
func nodeName(n *pg_query.Node) string {
	if n.GetNode() == nil {
		return "an empty expression"
	}
	return "the expression " + strings.TrimPrefix(fmt.Sprintf("%T", n.GetNode()), "*pg_query.Node_")
}

// all resolves a list.
func (r *resolver) all(nodes []*pg_query.Node, s *scope) ([]expr.Expr, []string, error) {
	out, types := make([]expr.Expr, len(nodes)), make([]string, len(nodes))
	for i, n := range nodes {
		var err error
		if out[i], types[i], err = r.expr(n, s); err != nil {
			return nil, nil, err
		}
	}
	return out, types, nil
}

func (r *resolver) literal(c *pg_query.A_Const) (expr.Expr, string, error) {
	if c.Isnull {
		return expr.Literal{Null: true}, typeUnknown, nil
	}
	switch v := c.Val.(type) {
	case *pg_query.A_Const_Ival:
		return expr.Literal{Type: "integer", Value: fmt.Sprint(v.Ival.GetIval())}, "integer", nil
	case *pg_query.A_Const_Fval:
		return r.number(c.Location, v.Fval.GetFval())
	case *pg_query.A_Const_Boolval:
		return expr.Literal{Type: typeBool, Value: fmt.Sprint(v.Boolval.GetBoolval())}, typeBool, nil
	case *pg_query.A_Const_Sval:
		return expr.Literal{Value: v.Sval.GetSval()}, typeUnknown, nil
	case *pg_query.A_Const_Bsval:
		return nil, "", r.at(c.Location, "a bit string cannot stand in a rule")
	}
	return nil, "", r.at(c.Location, "an unknown kind of constant")
}

// number is a constant that is not a plain integer: too large for one, or with a fraction. PostgreSQL makes it a bigint if
// it fits, else numeric.
func (r *resolver) number(location int32, text string) (expr.Expr, string, error) {
	if i, ok := new(big.Int).SetString(text, 10); ok && i.IsInt64() {
		return expr.Literal{Type: "bigint", Value: text}, "bigint", nil
	}
	if !plainNumber.MatchString(text) {
		return nil, "", r.at(location, "write the number with digits on both sides of the point and without an exponent")
	}
	return expr.Literal{Type: typeNumeric, Value: text}, typeNumeric, nil
}

// column resolves a name to exactly one column of exactly one relation.
func (r *resolver) column(c *pg_query.ColumnRef, s *scope) (expr.Expr, string, error) {
	parts := stringsOf(c.Fields)
	if len(parts) != len(c.Fields) {
		return nil, "", r.at(c.Location, "* cannot stand in a rule")
	}
	if len(parts) == 0 || len(parts) > 3 {
		return nil, "", r.at(c.Location, "column %s is not known", strings.Join(parts, "."))
	}
	name, qualifier := parts[len(parts)-1], parts[:len(parts)-1]
	candidates := s.relations
	if !s.inner {
		candidates = []relation{{alias: r.source.Name, table: r.source}}
	}
	var found []relation
	for _, rel := range candidates {
		if _, ok := rel.table.Column(name); ok && rel.fits(qualifier, !s.inner) {
			found = append(found, rel)
		}
	}
	switch {
	case len(found) > 1:
		return nil, "", r.at(c.Location, "column %s is ambiguous: write which relation it belongs to", name)
	case len(found) == 0 && s.inner && r.outer(name, qualifier):
		return nil, "", r.at(c.Location, "column %s of %s stands in a sub-select: a sub-select in a rule must not depend on the row that is tested", name, r.source.QualifiedName())
	case len(found) == 0:
		return nil, "", r.at(c.Location, "column %s is not known", strings.Join(parts, "."))
	}
	col, _ := found[0].table.Column(name)
	e := expr.Column{Name: name, Type: expr.Type(col.Type)}
	if s.inner {
		e.Relation = found[0].alias
	}
	return e, columnType(col), nil
}

// fits reports whether a qualifier (nothing, alias, or schema and table) names the relation.
func (rel relation) fits(qualifier []string, bySchema bool) bool {
	switch len(qualifier) {
	case 0:
		return true
	case 1:
		return qualifier[0] == rel.alias
	}
	return bySchema && qualifier[0] == rel.table.Schema && qualifier[1] == rel.table.Name
}

// outer reports whether the name would be one of the source's.
func (r *resolver) outer(name string, qualifier []string) bool {
	_, ok := r.source.Column(name)
	return ok && relation{alias: r.source.Name, table: r.source}.fits(qualifier, true)
}

// stringsOf returns the strings of a list of String nodes; other nodes are left out.
func stringsOf(nodes []*pg_query.Node) []string {
	out := make([]string, 0, len(nodes))
	for _, n := range nodes {
		if s, ok := n.GetNode().(*pg_query.Node_String_); ok {
			out = append(out, s.String_.GetSval())
		}
	}
	return out
}

func orUnclear(typ string) string {
	if typ == "" {
		return "of a type that cannot be told"
	}
	return typ
}
