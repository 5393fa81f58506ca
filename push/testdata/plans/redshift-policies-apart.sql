-- guarantee: shop.customer: rows are hidden from results, not from a determined prober: Redshift's views are no barrier, and what somebody computes of a column may run on rows that the view then hides; the proxy answers without; Redshift's own policies could not say it: the mask of column c_custkey depends on the person, and masking policies know roles
-- guarantee: shop.nation: values are masked or left out by the view, which is all that a reader can compute with; it hides no rows; Redshift's own policies could not say it: the mask of column n_name depends on the person, and masking policies know roles
-- 33 statements in 7 transactions, 8 WIDENS_ACCESS

-- take away
BEGIN;
REVOKE ROLE "postern_0123456789ab_read" FROM "bob";
REVOKE ROLE "postern_store_group_analysts" FROM "bob";
REVOKE ROLE "postern_store_group_global" FROM "cid";
REVOKE USAGE ON SCHEMA "governed_lake", "governed_sales", "shop" FROM ROLE "postern_0123456789ab_read";
REVOKE SELECT ON TABLE "governed_lake"."events", "governed_sales"."orders" FROM ROLE "postern_0123456789ab_read";
REVOKE SELECT ("n_name", "n_nationkey") ON TABLE "shop"."nation" FROM ROLE "postern_0123456789ab_read";
REVOKE SELECT ON TABLE "governed_shop"."customer" FROM ROLE "postern_0123456789ab_read";
DELETE FROM postern_system.admission WHERE (view_schema = 'governed_lake' AND view_name = 'events' AND role_name = 'postern_0123456789ab_read') OR (view_schema = 'governed_sales' AND view_name = 'orders' AND role_name = 'postern_0123456789ab_read') OR (view_schema = 'governed_shop' AND view_name = 'customer' AND role_name = 'postern_0123456789ab_read');
-- $1: the profile of bob
CALL postern_procedures.drop_profile($1);
-- WIDENS_ACCESS
-- $1: the profiles of 2 people: ann, cid
CALL postern_procedures.put_profiles($1, $2);
COMMIT;

-- make and change (1 of 5)
BEGIN;
CREATE ROLE "postern_0123456789ab_read";
DELETE FROM postern_system.ledger WHERE object_kind = 'audience' AND object_schema = '' AND object_name = 'postern_0123456789ab_read';
INSERT INTO postern_system.ledger (object_kind, object_schema, object_name, digest, mark) VALUES ('audience', '', 'postern_0123456789ab_read', '', '');
COMMIT;

-- make and change (2 of 5)
BEGIN;
DROP VIEW "governed_lake"."events";
DELETE FROM postern_system.ledger WHERE object_kind = 'view' AND object_schema = 'governed_lake' AND object_name = 'events';
COMMIT;

-- make and change (3 of 5)
BEGIN;
DROP VIEW "governed_sales"."orders";
DELETE FROM postern_system.ledger WHERE object_kind = 'view' AND object_schema = 'governed_sales' AND object_name = 'orders';
COMMIT;

-- make and change (4 of 5)
BEGIN;
CREATE OR REPLACE VIEW "governed_shop"."customer" AS
    SELECT CAST(CASE WHEN (NOT "postern_u"."c1") THEN CAST(NULL AS integer) ELSE "postern_t"."c_custkey" END AS integer) AS "c_custkey", "postern_t"."c_name", "postern_t"."c_phone", "postern_t"."c_nationkey", "postern_t"."c_region" FROM "shop"."customer" AS "postern_t", (SELECT (strpos(max("postern_p"."flags"), '%vtrue:6ed25e2b41154a4dde09b6f9%e0%;') > 0) AS "c1", (strpos(max("postern_p"."flags"), '%vproject:@600%e0%;') > 0) AS "c2", (strpos(max("postern_p"."flags"), '%vtrue:a8847fb02b40827c7f717515%e0%;') > 0) AS "c3" FROM "postern_system"."user_profile" AS "postern_p", "postern_system"."user_admission" AS "postern_a" WHERE (("postern_a"."view_schema" = 'governed_shop') AND ("postern_a"."view_name" = 'customer') AND ("postern_a"."digest" = '1710c3b9f9aeb2b153f179a1b1772dfb')) HAVING (count(*) = 1)) AS "postern_u" WHERE ("postern_u"."c2" AND "postern_u"."c1" AND ("postern_u"."c3" OR (("postern_t"."c_region" IN (SELECT "postern_e"."value" FROM "postern_system"."user_entitlement" AS "postern_e" WHERE (("postern_e"."kind" = 'attribute') AND ("postern_e"."name" = 'region;')))) AND ("postern_t"."c_custkey" > 1))));
DELETE FROM postern_system.ledger WHERE object_kind = 'view' AND object_schema = 'governed_shop' AND object_name = 'customer';
-- $1: the view's object identifier and the digest of its text, as the server has it
INSERT INTO postern_system.ledger (object_kind, object_schema, object_name, digest, mark) VALUES ('view', 'governed_shop', 'customer', 'e1de434aad5017d0aa05f4f55bd54e53', $1);
COMMIT;

-- make and change (5 of 5)
BEGIN;
CREATE VIEW "governed_shop"."nation" AS
    SELECT "postern_t"."n_nationkey", CAST(CASE WHEN (NOT "postern_u"."c1") THEN CAST(NULL AS character varying(25)) ELSE "postern_t"."n_name" END AS character varying(25)) AS "n_name" FROM "shop"."nation" AS "postern_t", (SELECT (strpos(max("postern_p"."flags"), '%vtrue:585218642c19100b4c2ae021%e0%;') > 0) AS "c1", (strpos(max("postern_p"."flags"), '%vproject:@600%e0%;') > 0) AS "c2", (strpos(max("postern_p"."flags"), '%vtrue:6ed25e2b41154a4dde09b6f9%e0%;') > 0) AS "c3" FROM "postern_system"."user_profile" AS "postern_p", "postern_system"."user_admission" AS "postern_a" WHERE (("postern_a"."view_schema" = 'governed_shop') AND ("postern_a"."view_name" = 'nation') AND ("postern_a"."digest" = '7e2df326e814ca5addb96c1525a55526')) HAVING (count(*) = 1)) AS "postern_u" WHERE ("postern_u"."c2" AND "postern_u"."c3");
DELETE FROM postern_system.ledger WHERE object_kind = 'view' AND object_schema = 'governed_shop' AND object_name = 'nation';
-- $1: the view's object identifier and the digest of its text, as the server has it
INSERT INTO postern_system.ledger (object_kind, object_schema, object_name, digest, mark) VALUES ('view', 'governed_shop', 'nation', 'e9a9445dab4a35ddeec4bd61c13ae913', $1);
COMMIT;

-- give
BEGIN;
-- WIDENS_ACCESS
GRANT USAGE ON SCHEMA "sales" TO ROLE "postern_0123456789ab_read";
-- WIDENS_ACCESS
GRANT USAGE ON SCHEMA "shop" TO ROLE "postern_0123456789ab_read";
-- WIDENS_ACCESS
GRANT SELECT ON TABLE "governed_shop"."customer", "governed_shop"."nation" TO ROLE "postern_0123456789ab_read";
-- WIDENS_ACCESS
GRANT SELECT ("id", "note", "region", "total") ON TABLE "sales"."orders" TO ROLE "postern_0123456789ab_read";
-- WIDENS_ACCESS
GRANT SELECT ("s") ON TABLE "shop"."secret" TO ROLE "postern_0123456789ab_read";
-- WIDENS_ACCESS
INSERT INTO postern_system.admission (view_schema, view_name, digest, role_name) VALUES ('governed_shop', 'customer', '1710c3b9f9aeb2b153f179a1b1772dfb', 'postern_0123456789ab_read'), ('governed_shop', 'nation', '7e2df326e814ca5addb96c1525a55526', 'postern_0123456789ab_read');
-- WIDENS_ACCESS
GRANT ROLE "postern_0123456789ab_read" TO "cid";
COMMIT;

-- at the end, each on its own
DROP SCHEMA IF EXISTS "governed_lake"; DELETE FROM postern_system.ledger WHERE object_kind = 'schema' AND object_schema = 'governed_lake' AND object_name = '';
DROP SCHEMA IF EXISTS "governed_sales"; DELETE FROM postern_system.ledger WHERE object_kind = 'schema' AND object_schema = 'governed_sales' AND object_name = '';
DROP ROLE "postern_store_group_global"; DELETE FROM postern_system.ledger WHERE object_kind = 'audience' AND object_schema = '' AND object_name = 'postern_store_group_global'; DELETE FROM postern_system.ledger WHERE object_kind = 'group' AND object_schema = '' AND object_name = 'postern_store_group_global'; DELETE FROM postern_system.ledger WHERE object_kind = 'person' AND object_schema = '' AND object_name = 'postern_store_group_global';
