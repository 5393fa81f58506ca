-- The virtual catalogue: what a person is shown of pg_catalog and information_schema. A section is one relation, named by the
-- line that begins with "relation", and its View. What stands in braces is put in per person (facts.go):
--
--   {visible}      (relid, atts): the tables that the person may see, and the numbers of the columns that they may see there
--   {attributes}   the same as a condition on a.attrelid and a.attnum, for look-ups of one table after another
--   {statistics}   the same for tables without a row filter, and their columns without a mask
--   {indexes}      oids of the indexes that have visible columns only, and neither expressions nor a condition
--   {constraints}  oids of the primary, unique and foreign keys that have visible columns only, on both sides
--   {types}        oids of user-defined types of visible columns, but for row types of tables
--   {enums}        as an array: types of visible columns without a mask
--   {schemas}      as an array of names: those with a visible table, and the two catalogues
--   {settings}     as an array: settings that SHOW shows and that are the warehouse's own
--   {acl}          as an array of texts: the person may read
--   {cursors} {prepared}  (name, statement): the client's own texts of its cursors and prepared statements
--   {user} {database}  the person's name, and the name of the database that the client asked for
--
-- Objects with an oid below 16384 are those that every server is made with (manual, 66.2.2), so public. For all others holds: a
-- name, a number or a text that is not needed to read a visible table is NULL or a constant. So owners (10, which pg_roles says is
-- the person), access lists, statistics, defaults, checks, conditions, partition bounds, options, comments on what is hidden.
-- Columns of the object identifier types (regproc and its like) are given as oid: beside such a value a literal would be
-- looked up. Columns that only some versions have are constants, so that every View works on every version.

-- relation pg_class
SELECT c.oid, c.relname, c.relnamespace, c.reltype, 0::pg_catalog.oid AS reloftype, 10::pg_catalog.oid AS relowner, c.relam, 0::pg_catalog.oid AS relfilenode,
    c.reltablespace, 0::pg_catalog.int4 AS relpages, '-1'::pg_catalog.float4 AS reltuples, 0::pg_catalog.int4 AS relallvisible, 0::pg_catalog.int4 AS relallfrozen,
    0::pg_catalog.oid AS reltoastrelid, c.relkind IN ('r', 'p', 'm') AS relhasindex, c.relisshared, c.relpersistence, c.relkind,
    COALESCE(pg_catalog.cardinality(v.atts), c.relnatts)::pg_catalog.int2 AS relnatts, 0::pg_catalog.int2 AS relchecks, false AS relhasrules,
    c.relkind IN ('r', 'p') AS relhastriggers, false AS relhassubclass, false AS relrowsecurity, false AS relforcerowsecurity,
    c.relispopulated, c.relreplident, c.relispartition, 0::pg_catalog.oid AS relrewrite, '0'::pg_catalog.xid AS relfrozenxid, '0'::pg_catalog.xid AS relminmxid,
    {acl} AS relacl, NULL::pg_catalog.text[] AS reloptions, NULL::pg_catalog.text AS relpartbound
FROM pg_catalog.pg_class AS c LEFT JOIN {visible} AS v ON v.relid = c.oid
WHERE v.relid IS NOT NULL OR c.oid < 16384 OR c.oid IN ({indexes})

-- relation pg_attribute
SELECT a.attrelid, a.attname, a.atttypid, '-1'::pg_catalog.int4 AS attstattarget, a.attlen, a.attnum, a.attndims, '-1'::pg_catalog.int4 AS attcacheoff,
    a.atttypmod, a.attbyval, a.attalign, a.attstorage, a.attcompression, a.attnotnull, a.atthasdef, false AS atthasmissing,
    a.attidentity, a.attgenerated, a.attisdropped, a.attislocal, a.attinhcount, a.attcollation, NULL::pg_catalog.text[] AS attacl,
    NULL::pg_catalog.text[] AS attoptions, NULL::pg_catalog.text[] AS attfdwoptions, NULL::pg_catalog.text[] AS attmissingval
FROM pg_catalog.pg_attribute AS a WHERE {attributes} OR a.attrelid < 16384 OR a.attrelid IN ({indexes})

-- relation pg_namespace
SELECT n.oid, n.nspname, 10::pg_catalog.oid AS nspowner, NULL::pg_catalog.text[] AS nspacl
FROM pg_catalog.pg_namespace AS n WHERE n.nspname = ANY ({schemas})

-- relation pg_type
SELECT t.oid, t.typname, t.typnamespace, 10::pg_catalog.oid AS typowner, t.typlen, t.typbyval, t.typtype, t.typcategory, t.typispreferred,
    t.typisdefined, t.typdelim, t.typrelid, t.typsubscript::pg_catalog.oid AS typsubscript, t.typelem, t.typarray, t.typinput::pg_catalog.oid AS typinput,
    t.typoutput::pg_catalog.oid AS typoutput, t.typreceive::pg_catalog.oid AS typreceive, t.typsend::pg_catalog.oid AS typsend, t.typmodin::pg_catalog.oid AS typmodin,
    t.typmodout::pg_catalog.oid AS typmodout, t.typanalyze::pg_catalog.oid AS typanalyze, t.typalign, t.typstorage, t.typnotnull, t.typbasetype,
    t.typtypmod, t.typndims, t.typcollation, NULL::pg_catalog.text AS typdefaultbin, NULL::pg_catalog.text AS typdefault, NULL::pg_catalog.text[] AS typacl
FROM pg_catalog.pg_type AS t WHERE t.oid < 16384 OR t.oid IN ({types})

-- relation pg_range
SELECT r.rngtypid, r.rngsubtype, r.rngmultitypid, r.rngcollation, r.rngsubopc, r.rngcanonical::pg_catalog.oid AS rngcanonical,
    r.rngsubdiff::pg_catalog.oid AS rngsubdiff
FROM pg_catalog.pg_range AS r WHERE r.rngtypid < 16384

-- relation pg_enum
SELECT e.oid, e.enumtypid, e.enumsortorder, e.enumlabel
FROM pg_catalog.pg_enum AS e WHERE e.enumtypid = ANY ({enums})

-- relation pg_proc
SELECT p.oid, p.proname, p.pronamespace, 10::pg_catalog.oid AS proowner, p.prolang, p.procost, p.prorows, p.provariadic,
    p.prosupport::pg_catalog.oid AS prosupport, p.prokind, p.prosecdef, p.proleakproof, p.proisstrict, p.proretset, p.provolatile, p.proparallel,
    p.pronargs, p.pronargdefaults, p.prorettype, p.proargtypes, p.proallargtypes, p.proargmodes, p.proargnames,
    NULL::pg_catalog.text AS proargdefaults, p.protrftypes, p.prosrc, p.probin, NULL::pg_catalog.text AS prosqlbody, p.proconfig, NULL::pg_catalog.text[] AS proacl
FROM pg_catalog.pg_proc AS p WHERE p.oid < 16384

-- relation pg_aggregate
SELECT a.aggfnoid::pg_catalog.oid AS aggfnoid, a.aggkind, a.aggnumdirectargs, a.aggtransfn::pg_catalog.oid AS aggtransfn, a.aggfinalfn::pg_catalog.oid AS aggfinalfn,
    a.aggsortop, a.aggtranstype, a.agginitval
FROM pg_catalog.pg_aggregate AS a WHERE a.aggfnoid < 16384

-- relation pg_operator
SELECT o.oid, o.oprname, o.oprnamespace, 10::pg_catalog.oid AS oprowner, o.oprkind, o.oprcanmerge, o.oprcanhash, o.oprleft, o.oprright,
    o.oprresult, o.oprcom, o.oprnegate, o.oprcode::pg_catalog.oid AS oprcode, o.oprrest::pg_catalog.oid AS oprrest, o.oprjoin::pg_catalog.oid AS oprjoin
FROM pg_catalog.pg_operator AS o WHERE o.oid < 16384

-- relation pg_cast
SELECT c.oid, c.castsource, c.casttarget, c.castfunc, c.castcontext, c.castmethod
FROM pg_catalog.pg_cast AS c WHERE c.oid < 16384

-- relation pg_am
SELECT a.oid, a.amname, a.amhandler::pg_catalog.oid AS amhandler, a.amtype
FROM pg_catalog.pg_am AS a WHERE a.oid < 16384

-- relation pg_opclass
SELECT o.oid, o.opcmethod, o.opcname, o.opcnamespace, 10::pg_catalog.oid AS opcowner, o.opcfamily, o.opcintype, o.opcdefault, o.opckeytype
FROM pg_catalog.pg_opclass AS o WHERE o.oid < 16384

-- relation pg_opfamily
SELECT o.oid, o.opfmethod, o.opfname, o.opfnamespace, 10::pg_catalog.oid AS opfowner
FROM pg_catalog.pg_opfamily AS o WHERE o.oid < 16384

-- relation pg_collation
SELECT c.oid, c.collname, c.collnamespace, 10::pg_catalog.oid AS collowner, c.collprovider, c.collisdeterministic, c.collencoding, c.collcollate,
    c.collctype, NULL::pg_catalog.text AS colliculocale, NULL::pg_catalog.text AS colllocale, NULL::pg_catalog.text AS collicurules, c.collversion
FROM pg_catalog.pg_collation AS c WHERE c.oid < 16384

-- relation pg_conversion
SELECT c.oid, c.conname, c.connamespace, 10::pg_catalog.oid AS conowner, c.conforencoding, c.contoencoding, c.conproc::pg_catalog.oid AS conproc, c.condefault
FROM pg_catalog.pg_conversion AS c WHERE c.oid < 16384

-- relation pg_language
SELECT l.oid, l.lanname, 10::pg_catalog.oid AS lanowner, l.lanispl, l.lanpltrusted, l.lanplcallfoid, l.laninline, l.lanvalidator,
    NULL::pg_catalog.text[] AS lanacl
FROM pg_catalog.pg_language AS l WHERE l.oid < 16384

-- relation pg_ts_config
SELECT c.oid, c.cfgname, c.cfgnamespace, 10::pg_catalog.oid AS cfgowner, c.cfgparser FROM pg_catalog.pg_ts_config AS c WHERE c.oid < 16384

-- relation pg_ts_config_map
SELECT m.mapcfg, m.maptokentype, m.mapseqno, m.mapdict FROM pg_catalog.pg_ts_config_map AS m WHERE m.mapcfg < 16384 AND m.mapdict < 16384

-- relation pg_ts_dict
SELECT d.oid, d.dictname, d.dictnamespace, 10::pg_catalog.oid AS dictowner, d.dicttemplate, d.dictinitoption
FROM pg_catalog.pg_ts_dict AS d WHERE d.oid < 16384

-- relation pg_ts_parser
SELECT p.oid, p.prsname, p.prsnamespace, p.prsstart::pg_catalog.oid AS prsstart, p.prstoken::pg_catalog.oid AS prstoken,
    p.prsend::pg_catalog.oid AS prsend, p.prsheadline::pg_catalog.oid AS prsheadline, p.prslextype::pg_catalog.oid AS prslextype
FROM pg_catalog.pg_ts_parser AS p WHERE p.oid < 16384

-- relation pg_ts_template
SELECT t.oid, t.tmplname, t.tmplnamespace, t.tmplinit::pg_catalog.oid AS tmplinit, t.tmpllexize::pg_catalog.oid AS tmpllexize
FROM pg_catalog.pg_ts_template AS t WHERE t.oid < 16384

-- relation pg_extension
SELECT e.oid, e.extname, 10::pg_catalog.oid AS extowner, e.extnamespace, e.extrelocatable, e.extversion, NULL::pg_catalog.oid[] AS extconfig,
    NULL::pg_catalog.text[] AS extcondition
FROM pg_catalog.pg_extension AS e WHERE e.extname = 'plpgsql'

-- relation pg_tablespace
SELECT s.oid, s.spcname, 10::pg_catalog.oid AS spcowner, NULL::pg_catalog.text[] AS spcacl, NULL::pg_catalog.text[] AS spcoptions
FROM pg_catalog.pg_tablespace AS s WHERE s.oid < 16384

-- relation pg_database
SELECT d.oid, {database} AS datname, 10::pg_catalog.oid AS datdba, d.encoding, d.datlocprovider, d.datistemplate, d.datallowconn,
    '-1'::pg_catalog.int4 AS datconnlimit, '0'::pg_catalog.xid AS datfrozenxid, '0'::pg_catalog.xid AS datminmxid, d.dattablespace, d.datcollate, d.datctype,
    NULL::pg_catalog.text AS daticulocale, NULL::pg_catalog.text AS datlocale, NULL::pg_catalog.text AS daticurules, NULL::pg_catalog.text AS datcollversion, NULL::pg_catalog.text[] AS datacl
FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database()

-- relation pg_roles
SELECT {user} AS rolname, false AS rolsuper, true AS rolinherit, false AS rolcreaterole, false AS rolcreatedb, true AS rolcanlogin,
    false AS rolreplication, '-1'::pg_catalog.int4 AS rolconnlimit, '********'::pg_catalog.text AS rolpassword, NULL::pg_catalog.timestamptz AS rolvaliduntil,
    false AS rolbypassrls, NULL::pg_catalog.text[] AS rolconfig, 10::pg_catalog.oid AS oid

-- relation pg_user
SELECT {user} AS usename, 10::pg_catalog.oid AS usesysid, false AS usecreatedb, false AS usesuper, false AS userepl, false AS usebypassrls,
    '********'::pg_catalog.text AS passwd, NULL::pg_catalog.timestamptz AS valuntil, NULL::pg_catalog.text[] AS useconfig

-- relation pg_settings
SELECT s.name, s.setting, s.unit, s.category, s.short_desc, s.extra_desc, s.context, s.vartype, s.source, s.min_val, s.max_val,
    s.enumvals, s.boot_val, s.reset_val, NULL::pg_catalog.text AS sourcefile, NULL::pg_catalog.int4 AS sourceline, s.pending_restart
FROM pg_catalog.pg_settings AS s WHERE pg_catalog.lower(s.name) = ANY ({settings})

-- relation pg_index
SELECT i.indexrelid, i.indrelid, i.indnatts, i.indnkeyatts, i.indisunique, i.indnullsnotdistinct, i.indisprimary, i.indisexclusion,
    i.indimmediate, i.indisclustered, i.indisvalid, i.indcheckxmin, i.indisready, i.indislive, i.indisreplident, i.indkey,
    i.indcollation, i.indclass, i.indoption, NULL::pg_catalog.text AS indexprs, NULL::pg_catalog.text AS indpred
FROM pg_catalog.pg_index AS i WHERE i.indexrelid < 16384 OR i.indexrelid IN ({indexes})

-- relation pg_constraint
SELECT c.oid, c.conname, c.connamespace, c.contype, c.condeferrable, c.condeferred, true AS conenforced, c.convalidated, c.conrelid,
    c.contypid, c.conindid, c.conparentid, c.confrelid, c.confupdtype, c.confdeltype, c.confmatchtype, c.conislocal, c.coninhcount,
    c.connoinherit, false AS conperiod, c.conkey, c.confkey, c.conpfeqop, c.conppeqop, c.conffeqop, c.confdelsetcols, c.conexclop,
    NULL::pg_catalog.text AS conbin
FROM pg_catalog.pg_constraint AS c WHERE c.oid < 16384 OR c.oid IN ({constraints})

-- relation pg_attrdef
SELECT d.oid, d.adrelid, d.adnum, NULL::pg_catalog.text AS adbin
FROM pg_catalog.pg_attrdef AS d JOIN {visible} AS v ON v.relid = d.adrelid AND d.adnum = ANY (v.atts)

-- relation pg_inherits
SELECT i.inhrelid, i.inhparent, i.inhseqno, i.inhdetachpending
FROM pg_catalog.pg_inherits AS i JOIN {visible} AS v ON v.relid = i.inhrelid JOIN {visible} AS w ON w.relid = i.inhparent

-- relation pg_description
SELECT d.objoid, d.classoid, d.objsubid, d.description
FROM pg_catalog.pg_description AS d LEFT JOIN {visible} AS v ON d.classoid = 1259 AND v.relid = d.objoid
WHERE v.relid IS NOT NULL AND (d.objsubid = 0 OR d.objsubid = ANY (v.atts))
    OR d.classoid = 2615 AND d.objoid IN (SELECT n.oid FROM pg_catalog.pg_namespace AS n WHERE n.nspname = ANY ({schemas}))
    OR d.objoid < 16384 AND d.classoid NOT IN (2613, 2615)

-- relation pg_tables
SELECT n.nspname AS schemaname, c.relname AS tablename, {user} AS tableowner, NULL::pg_catalog.name AS tablespace, true AS hasindexes,
    false AS hasrules, false AS hastriggers, false AS rowsecurity
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace LEFT JOIN {visible} AS v ON v.relid = c.oid
WHERE c.relkind IN ('r', 'p') AND (v.relid IS NOT NULL OR c.oid < 16384)

-- relation pg_views
SELECT n.nspname AS schemaname, c.relname AS viewname, {user} AS viewowner, NULL::pg_catalog.text AS definition
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace LEFT JOIN {visible} AS v ON v.relid = c.oid
WHERE c.relkind = 'v' AND (v.relid IS NOT NULL OR c.oid < 16384)

-- relation pg_matviews
SELECT n.nspname AS schemaname, c.relname AS matviewname, {user} AS matviewowner, NULL::pg_catalog.name AS tablespace, true AS hasindexes,
    c.relispopulated AS ispopulated, NULL::pg_catalog.text AS definition
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace JOIN {visible} AS v ON v.relid = c.oid
WHERE c.relkind = 'm'

-- relation pg_indexes
SELECT n.nspname AS schemaname, c.relname AS tablename, x.relname AS indexname, NULL::pg_catalog.name AS tablespace,
    pg_catalog.pg_get_indexdef(i.indexrelid) AS indexdef
FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indrelid JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE i.indexrelid < 16384 OR i.indexrelid IN ({indexes})

-- relation information_schema.schemata
SELECT {database} AS catalog_name, n.nspname AS schema_name, {user} AS schema_owner, NULL::pg_catalog.name AS default_character_set_catalog,
    NULL::pg_catalog.name AS default_character_set_schema, NULL::pg_catalog.name AS default_character_set_name, NULL::pg_catalog.text AS sql_path
FROM pg_catalog.pg_namespace AS n WHERE n.nspname = ANY ({schemas})

-- relation information_schema.tables
SELECT {database} AS table_catalog, n.nspname AS table_schema, c.relname AS table_name,
    CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'f' THEN 'FOREIGN' ELSE 'BASE TABLE' END::pg_catalog.text AS table_type,
    NULL::pg_catalog.name AS self_referencing_column_name, NULL::pg_catalog.text AS reference_generation, NULL::pg_catalog.name AS user_defined_type_catalog,
    NULL::pg_catalog.name AS user_defined_type_schema, NULL::pg_catalog.name AS user_defined_type_name, 'NO'::pg_catalog.text AS is_insertable_into, 'NO'::pg_catalog.text AS is_typed,
    NULL::pg_catalog.text AS commit_action
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace LEFT JOIN {visible} AS v ON v.relid = c.oid
WHERE c.relkind IN ('r', 'p', 'v', 'f') AND n.nspname = ANY ({schemas}) AND (v.relid IS NOT NULL OR c.oid < 16384)

-- relation information_schema.columns
SELECT {database} AS table_catalog, s.table_schema, s.table_name, s.column_name, s.ordinal_position, NULL::pg_catalog.text AS column_default,
    s.is_nullable, s.data_type, s.character_maximum_length, s.character_octet_length, s.numeric_precision, s.numeric_precision_radix,
    s.numeric_scale, s.datetime_precision, s.interval_type, s.interval_precision, s.character_set_catalog, s.character_set_schema,
    s.character_set_name, CASE WHEN s.collation_name IS NOT NULL THEN {database} END AS collation_catalog, s.collation_schema,
    s.collation_name, NULL::pg_catalog.name AS domain_catalog, NULL::pg_catalog.name AS domain_schema, NULL::pg_catalog.name AS domain_name, {database} AS udt_catalog,
    CASE WHEN a.atttypid < 16384 OR a.atttypid IN ({types}) THEN s.udt_schema END AS udt_schema,
    CASE WHEN a.atttypid < 16384 OR a.atttypid IN ({types}) THEN s.udt_name END AS udt_name,
    s.scope_catalog, s.scope_schema, s.scope_name, s.maximum_cardinality, s.dtd_identifier, s.is_self_referencing, s.is_identity,
    s.identity_generation, NULL::pg_catalog.text AS identity_start, NULL::pg_catalog.text AS identity_increment, NULL::pg_catalog.text AS identity_maximum,
    NULL::pg_catalog.text AS identity_minimum, s.identity_cycle, s.is_generated, NULL::pg_catalog.text AS generation_expression, 'NO'::pg_catalog.text AS is_updatable
FROM information_schema.columns AS s JOIN pg_catalog.pg_namespace AS n ON n.nspname = s.table_schema
    JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = s.table_name
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attname = s.column_name
    LEFT JOIN {visible} AS v ON v.relid = c.oid AND a.attnum = ANY (v.atts)
WHERE n.nspname = ANY ({schemas}) AND (v.relid IS NOT NULL OR c.oid < 16384)

-- relation information_schema.views
SELECT {database} AS table_catalog, n.nspname AS table_schema, c.relname AS table_name, NULL::pg_catalog.text AS view_definition,
    'NONE'::pg_catalog.text AS check_option, 'NO'::pg_catalog.text AS is_updatable, 'NO'::pg_catalog.text AS is_insertable_into, 'NO'::pg_catalog.text AS is_trigger_updatable,
    'NO'::pg_catalog.text AS is_trigger_deletable, 'NO'::pg_catalog.text AS is_trigger_insertable_into
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace LEFT JOIN {visible} AS v ON v.relid = c.oid
WHERE c.relkind = 'v' AND n.nspname = ANY ({schemas}) AND (v.relid IS NOT NULL OR c.oid < 16384)

-- relation information_schema.table_constraints
SELECT {database} AS constraint_catalog, n.nspname AS constraint_schema, k.conname AS constraint_name, {database} AS table_catalog,
    n.nspname AS table_schema, c.relname AS table_name,
    CASE k.contype WHEN 'p' THEN 'PRIMARY KEY' WHEN 'u' THEN 'UNIQUE' ELSE 'FOREIGN KEY' END::pg_catalog.text AS constraint_type,
    CASE WHEN k.condeferrable THEN 'YES' ELSE 'NO' END::pg_catalog.text AS is_deferrable,
    CASE WHEN k.condeferred THEN 'YES' ELSE 'NO' END::pg_catalog.text AS initially_deferred, 'YES'::pg_catalog.text AS enforced, NULL::pg_catalog.text AS nulls_distinct
FROM pg_catalog.pg_constraint AS k JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE k.oid IN ({constraints})

-- relation information_schema.key_column_usage
SELECT {database} AS constraint_catalog, n.nspname AS constraint_schema, k.conname AS constraint_name, {database} AS table_catalog,
    n.nspname AS table_schema, c.relname AS table_name, a.attname AS column_name, p.position::pg_catalog.int4 AS ordinal_position,
    CASE WHEN k.contype = 'f' THEN pg_catalog.array_position(u.conkey, k.confkey[p.position]) END::pg_catalog.int4 AS position_in_unique_constraint
FROM pg_catalog.pg_constraint AS k JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    CROSS JOIN LATERAL pg_catalog.generate_series(1, pg_catalog.array_length(k.conkey, 1)) AS p(position)
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[p.position]
    LEFT JOIN pg_catalog.pg_constraint AS u ON k.contype = 'f' AND u.conrelid = k.confrelid AND u.conindid = k.conindid
        AND u.contype IN ('p', 'u')
WHERE k.oid IN ({constraints})

-- relation information_schema.constraint_column_usage
SELECT {database} AS table_catalog, n.nspname AS table_schema, c.relname AS table_name, a.attname AS column_name,
    {database} AS constraint_catalog, n.nspname AS constraint_schema, k.conname AS constraint_name
FROM pg_catalog.pg_constraint AS k
    JOIN pg_catalog.pg_class AS c ON c.oid = CASE k.contype WHEN 'f' THEN k.confrelid ELSE k.conrelid END
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = ANY (CASE k.contype WHEN 'f' THEN k.confkey ELSE k.conkey END)
WHERE k.oid IN ({constraints})

-- relation information_schema.referential_constraints
SELECT {database} AS constraint_catalog, n.nspname AS constraint_schema, k.conname AS constraint_name,
    {database} AS unique_constraint_catalog, m.nspname AS unique_constraint_schema, u.conname AS unique_constraint_name,
    CASE k.confmatchtype WHEN 'f' THEN 'FULL' WHEN 'p' THEN 'PARTIAL' ELSE 'NONE' END::pg_catalog.text AS match_option,
    CASE k.confupdtype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' WHEN 'r' THEN 'RESTRICT' ELSE 'NO ACTION' END::pg_catalog.text AS update_rule,
    CASE k.confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' WHEN 'r' THEN 'RESTRICT' ELSE 'NO ACTION' END::pg_catalog.text AS delete_rule
FROM pg_catalog.pg_constraint AS k JOIN pg_catalog.pg_namespace AS n ON n.oid = k.connamespace
    LEFT JOIN pg_catalog.pg_constraint AS u ON u.conrelid = k.confrelid AND u.conindid = k.conindid AND u.contype IN ('p', 'u')
        AND u.oid IN ({constraints})
    LEFT JOIN pg_catalog.pg_namespace AS m ON m.oid = u.connamespace
WHERE k.contype = 'f' AND k.oid IN ({constraints})

-- relation information_schema.character_sets
SELECT NULL::pg_catalog.name AS character_set_catalog, NULL::pg_catalog.name AS character_set_schema, 'UTF8'::pg_catalog.name AS character_set_name,
    'UCS'::pg_catalog.name AS character_repertoire, 'UTF8'::pg_catalog.name AS form_of_use, {database} AS default_collate_catalog,
    NULL::pg_catalog.name AS default_collate_schema, NULL::pg_catalog.name AS default_collate_name

-- relation information_schema.enabled_roles
SELECT {user} AS role_name

-- Relations that are shown without rows.

-- relation information_schema.applicable_roles
SELECT NULL::pg_catalog.name AS grantee, NULL::pg_catalog.name AS role_name, NULL::pg_catalog.text AS is_grantable WHERE false

-- relation information_schema.check_constraints
SELECT NULL::pg_catalog.name AS constraint_catalog, NULL::pg_catalog.name AS constraint_schema, NULL::pg_catalog.name AS constraint_name,
    NULL::pg_catalog.text AS check_clause WHERE false

-- relation information_schema.column_privileges
SELECT NULL::pg_catalog.name AS grantor, NULL::pg_catalog.name AS grantee, NULL::pg_catalog.name AS table_catalog, NULL::pg_catalog.name AS
    table_schema, NULL::pg_catalog.name AS table_name, NULL::pg_catalog.name AS column_name, NULL::pg_catalog.text AS privilege_type,
    NULL::pg_catalog.text AS is_grantable WHERE false

-- relation information_schema.domains
SELECT NULL::pg_catalog.name AS domain_catalog, NULL::pg_catalog.name AS domain_schema, NULL::pg_catalog.name AS domain_name, NULL::pg_catalog.text AS
    data_type, NULL::pg_catalog.int4 AS character_maximum_length, NULL::pg_catalog.int4 AS character_octet_length, NULL::pg_catalog.name AS
    character_set_catalog, NULL::pg_catalog.name AS character_set_schema, NULL::pg_catalog.name AS character_set_name, NULL::pg_catalog.name AS
    collation_catalog, NULL::pg_catalog.name AS collation_schema, NULL::pg_catalog.name AS collation_name, NULL::pg_catalog.int4 AS numeric_precision,
    NULL::pg_catalog.int4 AS numeric_precision_radix, NULL::pg_catalog.int4 AS numeric_scale, NULL::pg_catalog.int4 AS datetime_precision,
    NULL::pg_catalog.text AS interval_type, NULL::pg_catalog.int4 AS interval_precision, NULL::pg_catalog.text AS domain_default,
    NULL::pg_catalog.name AS udt_catalog, NULL::pg_catalog.name AS udt_schema, NULL::pg_catalog.name AS udt_name, NULL::pg_catalog.name AS
    scope_catalog, NULL::pg_catalog.name AS scope_schema, NULL::pg_catalog.name AS scope_name, NULL::pg_catalog.int4 AS maximum_cardinality,
    NULL::pg_catalog.name AS dtd_identifier WHERE false

-- relation information_schema.element_types
SELECT NULL::pg_catalog.name AS object_catalog, NULL::pg_catalog.name AS object_schema, NULL::pg_catalog.name AS object_name, NULL::pg_catalog.text AS
    object_type, NULL::pg_catalog.name AS collection_type_identifier, NULL::pg_catalog.text AS data_type, NULL::pg_catalog.int4 AS
    character_maximum_length, NULL::pg_catalog.int4 AS character_octet_length, NULL::pg_catalog.name AS character_set_catalog, NULL::pg_catalog.name
    AS character_set_schema, NULL::pg_catalog.name AS character_set_name, NULL::pg_catalog.name AS collation_catalog, NULL::pg_catalog.name AS
    collation_schema, NULL::pg_catalog.name AS collation_name, NULL::pg_catalog.int4 AS numeric_precision, NULL::pg_catalog.int4 AS
    numeric_precision_radix, NULL::pg_catalog.int4 AS numeric_scale, NULL::pg_catalog.int4 AS datetime_precision, NULL::pg_catalog.text AS
    interval_type, NULL::pg_catalog.int4 AS interval_precision, NULL::pg_catalog.text AS domain_default, NULL::pg_catalog.name AS udt_catalog,
    NULL::pg_catalog.name AS udt_schema, NULL::pg_catalog.name AS udt_name, NULL::pg_catalog.name AS scope_catalog, NULL::pg_catalog.name AS
    scope_schema, NULL::pg_catalog.name AS scope_name, NULL::pg_catalog.int4 AS maximum_cardinality, NULL::pg_catalog.name AS dtd_identifier WHERE
    false

-- relation information_schema.parameters
SELECT NULL::pg_catalog.name AS specific_catalog, NULL::pg_catalog.name AS specific_schema, NULL::pg_catalog.name AS specific_name,
    NULL::pg_catalog.int4 AS ordinal_position, NULL::pg_catalog.text AS parameter_mode, NULL::pg_catalog.text AS is_result, NULL::pg_catalog.text AS
    as_locator, NULL::pg_catalog.name AS parameter_name, NULL::pg_catalog.text AS data_type, NULL::pg_catalog.int4 AS character_maximum_length,
    NULL::pg_catalog.int4 AS character_octet_length, NULL::pg_catalog.name AS character_set_catalog, NULL::pg_catalog.name AS character_set_schema,
    NULL::pg_catalog.name AS character_set_name, NULL::pg_catalog.name AS collation_catalog, NULL::pg_catalog.name AS collation_schema,
    NULL::pg_catalog.name AS collation_name, NULL::pg_catalog.int4 AS numeric_precision, NULL::pg_catalog.int4 AS numeric_precision_radix,
    NULL::pg_catalog.int4 AS numeric_scale, NULL::pg_catalog.int4 AS datetime_precision, NULL::pg_catalog.text AS interval_type, NULL::pg_catalog.int4
    AS interval_precision, NULL::pg_catalog.name AS udt_catalog, NULL::pg_catalog.name AS udt_schema, NULL::pg_catalog.name AS udt_name,
    NULL::pg_catalog.name AS scope_catalog, NULL::pg_catalog.name AS scope_schema, NULL::pg_catalog.name AS scope_name, NULL::pg_catalog.int4 AS
    maximum_cardinality, NULL::pg_catalog.name AS dtd_identifier, NULL::pg_catalog.text AS parameter_default WHERE false

-- relation information_schema.role_table_grants
SELECT NULL::pg_catalog.name AS grantor, NULL::pg_catalog.name AS grantee, NULL::pg_catalog.name AS table_catalog, NULL::pg_catalog.name AS
    table_schema, NULL::pg_catalog.name AS table_name, NULL::pg_catalog.text AS privilege_type, NULL::pg_catalog.text AS is_grantable,
    NULL::pg_catalog.text AS with_hierarchy WHERE false

-- relation information_schema.routine_privileges
SELECT NULL::pg_catalog.name AS grantor, NULL::pg_catalog.name AS grantee, NULL::pg_catalog.name AS specific_catalog, NULL::pg_catalog.name AS
    specific_schema, NULL::pg_catalog.name AS specific_name, NULL::pg_catalog.name AS routine_catalog, NULL::pg_catalog.name AS routine_schema,
    NULL::pg_catalog.name AS routine_name, NULL::pg_catalog.text AS privilege_type, NULL::pg_catalog.text AS is_grantable WHERE false

-- relation information_schema.routines
SELECT NULL::pg_catalog.name AS specific_catalog, NULL::pg_catalog.name AS specific_schema, NULL::pg_catalog.name AS specific_name,
    NULL::pg_catalog.name AS routine_catalog, NULL::pg_catalog.name AS routine_schema, NULL::pg_catalog.name AS routine_name, NULL::pg_catalog.text AS
    routine_type, NULL::pg_catalog.name AS module_catalog, NULL::pg_catalog.name AS module_schema, NULL::pg_catalog.name AS module_name,
    NULL::pg_catalog.name AS udt_catalog, NULL::pg_catalog.name AS udt_schema, NULL::pg_catalog.name AS udt_name, NULL::pg_catalog.text AS data_type,
    NULL::pg_catalog.int4 AS character_maximum_length, NULL::pg_catalog.int4 AS character_octet_length, NULL::pg_catalog.name AS
    character_set_catalog, NULL::pg_catalog.name AS character_set_schema, NULL::pg_catalog.name AS character_set_name, NULL::pg_catalog.name AS
    collation_catalog, NULL::pg_catalog.name AS collation_schema, NULL::pg_catalog.name AS collation_name, NULL::pg_catalog.int4 AS numeric_precision,
    NULL::pg_catalog.int4 AS numeric_precision_radix, NULL::pg_catalog.int4 AS numeric_scale, NULL::pg_catalog.int4 AS datetime_precision,
    NULL::pg_catalog.text AS interval_type, NULL::pg_catalog.int4 AS interval_precision, NULL::pg_catalog.name AS type_udt_catalog,
    NULL::pg_catalog.name AS type_udt_schema, NULL::pg_catalog.name AS type_udt_name, NULL::pg_catalog.name AS scope_catalog, NULL::pg_catalog.name AS
    scope_schema, NULL::pg_catalog.name AS scope_name, NULL::pg_catalog.int4 AS maximum_cardinality, NULL::pg_catalog.name AS dtd_identifier,
    NULL::pg_catalog.text AS routine_body, NULL::pg_catalog.text AS routine_definition, NULL::pg_catalog.text AS external_name, NULL::pg_catalog.text
    AS external_language, NULL::pg_catalog.text AS parameter_style, NULL::pg_catalog.text AS is_deterministic, NULL::pg_catalog.text AS
    sql_data_access, NULL::pg_catalog.text AS is_null_call, NULL::pg_catalog.text AS sql_path, NULL::pg_catalog.text AS schema_level_routine,
    NULL::pg_catalog.int4 AS max_dynamic_result_sets, NULL::pg_catalog.text AS is_user_defined_cast, NULL::pg_catalog.text AS is_implicitly_invocable,
    NULL::pg_catalog.text AS security_type, NULL::pg_catalog.name AS to_sql_specific_catalog, NULL::pg_catalog.name AS to_sql_specific_schema,
    NULL::pg_catalog.name AS to_sql_specific_name, NULL::pg_catalog.text AS as_locator, NULL::pg_catalog.text AS created, NULL::pg_catalog.text AS
    last_altered, NULL::pg_catalog.text AS new_savepoint_level, NULL::pg_catalog.text AS is_udt_dependent, NULL::pg_catalog.text AS
    result_cast_from_data_type, NULL::pg_catalog.text AS result_cast_as_locator, NULL::pg_catalog.int4 AS result_cast_char_max_length,
    NULL::pg_catalog.int4 AS result_cast_char_octet_length, NULL::pg_catalog.name AS result_cast_char_set_catalog, NULL::pg_catalog.name AS
    result_cast_char_set_schema, NULL::pg_catalog.name AS result_cast_char_set_name, NULL::pg_catalog.name AS result_cast_collation_catalog,
    NULL::pg_catalog.name AS result_cast_collation_schema, NULL::pg_catalog.name AS result_cast_collation_name, NULL::pg_catalog.int4 AS
    result_cast_numeric_precision, NULL::pg_catalog.int4 AS result_cast_numeric_precision_radix, NULL::pg_catalog.int4 AS result_cast_numeric_scale,
    NULL::pg_catalog.int4 AS result_cast_datetime_precision, NULL::pg_catalog.text AS result_cast_interval_type, NULL::pg_catalog.int4 AS
    result_cast_interval_precision, NULL::pg_catalog.name AS result_cast_type_udt_catalog, NULL::pg_catalog.name AS result_cast_type_udt_schema,
    NULL::pg_catalog.name AS result_cast_type_udt_name, NULL::pg_catalog.name AS result_cast_scope_catalog, NULL::pg_catalog.name AS
    result_cast_scope_schema, NULL::pg_catalog.name AS result_cast_scope_name, NULL::pg_catalog.int4 AS result_cast_maximum_cardinality,
    NULL::pg_catalog.name AS result_cast_dtd_identifier WHERE false

-- relation information_schema.sequences
SELECT NULL::pg_catalog.name AS sequence_catalog, NULL::pg_catalog.name AS sequence_schema, NULL::pg_catalog.name AS sequence_name,
    NULL::pg_catalog.text AS data_type, NULL::pg_catalog.int4 AS numeric_precision, NULL::pg_catalog.int4 AS numeric_precision_radix,
    NULL::pg_catalog.int4 AS numeric_scale, NULL::pg_catalog.text AS start_value, NULL::pg_catalog.text AS minimum_value, NULL::pg_catalog.text AS
    maximum_value, NULL::pg_catalog.text AS increment, NULL::pg_catalog.text AS cycle_option WHERE false

-- relation information_schema.table_privileges
SELECT NULL::pg_catalog.name AS grantor, NULL::pg_catalog.name AS grantee, NULL::pg_catalog.name AS table_catalog, NULL::pg_catalog.name AS
    table_schema, NULL::pg_catalog.name AS table_name, NULL::pg_catalog.text AS privilege_type, NULL::pg_catalog.text AS is_grantable,
    NULL::pg_catalog.text AS with_hierarchy WHERE false

-- relation information_schema.triggers
SELECT NULL::pg_catalog.name AS trigger_catalog, NULL::pg_catalog.name AS trigger_schema, NULL::pg_catalog.name AS trigger_name, NULL::pg_catalog.text
    AS event_manipulation, NULL::pg_catalog.name AS event_object_catalog, NULL::pg_catalog.name AS event_object_schema, NULL::pg_catalog.name AS
    event_object_table, NULL::pg_catalog.int4 AS action_order, NULL::pg_catalog.text AS action_condition, NULL::pg_catalog.text AS action_statement,
    NULL::pg_catalog.text AS action_orientation, NULL::pg_catalog.text AS action_timing, NULL::pg_catalog.name AS action_reference_old_table,
    NULL::pg_catalog.name AS action_reference_new_table, NULL::pg_catalog.name AS action_reference_old_row, NULL::pg_catalog.name AS
    action_reference_new_row, NULL::pg_catalog.text AS created WHERE false

-- relation information_schema.usage_privileges
SELECT NULL::pg_catalog.name AS grantor, NULL::pg_catalog.name AS grantee, NULL::pg_catalog.name AS object_catalog, NULL::pg_catalog.name AS
    object_schema, NULL::pg_catalog.name AS object_name, NULL::pg_catalog.text AS object_type, NULL::pg_catalog.text AS privilege_type,
    NULL::pg_catalog.text AS is_grantable WHERE false

-- relation information_schema.view_table_usage
SELECT NULL::pg_catalog.name AS view_catalog, NULL::pg_catalog.name AS view_schema, NULL::pg_catalog.name AS view_name, NULL::pg_catalog.name AS
    table_catalog, NULL::pg_catalog.name AS table_schema, NULL::pg_catalog.name AS table_name WHERE false

-- relation pg_auth_members
SELECT NULL::pg_catalog.oid AS roleid, NULL::pg_catalog.oid AS member, NULL::pg_catalog.oid AS grantor, NULL::pg_catalog.bool AS admin_option WHERE false

-- relation pg_available_extensions
SELECT NULL::pg_catalog.name AS name, NULL::pg_catalog.text AS default_version, NULL::pg_catalog.text AS installed_version, NULL::pg_catalog.text AS
    comment WHERE false

-- relation pg_db_role_setting
SELECT NULL::pg_catalog.oid AS setdatabase, NULL::pg_catalog.oid AS setrole, NULL::pg_catalog.text[] AS setconfig WHERE false

-- relation pg_default_acl
SELECT NULL::pg_catalog.oid AS oid, NULL::pg_catalog.oid AS defaclrole, NULL::pg_catalog.oid AS defaclnamespace, NULL::pg_catalog."char" AS
    defaclobjtype, NULL::pg_catalog.text[] AS defaclacl WHERE false

-- relation pg_depend
SELECT NULL::pg_catalog.oid AS classid, NULL::pg_catalog.oid AS objid, NULL::pg_catalog.int4 AS objsubid, NULL::pg_catalog.oid AS refclassid,
    NULL::pg_catalog.oid AS refobjid, NULL::pg_catalog.int4 AS refobjsubid, NULL::pg_catalog."char" AS deptype WHERE false

-- relation pg_event_trigger
SELECT NULL::pg_catalog.oid AS oid, NULL::pg_catalog.name AS evtname, NULL::pg_catalog.name AS evtevent, NULL::pg_catalog.oid AS evtowner,
    NULL::pg_catalog.oid AS evtfoid, NULL::pg_catalog."char" AS evtenabled, NULL::pg_catalog.text[] AS evttags WHERE false

-- relation pg_foreign_data_wrapper
SELECT NULL::pg_catalog.oid AS oid, NULL::pg_catalog.name AS fdwname, NULL::pg_catalog.oid AS fdwowner, NULL::pg_catalog.oid AS fdwhandler,
    NULL::pg_catalog.oid AS fdwvalidator, NULL::pg_catalog.text[] AS fdwacl, NULL::pg_catalog.text[] AS fdwoptions WHERE false

-- relation pg_foreign_server
SELECT NULL::pg_catalog.oid AS oid, NULL::pg_catalog.name AS srvname, NULL::pg_catalog.oid AS srvowner, NULL::pg_catalog.oid AS srvfdw,
    NULL::pg_catalog.text AS srvtype, NULL::pg_catalog.text AS srvversion, NULL::pg_catalog.text[] AS srvacl, NULL::pg_catalog.text[] AS srvoptions
    WHERE false

-- relation pg_foreign_table
SELECT NULL::pg_catalog.oid AS ftrelid, NULL::pg_catalog.oid AS ftserver, NULL::pg_catalog.text[] AS ftoptions WHERE false

-- relation pg_partitioned_table
SELECT NULL::pg_catalog.oid AS partrelid, NULL::pg_catalog."char" AS partstrat, NULL::pg_catalog.int2 AS partnatts, NULL::pg_catalog.oid AS partdefid,
    NULL::pg_catalog.int2vector AS partattrs, NULL::pg_catalog.oidvector AS partclass, NULL::pg_catalog.oidvector AS partcollation,
    NULL::pg_catalog.text AS partexprs WHERE false

-- relation pg_policies
SELECT NULL::pg_catalog.name AS schemaname, NULL::pg_catalog.name AS tablename, NULL::pg_catalog.name AS policyname, NULL::pg_catalog.text AS
    permissive, NULL::pg_catalog.name[] AS roles, NULL::pg_catalog.text AS cmd, NULL::pg_catalog.text AS qual, NULL::pg_catalog.text AS with_check
    WHERE false

-- relation pg_policy
SELECT NULL::pg_catalog.oid AS oid, NULL::pg_catalog.name AS polname, NULL::pg_catalog.oid AS polrelid, NULL::pg_catalog."char" AS polcmd,
    NULL::pg_catalog.bool AS polpermissive, NULL::pg_catalog.oid[] AS polroles, NULL::pg_catalog.text AS polqual, NULL::pg_catalog.text AS
    polwithcheck WHERE false

-- relation pg_publication
SELECT NULL::pg_catalog.oid AS oid, NULL::pg_catalog.name AS pubname, NULL::pg_catalog.oid AS pubowner, NULL::pg_catalog.bool AS puballtables,
    NULL::pg_catalog.bool AS pubinsert, NULL::pg_catalog.bool AS pubupdate, NULL::pg_catalog.bool AS pubdelete, NULL::pg_catalog.bool AS pubtruncate,
    NULL::pg_catalog.bool AS pubviaroot WHERE false

-- relation pg_publication_namespace
SELECT NULL::pg_catalog.oid AS oid, NULL::pg_catalog.oid AS pnpubid, NULL::pg_catalog.oid AS pnnspid WHERE false

-- relation pg_publication_rel
SELECT NULL::pg_catalog.oid AS oid, NULL::pg_catalog.oid AS prpubid, NULL::pg_catalog.oid AS prrelid, NULL::pg_catalog.text AS prqual,
    NULL::pg_catalog.int2vector AS prattrs WHERE false

-- relation pg_publication_tables
SELECT NULL::pg_catalog.name AS pubname, NULL::pg_catalog.name AS schemaname, NULL::pg_catalog.name AS tablename, NULL::pg_catalog.name[] AS attnames,
    NULL::pg_catalog.text AS rowfilter WHERE false

-- relation pg_replication_slots
SELECT NULL::pg_catalog.name AS slot_name, NULL::pg_catalog.name AS plugin, NULL::pg_catalog.text AS slot_type, NULL::pg_catalog.oid AS datoid,
    NULL::pg_catalog.name AS database, NULL::pg_catalog.bool AS temporary, NULL::pg_catalog.bool AS active, NULL::pg_catalog.int4 AS active_pid,
    NULL::pg_catalog.text AS xmin, NULL::pg_catalog.text AS catalog_xmin, NULL::pg_lsn AS restart_lsn, NULL::pg_lsn AS confirmed_flush_lsn,
    NULL::pg_catalog.text AS wal_status, NULL::pg_catalog.int8 AS safe_wal_size, NULL::pg_catalog.bool AS two_phase WHERE false

-- relation pg_rewrite
SELECT NULL::pg_catalog.oid AS oid, NULL::pg_catalog.name AS rulename, NULL::pg_catalog.oid AS ev_class, NULL::pg_catalog."char" AS ev_type,
    NULL::pg_catalog."char" AS ev_enabled, NULL::pg_catalog.bool AS is_instead, NULL::pg_catalog.text AS ev_qual,
    NULL::pg_catalog.text AS ev_action WHERE false

-- relation pg_rules
SELECT NULL::pg_catalog.name AS schemaname, NULL::pg_catalog.name AS tablename, NULL::pg_catalog.name AS rulename, NULL::pg_catalog.text AS definition
    WHERE false

-- relation pg_sequence
SELECT NULL::pg_catalog.oid AS seqrelid, NULL::pg_catalog.oid AS seqtypid, NULL::pg_catalog.int8 AS seqstart, NULL::pg_catalog.int8 AS seqincrement,
    NULL::pg_catalog.int8 AS seqmax, NULL::pg_catalog.int8 AS seqmin, NULL::pg_catalog.int8 AS seqcache, NULL::pg_catalog.bool AS seqcycle WHERE false

-- relation pg_sequences
SELECT NULL::pg_catalog.name AS schemaname, NULL::pg_catalog.name AS sequencename, NULL::pg_catalog.name AS sequenceowner, NULL::pg_catalog.text AS
    data_type, NULL::pg_catalog.int8 AS start_value, NULL::pg_catalog.int8 AS min_value, NULL::pg_catalog.int8 AS max_value, NULL::pg_catalog.int8 AS
    increment_by, NULL::pg_catalog.bool AS cycle, NULL::pg_catalog.int8 AS cache_size, NULL::pg_catalog.int8 AS last_value WHERE false

-- relation pg_shdescription
SELECT NULL::pg_catalog.oid AS objoid, NULL::pg_catalog.oid AS classoid, NULL::pg_catalog.text AS description WHERE false

-- relation pg_stat_all_tables
SELECT NULL::pg_catalog.oid AS relid, NULL::pg_catalog.name AS schemaname, NULL::pg_catalog.name AS relname, NULL::pg_catalog.int8 AS seq_scan,
    NULL::pg_catalog.int8 AS seq_tup_read, NULL::pg_catalog.int8 AS idx_scan, NULL::pg_catalog.int8 AS idx_tup_fetch, NULL::pg_catalog.int8 AS
    n_tup_ins, NULL::pg_catalog.int8 AS n_tup_upd, NULL::pg_catalog.int8 AS n_tup_del, NULL::pg_catalog.int8 AS n_tup_hot_upd, NULL::pg_catalog.int8
    AS n_live_tup, NULL::pg_catalog.int8 AS n_dead_tup, NULL::pg_catalog.int8 AS n_mod_since_analyze, NULL::pg_catalog.int8 AS n_ins_since_vacuum,
    NULL::pg_catalog.timestamptz AS last_vacuum, NULL::pg_catalog.timestamptz AS last_autovacuum, NULL::pg_catalog.timestamptz AS last_analyze,
    NULL::pg_catalog.timestamptz AS last_autoanalyze, NULL::pg_catalog.int8 AS vacuum_count, NULL::pg_catalog.int8 AS autovacuum_count,
    NULL::pg_catalog.int8 AS analyze_count, NULL::pg_catalog.int8 AS autoanalyze_count WHERE false

-- relation pg_stat_user_indexes
SELECT NULL::pg_catalog.oid AS relid, NULL::pg_catalog.oid AS indexrelid, NULL::pg_catalog.name AS schemaname, NULL::pg_catalog.name AS relname,
    NULL::pg_catalog.name AS indexrelname, NULL::pg_catalog.int8 AS idx_scan, NULL::pg_catalog.int8 AS idx_tup_read, NULL::pg_catalog.int8 AS
    idx_tup_fetch WHERE false

-- relation pg_stat_user_tables
SELECT NULL::pg_catalog.oid AS relid, NULL::pg_catalog.name AS schemaname, NULL::pg_catalog.name AS relname, NULL::pg_catalog.int8 AS seq_scan,
    NULL::pg_catalog.int8 AS seq_tup_read, NULL::pg_catalog.int8 AS idx_scan, NULL::pg_catalog.int8 AS idx_tup_fetch, NULL::pg_catalog.int8 AS
    n_tup_ins, NULL::pg_catalog.int8 AS n_tup_upd, NULL::pg_catalog.int8 AS n_tup_del, NULL::pg_catalog.int8 AS n_tup_hot_upd, NULL::pg_catalog.int8
    AS n_live_tup, NULL::pg_catalog.int8 AS n_dead_tup, NULL::pg_catalog.int8 AS n_mod_since_analyze, NULL::pg_catalog.int8 AS n_ins_since_vacuum,
    NULL::pg_catalog.timestamptz AS last_vacuum, NULL::pg_catalog.timestamptz AS last_autovacuum, NULL::pg_catalog.timestamptz AS last_analyze,
    NULL::pg_catalog.timestamptz AS last_autoanalyze, NULL::pg_catalog.int8 AS vacuum_count, NULL::pg_catalog.int8 AS autovacuum_count,
    NULL::pg_catalog.int8 AS analyze_count, NULL::pg_catalog.int8 AS autoanalyze_count WHERE false

-- relation pg_statistic_ext
SELECT NULL::pg_catalog.oid AS oid, NULL::pg_catalog.oid AS stxrelid, NULL::pg_catalog.name AS stxname, NULL::pg_catalog.oid AS stxnamespace,
    NULL::pg_catalog.oid AS stxowner, NULL::pg_catalog.int4 AS stxstattarget, NULL::pg_catalog.int2vector AS stxkeys, NULL::pg_catalog."char"[] AS
    stxkind, NULL::pg_catalog.text AS stxexprs WHERE false

-- relation pg_subscription
SELECT NULL::pg_catalog.oid AS oid, NULL::pg_catalog.oid AS subdbid, NULL::pg_catalog.name AS subname, NULL::pg_catalog.oid AS subowner,
    NULL::pg_catalog.bool AS subenabled, NULL::pg_catalog.bool AS subbinary, NULL::pg_catalog.bool AS substream,
    NULL::pg_catalog."char" AS subtwophasestate, NULL::pg_catalog.bool AS subdisableonerr, NULL::pg_catalog.text AS suborigin,
    NULL::pg_catalog.pg_lsn AS subskiplsn, NULL::pg_catalog.text AS subconninfo, NULL::pg_catalog.name AS subslotname,
    NULL::pg_catalog.text AS subsynccommit, NULL::pg_catalog.text[] AS subpublications WHERE false

-- relation pg_trigger
SELECT NULL::pg_catalog.oid AS oid, NULL::pg_catalog.oid AS tgrelid, NULL::pg_catalog.oid AS tgparentid, NULL::pg_catalog.name AS tgname,
    NULL::pg_catalog.oid AS tgfoid, NULL::pg_catalog.int2 AS tgtype, NULL::pg_catalog."char" AS tgenabled, NULL::pg_catalog.bool AS tgisinternal,
    NULL::pg_catalog.oid AS tgconstrrelid, NULL::pg_catalog.oid AS tgconstrindid, NULL::pg_catalog.oid AS tgconstraint, NULL::pg_catalog.bool AS
    tgdeferrable, NULL::pg_catalog.bool AS tginitdeferred, NULL::pg_catalog.int2 AS tgnargs, NULL::pg_catalog.int2vector AS tgattr,
    NULL::pg_catalog.bytea AS tgargs, NULL::pg_catalog.text AS tgqual, NULL::pg_catalog.name AS tgoldtable, NULL::pg_catalog.name AS tgnewtable WHERE
    false

-- relation pg_cursors
SELECT c.name, m.statement, c.is_holdable, c.is_binary, c.is_scrollable, c.creation_time
FROM pg_catalog.pg_cursors AS c LEFT JOIN {cursors} AS m(name, statement) ON m.name = c.name WHERE c.name NOT LIKE E'\x01%'

-- relation pg_prepared_statements
SELECT p.name, m.statement, p.prepare_time, p.parameter_types::pg_catalog.text[] AS parameter_types, NULL::pg_catalog.text[] AS result_types,
    p.from_sql, p.generic_plans, p.custom_plans
FROM pg_catalog.pg_prepared_statements AS p LEFT JOIN {prepared} AS m(name, statement) ON m.name = p.name WHERE p.name NOT LIKE E'\x01%'

-- relation pg_seclabel
SELECT NULL::pg_catalog.oid AS objoid, NULL::pg_catalog.oid AS classoid, NULL::pg_catalog.int4 AS objsubid, NULL::pg_catalog.text AS provider,
    NULL::pg_catalog.text AS label WHERE false

-- relation pg_seclabels
SELECT NULL::pg_catalog.oid AS objoid, NULL::pg_catalog.oid AS classoid, NULL::pg_catalog.int4 AS objsubid, NULL::pg_catalog.text AS objtype,
    NULL::pg_catalog.oid AS objnamespace, NULL::pg_catalog.text AS objname, NULL::pg_catalog.text AS provider, NULL::pg_catalog.text AS label WHERE
    false

-- relation pg_shseclabel
SELECT NULL::pg_catalog.oid AS objoid, NULL::pg_catalog.oid AS classoid, NULL::pg_catalog.text AS provider, NULL::pg_catalog.text AS label WHERE
    false

-- relation pg_stat_replication
SELECT NULL::pg_catalog.int4 AS pid, NULL::pg_catalog.oid AS usesysid, NULL::pg_catalog.name AS usename, NULL::pg_catalog.text AS application_name,
    NULL::pg_catalog.inet AS client_addr, NULL::pg_catalog.text AS client_hostname, NULL::pg_catalog.int4 AS client_port,
    NULL::pg_catalog.timestamptz AS backend_start, NULL::pg_catalog.xid AS backend_xmin, NULL::pg_catalog.text AS state, NULL::pg_catalog.pg_lsn AS
    sent_lsn, NULL::pg_catalog.pg_lsn AS write_lsn, NULL::pg_catalog.pg_lsn AS flush_lsn, NULL::pg_catalog.pg_lsn AS replay_lsn,
    NULL::pg_catalog.interval AS write_lag, NULL::pg_catalog.interval AS flush_lag, NULL::pg_catalog.interval AS replay_lag, NULL::pg_catalog.int4 AS
    sync_priority, NULL::pg_catalog.text AS sync_state, NULL::pg_catalog.timestamptz AS reply_time WHERE false

-- relation pg_statio_all_tables
SELECT NULL::pg_catalog.oid AS relid, NULL::pg_catalog.name AS schemaname, NULL::pg_catalog.name AS relname, NULL::pg_catalog.int8 AS heap_blks_read,
    NULL::pg_catalog.int8 AS heap_blks_hit, NULL::pg_catalog.int8 AS idx_blks_read, NULL::pg_catalog.int8 AS idx_blks_hit, NULL::pg_catalog.int8 AS
    toast_blks_read, NULL::pg_catalog.int8 AS toast_blks_hit, NULL::pg_catalog.int8 AS tidx_blks_read, NULL::pg_catalog.int8 AS tidx_blks_hit WHERE
    false

-- relation pg_statio_user_tables
SELECT NULL::pg_catalog.oid AS relid, NULL::pg_catalog.name AS schemaname, NULL::pg_catalog.name AS relname, NULL::pg_catalog.int8 AS heap_blks_read,
    NULL::pg_catalog.int8 AS heap_blks_hit, NULL::pg_catalog.int8 AS idx_blks_read, NULL::pg_catalog.int8 AS idx_blks_hit, NULL::pg_catalog.int8 AS
    toast_blks_read, NULL::pg_catalog.int8 AS toast_blks_hit, NULL::pg_catalog.int8 AS tidx_blks_read, NULL::pg_catalog.int8 AS tidx_blks_hit WHERE
    false

-- relation pg_statio_user_indexes
SELECT NULL::pg_catalog.oid AS relid, NULL::pg_catalog.oid AS indexrelid, NULL::pg_catalog.name AS schemaname, NULL::pg_catalog.name AS relname,
    NULL::pg_catalog.name AS indexrelname, NULL::pg_catalog.int8 AS idx_blks_read, NULL::pg_catalog.int8 AS idx_blks_hit WHERE false

-- relation pg_statio_all_indexes
SELECT NULL::pg_catalog.oid AS relid, NULL::pg_catalog.oid AS indexrelid, NULL::pg_catalog.name AS schemaname, NULL::pg_catalog.name AS relname,
    NULL::pg_catalog.name AS indexrelname, NULL::pg_catalog.int8 AS idx_blks_read, NULL::pg_catalog.int8 AS idx_blks_hit WHERE false

-- relation pg_stat_all_indexes
SELECT NULL::pg_catalog.oid AS relid, NULL::pg_catalog.oid AS indexrelid, NULL::pg_catalog.name AS schemaname, NULL::pg_catalog.name AS relname,
    NULL::pg_catalog.name AS indexrelname, NULL::pg_catalog.int8 AS idx_scan, NULL::pg_catalog.int8 AS idx_tup_read, NULL::pg_catalog.int8 AS
    idx_tup_fetch WHERE false

-- relation pg_stat_subscription
SELECT NULL::pg_catalog.oid AS subid, NULL::pg_catalog.name AS subname, NULL::pg_catalog.int4 AS pid, NULL::pg_catalog.oid AS relid,
    NULL::pg_catalog.pg_lsn AS received_lsn, NULL::pg_catalog.timestamptz AS last_msg_send_time, NULL::pg_catalog.timestamptz AS
    last_msg_receipt_time, NULL::pg_catalog.pg_lsn AS latest_end_lsn, NULL::pg_catalog.timestamptz AS latest_end_time WHERE false

-- relation pg_shdepend
SELECT NULL::pg_catalog.oid AS dbid, NULL::pg_catalog.oid AS classid, NULL::pg_catalog.oid AS objid, NULL::pg_catalog.int4 AS objsubid,
    NULL::pg_catalog.oid AS refclassid, NULL::pg_catalog.oid AS refobjid, NULL::pg_catalog."char" AS deptype WHERE false

-- relation pg_prepared_xacts
SELECT NULL::pg_catalog.xid AS transaction, NULL::pg_catalog.text AS gid, NULL::pg_catalog.timestamptz AS prepared, NULL::pg_catalog.name AS owner,
    NULL::pg_catalog.name AS database WHERE false

-- relation pg_user_mappings
SELECT NULL::pg_catalog.oid AS umid, NULL::pg_catalog.oid AS srvid, NULL::pg_catalog.name AS srvname, NULL::pg_catalog.oid AS umuser,
    NULL::pg_catalog.name AS usename, NULL::pg_catalog.text[] AS umoptions WHERE false

-- relation pg_largeobject_metadata
SELECT NULL::pg_catalog.oid AS oid, NULL::pg_catalog.oid AS lomowner, NULL::pg_catalog.text[] AS lomacl WHERE false

-- relation pg_stat_database
SELECT NULL::pg_catalog.oid AS datid, NULL::pg_catalog.name AS datname, NULL::pg_catalog.int4 AS numbackends, NULL::pg_catalog.int8 AS xact_commit,
    NULL::pg_catalog.int8 AS xact_rollback, NULL::pg_catalog.int8 AS blks_read, NULL::pg_catalog.int8 AS blks_hit, NULL::pg_catalog.int8 AS
    tup_returned, NULL::pg_catalog.int8 AS tup_fetched, NULL::pg_catalog.int8 AS tup_inserted, NULL::pg_catalog.int8 AS tup_updated,
    NULL::pg_catalog.int8 AS tup_deleted, NULL::pg_catalog.int8 AS conflicts, NULL::pg_catalog.int8 AS temp_files, NULL::pg_catalog.int8 AS
    temp_bytes, NULL::pg_catalog.int8 AS deadlocks, NULL::pg_catalog.int8 AS checksum_failures, NULL::pg_catalog.timestamptz AS
    checksum_last_failure, NULL::pg_catalog.float8 AS blk_read_time, NULL::pg_catalog.float8 AS blk_write_time, NULL::pg_catalog.float8 AS
    session_time, NULL::pg_catalog.float8 AS active_time, NULL::pg_catalog.float8 AS idle_in_transaction_time, NULL::pg_catalog.int8 AS sessions,
    NULL::pg_catalog.int8 AS sessions_abandoned, NULL::pg_catalog.int8 AS sessions_fatal, NULL::pg_catalog.int8 AS sessions_killed,
    NULL::pg_catalog.timestamptz AS stats_reset WHERE false

-- relation pg_stat_bgwriter
SELECT NULL::pg_catalog.int8 AS checkpoints_timed, NULL::pg_catalog.int8 AS checkpoints_req, NULL::pg_catalog.float8 AS checkpoint_write_time,
    NULL::pg_catalog.float8 AS checkpoint_sync_time, NULL::pg_catalog.int8 AS buffers_checkpoint, NULL::pg_catalog.int8 AS buffers_clean,
    NULL::pg_catalog.int8 AS maxwritten_clean, NULL::pg_catalog.int8 AS buffers_backend, NULL::pg_catalog.int8 AS buffers_backend_fsync,
    NULL::pg_catalog.int8 AS buffers_alloc, NULL::pg_catalog.timestamptz AS stats_reset WHERE false

-- relation pg_stat_ssl
SELECT NULL::pg_catalog.int4 AS pid, NULL::pg_catalog.bool AS ssl, NULL::pg_catalog.text AS version, NULL::pg_catalog.text AS cipher,
    NULL::pg_catalog.int4 AS bits, NULL::pg_catalog.text AS client_dn, NULL::pg_catalog.numeric AS client_serial, NULL::pg_catalog.text AS issuer_dn
    WHERE false

-- relation pg_group
SELECT NULL::pg_catalog.name AS groname, NULL::pg_catalog.oid AS grosysid, NULL::pg_catalog.oid[] AS grolist WHERE false

-- relation pg_transform
SELECT NULL::pg_catalog.oid AS oid, NULL::pg_catalog.oid AS trftype, NULL::pg_catalog.oid AS trflang, NULL::pg_catalog.oid AS trffromsql,
    NULL::pg_catalog.oid AS trftosql WHERE false

-- relation pg_init_privs
SELECT NULL::pg_catalog.oid AS objoid, NULL::pg_catalog.oid AS classoid, NULL::pg_catalog.int4 AS objsubid, NULL::pg_catalog."char" AS privtype,
    NULL::pg_catalog.text[] AS initprivs WHERE false

-- relation pg_stat_progress_vacuum
SELECT NULL::pg_catalog.int4 AS pid, NULL::pg_catalog.oid AS datid, NULL::pg_catalog.name AS datname, NULL::pg_catalog.oid AS relid,
    NULL::pg_catalog.text AS phase, NULL::pg_catalog.int8 AS heap_blks_total, NULL::pg_catalog.int8 AS heap_blks_scanned, NULL::pg_catalog.int8 AS
    heap_blks_vacuumed, NULL::pg_catalog.int8 AS index_vacuum_count, NULL::pg_catalog.int8 AS max_dead_tuples, NULL::pg_catalog.int8 AS
    num_dead_tuples WHERE false

-- relation pg_stat_progress_create_index
SELECT NULL::pg_catalog.int4 AS pid, NULL::pg_catalog.oid AS datid, NULL::pg_catalog.name AS datname, NULL::pg_catalog.oid AS relid,
    NULL::pg_catalog.oid AS index_relid, NULL::pg_catalog.text AS command, NULL::pg_catalog.text AS phase, NULL::pg_catalog.int8 AS lockers_total,
    NULL::pg_catalog.int8 AS lockers_done, NULL::pg_catalog.int8 AS current_locker_pid, NULL::pg_catalog.int8 AS blocks_total, NULL::pg_catalog.int8
    AS blocks_done, NULL::pg_catalog.int8 AS tuples_total, NULL::pg_catalog.int8 AS tuples_done, NULL::pg_catalog.int8 AS partitions_total,
    NULL::pg_catalog.int8 AS partitions_done WHERE false

-- relation pg_stat_progress_analyze
SELECT NULL::pg_catalog.int4 AS pid, NULL::pg_catalog.oid AS datid, NULL::pg_catalog.name AS datname, NULL::pg_catalog.oid AS relid,
    NULL::pg_catalog.text AS phase, NULL::pg_catalog.int8 AS sample_blks_total, NULL::pg_catalog.int8 AS sample_blks_scanned, NULL::pg_catalog.int8
    AS ext_stats_total, NULL::pg_catalog.int8 AS ext_stats_computed, NULL::pg_catalog.int8 AS child_tables_total, NULL::pg_catalog.int8 AS
    child_tables_done, NULL::pg_catalog.oid AS current_child_table_relid WHERE false

-- relation pg_stat_user_functions
SELECT NULL::pg_catalog.oid AS funcid, NULL::pg_catalog.name AS schemaname, NULL::pg_catalog.name AS funcname, NULL::pg_catalog.int8 AS calls,
    NULL::pg_catalog.float8 AS total_time, NULL::pg_catalog.float8 AS self_time WHERE false

-- relation pg_statio_user_sequences
SELECT NULL::pg_catalog.oid AS relid, NULL::pg_catalog.name AS schemaname, NULL::pg_catalog.name AS relname, NULL::pg_catalog.int8 AS blks_read,
    NULL::pg_catalog.int8 AS blks_hit WHERE false

-- relation pg_stat_wal_receiver
SELECT NULL::pg_catalog.int4 AS pid, NULL::pg_catalog.text AS status, NULL::pg_catalog.pg_lsn AS receive_start_lsn, NULL::pg_catalog.int4 AS
    receive_start_tli, NULL::pg_catalog.pg_lsn AS written_lsn, NULL::pg_catalog.pg_lsn AS flushed_lsn, NULL::pg_catalog.int4 AS received_tli,
    NULL::pg_catalog.timestamptz AS last_msg_send_time, NULL::pg_catalog.timestamptz AS last_msg_receipt_time, NULL::pg_catalog.pg_lsn AS
    latest_end_lsn, NULL::pg_catalog.timestamptz AS latest_end_time, NULL::pg_catalog.text AS slot_name, NULL::pg_catalog.text AS sender_host,
    NULL::pg_catalog.int4 AS sender_port, NULL::pg_catalog.text AS conninfo WHERE false

-- relation pg_stat_archiver
SELECT NULL::pg_catalog.int8 AS archived_count, NULL::pg_catalog.text AS last_archived_wal, NULL::pg_catalog.timestamptz AS last_archived_time,
    NULL::pg_catalog.int8 AS failed_count, NULL::pg_catalog.text AS last_failed_wal, NULL::pg_catalog.timestamptz AS last_failed_time,
    NULL::pg_catalog.timestamptz AS stats_reset WHERE false

-- relation pg_subscription_rel
SELECT NULL::pg_catalog.oid AS srsubid, NULL::pg_catalog.oid AS srrelid, NULL::pg_catalog."char" AS srsubstate, NULL::pg_catalog.pg_lsn AS srsublsn
    WHERE false

-- relation pg_available_extension_versions
SELECT NULL::pg_catalog.name AS name, NULL::pg_catalog.text AS version, NULL::pg_catalog.bool AS installed, NULL::pg_catalog.bool AS superuser,
    NULL::pg_catalog.bool AS trusted, NULL::pg_catalog.bool AS relocatable, NULL::pg_catalog.name AS schema, NULL::pg_catalog.name[] AS requires,
    NULL::pg_catalog.text AS comment WHERE false

-- relation information_schema.view_column_usage
SELECT NULL::pg_catalog.name AS view_catalog, NULL::pg_catalog.name AS view_schema, NULL::pg_catalog.name AS view_name, NULL::pg_catalog.name AS
    table_catalog, NULL::pg_catalog.name AS table_schema, NULL::pg_catalog.name AS table_name, NULL::pg_catalog.name AS column_name WHERE false

-- relation information_schema.role_column_grants
SELECT NULL::pg_catalog.name AS grantor, NULL::pg_catalog.name AS grantee, NULL::pg_catalog.name AS table_catalog, NULL::pg_catalog.name AS
    table_schema, NULL::pg_catalog.name AS table_name, NULL::pg_catalog.name AS column_name, NULL::pg_catalog.varchar AS privilege_type,
    NULL::pg_catalog.varchar AS is_grantable WHERE false

-- relation information_schema.user_defined_types
SELECT NULL::pg_catalog.name AS user_defined_type_catalog, NULL::pg_catalog.name AS user_defined_type_schema, NULL::pg_catalog.name AS
    user_defined_type_name, NULL::pg_catalog.varchar AS user_defined_type_category, NULL::pg_catalog.varchar AS is_instantiable,
    NULL::pg_catalog.varchar AS is_final, NULL::pg_catalog.varchar AS ordering_form, NULL::pg_catalog.varchar AS ordering_category,
    NULL::pg_catalog.name AS ordering_routine_catalog, NULL::pg_catalog.name AS ordering_routine_schema, NULL::pg_catalog.name AS
    ordering_routine_name, NULL::pg_catalog.varchar AS reference_type, NULL::pg_catalog.varchar AS data_type, NULL::pg_catalog.int4 AS
    character_maximum_length, NULL::pg_catalog.int4 AS character_octet_length, NULL::pg_catalog.name AS character_set_catalog, NULL::pg_catalog.name
    AS character_set_schema, NULL::pg_catalog.name AS character_set_name, NULL::pg_catalog.name AS collation_catalog, NULL::pg_catalog.name AS
    collation_schema, NULL::pg_catalog.name AS collation_name, NULL::pg_catalog.int4 AS numeric_precision, NULL::pg_catalog.int4 AS
    numeric_precision_radix, NULL::pg_catalog.int4 AS numeric_scale, NULL::pg_catalog.int4 AS datetime_precision, NULL::pg_catalog.varchar AS
    interval_type, NULL::pg_catalog.int4 AS interval_precision, NULL::pg_catalog.name AS source_dtd_identifier, NULL::pg_catalog.name AS
    ref_dtd_identifier WHERE false

-- relation information_schema.constraint_table_usage
SELECT NULL::pg_catalog.name AS table_catalog, NULL::pg_catalog.name AS table_schema, NULL::pg_catalog.name AS table_name, NULL::pg_catalog.name AS
    constraint_catalog, NULL::pg_catalog.name AS constraint_schema, NULL::pg_catalog.name AS constraint_name WHERE false

-- relation information_schema.collations
SELECT NULL::pg_catalog.name AS collation_catalog, NULL::pg_catalog.name AS collation_schema, NULL::pg_catalog.name AS collation_name,
    NULL::pg_catalog.varchar AS pad_attribute WHERE false

-- relation information_schema.domain_constraints
SELECT NULL::pg_catalog.name AS constraint_catalog, NULL::pg_catalog.name AS constraint_schema, NULL::pg_catalog.name AS constraint_name,
    NULL::pg_catalog.name AS domain_catalog, NULL::pg_catalog.name AS domain_schema, NULL::pg_catalog.name AS domain_name, NULL::pg_catalog.varchar
    AS is_deferrable, NULL::pg_catalog.varchar AS initially_deferred WHERE false

-- relation information_schema.attributes
SELECT NULL::pg_catalog.name AS udt_catalog, NULL::pg_catalog.name AS udt_schema, NULL::pg_catalog.name AS udt_name, NULL::pg_catalog.name AS
    attribute_name, NULL::pg_catalog.int4 AS ordinal_position, NULL::pg_catalog.varchar AS attribute_default, NULL::pg_catalog.varchar AS
    is_nullable, NULL::pg_catalog.varchar AS data_type, NULL::pg_catalog.int4 AS character_maximum_length, NULL::pg_catalog.int4 AS
    character_octet_length, NULL::pg_catalog.name AS character_set_catalog, NULL::pg_catalog.name AS character_set_schema, NULL::pg_catalog.name AS
    character_set_name, NULL::pg_catalog.name AS collation_catalog, NULL::pg_catalog.name AS collation_schema, NULL::pg_catalog.name AS
    collation_name, NULL::pg_catalog.int4 AS numeric_precision, NULL::pg_catalog.int4 AS numeric_precision_radix, NULL::pg_catalog.int4 AS
    numeric_scale, NULL::pg_catalog.int4 AS datetime_precision, NULL::pg_catalog.varchar AS interval_type, NULL::pg_catalog.int4 AS
    interval_precision, NULL::pg_catalog.name AS attribute_udt_catalog, NULL::pg_catalog.name AS attribute_udt_schema, NULL::pg_catalog.name AS
    attribute_udt_name, NULL::pg_catalog.name AS scope_catalog, NULL::pg_catalog.name AS scope_schema, NULL::pg_catalog.name AS scope_name,
    NULL::pg_catalog.int4 AS maximum_cardinality, NULL::pg_catalog.name AS dtd_identifier, NULL::pg_catalog.varchar AS is_derived_reference_attribute
    WHERE false

-- relation information_schema.role_usage_grants
SELECT NULL::pg_catalog.name AS grantor, NULL::pg_catalog.name AS grantee, NULL::pg_catalog.name AS object_catalog, NULL::pg_catalog.name AS
    object_schema, NULL::pg_catalog.name AS object_name, NULL::pg_catalog.varchar AS object_type, NULL::pg_catalog.varchar AS privilege_type,
    NULL::pg_catalog.varchar AS is_grantable WHERE false

-- relation information_schema.role_routine_grants
SELECT NULL::pg_catalog.name AS grantor, NULL::pg_catalog.name AS grantee, NULL::pg_catalog.name AS specific_catalog, NULL::pg_catalog.name AS
    specific_schema, NULL::pg_catalog.name AS specific_name, NULL::pg_catalog.name AS routine_catalog, NULL::pg_catalog.name AS routine_schema,
    NULL::pg_catalog.name AS routine_name, NULL::pg_catalog.varchar AS privilege_type, NULL::pg_catalog.varchar AS is_grantable WHERE false

-- relation information_schema.udt_privileges
SELECT NULL::pg_catalog.name AS grantor, NULL::pg_catalog.name AS grantee, NULL::pg_catalog.name AS udt_catalog, NULL::pg_catalog.name AS udt_schema,
    NULL::pg_catalog.name AS udt_name, NULL::pg_catalog.varchar AS privilege_type, NULL::pg_catalog.varchar AS is_grantable WHERE false

-- relation information_schema.view_routine_usage
SELECT NULL::pg_catalog.name AS table_catalog, NULL::pg_catalog.name AS table_schema, NULL::pg_catalog.name AS table_name, NULL::pg_catalog.name AS
    specific_catalog, NULL::pg_catalog.name AS specific_schema, NULL::pg_catalog.name AS specific_name WHERE false

-- relation information_schema.column_domain_usage
SELECT NULL::pg_catalog.name AS domain_catalog, NULL::pg_catalog.name AS domain_schema, NULL::pg_catalog.name AS domain_name, NULL::pg_catalog.name
    AS table_catalog, NULL::pg_catalog.name AS table_schema, NULL::pg_catalog.name AS table_name, NULL::pg_catalog.name AS column_name WHERE false

-- relation information_schema.column_udt_usage
SELECT NULL::pg_catalog.name AS udt_catalog, NULL::pg_catalog.name AS udt_schema, NULL::pg_catalog.name AS udt_name, NULL::pg_catalog.name AS
    table_catalog, NULL::pg_catalog.name AS table_schema, NULL::pg_catalog.name AS table_name, NULL::pg_catalog.name AS column_name WHERE false

-- relation information_schema.foreign_tables
SELECT NULL::pg_catalog.name AS foreign_table_catalog, NULL::pg_catalog.name AS foreign_table_schema, NULL::pg_catalog.name AS foreign_table_name,
    NULL::pg_catalog.name AS foreign_server_catalog, NULL::pg_catalog.name AS foreign_server_name WHERE false

-- relation information_schema.foreign_servers
SELECT NULL::pg_catalog.name AS foreign_server_catalog, NULL::pg_catalog.name AS foreign_server_name, NULL::pg_catalog.name AS
    foreign_data_wrapper_catalog, NULL::pg_catalog.name AS foreign_data_wrapper_name, NULL::pg_catalog.varchar AS foreign_server_type,
    NULL::pg_catalog.varchar AS foreign_server_version, NULL::pg_catalog.name AS authorization_identifier WHERE false

-- relation information_schema.foreign_data_wrappers
SELECT NULL::pg_catalog.name AS foreign_data_wrapper_catalog, NULL::pg_catalog.name AS foreign_data_wrapper_name, NULL::pg_catalog.name AS
    authorization_identifier, NULL::pg_catalog.varchar AS library_name, NULL::pg_catalog.varchar AS foreign_data_wrapper_language WHERE false

-- relation information_schema.user_mappings
SELECT NULL::pg_catalog.name AS authorization_identifier, NULL::pg_catalog.name AS foreign_server_catalog, NULL::pg_catalog.name AS
    foreign_server_name WHERE false

-- relation information_schema.triggered_update_columns
SELECT NULL::pg_catalog.name AS trigger_catalog, NULL::pg_catalog.name AS trigger_schema, NULL::pg_catalog.name AS trigger_name,
    NULL::pg_catalog.name AS event_object_catalog, NULL::pg_catalog.name AS event_object_schema, NULL::pg_catalog.name AS event_object_table,
    NULL::pg_catalog.name AS event_object_column WHERE false

-- relation information_schema.transforms
SELECT NULL::pg_catalog.name AS udt_catalog, NULL::pg_catalog.name AS udt_schema, NULL::pg_catalog.name AS udt_name, NULL::pg_catalog.name AS
    specific_catalog, NULL::pg_catalog.name AS specific_schema, NULL::pg_catalog.name AS specific_name, NULL::pg_catalog.name AS group_name,
    NULL::pg_catalog.varchar AS transform_type WHERE false

-- relation information_schema.column_options
SELECT NULL::pg_catalog.name AS table_catalog, NULL::pg_catalog.name AS table_schema, NULL::pg_catalog.name AS table_name, NULL::pg_catalog.name AS
    column_name, NULL::pg_catalog.name AS option_name, NULL::pg_catalog.varchar AS option_value WHERE false

-- relation information_schema.domain_udt_usage
SELECT NULL::pg_catalog.name AS udt_catalog, NULL::pg_catalog.name AS udt_schema, NULL::pg_catalog.name AS udt_name, NULL::pg_catalog.name AS
    domain_catalog, NULL::pg_catalog.name AS domain_schema, NULL::pg_catalog.name AS domain_name WHERE false

-- relation information_schema.data_type_privileges
SELECT NULL::pg_catalog.name AS object_catalog, NULL::pg_catalog.name AS object_schema, NULL::pg_catalog.name AS object_name,
    NULL::pg_catalog.varchar AS object_type, NULL::pg_catalog.name AS dtd_identifier WHERE false

-- relation pg_amop
SELECT a.oid, a.amopfamily, a.amoplefttype, a.amoprighttype, a.amopstrategy, a.amoppurpose, a.amopopr, a.amopmethod, a.amopsortfamily
FROM pg_catalog.pg_amop AS a WHERE a.oid < 16384

-- relation pg_amproc
SELECT a.oid, a.amprocfamily, a.amproclefttype, a.amprocrighttype, a.amprocnum, a.amproc::pg_catalog.oid AS amproc
FROM pg_catalog.pg_amproc AS a WHERE a.oid < 16384

-- relation pg_stats
SELECT s.schemaname, s.tablename, s.attname, s.inherited, s.null_frac, s.avg_width, s.n_distinct, s.most_common_vals::pg_catalog.text::pg_catalog.text[]
    AS most_common_vals, s.most_common_freqs, s.histogram_bounds::pg_catalog.text::pg_catalog.text[] AS histogram_bounds, s.correlation,
    s.most_common_elems::pg_catalog.text::pg_catalog.text[] AS most_common_elems, s.most_common_elem_freqs, s.elem_count_histogram
FROM pg_catalog.pg_stats AS s JOIN pg_catalog.pg_namespace AS n ON n.nspname = s.schemaname
    JOIN pg_catalog.pg_class AS c ON c.relname = s.tablename AND c.relnamespace = n.oid
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attname = s.attname
    JOIN {statistics} AS v ON v.relid = c.oid AND a.attnum = ANY (v.atts)

-- relation pg_stats_ext
SELECT s.schemaname, s.tablename, NULL::pg_catalog.name AS statistics_schemaname, NULL::pg_catalog.name AS statistics_name, {user} AS statistics_owner, s.attnames, NULL::pg_catalog.text[] AS exprs, s.kinds,
    s.inherited, s.n_distinct, s.dependencies, s.most_common_vals, s.most_common_val_nulls, s.most_common_freqs, s.most_common_base_freqs
FROM pg_catalog.pg_stats_ext AS s JOIN pg_catalog.pg_namespace AS n ON n.nspname = s.schemaname
    JOIN pg_catalog.pg_class AS c ON c.relname = s.tablename AND c.relnamespace = n.oid
    JOIN {statistics} AS v ON v.relid = c.oid
WHERE s.exprs IS NULL AND NOT EXISTS (SELECT FROM pg_catalog.unnest(s.attnames) AS u(name) LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND
    a.attname = u.name WHERE a.attnum IS NULL OR NOT a.attnum = ANY (v.atts))

-- relation pg_stat_activity
SELECT a.datid, {database} AS datname, a.pid, a.leader_pid, 10::pg_catalog.oid AS usesysid, {user} AS usename,
    COALESCE(pg_catalog.current_setting('postern.application_name', true), '') AS application_name, NULL::pg_catalog.inet AS client_addr,
    NULL::pg_catalog.text AS client_hostname, NULL::pg_catalog.int4 AS client_port, a.backend_start, a.xact_start, a.query_start,
    a.state_change, a.wait_event_type, a.wait_event, a.state, NULL::pg_catalog.xid AS backend_xid, NULL::pg_catalog.xid AS backend_xmin,
    NULL::pg_catalog.int8 AS query_id, NULL::pg_catalog.text AS query, a.backend_type
FROM pg_catalog.pg_stat_activity AS a WHERE a.pid = pg_catalog.pg_backend_pid()

-- relation pg_locks
SELECT l.locktype, l.database, l.relation, NULL::pg_catalog.int4 AS page, NULL::pg_catalog.int2 AS tuple, NULL::pg_catalog.text AS virtualxid,
    NULL::pg_catalog.xid AS transactionid, NULL::pg_catalog.oid AS classid, NULL::pg_catalog.oid AS objid, NULL::pg_catalog.int2 AS objsubid,
    NULL::pg_catalog.text AS virtualtransaction, l.pid, l.mode, l.granted, l.fastpath, l.waitstart
FROM pg_catalog.pg_locks AS l LEFT JOIN {visible} AS v ON v.relid = l.relation
WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation' AND (v.relid IS NOT NULL OR l.relation < 16384)
