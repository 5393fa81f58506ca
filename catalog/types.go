package catalog

// SafeType reports whether a query may name the built-in type in a cast or a literal. name is that of pg_type ("int4",
// "bpchar") or the standard's spelling ("integer", "character varying"), without modifiers and array brackets.
//
// Out are the object identifier types (reg*: their input functions look names up in the catalogs), aclitem (role names),
// tid, cid and snapshots (physical state), refcursor, the planner's own types, pseudo-types, and every type that is not
// built in.
func SafeType(name string) bool {
	switch name {
	case "bool", "int2", "int4", "int8", "float4", "float8", "numeric", "money", "oid",
		"text", "varchar", "bpchar", "char", "name", "bytea", "bit", "varbit", "uuid",
		"date", "time", "timetz", "timestamp", "timestamptz", "interval",
		"json", "jsonb", "jsonpath", "xml", "tsvector", "tsquery",
		"inet", "cidr", "macaddr", "macaddr8",
		"point", "line", "lseg", "box", "path", "polygon", "circle", "pg_lsn", "xid", "xid8",
		"int4range", "int8range", "numrange", "daterange", "tsrange", "tstzrange",
		"int4multirange", "int8multirange", "nummultirange", "datemultirange", "tsmultirange", "tstzmultirange":
		return true
	case "boolean", "smallint", "integer", "bigint", "real", "double precision", "decimal",
		"character varying", "character", "bit varying",
		"time without time zone", "time with time zone", "timestamp without time zone", "timestamp with time zone":
		return true
	}
	return false
}
