SELECT c.c_custkey, c.c_name, n.n_name AS nation, c.c_phone, c.c_acctbal
FROM customer c JOIN nation n ON n.n_nationkey = c.c_nationkey
ORDER BY c.c_custkey
LIMIT 5
