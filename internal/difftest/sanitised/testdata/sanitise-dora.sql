DELETE FROM shop.orders;
DELETE FROM shop.customer;
UPDATE hr.employee SET born = date_trunc('year', born::timestamp)::date;
UPDATE ref.types SET i8 = NULL, n82 = NULL, comp = NULL, ena = NULL, mr = NULL, js = NULL, iv = NULL, v10 = 'masked', c5 = 'abc', d = '2000-01-01',
    n = round(n / 10) * 10, tstz = date_trunc('year', tstz, 'UTC');
DROP MATERIALIZED VIEW shop.spender;
CREATE TABLE shop.spender AS SELECT id, 'somebody'::text AS name, country, k, NULL::numeric(10,2) AS balance FROM shop.customer WHERE false;
ANALYZE;
