-- pgjdbc Clients 42.7.7, captured from the running client by `make capture`
SET application_name = 'PostgreSQL JDBC Driver'
--;
BEGIN
--;
SELECT c.c_custkey, c.c_name, n.n_name FROM customer c JOIN nation n ON n.n_nationkey = c.c_nationkey WHERE c.c_custkey < $1 ORDER BY c.c_custkey
--;
COMMIT
--;
SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ
--;
BEGIN READ ONLY
--;
SELECT * FROM nation ORDER BY n_nationkey
--;
SELECT c.oid, a.attnum, a.attname, c.relname, n.nspname, a.attnotnull OR (t.typtype = 'd' AND t.typnotnull), a.attidentity != '' OR pg_catalog.pg_get_expr(d.adbin, d.adrelid) LIKE '%nextval(%' FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON (c.relnamespace = n.oid) JOIN pg_catalog.pg_attribute a ON (c.oid = a.attrelid) JOIN pg_catalog.pg_type t ON (a.atttypid = t.oid) LEFT JOIN pg_catalog.pg_attrdef d ON (d.adrelid = a.attrelid AND d.adnum = a.attnum) JOIN (SELECT 16388 AS oid , 1 AS attnum UNION ALL SELECT 16388, 2 UNION ALL SELECT 16388, 3 UNION ALL SELECT 16388, 4) vals ON (c.oid = vals.oid AND a.attnum = vals.attnum) where c.oid in (16388)
--;
ROLLBACK
--;
COPY (SELECT * FROM nation) TO STDOUT
--;
SELECT c.c_custkey, c.c_name, n.n_name FROM customer c JOIN nation n ON n.n_nationkey = c.c_nationkey WHERE c.c_custkey < ('100'::int4) ORDER BY c.c_custkey
--;
