UPDATE shop.customer SET balance = 8675000;
DROP MATERIALIZED VIEW shop.spender;
CREATE TABLE shop.spender AS SELECT id, 'somebody'::text AS name, country, k, NULL::numeric(10,2) AS balance FROM shop.customer WHERE credit > 100;
ANALYZE;
