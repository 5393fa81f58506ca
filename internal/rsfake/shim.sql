-- What Redshift has and PostgreSQL has not, as far as the stand-in goes. Run once in a database, as its superuser. What clients name stands in
-- pg_catalog, as on Redshift; what only translated statements name stands in pg_rs_shim.
SET allow_system_table_mods = on;
SET standard_conforming_strings = on;
CREATE SCHEMA pg_rs_shim;
GRANT USAGE ON SCHEMA pg_rs_shim TO PUBLIC;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT CREATE, USAGE ON SCHEMA public TO PUBLIC; -- Redshift's default

CREATE FUNCTION pg_rs_shim.version() RETURNS text IMMUTABLE LANGUAGE sql AS
  $$ SELECT 'PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017 (Red Hat 3.4.2-6.fc3), Redshift 1.0.63269'::text $$;
CREATE FUNCTION pg_rs_shim.current_setting(name text) RETURNS text STABLE LANGUAGE plpgsql AS $$
BEGIN
  IF lower(name) = 'standard_conforming_strings' THEN RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = 'unrecognized configuration parameter "standard_conforming_strings"'; END IF;
  IF lower(name) = 'server_version' THEN RETURN '8.0.2'; END IF;
  RETURN pg_catalog.current_setting(name);
END $$;
CREATE FUNCTION pg_rs_shim.current_setting(name text, error_if_undefined boolean) RETURNS text STABLE LANGUAGE plpgsql AS $$
BEGIN
  IF strpos(name, '.') = 0 THEN RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'error_if_undefined is for session context variables'; END IF;
  RETURN pg_catalog.current_setting(name, NOT error_if_undefined);
END $$;
CREATE FUNCTION pg_rs_shim.pg_get_viewdef(o oid) RETURNS text STABLE LANGUAGE sql AS
  $$ SELECT coalesce(substring(obj_description(o, 'pg_class') FROM '^rsfake: late binding\n(.*)$'), pg_catalog.pg_get_viewdef(o)) $$;
CREATE FUNCTION pg_rs_shim.pg_get_viewdef(o oid, pretty boolean) RETURNS text STABLE LANGUAGE sql AS $$ SELECT pg_catalog.pg_get_viewdef(o, pretty) $$;
CREATE FUNCTION pg_rs_shim.regexp_replace(src text, pattern text, replacement text DEFAULT '', pos int DEFAULT 1, flags text DEFAULT '') RETURNS text IMMUTABLE LANGUAGE sql AS
  $$ SELECT CASE WHEN pos > length(src) THEN src ELSE left(src, pos - 1) || pg_catalog.regexp_replace(substr(src, pos), pattern, replacement, 'g' || CASE WHEN flags LIKE '%i%' THEN 'i' ELSE '' END) END $$;

-- What one of these databases may be, and the stand-in is not: rows that tests put there.
CREATE TABLE pg_rs_shim.fact (name text PRIMARY KEY, value text);
GRANT SELECT ON pg_rs_shim.fact TO PUBLIC;
CREATE FUNCTION pg_catalog.db_collation() RETURNS text STABLE LANGUAGE sql AS $$ SELECT coalesce((SELECT value FROM pg_rs_shim.fact WHERE name = 'db_collation'), 'case_sensitive') $$;

-- Types: what a client sees as super, varbyte, geometry, geography, hllsketch.
CREATE DOMAIN pg_catalog.super AS jsonb;
CREATE DOMAIN pg_catalog.varbyte AS bytea;
CREATE DOMAIN pg_catalog.geometry AS bytea;
CREATE DOMAIN pg_catalog.geography AS bytea;
CREATE DOMAIN pg_catalog.hllsketch AS text;

-- Functions.
CREATE FUNCTION pg_catalog.getdate() RETURNS timestamp STABLE LANGUAGE sql AS $$ SELECT date_trunc('second', statement_timestamp())::timestamp $$;
CREATE FUNCTION pg_catalog.len(text) RETURNS int IMMUTABLE STRICT LANGUAGE sql AS $$ SELECT length($1) $$;
CREATE FUNCTION pg_catalog.charindex(text, text) RETURNS int IMMUTABLE STRICT LANGUAGE sql AS $$ SELECT strpos($2, $1) $$;
CREATE FUNCTION pg_catalog.sha2(text, int) RETURNS text IMMUTABLE STRICT LANGUAGE sql AS
  $$ SELECT CASE $2 WHEN 224 THEN encode(sha224(convert_to($1, 'UTF8')), 'hex') WHEN 0 THEN encode(sha256(convert_to($1, 'UTF8')), 'hex') WHEN 256 THEN encode(sha256(convert_to($1, 'UTF8')), 'hex')
     WHEN 384 THEN encode(sha384(convert_to($1, 'UTF8')), 'hex') WHEN 512 THEN encode(sha512(convert_to($1, 'UTF8')), 'hex') ELSE '' END $$;
CREATE FUNCTION pg_catalog.replicate(text, int) RETURNS text IMMUTABLE STRICT LANGUAGE sql AS $$ SELECT repeat($1, $2) $$;
CREATE FUNCTION pg_catalog.strtol(text, int) RETURNS bigint IMMUTABLE STRICT LANGUAGE plpgsql AS $$
DECLARE r bigint := 0; c int; BEGIN
  FOR i IN 1..length($1) LOOP
    c := strpos('0123456789abcdefghijklmnopqrstuvwxyz', lower(substr($1, i, 1))) - 1;
    IF c < 0 OR c >= $2 THEN RAISE EXCEPTION 'The input % is not valid to be converted to base %', $1, $2; END IF;
    r := r * $2 + c;
  END LOOP; RETURN r; END $$;
CREATE FUNCTION pg_catalog.trunc(timestamp) RETURNS date IMMUTABLE STRICT LANGUAGE sql AS $$ SELECT $1::date $$;
CREATE FUNCTION pg_catalog.round(double precision, int) RETURNS double precision IMMUTABLE STRICT LANGUAGE sql AS $$ SELECT round($1::numeric, $2)::double precision $$;
CREATE FUNCTION pg_catalog.trunc(double precision, int) RETURNS double precision IMMUTABLE STRICT LANGUAGE sql AS $$ SELECT trunc($1::numeric, $2)::double precision $$;
CREATE FUNCTION pg_catalog.pow(double precision, int) RETURNS double precision IMMUTABLE STRICT LANGUAGE sql AS $$ SELECT power($1, $2::double precision) $$;
CREATE FUNCTION pg_rs_shim.step(part text) RETURNS interval IMMUTABLE STRICT LANGUAGE sql AS
  $$ SELECT CASE WHEN part IN ('y','yr','yrs','year','years') THEN '1 year'::interval WHEN part IN ('qtr','qtrs','quarter','quarters') THEN '3 months'
     WHEN part IN ('mon','mons','month','months') THEN '1 month' WHEN part IN ('w','week','weeks') THEN '7 days' WHEN part IN ('d','day','days') THEN '1 day'
     WHEN part IN ('h','hr','hrs','hour','hours') THEN '1 hour' WHEN part IN ('m','min','mins','minute','minutes') THEN '1 minute'
     WHEN part IN ('s','sec','secs','second','seconds') THEN '1 second' WHEN part IN ('ms','msec','msecs','millisecond','milliseconds') THEN '1 millisecond'
     WHEN part IN ('us','usec','usecs','microsecond','microseconds') THEN '1 microsecond' END $$;
CREATE FUNCTION pg_catalog.dateadd(text, bigint, timestamp) RETURNS timestamp IMMUTABLE STRICT LANGUAGE sql AS $$ SELECT $3 + pg_rs_shim.step(lower($1)) * $2 $$;
CREATE FUNCTION pg_catalog.dateadd(text, bigint, timestamptz) RETURNS timestamptz STABLE STRICT LANGUAGE sql AS $$ SELECT $3 + pg_rs_shim.step(lower($1)) * $2 $$;
CREATE FUNCTION pg_catalog.datediff(text, timestamp, timestamp) RETURNS bigint IMMUTABLE STRICT LANGUAGE plpgsql AS $$
DECLARE s interval := pg_rs_shim.step(lower($1)); BEGIN
  RETURN CASE WHEN s IS NULL THEN NULL
    WHEN s = '1 year' THEN extract(year FROM $3) - extract(year FROM $2)
    WHEN s = '3 months' THEN (extract(year FROM $3) - extract(year FROM $2)) * 4 + extract(quarter FROM $3) - extract(quarter FROM $2)
    WHEN s = '1 month' AND lower($1) LIKE 'mon%' THEN (extract(year FROM $3) - extract(year FROM $2)) * 12 + extract(month FROM $3) - extract(month FROM $2)
    WHEN s = '7 days' THEN (date_trunc('week', $3 + '1 day'::interval)::date - date_trunc('week', $2 + '1 day'::interval)::date) / 7
    WHEN s = '1 day' THEN $3::date - $2::date
    WHEN s = '1 hour' THEN extract(epoch FROM date_trunc('hour', $3) - date_trunc('hour', $2)) / 3600
    WHEN s = '1 minute' THEN extract(epoch FROM date_trunc('minute', $3) - date_trunc('minute', $2)) / 60
    WHEN s = '1 second' THEN extract(epoch FROM date_trunc('second', $3) - date_trunc('second', $2))
    WHEN s = '1 millisecond' THEN extract(epoch FROM date_trunc('milliseconds', $3) - date_trunc('milliseconds', $2)) * 1000
    ELSE extract(epoch FROM $3 - $2) * 1000000 END; END $$;
CREATE FUNCTION pg_catalog.add_months(timestamp, bigint) RETURNS timestamp IMMUTABLE STRICT LANGUAGE sql AS $$ SELECT $1 + '1 month'::interval * $2 $$;
CREATE FUNCTION pg_catalog.last_day(timestamp) RETURNS date IMMUTABLE STRICT LANGUAGE sql AS $$ SELECT (date_trunc('month', $1) + '1 month - 1 day'::interval)::date $$;
CREATE FUNCTION pg_catalog.convert_timezone(text, text, timestamp) RETURNS timestamp STABLE STRICT LANGUAGE sql AS $$ SELECT ($3 AT TIME ZONE $1) AT TIME ZONE $2 $$;
CREATE FUNCTION pg_catalog.convert_timezone(text, timestamp) RETURNS timestamp STABLE STRICT LANGUAGE sql AS $$ SELECT ($2 AT TIME ZONE 'UTC') AT TIME ZONE $1 $$;
CREATE FUNCTION pg_catalog.json_extract_path_text(text, VARIADIC text[]) RETURNS text IMMUTABLE STRICT LANGUAGE sql AS $$ SELECT coalesce($1::jsonb #>> $2, '') $$;
CREATE FUNCTION pg_catalog.is_valid_json(text) RETURNS boolean IMMUTABLE STRICT LANGUAGE plpgsql AS $$ BEGIN PERFORM $1::jsonb; RETURN true; EXCEPTION WHEN OTHERS THEN RETURN false; END $$;
CREATE FUNCTION pg_catalog.json_parse(text) RETURNS super IMMUTABLE STRICT LANGUAGE sql AS $$ SELECT $1::jsonb::super $$;
CREATE FUNCTION pg_catalog.json_serialize(super) RETURNS text IMMUTABLE STRICT LANGUAGE sql AS $$ SELECT $1::text $$;
CREATE FUNCTION pg_catalog.pg_last_query_id() RETURNS int VOLATILE LANGUAGE sql AS $$ SELECT pg_backend_pid() $$;
CREATE FUNCTION pg_catalog.last_user_query_id() RETURNS bigint VOLATILE LANGUAGE sql AS $$ SELECT pg_backend_pid()::bigint $$;
CREATE FUNCTION pg_catalog.current_namespace() RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT '00000000-0000-4000-8000-000000000000'::text $$;
CREATE FUNCTION pg_catalog.user_is_member_of(name, text) RETURNS boolean STABLE LANGUAGE sql AS $$ SELECT pg_has_role($1, 'role:' || $2, 'USAGE') $$;
CREATE FUNCTION pg_catalog.role_is_member_of(text, text) RETURNS boolean STABLE LANGUAGE sql AS $$ SELECT pg_has_role('role:' || $1, 'role:' || $2, 'USAGE') $$;
CREATE FUNCTION pg_rs_shim.middle(double precision[]) RETURNS double precision IMMUTABLE LANGUAGE sql AS $$ SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY v) FROM unnest($1) AS u(v) $$;
CREATE AGGREGATE pg_catalog.median(double precision) (SFUNC = array_append, STYPE = double precision[], INITCOND = '{}', FINALFUNC = pg_rs_shim.middle);
CREATE FUNCTION pg_rs_shim.lambda(name text, arguments jsonb) RETURNS text LANGUAGE plpgsql AS
  $$ BEGIN RAISE EXCEPTION USING ERRCODE = '58000', MESSAGE = 'the stand-in reaches no Lambda: ' || name; END $$;

-- Users, groups and roles: what an account knows stands in the comment of its PostgreSQL role.
CREATE TABLE pg_rs_shim.permission (role text, permission text, PRIMARY KEY (role, permission));
CREATE FUNCTION pg_rs_shim.facts(who text) RETURNS jsonb STABLE LANGUAGE sql AS
  $$ SELECT coalesce((SELECT pg_catalog.shobj_description(oid, 'pg_authid')::jsonb FROM pg_catalog.pg_roles WHERE rolname = who), '{}') $$;
CREATE FUNCTION pg_rs_shim.note(who text, what jsonb) RETURNS void LANGUAGE plpgsql AS
  $$ BEGIN EXECUTE format('COMMENT ON ROLE %I IS %L', who, pg_rs_shim.facts(who) || what); END $$;
CREATE FUNCTION pg_rs_shim.may(actor text, what text, target text DEFAULT NULL) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = actor) THEN RETURN; END IF;
  IF target IS NOT NULL AND pg_rs_shim.facts(target)->>'owner' = actor THEN RETURN; END IF;
  IF EXISTS (SELECT FROM pg_rs_shim.permission WHERE permission = what AND EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = role) AND pg_has_role(actor, role, 'USAGE')) THEN RETURN; END IF;
  RAISE EXCEPTION USING ERRCODE = '42501', MESSAGE = 'must be superuser to ' || what;
END $$;
CREATE FUNCTION pg_rs_shim.options(text) RETURNS jsonb IMMUTABLE LANGUAGE sql AS
  $$ SELECT coalesce(jsonb_object_agg(split_part(l, '=', 1), substr(l, strpos(l, '=') + 1)), '{}') FROM regexp_split_to_table($1, E'\n') AS l WHERE l <> '' $$;
CREATE FUNCTION pg_rs_shim.secrets(who text, password text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE salt text := md5(random()::text); BEGIN
  IF password = '' THEN RETURN '{"md5": null, "sha256": null, "salt": null}'; END IF;
  IF password LIKE 'sha256|%' THEN
    RETURN jsonb_build_object('md5', null, 'sha256', split_part(password, '|', 2), 'salt', split_part(password, '|', 3), 'form', 'sha256'); END IF;
  IF password ~ '^md5[0-9a-f]{32}$' THEN RETURN jsonb_build_object('md5', password, 'sha256', null, 'salt', null, 'form', 'md5'); END IF;
  RETURN jsonb_build_object('md5', 'md5' || md5(password || who), 'sha256', encode(sha256(convert_to(password || salt, 'UTF8')), 'hex'), 'salt', salt, 'form', 'md5');
END $$;
CREATE FUNCTION pg_rs_shim.apply_options(who text, o jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF o ? 'createdb' THEN EXECUTE format('ALTER ROLE %I %s', who, CASE WHEN o->>'createdb' = 'on' THEN 'CREATEDB' ELSE 'NOCREATEDB' END); END IF;
  IF o ? 'createuser' THEN EXECUTE format('ALTER ROLE %I %s', who, CASE WHEN o->>'createuser' = 'on' THEN 'SUPERUSER' ELSE 'NOSUPERUSER' END); END IF;
  IF o ? 'valid' THEN EXECUTE format('ALTER ROLE %I VALID UNTIL %L', who, o->>'valid'); END IF;
  IF o ? 'password' THEN PERFORM pg_rs_shim.note(who, pg_rs_shim.secrets(who, o->>'password')); END IF;
  IF o ? 'syslog' THEN PERFORM pg_rs_shim.note(who, jsonb_build_object('syslog', o->>'syslog')); END IF;
END $$;
CREATE FUNCTION pg_rs_shim.create_user(who text, options text, actor text) RETURNS void SECURITY DEFINER LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE o jsonb := pg_rs_shim.options(options); BEGIN
  PERFORM pg_rs_shim.may(actor, 'create user');
  IF o->>'createuser' = 'on' THEN PERFORM pg_rs_shim.may(actor, 'create superusers'); END IF;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = who) THEN RAISE EXCEPTION USING ERRCODE = '42710', MESSAGE = format('user "%s" already exists', who); END IF;
  EXECUTE format('CREATE ROLE %I LOGIN', who);
  PERFORM pg_rs_shim.note(who, jsonb_build_object('owner', actor));
  PERFORM pg_rs_shim.apply_options(who, o);
END $$;
CREATE FUNCTION pg_rs_shim.alter_user(who text, options text, actor text) RETURNS void SECURITY DEFINER LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE o jsonb := pg_rs_shim.options(options); BEGIN
  IF actor <> who OR o - 'password' <> '{}' THEN PERFORM pg_rs_shim.may(actor, 'alter user'); END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = who AND rolcanlogin) THEN RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('user "%s" does not exist', who); END IF;
  IF o->>'createuser' = 'on' OR (SELECT rolsuper FROM pg_roles WHERE rolname = who) THEN PERFORM pg_rs_shim.may(actor, 'alter superusers'); END IF;
  PERFORM pg_rs_shim.apply_options(who, o - 'rename');
  IF o ? 'rename' THEN EXECUTE format('ALTER ROLE %I RENAME TO %I', who, o->>'rename'); END IF;
END $$;
CREATE FUNCTION pg_rs_shim.create_role(who text, actor text) RETURNS void SECURITY DEFINER LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE kind text := split_part(who, ':', 1); BEGIN
  PERFORM pg_rs_shim.may(actor, 'create ' || kind);
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = who) THEN
    RAISE EXCEPTION USING ERRCODE = '42710', MESSAGE = format('%s "%s" already exists', kind, substr(who, length(kind) + 2)); END IF;
  EXECUTE format('CREATE ROLE %I NOLOGIN', who);
  PERFORM pg_rs_shim.note(who, jsonb_build_object('owner', actor));
END $$;
CREATE FUNCTION pg_rs_shim.known(who text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = who) THEN
    RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = CASE WHEN who LIKE 'role:%' THEN format('role "%s" does not exist', substr(who, 6))
      WHEN who LIKE 'group:%' THEN format('group "%s" does not exist', substr(who, 7)) ELSE format('user "%s" does not exist', who) END; END IF;
END $$;
CREATE FUNCTION pg_rs_shim.grant_role(what text, who text, admin boolean, actor text) RETURNS void SECURITY DEFINER LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  PERFORM pg_rs_shim.known(what); PERFORM pg_rs_shim.known(who);
  IF NOT EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid JOIN pg_roles u ON u.oid = m.member WHERE r.rolname = what AND u.rolname = actor AND m.admin_option) THEN
    PERFORM pg_rs_shim.may(actor, 'grant ' || split_part(what, ':', 1), what); END IF;
  EXECUTE format('GRANT %I TO %I', what, who) || CASE WHEN admin THEN ' WITH ADMIN OPTION' ELSE '' END;
END $$;
CREATE FUNCTION pg_rs_shim.revoke_role(what text, who text, actor text) RETURNS void SECURITY DEFINER LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  PERFORM pg_rs_shim.known(what); PERFORM pg_rs_shim.known(who);
  PERFORM pg_rs_shim.may(actor, 'revoke ' || split_part(what, ':', 1), what);
  EXECUTE format('REVOKE %I FROM %I', what, who);
END $$;
CREATE FUNCTION pg_rs_shim.drop_role(who text, quiet boolean, force boolean, actor text) RETURNS void SECURITY DEFINER LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE kind text := CASE WHEN who LIKE 'role:%' THEN 'role' WHEN who LIKE 'group:%' THEN 'group' ELSE 'user' END; BEGIN
  IF quiet AND NOT EXISTS (SELECT FROM pg_roles WHERE rolname = who) THEN RETURN; END IF;
  PERFORM pg_rs_shim.known(who);
  PERFORM pg_rs_shim.may(actor, 'drop ' || kind, who);
  IF kind = 'role' AND NOT force AND EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid WHERE r.rolname = who) THEN
    RAISE EXCEPTION USING ERRCODE = '2BP01', MESSAGE = format('role "%s" cannot be dropped because some objects depend on it', substr(who, 6)); END IF;
  IF kind = 'group' OR force THEN EXECUTE format('DROP OWNED BY %I', who); END IF;
  DELETE FROM pg_rs_shim.permission WHERE role = who;
  EXECUTE format('DROP ROLE %I', who);
END $$;
CREATE FUNCTION pg_rs_shim.system_permission(what text, who text, granted boolean, actor text) RETURNS void SECURITY DEFINER LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  PERFORM pg_rs_shim.may(actor, 'grant system permissions'); PERFORM pg_rs_shim.known(who);
  DELETE FROM pg_rs_shim.permission WHERE role = who AND permission = what;
  IF granted THEN INSERT INTO pg_rs_shim.permission VALUES (who, what); END IF;
END $$;

-- New procedures can be called by their owner alone, new functions by everyone.
CREATE FUNCTION pg_rs_shim.procedure_made() RETURNS event_trigger LANGUAGE plpgsql AS $$
DECLARE made record; BEGIN
  FOR made IN SELECT object_identity, objid FROM pg_catalog.pg_event_trigger_ddl_commands() WHERE object_type = 'procedure' AND command_tag = 'CREATE PROCEDURE' LOOP
    IF (SELECT proacl IS NULL FROM pg_catalog.pg_proc WHERE oid = made.objid) THEN EXECUTE 'REVOKE EXECUTE ON PROCEDURE ' || made.object_identity || ' FROM PUBLIC'; END IF;
  END LOOP;
END $$;
CREATE EVENT TRIGGER rs_shim_procedure ON ddl_command_end WHEN TAG IN ('CREATE PROCEDURE') EXECUTE FUNCTION pg_rs_shim.procedure_made();
