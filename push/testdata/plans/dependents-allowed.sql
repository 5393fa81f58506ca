-- 8 statements in 1 transaction, 3 WIDENS_ACCESS, 1 DROPS_DEPENDENTS

-- everything at once
BEGIN;
REVOKE EXECUTE ON FUNCTION postern_system.keyed_hash(uuid, text, text) FROM postern_0123456789ab_read;
-- $1: no longer admitted: postern_0123456789ab_read to governed_public.customer
DELETE FROM postern_system.admission AS a USING pg_catalog.jsonb_to_recordset($1::jsonb) AS r (schema name, name name, role name) WHERE a.schema = r.schema AND a.name = r.name AND a.role = r.role;
-- WIDENS_ACCESS
-- $1: the profile of bob
INSERT INTO postern_system.profile (account, user_name, groups, purposes, attributes, flags, audiences) SELECT r.account, r.user_name, r.groups, r.purposes, r.attributes, r.flags, r.audiences FROM pg_catalog.jsonb_to_recordset($1::jsonb) AS r (account name, user_name text, groups text[], purposes text[], attributes jsonb, flags text[], audiences name[]) ON CONFLICT (account) DO UPDATE SET (user_name, groups, purposes, attributes, flags, audiences) = (EXCLUDED.user_name, EXCLUDED.groups, EXCLUDED.purposes, EXCLUDED.attributes, EXCLUDED.flags, EXCLUDED.audiences);
-- DROPS_DEPENDENTS
DROP VIEW governed_public.customer CASCADE;
CREATE VIEW governed_public.customer WITH (security_barrier=true) AS
    SELECT postern_t.c_custkey, (CASE WHEN (NOT EXISTS (SELECT FROM postern_system.user_profile)) THEN NULL::text WHEN (NOT (SELECT 'true:585218642c19100b4c2ae021'::text OPERATOR(pg_catalog.=) ANY (postern_u.flags) FROM postern_system.user_profile AS postern_u)) THEN (CASE WHEN (pg_catalog.octet_length(postern_t.c_phone::text) OPERATOR(pg_catalog.<=) 1000000) THEN pg_catalog.regexp_replace(postern_t.c_phone::text, '[0-9]'::text, '*'::text, 'g'::text) END)::text ELSE postern_t.c_phone END)::text AS c_phone, postern_t.c_nationkey, postern_t.c_region FROM public.customer AS postern_t WHERE EXISTS (SELECT FROM postern_system.admission AS postern_a WHERE postern_a.schema OPERATOR(pg_catalog.=) 'governed_public'::name AND postern_a.name OPERATOR(pg_catalog.=) 'customer'::name AND postern_a.digest OPERATOR(pg_catalog.=) '87d6769c034248d330da61af0bed8a0f'::text AND postern_a.role OPERATOR(pg_catalog.=) ANY ((SELECT postern_p.audiences FROM postern_system.profile AS postern_p WHERE postern_p.account OPERATOR(pg_catalog.=) CURRENT_USER)::name[])) AND (SELECT 'project:@600'::text OPERATOR(pg_catalog.=) ANY (postern_u.flags) FROM postern_system.user_profile AS postern_u) AND (SELECT 'true:6ed25e2b41154a4dde09b6f9'::text OPERATOR(pg_catalog.=) ANY (postern_u.flags) FROM postern_system.user_profile AS postern_u) AND ((NOT (NOT (SELECT 'true:8e27f1b0f389416b30f6ee77'::text OPERATOR(pg_catalog.=) ANY (postern_u.flags) FROM postern_system.user_profile AS postern_u))) OR ((postern_t.c_region)::text OPERATOR(pg_catalog.=) ANY ((SELECT ARRAY(SELECT pg_catalog.jsonb_array_elements_text(postern_u.attributes OPERATOR(pg_catalog.->) 'region'::text)) FROM postern_system.user_profile AS postern_u)::text[]))) OFFSET 0;
INSERT INTO postern_system.ledger SELECT 'view', n.nspname, c.relname, '671a11ede3d2eabb63e88e17f34bfc56', c.oid || ':' || r.oid || ':' || r.xmin::text FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_catalog.pg_rewrite AS r ON r.ev_class = c.oid AND r.rulename = '_RETURN' WHERE n.nspname = 'governed_public' AND c.relname = 'customer' ON CONFLICT (kind, schema, name) DO UPDATE SET digest = EXCLUDED.digest, mark = EXCLUDED.mark;
-- WIDENS_ACCESS
GRANT SELECT ON TABLE governed_public.customer TO postern_0123456789ab_read;
-- WIDENS_ACCESS
-- $1: admitted: postern_0123456789ab_read to governed_public.customer
INSERT INTO postern_system.admission (schema, name, role, digest) SELECT r.schema, r.name, r.role, r.digest FROM pg_catalog.jsonb_to_recordset($1::jsonb) AS r (schema name, name name, role name, digest text) ON CONFLICT (schema, name, role) DO UPDATE SET digest = EXCLUDED.digest;
COMMIT;
