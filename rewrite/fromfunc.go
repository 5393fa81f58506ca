package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/pgerror"
)

// rangeFunction judges functions in FROM. They see the items before them.
func (r *resolver) rangeFunction(n *pg.Node, s *scope) (*item, error) {
	f := n.GetRangeFunction()
	alias, names, err := r.aliasOf(f.Alias)
	if err != nil {
		return nil, err
	}
	if len(f.Functions) == 1 && !f.IsRowsfrom {
		if it, err := r.sessionFunctionInFrom(n, s, alias, names); it != nil || err != nil {
			return it, err
		}
		if it, err := r.catalogRows(n, s, alias, names); it != nil || err != nil {
			return it, err
		}
	}
	var columns []string
	for _, fn := range f.Functions {
		more, err := r.functionColumns(fn, f, alias, s)
		if err != nil {
			return nil, err
		}
		columns = append(columns, more...)
	}
	if f.Ordinality {
		columns = append(columns, "ordinality")
	}
	if alias == "" {
		alias = outputName(functionNode(f.Functions[0]), r.firstColumn)
	}
	return (&item{columns: computed(columns)}).withAlias(alias, names), nil
}

// functionNode is the call of one entry: entries are pairs of a call and its column definitions.
func functionNode(entry *pg.Node) *pg.Node {
	if items := entry.GetList().GetItems(); len(items) > 0 {
		return items[0]
	}
	return entry
}

// functionColumns judges one function and names its columns (PostgreSQL: addRangeTableEntryForFunction).
func (r *resolver) functionColumns(entry *pg.Node, f *pg.RangeFunction, alias string, s *scope) ([]string, error) {
	fn := functionNode(entry)
	name := outputName(fn, r.firstColumn)
	call := fn.GetFuncCall()
	if call == nil {
		if v := fn.GetSqlvalueFunction(); v == nil {
			return nil, r.at(pgerror.NotSupported("this expression in FROM is not supported through Postern"), locationOf(fn))
		}
		if err := r.expr(fn, s); err != nil {
			return nil, err
		}
		return []string{scalarName(f, alias, name)}, nil
	}
	if several, err := r.unnestMany(call, s); several > 0 || err != nil {
		out := make([]string, several)
		for i := range out {
			out[i] = name
		}
		return out, err
	}
	short, _ := builtin(call.Funcname)
	known, _ := catalog.LookupFunction(short, argumentCount(call))
	if err := r.expr(fn, s); err != nil {
		return nil, err
	}
	if fn.GetFuncCall() == nil {
		return nil, r.at(pgerror.NotSupported("function %s in this place is not supported through Postern", name), call.Location)
	}
	if listed, ok := r.listedFunction(fn.GetFuncCall()); ok && known.Shape == 0 {
		known = listed
	}
	defs := f.Coldeflist
	if items := entry.GetList().GetItems(); len(items) > 1 && len(items[1].GetList().GetItems()) > 0 {
		defs = items[1].GetList().GetItems()
	}
	if len(defs) > 0 {
		return r.columnDefinitions(defs)
	}
	if short == "pg_partition_ancestors" {
		if f.Alias == nil {
			f.Alias = &pg.Alias{Aliasname: outputName(fn, r.firstColumn), Colnames: []*pg.Node{pg.MakeStrNode("relid")}}
			return []string{"relid"}, nil
		}
		return []string{alias}, nil
	}
	switch known.Shape {
	case catalog.ShapeScalar:
		return []string{scalarName(f, alias, name)}, nil
	case catalog.ShapeNamed:
		return known.Out, nil
	case catalog.ShapeRecord, catalog.ShapeArgument:
	}
	return nil, r.at(pgerror.NotSupported("function %s in FROM without a column definition list is not supported through Postern", name),
		call.Location)
}

// scalarName names the column of a function that returns a scalar: after the alias, unless there are several functions.
func scalarName(f *pg.RangeFunction, alias, function string) string {
	if len(f.Functions) == 1 && alias != "" {
		return alias
	}
	return function
}

// unnestMany judges unnest(a, b, …), which FROM alone knows, and only by its bare name. It returns the number of arrays, 0 for
// any other call.
func (r *resolver) unnestMany(call *pg.FuncCall, s *scope) (int, error) {
	if len(call.Funcname) != 1 || call.Funcname[0].GetString_().GetSval() != "unnest" || len(call.Args) < 2 || len(call.AggOrder) > 0 ||
		call.AggFilter != nil || call.AggWithinGroup || call.AggStar || call.AggDistinct || call.FuncVariadic || call.Over != nil {
		return 0, nil
	}
	return len(call.Args), r.exprs(s, call.Args...)
}

func (r *resolver) columnDefinitions(defs []*pg.Node) ([]string, error) {
	var out []string
	for _, n := range defs {
		d := n.GetColumnDef()
		if d == nil || d.RawDefault != nil || len(d.Constraints) > 0 {
			return nil, r.unknown(n)
		}
		if err := r.allowType(d.TypeName); err != nil {
			return nil, err
		}
		if d.CollClause != nil {
			if err := r.allowCollation(d.CollClause); err != nil {
				return nil, err
			}
		}
		out = append(out, d.Colname)
	}
	return out, nil
}

// sessionFunctionInFrom turns FROM current_schema() and the like, whose answer is a constant, into a sub-select. It returns nil
// where the function is not one of these.
func (r *resolver) sessionFunctionInFrom(n *pg.Node, s *scope, alias string, names []string) (*item, error) {
	f := n.GetRangeFunction()
	fn := functionNode(f.Functions[0])
	name := outputName(fn, r.firstColumn)
	if call := fn.GetFuncCall(); call != nil {
		if replaced, err := r.sessionFunction(fn); !replaced || err != nil {
			return nil, err
		}
	} else if v := fn.GetSqlvalueFunction(); v != nil {
		if err := r.expr(fn, s); err != nil || fn.GetSqlvalueFunction() != nil {
			return nil, err
		}
	} else {
		return nil, nil
	}
	if f.Ordinality || len(f.Coldeflist) > 0 {
		return nil, r.at(pgerror.NotSupported("function %s in this place is not supported through Postern", name), -1)
	}
	if alias == "" {
		alias = name
	}
	target := &pg.Node{Node: &pg.Node_ResTarget{ResTarget: &pg.ResTarget{Name: scalarName(f, alias, name), Val: fn}}}
	n.Node = &pg.Node_RangeSubselect{RangeSubselect: &pg.RangeSubselect{
		Subquery: &pg.Node{Node: &pg.Node_SelectStmt{SelectStmt: &pg.SelectStmt{
			TargetList: []*pg.Node{target}, LimitOption: pg.LimitOption_LIMIT_OPTION_DEFAULT, Op: pg.SetOperation_SETOP_NONE,
		}}},
		Alias: &pg.Alias{Aliasname: alias, Colnames: f.Alias.GetColnames()},
	}}
	return (&item{columns: computed([]string{alias})}).withAlias(alias, names), nil
}
