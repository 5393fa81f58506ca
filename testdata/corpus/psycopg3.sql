-- psycopg3 3.3.9, captured from the running client by `make capture`
BEGIN
--;
SELECT c.c_custkey, c.c_name, n.n_name FROM customer c JOIN nation n ON n.n_nationkey = c.c_nationkey WHERE c.c_custkey < $1 ORDER BY c.c_custkey
--;
DECLARE "paged" CURSOR FOR SELECT c.c_custkey, c.c_name, n.n_name FROM customer c JOIN nation n ON n.n_nationkey = c.c_nationkey WHERE c.c_custkey < $1 ORDER BY c.c_custkey
--;
FETCH FORWARD 3 FROM "paged"
--;
CLOSE "paged"
--;
DECLARE "scrolled" SCROLL CURSOR WITH HOLD FOR SELECT c.c_custkey, c.c_name, n.n_name FROM customer c JOIN nation n ON n.n_nationkey = c.c_nationkey WHERE c.c_custkey < $1 ORDER BY c.c_custkey
--;
MOVE 2 FROM "scrolled"
--;
FETCH FORWARD 1 FROM "scrolled"
--;
CLOSE "scrolled"
--;
SELECT count(*) FROM nation WHERE n_nationkey < $1
--;
SELECT n_name FROM nation WHERE n_nationkey = $1
--;
COPY (SELECT n_nationkey, n_name FROM nation) TO STDOUT (FORMAT csv)
--;
SELECT * FROM nation LIMIT 1
--;
SAVEPOINT "_pg3_1"
--;
SELECT
    typname AS name, oid, typarray AS array_oid,
    oid::regtype::text AS regtype, typdelim AS delimiter
FROM pg_type t
WHERE t.oid = to_regtype($1)
ORDER BY t.oid
--;
RELEASE "_pg3_1"
--;
SELECT 1/0
--;
ROLLBACK TO "_pg3_1"
--;
DEALLOCATE ALL
--;
SELECT 1 AS one
--;
COMMIT
--;
