-- The system views of Redshift, over PostgreSQL's catalogs, with the columns that the Developer Guide names first.
CREATE FUNCTION pg_rs_shim.kind_of(oid) RETURNS text STABLE LANGUAGE sql AS
  $$ SELECT CASE WHEN $1 = 0 THEN 'public' ELSE (SELECT CASE WHEN rolname LIKE 'role:%' THEN 'role' WHEN rolname LIKE 'group:%' THEN 'group' ELSE 'user' END FROM pg_catalog.pg_roles WHERE oid = $1) END $$;
CREATE FUNCTION pg_rs_shim.name_of(oid) RETURNS text STABLE LANGUAGE sql AS
  $$ SELECT CASE WHEN $1 = 0 THEN 'public' ELSE (SELECT regexp_replace(rolname, '^(role|group):', '') FROM pg_catalog.pg_roles WHERE oid = $1) END $$;
CREATE FUNCTION pg_rs_shim.hidden(name) RETURNS boolean IMMUTABLE LANGUAGE sql AS $$ SELECT $1 = 'pg_rs_shim' OR $1 LIKE 'pg\_toast%' OR $1 LIKE 'pg\_temp%' $$;

CREATE OR REPLACE VIEW pg_catalog.pg_group AS
  SELECT substr(rolname, 7)::name AS groname, oid AS grosysid, ARRAY(SELECT member FROM pg_auth_members WHERE roleid = a.oid) AS grolist FROM pg_roles a WHERE rolname LIKE 'group:%';
CREATE VIEW pg_catalog.svv_user_info AS
  SELECT rolname::text AS user_name, oid::int AS user_id, rolcreatedb AS createdb, rolsuper AS superuser, false AS catalog_update, ''::text AS connection_limit,
    coalesce(upper(pg_rs_shim.facts(rolname)->>'syslog'), 'RESTRICTED') AS syslog_access, ''::text AS last_ddl_timestamp, 0 AS session_timeout, ''::text AS external_user_id
  FROM pg_roles WHERE rolcanlogin AND rolname <> 'postgres';
CREATE VIEW pg_catalog.pg_user_info AS SELECT usename, usesysid, usecreatedb, usesuper, false AS usecatupd, passwd, valuntil, useconfig, 'UNLIMITED'::text AS useconnlimit FROM pg_user WHERE usename <> 'postgres';
CREATE VIEW pg_catalog.svv_roles AS
  SELECT oid::int AS role_id, substr(rolname, 6)::text AS role_name, pg_rs_shim.facts(rolname)->>'owner' AS role_owner, NULL::text AS external_id FROM pg_roles WHERE rolname LIKE 'role:%';
CREATE VIEW pg_catalog.svv_role_grants AS
  SELECT m.member::int AS role_id, substr(u.rolname, 6)::text AS role_name, m.roleid::int AS granted_role_id, substr(r.rolname, 6)::text AS granted_role_name
  FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid JOIN pg_roles u ON u.oid = m.member WHERE r.rolname LIKE 'role:%' AND u.rolname LIKE 'role:%';
CREATE VIEW pg_catalog.svv_user_grants AS
  SELECT m.member::int AS user_id, u.rolname::text AS user_name, m.roleid::int AS role_id, substr(r.rolname, 6)::text AS role_name, m.admin_option
  FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid JOIN pg_roles u ON u.oid = m.member WHERE r.rolname LIKE 'role:%' AND u.rolcanlogin;
CREATE VIEW pg_catalog.svv_system_privileges AS
  SELECT upper(permission) AS system_privilege, r.oid::int AS identity_id, substr(r.rolname, 6)::text AS identity_name, 'role'::text AS identity_type FROM pg_rs_shim.permission p JOIN pg_roles r ON r.rolname = p.role;

CREATE VIEW pg_catalog.svv_relation_privileges AS
  SELECT n.nspname::text AS namespace_name, c.relname::text AS relation_name, a.privilege_type, a.grantee::int AS identity_id, pg_rs_shim.name_of(a.grantee) AS identity_name, pg_rs_shim.kind_of(a.grantee) AS identity_type, a.is_grantable AS admin_option
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a
  WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND NOT pg_rs_shim.hidden(n.nspname) AND a.grantee <> c.relowner
    AND coalesce(obj_description(c.oid, 'pg_class'), '') <> 'rsfake: external';
CREATE VIEW pg_catalog.svv_column_privileges AS
  SELECT n.nspname::text AS namespace_name, c.relname::text AS relation_name, t.attname::text AS column_name, a.privilege_type, a.grantee::int AS identity_id, pg_rs_shim.name_of(a.grantee) AS identity_name, pg_rs_shim.kind_of(a.grantee) AS identity_type
  FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(t.attacl) a WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND NOT pg_rs_shim.hidden(n.nspname);
-- Scoped permissions are rows here and open nothing: GRANT … FOR TABLES IN SCHEMA or DATABASE writes them.
CREATE TABLE pg_rs_shim.scoped (on_schema text, on_database text, scope text, privilege text, who text, PRIMARY KEY (on_schema, on_database, scope, privilege, who));
CREATE FUNCTION pg_rs_shim.scope(given boolean, in_schema text, in_database text, what text, of_privilege text, grantee text) RETURNS void SECURITY DEFINER LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  DELETE FROM pg_rs_shim.scoped WHERE on_schema = in_schema AND on_database = in_database AND scope = what AND privilege = of_privilege AND who = grantee;
  IF given THEN
    IF grantee <> 'public' THEN PERFORM pg_rs_shim.known(grantee); END IF;
    IF in_schema <> '' AND NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = in_schema) THEN RAISE EXCEPTION USING ERRCODE = '3F000', MESSAGE = format('schema "%s" does not exist', in_schema); END IF;
    INSERT INTO pg_rs_shim.scoped VALUES (in_schema, in_database, what, of_privilege, grantee);
  END IF;
END $$;
CREATE VIEW pg_rs_shim.scoped_to AS
  SELECT s.*, coalesce(r.oid, 0)::int AS identity_id, pg_rs_shim.name_of(coalesce(r.oid, 0)) AS identity_name, pg_rs_shim.kind_of(coalesce(r.oid, 0)) AS identity_type FROM pg_rs_shim.scoped s LEFT JOIN pg_roles r ON r.rolname = s.who WHERE s.who = 'public' OR r.oid IS NOT NULL;
CREATE VIEW pg_catalog.svv_schema_privileges AS
  SELECT n.nspname::text AS namespace_name, a.privilege_type, a.grantee::int AS identity_id, pg_rs_shim.name_of(a.grantee) AS identity_name, pg_rs_shim.kind_of(a.grantee) AS identity_type, a.is_grantable AS admin_option, 'SCHEMA'::text AS privilege_scope
  FROM pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a WHERE NOT pg_rs_shim.hidden(n.nspname) AND a.grantee <> n.nspowner AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  UNION ALL SELECT on_schema, privilege, identity_id, identity_name, identity_type, false, scope FROM pg_rs_shim.scoped_to WHERE on_schema <> '';
CREATE VIEW pg_catalog.svv_database_privileges AS
  SELECT d.datname::text AS database_name, CASE a.privilege_type WHEN 'TEMPORARY' THEN 'TEMP' ELSE a.privilege_type END AS privilege_type, a.grantee::int AS identity_id, pg_rs_shim.name_of(a.grantee) AS identity_name, pg_rs_shim.kind_of(a.grantee) AS identity_type, a.is_grantable AS admin_option, 'DATABASE'::text AS privilege_scope
  FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a WHERE d.datname = current_database() AND a.privilege_type <> 'CONNECT'
  UNION ALL SELECT on_database, privilege, identity_id, identity_name, identity_type, false, scope FROM pg_rs_shim.scoped_to WHERE on_schema = '';
-- What SHOW GRANTS ON TABLE tells: who granted, too. It shows what of the table's and its columns' is the superuser's, the grantee's, or a role's that is the asker's or held.
CREATE FUNCTION pg_rs_shim.show_grants(in_schema text, in_table text) RETURNS TABLE (database_name text, schema_name text, object_name text, object_type text, privilege_type text, identity_id int, identity_name text, identity_type text,
  admin_option boolean, privilege_scope text, grantor_name text) SECURITY DEFINER STABLE LANGUAGE sql SET search_path = pg_catalog AS $$
  SELECT current_database()::text, n.nspname::text, c.relname::text, 'TABLE', a.privilege_type, a.grantee::int, pg_rs_shim.name_of(a.grantee), pg_rs_shim.kind_of(a.grantee), a.is_grantable, 'TABLE', pg_rs_shim.name_of(a.grantor)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) a
  WHERE n.nspname = in_schema AND c.relname = in_table AND a.grantee <> c.relowner AND ((SELECT rolsuper FROM pg_roles WHERE rolname = session_user) OR a.grantee <> 0 AND (pg_has_role(session_user, a.grantee, 'MEMBER')
    OR (SELECT pg_rs_shim.facts(rolname)->>'owner' FROM pg_roles WHERE oid = a.grantee) = session_user::text)) $$;
CREATE FUNCTION pg_rs_shim.show_column_grants(in_schema text, in_table text) RETURNS TABLE (database_name text, schema_name text, table_name text, column_name text, object_type text, privilege_type text, identity_id int, identity_name text,
  identity_type text, admin_option boolean, privilege_scope text, grantor_name text) SECURITY DEFINER STABLE LANGUAGE sql SET search_path = pg_catalog AS $$
  SELECT current_database()::text, n.nspname::text, c.relname::text, t.attname::text, 'COLUMN', a.privilege_type, a.grantee::int, pg_rs_shim.name_of(a.grantee), pg_rs_shim.kind_of(a.grantee), a.is_grantable, 'COLUMN', pg_rs_shim.name_of(a.grantor)
  FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(t.attacl) a
  WHERE n.nspname = in_schema AND c.relname = in_table AND ((SELECT rolsuper FROM pg_roles WHERE rolname = session_user) OR a.grantee <> 0 AND (pg_has_role(session_user, a.grantee, 'MEMBER')
    OR (SELECT pg_rs_shim.facts(rolname)->>'owner' FROM pg_roles WHERE oid = a.grantee) = session_user::text)) $$;
CREATE VIEW pg_catalog.svv_function_privileges AS
  SELECT n.nspname::text AS namespace_name, p.proname::text AS function_name, pg_catalog.oidvectortypes(p.proargtypes) AS argument_types, a.privilege_type, a.grantee::int AS identity_id, pg_rs_shim.name_of(a.grantee) AS identity_name, pg_rs_shim.kind_of(a.grantee) AS identity_type, a.is_grantable AS admin_option
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
  WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND NOT pg_rs_shim.hidden(n.nspname) AND a.grantee <> p.proowner;
CREATE VIEW pg_catalog.svv_default_privileges AS
  SELECT coalesce(n.nspname, '')::text AS schema_name, CASE d.defaclobjtype WHEN 'r' THEN 'RELATION' WHEN 'f' THEN 'FUNCTION' WHEN 'n' THEN 'SCHEMA' ELSE 'OTHER' END AS object_type, d.defaclrole::int AS owner_id, pg_rs_shim.name_of(d.defaclrole) AS owner_name,
    pg_rs_shim.kind_of(d.defaclrole) AS owner_type, a.privilege_type, a.grantee::int AS grantee_id, pg_rs_shim.name_of(a.grantee) AS grantee_name, pg_rs_shim.kind_of(a.grantee) AS grantee_type, a.is_grantable AS admin_option
  FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace, aclexplode(d.defaclacl) a WHERE a.grantee <> d.defaclrole;

CREATE VIEW pg_rs_shim.relation AS
  SELECT c.oid, n.nspname::text AS schema_name, c.relname::text AS table_name, c.relkind, c.relowner,
    CASE WHEN coalesce(obj_description(c.oid, 'pg_class'), '') = 'rsfake: external' OR coalesce(obj_description(n.oid, 'pg_namespace'), '') = 'rsfake: external' THEN 'EXTERNAL TABLE'
      WHEN c.relkind IN ('r', 'p', 'f') THEN 'TABLE' WHEN c.relkind = 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END AS table_type,
    coalesce(obj_description(c.oid, 'pg_class'), '') LIKE 'rsfake: late binding%' AS late,
    pg_has_role(c.relowner, 'USAGE') OR has_table_privilege(c.oid, 'SELECT,INSERT,UPDATE,DELETE,REFERENCES') AS mine
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND NOT pg_rs_shim.hidden(n.nspname);
CREATE VIEW pg_rs_shim.attribute AS
  SELECT r.*, a.attname::text AS column_name, a.attnum::int AS ordinal_position, a.attnotnull, format_type(a.atttypid, a.atttypmod) AS data_type,
    CASE WHEN a.atttypid IN (1042, 1043) AND a.atttypmod > 4 THEN a.atttypmod - 4 END AS character_maximum_length,
    CASE WHEN a.atttypid = 1700 AND a.atttypmod > 4 THEN ((a.atttypmod - 4) >> 16) & 65535 WHEN a.atttypid = 21 THEN 16 WHEN a.atttypid = 23 THEN 32 WHEN a.atttypid = 20 THEN 64 END AS numeric_precision,
    CASE WHEN a.atttypid = 1700 AND a.atttypmod > 4 THEN (a.atttypmod - 4) & 65535 WHEN a.atttypid IN (20, 21, 23) THEN 0 END AS numeric_scale,
    pg_get_expr(d.adbin, d.adrelid) AS column_default
  FROM pg_rs_shim.relation r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum;
CREATE VIEW pg_catalog.svv_tables AS
  SELECT current_database()::text AS table_catalog, schema_name AS table_schema, table_name, CASE table_type WHEN 'TABLE' THEN 'BASE TABLE' ELSE table_type END AS table_type, NULL::text AS remarks FROM pg_rs_shim.relation WHERE mine;
CREATE VIEW pg_catalog.svv_columns AS
  SELECT current_database()::text AS table_catalog, schema_name AS table_schema, table_name, column_name, ordinal_position, column_default, CASE WHEN attnotnull THEN 'NO' ELSE 'YES' END AS is_nullable,
    data_type, character_maximum_length, numeric_precision, NULL::int AS numeric_precision_radix, numeric_scale, NULL::text AS remarks FROM pg_rs_shim.attribute WHERE mine;
CREATE VIEW pg_catalog.svv_all_schemas AS
  SELECT current_database()::text AS database_name, n.nspname::text AS schema_name, n.nspowner::int AS schema_owner, CASE obj_description(n.oid, 'pg_namespace') WHEN 'rsfake: external' THEN 'external' WHEN 'rsfake: shared' THEN 'shared' ELSE 'local' END AS schema_type,
    n.nspacl::text AS schema_acl, NULL::text AS source_database, NULL::text AS schema_option FROM pg_namespace n WHERE NOT pg_rs_shim.hidden(n.nspname);
CREATE VIEW pg_catalog.svv_redshift_databases AS
  SELECT datname::text AS database_name, datdba::int AS database_owner, coalesce((SELECT value FROM pg_rs_shim.fact WHERE name = 'database_type'), 'local') AS database_type, datacl::text AS database_acl, ''::text AS database_options, 'Snapshot Isolation'::text AS database_isolation_level FROM pg_database WHERE datname = current_database();
CREATE VIEW pg_catalog.svv_redshift_schemas AS SELECT * FROM pg_catalog.svv_all_schemas WHERE schema_type = 'local';
CREATE VIEW pg_catalog.svv_all_tables AS SELECT current_database()::text AS database_name, schema_name, table_name, NULL::text AS table_acl, table_type, NULL::text AS remarks FROM pg_rs_shim.relation WHERE mine;
CREATE VIEW pg_catalog.svv_redshift_tables AS SELECT * FROM pg_catalog.svv_all_tables WHERE table_type <> 'EXTERNAL TABLE';
CREATE VIEW pg_catalog.svv_all_columns AS
  SELECT current_database()::text AS database_name, schema_name, table_name, column_name, ordinal_position, column_default, CASE WHEN attnotnull THEN 'NO' ELSE 'YES' END AS is_nullable, data_type, character_maximum_length, numeric_precision, numeric_scale, NULL::text AS remarks
  FROM pg_rs_shim.attribute WHERE mine;
CREATE VIEW pg_catalog.svv_redshift_columns AS SELECT * FROM pg_catalog.svv_all_columns;
CREATE VIEW pg_catalog.svv_external_schemas AS
  SELECT oid::int AS esoid, CASE WHEN EXISTS (SELECT FROM pg_rs_shim.fact WHERE name = 'remote schema' AND value = nspname) THEN 5 ELSE 1 END AS eskind, nspname::text AS schemaname, nspowner::int AS esowner, 'external'::text AS databasename, '{}'::text AS esoptions FROM pg_namespace WHERE obj_description(oid, 'pg_namespace') = 'rsfake: external';
CREATE VIEW pg_catalog.pg_external_schema AS SELECT esoid, eskind, databasename AS esdbname, esoptions FROM pg_catalog.svv_external_schemas;
CREATE VIEW pg_catalog.svv_external_tables AS
  SELECT current_database()::text AS redshift_database_name, schema_name AS schemaname, table_name AS tablename, 'TABLE'::text AS tabletype, 's3://stand-in'::text AS location FROM pg_rs_shim.relation WHERE table_type = 'EXTERNAL TABLE';
CREATE VIEW pg_catalog.svv_external_columns AS
  SELECT current_database()::text AS redshift_database_name, schema_name AS schemaname, table_name AS tablename, column_name AS columnname, data_type AS external_type, ordinal_position AS columnnum, 0 AS part_key, 'true'::text AS is_nullable FROM pg_rs_shim.attribute WHERE table_type = 'EXTERNAL TABLE';
CREATE VIEW pg_catalog.pg_table_def AS
  SELECT schema_name::name AS schemaname, table_name::name AS tablename, column_name::name AS "column", data_type AS type, 'none'::text AS encoding, false AS distkey, 0 AS sortkey, attnotnull AS "notnull"
  FROM pg_rs_shim.attribute WHERE mine AND schema_name = ANY (current_schemas(true)::text[]);
CREATE FUNCTION pg_catalog.pg_get_late_binding_view_cols() RETURNS SETOF record STABLE LANGUAGE sql AS
  $$ SELECT schema_name::name, table_name::name, column_name::name, data_type::varchar, ordinal_position FROM pg_rs_shim.attribute WHERE late AND mine $$;
CREATE VIEW pg_catalog.pg_proc_info AS
  SELECT oid AS prooid, proname, pronamespace, proowner, prolang, prokind = 'a' AS proisagg, prosecdef, proisstrict, proretset, provolatile, pronargs, prorettype, proargtypes, proargnames, prosrc, proacl, prokind, proargmodes, proallargtypes FROM pg_proc;
GRANT SELECT ON pg_rs_shim.relation, pg_rs_shim.attribute TO PUBLIC;
CREATE TABLE pg_rs_shim.datashare (share_name text PRIMARY KEY, share_type text, source_database text, consumer_database text);
CREATE VIEW pg_catalog.svv_datashares AS
  SELECT share_name, hashtext(share_name) AS share_id, NULL::text AS share_owner, source_database, consumer_database, share_type, NULL::timestamp AS createdate, false AS is_publicaccessible, NULL::text AS share_acl, NULL::text AS producer_account,
    NULL::text AS producer_namespace, NULL::text AS managed_by FROM pg_rs_shim.datashare;
GRANT SELECT ON pg_rs_shim.scoped_to, pg_rs_shim.datashare TO PUBLIC;
CREATE VIEW pg_catalog.svv_rls_policy AS SELECT NULL::text AS polname WHERE false;
CREATE VIEW pg_catalog.svv_masking_policy AS SELECT NULL::text AS policy_name WHERE false;

-- The log of statements: the server writes it when a statement has ended (querylog.go); users see their own, superusers and SYSLOG ACCESS UNRESTRICTED all.
CREATE TABLE pg_rs_shim.query_log (query_id bigint GENERATED ALWAYS AS IDENTITY, user_name text, session_id int, database_name text, query_label text, start_time timestamp, end_time timestamp, status text, query_text text,
  error_message text, returned_rows bigint, returned_bytes bigint);
CREATE FUNCTION pg_rs_shim.query_type(text) RETURNS text IMMUTABLE LANGUAGE sql AS
  $$ SELECT CASE WHEN $1 ~* '^[\s(]*(select|with)' THEN 'SELECT' WHEN $1 ~* '^\s*insert' THEN 'INSERT' WHEN $1 ~* '^\s*update' THEN 'UPDATE' WHEN $1 ~* '^\s*delete' THEN 'DELETE'
    WHEN $1 ~* '^\s*create\s+table.*\sas[\s(]+(select|with)' THEN 'CTAS' WHEN $1 ~* '^\s*(create|drop|alter)' THEN 'DDL' WHEN $1 ~* '^\s*call' THEN 'CALL' ELSE 'UTILITY' END $$;
CREATE VIEW pg_catalog.sys_query_history AS
  SELECT coalesce((SELECT oid::int FROM pg_roles WHERE rolname = l.user_name), 0) AS user_id, l.query_id, l.query_label::char(320) AS query_label, l.query_id AS transaction_id, l.session_id, l.database_name::char(128) AS database_name,
    pg_rs_shim.query_type(query_text)::char(32) AS query_type, l.status::char(10) AS status, false AS result_cache_hit, l.start_time, l.end_time, (extract(epoch FROM l.end_time - l.start_time) * 1000000)::bigint AS elapsed_time,
    0::bigint AS queue_time, 0::bigint AS execution_time, coalesce(left(l.error_message, 512), '')::char(512) AS error_message, l.returned_rows, l.returned_bytes, left(l.query_text, 4000)::char(4000) AS query_text,
    '1.0.63269'::char(256) AS redshift_version, ''::char(150) AS usage_limit, 'primary'::varchar(32) AS compute_type, 0::bigint AS compile_time, 0::bigint AS planning_time, 0::bigint AS lock_wait_time
  FROM pg_rs_shim.query_log l WHERE l.user_name = session_user OR (SELECT rolsuper FROM pg_roles WHERE rolname = session_user) OR pg_rs_shim.facts(session_user::text)->>'syslog' = 'unrestricted';
CREATE VIEW pg_catalog.sys_query_text AS
  SELECT h.user_id, h.query_id, h.transaction_id, h.session_id, h.start_time, s AS sequence, substr(l.query_text, s * 4000 + 1, 4000)::char(4000) AS text
  FROM sys_query_history h JOIN pg_rs_shim.query_log l USING (query_id), generate_series(0, greatest(length(l.query_text) - 1, 0) / 4000) AS s;
-- The older views have queries alone, numbers of their own, and new lines as two characters.
CREATE VIEW pg_catalog.stl_query AS
  SELECT user_id AS userid, (query_id + 100000)::int AS query, query_label AS label, transaction_id AS xid, session_id AS pid, database_name::text::char(32) AS database, replace(query_text::text, E'\n', '\n')::char(4000) AS querytxt,
    start_time AS starttime, end_time AS endtime, CASE status WHEN 'success' THEN 0 ELSE 1 END AS aborted, 0 AS insert_pristine, 0 AS concurrency_scaling_status
  FROM sys_query_history WHERE query_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE', 'CTAS');
CREATE VIEW pg_catalog.stl_querytext AS
  SELECT q.userid, q.xid, q.pid, q.query, s AS sequence, substr(l.whole, s * 200 + 1, 200)::char(200) AS text
  FROM stl_query q JOIN (SELECT query_id, replace(query_text, E'\n', '\n') AS whole FROM pg_rs_shim.query_log) l ON l.query_id + 100000 = q.query, generate_series(0, greatest(length(l.whole) - 1, 0) / 200) AS s;
CREATE VIEW pg_catalog.svv_transactions AS
  SELECT a.usename::text AS txn_owner, a.datname::text AS txn_db, a.pid AS xid, a.pid, NULL::timestamp AS txn_start, 'ExclusiveLock'::text AS lock_mode, 'transactionid'::text AS lockable_object_type, NULL::int AS relation, l.granted
  FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid WHERE l.locktype = 'virtualxid' AND a.datname = current_database();
CREATE VIEW pg_catalog.stv_sessions AS SELECT backend_start::timestamp AS starttime, pid AS process, usename::text AS user_name, datname::text AS db_name FROM pg_stat_activity WHERE datname = current_database();

DO $$ DECLARE v record; BEGIN
  FOR v IN SELECT relname FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind = 'v' AND (relname ~ '^(svv|svl|stl|stv|sys)_' OR relname IN ('pg_user_info', 'pg_table_def', 'pg_external_schema', 'pg_proc_info')) LOOP
    EXECUTE format('GRANT SELECT ON pg_catalog.%I TO PUBLIC', v.relname);
  END LOOP; END $$;
