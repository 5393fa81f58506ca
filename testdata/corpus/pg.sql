-- pg 8.23.1, captured from the running client by `make capture`
SELECT c.c_custkey, c.c_name, n.n_name FROM customer c JOIN nation n ON n.n_nationkey = c.c_nationkey WHERE c.c_custkey < $1 ORDER BY c.c_custkey
--;
SELECT 1 AS a
--;
SELECT 2 AS b
--;
SELECT 1/0
--;
SELECT n_name FROM nation WHERE n_nationkey = $1
--;
