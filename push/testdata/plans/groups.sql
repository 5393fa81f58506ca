-- 9 statements in 1 transaction, 3 WIDENS_ACCESS

-- everything at once
BEGIN;
-- WIDENS_ACCESS
-- $1: the profile of bob
INSERT INTO postern_system.profile (account, user_name, groups, purposes, attributes, flags, audiences) SELECT r.account, r.user_name, r.groups, r.purposes, r.attributes, r.flags, r.audiences FROM pg_catalog.jsonb_to_recordset($1::jsonb) AS r (account name, user_name text, groups text[], purposes text[], attributes jsonb, flags text[], audiences name[]) ON CONFLICT (account) DO UPDATE SET (user_name, groups, purposes, attributes, flags, audiences) = (EXCLUDED.user_name, EXCLUDED.groups, EXCLUDED.purposes, EXCLUDED.attributes, EXCLUDED.flags, EXCLUDED.audiences);
CREATE ROLE postern_tpch_group_analysts NOLOGIN;
COMMENT ON ROLE postern_tpch_group_analysts IS 'postern: tpch: the members of group analysts';
INSERT INTO postern_system.ledger VALUES ('group', '', 'postern_tpch_group_analysts', '', '') ON CONFLICT (kind, schema, name) DO UPDATE SET digest = EXCLUDED.digest, mark = EXCLUDED.mark;
CREATE ROLE postern_tpch_group_global NOLOGIN;
COMMENT ON ROLE postern_tpch_group_global IS 'postern: tpch: the members of group global';
INSERT INTO postern_system.ledger VALUES ('group', '', 'postern_tpch_group_global', '', '') ON CONFLICT (kind, schema, name) DO UPDATE SET digest = EXCLUDED.digest, mark = EXCLUDED.mark;
-- WIDENS_ACCESS
GRANT postern_tpch_group_analysts TO ann, bob, cid;
-- WIDENS_ACCESS
GRANT postern_tpch_group_global TO cid;
COMMIT;
