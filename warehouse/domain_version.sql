-- Which of a token domain's keys is in force; NULL if it has none.
CREATE OR REPLACE FUNCTION postern_functions.domain_version(domain text) RETURNS integer
LANGUAGE sql STABLE STRICT PARALLEL SAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
SELECT k.version FROM postern_functions.keys AS k WHERE k.domain = $1
$function$
