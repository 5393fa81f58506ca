-- Views that cannot be read: what they read is not registered, or what they use is not on the allow-list.
CREATE VIEW public.r_unregistered AS SELECT s FROM public.unregistered;
CREATE VIEW public.r_beside AS SELECT c.id, u.s FROM public.customer c, public.unregistered u;
CREATE VIEW public.r_nested AS SELECT s FROM public.r_unregistered;
CREATE VIEW public.r_function AS SELECT id, public.leak(name) FROM public.customer;
CREATE VIEW public.r_reader AS SELECT query_to_xml('SELECT * FROM public.secret', true, true, '') AS x;
CREATE VIEW public.r_catalogue AS SELECT relname FROM pg_class;
CREATE VIEW public.r_schema AS SELECT table_name FROM information_schema.tables;
CREATE VIEW public.r_operator AS SELECT id FROM public.customer WHERE name OPERATOR(public.===) 'x';
CREATE VIEW public.r_system AS SELECT ctid FROM public.customer;
CREATE VIEW public.r_hidden AS SELECT id, ssn FROM public.customer;
CREATE VIEW public.r_denied AS SELECT s FROM public.secret;
CREATE VIEW public.r_setting AS SELECT current_setting('data_directory') AS d;
CREATE VIEW public.r_a AS SELECT 1 AS x;
CREATE VIEW public.r_b AS SELECT x FROM public.r_a;
CREATE OR REPLACE VIEW public.r_a AS SELECT x FROM public.r_b;
