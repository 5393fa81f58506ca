package rewrite

import "fmt"

// Results that say nothing.
const (
	noText   = "NULL::pg_catalog.text"
	noNumber = "NULL::pg_catalog.int8"
)

// catalogTemplate is the expression for a call, "" if there is none. $1 and so on are the arguments, each at most once and never
// where a name of ours could capture one of theirs: at the top, or in a select without FROM of its own.
func catalogTemplate(name string, arguments int) string {
	switch fmt.Sprintf("%s/%d", name, arguments) {
	case "pg_table_is_visible/1":
		// COALESCE keeps the planner from making a join of it, which it would run for each table.
		return "COALESCE($1::pg_catalog.oid IN (SELECT s.oid FROM pg_catalog.pg_class AS s WHERE s.relnamespace = 11 AND s.oid < 16384 " +
			"OR s.oid = ANY ({inpath}) UNION ALL SELECT i.indexrelid FROM pg_catalog.pg_index AS i " +
			"WHERE i.indrelid = ANY ({inpath}) AND i.indexrelid IN ({indexes})), NULL)"
	case "pg_type_is_visible/1":
		return "$1::pg_catalog.oid = ANY (ARRAY(SELECT s.oid FROM pg_catalog.pg_type AS s WHERE s.typnamespace = 11 AND s.oid < 16384))"
	case "pg_function_is_visible/1", "pg_operator_is_visible/1", "pg_opclass_is_visible/1", "pg_opfamily_is_visible/1",
		"pg_collation_is_visible/1", "pg_conversion_is_visible/1", "pg_statistics_obj_is_visible/1", "pg_ts_config_is_visible/1",
		"pg_ts_dict_is_visible/1", "pg_ts_parser_is_visible/1", "pg_ts_template_is_visible/1":
		return "$1::pg_catalog.oid < 16384::pg_catalog.oid"
	case "pg_get_userbyid/1":
		return "{user}"
	case "format_type/2":
		return "(SELECT CASE WHEN postern_q.a < 16384 OR postern_q.a IN ({types}) " +
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
	case "pg_my_temp_schema/0":
		return "0::pg_catalog.oid"
	case "pg_is_other_temp_schema/1", "pg_relation_is_publishable/1":
		return "false"
	case "pg_has_role/2", "pg_has_role/3":
		return "true"
	case "pg_partition_ancestors/1":
		return "pg_catalog.unnest(ARRAY[$1::pg_catalog.oid])"
	}
	if text := descriptionTemplate(name, arguments); text != "" {
		return text
	}
	if text := sessionTemplate(name, arguments); text != "" {
		return text
	}
	return silentTemplate(name)
}

// sessionTemplate answers for functions about the session, the server, types and access lists.
func sessionTemplate(name string, arguments int) string {
	switch fmt.Sprintf("%s/%d", name, arguments) {
	case "txid_current/0", "txid_current_if_assigned/0":
		return "{version}::pg_catalog.int8"
	case "pg_current_xact_id/0", "pg_current_xact_id_if_assigned/0":
		return "'{version}'::pg_catalog.xid8"
	case "pg_postmaster_start_time/0":
		return "pg_catalog.pg_postmaster_start_time()"
	case "to_regtype/1":
		return typeLookup
	case "pg_advisory_unlock_all/0":
		return "pg_catalog.pg_advisory_unlock_all()" // nobody has locks to keep: the functions that take them are refused
	case "aclexplode/1":
		// Role 10 is the person (pg_roles).
		return "pg_catalog.aclexplode(CASE WHEN pg_catalog.array_length($1::pg_catalog.text[], 1) > 0 THEN " +
			"ARRAY[pg_catalog.makeaclitem(10::pg_catalog.oid, 10::pg_catalog.oid, 'SELECT', false)] END)"
	case "pg_blocking_pids/1":
		return "CASE WHEN $1::pg_catalog.int4 IS NOT NULL THEN '{}'::pg_catalog.int4[] END"
	case "acldefault/2":
		return "NULL::pg_catalog.text[]"
	case "oidvectortypes/1":
		return "(SELECT CASE WHEN NOT EXISTS (SELECT FROM pg_catalog.unnest(postern_q.a::pg_catalog.oid[]) AS t(o) WHERE t.o >= 16384) " +
			"THEN pg_catalog.oidvectortypes(postern_q.a) END FROM (SELECT $1::pg_catalog.oidvector AS a) AS postern_q)"
	}
	return ""
}

// descriptionTemplate answers for comments. Large objects take any oid, so theirs are never shown.
func descriptionTemplate(name string, arguments int) string {
	switch fmt.Sprintf("%s/%d", name, arguments) {
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
	}
	return ""
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
	return "(SELECT CASE WHEN postern_q.a < 16384 OR postern_q.a IN (" + allowed + ") THEN pg_catalog." + call +
		" END FROM (SELECT $1::pg_catalog.oid AS a" + more + ") AS postern_q)"
}
