-- What the policies on the view itself do, by hand.
DROP VIEW public.v_policy;
CREATE VIEW public.v_policy AS SELECT id, 'secret'::text AS name, country, k FROM public.customer WHERE id < 300 AND k <> 2;
