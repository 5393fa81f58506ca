-- What everybody sees of these tables is the same. Written by hand: it shares nothing with the policies or what prints them. What is
-- hidden as a whole is renamed, not dropped, where a view reads it.
SET session_replication_role = replica;
-- A partition or child that is named directly has a policy of its own: another table than the one that its parent reads.
CREATE TABLE shop.own_2024 (LIKE shop.orders_2024 INCLUDING ALL);
INSERT INTO shop.own_2024 SELECT id, placed, customer_id, total, status, NULL, rate FROM shop.orders_2024 WHERE rate > 1;
ALTER TABLE shop.orders_2024 RENAME TO "denied 2024";
ALTER TABLE shop.own_2024 RENAME TO orders_2024;
ALTER TABLE shop.orders_2023 RENAME TO "denied 2023";
ALTER TABLE shop.orders_later RENAME TO "denied later";
CREATE TABLE shop.own_web (LIKE shop.event_web INCLUDING ALL);
INSERT INTO shop.own_web SELECT * FROM shop.event_web WHERE url IS NULL OR url NOT LIKE 'MKANN%';
ALTER TABLE shop.event_web RENAME TO "denied web";
ALTER TABLE shop.own_web RENAME TO event_web;
DELETE FROM shop.customer WHERE country = 'DE';
DELETE FROM shop.orders WHERE rate = 0;
DELETE FROM shop.line WHERE qty = 0;
DELETE FROM shop.event WHERE what LIKE 'MKANN%';
UPDATE ref.item SET cost = 8675300;
UPDATE hr.dept SET budget = NULL;
DELETE FROM hr.employee WHERE dept_id = 3 OR dept_id IS NULL;
DELETE FROM hr.dept WHERE id = 3;
UPDATE hr.employee SET salary = 867531000, photo = NULL, ssn = 'xxx';
DELETE FROM ref.types WHERE t LIKE '%MKANN%';
ALTER TABLE shop.customer DROP COLUMN "MKANN MKBOB MKCYD ssn";
ALTER TABLE shop."Odd Name" DROP COLUMN "MKANN MKBOB MKCYD";
UPDATE hr.secret SET s = 'none';
ALTER TABLE hr.secret RENAME TO "denied 1";
DROP TABLE hr.nation, shop.unregistered;
DROP OPERATOR shop.=== (text, text);
DROP FUNCTION shop.leak(text), shop.leak_eq(text, text);
