-- A keyed draw, the same as tokenize.Draw: the first 53 bits of HMAC-SHA-256(key, 0x00 || domain || 0x00 || value). No message of the
-- keyed hash begins with a zero byte, so no hash that a person sees tells a draw. NULL as the keyed hash is.
CREATE OR REPLACE FUNCTION postern_functions.keyed_draw(domain text, value text) RETURNS bigint
LANGUAGE sql STABLE STRICT PARALLEL SAFE SECURITY DEFINER COST 500
SET search_path = pg_catalog, pg_temp
AS $function$
SELECT CASE WHEN octet_length($2) <= 1048576 THEN
    ('x' || substr(encode(sha256(k.outer_pad || sha256(substr(k.inner_prefix, 1, 64) || '\x00'::bytea || substr(k.inner_prefix, 65)
        || convert_to($2, 'UTF8'))), 'hex'), 1, 16))::bit(64)::bit(53)::bigint END
FROM postern_functions.keys AS k WHERE k.domain = $1
$function$
