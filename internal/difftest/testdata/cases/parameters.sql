-- Parameters wherever one can stand. Values are between bars; these run by the extended protocol only.

# parameters
@params 20
SELECT id FROM customer WHERE id > $1;
@params 20
SELECT id FROM customer WHERE $1 < id;
@params US
SELECT id FROM customer WHERE country = $1;
@params DE
SELECT id FROM customer WHERE country = $1 AND 60 / k > 1;
@params 10
SELECT id FROM customer WHERE 60 / k > $1;
@params 60
SELECT id FROM customer WHERE $1 / k > 10;
@params 3
SELECT id FROM customer WHERE code::int = $1;
@params MKANN MKB%\
SELECT id FROM event WHERE what LIKE $1;
@params click%
SELECT id FROM event WHERE what LIKE $1;
@params ^N
SELECT id FROM customer WHERE name ~ $1;
@params (
SELECT id FROM customer WHERE name ~ $1;
@params 2|6|12
SELECT id FROM customer WHERE id IN ($1, $2, $3);
@params {2,6,12,20}
SELECT id FROM customer WHERE id = ANY ($1);
@params {2,6,12,20}
SELECT id FROM customer WHERE id = ANY ($1::int[]);
@params 2|30
SELECT id FROM customer WHERE id BETWEEN $1 AND $2;
@params 5
SELECT id FROM customer ORDER BY id LIMIT $1;
@params 5|2
SELECT id FROM customer ORDER BY id LIMIT $1 OFFSET $2;
@params x
SELECT $1;
@params 5
SELECT $1 + 1;
@params 5
SELECT $1::int8, id FROM customer WHERE id = $1;
@params 5
SELECT $1::text || 'x';
@params 5
SELECT id, $1::int FROM customer WHERE id > $1;
@params 5
SELECT id + $1 FROM customer;
@params 5.5
SELECT credit * $1 FROM customer;
@params a
SELECT name || $1 FROM customer;
@params a
SELECT COALESCE(tags, ARRAY[$1]) FROM customer;
@params n
SELECT prefs -> $1, prefs ->> $1 FROM customer;
@params {"n": 2}
SELECT id FROM customer WHERE prefs @> $1;
@params 2024-01-01
SELECT id FROM customer WHERE joined > $1;
@params 2024-01-01
SELECT id FROM customer WHERE joined > $1::date - 5;
@params 2024-01-10 00:00:00+00
SELECT id, seen - $1 FROM customer WHERE seen > $1;
@params true
SELECT id FROM customer WHERE active = $1;
@params true
SELECT id FROM customer WHERE $1;
@params retail
SELECT id FROM customer WHERE segment = $1;
@params retail
SELECT id FROM customer WHERE segment::text = $1;
@params 000
SELECT id FROM customer WHERE phone = $1;
@params 3
SELECT * FROM generate_series(1, $1) AS g;
@params 3
SELECT id FROM customer, LATERAL (SELECT $1::int AS x) AS l WHERE k = l.x;
@params 2
SELECT (SELECT count(*) FROM orders WHERE customer_id = c.id AND rate > $1) FROM customer c;
@params 3
SELECT id FROM customer WHERE k IN (SELECT amount FROM event WHERE amount > $1);
@params 3
SELECT id FROM customer c WHERE EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id AND total > $1);
@params 3
WITH x AS (SELECT id FROM customer WHERE k > $1) SELECT count(*) FROM x;
@params 3
WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < $1) SELECT * FROM r;
@params 3|4
SELECT id FROM customer WHERE k = $1 UNION SELECT id FROM orders WHERE customer_id = $2;
@params 3
VALUES ($1::int), (2);
@params 1|a
SELECT * FROM (VALUES ($1::int, $2)) AS v(a, b);
@params 3
SELECT k, count(*) FROM customer GROUP BY k HAVING count(*) > $1;
@params 3
SELECT k + $1, count(*) FROM customer GROUP BY k + $1;
@params 3|3
SELECT k + $1, count(*) FROM customer GROUP BY k + $2;
@params 3
SELECT count(*) FILTER (WHERE k > $1) FROM customer;
@params 2
SELECT id, sum(k) OVER (ORDER BY id ROWS BETWEEN $1 PRECEDING AND CURRENT ROW) FROM customer;
@params 2
SELECT id, ntile($1) OVER (ORDER BY id) FROM customer;
@params 0.5
SELECT percentile_cont($1) WITHIN GROUP (ORDER BY k) FROM customer;
@params 2
SELECT CASE WHEN k > $1 THEN 'big' ELSE 'small' END FROM customer;
@params US|FR
SELECT CASE country WHEN $1 THEN 1 WHEN $2 THEN 2 END FROM customer;
@params 1
SELECT (tags)[$1] FROM customer;
@params 1|2
SELECT (tags)[$1:$2] FROM customer;
@params 2
SELECT substr(name, $1) FROM customer;
@params year
SELECT date_trunc($1, joined) FROM customer;
@params 2
SELECT c.id FROM customer c JOIN orders o ON o.customer_id = c.id AND o.rate < $1;
@params 2
SELECT c.id, o.id FROM customer c LEFT JOIN orders o ON o.customer_id = c.id AND 60 / c.k > $1;
@params 12
SELECT * FROM customer WHERE id = $1;
@params 5
SELECT * FROM customer WHERE id = $1;
@params 5
SELECT * FROM orders WHERE id = $1 AND placed > '2023-01-01';
@params 2|1
SELECT * FROM line WHERE order_id = $1 AND no = $2;
@params 2|1
SELECT * FROM line WHERE (order_id, no) = ($1, $2);
@params 7
SELECT e.name, m.name FROM employee e LEFT JOIN employee m ON m.id = e.manager_id WHERE e.id = $1;
@params x
SELECT * FROM "Odd Name" WHERE "select" <> $1;
@params 9|x
SELECT $1::int, $2::text, NULL::text IS NULL;
@params 1
SELECT $1 IS NULL;
@params 1
@refused 0A000
SELECT $1::nosuch;
@params x
SELECT id FROM customer WHERE id = $1;
@params 1
SELECT $2;
@params
SELECT $1;
@params 00000000-0000-0000-0000-000000000005
SELECT id FROM types WHERE u = $1;
@params \x0004
SELECT id FROM types WHERE by = $1;
@params 10.0.0.3
SELECT id FROM types WHERE ip = $1;
@params 2.5
SELECT id FROM types WHERE n82 > $1;
@params 3000000000
SELECT id FROM types WHERE i8 = $1;
@params 1 day
SELECT id FROM types WHERE iv > $1;
@params abc
SELECT id FROM types WHERE c5 = $1;
@params masked
SELECT id FROM types WHERE v10 = $1;
@params 2000-01-01
SELECT id FROM types WHERE d = $1;
