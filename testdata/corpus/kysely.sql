-- kysely 0.28.18, captured from the running client by `make capture`
select "a"."attname" as "column", "a"."attnotnull" as "not_null", "a"."atthasdef" as "has_default", "c"."relname" as "table", "c"."relkind" as "table_type", "ns"."nspname" as "schema", "typ"."typname" as "type", "dtns"."nspname" as "type_schema", col_description(a.attrelid, a.attnum) as "column_description", pg_get_serial_sequence(quote_ident(ns.nspname) || '.' || quote_ident(c.relname), a.attname) as "auto_incrementing" from "pg_catalog"."pg_attribute" as "a" inner join "pg_catalog"."pg_class" as "c" on "a"."attrelid" = "c"."oid" inner join "pg_catalog"."pg_namespace" as "ns" on "c"."relnamespace" = "ns"."oid" inner join "pg_catalog"."pg_type" as "typ" on "a"."atttypid" = "typ"."oid" inner join "pg_catalog"."pg_namespace" as "dtns" on "typ"."typnamespace" = "dtns"."oid" where "c"."relkind" in ($1, $2, $3) and "ns"."nspname" !~ $4 and "ns"."nspname" != $5 and "ns"."nspname" != $6 and has_schema_privilege(ns.nspname, 'USAGE') and "a"."attnum" >= $7 and "a"."attisdropped" != $8 and "c"."relname" != $9 and "c"."relname" != $10 order by "ns"."nspname", "c"."relname", "a"."attnum"
--;
select "nspname" from "pg_catalog"."pg_namespace"
--;
select "c"."c_custkey", "c"."c_name", "n"."n_name" from "customer" as "c" inner join "nation" as "n" on "n"."n_nationkey" = "c"."c_nationkey" where "c"."c_custkey" < $1 order by "c"."c_custkey"
--;
select * from "nation" where ("n_nationkey" in ($1, $2) or "n_name" like $3) limit $4 offset $5
--;
select "c_nationkey", count(*) as "n", max("c_acctbal") as "top" from "customer" group by "c_nationkey" having count(*) > $1
--;
with "f" as (select "n_nationkey" from "nation" where "n_regionkey" = $1) select * from "f"
--;
start transaction isolation level repeatable read
--;
select * from "region"
--;
commit
--;
SELECT $1::integer AS one
--;
