package rewrite

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/pgerror"
)

// call judges a function call: a built-in function of the catalogue's allow-list, or one of the few about the session that
// Postern answers itself. It prints the name with its schema.
func (r *resolver) call(n *pg.Node, s *scope) error {
	if r.rw.redshift() {
		return r.redshiftCall(n, s)
	}
	f := n.GetFuncCall()
	if replaced, err := r.sessionFunction(n); replaced || err != nil {
		return err
	}
	if replaced, err := r.catalogFunction(n, s); replaced || err != nil {
		return err
	}
	if err := r.allowFunction(f); err != nil {
		return err
	}
	if err := r.exprs(s, f.Args...); err != nil {
		return err
	}
	if err := r.sorts(f.AggOrder, s); err != nil {
		return err
	}
	if err := r.expr(f.AggFilter, s); err != nil {
		return err
	}
	if err := r.window(f.Over, s); err != nil {
		return err
	}
	asText(n)
	return nil
}

// asText turns the one function of type regtype that is let in into text: beside a regtype (in CASE, UNION, ARRAY and the like) a
// literal becomes one too, and its input looks the name up in the catalogues.
func asText(n *pg.Node) {
	f := n.GetFuncCall()
	if name, _ := builtin(f.Funcname); name != "pg_typeof" {
		return
	}
	cast := typeCast(&pg.Node{Node: n.Node}, "text", false)
	cast.GetTypeCast().Location = f.Location
	n.Node = cast.Node
}

func (r *resolver) allowFunction(f *pg.FuncCall) error {
	if expandsArray(f) {
		return nil
	}
	name, ok := builtin(f.Funcname)
	if !ok || !catalog.KnownFunction(name) {
		if _, listed := r.listedFunction(f); listed {
			return nil
		}
	}
	if !ok || !catalog.SafeFunction(name, argumentCount(f)) {
		return r.at(pgerror.NotSupported("function %s with %d arguments is not on Postern's allow-list", dotted(f.Funcname),
			argumentCount(f)), f.Location)
	}
	if len(f.Funcname) == 1 {
		f.Funcname = []*pg.Node{pg.MakeStrNode(builtinSchema), f.Funcname[0]}
	}
	return nil
}

// expandsArray is information_schema._pg_expandarray(array), by which drivers number the columns of a key: it gives rows of an
// element x and its position n, and reads nothing.
func expandsArray(f *pg.FuncCall) bool {
	return dotted(f.Funcname) == "information_schema._pg_expandarray" && len(f.Args) == 1 && !f.FuncVariadic
}

// argumentCount is the number by which PostgreSQL finds a function: an ordered-set aggregate's sort keys are arguments too.
func argumentCount(f *pg.FuncCall) int {
	if f.AggWithinGroup {
		return len(f.Args) + len(f.AggOrder)
	}
	return len(f.Args)
}

// sessionFunction answers what the warehouse would answer about the service's own session. The person's name, the database that
// they connected to and their search_path are Postern's to say.
func (r *resolver) sessionFunction(n *pg.Node) (bool, error) {
	f := n.GetFuncCall()
	name, ok := builtin(f.Funcname)
	if !ok || f.Over != nil || f.AggFilter != nil || len(f.AggOrder) > 0 || f.FuncVariadic || f.AggDistinct || f.AggStar {
		return false, nil
	}
	switch {
	case name == "current_database" && len(f.Args) == 0:
		n.Node = nameConstant(r.req.Database, f.Location)
	case (name == "session_user" || name == "current_user" || name == "getpgusername") && len(f.Args) == 0:
		n.Node = nameConstant(r.req.Principal.User(), f.Location)
	case name == "current_schema" && len(f.Args) == 0:
		return true, r.currentSchema(n, f.Location)
	case name == "current_schemas" && len(f.Args) == 1:
		return true, r.currentSchemas(n, f)
	case name == "current_setting" && (len(f.Args) == 1 || len(f.Args) == 2) && constantText(f.Args[0]) != nil:
		return true, r.currentSetting(n, f)
	case name == "set_config" && len(f.Args) == 3:
		return true, r.setConfig(f)
	default:
		return false, nil
	}
	return true, nil
}

// valueFunction judges current_date and its like, which need no parentheses.
func (r *resolver) valueFunction(n *pg.Node) error {
	v := n.GetSqlvalueFunction()
	switch v.Op {
	case pg.SQLValueFunctionOp_SVFOP_CURRENT_DATE, pg.SQLValueFunctionOp_SVFOP_CURRENT_TIME,
		pg.SQLValueFunctionOp_SVFOP_CURRENT_TIME_N, pg.SQLValueFunctionOp_SVFOP_CURRENT_TIMESTAMP,
		pg.SQLValueFunctionOp_SVFOP_CURRENT_TIMESTAMP_N, pg.SQLValueFunctionOp_SVFOP_LOCALTIME,
		pg.SQLValueFunctionOp_SVFOP_LOCALTIME_N, pg.SQLValueFunctionOp_SVFOP_LOCALTIMESTAMP,
		pg.SQLValueFunctionOp_SVFOP_LOCALTIMESTAMP_N:
		if r.rw.redshift() && v.Op != pg.SQLValueFunctionOp_SVFOP_CURRENT_DATE {
			r.leader = valueFunctionName(v.Op)
		}
		return nil
	case pg.SQLValueFunctionOp_SVFOP_CURRENT_ROLE, pg.SQLValueFunctionOp_SVFOP_CURRENT_USER,
		pg.SQLValueFunctionOp_SVFOP_USER, pg.SQLValueFunctionOp_SVFOP_SESSION_USER:
		n.Node = nameConstant(r.req.Principal.User(), v.Location)
		return nil
	case pg.SQLValueFunctionOp_SVFOP_CURRENT_CATALOG:
		n.Node = nameConstant(r.req.Database, v.Location)
		return nil
	case pg.SQLValueFunctionOp_SVFOP_CURRENT_SCHEMA:
		return r.currentSchema(n, v.Location)
	case pg.SQLValueFunctionOp_SQLVALUE_FUNCTION_OP_UNDEFINED:
	}
	return r.unknown(n)
}

// currentSchema is the first schema of the path that has a table the person may see, NULL if there is none.
func (r *resolver) currentSchema(n *pg.Node, location int32) error {
	schemas, err := r.visiblePath(location)
	if err != nil {
		return err
	}
	if len(schemas) == 0 {
		n.Node = nameCast(&pg.A_Const{Isnull: true, Location: location}, "name", false).Node
		return nil
	}
	n.Node = nameConstant(schemas[0], location)
	return nil
}

func (r *resolver) currentSchemas(n *pg.Node, f *pg.FuncCall) error {
	implicit := f.Args[0].GetAConst().GetBoolval()
	if implicit == nil {
		return r.at(pgerror.NotSupported("current_schemas is supported through Postern with true or false only"), f.Location)
	}
	schemas, err := r.visiblePath(f.Location)
	if err != nil {
		return err
	}
	if implicit.Boolval {
		schemas = append([]string{builtinSchema}, schemas...)
	}
	elements := make([]string, len(schemas))
	for i, schema := range schemas {
		elements[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(schema) + `"`
	}
	array := "{" + strings.Join(elements, ",") + "}"
	n.Node = nameCast(pg.MakeAConstStrNode(array, f.Location).GetAConst(), "name", true).Node
	return nil
}

// visiblePath is the path without schemas in which the person may see no table.
func (r *resolver) visiblePath(location int32) ([]string, error) {
	if !r.path.known {
		return nil, r.at(pgerror.NotSupported("the current schema behind a change of transaction and search_path in one string "+
			"is not supported through Postern: send the statements one by one"), location)
	}
	visible, until, err := r.rw.views.schemas(r.req)
	if err != nil {
		return nil, err
	}
	r.until = earlier(r.until, until)
	var out []string
	for _, schema := range r.path.schemas {
		if visible[schema] {
			out = append(out, schema)
		}
	}
	return out, nil
}

// currentSetting judges current_setting('name' [, missing_ok]) with a constant name that SHOW may show.
func (r *resolver) currentSetting(n *pg.Node, f *pg.FuncCall) error {
	name := constantText(f.Args[0])
	if name == nil {
		return r.at(pgerror.NotSupported("current_setting is supported through Postern with a constant name only"), f.Location)
	}
	if len(f.Args) == 2 && f.Args[1].GetAConst().GetBoolval() == nil {
		return r.at(pgerror.NotSupported("current_setting is supported through Postern with constants only"), f.Location)
	}
	value, err := r.settingValue(strings.ToLower(*name), f.Location)
	if err != nil {
		return err
	}
	n.Node = value.Node
	return nil
}

// nameConstant is 'text'::name.
func nameConstant(text string, location int32) *pg.Node_TypeCast {
	return nameCast(pg.MakeAConstStrNode(text, location).GetAConst(), "name", false).Node.(*pg.Node_TypeCast)
}

// nameCast is constant::pg_catalog.type, or type[].
func nameCast(c *pg.A_Const, typeName string, array bool) *pg.Node {
	cast := typeCast(&pg.Node{Node: &pg.Node_AConst{AConst: c}}, typeName, array)
	cast.GetTypeCast().Location = c.Location
	return cast
}

// typeCast is arg::pg_catalog.type, or type[].
func typeCast(arg *pg.Node, typeName string, array bool) *pg.Node {
	t := &pg.TypeName{Names: []*pg.Node{pg.MakeStrNode(builtinSchema), pg.MakeStrNode(typeName)}, Typemod: -1, Location: -1}
	if array {
		t.ArrayBounds = []*pg.Node{pg.MakeIntNode(-1)}
	}
	return &pg.Node{Node: &pg.Node_TypeCast{TypeCast: &pg.TypeCast{Arg: arg, TypeName: t, Location: -1}}}
}
