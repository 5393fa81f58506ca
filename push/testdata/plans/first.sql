-- 32 statements in 2 transactions, 7 WIDENS_ACCESS

-- prepare
BEGIN;
CREATE SCHEMA postern_system;
REVOKE ALL ON SCHEMA postern_system FROM PUBLIC;
CREATE TABLE postern_system.sync (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    connection text NOT NULL,
    format integer NOT NULL,
    revision bigint NOT NULL,
    program text NOT NULL,
    step integer NOT NULL,
    steps integer NOT NULL,
    at timestamp with time zone NOT NULL
);
CREATE TABLE postern_system.ledger (
    kind text NOT NULL,
    schema name NOT NULL,
    name name NOT NULL,
    digest text NOT NULL,
    mark text NOT NULL,
    PRIMARY KEY (kind, schema, name)
);
CREATE TABLE postern_system.profile (
    account name PRIMARY KEY,
    user_name text NOT NULL,
    groups text[] NOT NULL,
    purposes text[] NOT NULL,
    attributes jsonb NOT NULL,
    flags text[] NOT NULL
);
CREATE VIEW postern_system.user_profile WITH (security_barrier) AS
    SELECT p.user_name, p.groups, p.purposes, p.attributes, p.flags
    FROM postern_system.profile AS p WHERE p.account OPERATOR(pg_catalog.=) CURRENT_USER;
CREATE TABLE postern_system.ticket (ticket uuid NOT NULL);
INSERT INTO postern_system.ticket VALUES (pg_catalog.gen_random_uuid());
REVOKE ALL ON ALL TABLES IN SCHEMA postern_system FROM PUBLIC;
INSERT INTO postern_system.sync VALUES (true, 'tpch', 1, 0, '', 0, 0, pg_catalog.now());
CREATE TABLE postern_system.baseline (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    settled boolean NOT NULL,
    state jsonb NOT NULL
);
REVOKE ALL ON TABLE postern_system.baseline FROM PUBLIC;
INSERT INTO postern_system.baseline VALUES (true, false, '{}');
ALTER TABLE postern_system.profile ADD COLUMN audiences name[] NOT NULL DEFAULT '{}';
CREATE TABLE postern_system.admission (
    schema name NOT NULL,
    name name NOT NULL,
    role name NOT NULL,
    digest text NOT NULL,
    PRIMARY KEY (schema, name, role)
);
CREATE VIEW postern_system.user_admission WITH (security_barrier) AS
    SELECT a.schema, a.name, a.digest FROM postern_system.admission AS a
    WHERE a.role OPERATOR(pg_catalog.=) ANY ((SELECT p.audiences FROM postern_system.profile AS p WHERE p.account OPERATOR(pg_catalog.=) CURRENT_USER)::name[]);
REVOKE ALL ON postern_system.admission, postern_system.user_admission FROM PUBLIC;
CREATE OR REPLACE FUNCTION postern_system.keyed_hash(ticket uuid, domain text, value text) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE SECURITY DEFINER COST 600
SET search_path = pg_catalog, pg_temp
SET debug_print_plan = off
SET client_min_messages = error
AS $function$
SELECT CASE WHEN EXISTS (SELECT FROM postern_system.ticket AS t WHERE t.ticket = $1) THEN postern_functions.keyed_hash($2, $3) END
$function$;
REVOKE ALL ON FUNCTION postern_system.keyed_hash(uuid, text, text) FROM PUBLIC;
CREATE OR REPLACE FUNCTION postern_system.keyed_draw(ticket uuid, domain text, value text) RETURNS bigint
LANGUAGE sql STABLE STRICT PARALLEL SAFE SECURITY DEFINER COST 600
SET search_path = pg_catalog, pg_temp
SET debug_print_plan = off
SET client_min_messages = error
AS $function$
SELECT CASE WHEN EXISTS (SELECT FROM postern_system.ticket AS t WHERE t.ticket = $1) THEN postern_functions.keyed_draw($2, $3) END
$function$;
REVOKE ALL ON FUNCTION postern_system.keyed_draw(uuid, text, text) FROM PUBLIC;
COMMIT;

-- everything at once
BEGIN;
-- WIDENS_ACCESS
-- $1: the profile of ann, bob, cid
INSERT INTO postern_system.profile (account, user_name, groups, purposes, attributes, flags, audiences) SELECT r.account, r.user_name, r.groups, r.purposes, r.attributes, r.flags, r.audiences FROM pg_catalog.jsonb_to_recordset($1::jsonb) AS r (account name, user_name text, groups text[], purposes text[], attributes jsonb, flags text[], audiences name[]) ON CONFLICT (account) DO UPDATE SET (user_name, groups, purposes, attributes, flags, audiences) = (EXCLUDED.user_name, EXCLUDED.groups, EXCLUDED.purposes, EXCLUDED.attributes, EXCLUDED.flags, EXCLUDED.audiences);
CREATE SCHEMA IF NOT EXISTS "governed_Sales";
COMMENT ON SCHEMA "governed_Sales" IS 'postern: views of connection tpch; what is changed here is undone';
INSERT INTO postern_system.ledger VALUES ('schema', 'governed_Sales', '', '', '') ON CONFLICT (kind, schema, name) DO UPDATE SET digest = EXCLUDED.digest, mark = EXCLUDED.mark;
CREATE SCHEMA IF NOT EXISTS governed_public;
COMMENT ON SCHEMA governed_public IS 'postern: views of connection tpch; what is changed here is undone';
INSERT INTO postern_system.ledger VALUES ('schema', 'governed_public', '', '', '') ON CONFLICT (kind, schema, name) DO UPDATE SET digest = EXCLUDED.digest, mark = EXCLUDED.mark;
CREATE ROLE postern_0123456789ab_read NOLOGIN;
COMMENT ON ROLE postern_0123456789ab_read IS 'postern: tpch: may read what policies analysts open';
INSERT INTO postern_system.ledger VALUES ('audience', '', 'postern_0123456789ab_read', '', '') ON CONFLICT (kind, schema, name) DO UPDATE SET digest = EXCLUDED.digest, mark = EXCLUDED.mark;
CREATE VIEW "governed_Sales"."Order" WITH (security_barrier=true) AS
    SELECT postern_t.id, postern_t."Total", postern_t.note, postern_t.c_region FROM "Sales"."Order" AS postern_t WHERE EXISTS (SELECT FROM postern_system.admission AS postern_a WHERE postern_a.schema OPERATOR(pg_catalog.=) 'governed_Sales'::name AND postern_a.name OPERATOR(pg_catalog.=) 'Order'::name AND postern_a.digest OPERATOR(pg_catalog.=) '546173733c439475f0fbb4a13891f0a8'::text AND postern_a.role OPERATOR(pg_catalog.=) ANY ((SELECT postern_p.audiences FROM postern_system.profile AS postern_p WHERE postern_p.account OPERATOR(pg_catalog.=) CURRENT_USER)::name[])) AND (SELECT 'project:@600'::text OPERATOR(pg_catalog.=) ANY (postern_u.flags) FROM postern_system.user_profile AS postern_u) AND (SELECT 'true:6ed25e2b41154a4dde09b6f9'::text OPERATOR(pg_catalog.=) ANY (postern_u.flags) FROM postern_system.user_profile AS postern_u) AND ((NOT (NOT (SELECT 'true:8e27f1b0f389416b30f6ee77'::text OPERATOR(pg_catalog.=) ANY (postern_u.flags) FROM postern_system.user_profile AS postern_u))) OR ((postern_t.c_region)::text OPERATOR(pg_catalog.=) ANY ((SELECT ARRAY(SELECT pg_catalog.jsonb_array_elements_text(postern_u.attributes OPERATOR(pg_catalog.->) 'region'::text)) FROM postern_system.user_profile AS postern_u)::text[]))) OFFSET 0;
INSERT INTO postern_system.ledger SELECT 'view', n.nspname, c.relname, 'ef49ea1d706e7322a2bfa5a0f8a62c4e', c.oid || ':' || r.oid || ':' || r.xmin::text FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_catalog.pg_rewrite AS r ON r.ev_class = c.oid AND r.rulename = '_RETURN' WHERE n.nspname = 'governed_Sales' AND c.relname = 'Order' ON CONFLICT (kind, schema, name) DO UPDATE SET digest = EXCLUDED.digest, mark = EXCLUDED.mark;
CREATE VIEW governed_public.customer WITH (security_barrier=true) AS
    SELECT postern_t.c_custkey, (CASE WHEN (NOT EXISTS (SELECT FROM postern_system.user_profile)) THEN NULL::text ELSE postern_system.keyed_hash((SELECT postern_k.ticket FROM postern_system.ticket AS postern_k), 'default', postern_t.c_name::text)::text END)::text AS c_name, (CASE WHEN (NOT EXISTS (SELECT FROM postern_system.user_profile)) THEN NULL::text WHEN (NOT (SELECT 'true:585218642c19100b4c2ae021'::text OPERATOR(pg_catalog.=) ANY (postern_u.flags) FROM postern_system.user_profile AS postern_u)) THEN (CASE WHEN (pg_catalog.octet_length(postern_t.c_phone::text) OPERATOR(pg_catalog.<=) 1000000) THEN pg_catalog.regexp_replace(postern_t.c_phone::text, '[0-9]'::text, '*'::text, 'g'::text) END)::text ELSE postern_t.c_phone END)::text AS c_phone, postern_t.c_nationkey, postern_t.c_region FROM public.customer AS postern_t WHERE EXISTS (SELECT FROM postern_system.admission AS postern_a WHERE postern_a.schema OPERATOR(pg_catalog.=) 'governed_public'::name AND postern_a.name OPERATOR(pg_catalog.=) 'customer'::name AND postern_a.digest OPERATOR(pg_catalog.=) '6cabf0b89430484256ba9f28a6e466de'::text AND postern_a.role OPERATOR(pg_catalog.=) ANY ((SELECT postern_p.audiences FROM postern_system.profile AS postern_p WHERE postern_p.account OPERATOR(pg_catalog.=) CURRENT_USER)::name[])) AND (SELECT 'project:@600'::text OPERATOR(pg_catalog.=) ANY (postern_u.flags) FROM postern_system.user_profile AS postern_u) AND (SELECT 'true:6ed25e2b41154a4dde09b6f9'::text OPERATOR(pg_catalog.=) ANY (postern_u.flags) FROM postern_system.user_profile AS postern_u) AND ((NOT (NOT (SELECT 'true:8e27f1b0f389416b30f6ee77'::text OPERATOR(pg_catalog.=) ANY (postern_u.flags) FROM postern_system.user_profile AS postern_u))) OR ((postern_t.c_region)::text OPERATOR(pg_catalog.=) ANY ((SELECT ARRAY(SELECT pg_catalog.jsonb_array_elements_text(postern_u.attributes OPERATOR(pg_catalog.->) 'region'::text)) FROM postern_system.user_profile AS postern_u)::text[]))) OFFSET 0;
INSERT INTO postern_system.ledger SELECT 'view', n.nspname, c.relname, '4f77a905247b2d55b1cfc6d22ea2f1d6', c.oid || ':' || r.oid || ':' || r.xmin::text FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_catalog.pg_rewrite AS r ON r.ev_class = c.oid AND r.rulename = '_RETURN' WHERE n.nspname = 'governed_public' AND c.relname = 'customer' ON CONFLICT (kind, schema, name) DO UPDATE SET digest = EXCLUDED.digest, mark = EXCLUDED.mark;
-- WIDENS_ACCESS
GRANT EXECUTE ON FUNCTION postern_system.keyed_hash(uuid, text, text) TO postern_0123456789ab_read;
-- WIDENS_ACCESS
GRANT USAGE ON SCHEMA "governed_Sales", governed_public, public TO postern_0123456789ab_read;
-- WIDENS_ACCESS
GRANT SELECT ON TABLE "governed_Sales"."Order", governed_public.customer TO postern_0123456789ab_read;
-- WIDENS_ACCESS
GRANT SELECT (n_name, n_nationkey) ON TABLE public.nation TO postern_0123456789ab_read;
-- WIDENS_ACCESS
-- $1: admitted: postern_0123456789ab_read to governed_Sales.Order, postern_0123456789ab_read to governed_public.customer
INSERT INTO postern_system.admission (schema, name, role, digest) SELECT r.schema, r.name, r.role, r.digest FROM pg_catalog.jsonb_to_recordset($1::jsonb) AS r (schema name, name name, role name, digest text) ON CONFLICT (schema, name, role) DO UPDATE SET digest = EXCLUDED.digest;
-- WIDENS_ACCESS
GRANT postern_0123456789ab_read TO ann, bob, cid;
ALTER ROLE ann IN DATABASE tpch SET search_path = governed_public, public, "governed_Sales", "Sales";
INSERT INTO postern_system.ledger SELECT 'path', '', 'ann', 'governed_public, public, "governed_Sales", "Sales"', COALESCE((SELECT pg_catalog.substr(o.setting, 13) FROM pg_catalog.pg_db_role_setting AS s, pg_catalog.unnest(s.setconfig) AS o (setting) WHERE s.setrole = 'ann'::regrole AND s.setdatabase = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) AND o.setting LIKE 'search\_path=%'), '') ON CONFLICT (kind, schema, name) DO UPDATE SET digest = EXCLUDED.digest, mark = EXCLUDED.mark;
ALTER ROLE bob IN DATABASE tpch SET search_path = governed_public, public, "governed_Sales", "Sales";
INSERT INTO postern_system.ledger SELECT 'path', '', 'bob', 'governed_public, public, "governed_Sales", "Sales"', COALESCE((SELECT pg_catalog.substr(o.setting, 13) FROM pg_catalog.pg_db_role_setting AS s, pg_catalog.unnest(s.setconfig) AS o (setting) WHERE s.setrole = 'bob'::regrole AND s.setdatabase = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) AND o.setting LIKE 'search\_path=%'), '') ON CONFLICT (kind, schema, name) DO UPDATE SET digest = EXCLUDED.digest, mark = EXCLUDED.mark;
ALTER ROLE cid IN DATABASE tpch SET search_path = governed_public, public, "governed_Sales", "Sales";
INSERT INTO postern_system.ledger SELECT 'path', '', 'cid', 'governed_public, public, "governed_Sales", "Sales"', COALESCE((SELECT pg_catalog.substr(o.setting, 13) FROM pg_catalog.pg_db_role_setting AS s, pg_catalog.unnest(s.setconfig) AS o (setting) WHERE s.setrole = 'cid'::regrole AND s.setdatabase = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) AND o.setting LIKE 'search\_path=%'), '') ON CONFLICT (kind, schema, name) DO UPDATE SET digest = EXCLUDED.digest, mark = EXCLUDED.mark;
COMMIT;
