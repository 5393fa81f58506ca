-- Each line is what one person does in a transaction that is rolled back; statements are separated by " ;; ". Behind it, what the person sees of every table
-- that can be written must be the same on both sides.
INSERT INTO line VALUES (500, 1, 3, 7, 1.25, 'new'), (500, 2, 4, 8, 2.5, NULL)
INSERT INTO line (order_id, no, qty) VALUES (501, 1, 5) RETURNING *
INSERT INTO line (order_id, no, qty) SELECT id + 1000, 1, 2 + k FROM customer WHERE 60 / k > 10 RETURNING order_id, qty
INSERT INTO line VALUES (2, 1, 1, 1, 1, 'taken')
INSERT INTO line (order_id, no, qty, memo) VALUES (2, 1, 3, 'x'), (777, 1, 3, 'y') ON CONFLICT (order_id, no) DO NOTHING RETURNING order_id
INSERT INTO line (order_id, no, qty, memo) VALUES (2, 1, 3, 'x'), (777, 1, 3, 'y') ON CONFLICT (order_id, no) DO UPDATE SET memo = excluded.memo || '!', qty = line.qty + 1 WHERE line.qty > 1
INSERT INTO line (order_id, no, qty) VALUES (600, 1, 0)
INSERT INTO line DEFAULT VALUES
WITH big AS (SELECT order_id, no FROM line WHERE price > 20) INSERT INTO line (order_id, no, qty) SELECT order_id + 5000, no, 1 FROM big
UPDATE line SET qty = qty + 1
UPDATE line SET price = price / qty, memo = upper(memo) WHERE 10 / qty > 2 RETURNING order_id, no, price, memo
UPDATE line SET qty = 0 WHERE order_id = 5
UPDATE line SET memo = (SELECT max(name) FROM customer WHERE customer.id = line.order_id) WHERE order_id < 30
UPDATE line l SET memo = c.phone FROM customer c JOIN orders o ON o.customer_id = c.id WHERE o.id = l.order_id AND l.price > 10 RETURNING l.order_id, l.no, c.country
UPDATE line SET (qty, memo) = (3, DEFAULT) WHERE memo::int = 4
DELETE FROM line WHERE memo::int > 5
DELETE FROM line USING item i WHERE i.id = line.item_id AND i.kind = 'toy' RETURNING line.order_id, line.no, i.title
DELETE FROM line
WITH gone AS (DELETE FROM line WHERE price < 10 RETURNING *) SELECT count(*), sum(qty), min(memo) FROM gone
WITH gone AS (DELETE FROM line WHERE order_id < 20 RETURNING *) INSERT INTO line SELECT order_id + 3000, no, item_id, qty, price, memo FROM gone RETURNING order_id
WITH a AS (UPDATE line SET qty = 9 WHERE order_id = 3), b AS (UPDATE nation SET pop = 1 WHERE code = 'US' RETURNING code) SELECT * FROM b
UPDATE customer SET k = k + 1, joined = joined + 1
UPDATE customer SET credit = credit * 2 WHERE country = 'US' RETURNING id, name, credit
UPDATE customer SET credit = length(name), code = code || 'x' WHERE name LIKE '%1%'
UPDATE customer SET k = 60 / k WHERE 60 / k > 20 RETURNING id, k, phone, email
UPDATE customer SET credit = 1 WHERE phone = '000'
UPDATE customer SET joined = joined - 1 WHERE id = 2
UPDATE customer SET active = NOT active WHERE id IN (1, 2, 3, 4, 5, 6, 7, 8)
UPDATE customer SET tags = array_append(tags, 'z'), prefs = prefs || '{"z": 1}' WHERE tags IS NOT NULL RETURNING id, tags, prefs
UPDATE customer SET tags[1] = 'first' WHERE id < 20
UPDATE customer SET country = 'DE' WHERE id = 2
UPDATE customer SET credit = 0 WHERE id < 6 AND 60 / k > 1
UPDATE customer SET active = NOT active FROM (SELECT customer_id, sum(total) AS s FROM orders GROUP BY 1) x WHERE x.customer_id = customer.id AND x.s > 100
UPDATE customer SET phone = '1'
UPDATE customer SET nosuch = 1
UPDATE orders SET total = total + 1, rate = rate * 2 RETURNING id, total, note
UPDATE orders SET note = 'seen', status = 'sent' WHERE total > 100
UPDATE orders SET placed = placed + 400 WHERE id < 10 RETURNING id, placed
UPDATE orders SET rate = 0 WHERE id = 3
DELETE FROM orders WHERE total IS NULL RETURNING id, customer_id, status
DELETE FROM orders WHERE 1 / rate > 0.9
DELETE FROM orders o USING customer c WHERE c.id = o.customer_id AND c.segment = 'retail'
INSERT INTO orders (id, placed, customer_id, total, status, rate) SELECT id + 900, placed, customer_id, total, 'open', rate FROM orders WHERE id < 30 RETURNING id, total
INSERT INTO orders (id, placed, customer_id, status, rate) VALUES (901, '2024-05-05', 1, 'open', 1)
INSERT INTO orders (id, placed, customer_id, status, rate) VALUES (901, '2024-05-05', 2, 'open', 0)
INSERT INTO nation VALUES ('AT', 'Austria', 9000000, 'EUROPE', 0.1), ('DK', 'Denmark', DEFAULT, NULL, NULL) RETURNING code, area
INSERT INTO nation VALUES ('US', 'again', 1)
INSERT INTO nation VALUES ('US', 'again', 1) ON CONFLICT (code) DO UPDATE SET pop = nation.pop + excluded.pop RETURNING *
UPDATE nation SET pop = pop * 2, region = lower(region)
DELETE FROM nation WHERE code = 'BR' RETURNING *
MERGE INTO nation n USING (SELECT country, count(*) AS c FROM customer GROUP BY 1) x ON n.code = x.country WHEN MATCHED AND x.c > 1 THEN UPDATE SET pop = x.c WHEN MATCHED THEN DELETE
MERGE INTO nation n USING (VALUES ('US', 1), ('XX', 2)) AS v (code, pop) ON n.code = v.code WHEN MATCHED THEN UPDATE SET pop = v.pop WHEN NOT MATCHED THEN INSERT (code, title, pop) VALUES (v.code, 'new', v.pop)
MERGE INTO line l USING customer c ON l.order_id = c.id AND 10 / l.qty > 1 WHEN MATCHED AND c.k > 2 THEN DELETE WHEN MATCHED THEN UPDATE SET memo = c.name
MERGE INTO line l USING (SELECT id, k FROM customer WHERE k > 1) c ON l.order_id = c.id WHEN NOT MATCHED THEN INSERT (order_id, no, qty) VALUES (c.id, 99, c.k)
MERGE INTO line l USING (VALUES (1, 0), (900, 5), (901, 6)) AS v (o, q) ON l.order_id = v.o WHEN NOT MATCHED AND v.q > 5 THEN INSERT (order_id, no, qty, memo) VALUES (v.o, 1, v.q, 'merged') WHEN MATCHED THEN UPDATE SET memo = 'there'
MERGE INTO line l USING (VALUES (900, 0), (901, 6)) AS v (o, q) ON l.order_id = v.o WHEN NOT MATCHED THEN INSERT (order_id, no, qty) VALUES (v.o, 1, v.q)
MERGE INTO customer c USING (VALUES (2, 'US'), (950, 'US'), (951, 'FR')) AS v (id, country) ON c.id = v.id WHEN MATCHED THEN UPDATE SET credit = 5 WHEN NOT MATCHED THEN INSERT (id, name, country, code, k) VALUES (v.id, 'merged', v.country, '3', 2)
MERGE INTO customer c USING nation n ON c.country = n.code AND 60 / c.k > 20 WHEN MATCHED AND n.code = 'US' THEN UPDATE SET country = 'FR' WHEN MATCHED THEN UPDATE SET joined = c.joined + 1
MERGE INTO customer c USING nation n ON c.country = n.code WHEN MATCHED THEN UPDATE SET country = 'DE'
MERGE INTO orders o USING (SELECT id, k FROM customer) c ON o.id = c.id + 900 WHEN NOT MATCHED THEN INSERT (id, placed, customer_id, status, rate) VALUES (c.id + 900, '2024-05-05', c.id, 'open', c.k / 4.0)
MERGE INTO orders o USING (SELECT id, k FROM customer) c ON o.id = c.id + 900 WHEN NOT MATCHED THEN INSERT (id, placed, customer_id, status, rate) VALUES (c.id + 900, '2024-05-05', c.id, 'open', 0.0001)
MERGE INTO employee e USING dept d ON e.dept_id = d.id WHEN MATCHED AND e.age > 31 THEN UPDATE SET dept_id = 1, name = d.title WHEN MATCHED THEN DELETE
TRUNCATE nation
UPDATE employee SET grade = 'B', started = started + interval '1 day' WHERE manager_id IS NOT NULL RETURNING id, name, salary, grade
UPDATE employee SET dept_id = 3 WHERE id = 1
DELETE FROM employee WHERE id NOT IN (SELECT manager_id FROM employee WHERE manager_id IS NOT NULL) RETURNING id
INSERT INTO item (id, kind, weight) VALUES (100, 'x', 1.5) RETURNING id, kind, weight
UPDATE item SET weight = weight * 2 WHERE kind IS NULL
DELETE FROM item WHERE id > 6 AND NOT EXISTS (SELECT FROM line WHERE item_id = item.id AND 10 / qty > 3)
UPDATE "Odd Name" SET "select" = "select" || '!', count = count + "Id" WHERE "A b" = 1 RETURNING *
INSERT INTO event (id, at, what, amount) VALUES (900, '2024-05-05', 'click', 2) RETURNING id, what
UPDATE ONLY event SET amount = amount * 2 WHERE what LIKE 'click%'
DELETE FROM secret
INSERT INTO unregistered VALUES (1, 'x')
UPDATE customer_v SET name = 'x'
PREPARE w (int) AS UPDATE customer SET k = k + 1 WHERE id > $1 RETURNING id, k ;; EXECUTE w(20) ;; EXECUTE w(40)
PREPARE w AS UPDATE line SET qty = qty + 1 WHERE order_id = $1 ;; EXECUTE w(3) ;; EXECUTE w(4) ;; EXECUTE w(4)
PREPARE w (int, int) AS INSERT INTO line (order_id, no, qty) VALUES ($1, 1, $2) ;; EXECUTE w(800, 5) ;; EXECUTE w(801, 6) ;; SELECT * FROM line WHERE order_id >= 800
PREPARE w (int, int) AS INSERT INTO line (order_id, no, qty) VALUES ($1, 1, $2) ;; EXECUTE w(800, 0)
PREPARE w AS WITH gone AS (DELETE FROM line WHERE order_id = $1 RETURNING *) SELECT count(*) FROM gone ;; EXECUTE w(3) ;; EXECUTE w(3)
PREPARE w AS DELETE FROM nation WHERE code = $1 ;; EXECUTE w('BR') ;; EXECUTE w('XX')
SAVEPOINT s ;; DELETE FROM line ;; ROLLBACK TO s ;; UPDATE line SET qty = 2 WHERE order_id = 7
UPDATE customer SET level = 1 WHERE level > 2 RETURNING segment
SELECT has_table_privilege('shop.line', 'INSERT'), has_table_privilege('shop.line', 'delete, truncate'), has_table_privilege('ref.types', 'UPDATE'), has_table_privilege('line', 'DELETE'), has_table_privilege('shop.line', 'REFERENCES'), has_any_column_privilege('shop.line', 'INSERT'), has_column_privilege('shop.line', 'memo', 'UPDATE'), has_table_privilege('hr.employee'::regclass, 'UPDATE')
SELECT relname FROM pg_class AS c WHERE c.relkind IN ('r', 'p') AND c.oid > 16384 AND has_table_privilege(c.oid, 'DELETE')
SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('shop', 'ref') AND has_table_privilege(quote_ident(schemaname) || '.' || quote_ident(tablename), 'INSERT')
