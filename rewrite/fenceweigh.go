package rewrite

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/rewrite/redshift"
)

// weight is what an expression of the person's would do on a row that is hidden.
type weight struct {
	// typ is the type of its value, "" if that is not known for certain.
	typ       string
	collation uint32
	// literal is an untyped constant or parameter, which takes the type that its place wants.
	literal bool
	// constant is computed while planning; clock is the present, to the second or the day.
	constant, clock bool
	// fails is set unless everything in it is leakproof; then evaluating it may tell of the row, or that there is one.
	fails bool
	// volatile is set where it need not read a column to differ from row to row.
	volatile bool
	// touched are the columns that it reads.
	touched []column
}

// with adds what another expression beside it does.
func (w weight) with(others ...weight) weight {
	for _, o := range others {
		w.fails = w.fails || o.fails
		w.volatile = w.volatile || o.volatile
		w.touched = append(w.touched[:len(w.touched):len(w.touched)], o.touched...)
	}
	return w
}

// unsafe is any expression that is not known to be leakproof.
func (r *resolver) unsafe(n *pg.Node, s *scope) weight {
	w := weight{fails: true}
	if n != nil {
		r.readWithin(n.ProtoReflect(), s, &w)
	}
	return w
}

// readWithin finds all columns of the scope that a tree may read, those of sub-selects included. It may find too many.
func (r *resolver) readWithin(m protoreflect.Message, s *scope, w *weight) {
	switch v := m.Interface().(type) {
	case *pg.ColumnRef:
		w.touched = append(w.touched, columnsOf(v, s)...)
		if behind, ok := r.behindAlias(v, s); ok {
			*w = w.with(behind)
		}
		return
	case *pg.FuncCall:
		name, _ := builtin(v.Funcname)
		f, ok := catalog.LookupFunction(name, argumentCount(v))
		if known, listed := redshift.Lookup(name, argumentCount(v)); listed && r.rw.redshift() {
			ok, f.Volatility = true, map[bool]string{true: "v"}[known.Volatile]
		}
		if _, own := redshift.Placeholder(name); own && r.rw.redshift() {
			ok = true
		}
		w.volatile = w.volatile || !ok || strings.Contains(f.Volatility, "v")
	}
	eachMessage(m, func(child protoreflect.Message) { r.readWithin(child, s, w) })
}

// columnsOf lists the columns that a reference may mean: all of that name, or those of a whole row.
func columnsOf(ref *pg.ColumnRef, s *scope) []column {
	var names []string
	for _, f := range ref.Fields {
		if f.GetString_() != nil {
			names = append(names, f.GetString_().Sval)
		}
	}
	var out []column
	if len(names) == 1 && ref.Fields[len(ref.Fields)-1].GetAStar() == nil {
		for level := s; level != nil && len(out) == 0; level = level.parent {
			for _, it := range level.items {
				if c, ok := it.column(names[0]); ok && it.byColumn {
					out = append(out, c)
				}
			}
		}
	}
	if len(out) > 0 || len(names) == 0 {
		return out
	}
	it, _ := s.alias("", names[0])
	if it == nil {
		return nil
	}
	if c, ok := it.column(names[len(names)-1]); ok && len(names) > 1 {
		return []column{c}
	}
	return it.columns
}

// weigh weighs an expression that was judged.
func (r *resolver) weigh(n *pg.Node, s *scope) weight {
	if r.rw.unfenced {
		return weight{}
	}
	if r.rw.redshift() {
		return r.weighForRedshift(n, s)
	}
	switch v := n.GetNode().(type) {
	case nil:
		return weight{literal: true, constant: true}
	case *pg.Node_ColumnRef:
		return r.weighColumn(n, s)
	case *pg.Node_AConst:
		return weighConstant(v.AConst)
	case *pg.Node_ParamRef:
		return r.weighParameter(v.ParamRef)
	case *pg.Node_TypeCast:
		return r.weighCast(n, s)
	case *pg.Node_CollateClause:
		w := r.weigh(v.CollateClause.Arg, s)
		w.collation = 0
		return w
	case *pg.Node_BoolExpr:
		return weight{typ: typeBoolean}.with(r.weighAll(s, v.BoolExpr.Args...)...)
	case *pg.Node_NullTest:
		return weight{typ: typeBoolean}.with(r.weigh(v.NullTest.Arg, s))
	case *pg.Node_BooleanTest:
		return weight{typ: typeBoolean}.with(r.weigh(v.BooleanTest.Arg, s))
	case *pg.Node_AExpr:
		return r.weighOperator(n, s)
	case *pg.Node_CaseExpr:
		return r.weighCase(v.CaseExpr, n, s)
	case *pg.Node_SqlvalueFunction:
		return weighValueFunction(v.SqlvalueFunction)
	case *pg.Node_FuncCall:
		return r.weighCall(n, s)
	case *pg.Node_SubLink:
		return r.weighSubLink(n, s)
	}
	return r.unsafe(n, s)
}

func (r *resolver) weighAll(s *scope, list ...*pg.Node) []weight {
	out := make([]weight, len(list))
	for i, n := range list {
		out[i] = r.weigh(n, s)
	}
	return out
}

// weighColumn weighs a column. A whole row is not leakproof.
func (r *resolver) weighColumn(n *pg.Node, s *scope) weight {
	touched := columnsOf(n.GetColumnRef(), s)
	names, ok := stringList(n.GetColumnRef().Fields)
	if !ok || len(touched) != 1 || touched[0].name != names[len(names)-1] {
		return weight{fails: true, touched: touched}
	}
	f := touched[0].fact
	return weight{typ: f.typ, collation: f.collation, fails: f.fails || !f.known, touched: touched}
}

func weighConstant(c *pg.A_Const) weight {
	w := weight{constant: true}
	switch {
	case c.Isnull || c.GetSval() != nil:
		w.literal = true
	case c.GetBoolval() != nil:
		w.typ = typeBoolean
	case c.GetIval() != nil:
		w.typ = typeInteger
	case c.GetFval() != nil:
		w.typ = typeNumeric
		if text := c.GetFval().Fval; !strings.ContainsAny(text, ".eE") && len(text) < 19 {
			w.typ = typeBigint
		}
	}
	return w
}

// weighParameter weighs $n. Where no type was declared, its first place decides, so only one that has a single place is certain.
func (r *resolver) weighParameter(p *pg.ParamRef) weight {
	if !r.ownParameters {
		return weight{fails: true}
	}
	if i := int(p.Number) - 1; i >= 0 && i < len(r.req.ParamTypes) && r.req.ParamTypes[i] != 0 && r.req.ParamTypes[i] != 705 {
		return weight{typ: parameterType(r.req.ParamTypes[i])}
	}
	if r.parameterPlaces(p.Number) != 1 {
		return weight{}
	}
	return weight{literal: true}
}

// parameterPlaces are the places of $n in the client's text.
func (r *resolver) parameterPlaces(number int32) int { return r.parameters[number] }

func countParameters(m protoreflect.Message, counts map[int32]int) {
	if p, ok := m.Interface().(*pg.ParamRef); ok {
		counts[p.Number]++
	}
	eachMessage(m, func(child protoreflect.Message) { countParameters(child, counts) })
}

func (r *resolver) weighCast(n *pg.Node, s *scope) weight {
	cast := n.GetTypeCast()
	typ, plain := castType(cast.TypeName)
	a := r.weigh(cast.Arg, s)
	if typ == "" || a.fails {
		return r.unsafe(n, s)
	}
	switch {
	case a.literal && (a.constant || plain):
		// Read when the statement is parsed, or when the parameter is bound.
		a.literal, a.typ = false, typ
	case plain && sameType(a.typ, typ):
		a.typ = typ
	case a.constant && foldedNumber(a.typ) && foldedNumber(typ):
		a.typ = typ
	case a.clock && plain && typ == typeDate:
		a.typ = typ
	default:
		return r.unsafe(n, s)
	}
	return a
}

// weighChoice weighs values of which one is taken.
func (r *resolver) weighChoice(list []*pg.Node, s *scope) weight {
	all := r.weighAll(s, list...)
	out := weight{literal: true}.with(all...)
	for _, w := range all {
		switch {
		case w.literal && w.constant:
		case out.typ == "" && out.literal && w.typ != "":
			out.typ, out.literal, out.collation = w.typ, false, w.collation
		case w.typ == "" || w.typ != out.typ || w.collation != out.collation:
			// A conversion may stand here.
			out.fails, out.typ, out.literal = true, "", false
		}
	}
	if out.literal {
		out.literal, out.typ = false, ""
	}
	return out
}

func (r *resolver) weighCase(c *pg.CaseExpr, n *pg.Node, s *scope) weight {
	if c.Arg != nil {
		return r.unsafe(n, s)
	}
	var results []*pg.Node
	var conditions []weight
	for _, arm := range c.Args {
		when := arm.GetCaseWhen()
		conditions = append(conditions, r.weigh(when.GetExpr(), s))
		results = append(results, when.GetResult())
	}
	return r.weighChoice(append(results, c.Defresult), s).with(conditions...)
}

func weighValueFunction(v *pg.SQLValueFunction) weight {
	switch v.Op {
	case pg.SQLValueFunctionOp_SVFOP_CURRENT_DATE:
		return weight{typ: typeDate, clock: true}
	case pg.SQLValueFunctionOp_SVFOP_CURRENT_TIMESTAMP, pg.SQLValueFunctionOp_SVFOP_CURRENT_TIMESTAMP_N:
		return weight{typ: typeTimestamptz, clock: true}
	case pg.SQLValueFunctionOp_SVFOP_LOCALTIMESTAMP, pg.SQLValueFunctionOp_SVFOP_LOCALTIMESTAMP_N:
		return weight{typ: typeTimestamp, clock: true}
	}
	return weight{}
}

// weighCall weighs a function call: only the present, and aggregates that cannot fail, are leakproof. What an aggregate or a window
// function gives comes after the rows were read, so it reads no column of theirs as far as conditions are concerned.
func (r *resolver) weighCall(n *pg.Node, s *scope) weight {
	f := n.GetFuncCall()
	name, ok := builtin(f.Funcname)
	known, found := catalog.LookupFunction(name, argumentCount(f))
	if !ok || !found {
		return r.unsafe(n, s)
	}
	if f.Over != nil || strings.Contains(known.Kinds, "a") {
		return r.weighAggregate(f, name, s)
	}
	switch {
	case len(f.Args) == 0 && (name == "now" || name == "transaction_timestamp" || name == "statement_timestamp"):
		return weight{typ: typeTimestamptz, clock: true}
	case len(f.Args) == 2 && name == "date_trunc" && isUnit(f.Args[0]):
		if w := r.weigh(f.Args[1], s); w.clock && !w.fails {
			if w.typ == typeDate {
				w.typ = typeTimestamptz
			}
			return w
		}
	}
	return r.unsafe(n, s)
}

func (r *resolver) weighAggregate(f *pg.FuncCall, name string, s *scope) weight {
	w := weight{fails: true}
	if f.Over != nil || f.AggFilter != nil || len(f.AggOrder) > 0 || f.AggWithinGroup || f.FuncVariadic {
		return w
	}
	switch {
	case name == "count" && (f.AggStar || len(f.Args) == 1):
		w.typ = typeBigint
		w.fails = len(f.Args) == 1 && r.weigh(f.Args[0], s).fails
	case (name == "min" || name == "max") && len(f.Args) == 1:
		a := r.weigh(f.Args[0], s)
		// varchar becomes text here.
		if !a.fails && a.typ != "" && a.typ != typeBoolean && leakproofComparison("<", a, a) && !isText(a.typ) {
			w.typ, w.fails = a.typ, false
		}
	}
	return w
}

// isUnit reports a constant that date_trunc takes.
func isUnit(n *pg.Node) bool {
	switch n.GetAConst().GetSval().GetSval() {
	case "second", "minute", "hour", "day", "week", "month", "quarter", "year":
		return true
	}
	return false
}
