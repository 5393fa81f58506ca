-- Plain views over the test warehouse, each of another shape. The person is subscribed to them, and not to what they read.
CREATE TYPE app.mood AS ENUM ('calm', 'cross');
CREATE TABLE app.visit (id integer PRIMARY KEY, customer_id integer, mood app.mood, "when" timestamptz);
INSERT INTO app.visit SELECT i, i * 3 + 1, CASE WHEN i % 2 = 0 THEN 'calm' ELSE 'cross' END::app.mood, timestamptz '2024-03-01 00:00:00+00' + i * interval '1 day'
FROM generate_series(1, 40) AS i;
CREATE VIEW public.v_plain AS SELECT id, name, phone AS telephone, balance, note, kind, country FROM public.customer;
CREATE VIEW public.v_star AS SELECT * FROM public.orders;
CREATE VIEW public.v_where AS SELECT id, name, k FROM public.customer WHERE k > 3 AND name <> '' ORDER BY id;
CREATE VIEW public.v_join AS SELECT c.id, c.name, c.balance, o.id AS order_id, o.total, o.memo FROM public.customer c LEFT JOIN public.orders o ON o.customer_id = c.id;
CREATE VIEW public.v_using AS SELECT country, c.id, n.title, name, tags FROM public.customer c JOIN (SELECT code AS country, title FROM public.nation) n USING (country);
CREATE VIEW public.v_aggregate AS SELECT country, count(*) AS n, sum(k) AS k, max(note) AS note, min(created) FROM public.customer GROUP BY country HAVING count(*) > 1;
CREATE VIEW public.v_key AS SELECT c.id, c.name, c.label, count(o.id) AS orders FROM public.customer c JOIN public.orders o ON o.customer_id = c.id GROUP BY c.id;
CREATE VIEW public.v_nested AS SELECT j.name, j.order_id, w.k FROM public.v_join j JOIN public.v_where w ON w.id = j.id;
CREATE VIEW public.v_union AS SELECT id, name FROM public.customer UNION ALL SELECT id, memo FROM public.orders;
CREATE VIEW public.v_cte AS WITH recursive up AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM up WHERE n < 20) SELECT c.id, c.name, up.n FROM up JOIN public.customer c ON c.id = up.n;
CREATE VIEW public.v_window AS SELECT id, country, row_number() OVER (PARTITION BY k ORDER BY id) AS place, lag(name) OVER w AS before FROM public.customer WINDOW w AS (ORDER BY id);
CREATE VIEW public.v_distinct AS SELECT DISTINCT ON (k) k, id, upper(name) AS name FROM public.customer ORDER BY k, id;
CREATE VIEW public.v_scalar AS SELECT id, (SELECT count(*) FROM public.orders o WHERE o.customer_id = c.id) AS n, EXISTS (SELECT FROM public.nation WHERE code = c.country) AS known FROM public.customer c;
CREATE VIEW public.v_lateral AS SELECT c.id, l.total FROM public.customer c CROSS JOIN LATERAL (SELECT total FROM public.orders o WHERE o.customer_id = c.id ORDER BY total DESC NULLS LAST, o.id LIMIT 1) l;
CREATE VIEW public.v_row AS SELECT id, row_to_json(n) AS doc, n.code IS DISTINCT FROM 'US' AS abroad FROM public.customer c LEFT JOIN public.nation n ON n.code = c.country;
CREATE VIEW public.v_event AS SELECT day, what, count(*) AS n FROM public.event GROUP BY 1, 2;
CREATE VIEW public.v_parent AS SELECT id, v FROM ONLY public.parent;
CREATE VIEW public.v_enum AS SELECT id, mood, "when", mood = 'calm' AS fine, CASE mood WHEN 'cross'::app.mood THEN 1 END AS cross FROM app.visit WHERE mood <> 'cross' OR id > 10;
CREATE VIEW public.v_types (a, b, "C c", d) AS SELECT note::varchar(5), balance * 2, kind, created::date FROM public.customer;
CREATE VIEW public.v_session AS SELECT id, current_user AS who, extract(year FROM created) AS y FROM public.customer;
CREATE VIEW public.v_policy AS SELECT id, name, country, k FROM public.customer WHERE id < 300;
CREATE VIEW public.v_costly AS SELECT id, total, memo FROM public.orders WHERE md5(md5(md5(memo))) <> md5(md5(md5('memo 3')));
