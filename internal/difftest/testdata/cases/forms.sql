-- What a sub-select in place of a table could lose, and forms of expression.

# grouping
SELECT id, name, credit FROM customer GROUP BY id;
SELECT c.id, c.name, count(o.id) FROM customer c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.id;
SELECT c.id, c.prefs, c.tags, count(*) FROM customer c GROUP BY c.id;
@differs a type without equality beside a grouped primary key (42803)
SELECT i.id, i.attrs, count(*) FROM item i GROUP BY i.id;
SELECT i.id, i.title FROM item i JOIN line l ON l.item_id = i.id GROUP BY i.id HAVING count(*) > 3 ORDER BY i.title, i.id;
SELECT l.order_id, l.no, l.memo FROM line l GROUP BY l.order_id, l.no;
SELECT name FROM customer GROUP BY country;
SELECT n.title, n.pop FROM nation n GROUP BY n.code;
SELECT n.title, n.pop FROM nation n GROUP BY n.title;
SELECT c.*, count(*) FROM spender c GROUP BY c.id;
SELECT c.* FROM customer c GROUP BY c.id;
SELECT d.title, count(*) FROM dept d JOIN employee e ON e.dept_id = d.id GROUP BY d.id;
SELECT country AS k, count(*) FROM customer GROUP BY k;
SELECT country AS kk, count(*) FROM customer GROUP BY kk;
SELECT upper(country), count(*) FROM customer GROUP BY 1;
SELECT country, k, count(*) FROM customer GROUP BY ROLLUP (country, k);
SELECT country, k, count(*) FROM customer GROUP BY CUBE (country, k);
SELECT country, k, GROUPING(country, k), count(*) FROM customer GROUP BY GROUPING SETS ((country), (k), ());
SELECT DISTINCT country FROM customer ORDER BY country;
SELECT DISTINCT ON (country) country, id FROM customer ORDER BY country, id;
SELECT count(DISTINCT country), count(DISTINCT (country, k)) FROM customer;
SELECT country, array_agg(id ORDER BY id DESC) FROM customer GROUP BY country;
SELECT string_agg(name, '; ' ORDER BY id) FROM customer;
SELECT jsonb_object_agg(id, name) FROM customer;
SELECT json_object_agg(id, country ORDER BY id) FROM customer;
SELECT bool_and(active), bool_or(active), every(k > 0) FROM customer;
SELECT round(stddev_pop(k), 6), round(variance(k), 6), round(corr(k, level)::numeric, 6) FROM customer WHERE id < 20;
SELECT rank(3) WITHIN GROUP (ORDER BY k) FROM customer;
SELECT id, k, sum(k) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM customer;
SELECT id, first_value(id) OVER w, last_value(id) OVER w, nth_value(id, 2) OVER w FROM customer WINDOW w AS (PARTITION BY country ORDER BY id);
SELECT id, ntile(3) OVER (ORDER BY id), cume_dist() OVER (ORDER BY id) FROM customer;
SELECT id, row_number() OVER (PARTITION BY country ORDER BY id) AS r FROM customer ORDER BY id;
SELECT * FROM (SELECT id, row_number() OVER (ORDER BY id) AS r FROM customer) AS s WHERE r <= 3;
SELECT id, sum(k) OVER (ORDER BY id RANGE BETWEEN 3 PRECEDING AND 3 FOLLOWING EXCLUDE CURRENT ROW) FROM customer;
SELECT id, sum(sum(k)) OVER (ORDER BY id) FROM customer GROUP BY id;
SELECT id FROM customer ORDER BY country USING <, id;
SELECT id FROM customer ORDER BY 1 FETCH FIRST 3 ROWS WITH TIES;
SELECT id FROM customer LIMIT 0;
SELECT id FROM customer ORDER BY id LIMIT ALL OFFSET 10;
SELECT id FROM customer LIMIT -1;
SELECT FROM customer;
SELECT;
SELECT 1;
SELECT count(*) FROM customer HAVING false;
SELECT 'x' FROM customer HAVING count(*) > 3;

# types
SELECT i2, i8, f4, f8, n, n82, b, t, v10, c5, nm FROM types;
SELECT d, tm, tz, ts, tstz, iv FROM types;
SELECT u, by, ip, cd, mac, js, jb, x FROM types;
SELECT b4, vb, ia, ta, r, mr, pt, bx, tv, o, mo FROM types;
SELECT en, ena, dom, comp, compa, nd FROM types;
@differs pg_typeof is given as text
SELECT pg_typeof(i2), pg_typeof(n82), pg_typeof(c5), pg_typeof(en), pg_typeof(dom), pg_typeof(comp), pg_typeof(js) FROM types WHERE id = 1;
SELECT v10 || c5, c5 = 'c1', length(c5) FROM types;
SELECT n82 * 2, n82::int, n82::text, round(n82) FROM types;
SELECT i2 + i8, i8 / 1000, -i2, @ i2, i2 << 1, i2 # 3 FROM types;
SELECT f4 + f8, f8::numeric, f4::text FROM types;
SELECT NOT b, b AND true, b::int, b::text FROM types;
SELECT d + 1, d - date '2024-01-01', d::timestamp, age(ts, d) FROM types WHERE d IS NOT NULL;
SELECT ts AT TIME ZONE 'UTC', tstz AT TIME ZONE 'Asia/Tokyo', tz AT TIME ZONE 'UTC' FROM types;
SELECT extract(epoch FROM iv), iv * 2, justify_hours(iv) FROM types;
SELECT by || '\x00'::bytea, length(by), md5(by), get_byte(by, 0) FROM types WHERE by IS NOT NULL;
SELECT host(ip), masklen(cd), ip << cd, network(ip) FROM types;
SELECT js->'i', js->>'i', js #>> '{i}', jb->'i', jb #> '{i}', jb ? 'i', jb @> '{"i": 3}' FROM types;
SELECT xpath('/a/text()', x)::text, x::text FROM types;
SELECT b4 & B'0011', ~ b4, b4::int, vb || B'1' FROM types;
SELECT ia[1], ia[1:1], array_length(ia, 1), ia || 9, 3 = ANY (ia), nd[1][2], cardinality(nd) FROM types;
SELECT lower(r), upper(r), r @> 5, r * int4range(3, 8), isempty(r), mr @> 2.5 FROM types;
SELECT pt[0], pt <-> point(0, 0), bx @> pt, center(bx), area(bx) FROM types;
SELECT tv @@ to_tsquery('simple', 'word3'), ts_rank(tv, 'word3'::tsquery), strip(tv) FROM types;
SELECT mo + mo, mo::numeric, o::int8 + 1 FROM types;
SELECT en::text, en < 'public', en IN ('retail', 'public'), ena[1] FROM types;
SELECT dom || '!', dom::text, length(dom) FROM types;
SELECT comp::text, comp IS NULL, comp = comp, compa[1]::text FROM types;
@refused 0A000
SELECT (comp).zip FROM types;
@refused 0A000
SELECT 'retail'::shop.segment;
@refused 0A000
SELECT CAST('x' AS shop.zip);
@refused 0A000
SELECT ROW('a', 'b', 1)::shop.address;
SELECT id FROM types ORDER BY n82 DESC NULLS LAST, v10, c5, id;
SELECT max(n82), min(d), max(tstz), sum(i8), avg(f8), max(v10), max(c5), min(iv) FROM types;
SELECT n, count(*) FROM types GROUP BY n;
SELECT DISTINCT c5, v10, d FROM types;
SELECT * FROM types WHERE id = 3;
SELECT t, COALESCE(t, 'none'), t IS NULL, t = '' FROM types;
SELECT id FROM types WHERE (n82, v10) > (10, 'a');
SELECT id FROM types WHERE d BETWEEN '2000-01-01' AND '2000-01-01';
SELECT id FROM types WHERE u = '00000000-0000-0000-0000-000000000005';
SELECT id FROM types WHERE by > '\x0004';
SELECT id FROM types WHERE jb = '{"i": 4}';
SELECT id FROM types WHERE ta @> ARRAY['4'];
SELECT id FROM types WHERE mo > 5::money;

# expressions
SELECT id, CASE country WHEN 'US' THEN 'a' WHEN 'FR' THEN 'b' ELSE 'c' END FROM customer;
SELECT id FROM customer WHERE (country, k) IN (('US', 1), ('JP', 2));
SELECT id FROM customer WHERE (k BETWEEN 2 AND 3) IS TRUE;
SELECT id FROM customer WHERE (k IS NOT DISTINCT FROM 2) IS NOT FALSE;
SELECT id FROM customer WHERE (tags IS DISTINCT FROM NULL) IS UNKNOWN;
SELECT id FROM customer WHERE (k = 2) = (level = 2);
SELECT id FROM customer WHERE (k > 2) > (level > 2);
SELECT id FROM customer WHERE k = 2 IS TRUE;
SELECT id FROM customer WHERE NOT k = 2 AND NOT active;
SELECT - k, - (- k), +k, (-k) ^ 2, -k ^ 2 FROM customer;
SELECT 2 ^ 3 ^ 2, 7 - 3 - 2, 7 - (3 - 2), 12 / 3 / 2, 12 / (3 / 1), 1 - - 1;
SELECT 'a' || 'b' LIKE 'ab', 'a' || ('b' LIKE 'b')::text, ('x' = 'y') IS NULL;
SELECT country COLLATE "C" < 'US' COLLATE "C" FROM customer;
SELECT name LIKE 'N%' ESCAPE '!', name NOT ILIKE 'n%' FROM customer;
SELECT name SIMILAR TO 'N(a|e)%', substring(name from 'N(.)'), name ~* 'NAME' FROM customer;
SELECT name ~~ 'N%', name !~~ 'N%', name ~~* 'n%' FROM customer;
SELECT position('e' in name), substring(name from 2 for 3), trim(both '*' from name), overlay(name placing 'zz' from 2) FROM customer;
SELECT extract(year from joined), joined AT TIME ZONE 'UTC', (joined, seen::date) OVERLAPS (date '2024-01-01', date '2024-03-01') FROM customer;
SELECT id::text::int::numeric(5,1), CAST(id AS char(2)), id::varchar(1) FROM customer;
SELECT interval '1' day + interval '2:30', date 'tomorrow' > date 'today', timestamp 'epoch';
SELECT current_date = now()::date, current_timestamp = now(), localtimestamp::date = current_date, transaction_timestamp() = now();
SELECT x'1F'::int, b'101', E'a\tb', U&'\0061', $$dollar$$, $tag$a$tag$, 'a' 'b';
SELECT 1e3, .5, 5., 1.5e-3, 1000000000000, 99999999999999999999;
SELECT 'x'::text COLLATE "POSIX", 'y'::name, '1'::"char", 'z'::char;
SELECT ARRAY[1, 2] || 3, ARRAY[[1, 2], [3, 4]], '{a,b}'::text[], (ARRAY[5, 6])[1], ARRAY[]::int[];
SELECT ROW(1, 'a')::text, (1, 2) = (1, 2), ROW(1) IS NULL, ROW(NULL) IS NULL;
SELECT GREATEST(1, 2, NULL), LEAST('b', 'a'), NULLIF(1, 1), COALESCE(NULL, NULL, 3);
SELECT concat_ws('-', id, name, NULL, k) FROM customer;
SELECT to_char(credit, 'FM9990.00'), to_char(seen, 'YYYY'), to_char(joined, 'Mon') FROM customer;
SELECT regexp_matches(name, '[a-z]+') FROM customer;
SELECT regexp_split_to_table(name, ' ') FROM customer WHERE id < 10;
SELECT id, unnest(tags) FROM customer;
SELECT id, unnest(ARRAY[1, 2]), generate_series(1, 3) FROM customer WHERE id < 5;
SELECT jsonb_build_object('id', id, 'name', name), json_build_array(k, country) FROM customer;
SELECT prefs->'n', prefs->>'s', prefs #>> '{list,0}', prefs - 's', prefs || '{"z": 1}' FROM customer;
SELECT jsonb_path_query(prefs, '$.list[*]') FROM customer;
SELECT jsonb_pretty(prefs), jsonb_typeof(prefs), jsonb_object_keys(prefs) FROM customer;
SELECT version() LIKE 'PostgreSQL%', pg_backend_pid() IS NULL;
SELECT current_user, session_user, user, current_role;
SELECT current_setting('search_path'), current_setting('server_version_num')::int >= 150000;
@differs schemas without a visible table are not in the path
SELECT current_schema, current_schemas(false);
SELECT has_table_privilege('shop.customer', 'SELECT'), 'shop.customer'::regclass::text;
@differs regclass is shown as the oid or the name
SELECT to_regclass('hr.secret'), to_regclass('shop.customer') IS NOT NULL;
SELECT 'hr.secret'::regclass;
SELECT txid_current() IS NULL;
@refused 0A000
SELECT pg_sleep(0);
SELECT random() < 2, gen_random_uuid() IS NOT NULL, clock_timestamp() IS NOT NULL;
SELECT 1 / 0;
SELECT 'a'::int;
@refused 0A000
SELECT nosuch(1);
SELECT id + 'x' FROM customer;
SELECT nosuch FROM customer;
SELECT c.nosuch FROM customer c;
SELECT x.id FROM customer c;
SELECT id, count(*) FROM customer;
SELECT id FROM customer WHERE count(*) > 1;
SELECT id FROM customer WHERE name = 5;
SELECT id FROM customer c, orders o;
SELECT * FROM customer UNION SELECT * FROM orders;
SELEC 1;
SELECT 'unterminated;
SELECT (1;
SELECT 1 FROM customer WHERE;
SELECT k / (k - k) FROM customer WHERE id < 20;
SELECT name::int FROM customer WHERE id < 20;

# rows
SELECT * FROM customer c WHERE c.* = ROW(1);
SELECT id FROM spender c WHERE c = ROW(1, 'somebody', 'US', 1, NULL);
SELECT id FROM spender c WHERE (c.*) IS NOT DISTINCT FROM (c.*);
SELECT (c.*)::text FROM spender c;
SELECT c.* = c.* FROM spender c;

# parentheses
SELECT (country IS NOT DISTINCT FROM 'US') IS NOT FALSE, (name IS DISTINCT FROM phone) IS TRUE, (k IS DISTINCT FROM 1) IS NULL FROM customer;
SELECT id FROM customer WHERE (segment IS NOT DISTINCT FROM NULL) IS NOT FALSE AND (k IS DISTINCT FROM level) IS NOT UNKNOWN;
SELECT k IS NOT DISTINCT FROM (level IS NULL)::int, active IS DISTINCT FROM (segment IS NULL), active IS NOT DISTINCT FROM (active IS TRUE) FROM customer;
SELECT (k IS NOT DISTINCT FROM level) IS NOT DISTINCT FROM active FROM customer;
SELECT (ARRAY(SELECT o.id FROM orders o WHERE o.customer_id = c.id ORDER BY o.id))[1], (COALESCE(tags, ARRAY['none']))[1], (CASE WHEN active THEN tags END)[2], (GREATEST(tags, ARRAY['b']))[1:2] FROM customer c;
@refused 0A000
SELECT (COALESCE(array_agg(tags ORDER BY id) FILTER (WHERE tags IS NOT NULL), ARRAY[ARRAY['x', 'y']]))[1][1] FROM customer;
SELECT (COALESCE(prefs, '{}'))['n'] FROM customer;
SELECT (COALESCE(tags, '{}'))[1] AS t, count(*) FROM customer GROUP BY (COALESCE(tags, '{}'))[1];
SELECT (COALESCE(tags, '{}'))[1] FROM customer GROUP BY 1 ORDER BY 1;

# sql/json
SELECT json('{"a": 1}'), json_object('{a,1}'), json_object('{a}', '{b}'), json('[' || id || ']') FROM customer;
@refused 0A000
SELECT JSON_OBJECT('a': id) FROM customer;
@refused 0A000
SELECT JSON_ARRAY(id, name) FROM customer;
@refused 0A000
SELECT JSON_SCALAR(id) FROM customer;
@refused 0A000
SELECT JSON_SERIALIZE('{}') FROM customer;
@refused 0A000
SELECT name IS JSON FROM customer;
@refused 0A000
SELECT JSON_OBJECTAGG(id: name) FROM customer;
@refused 0A000
SELECT JSON_ARRAYAGG(id) FROM customer;
@refused 0A000
SELECT JSON_VALUE(prefs, '$.n') FROM customer;
@refused 0A000
SELECT JSON_QUERY(prefs, '$.n') FROM customer;
@refused 0A000
SELECT JSON_EXISTS(prefs, '$.n') FROM customer;
@refused 0A000
SELECT JSON('{}' WITH UNIQUE KEYS) FROM customer;
@refused 0A000
SELECT * FROM customer, JSON_TABLE(prefs, '$' COLUMNS (n int PATH '$.n')) AS j;

# names with their database
@safe
SELECT wh.shop.customer.id, wh.shop.customer.* FROM wh.shop.customer WHERE wh.shop.customer.k > 1 ORDER BY wh.shop.customer.id;
@safe
SELECT 'wh.shop.customer'::regclass, to_regclass('wh.shop.customer');
@safe
COPY wh.shop.customer (id) TO STDOUT;
@refused 0A000
SELECT other.shop.customer.id FROM shop.customer;
@refused 0A000
COPY other.shop.customer TO STDOUT;
