-- Every place where SQL can name a table or a column.

# from
SELECT id, country FROM customer;
SELECT id, country FROM shop.customer;
@safe
SELECT id, country FROM wh.shop.customer;
@refused 0A000
SELECT id FROM elsewhere.shop.customer;
SELECT c.id FROM shop.customer c;
SELECT c.id FROM shop.customer AS c;
SELECT customer.id FROM shop.customer;
SELECT shop.customer.id FROM shop.customer;
@safe
SELECT wh.shop.customer.id FROM shop.customer;
SELECT nation.title FROM nation;
SELECT * FROM hr.nation;
SELECT * FROM nation, hr.dept;
SELECT * FROM ref.nation, ref.nation AS n WHERE nation.code = n.code;
SELECT * FROM ref.nation JOIN ref.nation ON true;
SELECT count(*) FROM shop.customer, shop.orders, shop.line WHERE customer.id = orders.customer_id AND orders.id = line.order_id;
SELECT x.a, x.b FROM shop.customer AS x(a, b);
SELECT x.a, x.name FROM shop.customer AS x(a);
SELECT id FROM shop.customer AS x(a);
SELECT * FROM shop.spender AS x(a, b, c);
SELECT * FROM shop.spender AS x(a, b, c, d, e, f);
SELECT customer.id FROM shop.customer AS c;
SELECT orders.id FROM shop.customer AS orders;
SELECT orders.total FROM shop.customer AS orders, shop.orders AS customer;
SELECT customer.total FROM shop.customer AS orders, shop.orders AS customer WHERE orders.id = customer.customer_id;
TABLE nation;
TABLE shop.spender ORDER BY id;
TABLE hr.secret;
TABLE ONLY shop.event;
SELECT * FROM ONLY shop.event;
SELECT * FROM ONLY (shop.event);
SELECT * FROM shop.event *;
SELECT * FROM ONLY shop.orders;
SELECT id, what FROM shop.event_web;
SELECT * FROM shop.orders_2024;
SELECT * FROM shop.orders_2023;
SELECT * FROM shop.orders_later;
SELECT count(*) FROM shop.orders WHERE placed < '2024-01-01';
SELECT count(*), min(placed) FROM shop.orders WHERE placed BETWEEN '2024-02-01' AND '2024-08-01';
SELECT o.id FROM shop.orders AS o JOIN shop.orders_2024 AS p ON p.id = o.id AND p.placed = o.placed;
SELECT count(*) FROM shop.customer TABLESAMPLE BERNOULLI (100);
SELECT count(*) FROM shop.customer TABLESAMPLE SYSTEM (100) REPEATABLE (3);
SELECT count(*) FROM shop.customer TABLESAMPLE BERNOULLI (0);
SELECT * FROM (SELECT id, name FROM shop.customer) AS s;
SELECT * FROM (SELECT id, name FROM shop.customer) AS s(a, b) WHERE a > 10;
SELECT s.* FROM (SELECT * FROM shop.customer) AS s;
SELECT * FROM (shop.customer AS c JOIN shop.orders AS o ON o.customer_id = c.id);
SELECT j.total FROM (shop.customer AS c JOIN shop.orders AS o ON o.customer_id = c.id) AS j(a, b, d);
SELECT c.id, j.total FROM (shop.customer AS c JOIN shop.orders AS o ON o.customer_id = c.id) AS j;
SELECT j.status, j.k FROM (shop.customer AS c JOIN shop.orders AS o ON o.customer_id = c.id) AS j WHERE j.k > 2;
SELECT u.id, u.total FROM shop.spender JOIN shop.orders USING (id) AS u;
SELECT u.id, spender.k FROM shop.spender JOIN shop.orders USING (id) AS u;
SELECT u.total FROM shop.spender JOIN shop.orders USING (id) AS u;
SELECT * FROM generate_series(1, 3) AS g(n) JOIN shop.customer AS c ON c.id = g.n * 7;
SELECT * FROM ROWS FROM (generate_series(1, 3), generate_series(5, 6)) WITH ORDINALITY AS r(a, b, n), shop.spender WHERE spender.id = r.b;
SELECT c.id, t.tag FROM shop.customer AS c, unnest(c.tags) AS t(tag);
SELECT c.id, t.tag, t.n FROM shop.customer AS c, unnest(c.tags) WITH ORDINALITY AS t(tag, n);
SELECT c.id, e.value FROM shop.customer AS c, jsonb_array_elements(c.prefs->'list') AS e(value);
SELECT c.id, e.* FROM shop.customer AS c, jsonb_each(c.prefs) AS e;
SELECT c.id, r.n, r.s FROM shop.customer AS c, jsonb_to_record(c.prefs) AS r(n int, s text);
SELECT a.*, b.* FROM (VALUES (1, 'x'), (2, 'y')) AS a(n, t) JOIN shop.spender AS b ON b.k = a.n;
SELECT * FROM customer, LATERAL (SELECT total FROM orders WHERE customer_id = customer.id ORDER BY total DESC NULLS LAST, id LIMIT 1) AS top;
SELECT c.id, top.total FROM shop.customer AS c LEFT JOIN LATERAL (SELECT max(total) AS total FROM shop.orders AS o WHERE o.customer_id = c.id) AS top ON true;
SELECT c.id, x.n FROM shop.customer AS c CROSS JOIN LATERAL (SELECT count(*) AS n FROM shop.orders AS o WHERE o.customer_id = c.id AND 60 / c.k > 9) AS x;
SELECT c.id, g FROM shop.customer AS c, LATERAL generate_series(1, c.k) AS g WHERE c.level = 1;
SELECT c.id, g FROM shop.customer AS c, generate_series(1, 10, c.k) AS g;
@refused 0A000
SELECT * FROM XMLTABLE('/a' PASSING ('<a>1</a>'::xml) COLUMNS v int PATH '.');
SELECT * FROM json_to_recordset('[{"a": 1}]') AS r(a int);
SELECT * FROM shop.customer AS c JOIN shop.customer AS d ON d.id = c.id + 1 WHERE c.k = d.k;
SELECT * FROM shop.customer_v;
SELECT * FROM customer_v WHERE id > 10 ORDER BY id;
SELECT v.name, c.name FROM shop.customer_v AS v JOIN shop.customer AS c USING (id);
SELECT country, orders, total FROM shop.order_totals;
SELECT * FROM shop.secret_v;
SELECT count(*) FROM shop.secret_v WHERE s <> 'none';
SELECT * FROM shop.spender WHERE balance IS NOT NULL;
SELECT v FROM shop.customer_v AS v WHERE false;

# joins
SELECT c.id, o.id FROM customer c JOIN orders o ON o.customer_id = c.id;
SELECT c.id, o.id FROM customer c LEFT JOIN orders o ON o.customer_id = c.id;
SELECT c.id, o.id FROM customer c RIGHT JOIN orders o ON o.customer_id = c.id;
SELECT c.id, o.id FROM customer c FULL JOIN orders o ON o.customer_id = c.id;
SELECT c.id, o.id FROM customer c FULL OUTER JOIN orders o ON o.customer_id = c.id AND c.id = o.id;
SELECT c.id FROM customer c LEFT JOIN orders o ON o.customer_id = c.id WHERE o.id IS NULL;
SELECT c.id FROM customer c LEFT JOIN orders o ON o.customer_id = c.id AND o.total > 100 WHERE o.id IS NULL;
SELECT c.id, o.id FROM customer c LEFT JOIN orders o ON o.customer_id = c.id AND 60 / c.k > 20;
SELECT c.id, o.id FROM customer c LEFT JOIN orders o ON o.customer_id = c.id AND 60 / o.rate > 50;
SELECT c.id, o.id FROM orders o RIGHT JOIN customer c ON o.customer_id = c.id AND 60 / o.rate > 50;
SELECT c.id, n.title FROM customer c NATURAL JOIN (SELECT code AS country, title FROM nation) n;
SELECT * FROM spender NATURAL JOIN (SELECT id, level FROM customer) AS c;
SELECT * FROM shop.spender NATURAL JOIN shop.customer;
SELECT * FROM shop.spender NATURAL LEFT JOIN shop.event;
SELECT * FROM spender JOIN customer USING (id);
SELECT * FROM spender JOIN customer USING (id, country);
SELECT id FROM spender JOIN customer USING (id) WHERE spender.id = customer.id;
SELECT id, country FROM spender FULL JOIN orders USING (id);
SELECT spender.id, orders.id, id FROM spender FULL JOIN orders USING (id) ORDER BY 1, 2, 3;
SELECT * FROM dept FULL JOIN spender USING (id);
SELECT a.id, b.id, c.id FROM spender a JOIN spender b USING (id) JOIN spender c USING (id);
SELECT count(*) FROM spender a CROSS JOIN nation b;
SELECT count(*) FROM spender a, nation b, dept d;
SELECT * FROM customer JOIN orders ON customer.id = orders.customer_id JOIN line ON line.order_id = orders.id JOIN item ON item.id = line.item_id WHERE item.kind = 'toy';
SELECT e.name, m.name FROM employee e LEFT JOIN employee m ON m.id = e.manager_id;
SELECT e.name, m.name AS boss, d.title FROM employee e JOIN employee m ON m.id = e.manager_id JOIN hr.dept d ON d.id = e.dept_id;
SELECT c.id FROM customer c JOIN event e ON e.amount = c.k AND 10 / e.amount > 2;
SELECT c.id, t.id FROM customer c JOIN types t ON t.id = c.id AND t.t LIKE 't%';
SELECT a.id FROM customer a JOIN customer b ON a.country = b.country AND a.id < b.id;
SELECT n.code, count(c.id) FROM nation n LEFT JOIN customer c ON c.country = n.code GROUP BY n.code;
SELECT * FROM nation n JOIN customer c ON n.code = c.country AND c.name LIKE 'Name%' AND c.code::int > 3;
SELECT c.id FROM customer c JOIN (orders o JOIN line l ON l.order_id = o.id) ON o.customer_id = c.id;
SELECT c.id FROM customer c LEFT JOIN (orders o JOIN line l ON l.order_id = o.id AND 10 / l.qty > 1) ON o.customer_id = c.id;
SELECT c.name = s.name, c.balance IS NULL FROM customer c JOIN spender s ON s.id = c.id;
SELECT a.token = b.token FROM customer a, customer b WHERE a.id = 12 AND b.id = 36;

# sub-selects
SELECT (SELECT count(*) FROM orders o WHERE o.customer_id = c.id) FROM customer c;
SELECT (SELECT title FROM nation WHERE code = c.country), c.id FROM customer c;
SELECT (SELECT max(name) FROM customer), (SELECT min(total) FROM orders);
SELECT (SELECT s FROM hr.secret LIMIT 1);
SELECT id FROM customer WHERE id IN (SELECT customer_id FROM orders);
SELECT id FROM customer WHERE id NOT IN (SELECT customer_id FROM orders);
SELECT id FROM customer WHERE (id, country) IN (SELECT id, country FROM spender);
SELECT id FROM customer WHERE EXISTS (SELECT FROM orders WHERE customer_id = customer.id AND total > 200);
SELECT id FROM customer WHERE NOT EXISTS (SELECT 1 FROM orders WHERE customer_id = customer.id);
SELECT id FROM customer WHERE id = ANY (SELECT customer_id FROM orders);
SELECT id FROM customer WHERE id > ALL (SELECT manager_id FROM employee WHERE manager_id IS NOT NULL);
SELECT id FROM customer WHERE credit > (SELECT avg(credit) FROM customer);
SELECT id FROM customer WHERE ROW(id, k) = (SELECT id, k FROM customer ORDER BY id LIMIT 1);
SELECT id FROM customer WHERE ARRAY(SELECT id FROM orders WHERE customer_id = customer.id ORDER BY id) <> '{}';
SELECT ARRAY(SELECT name FROM customer ORDER BY id);
SELECT ARRAY[(SELECT count(*) FROM customer), (SELECT count(*) FROM orders)];
SELECT CASE WHEN (SELECT count(*) FROM customer) > 20 THEN 'many' ELSE 'few' END;
SELECT CASE (SELECT count(*) FROM customer) WHEN 18 THEN 'ann' ELSE 'other' END;
SELECT COALESCE((SELECT min(id) FROM customer WHERE id > 1000), (SELECT min(id) FROM customer));
SELECT NULLIF((SELECT count(*) FROM customer), 18);
SELECT GREATEST((SELECT max(id) FROM customer), (SELECT max(id) FROM orders));
SELECT (SELECT count(*) FROM customer) BETWEEN (SELECT count(*) FROM dept) AND 40;
SELECT 5 IN (SELECT k FROM customer), 99 IN (SELECT id FROM customer);
SELECT length((SELECT max(name) FROM customer));
SELECT id FROM nation AS n, LATERAL (SELECT id FROM customer WHERE country = n.code) AS c;
SELECT country, count(*) FROM customer GROUP BY country HAVING count(*) > (SELECT count(*) FROM nation);
SELECT k, count(*) FROM customer GROUP BY k HAVING max(60 / k) > 12;
SELECT k FROM customer GROUP BY (SELECT 1), k;
SELECT id FROM customer ORDER BY (SELECT count(*) FROM orders WHERE customer_id = customer.id) DESC, id;
SELECT id FROM customer ORDER BY id LIMIT (SELECT count(*) FROM nation);
SELECT id FROM customer ORDER BY id OFFSET (SELECT 3) ROWS FETCH FIRST (2 + 1) ROWS ONLY;
SELECT sum((SELECT count(*) FROM orders WHERE customer_id = c.id)) FROM customer c;
SELECT count(*) FILTER (WHERE id IN (SELECT customer_id FROM orders)) FROM customer;
SELECT id, rank() OVER (ORDER BY (SELECT count(*) FROM orders WHERE customer_id = c.id)) FROM customer c;
SELECT DISTINCT ON ((SELECT region FROM nation WHERE code = c.country)) country FROM customer c ORDER BY (SELECT region FROM nation WHERE code = c.country), country;
SELECT * FROM (VALUES ((SELECT count(*) FROM customer)), (2)) AS v;
VALUES ((SELECT count(*) FROM customer)), ((SELECT count(*) FROM hr.employee));
VALUES ((SELECT count(*) FROM hr.secret));
SELECT (SELECT (SELECT (SELECT count(*) FROM orders o WHERE o.customer_id = c.id))) FROM customer c;
SELECT (SELECT c.name) FROM customer c;
SELECT (SELECT c FROM (SELECT 1) AS x)::text FROM shop.spender c;
SELECT x.* FROM (SELECT (SELECT max(k) FROM customer WHERE country = n.code) AS m, n.code FROM nation n) AS x WHERE m > 1;
SELECT 1 WHERE EXISTS (SELECT FROM customer WHERE name LIKE '%9%');
SELECT 1 WHERE EXISTS (TABLE customer);
SELECT 1 WHERE EXISTS (VALUES (1) EXCEPT SELECT id FROM customer);

# with
WITH c AS (SELECT * FROM customer) SELECT * FROM c;
WITH c AS MATERIALIZED (SELECT * FROM customer) SELECT name FROM c WHERE 60 / k > 12;
WITH c AS NOT MATERIALIZED (SELECT * FROM customer) SELECT name FROM c WHERE 60 / k > 12;
WITH c(a, b) AS (SELECT id, name FROM customer) SELECT b FROM c WHERE a = 2;
WITH customer AS (SELECT 1 AS id) SELECT * FROM customer;
WITH customer AS (SELECT 1 AS id) SELECT count(*) FROM shop.customer;
WITH secret AS (SELECT 'mine' AS s) SELECT * FROM secret;
WITH secret AS (SELECT 'mine' AS s) SELECT * FROM hr.secret;
WITH customer AS (SELECT id FROM customer WHERE k = 2) SELECT * FROM customer;
WITH a AS (SELECT id FROM customer), b AS (SELECT id FROM a WHERE id > 10) SELECT * FROM b, a WHERE a.id = b.id;
WITH b AS (SELECT id FROM a), a AS (SELECT id FROM customer) SELECT * FROM b;
WITH orders AS (SELECT id, total FROM orders WHERE total > 100) SELECT o.id FROM orders AS o JOIN shop.orders AS p ON p.id = o.id;
SELECT * FROM (WITH nation AS (SELECT 'x' AS code) SELECT * FROM nation) AS s, nation AS n WHERE n.code = 'US';
WITH x AS (SELECT 1) SELECT (WITH x AS (SELECT max(id) AS m FROM customer) SELECT m FROM x);
WITH unused AS (SELECT 1 / k FROM customer) SELECT 1;
WITH unused AS (SELECT * FROM hr.secret) SELECT 1;
WITH RECURSIVE t(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT * FROM t;
WITH RECURSIVE boss(id, manager_id, depth) AS (SELECT id, manager_id, 0 FROM employee WHERE manager_id IS NULL UNION ALL SELECT e.id, e.manager_id, depth + 1 FROM employee e JOIN boss b ON e.manager_id = b.id) SELECT * FROM boss;
WITH RECURSIVE boss AS (SELECT id, manager_id FROM employee WHERE id = 20 UNION SELECT e.id, e.manager_id FROM employee e, boss WHERE e.id = boss.manager_id) SELECT count(*) FROM boss;
WITH RECURSIVE boss(id, m) AS (SELECT id, manager_id FROM employee WHERE id < 9 UNION ALL SELECT e.id, e.manager_id FROM employee e JOIN boss b ON e.id = b.m) SEARCH DEPTH FIRST BY id SET o SELECT id, m FROM boss;
WITH RECURSIVE boss(id, m) AS (SELECT id, manager_id FROM employee WHERE id < 9 UNION ALL SELECT e.id, e.manager_id FROM employee e JOIN boss b ON e.id = b.m) CYCLE id SET looped USING path SELECT id, m, looped FROM boss;
WITH RECURSIVE customer(id, n) AS (SELECT 1, 0 UNION ALL SELECT id + 1, n FROM customer WHERE id < 4) SELECT * FROM customer;
WITH RECURSIVE customer AS (SELECT id FROM customer) SELECT * FROM customer;
WITH RECURSIVE a(id) AS (SELECT id FROM customer WHERE k = 1 UNION SELECT a.id + 1 FROM a JOIN customer c ON c.id = a.id + 1) SELECT * FROM a;
WITH c AS (SELECT * FROM customer) SELECT c.id, (SELECT count(*) FROM c AS d WHERE d.k = c.k) FROM c;
WITH w AS (SELECT k, count(*) AS n FROM customer GROUP BY k) SELECT n FROM w WHERE k = (SELECT max(k) FROM w);
WITH v AS (SELECT * FROM shop.customer_v) SELECT count(*) FROM v WHERE name LIKE 'N%';
@refused 42501
WITH d AS (DELETE FROM shop.customer RETURNING id) SELECT * FROM d;
@refused 42501
WITH i AS (INSERT INTO ref.nation VALUES ('XX', 'x') RETURNING code) SELECT * FROM i;
@refused 42501
WITH u AS (UPDATE shop.customer SET k = 1 RETURNING name) SELECT * FROM u;

# sets
SELECT id FROM customer UNION SELECT id FROM orders;
SELECT id FROM customer UNION ALL SELECT customer_id FROM orders;
SELECT id FROM customer INTERSECT SELECT customer_id FROM orders;
SELECT id FROM customer INTERSECT ALL SELECT customer_id FROM orders;
SELECT customer_id FROM orders EXCEPT SELECT id FROM customer;
SELECT customer_id FROM orders EXCEPT ALL SELECT id FROM customer;
SELECT name FROM customer UNION SELECT title FROM nation ORDER BY 1;
SELECT name AS n FROM customer UNION SELECT title FROM nation ORDER BY n;
(SELECT id FROM customer ORDER BY id LIMIT 2) UNION ALL (SELECT id FROM orders ORDER BY id LIMIT 2);
SELECT id FROM customer UNION (SELECT id FROM orders EXCEPT SELECT id FROM line JOIN item ON true) ORDER BY 1;
SELECT * FROM (SELECT id, name FROM customer UNION ALL SELECT id, what FROM event) AS u WHERE u.name LIKE 'N%';
SELECT * FROM (SELECT id, k FROM customer UNION ALL SELECT id, amount FROM event) AS u(i, d) WHERE 60 / d > 20;
SELECT * FROM (SELECT id, code FROM customer UNION ALL SELECT no, memo FROM line) AS u(i, d) WHERE d::int > 5;
SELECT * FROM (SELECT k FROM customer EXCEPT SELECT amount FROM event) AS u WHERE 60 / k > 1;
SELECT * FROM (SELECT k FROM customer INTERSECT SELECT amount FROM event) AS u WHERE 60 / k > 1;
SELECT country FROM customer UNION SELECT code FROM nation;
SELECT phone FROM customer UNION SELECT name FROM customer_v;
SELECT balance FROM customer UNION SELECT balance FROM spender;
SELECT segment FROM customer UNION SELECT en FROM types;
SELECT NULL UNION SELECT name FROM customer;
SELECT 1, 2 UNION SELECT id FROM customer;
TABLE nation UNION TABLE nation;
VALUES ('a') UNION SELECT name FROM customer;
SELECT note FROM orders UNION SELECT memo FROM line UNION SELECT name FROM customer;

# star
SELECT * FROM customer;
SELECT c.* FROM customer c;
SELECT customer.* FROM customer;
SELECT shop.customer.* FROM shop.customer;
SELECT *, id FROM customer;
SELECT c.*, o.* FROM customer c JOIN orders o ON o.customer_id = c.id;
SELECT o.*, c.* FROM customer c JOIN orders o ON o.customer_id = c.id;
SELECT * FROM "Odd Name";
SELECT count(*) FROM "Odd Name";
SELECT x.* FROM "Odd Name" AS x(a, b, c, d, e, f, g);
SELECT n.* FROM customer c RIGHT JOIN nation n ON n.code = c.country;
SELECT c.* FROM nation n LEFT JOIN customer c ON n.code = c.country;
SELECT (c).* FROM spender c;
SELECT (c).id FROM customer c;
@refused 0A000
SELECT (c).name, (c.addr).city FROM customer c;
@refused 0A000
SELECT (addr).city FROM customer;
SELECT * FROM customer WHERE customer.* IS NOT NULL;
SELECT row(c.*) IS NULL FROM customer c;
SELECT row(c.*)::text FROM spender c;
SELECT count(c.*) FROM customer c;
SELECT count(c) FROM nation n LEFT JOIN customer c ON c.country = n.code;
SELECT n.code, c IS NULL, c IS NOT NULL FROM nation n LEFT JOIN spender c ON c.country = n.code;

# whole rows
SELECT c::text FROM spender c;
SELECT c::text FROM customer c;
SELECT t::text FROM types t;
SELECT row_to_json(c) FROM spender c;
SELECT row_to_json(c) FROM customer c;
SELECT to_jsonb(c) FROM customer c;
SELECT to_jsonb(c) - 'id' FROM orders c;
SELECT json_agg(c ORDER BY c.id) FROM customer c;
SELECT jsonb_agg(to_jsonb(o) ORDER BY o.id) FROM orders o;
SELECT array_agg(c ORDER BY c.id)::text FROM spender c;
SELECT c = c, c IS DISTINCT FROM NULL FROM spender c;
SELECT count(*) FROM spender a, spender b WHERE a = b;
SELECT max(id) FROM spender c GROUP BY c;
SELECT DISTINCT c::text FROM spender c;
@differs a whole row has the type record
SELECT c FROM spender c ORDER BY c;
@differs a whole row has the type record
SELECT c FROM customer c;
@differs a whole row has the type record
SELECT customer FROM customer;
@differs a whole row has the type record
SELECT c::shop.customer FROM shop.customer c;
@refused 0A000
SELECT (c::shop.customer).id FROM shop.customer c;
@differs a whole row has the type record
SELECT o FROM nation n LEFT JOIN orders o ON o.id = -1;
SELECT n.code, c.id, c::text, c IS NULL FROM nation n LEFT JOIN spender c ON c.country = n.code;
SELECT n.code, row_to_json(c) FROM nation n LEFT JOIN spender c ON c.country = n.code;
SELECT COALESCE(c::text, 'none') FROM nation n LEFT JOIN spender c ON c.country = n.code;
SELECT (SELECT c FROM spender c ORDER BY id LIMIT 1)::text;
SELECT concat(c) FROM spender c;
SELECT c || '' FROM spender c;
SELECT length(c::text) FROM customer c;
SELECT format('%s', c) FROM spender c;
@refused 0A000
SELECT hstore(c) FROM spender c;
@differs a whole row has the type record
SELECT jsonb_populate_record(c, '{"id": 7}') FROM spender c;
SELECT v::text FROM customer_v v;
SELECT row_to_json(v) FROM customer_v v;

# names
SELECT "id", "name" FROM "shop"."customer";
SELECT ID, Name FROM SHOP.CUSTOMER;
SELECT "ID" FROM customer;
SELECT id FROM "Customer";
SELECT U&"\0069d" FROM U&"\0063ustomer";
SELECT U&"!0069d" UESCAPE '!' FROM customer;
SELECT "A b", "select", "ünï", "count", "Id", id, "a""b" FROM "Odd Name";
SELECT "Odd Name"."A b" FROM shop."Odd Name";
SELECT shop."Odd Name"."select" FROM shop."Odd Name";
SELECT o."A b" AS "weird ""alias""" FROM "Odd Name" AS o ORDER BY "weird ""alias""";
SELECT id AS "id" FROM customer AS "customer" WHERE "customer"."id" = 2;
SELECT id AS select FROM customer;
SELECT id "select" FROM customer;
SELECT name AS name, name AS name FROM customer;
SELECT name COLLATE "C" FROM customer ORDER BY name COLLATE "C", id;
SELECT a_very_long_identifier_that_is_longer_than_sixty_three_bytes_and_will_be_cut.id FROM customer AS a_very_long_identifier_that_is_longer_than_sixty_three_bytes_and_will_be_cut;
SELECT id AS "überlänge" FROM customer WHERE name = E'N\u0061me';
SELECT id, current_user, session_user FROM customer WHERE id = 2;
@refused 0A000
SELECT ctid FROM customer;
@refused 0A000
SELECT xmin, tableoid FROM customer;
@refused 0A000
SELECT c.ctid FROM customer c WHERE c.id = 2;

# views
SELECT * FROM ratio_v;
SELECT id FROM ratio_v WHERE 60 / q > 2;
SELECT id FROM ratio_v WHERE n = 3 AND id > 10;
SELECT r.id, c.name FROM ratio_v r JOIN customer c ON c.id = r.id AND 60 / c.k = r.q;
SELECT * FROM deep_v;
SELECT * FROM deep_v WHERE 100 / q > 5;
SELECT max(r), count(n) FROM deep_v;
SELECT * FROM all_v;
SELECT all_v.title, cost FROM all_v WHERE memo::int > 4;
SELECT * FROM latest_v;
SELECT country FROM latest_v WHERE email LIKE '%MKANN%\';
SELECT * FROM only_v WHERE what LIKE 'MKANN MKB%\';
SELECT * FROM only_v;
SELECT * FROM staff_v;
SELECT title, count(*), max(salary) FROM staff_v GROUP BY title;
SELECT s.boss FROM staff_v s WHERE s.title = 'Board' OR s.title IS NULL;
WITH ratio_v AS (SELECT 1 AS id) SELECT * FROM ratio_v JOIN shop.ratio_v r USING (id);
SELECT * FROM ratio_v, LATERAL (SELECT 60 / q AS x) l WHERE l.x > 2;
SELECT v::text FROM latest_v v;
@refused 0A000
COPY ratio_v TO STDOUT;
COPY (SELECT * FROM deep_v ORDER BY 1, 2, 3, 4) TO STDOUT;
@safe
EXPLAIN (ANALYZE, VERBOSE) SELECT * FROM deep_v, staff_v;

# positions of an alias on a join
SELECT j.d FROM (shop.customer AS c JOIN shop.orders AS o ON o.customer_id = c.id) AS j(a, b, d);
SELECT a, d, total FROM (shop.customer AS c JOIN shop.orders AS o ON o.customer_id = c.id) AS j(a, b, d) WHERE b LIKE 'N%';
SELECT j.id, a FROM (shop.spender AS c LEFT JOIN shop.orders AS o USING (id)) AS j(id, a) WHERE 60 / k > 10;
SELECT q.a FROM ((SELECT id, name FROM customer) AS c NATURAL JOIN (SELECT id, k FROM spender) AS s) AS q(a, b, d) WHERE 60 / d > 1;
SELECT u.x FROM ((nation AS n JOIN customer AS c ON n.code = c.country) AS i(p, q) JOIN orders AS o ON o.customer_id = i.id) AS u(x, y) WHERE y LIKE '%a%';
SELECT h FROM (event AS e CROSS JOIN nation AS n) AS j(a, b, h) WHERE h LIKE 'click%';

# stars of one side of a merged join
SELECT t2.* FROM item AS t1 LEFT JOIN orders AS t2 USING (id) WHERE (t2.status || '' > 'N' OR true);
SELECT t1.*, t2.* FROM spender AS t1 FULL JOIN orders AS t2 USING (id) WHERE t2.rate * 2 > 1 OR 60 / t1.k > 10 OR true;
SELECT * FROM spender AS t1 FULL JOIN orders AS t2 USING (id) WHERE t2.rate * 2 > 1 OR 60 / t1.k > 10 OR true;
