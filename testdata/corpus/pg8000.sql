-- pg8000 1.31.6, captured from the running client by `make capture`
begin transaction
--;
SELECT c.c_custkey, c.c_name, n.n_name FROM customer c JOIN nation n ON n.n_nationkey = c.c_nationkey WHERE c.c_custkey < $1 ORDER BY c.c_custkey
--;
COPY (SELECT n_name FROM nation) TO STDOUT
--;
SELECT n_name FROM nation WHERE n_nationkey = $1
--;
