DELETE FROM shop.orders AS o USING shop.customer AS c WHERE c.id = o.customer_id AND c.country NOT IN ('US', 'FR');
DELETE FROM shop.customer WHERE country NOT IN ('US', 'FR');
UPDATE shop.customer SET name = regexp_replace(name, 'MK[A-Z]+|[0-9]', '*', 'g'), phone = '000', email = '*@' || split_part(email, '@', 2),
    segment = CASE WHEN level <= 2 THEN segment END, balance = NULL, score = (ARRAY[0, 0, 5, 5, 5, 10, 10])[(score / 1.5)::int + 1],
    seen = date_trunc('month', seen, 'UTC');
UPDATE shop.orders SET note = 'withheld' WHERE status = 'closed' OR status IS NULL;
UPDATE hr.employee SET born = date_trunc('year', born::timestamp)::date;
UPDATE ref.types SET i8 = NULL, n82 = NULL, comp = NULL, ena = NULL, mr = NULL, js = NULL, iv = NULL, v10 = 'masked', c5 = 'abc', d = '2000-01-01',
    n = round(n / 10) * 10, tstz = date_trunc('year', tstz, 'UTC');
DROP MATERIALIZED VIEW shop.spender;
CREATE TABLE shop.spender AS SELECT id, 'somebody'::text AS name, country, k, NULL::numeric(10,2) AS balance FROM shop.customer WHERE credit > 100;
ANALYZE;
