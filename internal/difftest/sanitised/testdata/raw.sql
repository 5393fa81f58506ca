-- The raw warehouse of the oracle. Three people see different parts of it, and every value that one of them may not see holds
-- that person's marker: MKANN, MKBOB, MKCYD in text, 8675309 in numbers that nobody may see. Rows that are hidden from
-- everybody also make conditions raise: 0 where one would divide, text where one would cast.
CREATE EXTENSION pgcrypto;
CREATE SCHEMA shop;
CREATE SCHEMA ref;
CREATE SCHEMA hr;

-- mk names the people from whom the rows of a country are hidden.
CREATE FUNCTION pg_temp.mk(country text) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE country WHEN 'DE' THEN ' MKANN MKBOB MKCYD' WHEN 'US' THEN ' MKCYD' WHEN 'FR' THEN ' MKCYD' WHEN 'JP' THEN ' MKANN' ELSE ' MKANN MKCYD' END $$;

CREATE TYPE shop.segment AS ENUM ('retail', 'business', 'public');
CREATE TYPE shop.address AS (street text, city text, zip integer);
CREATE DOMAIN shop.zip AS varchar(12) CHECK (VALUE <> '');

CREATE TABLE ref.nation (code char(2) PRIMARY KEY, title text NOT NULL UNIQUE, pop bigint, region text, area real);
INSERT INTO ref.nation VALUES ('US', 'United States', 330000000, 'AMERICA', 9.5), ('FR', 'France', 68000000, 'EUROPE', 0.5),
    ('JP', 'Japan', 125000000, 'ASIA', 0.375), ('DE', 'Germany', 84000000, 'EUROPE', 0.25), ('CH', 'Switzerland', 9000000, 'EUROPE', NULL),
    ('BR', 'Brazil', NULL, 'AMERICA', 8.5);

CREATE TABLE shop.customer (
    id integer PRIMARY KEY, name text NOT NULL, phone text, email text, country char(2) NOT NULL REFERENCES ref.nation,
    segment shop.segment, balance numeric(10,2), credit numeric(8,2), score double precision, code text NOT NULL,
    joined date, seen timestamptz, tags text[], prefs jsonb, addr shop.address, zip shop.zip, active boolean, k integer NOT NULL,
    level smallint, token text, "MKANN MKBOB MKCYD ssn" text
);
INSERT INTO shop.customer
SELECT i, 'Name ' || i % 20 || ' MKANN MKCYD' || pg_temp.mk(c), '+1-' || i || ' MKANN MKCYD' || pg_temp.mk(c),
       'MKANN' || i || '@' || CASE i % 3 WHEN 0 THEN 'example.com' ELSE 'example.org' END || CASE WHEN c = 'DE' THEN ' MKBOB MKCYD' WHEN c IN ('US', 'FR', 'CH') THEN ' MKCYD' ELSE '' END,
       c, (ARRAY['retail', 'business', 'public', NULL])[i % 4 + 1]::shop.segment, 8675309 + i / 100.0,
       CASE WHEN i % 9 = 0 THEN NULL ELSE i * 12.25 END, i % 7 * 1.5, CASE WHEN c = 'DE' THEN 'x MKANN MKBOB MKCYD' ELSE (i * 3 % 17)::text END,
       date '2023-11-01' + i * 5, timestamptz '2024-01-01 00:00:00+00' + i * interval '31 hours',
       CASE WHEN c = 'DE' THEN ARRAY['MKANN MKBOB MKCYD'] WHEN i % 5 = 0 THEN NULL ELSE ARRAY['a', 'b' || i % 3] END,
       CASE WHEN c = 'DE' THEN '{"v": "MKANN MKBOB MKCYD"}'::jsonb ELSE jsonb_build_object('n', i, 's', 'x' || i % 4, 'list', jsonb_build_array(i, i + 1)) END,
       ROW(CASE WHEN c = 'DE' THEN 'MKANN MKBOB MKCYD' ELSE i % 6 || ' Main St' END, 'City ' || i % 3, 10000 + i % 5)::shop.address,
       CASE WHEN c = 'DE' THEN '8675309' ELSE 'z' || i % 6 END, i % 2 = 0, CASE WHEN c = 'DE' THEN 0 ELSE i % 5 + 1 END, i % 4,
       'token' || i % 6 || ' MKCYD', 'MKANN MKBOB MKCYD-' || i
FROM generate_series(1, 48) AS i, LATERAL (SELECT (ARRAY['DE', 'US', 'US', 'FR', 'JP', 'DE', 'JP', 'CH'])[i % 8 + 1] AS c) AS g;
CREATE INDEX ON shop.customer (country);
CREATE INDEX ON shop.customer (name text_pattern_ops);

-- The hash join through k and the look-up filter of orders go by customer.
CREATE TABLE shop.orders (
    id integer NOT NULL, placed date NOT NULL, customer_id integer NOT NULL, total numeric(12,2), status varchar(10), note varchar(40), rate numeric(6,3),
    PRIMARY KEY (id, placed)
) PARTITION BY RANGE (placed);
CREATE TABLE shop.orders_2023 PARTITION OF shop.orders FOR VALUES FROM (MINVALUE) TO ('2024-01-01');
CREATE TABLE shop.orders_2024 PARTITION OF shop.orders FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE shop.orders_later PARTITION OF shop.orders DEFAULT;
INSERT INTO shop.orders
SELECT i, date '2023-09-01' + i * 7, c.id, CASE WHEN c.country = 'DE' THEN 0 WHEN i % 11 = 0 THEN NULL ELSE (i * 37 % 500) + 0.5 END,
       (ARRAY['open', 'closed', 'sent'])[i % 3 + 1],
       CASE WHEN i % 3 = 1 THEN 'note MKANN MKCYD' ELSE 'note ' || i % 5 END || pg_temp.mk(c.country),
       CASE WHEN c.country = 'DE' THEN 0 ELSE 1 + i % 4 / 8.0 END
FROM generate_series(1, 90) AS i JOIN shop.customer AS c ON c.id = i * 7 % 48 + 1;
CREATE INDEX ON shop.orders (customer_id);

CREATE TABLE shop.line (
    order_id integer, no smallint, item_id integer, qty integer, price numeric(8,2), memo text, PRIMARY KEY (order_id, no)
);
INSERT INTO shop.line
SELECT i % 90 + 1, i / 90 + 1, i % 12 + 1, CASE WHEN i % 6 = 0 THEN 0 ELSE i % 9 + 1 END, (i * 13 % 40) + 0.25,
       CASE WHEN i % 6 = 0 THEN 'MKANN MKBOB MKCYD' ELSE (i % 10)::text END
FROM generate_series(0, 149) AS i;

CREATE TABLE ref.item (
    id integer PRIMARY KEY, title text, kind text, weight real, cost numeric(10,2), attrs json, size int4range, origin inet, made interval, tag uuid
);
INSERT INTO ref.item
SELECT i, 'Item ' || chr(64 + i), CASE i % 3 WHEN 0 THEN 'tool' WHEN 1 THEN 'toy' END, i * 0.5, 8675309 + i / 100.0,
       json_build_object('c', 'col' || i % 4, 'MKCYD', 'MKCYD'), int4range(i, i + 5), ('10.0.' || i % 3 || '.' || i)::inet, i * interval '36 hours', ('00000000-0000-0000-0000-0000000000' || lpad((i % 5)::text, 2, '0'))::uuid
FROM generate_series(1, 12) AS i;

-- An inheritance parent and its child; each is a source of its own when it is named.
CREATE TABLE shop.event (id bigint, at timestamp, what text NOT NULL, payload jsonb, amount integer);
CREATE TABLE shop.event_web (url text) INHERITS (shop.event);
INSERT INTO shop.event SELECT i, timestamp '2024-03-01' + i * interval '5 hours', CASE WHEN i % 4 = 0 THEN 'MKANN MKBOB MKCYD' ELSE 'click ' || i % 3 END,
    CASE WHEN i % 4 = 0 THEN NULL ELSE jsonb_build_object('n', i % 6) END, CASE WHEN i % 4 = 0 THEN 0 ELSE i % 5 + 1 END FROM generate_series(1, 30) AS i;
INSERT INTO shop.event_web SELECT 100 + i, timestamp '2024-04-01' + i * interval '5 hours', CASE WHEN i % 4 = 0 THEN 'MKANN MKBOB MKCYD' ELSE 'view ' || i % 3 END,
    jsonb_build_object('n', i % 6), CASE WHEN i % 4 = 0 THEN 0 ELSE i % 5 + 1 END, CASE WHEN i % 4 = 0 THEN 'MKANN MKBOB MKCYD' ELSE '/page/' || i % 3 END FROM generate_series(1, 20) AS i;

CREATE TABLE hr.dept (id integer PRIMARY KEY, title text, city text, budget numeric(12,2));
INSERT INTO hr.dept VALUES (1, 'Sales', 'Paris', 867530901), (2, 'Research', 'Tokyo', 867530902), (3, 'Board', 'MKANN MKBOB MKCYD', 867530903), (4, 'Support', NULL, 867530904);
CREATE TABLE hr.employee (
    id integer PRIMARY KEY, name text, manager_id integer REFERENCES hr.employee, dept_id integer REFERENCES hr.dept, salary integer, born date,
    photo bytea, ssn text, skills text[], grade "char", started timestamp, district text, age integer
);
INSERT INTO hr.employee
SELECT i, 'Emp ' || i || CASE WHEN d = 3 THEN ' MKANN MKBOB MKCYD' ELSE '' END, CASE WHEN i > 1 THEN i / 3 + 1 END, d, 867530900 + i, date '1980-01-15' + i * 100,
       decode('4d4b414e4e', 'hex'), 'MKANN MKBOB MKCYD' || i, ARRAY['s' || i % 3], CASE WHEN d = 3 THEN 'Z' ELSE 'A' END,
       timestamp '2020-01-31 13:45:01' + i * interval '1 month', 'D' || i % 3, CASE WHEN d = 3 THEN 0 ELSE 30 + i % 4 END
FROM generate_series(1, 32) AS i, LATERAL (SELECT CASE WHEN i % 5 = 0 THEN 3 ELSE i % 3 % 2 + 1 + i % 7 / 6 * 3 - i % 7 / 6 * (i % 3 % 2) END AS d) AS g;

-- Every built-in type that a column may have, some masked.
CREATE TABLE ref.types (
    id integer PRIMARY KEY, i2 smallint, i8 bigint, f4 real, f8 double precision, n numeric, n82 numeric(8,2), b boolean, t text, v10 varchar(10), c5 char(5), nm name,
    d date, tm time(3), tz timetz, ts timestamp(0), tstz timestamptz, iv interval, u uuid, by bytea, ip inet, cd cidr, mac macaddr, js json, jb jsonb, x xml,
    b4 bit(4), vb varbit(8), ia integer[], ta text[], r int4range, mr nummultirange, pt point, bx box, tv tsvector, o oid, mo money,
    en shop.segment, ena shop.segment[], dom shop.zip, comp shop.address, compa shop.address[], nd integer[][]
);
INSERT INTO ref.types
SELECT i, i % 5, i * 1000000000::bigint, i * 0.25, i * 0.5, i * 1.10, i * 2.5, i % 2 = 0, CASE WHEN i % 3 = 0 THEN 'MKANN MKBOB MKCYD' ELSE 't' || i END, 'v' || i, 'c' || i % 3, 'n' || i,
       date '2024-02-28' + i, time '10:00:00.123' + i * interval '1 minute', timetz '11:00:00+02', timestamp '2024-05-05 05:05:05' + i * interval '1 day',
       timestamptz '2024-05-05 05:05:05+00' + i * interval '1 day', i * interval '1 day 2 hours', ('00000000-0000-0000-0000-0000000000' || lpad(i::text, 2, '0'))::uuid,
       decode(lpad(to_hex(i), 4, '0'), 'hex'), ('10.0.0.' || i)::inet, '10.1.0.0/16'::cidr, '08:00:2b:01:02:03'::macaddr, json_build_object('i', i), jsonb_build_object('i', i),
       xmlparse(CONTENT '<a>' || i || '</a>'), (i % 16)::bit(4), B'101'::varbit(8), ARRAY[i, i + 1], ARRAY['x', NULL, i::text], int4range(i, i * 2), nummultirange(numrange(i, i + 1)),
       point(i, -i), box(point(i, i), point(0, 0)), to_tsvector('simple', 'word' || i), i::oid, (i * 1.25)::numeric::money,
       (ARRAY['retail', 'business', 'public'])[i % 3 + 1]::shop.segment, ARRAY['retail']::shop.segment[], 'zip' || i, ROW('s', 'c', i)::shop.address, ARRAY[ROW('s', 'c', i)::shop.address], ARRAY[[i, 1], [2, 3]]
FROM generate_series(1, 18) AS i;
INSERT INTO ref.types (id, t) VALUES (19, NULL), (20, ''), (21, 'MKANN MKBOB MKCYD');

-- Names that must be quoted, and columns called like functions and keywords.
CREATE TABLE shop."Odd Name" ("A b" integer PRIMARY KEY, "select" text, "ünï" text, "count" integer, "Id" integer, id integer, "a""b" text, "MKANN MKBOB MKCYD" text);
INSERT INTO shop."Odd Name" VALUES (1, 'one', 'eins', 10, 5, 50, 'q', 'MKANN MKBOB MKCYD'), (2, 'two', NULL, 20, 6, 60, 'r', 'MKANN MKBOB MKCYD');

-- hr.nation is denied to everybody and stands earlier in the path hr, shop, ref.
CREATE TABLE hr.nation (code char(2), title text);
INSERT INTO hr.nation VALUES ('US', 'MKANN MKBOB MKCYD');
CREATE TABLE hr.secret (id integer, s text);
INSERT INTO hr.secret SELECT i, 'MKANN MKBOB MKCYD' FROM generate_series(1, 9) AS i;
CREATE TABLE shop.unregistered (id integer, s text);
INSERT INTO shop.unregistered VALUES (1, 'MKANN MKBOB MKCYD');

-- Views read their tables; a materialized view is a source of its own.
CREATE VIEW shop.customer_v AS SELECT id, name, phone, country, balance, score * 2 AS double_score FROM shop.customer WHERE active;
CREATE VIEW shop.order_totals AS SELECT c.country, count(*) AS orders, sum(o.total) AS total FROM shop.orders AS o JOIN shop.customer AS c ON c.id = o.customer_id GROUP BY c.country;
CREATE VIEW shop.secret_v AS SELECT c.id, s.s FROM shop.customer AS c JOIN hr.secret AS s ON s.id = c.id;
CREATE VIEW shop.ratio_v AS SELECT id, 60 / k AS q, code::int AS n, name FROM shop.customer WHERE 60 / k > 2;
CREATE VIEW shop.deep_v AS WITH w AS (SELECT id, q FROM shop.ratio_v) SELECT w.id, w.q, (SELECT count(*) FROM shop.orders AS o WHERE o.customer_id = w.id AND 1 / o.rate < 2) AS n,
    rank() OVER (ORDER BY w.q) AS r FROM w UNION ALL SELECT e.id, 10 / e.amount, NULL, 0 FROM shop.event AS e WHERE e.what LIKE 'click%';
CREATE VIEW shop.all_v WITH (security_barrier) AS SELECT * FROM shop.line AS l JOIN ref.item AS i ON i.id = l.item_id WHERE 10 / l.qty > 1;
CREATE VIEW shop.latest_v AS SELECT DISTINCT ON (c.country) c.country, c.seen, c.email, c.segment, c.tags FROM ONLY shop.customer AS c ORDER BY c.country, c.seen DESC, c.id;
CREATE VIEW shop.only_v AS SELECT id, what, payload FROM ONLY shop.event;
CREATE VIEW shop.staff_v AS SELECT e.id, e.name, e.salary, m.name AS boss, d.title FROM hr.employee AS e LEFT JOIN hr.employee AS m ON m.id = e.manager_id LEFT JOIN hr.dept AS d ON d.id = e.dept_id;
CREATE MATERIALIZED VIEW shop.spender AS SELECT id, name, country, k, balance FROM shop.customer WHERE credit > 100;

-- What nobody may call.
CREATE FUNCTION shop.leak(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$ BEGIN RAISE NOTICE 'leak %', $1; RETURN true; END $$;
CREATE FUNCTION shop.leak_eq(text, text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$ BEGIN RAISE NOTICE 'leak %', $1; RETURN $1 OPERATOR(pg_catalog.=) $2; END $$;
CREATE OPERATOR shop.=== (LEFTARG = text, RIGHTARG = text, FUNCTION = shop.leak_eq, RESTRICT = eqsel);
COMMENT ON TABLE hr.secret IS 'MKANN MKBOB MKCYD';
COMMENT ON COLUMN shop.customer."MKANN MKBOB MKCYD ssn" IS 'MKANN MKBOB MKCYD';
ANALYZE;
