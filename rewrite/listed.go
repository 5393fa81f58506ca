package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/catalog"
)

// What an administrator lists of the warehouse's own functions, operators and types (kind FunctionAllowList). Nothing is known of what they
// do, so a statement that uses one fences every table whole. Names are printed with their schema, because the warehouse's own
// search_path does not have it.

// listedFunction finds a listed function, by its schema or along the client's path, and qualifies the call.
func (r *resolver) listedFunction(f *pg.FuncCall) (catalog.Function, bool) {
	schema, name, ok := r.listedName(f.Funcname, func(schema, name string) bool {
		_, ok := r.allowed().Function(schema, name, argumentCount(f))
		return ok
	})
	if !ok || f.FuncVariadic {
		return catalog.Function{}, false
	}
	known, _ := r.allowed().Function(schema, name, argumentCount(f))
	f.Funcname = []*pg.Node{pg.MakeStrNode(schema), pg.MakeStrNode(name)}
	r.fenceAll = true
	return known, true
}

// listedOperator admits OPERATOR(schema.op). A bare operator is always a built-in one.
func (r *resolver) listedOperator(parts []*pg.Node) bool {
	names, ok := stringList(parts)
	if !ok || len(names) != 2 || !r.allowed().Operator(names[0], names[1]) {
		return false
	}
	r.fenceAll = true
	return true
}

// listedType finds a listed type and qualifies its name.
func (r *resolver) listedType(t *pg.TypeName) bool {
	if t.Setof || t.PctType {
		return false
	}
	schema, name, ok := r.listedName(t.Names, r.allowed().Type)
	if !ok {
		return false
	}
	for _, m := range t.Typmods {
		if m.GetAConst().GetIval() == nil {
			return false
		}
	}
	t.Names = []*pg.Node{pg.MakeStrNode(schema), pg.MakeStrNode(name)}
	r.fenceAll = true
	return true
}

// listedName finds a name with its schema, or without one along the client's path.
func (r *resolver) listedName(parts []*pg.Node, listed func(schema, name string) bool) (schema, name string, ok bool) {
	names, ok := stringList(parts)
	switch {
	case !ok:
		return "", "", false
	case len(names) == 2:
		return names[0], names[1], listed(names[0], names[1])
	case len(names) != 1 || !r.path.known:
		return "", "", false
	}
	for _, schema := range r.path.schemas {
		if listed(schema, names[0]) {
			return schema, names[0], true
		}
	}
	return "", "", false
}

func (r *resolver) allowed() *catalog.Allowed { return r.req.Program.Snapshot().Allowed() }
