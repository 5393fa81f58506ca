-- blocked: governed_public.customer: must be replaced (DROPS_DEPENDENTS); these read it: own.report
-- 3 statements in 1 transaction, 1 WIDENS_ACCESS

-- everything at once
BEGIN;
REVOKE EXECUTE ON FUNCTION postern_system.keyed_hash(uuid, text, text) FROM postern_0123456789ab_read;
REVOKE SELECT ON TABLE governed_public.customer FROM postern_0123456789ab_read;
-- WIDENS_ACCESS
-- $1: the profile of bob
INSERT INTO postern_system.profile (account, user_name, groups, purposes, attributes, flags) SELECT r.account, r.user_name, r.groups, r.purposes, r.attributes, r.flags FROM pg_catalog.jsonb_to_recordset($1::jsonb) AS r (account name, user_name text, groups text[], purposes text[], attributes jsonb, flags text[]) ON CONFLICT (account) DO UPDATE SET (user_name, groups, purposes, attributes, flags) = (EXCLUDED.user_name, EXCLUDED.groups, EXCLUDED.purposes, EXCLUDED.attributes, EXCLUDED.flags);
COMMIT;
