-- knex 3.3.0, captured from the running client by `make capture`
select version();
--;
select * from information_schema.columns where table_name = $1 and table_catalog = current_database() and table_schema = current_schema()
--;
select * from information_schema.tables where table_name = $1 and table_schema = current_schema()
--;
select * from information_schema.columns where table_name = $1 and column_name = $2 and table_schema = current_schema()
--;
select * from "nation" where "n_regionkey" = $1 and "n_nationkey" in ($2, $3, $4, $5) order by "n_name" asc limit $6
--;
select "n_name", count(*) as "n" from "customer" inner join "nation" on "c_nationkey" = "n_nationkey" group by "n_name" having count(*) > $1
--;
select * from "nation"
--;
