DELETE FROM shop.orders AS o USING shop.customer AS c WHERE c.id = o.customer_id AND c.country <> 'JP';
DELETE FROM shop.customer WHERE country <> 'JP';
-- The key of the domain is the one that the oracle gives: thirty-two bytes of the letter k.
UPDATE shop.customer SET name = substr(name, 1, 1) || '.', phone = '000', email = '*@' || split_part(email, '@', 2), balance = NULL,
    score = (ARRAY[0, 0, 5, 5, 5, 10, 10])[(score / 1.5)::int + 1], addr = NULL, zip = NULL,
    token = encode(hmac('token'::bytea || '\x00'::bytea || convert_to(token, 'UTF8'), convert_to(repeat('k', 32), 'UTF8'), 'sha256'), 'hex');
UPDATE shop.orders SET note = 'withheld' WHERE status = 'closed' OR status IS NULL;
UPDATE ref.item SET attrs = NULL, title = regexp_replace(title, '[A-Z]', '#', 'g');
UPDATE shop.event SET payload = NULL;
UPDATE hr.employee AS e SET district = NULL, age = NULL FROM (SELECT district, age FROM hr.employee GROUP BY district, age HAVING count(*) < 4) AS rare
    WHERE rare.district IS NOT DISTINCT FROM e.district AND rare.age IS NOT DISTINCT FROM e.age;
UPDATE ref.types SET en = NULL, ia = NULL, pt = NULL, x = NULL, by = NULL, u = NULL;
UPDATE shop."Odd Name" SET "ünï" = 'geheim';
ALTER TABLE hr.dept RENAME TO "denied dept";
DROP MATERIALIZED VIEW shop.spender;
CREATE TABLE shop.spender AS SELECT id, 'somebody'::text AS name, country, k, NULL::numeric(10,2) AS balance FROM shop.customer WHERE credit > 100;
ANALYZE;
