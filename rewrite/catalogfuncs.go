package rewrite

import (
	"fmt"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/posternsql/postern/pgerror"
)

// The functions by which clients ask about objects. Each would answer for any oid, so none is called on what the client gives:
// it is replaced by an expression that says NULL for what the person may not see. A name that is not here is looked for in the
// allow-list of functions.

// Results that say nothing.
const (
	noText   = "NULL::pg_catalog.text"
	noNumber = "NULL::pg_catalog.int8"
)

// catalogFunction replaces a call about an object of the catalogues. False means that the function is not one of them.
func (r *resolver) catalogFunction(n *pg.Node, s *scope) (bool, error) {
	f := n.GetFuncCall()
	name, ok := builtin(f.Funcname)
	if !ok || f.Over != nil || f.AggFilter != nil || len(f.AggOrder) > 0 || f.FuncVariadic || f.AggDistinct || f.AggStar {
		return false, nil
	}
	for _, arg := range f.Args {
		if arg.GetNamedArgExpr() != nil {
			return false, nil
		}
	}
	if strings.HasPrefix(name, "has_") && strings.HasSuffix(name, "_privilege") {
		return true, r.hasPrivilege(n, name, s)
	}
	if name == "to_regclass" && len(f.Args) == 1 {
		return true, r.toRegclass(n, s)
	}
	text := catalogTemplate(name, len(f.Args))
	if text == "" {
		return false, nil
	}
	if err := r.exprs(s, f.Args...); err != nil {
		return true, err
	}
	return true, r.template(n, text, f.Args...)
}

// catalogTemplate is the expression for a call, "" if there is none. $1 and so on are the arguments, each at most once and never
// where a name of ours could capture one of theirs: at the top, or in a select without FROM of its own.
func catalogTemplate(name string, arguments int) string {
	switch fmt.Sprintf("%s/%d", name, arguments) {
	case "pg_table_is_visible/1":
		return "$1::pg_catalog.oid = ANY (ARRAY(SELECT s.oid FROM pg_catalog.pg_class AS s WHERE s.relnamespace = 11 AND s.oid < 16384 " +
			"OR s.oid = ANY ({inpath}) UNION ALL SELECT i.indexrelid FROM pg_catalog.pg_index AS i " +
			"WHERE i.indrelid = ANY ({inpath}) AND i.indexrelid IN ({indexes})))"
	case "pg_type_is_visible/1":
		return "$1::pg_catalog.oid = ANY (ARRAY(SELECT s.oid FROM pg_catalog.pg_type AS s WHERE s.typnamespace = 11 AND s.oid < 16384))"
	case "pg_function_is_visible/1", "pg_operator_is_visible/1", "pg_opclass_is_visible/1", "pg_opfamily_is_visible/1",
		"pg_collation_is_visible/1", "pg_conversion_is_visible/1", "pg_statistics_obj_is_visible/1", "pg_ts_config_is_visible/1",
		"pg_ts_dict_is_visible/1", "pg_ts_parser_is_visible/1", "pg_ts_template_is_visible/1":
		return "$1::pg_catalog.oid < 16384::pg_catalog.oid"
	case "pg_get_userbyid/1":
		return "{user}"
	case "format_type/2":
		return "(SELECT CASE WHEN postern_q.a < 16384 OR postern_q.a = ANY (ARRAY({types})) " +
			"THEN pg_catalog.format_type(postern_q.a, postern_q.b) END FROM (SELECT $1::pg_catalog.oid AS a, $2::pg_catalog.int4 AS b) AS postern_q)"
	case "pg_get_indexdef/1":
		return guarded("pg_get_indexdef(postern_q.a)", "{indexes}", "")
	case "pg_get_indexdef/3":
		return guarded("pg_get_indexdef(postern_q.a, postern_q.b, postern_q.c)", "{indexes}",
			", $2::pg_catalog.int4 AS b, $3::pg_catalog.bool AS c")
	case "pg_get_constraintdef/1":
		return guarded("pg_get_constraintdef(postern_q.a)", "{constraints}", "")
	case "pg_get_constraintdef/2":
		return guarded("pg_get_constraintdef(postern_q.a, postern_q.b)", "{constraints}", ", $2::pg_catalog.bool AS b")
	case "pg_get_function_arguments/1", "pg_get_function_identity_arguments/1", "pg_get_function_result/1":
		return "(SELECT CASE WHEN postern_q.a < 16384 THEN pg_catalog." + name + "(postern_q.a) END " +
			"FROM (SELECT $1::pg_catalog.oid AS a) AS postern_q)"
	case "obj_description/1":
		return guarded("obj_description(postern_q.a, 'pg_class'::pg_catalog.name)", "SELECT pg_catalog.unnest({relids})", "")
	case "obj_description/2":
		return "(SELECT CASE WHEN postern_q.b = 'pg_namespace' AND NOT EXISTS (SELECT FROM pg_catalog.pg_namespace AS n WHERE " +
			"n.oid = postern_q.a AND n.nspname = ANY ({schemas})) OR postern_q.b LIKE 'pg_largeobject%' THEN NULL " +
			"WHEN postern_q.a < 16384 OR postern_q.b = 'pg_namespace' OR postern_q.b = 'pg_class' AND postern_q.a = ANY ({relids}) " +
			"THEN pg_catalog.obj_description(postern_q.a, postern_q.b) END " +
			"FROM (SELECT $1::pg_catalog.oid AS a, $2::pg_catalog.name AS b) AS postern_q)"
	case "col_description/2":
		return "(SELECT CASE WHEN postern_q.a < 16384 OR EXISTS (SELECT FROM {visible} AS v WHERE v.relid = postern_q.a AND " +
			"postern_q.b = ANY (v.atts)) THEN pg_catalog.col_description(postern_q.a, postern_q.b) END " +
			"FROM (SELECT $1::pg_catalog.oid AS a, $2::pg_catalog.int4 AS b) AS postern_q)"
	case "pg_my_temp_schema/0":
		return "0::pg_catalog.oid"
	case "pg_is_other_temp_schema/1", "pg_relation_is_publishable/1":
		return "false"
	case "pg_has_role/2", "pg_has_role/3":
		return "true"
	case "pg_partition_ancestors/1":
		return "pg_catalog.unnest(ARRAY[$1::pg_catalog.oid])"
	}
	return silentTemplate(name)
}

// silentTemplate answers for functions whose answers would tell of values, expressions, sizes or use.
func silentTemplate(name string) string {
	switch name {
	case "pg_get_expr", "pg_get_viewdef", "pg_get_partkeydef", "pg_get_ruledef", "pg_get_triggerdef", "pg_get_functiondef",
		"pg_get_function_sqlbody", "pg_get_function_arg_default", "pg_get_statisticsobjdef", "pg_get_statisticsobjdef_columns",
		"pg_get_statisticsobjdef_expressions", "pg_tablespace_location", "pg_get_serial_sequence", "pg_get_partition_constraintdef", "shobj_description":
		return noText
	case "pg_relation_size", "pg_total_relation_size", "pg_table_size", "pg_indexes_size", "pg_database_size", "pg_tablespace_size",
		"pg_stat_get_numscans":
		return noNumber
	}
	return ""
}

// guarded calls a function of pg_catalog for an oid that the query lists, or that every server has.
func guarded(call, allowed, more string) string {
	return "(SELECT CASE WHEN postern_q.a < 16384 OR postern_q.a = ANY (ARRAY(" + allowed + ")) THEN pg_catalog." + call +
		" END FROM (SELECT $1::pg_catalog.oid AS a" + more + ") AS postern_q)"
}

// template puts an expression of ours in the place of a node. Its arguments were judged before.
func (r *resolver) template(n *pg.Node, text string, args ...*pg.Node) error {
	known, err := r.facts()
	if err != nil {
		return err
	}
	for _, arg := range args {
		if strings.Contains(text, "FROM (SELECT $1") && levelBound(arg.ProtoReflect()) {
			return pgerror.NotSupported("window functions and count(*) as arguments of a catalog function are not supported through Postern")
		}
	}
	if strings.Contains(text, "{inpath}") {
		if !r.path.known {
			return r.at(errPathUnknown, -1)
		}
		text = strings.ReplaceAll(text, "{inpath}", oidArray(known.inPath(r.path.schemas)))
	}
	tree, err := pg.Parse("SELECT " + known.macros.Replace(text))
	if err != nil {
		return fmt.Errorf("parsing an expression of the virtual catalogue: %w", err)
	}
	target := tree.Stmts[0].Stmt.GetSelectStmt().TargetList[0].GetResTarget()
	putArguments(target.ProtoReflect(), args)
	n.Node = target.Val.Node
	return nil
}

// levelBound finds what would belong to another level of the query if it were moved into a sub-select.
func levelBound(m protoreflect.Message) bool {
	if f, ok := m.Interface().(*pg.FuncCall); ok && (f.Over != nil || f.AggStar) {
		return true
	}
	found := false
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.Kind() != protoreflect.MessageKind:
		case f.IsList():
			for i, list := 0, v.List(); i < list.Len() && !found; i++ {
				found = levelBound(list.Get(i).Message())
			}
		default:
			found = levelBound(v.Message())
		}
		return !found
	})
	return found
}

// facts are what the person may see, and bind the result to how long that holds.
func (r *resolver) facts() (*facts, error) {
	known, err := r.rw.views.facts(r.req)
	if err == nil {
		r.until = earlier(r.until, known.until)
	}
	return known, err
}

// putArguments replaces $1 and so on.
func putArguments(m protoreflect.Message, args []*pg.Node) {
	if n, ok := m.Interface().(*pg.Node); ok {
		if p := n.GetParamRef(); p != nil {
			n.Node = args[p.Number-1].Node
			return
		}
	}
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.Kind() != protoreflect.MessageKind:
		case f.IsList():
			for i, list := 0, v.List(); i < list.Len(); i++ {
				putArguments(list.Get(i).Message(), args)
			}
		default:
			putArguments(v.Message(), args)
		}
		return true
	})
}

// catalogSystemColumn answers for two system columns of the virtual catalogue that clients read: tableoid, the oid of the catalogue
// itself, and xmin, by which they notice changes: it grows with each set of policies.
func (r *resolver) catalogSystemColumn(n *pg.Node, s *scope) (bool, error) {
	names, ok := stringList(n.GetColumnRef().GetFields())
	if !ok || len(names) == 0 || len(names) > 2 || names[len(names)-1] != "tableoid" && names[len(names)-1] != "xmin" {
		return false, nil
	}
	var it *item
	switch {
	case len(names) == 2:
		found := 0
		if it, found = s.alias("", names[0]); found != 1 {
			return false, nil
		}
	case s != nil && len(s.items) == 1:
		it = s.items[0]
	}
	if it == nil || len(it.columns) == 0 || len(it.columns[0].origins) != 1 || !it.columns[0].origins[0].use.view.catalog ||
		it.count(names[len(names)-1]) > 0 {
		return false, nil
	}
	if names[len(names)-1] == "tableoid" {
		t := it.columns[0].origins[0].use.view.decision.Table
		return true, r.template(n, systemRelation(t.Schema, t.Name))
	}
	return true, r.template(n, fmt.Sprintf("'%d'::pg_catalog.xid", 3+r.req.Program.Version()%1_000_000_000))
}

// hasPrivilege answers has_table_privilege and its like: reading what one sees is allowed, everything else is not. A constant name
// of a table that is hidden is as if absent.
func (r *resolver) hasPrivilege(n *pg.Node, name string, s *scope) error {
	f := n.GetFuncCall()
	if len(f.Args) < 2 {
		return r.allowFunction(f)
	}
	if err := r.exprs(s, f.Args...); err != nil {
		return err
	}
	wanted := constantText(f.Args[len(f.Args)-1])
	if wanted == nil {
		return r.at(pgerror.NotSupported("function %s is supported through Postern with a constant privilege only", name), f.Location)
	}
	first := 2
	if name == "has_column_privilege" {
		first = 3
	}
	switch name {
	case "has_table_privilege", "has_column_privilege", "has_any_column_privilege":
		if at := len(f.Args) - first; at >= 0 && at < len(f.Args) {
			if text := constantText(f.Args[at]); text != nil {
				if _, err := r.relationOID(*text, f.Location); err != nil {
					return err
				}
			}
		}
	}
	granted := false
	for _, word := range strings.Split(*wanted, ",") {
		switch strings.ToUpper(strings.TrimSpace(word)) {
		case "SELECT", "USAGE", "CONNECT", "EXECUTE":
			granted = true
		}
	}
	n.Node = boolConstant(granted).Node
	return nil
}

// constantText is the text of a string constant, with or without a cast to a text type; nil for anything else.
func constantText(n *pg.Node) *string {
	if cast := n.GetTypeCast(); cast != nil && isTextType(cast.TypeName) {
		n = cast.Arg
	}
	if c := n.GetAConst().GetSval(); c != nil {
		return &c.Sval
	}
	return nil
}

func isTextType(t *pg.TypeName) bool {
	name, ok := builtin(t.GetNames())
	return ok && len(t.ArrayBounds) == 0 && (name == "text" || name == "varchar" || name == "name")
}
