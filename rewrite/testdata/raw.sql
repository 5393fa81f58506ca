-- The test warehouse. The person may see customers of the US and their orders. Every value that is hidden holds MARKER.
CREATE SCHEMA app;
CREATE TABLE public.customer (
    id integer PRIMARY KEY, name text NOT NULL, phone text, country text NOT NULL, balance numeric(10,2), k integer NOT NULL,
    note varchar(20), tags text[], doc jsonb, created timestamptz, kind char(3), ssn text, label text
);
INSERT INTO public.customer
SELECT i, CASE WHEN i % 3 = 0 THEN 'MARKER-name-' || i ELSE 'Name ' || i || ' MARKER' END, 'MARKER-phone-' || i,
       CASE WHEN i % 3 = 0 THEN 'DE-MARKER' ELSE 'US' END, 1000 + i + 0.25, CASE WHEN i % 3 = 0 THEN 0 ELSE i % 7 + 1 END,
       'MARKER-note', CASE WHEN i % 3 = 0 THEN ARRAY['MARKER'] WHEN i % 5 = 0 THEN NULL ELSE ARRAY['a', 'b' || i % 4] END,
       CASE WHEN i % 3 = 0 THEN '{"v":"MARKER"}'::jsonb ELSE jsonb_build_object('n', i, 's', 'x' || i % 4, 'list', jsonb_build_array(i, i + 1)) END,
       timestamptz '2024-01-01 00:00:00+00' + i * interval '7 hours', CASE i % 4 WHEN 0 THEN 'a' WHEN 1 THEN 'bb' WHEN 2 THEN 'ccc' END,
       'MARKER-ssn-' || i, CASE WHEN i % 3 = 0 THEN 'MARKER-' || i % 2 ELSE 'open' END
FROM generate_series(1, 600) AS i;
CREATE TABLE public.orders (
    id integer PRIMARY KEY, customer_id integer NOT NULL, total numeric(12,2), placed date, memo text
);
INSERT INTO public.orders
SELECT i, i % 600 + 1, CASE WHEN i % 11 = 0 THEN NULL ELSE (i * 37 % 1000) + 0.5 END, date '2024-01-01' + i % 366,
       CASE WHEN (i % 600 + 1) % 3 = 0 THEN 'MARKER-memo' ELSE 'memo ' || i % 10 END
FROM generate_series(1, 1500) AS i;
CREATE TABLE public.nation (code text PRIMARY KEY, title text, pop bigint);
INSERT INTO public.nation VALUES ('US', 'United States', 330000000), ('FR', 'France', 68000000), ('JP', 'Japan', 125000000);
CREATE TABLE public.event (id integer, day date NOT NULL, what text) PARTITION BY RANGE (day);
CREATE TABLE public.event_1 PARTITION OF public.event FOR VALUES FROM ('2024-01-01') TO ('2024-07-01');
CREATE TABLE public.event_2 PARTITION OF public.event FOR VALUES FROM ('2024-07-01') TO ('2025-01-01');
INSERT INTO public.event SELECT i, date '2024-01-01' + i % 366, CASE WHEN i % 4 = 0 THEN 'MARKER' ELSE 'click ' || i % 3 END FROM generate_series(1, 200) AS i;
CREATE TABLE public.parent (id integer, v text);
CREATE TABLE public.child () INHERITS (public.parent);
INSERT INTO public.parent SELECT i, CASE WHEN i <= 10 THEN 'MARKER' ELSE 'p' || i END FROM generate_series(1, 30) AS i;
INSERT INTO public.child SELECT i, CASE WHEN i <= 10 THEN 'MARKER' ELSE 'c' || i END FROM generate_series(1, 20) AS i;
CREATE TABLE public.secret (s text);
INSERT INTO public.secret VALUES ('MARKER-secret');
CREATE TABLE public.unregistered (s text);
INSERT INTO public.unregistered VALUES ('MARKER-unregistered');
CREATE VIEW public.customer_view AS SELECT id, name FROM public.customer;
CREATE TABLE app.nation (code text);
INSERT INTO app.nation VALUES ('MARKER-nation');
CREATE TABLE app."Odd Name" ("A b" integer, "select" text, "ünï" text);
INSERT INTO app."Odd Name" VALUES (1, 'one', 'eins'), (2, 'two', NULL);
CREATE TABLE app.customer (id integer, extra text);
INSERT INTO app.customer SELECT i, 'extra ' || i FROM generate_series(1, 5) AS i;
CREATE TABLE app.registry (id integer, about regclass, abouts regclass[]);
INSERT INTO app.registry VALUES (1, 'public.orders', '{public.orders}');
-- A table of which the person sees no column.
CREATE TABLE public.blank (b text DEFAULT 'MARKER', n text DEFAULT 'MARKER', code text DEFAULT 'US');
INSERT INTO public.blank VALUES (DEFAULT), (DEFAULT);
-- What the catalogues would tell.
CREATE TYPE public."MARKER_enum" AS ENUM ('MARKER');
CREATE TABLE public."MARKER_table" ("MARKER_column" text DEFAULT 'MARKER' CONSTRAINT "MARKER_check" CHECK ("MARKER_column" <> 'MARKER'), e public."MARKER_enum");
ALTER TABLE app.registry ADD "MARKER_hidden" text;
CREATE INDEX "MARKER_index" ON app.registry ("MARKER_hidden");
CREATE INDEX "MARKER_partial" ON app.registry (id) WHERE "MARKER_hidden" IS NULL;
ALTER TABLE app.registry ADD CONSTRAINT "MARKER_check" CHECK (id > 0);
COMMENT ON TABLE public."MARKER_table" IS 'MARKER';
COMMENT ON COLUMN app.registry."MARKER_hidden" IS 'MARKER';
CREATE SCHEMA "MARKER_schema" CREATE TABLE t (id integer) CREATE VIEW "MARKER_view" AS SELECT id FROM t;
CREATE FUNCTION public."MARKER_function"() RETURNS integer LANGUAGE sql AS 'SELECT 1 -- MARKER';
CREATE FUNCTION public.leak(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS
$$ BEGIN RAISE NOTICE 'leak %', $1; RETURN true; END $$;
CREATE FUNCTION public.leak_eq(text, text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS
$$ BEGIN RAISE NOTICE 'leak %', $1; RETURN $1 OPERATOR(pg_catalog.=) $2; END $$;
CREATE OPERATOR public.=== (LEFTARG = text, RIGHTARG = text, FUNCTION = public.leak_eq, RESTRICT = eqsel);
ANALYZE;
