-- A warehouse in which everything that the person may not see has "marker" in its name or its text.
CREATE SCHEMA smoke;
CREATE SCHEMA marker_schema;
DO $$ BEGIN CREATE ROLE marker_role; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
CREATE TYPE smoke.status AS ENUM ('open', 'shut');
CREATE TYPE public.marker_enum AS ENUM ('marker_label');
CREATE TYPE public.marker_composite AS (marker_field integer);
CREATE DOMAIN public.marker_domain AS integer CHECK (VALUE <> 4711);
CREATE TABLE smoke.customer (
    id integer PRIMARY KEY, name varchar(40) NOT NULL DEFAULT 'marker_default', region text, marker_ssn text UNIQUE, state smoke.status,
    marker_secret text CHECK (marker_secret <> 'marker_check'), CONSTRAINT customer_name_region UNIQUE (name, region),
    CONSTRAINT marker_unique UNIQUE (name, marker_ssn), CONSTRAINT region_check CHECK (region <> 'marker_check')
);
CREATE INDEX customer_region ON smoke.customer (region);
CREATE INDEX marker_index ON smoke.customer (region, marker_ssn);
CREATE INDEX marker_include ON smoke.customer (region) INCLUDE (marker_ssn);
CREATE INDEX marker_partial ON smoke.customer (region) WHERE name <> 'marker_condition';
CREATE INDEX marker_expression ON smoke.customer (lower(region || 'marker'));
CREATE TABLE smoke.orders (
    id serial PRIMARY KEY, customer_id integer REFERENCES smoke.customer, amount numeric(10,2) CHECK (amount < 4711), ordered timestamptz,
    marker_note text, marker_fk text REFERENCES smoke.customer (marker_ssn)
);
CREATE TABLE smoke.marker_hidden (id integer PRIMARY KEY, customer_id integer CONSTRAINT marker_fk REFERENCES smoke.customer);
CREATE TABLE smoke.parts (id integer, day date) PARTITION BY RANGE (day);
CREATE TABLE smoke.parts_1 PARTITION OF smoke.parts FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE smoke.marker_parts PARTITION OF smoke.parts FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE smoke.carrier (id integer, thing smoke.marker_hidden, things smoke.marker_hidden[]);
CREATE VIEW smoke.customer_list AS SELECT id, name FROM smoke.customer WHERE region <> 'marker_view';
CREATE VIEW smoke.v AS SELECT id FROM smoke.customer;
CREATE VIEW smoke.marker_view AS SELECT id FROM smoke.customer;
CREATE MATERIALIZED VIEW smoke.totals AS SELECT customer_id, sum(amount) AS total FROM smoke.orders WHERE marker_note IS NULL GROUP BY 1;
CREATE TABLE public.users (id serial PRIMARY KEY, username text UNIQUE, email text, age integer, created_at timestamptz);
CREATE TABLE public.posts (id serial PRIMARY KEY, user_id integer REFERENCES public.users, title text, body text);
CREATE TABLE public.unregistered_marker (id integer);
CREATE TABLE marker_schema.marker_table (id integer);
CREATE SEQUENCE smoke.marker_sequence;
CREATE FUNCTION smoke.marker_function(marker_argument integer) RETURNS integer LANGUAGE sql AS 'SELECT 4711 -- marker';
CREATE FUNCTION smoke.marker_trigger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER marker_trigger BEFORE INSERT ON smoke.customer FOR EACH ROW EXECUTE FUNCTION smoke.marker_trigger();
CREATE POLICY marker_policy ON smoke.customer USING (region <> 'marker');
CREATE RULE marker_rule AS ON UPDATE TO smoke.orders DO ALSO NOTHING;
CREATE STATISTICS smoke.marker_statistics ON name, region FROM smoke.customer;
CREATE PUBLICATION marker_publication FOR TABLE smoke.customer;
CREATE OPERATOR smoke.=== (LEFTARG = integer, RIGHTARG = integer, FUNCTION = int4eq);
CREATE COLLATION smoke.marker_collation FROM "C";
COMMENT ON TABLE smoke.customer IS 'people who buy';
COMMENT ON COLUMN smoke.customer.region IS 'where they live';
COMMENT ON COLUMN smoke.customer.marker_ssn IS 'marker comment';
COMMENT ON TABLE smoke.marker_hidden IS 'marker comment';
COMMENT ON SCHEMA smoke IS 'a schema that shows';
COMMENT ON SCHEMA marker_schema IS 'marker comment';
COMMENT ON CONSTRAINT region_check ON smoke.customer IS 'marker comment';
COMMENT ON FUNCTION smoke.marker_function(integer) IS 'marker comment';
GRANT SELECT ON smoke.customer TO marker_role;
ALTER TABLE smoke.parts OWNER TO marker_role;
INSERT INTO smoke.customer SELECT i, 'person ' || i, 'north' FROM generate_series(1, 50) AS i;
INSERT INTO smoke.orders (customer_id, amount) SELECT i % 50 + 1, i FROM generate_series(1, 200) AS i;
ANALYZE;
