-- psycopg2 2.9.13 (dt dec pq3 ext lo64), captured from the running client by `make capture`
BEGIN
--;
SELECT c.c_custkey, c.c_name, n.n_name FROM customer c JOIN nation n ON n.n_nationkey = c.c_nationkey WHERE c.c_custkey < 100 ORDER BY c.c_custkey
--;
DECLARE "named" CURSOR WITHOUT HOLD FOR SELECT c.c_custkey, c.c_name, n.n_name FROM customer c JOIN nation n ON n.n_nationkey = c.c_nationkey WHERE c.c_custkey < 100 ORDER BY c.c_custkey
--;
FETCH FORWARD 2 FROM "named"
--;
SELECT n_name FROM nation WHERE n_nationkey = 1
--;
SELECT n_name FROM nation WHERE n_nationkey = 2
--;
SELECT n_name FROM nation WHERE n_nationkey = 3
--;
COPY nation TO STDOUT WITH CSV HEADER
--;
SELECT t.oid, typarray
FROM pg_type t JOIN pg_namespace ns
    ON typnamespace = ns.oid
WHERE typname = 'hstore';
--;
ROLLBACK
--;
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY
--;
SELECT count(*) FROM customer
--;
