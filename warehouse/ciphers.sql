-- AES of whole blocks, by the extension pgcrypto in whatever schema it is. Both are called with the exact types of its functions, so that no
-- other function of the name can take their place.
DO $install$
DECLARE
    crypto text := (SELECT nspname FROM pg_namespace WHERE oid = (SELECT extnamespace FROM pg_extension WHERE extname = 'pgcrypto'));
BEGIN
    EXECUTE format($create$
        CREATE OR REPLACE FUNCTION postern_functions.aes_ecb(key bytea, data bytea) RETURNS bytea
        LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
        AS 'SELECT %1$I.encrypt($2, $1, ''aes-ecb/pad:none''::text)'
    $create$, crypto);
    EXECUTE format($create$
        CREATE OR REPLACE FUNCTION postern_functions.aes_cbc_mac(key bytea, data bytea) RETURNS bytea
        LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
        AS 'SELECT pg_catalog.substr(%1$I.encrypt($2, $1, ''aes-cbc/pad:none''::text), pg_catalog.octet_length($2) - 15)'
    $create$, crypto);
END
$install$
-- next
-- A key out of a domain's key: HMAC-SHA-256(key, label). No label has a zero byte in it, and every other message of HMAC has.
CREATE OR REPLACE FUNCTION postern_functions.derive(inner_prefix bytea, outer_pad bytea, label text) RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $function$
SELECT pg_catalog.sha256($2 OPERATOR(pg_catalog.||) pg_catalog.sha256(pg_catalog.substr($1, 1, 64) OPERATOR(pg_catalog.||) pg_catalog.convert_to($3, 'UTF8')))
$function$
-- next
-- Exclusive or of two byte strings of one length, which is a multiple of eight.
CREATE OR REPLACE FUNCTION postern_functions.xor(a bytea, b bytea) RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
SELECT string_agg(int8send(('x' || encode(substr($1, i, 8), 'hex'))::bit(64)::bigint # ('x' || encode(substr($2, i, 8), 'hex'))::bit(64)::bigint), ''::bytea ORDER BY i)
FROM generate_series(1, octet_length($1) - 7, 8) AS i
$function$
-- next
-- Multiplication by x in GF(2^128) (RFC 5297, section 2.3).
CREATE OR REPLACE FUNCTION postern_functions.dbl(block bytea) RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
SELECT int8send(substring(d.bits FROM 1 FOR 64)::bit(64)::bigint) || int8send(substring(d.bits FROM 65 FOR 64)::bit(64)::bigint)
FROM (SELECT CASE WHEN get_bit(b.bits, 0) = 1 THEN (b.bits << 1) # (135::bit(8)::bit(128) >> 120) ELSE b.bits << 1 END AS bits
    FROM (SELECT ('x' || encode($1, 'hex'))::bit(128) AS bits) AS b) AS d
$function$
-- next
-- AES-CMAC (RFC 4493).
CREATE OR REPLACE FUNCTION postern_functions.cmac(key bytea, message bytea) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    size integer := octet_length(message);
    rest integer := size % 16;
    subkey bytea := postern_functions.dbl(postern_functions.aes_ecb(key, decode(repeat('00', 16), 'hex')));
    last bytea;
BEGIN
    IF size > 0 AND rest = 0 THEN
        last := substr(message, size - 15);
        size := size - 16;
    ELSE
        subkey := postern_functions.dbl(subkey);
        last := substr(message, size - rest + 1) || '\x80'::bytea || decode(repeat('00', 15 - rest), 'hex');
        size := size - rest;
    END IF;
    RETURN postern_functions.aes_cbc_mac(key, substr(message, 1, size) || postern_functions.xor(last, subkey));
END
$function$
-- next
-- S2V of one associated string and a plaintext (RFC 5297, section 2.4).
CREATE OR REPLACE FUNCTION postern_functions.s2v(key bytea, associated bytea, plain bytea) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    size integer := octet_length(plain);
    d bytea := postern_functions.xor(
        postern_functions.dbl(postern_functions.cmac(key, decode(repeat('00', 16), 'hex'))), postern_functions.cmac(key, associated));
BEGIN
    IF size >= 16 THEN
        RETURN postern_functions.cmac(key, substr(plain, 1, size - 16) || postern_functions.xor(substr(plain, size - 15), d));
    END IF;
    RETURN postern_functions.cmac(key, postern_functions.xor(postern_functions.dbl(d), plain || '\x80'::bytea || decode(repeat('00', 15 - size), 'hex')));
END
$function$
-- next
-- AES-CTR from a vector with two bits cleared (RFC 5297, section 2.5): only its last four bytes count, and cannot overflow below 1 MiB.
CREATE OR REPLACE FUNCTION postern_functions.siv_crypt(key bytea, vector bytea, data bytea) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    size integer := octet_length(data);
    blocks integer := (size + 15) / 16;
    counter bytea := set_byte(set_byte(vector, 8, get_byte(vector, 8) & 127), 12, get_byte(vector, 12) & 127);
    low bigint := ('x' || encode(substr(counter, 13), 'hex'))::bit(32)::bigint;
    stream bytea;
BEGIN
    IF size = 0 THEN
        RETURN data;
    END IF;
    SELECT string_agg(substr(counter, 1, 12) || substr(int8send(low + i), 5), ''::bytea ORDER BY i) INTO stream FROM generate_series(0, blocks - 1) AS i;
    stream := postern_functions.aes_ecb(key, stream);
    RETURN substr(postern_functions.xor(stream, data || decode(repeat('00', blocks * 16 - size), 'hex')), 1, size);
END
$function$
-- next
-- The reversible mask, the same as tokenize.Domain.Protect: AES-SIV (RFC 5297) of the value with the domain as associated data, as
-- lower-case hex. NULL as the keyed hash is.
CREATE OR REPLACE FUNCTION postern_functions.protect(domain text, value text) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SECURITY DEFINER COST 20000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    k postern_functions.keys;
    plain bytea;
    vector bytea;
BEGIN
    SELECT * INTO k FROM postern_functions.keys AS keys WHERE keys.domain = $1;
    IF k.key IS NULL OR octet_length($2) > 1048576 THEN
        RETURN NULL;
    END IF;
    plain := convert_to($2, 'UTF8');
    IF octet_length(plain) > 1048576 THEN
        RETURN NULL;
    END IF;
    vector := postern_functions.s2v(postern_functions.derive(k.inner_prefix, k.outer_pad, 'postern siv mac'), convert_to($1, 'UTF8'), plain);
    RETURN encode(vector || postern_functions.siv_crypt(postern_functions.derive(k.inner_prefix, k.outer_pad, 'postern siv ctr'), vector, plain), 'hex');
END
$function$
-- next
-- The value of a token that protect made with the key that the domain has now; NULL for anything else. Only the owner may call it.
CREATE OR REPLACE FUNCTION postern_functions.reveal(domain text, token text) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SECURITY DEFINER COST 20000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    k postern_functions.keys;
    sealed bytea;
    plain bytea;
BEGIN
    SELECT * INTO k FROM postern_functions.keys AS keys WHERE keys.domain = $1;
    IF k.key IS NULL OR length($2) < 32 OR length($2) > 2097184 OR $2 !~ '^([0-9a-f][0-9a-f])*$' THEN
        RETURN NULL;
    END IF;
    sealed := decode($2, 'hex');
    plain := postern_functions.siv_crypt(postern_functions.derive(k.inner_prefix, k.outer_pad, 'postern siv ctr'), substr(sealed, 1, 16), substr(sealed, 17));
    IF postern_functions.s2v(postern_functions.derive(k.inner_prefix, k.outer_pad, 'postern siv mac'), convert_to($1, 'UTF8'), plain) <> substr(sealed, 1, 16) THEN
        RETURN NULL;
    END IF;
    RETURN convert_from(plain, 'UTF8');
END
$function$
-- next
-- The format-preserving mask, the same as tokenize.Domain.FormatPreserving: FF1 (NIST SP 800-38G, algorithm 7) of the characters of the
-- alphabet, with the domain as the tweak; other characters stay. Fewer characters than make a million values, more than 1024, and more
-- than 4096 bytes give NULL.
CREATE OR REPLACE FUNCTION postern_functions.format_preserving(domain text, alphabet text, value text) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SECURITY DEFINER COST 50000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    k postern_functions.keys;
    key bytea;
    radix integer := length($2);
    characters text[];
    numerals integer[] := '{}';
    places integer[] := '{}';
    at integer;
    n integer;
    u integer;
    v integer;
    domain_size numeric := 1;
    mod_u numeric := 1;
    mod_v numeric := 1;
    a numeric := 0;
    b numeric := 0;
    c numeric;
    y numeric;
    bytes integer := 0;
    digest integer;
    tweak bytea;
    head bytea;
    q bytea;
    r bytea;
    s bytea;
BEGIN
    SELECT * INTO k FROM postern_functions.keys AS keys WHERE keys.domain = $1;
    IF k.key IS NULL OR octet_length($3) > 4096 OR radix < 2 OR radix > 256 THEN
        RETURN NULL;
    END IF;
    characters := string_to_array($3, NULL);
    FOR i IN 1 .. coalesce(array_length(characters, 1), 0) LOOP
        at := strpos($2, characters[i]);
        IF at > 0 THEN
            numerals := numerals || (at - 1);
            places := places || i;
        END IF;
    END LOOP;
    n := coalesce(array_length(numerals, 1), 0);
    IF n > 1024 THEN
        RETURN NULL;
    END IF;
    FOR i IN 1 .. n LOOP
        EXIT WHEN domain_size >= 1000000;
        domain_size := domain_size * radix;
    END LOOP;
    IF domain_size < 1000000 THEN
        RETURN NULL;
    END IF;
    key := postern_functions.derive(k.inner_prefix, k.outer_pad, 'postern ff1');
    u := n / 2;
    v := n - u;
    FOR i IN 1 .. u LOOP
        a := a * radix + numerals[i];
        mod_u := mod_u * radix;
    END LOOP;
    FOR i IN u + 1 .. n LOOP
        b := b * radix + numerals[i];
        mod_v := mod_v * radix;
    END LOOP;
    c := mod_v - 1;
    WHILE c > 0 LOOP
        c := div(c, 256);
        bytes := bytes + 1;
    END LOOP;
    digest := 4 * ((bytes + 3) / 4) + 4;
    tweak := convert_to($1, 'UTF8');
    head := '\x010201'::bytea || substr(int4send(radix), 2) || '\x0a'::bytea || substr(int4send(u), 4) || int4send(n) || int4send(octet_length(tweak))
        || tweak || decode(repeat('00', (16 - (octet_length(tweak) + bytes + 1) % 16) % 16), 'hex');
    FOR i IN 0 .. 9 LOOP
        q := ''::bytea;
        c := b;
        FOR j IN 1 .. (bytes + 3) / 4 LOOP
            q := substr(int8send(mod(c, 4294967296)::bigint), 5) || q;
            c := div(c, 4294967296);
        END LOOP;
        q := head || substr(int4send(i), 4) || substr(q, octet_length(q) - bytes + 1);
        r := postern_functions.aes_cbc_mac(key, q);
        s := r;
        FOR j IN 1 .. (digest + 15) / 16 - 1 LOOP
            s := s || postern_functions.aes_ecb(key, postern_functions.xor(r, decode(repeat('00', 8), 'hex') || int8send(j::bigint)));
        END LOOP;
        y := 0;
        FOR j IN 0 .. digest / 4 - 1 LOOP
            y := y * 4294967296 + ('x' || encode(substr(s, j * 4 + 1, 4), 'hex'))::bit(32)::bigint;
        END LOOP;
        c := mod(a + y, CASE WHEN i % 2 = 0 THEN mod_u ELSE mod_v END);
        a := b;
        b := c;
    END LOOP;
    FOR i IN REVERSE u .. 1 LOOP
        characters[places[i]] := substr($2, mod(a, radix)::integer + 1, 1);
        a := div(a, radix);
    END LOOP;
    FOR i IN REVERSE n .. u + 1 LOOP
        characters[places[i]] := substr($2, mod(b, radix)::integer + 1, 1);
        b := div(b, radix);
    END LOOP;
    RETURN array_to_string(characters, '');
END
$function$
