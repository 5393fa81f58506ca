-- What the person may see, made physically: rows deleted, values overwritten, columns and tables dropped. Written by hand, so that
-- it shares nothing with the policies or the Views.
DROP VIEW public.customer_view;
DELETE FROM public.orders AS o USING public.customer AS c WHERE c.id = o.customer_id AND c.country <> 'US';
DELETE FROM public.customer WHERE country <> 'US';
UPDATE public.customer SET name = regexp_replace(name, 'MARKER|[0-9]', '*', 'g'), phone = '***', balance = NULL, note = 'withheld';
ALTER TABLE public.customer DROP COLUMN ssn;
ALTER TABLE public.blank DROP COLUMN b, DROP COLUMN n, DROP COLUMN code;
DELETE FROM public.event WHERE what LIKE '%MARKER%';
DELETE FROM public.parent WHERE id <= 10;
DROP TABLE public.secret, public.unregistered, app.nation;
DROP FUNCTION public.leak(text) CASCADE;
DROP OPERATOR public.=== (text, text);
DROP FUNCTION public.leak_eq(text, text);
ANALYZE;

ALTER TABLE app.registry DROP COLUMN "MARKER_hidden";
