-- postgres 3.4.9, captured from the running client by `make capture`

      select b.oid, b.typarray
      from pg_catalog.pg_type a
      left join pg_catalog.pg_type b on b.oid = a.typelem
      where a.typcategory = 'A'
      group by b.oid, b.typarray
      order by b.oid
--;
SELECT * FROM nation WHERE n_nationkey = ANY($1) ORDER BY n_name
--;
SELECT * FROM nation
--;
SELECT * FROM customer LIMIT 1
--;
begin read only
--;
SELECT count(*) FROM customer
--;
commit
--;
