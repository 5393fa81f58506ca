-- by a view: public.customer: row policies would hide all of its rows from bi (HIDES_ROWS_FROM_OTHERS): name in seeAllRows who should go on seeing them
-- 26 statements in 1 transaction, 6 WIDENS_ACCESS, 1 LOCKS_LONG

-- everything at once
BEGIN;
REVOKE USAGE ON SCHEMA "governed_Sales" FROM postern_0123456789ab_read;
REVOKE SELECT ON TABLE "governed_Sales"."Order" FROM postern_0123456789ab_read;
-- $1: no longer admitted: postern_0123456789ab_read to governed_Sales.Order
DELETE FROM postern_system.admission AS a USING pg_catalog.jsonb_to_recordset($1::jsonb) AS r (schema name, name name, role name) WHERE a.schema = r.schema AND a.name = r.name AND a.role = r.role;
CREATE ROLE postern_0123456789ab_profile NOLOGIN;
COMMENT ON ROLE postern_0123456789ab_profile IS 'postern: tpch: sees their own row of the profile, which row policies look up';
INSERT INTO postern_system.ledger VALUES ('audience', '', 'postern_0123456789ab_profile', '', '') ON CONFLICT (kind, schema, name) DO UPDATE SET digest = EXCLUDED.digest, mark = EXCLUDED.mark;
DROP VIEW "governed_Sales"."Order";
DELETE FROM postern_system.ledger WHERE kind = 'view' AND schema = 'governed_Sales' AND name = 'Order';
-- LOCKS_LONG
CREATE POLICY postern_all_rows ON "Sales"."Order" AS PERMISSIVE FOR ALL TO etl, postern_service, postern_system
    USING (true)
    WITH CHECK (true);
CREATE POLICY postern_read ON "Sales"."Order" AS PERMISSIVE FOR SELECT TO postern_0123456789ab_read
    USING (EXISTS (SELECT FROM postern_system.user_admission AS postern_a WHERE postern_a.schema OPERATOR(pg_catalog.=) 'Sales'::name AND postern_a.name OPERATOR(pg_catalog.=) 'Order'::name AND postern_a.digest OPERATOR(pg_catalog.=) '3b53e8295f4a92dd7d57f4ff167d699a'::text) AND (SELECT 'project:@600'::text OPERATOR(pg_catalog.=) ANY (postern_u.flags) FROM postern_system.user_profile AS postern_u) AND (SELECT 'true:6ed25e2b41154a4dde09b6f9'::text OPERATOR(pg_catalog.=) ANY (postern_u.flags) FROM postern_system.user_profile AS postern_u) AND ((NOT (NOT (SELECT 'true:8e27f1b0f389416b30f6ee77'::text OPERATOR(pg_catalog.=) ANY (postern_u.flags) FROM postern_system.user_profile AS postern_u))) OR (("Sales"."Order".c_region)::text OPERATOR(pg_catalog.=) ANY ((SELECT ARRAY(SELECT pg_catalog.jsonb_array_elements_text(postern_u.attributes OPERATOR(pg_catalog.->) 'region'::text)) FROM postern_system.user_profile AS postern_u)::text[]))));
CREATE POLICY postern_read_bound ON "Sales"."Order" AS RESTRICTIVE FOR SELECT TO postern_0123456789ab_read
    USING (EXISTS (SELECT FROM postern_system.user_admission AS postern_a WHERE postern_a.schema OPERATOR(pg_catalog.=) 'Sales'::name AND postern_a.name OPERATOR(pg_catalog.=) 'Order'::name AND postern_a.digest OPERATOR(pg_catalog.=) '3b53e8295f4a92dd7d57f4ff167d699a'::text) AND (SELECT 'project:@600'::text OPERATOR(pg_catalog.=) ANY (postern_u.flags) FROM postern_system.user_profile AS postern_u) AND (SELECT 'true:6ed25e2b41154a4dde09b6f9'::text OPERATOR(pg_catalog.=) ANY (postern_u.flags) FROM postern_system.user_profile AS postern_u) AND ((NOT (NOT (SELECT 'true:8e27f1b0f389416b30f6ee77'::text OPERATOR(pg_catalog.=) ANY (postern_u.flags) FROM postern_system.user_profile AS postern_u))) OR (("Sales"."Order".c_region)::text OPERATOR(pg_catalog.=) ANY ((SELECT ARRAY(SELECT pg_catalog.jsonb_array_elements_text(postern_u.attributes OPERATOR(pg_catalog.->) 'region'::text)) FROM postern_system.user_profile AS postern_u)::text[]))));
ALTER TABLE "Sales"."Order" ENABLE ROW LEVEL SECURITY;
INSERT INTO postern_system.ledger SELECT 'rows', n.nspname, c.relname, '0123456789abcdef0123456789abcdef', c.oid || (SELECT pg_catalog.string_agg(' ' || p.polname || ':' || p.oid || ':' || p.xmin::text, '' ORDER BY p.polname) FROM pg_catalog.pg_policy AS p WHERE p.polrelid = c.oid AND p.polname IN ('postern_all_rows', 'postern_read', 'postern_read_bound')) FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = 'Sales' AND c.relname = 'Order' ON CONFLICT (kind, schema, name) DO UPDATE SET digest = EXCLUDED.digest, mark = EXCLUDED.mark;
-- WIDENS_ACCESS
GRANT USAGE ON SCHEMA "Sales" TO postern_0123456789ab_read;
-- WIDENS_ACCESS
GRANT USAGE ON SCHEMA postern_system TO postern_0123456789ab_profile;
-- WIDENS_ACCESS
GRANT SELECT ("Total", c_region, id, note) ON TABLE "Sales"."Order" TO postern_0123456789ab_read;
-- WIDENS_ACCESS
GRANT SELECT ON TABLE postern_system.user_admission, postern_system.user_profile TO postern_0123456789ab_profile;
-- WIDENS_ACCESS
-- $1: admitted: postern_0123456789ab_read to Sales.Order
INSERT INTO postern_system.admission (schema, name, role, digest) SELECT r.schema, r.name, r.role, r.digest FROM pg_catalog.jsonb_to_recordset($1::jsonb) AS r (schema name, name name, role name, digest text) ON CONFLICT (schema, name, role) DO UPDATE SET digest = EXCLUDED.digest;
-- WIDENS_ACCESS
GRANT postern_0123456789ab_profile TO ann, bob, cid;
ALTER ROLE ann IN DATABASE tpch SET search_path = governed_public, public, "Sales";
INSERT INTO postern_system.ledger SELECT 'path', '', 'ann', 'governed_public, public, "Sales"', COALESCE((SELECT pg_catalog.substr(o.setting, 13) FROM pg_catalog.pg_db_role_setting AS s, pg_catalog.unnest(s.setconfig) AS o (setting) WHERE s.setrole = 'ann'::regrole AND s.setdatabase = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) AND o.setting LIKE 'search\_path=%'), '') ON CONFLICT (kind, schema, name) DO UPDATE SET digest = EXCLUDED.digest, mark = EXCLUDED.mark;
ALTER ROLE bob IN DATABASE tpch SET search_path = governed_public, public, "Sales";
INSERT INTO postern_system.ledger SELECT 'path', '', 'bob', 'governed_public, public, "Sales"', COALESCE((SELECT pg_catalog.substr(o.setting, 13) FROM pg_catalog.pg_db_role_setting AS s, pg_catalog.unnest(s.setconfig) AS o (setting) WHERE s.setrole = 'bob'::regrole AND s.setdatabase = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) AND o.setting LIKE 'search\_path=%'), '') ON CONFLICT (kind, schema, name) DO UPDATE SET digest = EXCLUDED.digest, mark = EXCLUDED.mark;
ALTER ROLE cid IN DATABASE tpch SET search_path = governed_public, public, "Sales";
INSERT INTO postern_system.ledger SELECT 'path', '', 'cid', 'governed_public, public, "Sales"', COALESCE((SELECT pg_catalog.substr(o.setting, 13) FROM pg_catalog.pg_db_role_setting AS s, pg_catalog.unnest(s.setconfig) AS o (setting) WHERE s.setrole = 'cid'::regrole AND s.setdatabase = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) AND o.setting LIKE 'search\_path=%'), '') ON CONFLICT (kind, schema, name) DO UPDATE SET digest = EXCLUDED.digest, mark = EXCLUDED.mark;
COMMIT;

-- at the end, each on its own
DROP SCHEMA IF EXISTS "governed_Sales"; DELETE FROM postern_system.ledger WHERE kind = 'schema' AND schema = 'governed_Sales' AND name = '';
