-- The keyed hash, the same as tokenize.Hash: lower-case hex of HMAC-SHA-256(key, domain || 0x00 || value), RFC 2104 over
-- core sha256(). A domain without a key and a value beyond 1 MiB give NULL: a mask never raises an error, and never shows
-- what it cannot mask. It is STABLE because it reads its key from a table, which only its owner can read.
CREATE OR REPLACE FUNCTION postern_functions.keyed_hash(domain text, value text) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE SECURITY DEFINER COST 500
SET search_path = pg_catalog, pg_temp
AS $function$
SELECT CASE WHEN octet_length($2) <= 1048576 THEN
    encode(sha256(k.outer_pad || sha256(k.inner_prefix || convert_to($2, 'UTF8'))), 'hex') END
FROM postern_functions.keys AS k WHERE k.domain = $1
$function$
