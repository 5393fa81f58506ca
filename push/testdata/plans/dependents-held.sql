-- blocked: governed_public.customer: must be replaced (DROPS_DEPENDENTS); these read it: own.report
-- 4 statements in 1 transaction, 1 WIDENS_ACCESS

-- everything at once
BEGIN;
REVOKE EXECUTE ON FUNCTION postern_system.keyed_hash(uuid, text, text) FROM postern_0123456789ab_read;
REVOKE SELECT ON TABLE governed_public.customer FROM postern_0123456789ab_read;
-- $1: no longer admitted: postern_0123456789ab_read to governed_public.customer
DELETE FROM postern_system.admission AS a USING pg_catalog.jsonb_to_recordset($1::jsonb) AS r (schema name, name name, role name) WHERE a.schema = r.schema AND a.name = r.name AND a.role = r.role;
-- WIDENS_ACCESS
-- $1: the profile of bob
INSERT INTO postern_system.profile (account, user_name, groups, purposes, attributes, flags, audiences) SELECT r.account, r.user_name, r.groups, r.purposes, r.attributes, r.flags, r.audiences FROM pg_catalog.jsonb_to_recordset($1::jsonb) AS r (account name, user_name text, groups text[], purposes text[], attributes jsonb, flags text[], audiences name[]) ON CONFLICT (account) DO UPDATE SET (user_name, groups, purposes, attributes, flags, audiences) = (EXCLUDED.user_name, EXCLUDED.groups, EXCLUDED.purposes, EXCLUDED.attributes, EXCLUDED.flags, EXCLUDED.audiences);
COMMIT;
