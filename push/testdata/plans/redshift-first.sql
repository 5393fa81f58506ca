-- guarantee: lake.events: rows are hidden from results, not from a determined prober: Redshift's views are no barrier, and what somebody computes of a column may run on rows that the view then hides; the proxy answers without; Redshift's own policies could not say it: row-level security is for tables of the database itself, and it is a foreign table
-- guarantee: sales.orders: values are masked or left out by the view, which is all that a reader can compute with; it hides no rows; Redshift's own policies could not say it: the mask of column total depends on the person, and masking policies know roles
-- guarantee: shop.customer: rows are hidden from results, not from a determined prober: Redshift's views are no barrier, and what somebody computes of a column may run on rows that the view then hides; the proxy answers without; Redshift's own policies could not say it: the mask of column c_phone depends on the person, and masking policies know roles
-- 75 statements in 2 transactions, 8 WIDENS_ACCESS

-- prepare
BEGIN;
CREATE SCHEMA IF NOT EXISTS postern_system;
REVOKE ALL ON SCHEMA postern_system FROM PUBLIC;
CREATE SCHEMA IF NOT EXISTS postern_procedures;
REVOKE ALL ON SCHEMA postern_procedures FROM PUBLIC;
CREATE TABLE postern_system.sync (
    connection varchar(256) NOT NULL,
    format integer NOT NULL,
    revision bigint NOT NULL,
    program varchar(256) NOT NULL,
    step integer NOT NULL,
    steps integer NOT NULL,
    changed timestamp NOT NULL,
    holder varchar(64) NOT NULL,
    holder_pid integer NOT NULL,
    until timestamp NOT NULL,
    probe varchar(8) NOT NULL
) DISTSTYLE ALL;
CREATE TABLE postern_system.ledger (
    object_kind varchar(16) NOT NULL,
    object_schema varchar(256) NOT NULL,
    object_name varchar(1024) NOT NULL,
    digest varchar(256) NOT NULL,
    mark varchar(1024) NOT NULL
) DISTSTYLE ALL SORTKEY (object_kind, object_schema, object_name);
CREATE TABLE postern_system.baseline (
    part integer NOT NULL,
    settled boolean NOT NULL,
    state varchar(65535) NOT NULL
) DISTSTYLE ALL;
CREATE TABLE postern_system.digits (
    d integer NOT NULL
) DISTSTYLE ALL;
INSERT INTO postern_system.digits (d) VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9);
INSERT INTO postern_system.sync (connection, format, revision, program, step, steps, changed, holder, holder_pid, until, probe) VALUES ('store', 1, 0, '', 0, 0, getdate(), '', 0, getdate(), 'a');
DELETE FROM postern_system.ledger WHERE object_kind = 'part' AND object_schema = '' AND object_name = 'tables';
INSERT INTO postern_system.ledger (object_kind, object_schema, object_name, digest, mark) VALUES ('part', '', 'tables', '3c75a6a330987bd7666bfcd29fe8d8c3', '');
CREATE TABLE postern_system.profile (
    "account" character varying(127) NOT NULL,
    "user_name" character varying(256) NOT NULL,
    "project" character varying(256) NOT NULL,
    "groups" character varying(65535) NOT NULL,
    "purposes" character varying(65535) NOT NULL,
    "attributes" character varying(65535) NOT NULL,
    "flags" character varying(65535) NOT NULL
) DISTSTYLE ALL SORTKEY (account);
CREATE TABLE postern_system.entitlement (
    account character varying(127) NOT NULL,
    "kind" character varying(16) NOT NULL,
    "name" character varying(1024) NOT NULL,
    "value" character varying(16384) NOT NULL
) DISTSTYLE ALL SORTKEY (account);
DELETE FROM postern_system.ledger WHERE object_kind = 'part' AND object_schema = '' AND object_name = 'people';
INSERT INTO postern_system.ledger (object_kind, object_schema, object_name, digest, mark) VALUES ('part', '', 'people', '10b6c3d945d45c7b878722dde864c116', '');
CREATE TABLE postern_system.admission (
    "view_schema" character varying(127) NOT NULL,
    "view_name" character varying(127) NOT NULL,
    "digest" character varying(64) NOT NULL,
    "role_name" character varying(127) NOT NULL
) DISTSTYLE ALL SORTKEY (view_schema, view_name);
DELETE FROM postern_system.ledger WHERE object_kind = 'part' AND object_schema = '' AND object_name = 'admission';
INSERT INTO postern_system.ledger (object_kind, object_schema, object_name, digest, mark) VALUES ('part', '', 'admission', 'a15974a45244e902db9b6d6b472d2510', '');
CREATE OR REPLACE VIEW postern_system.user_profile AS
    SELECT "own"."account", "own"."user_name", "own"."project", "own"."groups", "own"."purposes", "own"."attributes", "own"."flags", CAST('' AS character varying(128)) AS "impersonator" FROM "postern_system"."profile" AS "own" WHERE "own"."account" = current_user;
CREATE OR REPLACE VIEW postern_system.user_entitlement AS
    SELECT "has"."kind", "has"."name", "has"."value" FROM "postern_system"."entitlement" AS "has" JOIN "postern_system"."user_profile" AS "who" ON "who"."account" = "has"."account";
CREATE OR REPLACE VIEW postern_system.user_admission AS
    SELECT "to"."view_schema", "to"."view_name", "to"."digest" FROM "postern_system"."admission" AS "to" JOIN "postern_system"."user_entitlement" AS "by" ON "by"."kind" = 'audience' AND "by"."value" = "to"."role_name";
DELETE FROM postern_system.ledger WHERE object_kind = 'part' AND object_schema = '' AND object_name = 'views';
INSERT INTO postern_system.ledger (object_kind, object_schema, object_name, digest, mark) VALUES ('part', '', 'views', 'b8f4d52a7a56dc68eac7419c8af350b7', '');
CREATE OR REPLACE PROCEDURE postern_procedures.put_profiles(p_people varchar(65535), p_items varchar(65535))
AS $body$
BEGIN
    DELETE FROM postern_system.entitlement WHERE account IN (SELECT replace(split_part(i.item, '%,', 1), '%25', '%')
    FROM (SELECT split_part(p_people, '%;', 1 + a.d + 10 * b.d) AS item
        FROM postern_system.digits AS a CROSS JOIN postern_system.digits AS b) AS i
    WHERE i.item <> '');
    DELETE FROM postern_system.profile WHERE account IN (SELECT replace(split_part(i.item, '%,', 1), '%25', '%')
    FROM (SELECT split_part(p_people, '%;', 1 + a.d + 10 * b.d) AS item
        FROM postern_system.digits AS a CROSS JOIN postern_system.digits AS b) AS i
    WHERE i.item <> '');
    INSERT INTO postern_system.profile (account, user_name, project, groups, purposes, attributes, flags)
    SELECT replace(split_part(i.item, '%,', 1), '%25', '%'), replace(split_part(i.item, '%,', 2), '%25', '%'), replace(split_part(i.item, '%,', 3), '%25', '%'), replace(split_part(i.item, '%,', 4), '%25', '%'), replace(split_part(i.item, '%,', 5), '%25', '%'), replace(split_part(i.item, '%,', 6), '%25', '%'), replace(split_part(i.item, '%,', 7), '%25', '%')
    FROM (SELECT split_part(p_people, '%;', 1 + a.d + 10 * b.d) AS item
        FROM postern_system.digits AS a CROSS JOIN postern_system.digits AS b) AS i
    WHERE i.item <> '';
    INSERT INTO postern_system.entitlement (account, kind, name, value)
    SELECT replace(split_part(i.item, '%,', 1), '%25', '%'), replace(split_part(i.item, '%,', 2), '%25', '%'), replace(split_part(i.item, '%,', 3), '%25', '%'), replace(split_part(i.item, '%,', 4), '%25', '%')
    FROM (SELECT split_part(p_items, '%;', 1 + a.d + 10 * b.d + 100 * c.d) AS item
        FROM postern_system.digits AS a CROSS JOIN postern_system.digits AS b CROSS JOIN postern_system.digits AS c) AS i
    WHERE i.item <> '';
END;
$body$ LANGUAGE plpgsql;
CREATE OR REPLACE PROCEDURE postern_procedures.drop_profiles(p_people varchar(65535))
AS $body$
BEGIN
    DELETE FROM postern_system.entitlement WHERE account IN (SELECT replace(split_part(i.item, '%,', 1), '%25', '%')
    FROM (SELECT split_part(p_people, '%;', 1 + a.d + 10 * b.d) AS item
        FROM postern_system.digits AS a CROSS JOIN postern_system.digits AS b) AS i
    WHERE i.item <> '');
    DELETE FROM postern_system.profile WHERE account IN (SELECT replace(split_part(i.item, '%,', 1), '%25', '%')
    FROM (SELECT split_part(p_people, '%;', 1 + a.d + 10 * b.d) AS item
        FROM postern_system.digits AS a CROSS JOIN postern_system.digits AS b) AS i
    WHERE i.item <> '');
END;
$body$ LANGUAGE plpgsql;
REVOKE ALL ON PROCEDURE postern_procedures.put_profiles(varchar, varchar) FROM PUBLIC;
REVOKE ALL ON PROCEDURE postern_procedures.drop_profiles(varchar) FROM PUBLIC;
CREATE OR REPLACE PROCEDURE postern_procedures.put_profile(p_account varchar(127), p_user varchar(256), p_project varchar(256), p_groups varchar(65535), p_purposes varchar(65535),
    p_attributes varchar(65535), p_flags varchar(65535), p_items varchar(65535))
AS $body$
BEGIN
    DELETE FROM postern_system.entitlement WHERE account = p_account;
    DELETE FROM postern_system.profile WHERE account = p_account;
    INSERT INTO postern_system.profile (account, user_name, project, groups, purposes, attributes, flags)
    VALUES (p_account, p_user, p_project, p_groups, p_purposes, p_attributes, p_flags);
    INSERT INTO postern_system.entitlement (account, kind, name, value)
    SELECT p_account, replace(split_part(i.item, '%,', 1), '%25', '%'), replace(split_part(i.item, '%,', 2), '%25', '%'), replace(split_part(i.item, '%,', 3), '%25', '%')
    FROM (SELECT split_part(p_items, '%;', 1 + a.d + 10 * b.d + 100 * c.d) AS item
        FROM postern_system.digits AS a CROSS JOIN postern_system.digits AS b CROSS JOIN postern_system.digits AS c) AS i
    WHERE i.item <> '';
END;
$body$ LANGUAGE plpgsql;
CREATE OR REPLACE PROCEDURE postern_procedures.add_entitlements(p_account varchar(127), p_items varchar(65535))
AS $body$
BEGIN
    INSERT INTO postern_system.entitlement (account, kind, name, value)
    SELECT p_account, replace(split_part(i.item, '%,', 1), '%25', '%'), replace(split_part(i.item, '%,', 2), '%25', '%'), replace(split_part(i.item, '%,', 3), '%25', '%')
    FROM (SELECT split_part(p_items, '%;', 1 + a.d + 10 * b.d + 100 * c.d) AS item
        FROM postern_system.digits AS a CROSS JOIN postern_system.digits AS b CROSS JOIN postern_system.digits AS c) AS i
    WHERE i.item <> '';
END;
$body$ LANGUAGE plpgsql;
CREATE OR REPLACE PROCEDURE postern_procedures.drop_profile(p_account varchar(127))
AS $body$
BEGIN
    DELETE FROM postern_system.entitlement WHERE account = p_account;
    DELETE FROM postern_system.profile WHERE account = p_account;
END;
$body$ LANGUAGE plpgsql;
REVOKE ALL ON PROCEDURE postern_procedures.put_profile(varchar, varchar, varchar, varchar, varchar, varchar, varchar, varchar) FROM PUBLIC;
REVOKE ALL ON PROCEDURE postern_procedures.add_entitlements(varchar, varchar) FROM PUBLIC;
REVOKE ALL ON PROCEDURE postern_procedures.drop_profile(varchar) FROM PUBLIC;
DELETE FROM postern_system.ledger WHERE object_kind = 'part' AND object_schema = '' AND object_name = 'procedures';
INSERT INTO postern_system.ledger (object_kind, object_schema, object_name, digest, mark) VALUES ('part', '', 'procedures', '7d6a275335a3f69b62f997d6feea4f83', '');
COMMIT;

-- everything at once
BEGIN;
-- WIDENS_ACCESS
-- $1: the profiles of 3 people: ann, bob, cid
CALL postern_procedures.put_profiles($1, $2);
CREATE SCHEMA IF NOT EXISTS "governed_lake";
REVOKE ALL ON SCHEMA "governed_lake" FROM PUBLIC;
DELETE FROM postern_system.ledger WHERE object_kind = 'schema' AND object_schema = 'governed_lake' AND object_name = '';
INSERT INTO postern_system.ledger (object_kind, object_schema, object_name, digest, mark) VALUES ('schema', 'governed_lake', '', '', '');
CREATE SCHEMA IF NOT EXISTS "governed_sales";
REVOKE ALL ON SCHEMA "governed_sales" FROM PUBLIC;
DELETE FROM postern_system.ledger WHERE object_kind = 'schema' AND object_schema = 'governed_sales' AND object_name = '';
INSERT INTO postern_system.ledger (object_kind, object_schema, object_name, digest, mark) VALUES ('schema', 'governed_sales', '', '', '');
CREATE SCHEMA IF NOT EXISTS "governed_shop";
REVOKE ALL ON SCHEMA "governed_shop" FROM PUBLIC;
DELETE FROM postern_system.ledger WHERE object_kind = 'schema' AND object_schema = 'governed_shop' AND object_name = '';
INSERT INTO postern_system.ledger (object_kind, object_schema, object_name, digest, mark) VALUES ('schema', 'governed_shop', '', '', '');
CREATE ROLE "postern_0123456789ab_read";
DELETE FROM postern_system.ledger WHERE object_kind = 'audience' AND object_schema = '' AND object_name = 'postern_0123456789ab_read';
INSERT INTO postern_system.ledger (object_kind, object_schema, object_name, digest, mark) VALUES ('audience', '', 'postern_0123456789ab_read', '', '');
CREATE ROLE "postern_store_group_analysts";
DELETE FROM postern_system.ledger WHERE object_kind = 'group' AND object_schema = '' AND object_name = 'postern_store_group_analysts';
INSERT INTO postern_system.ledger (object_kind, object_schema, object_name, digest, mark) VALUES ('group', '', 'postern_store_group_analysts', '', '');
CREATE ROLE "postern_store_group_global";
DELETE FROM postern_system.ledger WHERE object_kind = 'group' AND object_schema = '' AND object_name = 'postern_store_group_global';
INSERT INTO postern_system.ledger (object_kind, object_schema, object_name, digest, mark) VALUES ('group', '', 'postern_store_group_global', '', '');
CREATE VIEW "governed_lake"."events" AS
    SELECT "postern_t"."e_id", "postern_t"."e_region" FROM "lake"."events" AS "postern_t", (SELECT (strpos(max("postern_p"."flags"), '%vproject:@600%e0%;') > 0) AS "c1", (strpos(max("postern_p"."flags"), '%vtrue:6ed25e2b41154a4dde09b6f9%e0%;') > 0) AS "c2", (strpos(max("postern_p"."flags"), '%vtrue:8e27f1b0f389416b30f6ee77%e0%;') > 0) AS "c3" FROM "postern_system"."user_profile" AS "postern_p", "postern_system"."user_admission" AS "postern_a" WHERE (("postern_a"."view_schema" = 'governed_lake') AND ("postern_a"."view_name" = 'events') AND ("postern_a"."digest" = 'df5df06258f383e74090109103542a5b')) HAVING (count(*) = 1)) AS "postern_u" WHERE ("postern_u"."c1" AND "postern_u"."c2" AND ("postern_u"."c3" OR ("postern_t"."e_region" IN (SELECT "postern_e"."value" FROM "postern_system"."user_entitlement" AS "postern_e" WHERE (("postern_e"."kind" = 'attribute') AND ("postern_e"."name" = 'region;'))))))
    WITH NO SCHEMA BINDING;
SELECT 1 FROM "governed_lake"."events" LIMIT 0;
DELETE FROM postern_system.ledger WHERE object_kind = 'view' AND object_schema = 'governed_lake' AND object_name = 'events';
-- $1: the view's object identifier and the digest of its text, as the server has it
INSERT INTO postern_system.ledger (object_kind, object_schema, object_name, digest, mark) VALUES ('view', 'governed_lake', 'events', '35c9e01e910c4ea12d8077409758ae73', $1);
CREATE VIEW "governed_sales"."orders" AS
    SELECT "postern_t"."id", CAST(CASE WHEN (NOT "postern_u"."c1") THEN CAST(NULL AS numeric(8,2)) ELSE "postern_t"."total" END AS numeric(8,2)) AS "total", "postern_t"."note", "postern_t"."region" FROM "sales"."orders" AS "postern_t", (SELECT (strpos(max("postern_p"."flags"), '%vtrue:8e27f1b0f389416b30f6ee77%e0%;') > 0) AS "c1", (strpos(max("postern_p"."flags"), '%vproject:@600%e0%;') > 0) AS "c2", (strpos(max("postern_p"."flags"), '%vtrue:6ed25e2b41154a4dde09b6f9%e0%;') > 0) AS "c3" FROM "postern_system"."user_profile" AS "postern_p", "postern_system"."user_admission" AS "postern_a" WHERE (("postern_a"."view_schema" = 'governed_sales') AND ("postern_a"."view_name" = 'orders') AND ("postern_a"."digest" = '5f8f41e3493b61cb4332225c9e0cf5c4')) HAVING (count(*) = 1)) AS "postern_u" WHERE ("postern_u"."c2" AND "postern_u"."c3");
DELETE FROM postern_system.ledger WHERE object_kind = 'view' AND object_schema = 'governed_sales' AND object_name = 'orders';
-- $1: the view's object identifier and the digest of its text, as the server has it
INSERT INTO postern_system.ledger (object_kind, object_schema, object_name, digest, mark) VALUES ('view', 'governed_sales', 'orders', '20c97c2206554f4ca44ec16af998ef07', $1);
CREATE VIEW "governed_shop"."customer" AS
    SELECT "postern_t"."c_custkey", "postern_t"."c_name", CAST(CASE WHEN (NOT "postern_u"."c1") THEN CAST(NULL AS character varying(15)) ELSE "postern_t"."c_phone" END AS character varying(15)) AS "c_phone", "postern_t"."c_nationkey", "postern_t"."c_region" FROM "shop"."customer" AS "postern_t", (SELECT (strpos(max("postern_p"."flags"), '%vtrue:585218642c19100b4c2ae021%e0%;') > 0) AS "c1", (strpos(max("postern_p"."flags"), '%vproject:@600%e0%;') > 0) AS "c2", (strpos(max("postern_p"."flags"), '%vtrue:6ed25e2b41154a4dde09b6f9%e0%;') > 0) AS "c3", (strpos(max("postern_p"."flags"), '%vtrue:8e27f1b0f389416b30f6ee77%e0%;') > 0) AS "c4" FROM "postern_system"."user_profile" AS "postern_p", "postern_system"."user_admission" AS "postern_a" WHERE (("postern_a"."view_schema" = 'governed_shop') AND ("postern_a"."view_name" = 'customer') AND ("postern_a"."digest" = '0de5f99aa67c541c7535238acb18e4e9')) HAVING (count(*) = 1)) AS "postern_u" WHERE ("postern_u"."c2" AND "postern_u"."c3" AND ("postern_u"."c4" OR ("postern_t"."c_region" IN (SELECT "postern_e"."value" FROM "postern_system"."user_entitlement" AS "postern_e" WHERE (("postern_e"."kind" = 'attribute') AND ("postern_e"."name" = 'region;'))))));
DELETE FROM postern_system.ledger WHERE object_kind = 'view' AND object_schema = 'governed_shop' AND object_name = 'customer';
-- $1: the view's object identifier and the digest of its text, as the server has it
INSERT INTO postern_system.ledger (object_kind, object_schema, object_name, digest, mark) VALUES ('view', 'governed_shop', 'customer', 'b0ef2a979800729ae7016a770935628f', $1);
-- WIDENS_ACCESS
GRANT USAGE ON SCHEMA "governed_lake", "governed_sales", "governed_shop", "shop" TO ROLE "postern_0123456789ab_read";
-- WIDENS_ACCESS
GRANT SELECT ON TABLE "governed_lake"."events", "governed_sales"."orders", "governed_shop"."customer" TO ROLE "postern_0123456789ab_read";
-- WIDENS_ACCESS
GRANT SELECT ("n_name", "n_nationkey") ON TABLE "shop"."nation" TO ROLE "postern_0123456789ab_read";
-- WIDENS_ACCESS
INSERT INTO postern_system.admission (view_schema, view_name, digest, role_name) VALUES ('governed_lake', 'events', 'df5df06258f383e74090109103542a5b', 'postern_0123456789ab_read'), ('governed_sales', 'orders', '5f8f41e3493b61cb4332225c9e0cf5c4', 'postern_0123456789ab_read'), ('governed_shop', 'customer', '0de5f99aa67c541c7535238acb18e4e9', 'postern_0123456789ab_read');
-- WIDENS_ACCESS
GRANT ROLE "postern_0123456789ab_read" TO "ann", "bob", "cid";
-- WIDENS_ACCESS
GRANT ROLE "postern_store_group_analysts" TO "ann", "bob", "cid";
-- WIDENS_ACCESS
GRANT ROLE "postern_store_group_global" TO "cid";
COMMIT;
