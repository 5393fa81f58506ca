-- What a session can do before it asks. The statements of a section run one after the other in one session.

# search_path
SHOW search_path;
SET search_path = ref, shop;
SELECT count(*) FROM nation;
SET search_path TO shop;
SELECT count(*) FROM nation;
SELECT count(*) FROM customer;
SET search_path = hr;
SELECT * FROM nation;
SELECT * FROM secret;
SET search_path = 'shop', "ref";
SELECT count(*) FROM nation, item;
SET search_path = '';
SELECT count(*) FROM customer;
SELECT count(*) FROM shop.customer;
RESET search_path;
SELECT count(*) FROM customer, nation;
SET search_path = pg_catalog, shop;
SELECT count(*) FROM customer;
SET search_path = nosuch, shop;
SELECT count(*) FROM customer;
SET search_path TO DEFAULT;
SELECT count(*) FROM nation;

# search_path in a transaction
BEGIN;
SET LOCAL search_path = shop;
SELECT count(*) FROM customer;
SELECT count(*) FROM nation;
ROLLBACK;
SELECT count(*) FROM nation;
BEGIN;
SET search_path = shop;
COMMIT;
SELECT count(*) FROM nation;
BEGIN;
SAVEPOINT a;
SET search_path = hr;
SELECT count(*) FROM customer;
ROLLBACK TO a;
SELECT count(*) FROM customer;
RELEASE a;
COMMIT;

# set_config
@refused 0A000
SELECT set_config('search_path', 'hr', false);
SELECT count(*) FROM nation;
@refused 0A000
SELECT pg_catalog.set_config('role', 'postgres', false);
@refused 0A000
SELECT set_config('row_security', 'off', true);
SELECT current_user;

# transactions
BEGIN;
SELECT count(*) FROM customer;
SELECT count(*) FROM orders;
COMMIT;
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT count(*) FROM customer;
END;
START TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY, DEFERRABLE;
TABLE nation;
ROLLBACK;
BEGIN;
SELECT 1 / 0;
SELECT 1;
ROLLBACK;
BEGIN;
SELECT nosuch;
SELECT 1;
ROLLBACK;
BEGIN;
SAVEPOINT s;
SELECT 1 / 0;
ROLLBACK TO SAVEPOINT s;
SELECT count(*) FROM customer;
COMMIT AND CHAIN;
SELECT 1;
COMMIT;
COMMIT;
SET TRANSACTION READ ONLY;
SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY;
SHOW default_transaction_read_only;
RESET default_transaction_read_only;
@refused 0A000,42601
BEGIN; PREPARE TRANSACTION 'x';
ROLLBACK;

# settings
SET TIME ZONE 'Asia/Tokyo';
SELECT id, seen FROM customer;
SELECT id, seen::date, date_trunc('day', seen) FROM customer;
SELECT id, tstz, tstz::time FROM types;
SET TIME ZONE 'America/New_York';
SELECT id, seen FROM customer WHERE seen < '2024-01-15';
SELECT born, started FROM employee;
SET DateStyle = 'SQL, DMY';
SELECT joined, seen FROM customer;
SELECT id FROM customer WHERE joined < '01/02/2024';
SET DateStyle = 'German';
SELECT born FROM employee;
SELECT d, tstz FROM types;
SET IntervalStyle = 'iso_8601';
SELECT made FROM item;
SET bytea_output = 'escape';
SELECT by, photo FROM types t LEFT JOIN employee e ON e.id = t.id;
SET extra_float_digits = 0;
SELECT f4 / 3, f8 / 3, score / 3 FROM types t JOIN customer c ON c.id = t.id;
RESET ALL;
SELECT joined, seen FROM customer;

# strings
@refused 22023
SET standard_conforming_strings = off;
SELECT 'a\' || 'b';
SELECT E'a\'' || 'b';
SELECT 'it''s' || E'\x41' || U&'!0041' UESCAPE '!';
@refused 22023
SET client_encoding = 'SJIS';
@refused 22023
SET NAMES 'LATIN1';
SET client_encoding = 'UTF8';
SHOW client_encoding;
@refused 0A000
SET backslash_quote = on;
@refused 0A000
SET escape_string_warning = off;
@refused 0A000
SET quote_all_identifiers = on;
SELECT 'ünïcode 日本' AS "日本", length('日本');

# privileges
@refused 0A000
SET ROLE postgres;
@refused 0A000
SET LOCAL ROLE postgres;
@refused 0A000
SET row_security = off;
@refused 0A000
SET session_replication_role = replica;
@refused 0A000
RESET ROLE;
@refused 0A000
SET role = 'postgres';
@refused 0A000
SET "role" TO 'postgres';
@refused 0A000
SET log_statement = 'all';
@refused 0A000
SET debug_print_plan = on;
@refused 0A000
SET plan_cache_mode = force_custom_plan;
@refused 0A000
SET enable_seqscan = off;
@refused 0A000
SET force_parallel_mode = on;
@refused 0A000
SET local_preload_libraries = 'x';
@refused 0A000
SET my.variable = 'x';
@refused 0A000
SHOW ALL;
@refused 0A000
SHOW data_directory;
@refused 0A000
SHOW hba_file;
@refused 0A000
SELECT current_setting('data_directory');
@differs settings that are not shown read as NULL where the name is not a constant
SELECT current_setting(name) FROM (VALUES ('hba_file')) AS v(name);

# temporary objects
@refused 0A000
CREATE TEMP TABLE customer (id int);
@refused 0A000
CREATE TEMP VIEW v AS SELECT * FROM shop.customer;
@refused 0A000
SELECT * INTO TEMP copy FROM shop.customer;
@refused 0A000
CREATE TEMP TABLE t AS SELECT * FROM shop.customer;
SELECT count(*) FROM customer;
SELECT count(*) FROM pg_temp.customer;
@refused 0A000
CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
@refused 0A000
SELECT pg_temp.f();
@refused 0A000
CREATE OPERATOR pg_temp.= (LEFTARG = text, RIGHTARG = text, FUNCTION = textne);
@refused 0A000
DO $$ BEGIN PERFORM 1; END $$;

# prepared
PREPARE a AS SELECT count(*) FROM customer;
EXECUTE a;
EXECUTE a;
DEALLOCATE a;
EXECUTE a;
PREPARE b (int) AS SELECT id, name FROM customer WHERE id > $1 ORDER BY id;
EXECUTE b(20);
EXECUTE b(40);
EXECUTE b('30');
PREPARE b AS SELECT 1;
DEALLOCATE PREPARE b;
PREPARE c (text, int) AS SELECT id FROM customer WHERE country = $1 AND 60 / k > $2;
EXECUTE c('US', 10);
EXECUTE c('DE', 1);
EXECUTE c((SELECT 'US'), 10);
PREPARE d AS SELECT * FROM hr.secret;
PREPARE e AS SELECT $1::int + 1;
EXECUTE e(1 + 2);
EXECUTE e(nosuch);
DEALLOCATE ALL;
EXECUTE e(1);

# cursors
BEGIN;
DECLARE c CURSOR FOR SELECT id, name FROM customer ORDER BY id;
FETCH 2 FROM c;
FETCH NEXT FROM c;
FETCH FORWARD 3 FROM c;
MOVE 2 FROM c;
FETCH ALL FROM c;
CLOSE c;
FETCH 1 FROM c;
ROLLBACK;
BEGIN;
DECLARE s SCROLL CURSOR FOR SELECT id FROM customer ORDER BY id;
FETCH LAST FROM s;
FETCH FIRST FROM s;
FETCH ABSOLUTE 3 FROM s;
FETCH RELATIVE -1 FROM s;
FETCH BACKWARD 1 FROM s;
MOVE ALL FROM s;
CLOSE ALL;
COMMIT;
BEGIN;
DECLARE x CURSOR FOR SELECT 60 / k AS q, code::int FROM customer ORDER BY id;
FETCH ALL FROM x;
COMMIT;
BEGIN;
DECLARE h CURSOR FOR SELECT * FROM hr.secret;
ROLLBACK;
DECLARE outside CURSOR FOR SELECT 1;

# copy
COPY (SELECT id, name FROM customer ORDER BY id) TO STDOUT;
COPY (SELECT * FROM customer ORDER BY id) TO STDOUT (FORMAT csv, HEADER);
COPY shop.customer TO STDOUT;
COPY customer (id, name, phone) TO STDOUT WITH CSV;
@refused 0A000
COPY spender TO STDOUT (FORMAT csv, FORCE_QUOTE *, DELIMITER ';');
COPY (SELECT 60 / k FROM customer ORDER BY id) TO STDOUT;
COPY (TABLE nation ORDER BY code) TO STDOUT;
COPY (VALUES (1, 'a'), (2, NULL)) TO STDOUT (NULL 'none');
COPY (WITH x AS (SELECT id FROM orders) SELECT * FROM x ORDER BY id) TO STDOUT;
COPY types TO STDOUT;
@refused 0A000
COPY shop.orders TO STDOUT;
COPY hr.secret TO STDOUT;
COPY (SELECT * FROM hr.secret) TO STDOUT;
COPY customer ("MKANN MKBOB MKCYD ssn") TO STDOUT;
@refused 0A000
COPY shop.customer TO '/tmp/x';
@refused 0A000
COPY shop.customer TO PROGRAM 'cat';
@refused 0A000
COPY (SELECT 1) TO PROGRAM 'cat';
@refused 0A000,42501
COPY shop.customer FROM STDIN;
COPY (SELECT id FROM customer ORDER BY id) TO STDOUT (FORMAT binary);
@refused 0A000
COPY (DELETE FROM shop.customer RETURNING id) TO STDOUT;

# explain
@safe
EXPLAIN SELECT * FROM customer WHERE 60 / k > 10;
@safe
EXPLAIN (COSTS OFF) SELECT * FROM customer c JOIN orders o ON o.customer_id = c.id;
@safe
EXPLAIN (FORMAT json) SELECT * FROM customer;
@safe
EXPLAIN (VERBOSE) SELECT name FROM customer WHERE country = 'US';
@safe
EXPLAIN ANALYZE SELECT * FROM customer WHERE 60 / k > 10;
@safe
EXPLAIN (ANALYZE, BUFFERS, TIMING OFF) SELECT count(*) FROM orders;
@safe
EXPLAIN (FORMAT xml) SELECT * FROM event WHERE what LIKE 'click%';
@safe
EXPLAIN (FORMAT yaml, VERBOSE) SELECT c.id, (SELECT count(*) FROM orders o WHERE o.customer_id = c.id) FROM customer c;
@safe
EXPLAIN SELECT * FROM customer_v;
@refused 42P01
EXPLAIN SELECT * FROM hr.secret;
@safe
EXPLAIN (SETTINGS) SELECT 1;
@refused 0A000,42501
EXPLAIN DELETE FROM shop.customer;
@refused 0A000,42501
EXPLAIN ANALYZE CREATE TABLE x AS SELECT 1;

# locks
@refused 0A000
SELECT id FROM customer FOR UPDATE;
@refused 0A000
SELECT id FROM customer FOR SHARE;
@refused 0A000
SELECT id FROM customer c FOR NO KEY UPDATE OF c NOWAIT;
@refused 0A000
SELECT * FROM (SELECT id FROM customer FOR KEY SHARE SKIP LOCKED) AS s;
@refused 0A000
LOCK TABLE shop.customer;
@refused 0A000
SELECT pg_advisory_lock(1);

# writes
@refused 0A000,42501
INSERT INTO ref.nation VALUES ('XX', 'x');
@refused 0A000,42501
UPDATE shop.customer SET k = 1;
@refused 0A000,42501
DELETE FROM shop.customer;
@refused 0A000,42501
MERGE INTO shop.customer c USING shop.spender s ON s.id = c.id WHEN MATCHED THEN DELETE;
@refused 0A000,42501
TRUNCATE shop.customer;
@refused 0A000
REFRESH MATERIALIZED VIEW shop.spender;
@refused 0A000,42501
SELECT * INTO shop.copy FROM shop.customer;
@refused 0A000,42501
CREATE TABLE shop.copy AS SELECT * FROM shop.customer;
@refused 0A000
CREATE VIEW shop.mine AS SELECT * FROM shop.customer;
@refused 0A000
ALTER TABLE shop.customer ADD x int;
@refused 0A000
GRANT SELECT ON shop.customer TO ann;
@refused 0A000
VACUUM shop.customer;
@refused 0A000
ANALYZE shop.customer;
@refused 0A000
CREATE STATISTICS s ON k, level FROM shop.customer;
@refused 0A000
COMMENT ON TABLE shop.customer IS 'x';
@refused 0A000
CALL nosuch();
@refused 0A000
LISTEN x;
@refused 0A000
NOTIFY x, 'y';
@refused 0A000
LOAD 'x';
@refused 0A000
CHECKPOINT;
@refused 0A000
CREATE EXTENSION dblink;
@refused 0A000
SELECT nextval('x');

# functions that read
@refused 0A000
SELECT pg_read_file('/etc/passwd');
@refused 0A000
SELECT ('/etc/passwd'::text).pg_read_file;
@refused 0A000
SELECT query_to_xml('SELECT * FROM hr.secret', true, true, '');
@refused 0A000
SELECT table_to_xml('hr.secret', true, true, '');
@refused 0A000
SELECT * FROM ts_stat('SELECT s::tsvector FROM hr.secret');
@refused 0A000
SELECT ('SELECT 1'::text).ts_stat;
@refused 0A000
SELECT lo_get(1);
@refused 0A000
SELECT pg_relation_size('shop.customer'), pg_stat_get_live_tuples('shop.customer'::regclass);
@refused 0A000
SELECT shop.leak(name) FROM customer;
@refused 0A000
SELECT leak(name) FROM customer;
@refused 0A000
SELECT id FROM customer WHERE name OPERATOR(shop.===) 'x';
@refused 0A000
SELECT id FROM customer WHERE name === 'x';
@refused 0A000
SELECT postern_functions.keyed_hash('token', 'x');
@refused 0A000
SELECT digest('x', 'sha256');
SELECT c.leak FROM customer c;
SELECT (c).leak FROM customer c;
SELECT * FROM postern_functions.keys;

# statistics
@safe
SELECT tablename FROM pg_stats;
@safe
SELECT * FROM pg_stat_activity;
@safe
SELECT * FROM pg_locks;
@safe
SELECT * FROM pg_prepared_statements;
@safe
SELECT relname, reltuples FROM pg_class WHERE relnamespace = 'shop'::regnamespace;
@safe
SELECT * FROM pg_views WHERE schemaname = 'shop';
@safe
SELECT * FROM pg_matviews;
@safe
SELECT attname FROM pg_attribute WHERE attrelid = 'shop.customer'::regclass;
@safe
SELECT obj_description('shop.customer'::regclass), col_description('shop.customer'::regclass, 21);
@safe
SELECT column_name FROM information_schema.columns WHERE table_name = 'customer';
@safe
SELECT pg_get_viewdef('shop.customer_v'::regclass);
@safe
SELECT enumlabel FROM pg_enum;
@safe
SELECT * FROM pg_roles;
@safe
SELECT * FROM pg_description;
@safe
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint;
@safe
SELECT indexrelid::regclass, pg_get_indexdef(indexrelid) FROM pg_index;
@safe
SELECT relname FROM pg_class WHERE relispartition;
@safe
SELECT inhrelid::regclass FROM pg_inherits;
@safe
SELECT * FROM pg_settings;
@safe
SELECT * FROM pg_proc WHERE proname = 'leak';

# discard
DISCARD PLANS;
DISCARD TEMP;
DISCARD SEQUENCES;
DISCARD ALL;
SHOW search_path;
SELECT count(*) FROM customer;
