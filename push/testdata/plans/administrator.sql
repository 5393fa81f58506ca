-- blocked: role postern_0123456789ab_read: there is no such role, and Postern may make none: the plan's script is for a database administrator
-- For a database administrator to run first:
--   CREATE ROLE postern_0123456789ab_read NOLOGIN;
--   COMMENT ON ROLE postern_0123456789ab_read IS 'postern: tpch: may read what policies insiders open';
--   GRANT postern_0123456789ab_read TO postern_system WITH ADMIN OPTION;
-- 25 statements in 1 transaction, 5 WIDENS_ACCESS

-- everything at once
BEGIN;
REVOKE postern_0123456789ab_read FROM bob;
REVOKE EXECUTE ON FUNCTION postern_system.keyed_hash(uuid, text, text) FROM postern_0123456789ab_read;
REVOKE USAGE ON SCHEMA "governed_Sales", public FROM postern_0123456789ab_read;
REVOKE SELECT ON TABLE "governed_Sales"."Order" FROM postern_0123456789ab_read;
REVOKE SELECT (n_name, n_nationkey) ON TABLE public.nation FROM postern_0123456789ab_read;
-- $1: no longer admitted: postern_0123456789ab_read to governed_Sales.Order, postern_0123456789ab_read to governed_public.customer
DELETE FROM postern_system.admission AS a USING pg_catalog.jsonb_to_recordset($1::jsonb) AS r (schema name, name name, role name) WHERE a.schema = r.schema AND a.name = r.name AND a.role = r.role;
-- $1: the profile of bob
DELETE FROM postern_system.profile WHERE account = ANY ($1::name[]);
-- WIDENS_ACCESS
-- $1: the profile of ann, cid
INSERT INTO postern_system.profile (account, user_name, groups, purposes, attributes, flags, audiences) SELECT r.account, r.user_name, r.groups, r.purposes, r.attributes, r.flags, r.audiences FROM pg_catalog.jsonb_to_recordset($1::jsonb) AS r (account name, user_name text, groups text[], purposes text[], attributes jsonb, flags text[], audiences name[]) ON CONFLICT (account) DO UPDATE SET (user_name, groups, purposes, attributes, flags, audiences) = (EXCLUDED.user_name, EXCLUDED.groups, EXCLUDED.purposes, EXCLUDED.attributes, EXCLUDED.flags, EXCLUDED.audiences);
DROP VIEW "governed_Sales"."Order";
DELETE FROM postern_system.ledger WHERE kind = 'view' AND schema = 'governed_Sales' AND name = 'Order';
CREATE OR REPLACE VIEW governed_public.customer WITH (security_barrier=true) AS
    SELECT (CASE WHEN (NOT EXISTS (SELECT FROM postern_system.user_profile)) THEN NULL::integer WHEN (NOT (SELECT 'true:6ed25e2b41154a4dde09b6f9'::text OPERATOR(pg_catalog.=) ANY (postern_u.flags) FROM postern_system.user_profile AS postern_u)) THEN NULL::integer ELSE postern_t.c_custkey END)::integer AS c_custkey, postern_t.c_name, postern_t.c_phone, postern_t.c_nationkey, postern_t.c_region FROM public.customer AS postern_t WHERE EXISTS (SELECT FROM postern_system.admission AS postern_a WHERE postern_a.schema OPERATOR(pg_catalog.=) 'governed_public'::name AND postern_a.name OPERATOR(pg_catalog.=) 'customer'::name AND postern_a.digest OPERATOR(pg_catalog.=) '83d61001229dc4c13241cb7830175106'::text AND postern_a.role OPERATOR(pg_catalog.=) ANY ((SELECT postern_p.audiences FROM postern_system.profile AS postern_p WHERE postern_p.account OPERATOR(pg_catalog.=) CURRENT_USER)::name[])) AND (SELECT 'project:@600'::text OPERATOR(pg_catalog.=) ANY (postern_u.flags) FROM postern_system.user_profile AS postern_u) AND (SELECT 'true:6ed25e2b41154a4dde09b6f9'::text OPERATOR(pg_catalog.=) ANY (postern_u.flags) FROM postern_system.user_profile AS postern_u) AND ((NOT (NOT (SELECT 'true:a8847fb02b40827c7f717515'::text OPERATOR(pg_catalog.=) ANY (postern_u.flags) FROM postern_system.user_profile AS postern_u))) OR (((postern_t.c_region)::text OPERATOR(pg_catalog.=) ANY ((SELECT ARRAY(SELECT pg_catalog.jsonb_array_elements_text(postern_u.attributes OPERATOR(pg_catalog.->) 'region'::text)) FROM postern_system.user_profile AS postern_u)::text[])) AND (postern_t.c_custkey OPERATOR(pg_catalog.>) 1))) OFFSET 0;
INSERT INTO postern_system.ledger SELECT 'view', n.nspname, c.relname, '6c71a42ba6b3333653a123dc965629bf', c.oid || ':' || r.oid || ':' || r.xmin::text FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_catalog.pg_rewrite AS r ON r.ev_class = c.oid AND r.rulename = '_RETURN' WHERE n.nspname = 'governed_public' AND c.relname = 'customer' ON CONFLICT (kind, schema, name) DO UPDATE SET digest = EXCLUDED.digest, mark = EXCLUDED.mark;
CREATE VIEW governed_public.nation WITH (security_barrier=true) AS
    SELECT postern_t.n_nationkey, (CASE WHEN (NOT EXISTS (SELECT FROM postern_system.user_profile)) THEN NULL::text WHEN (NOT (SELECT 'true:585218642c19100b4c2ae021'::text OPERATOR(pg_catalog.=) ANY (postern_u.flags) FROM postern_system.user_profile AS postern_u)) THEN NULL::text ELSE postern_t.n_name END)::text AS n_name FROM public.nation AS postern_t WHERE EXISTS (SELECT FROM postern_system.admission AS postern_a WHERE postern_a.schema OPERATOR(pg_catalog.=) 'governed_public'::name AND postern_a.name OPERATOR(pg_catalog.=) 'nation'::name AND postern_a.digest OPERATOR(pg_catalog.=) '03af241bd5bfa8a8e5b98f6d3da4bd40'::text AND postern_a.role OPERATOR(pg_catalog.=) ANY ((SELECT postern_p.audiences FROM postern_system.profile AS postern_p WHERE postern_p.account OPERATOR(pg_catalog.=) CURRENT_USER)::name[])) AND (SELECT 'project:@600'::text OPERATOR(pg_catalog.=) ANY (postern_u.flags) FROM postern_system.user_profile AS postern_u) AND (SELECT 'true:6ed25e2b41154a4dde09b6f9'::text OPERATOR(pg_catalog.=) ANY (postern_u.flags) FROM postern_system.user_profile AS postern_u) OFFSET 0;
INSERT INTO postern_system.ledger SELECT 'view', n.nspname, c.relname, 'cd679bd56428104aef0800c9d5fca4b0', c.oid || ':' || r.oid || ':' || r.xmin::text FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_catalog.pg_rewrite AS r ON r.ev_class = c.oid AND r.rulename = '_RETURN' WHERE n.nspname = 'governed_public' AND c.relname = 'nation' ON CONFLICT (kind, schema, name) DO UPDATE SET digest = EXCLUDED.digest, mark = EXCLUDED.mark;
-- WIDENS_ACCESS
GRANT USAGE ON SCHEMA "Sales" TO postern_0123456789ab_read;
-- WIDENS_ACCESS
GRANT SELECT ("Total", c_region, id, note) ON TABLE "Sales"."Order" TO postern_0123456789ab_read;
-- WIDENS_ACCESS
GRANT SELECT ON TABLE governed_public.nation TO postern_0123456789ab_read;
-- WIDENS_ACCESS
-- $1: admitted: postern_0123456789ab_read to governed_public.customer, postern_0123456789ab_read to governed_public.nation
INSERT INTO postern_system.admission (schema, name, role, digest) SELECT r.schema, r.name, r.role, r.digest FROM pg_catalog.jsonb_to_recordset($1::jsonb) AS r (schema name, name name, role name, digest text) ON CONFLICT (schema, name, role) DO UPDATE SET digest = EXCLUDED.digest;
ALTER ROLE bob IN DATABASE tpch RESET search_path;
DELETE FROM postern_system.ledger WHERE kind = 'path' AND schema = '' AND name = 'bob';
ALTER ROLE ann IN DATABASE tpch SET search_path = governed_public, public, "Sales";
INSERT INTO postern_system.ledger SELECT 'path', '', 'ann', 'governed_public, public, "Sales"', COALESCE((SELECT pg_catalog.substr(o.setting, 13) FROM pg_catalog.pg_db_role_setting AS s, pg_catalog.unnest(s.setconfig) AS o (setting) WHERE s.setrole = 'ann'::regrole AND s.setdatabase = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) AND o.setting LIKE 'search\_path=%'), '') ON CONFLICT (kind, schema, name) DO UPDATE SET digest = EXCLUDED.digest, mark = EXCLUDED.mark;
ALTER ROLE cid IN DATABASE tpch SET search_path = governed_public, public, "Sales";
INSERT INTO postern_system.ledger SELECT 'path', '', 'cid', 'governed_public, public, "Sales"', COALESCE((SELECT pg_catalog.substr(o.setting, 13) FROM pg_catalog.pg_db_role_setting AS s, pg_catalog.unnest(s.setconfig) AS o (setting) WHERE s.setrole = 'cid'::regrole AND s.setdatabase = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) AND o.setting LIKE 'search\_path=%'), '') ON CONFLICT (kind, schema, name) DO UPDATE SET digest = EXCLUDED.digest, mark = EXCLUDED.mark;
COMMIT;

-- at the end, each on its own
DROP SCHEMA IF EXISTS "governed_Sales"; DELETE FROM postern_system.ledger WHERE kind = 'schema' AND schema = 'governed_Sales' AND name = '';
