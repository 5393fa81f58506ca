-- Hidden rows are those in which k is 0, so that any division by it tells of one. v is a word of theirs, or a number.
-- A division costs next to nothing, so that the planner runs it before any filter where it may.
ALTER FUNCTION pg_catalog.int4div COST 0.0000001;
CREATE TABLE public.snd (id integer PRIMARY KEY, country text, k integer, nat integer, v text, big bigint, amount numeric, day date);
INSERT INTO public.snd SELECT i, CASE WHEN i % 4 = 0 THEN 'DE' ELSE 'US' END, CASE WHEN i % 4 = 0 THEN 0 ELSE i % 9 + 1 END,
    CASE WHEN i % 4 = 0 THEN 100 + i % 3 ELSE i % 3 END, CASE WHEN i % 4 = 0 THEN 'MARKER' || i % 2 ELSE (i % 50)::text END,
    i, i % 100, date '2024-01-01' + i % 300
FROM generate_series(1, 800) AS i;
CREATE INDEX ON public.snd (k);
CREATE INDEX ON public.snd (v text_pattern_ops);
CREATE INDEX ON public.snd (amount);
CREATE TABLE public.oth (id integer PRIMARY KEY, snd_id integer, x integer, w text, amount numeric);
INSERT INTO public.oth SELECT i, i, i % 5, (i % 50)::text, i % 100 FROM generate_series(1, 200) AS i;
CREATE INDEX ON public.oth (snd_id);
CREATE TABLE public.nat (code integer PRIMARY KEY);
INSERT INTO public.nat VALUES (0), (1), (2);
ANALYZE;
