-- not given: public.customer: writing: who may both insert and update through a view reaches hidden rows with ON CONFLICT DO UPDATE: give one of the two, or enforce: rowSecurity
-- 44 statements in 1 transaction, 7 WIDENS_ACCESS, 2 LOCKS_LONG

-- everything at once
BEGIN;
REVOKE postern_0123456789ab_profile FROM ann, bob, cid;
REVOKE USAGE ON SCHEMA "Sales" FROM postern_0123456789ab_read;
REVOKE USAGE ON SCHEMA postern_system FROM postern_0123456789ab_profile;
REVOKE SELECT ("Total", c_region, id, note) ON TABLE "Sales"."Order" FROM postern_0123456789ab_read;
REVOKE SELECT (c_custkey, c_name, c_nationkey, c_phone, c_region) ON TABLE public.customer FROM postern_0123456789ab_read;
REVOKE SELECT ON TABLE postern_system.user_admission, postern_system.user_profile FROM postern_0123456789ab_profile;
-- $1: no longer admitted: postern_0123456789ab_read to Sales.Order, postern_0123456789ab_read to public.customer
DELETE FROM postern_system.admission AS a USING pg_catalog.jsonb_to_recordset($1::jsonb) AS r (schema name, name name, role name) WHERE a.schema = r.schema AND a.name = r.name AND a.role = r.role;
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
COMMENT ON ROLE postern_0123456789ab_read IS 'postern: tpch: may read what policies analysts, writers open';
INSERT INTO postern_system.ledger VALUES ('audience', '', 'postern_0123456789ab_read', '', '') ON CONFLICT (kind, schema, name) DO UPDATE SET digest = EXCLUDED.digest, mark = EXCLUDED.mark;
CREATE VIEW "governed_Sales"."Order" WITH (security_barrier=true) AS
    SELECT postern_t.id, postern_t."Total", postern_t.note, postern_t.c_region FROM "Sales"."Order" AS postern_t WHERE EXISTS (SELECT FROM postern_system.admission AS postern_a WHERE postern_a.schema OPERATOR(pg_catalog.=) 'governed_Sales'::name AND postern_a.name OPERATOR(pg_catalog.=) 'Order'::name AND postern_a.digest OPERATOR(pg_catalog.=) '546173733c439475f0fbb4a13891f0a8'::text AND postern_a.role OPERATOR(pg_catalog.=) ANY ((SELECT postern_p.audiences FROM postern_system.profile AS postern_p WHERE postern_p.account OPERATOR(pg_catalog.=) CURRENT_USER)::name[])) AND (SELECT 'project:@600'::text OPERATOR(pg_catalog.=) ANY (postern_u.flags) FROM postern_system.user_profile AS postern_u) AND (SELECT 'true:6ed25e2b41154a4dde09b6f9'::text OPERATOR(pg_catalog.=) ANY (postern_u.flags) FROM postern_system.user_profile AS postern_u) AND ((NOT (NOT (SELECT 'true:8e27f1b0f389416b30f6ee77'::text OPERATOR(pg_catalog.=) ANY (postern_u.flags) FROM postern_system.user_profile AS postern_u))) OR ((postern_t.c_region)::text OPERATOR(pg_catalog.=) ANY ((SELECT ARRAY(SELECT pg_catalog.jsonb_array_elements_text(postern_u.attributes OPERATOR(pg_catalog.->) 'region'::text)) FROM postern_system.user_profile AS postern_u)::text[]))) OFFSET 0;
INSERT INTO postern_system.ledger SELECT 'view', n.nspname, c.relname, 'ef49ea1d706e7322a2bfa5a0f8a62c4e', c.oid || ':' || r.oid || ':' || r.xmin::text FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_catalog.pg_rewrite AS r ON r.ev_class = c.oid AND r.rulename = '_RETURN' WHERE n.nspname = 'governed_Sales' AND c.relname = 'Order' ON CONFLICT (kind, schema, name) DO UPDATE SET digest = EXCLUDED.digest, mark = EXCLUDED.mark;
CREATE VIEW governed_public.customer WITH (security_barrier=true) AS
    SELECT postern_t.c_custkey, postern_t.c_name, postern_t.c_phone, postern_t.c_nationkey, postern_t.c_region FROM public.customer AS postern_t WHERE EXISTS (SELECT FROM postern_system.admission AS postern_a WHERE postern_a.schema OPERATOR(pg_catalog.=) 'governed_public'::name AND postern_a.name OPERATOR(pg_catalog.=) 'customer'::name AND postern_a.digest OPERATOR(pg_catalog.=) 'f105231ad4302c1ed6c310b9f659e61d'::text AND postern_a.role OPERATOR(pg_catalog.=) ANY ((SELECT postern_p.audiences FROM postern_system.profile AS postern_p WHERE postern_p.account OPERATOR(pg_catalog.=) CURRENT_USER)::name[])) AND (SELECT 'project:@600'::text OPERATOR(pg_catalog.=) ANY (postern_u.flags) FROM postern_system.user_profile AS postern_u) AND ((SELECT 'true:6ed25e2b41154a4dde09b6f9'::text OPERATOR(pg_catalog.=) ANY (postern_u.flags) FROM postern_system.user_profile AS postern_u) OR (SELECT 'true:585218642c19100b4c2ae021'::text OPERATOR(pg_catalog.=) ANY (postern_u.flags) FROM postern_system.user_profile AS postern_u)) AND ((NOT (NOT (SELECT 'true:8e27f1b0f389416b30f6ee77'::text OPERATOR(pg_catalog.=) ANY (postern_u.flags) FROM postern_system.user_profile AS postern_u))) OR ((postern_t.c_region)::text OPERATOR(pg_catalog.=) ANY ((SELECT ARRAY(SELECT pg_catalog.jsonb_array_elements_text(postern_u.attributes OPERATOR(pg_catalog.->) 'region'::text)) FROM postern_system.user_profile AS postern_u)::text[]))) OFFSET 0;
INSERT INTO postern_system.ledger SELECT 'view', n.nspname, c.relname, 'fc899e60f7d5fccb8320e4ab86db36ec', c.oid || ':' || r.oid || ':' || r.xmin::text FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_catalog.pg_rewrite AS r ON r.ev_class = c.oid AND r.rulename = '_RETURN' WHERE n.nspname = 'governed_public' AND c.relname = 'customer' ON CONFLICT (kind, schema, name) DO UPDATE SET digest = EXCLUDED.digest, mark = EXCLUDED.mark;
-- LOCKS_LONG
DROP POLICY postern_all_rows ON "Sales"."Order";
DROP POLICY postern_read ON "Sales"."Order";
DROP POLICY postern_read_bound ON "Sales"."Order";
ALTER TABLE "Sales"."Order" DISABLE ROW LEVEL SECURITY;
DELETE FROM postern_system.ledger WHERE kind = 'rows' AND schema = 'Sales' AND name = 'Order';
-- LOCKS_LONG
DROP POLICY postern_all_rows ON public.customer;
DROP POLICY postern_read ON public.customer;
DROP POLICY postern_read_bound ON public.customer;
ALTER TABLE public.customer DISABLE ROW LEVEL SECURITY;
DELETE FROM postern_system.ledger WHERE kind = 'rows' AND schema = 'public' AND name = 'customer';
-- WIDENS_ACCESS
GRANT USAGE ON SCHEMA "governed_Sales" TO postern_0123456789ab_read;
-- WIDENS_ACCESS
GRANT USAGE ON SCHEMA governed_public TO postern_0123456789ab_read;
-- WIDENS_ACCESS
GRANT SELECT ON TABLE "governed_Sales"."Order" TO postern_0123456789ab_read;
-- WIDENS_ACCESS
GRANT SELECT ON TABLE governed_public.customer TO postern_0123456789ab_read;
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

-- at the end, each on its own
DROP ROLE IF EXISTS postern_0123456789ab_profile; DELETE FROM postern_system.ledger WHERE kind = 'audience' AND schema = '' AND name = 'postern_0123456789ab_profile'; DELETE FROM postern_system.ledger WHERE kind = 'group' AND schema = '' AND name = 'postern_0123456789ab_profile'; DELETE FROM postern_system.ledger WHERE kind = 'person' AND schema = '' AND name = 'postern_0123456789ab_profile';
