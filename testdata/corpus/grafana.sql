-- Grafana, PostgreSQL data source: the forms of its query builder and macros by its documentation (version 11), on the tables of the example
SELECT quote_ident(table_name) AS "table" FROM information_schema.tables WHERE quote_ident(table_schema) NOT IN ('information_schema', 'pg_catalog', '_timescaledb_cache', '_timescaledb_catalog', '_timescaledb_internal', '_timescaledb_config', 'timescaledb_information', 'timescaledb_experimental') ORDER BY CASE WHEN quote_ident(table_schema) = 'public' THEN 0 ELSE 1 END, 1
--;
SELECT quote_ident(column_name) AS "column", data_type AS "type" FROM information_schema.columns WHERE quote_ident(table_name) = 'orders'
--;
SELECT current_setting('server_version_num')::int/100 as version
--;
SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'
--;
SELECT floor(extract(epoch from o_orderdate)/86400)*86400 AS "time", sum(o_totalprice) AS "value" FROM orders WHERE o_orderdate BETWEEN '1995-01-01T00:00:00Z' AND '1995-12-31T23:59:59Z' GROUP BY 1 ORDER BY 1
--;
SELECT date_trunc('month', o_orderdate) AS "time", o_orderpriority AS metric, count(*) AS "value" FROM orders WHERE o_orderdate >= '1994-01-01' GROUP BY 1, 2 ORDER BY 1, 2
--;
SELECT AVG(l_extendedprice) AS "price", l_shipmode FROM lineitem GROUP BY l_shipmode LIMIT 50
--;
SELECT DISTINCT n_name FROM nation ORDER BY 1
--;
SELECT r_name AS __text, r_regionkey AS __value FROM region
--;
SELECT extract(epoch from o_orderdate) AS time, o_comment AS text, array_to_string(ARRAY[o_orderstatus, o_orderpriority], ',') AS tags FROM orders ORDER BY 1 DESC LIMIT 100
--;
SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY o_totalprice) AS p95, o_orderstatus FROM orders GROUP BY o_orderstatus
--;
SELECT o_orderdate AS "time", sum(o_totalprice) OVER (ORDER BY o_orderdate ROWS BETWEEN 6 PRECEDING AND CURRENT ROW) AS moving FROM orders ORDER BY 1 LIMIT 1000
--;
