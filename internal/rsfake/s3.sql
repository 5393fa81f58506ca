-- UNLOAD's other half: the rows of a query, which the person ran into a temporary table, are written below a folder of the server's that stands for S3. Run
-- behind shim.sql. There is no backslash here: sessions have standard_conforming_strings off.
CREATE FUNCTION pg_rs_shim.unload(place text, shape text, options text, ending text, partition text[], include boolean, overwrite boolean, clean boolean) RETURNS void
SECURITY DEFINER SET search_path = pg_catalog LANGUAGE plpgsql AS $$
DECLARE
  root text := current_setting('data_directory') || '/rsfake_s3/' || current_database() || '/';
  plain text := '^[A-Za-z0-9_.=+/-]+$';
  path text; key text := quote_literal(''); part text; shown text; total bigint; target text;
BEGIN
  IF place !~ plain OR strpos(place, '..') > 0 OR ending !~ '^[A-Za-z0-9_.-]*$' THEN
    RAISE EXCEPTION 'S3ServiceException: the stand-in does not write to %', place;
  END IF;
  IF EXISTS (SELECT FROM unnest(partition) AS p WHERE NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'pg_temp.rsfake_unload'::regclass AND attname = p AND attnum > 0)) THEN
    RAISE EXCEPTION 'Partition column does not exist in the query result';
  END IF;
  IF cardinality(partition) > 0 THEN
    SELECT string_agg(format('%L || %I::text || %L', p || '=', p, '/'), ' || ' ORDER BY n) INTO key FROM unnest(partition) WITH ORDINALITY AS u(p, n);
    place := rtrim(place, '/') || '/';
  END IF;
  SELECT string_agg(format('%I', attname), ', ' ORDER BY attnum) INTO shown FROM pg_attribute
    WHERE attrelid = 'pg_temp.rsfake_unload'::regclass AND attnum > 0 AND NOT attisdropped AND (include OR attname <> ALL (partition));
  IF shape = 'json' THEN
    SELECT format('(SELECT to_jsonb(j) FROM (SELECT %s) AS j)::text', shown) INTO shown;
  END IF;
  IF clean THEN
    EXECUTE format('COPY (SELECT 1) TO PROGRAM %L', 'rm -rf -- ''' || root || place || '''*');
  END IF;
  EXECUTE 'SELECT count(*) FROM pg_temp.rsfake_unload' INTO total;
  FOR part IN EXECUTE format('SELECT DISTINCT %s AS k FROM pg_temp.rsfake_unload ORDER BY 1', key) LOOP
    IF part IS NULL OR part <> '' AND part !~ plain THEN
      RAISE EXCEPTION 'the stand-in has no partition of this value';
    END IF;
    target := place || part || CASE WHEN part = '' THEN '0000_part_00' ELSE '000' END || ending;
    path := root || target;
    IF (pg_stat_file(path, true)).size IS NOT NULL AND NOT overwrite THEN
      RAISE EXCEPTION 'Specified unload destination on S3 is not empty. Consider using a different bucket / prefix, manually removing the target files in S3, or using the ALLOWOVERWRITE option.';
    END IF;
    EXECUTE format('COPY (SELECT %s FROM pg_temp.rsfake_unload WHERE %s = %L) TO PROGRAM %L WITH (%s)', shown, key, part,
      'mkdir -p -- ''' || regexp_replace(path, '/[^/]*$', '') || ''' && cat > ''' || path || '''', options);
  END LOOP;
  RAISE INFO 'UNLOAD completed, % record(s) unloaded successfully.', total;
END $$;
