-- drizzle 0.45.4, captured from the running client by `make capture`
select "customer"."c_custkey", "customer"."c_name", "customer"."c_nationkey", "customer"."c_acctbal", "nation"."n_nationkey", "nation"."n_name", "nation"."n_regionkey" from "customer" inner join "nation" on "nation"."n_nationkey" = "customer"."c_nationkey" where "customer"."c_custkey" < $1 order by "customer"."c_custkey"
--;
select "c_nationkey", count(*), avg("c_acctbal") from "customer" group by "customer"."c_nationkey" order by count(*) desc limit $1
--;
select "nation"."n_nationkey", "nation"."n_name", "nation"."n_regionkey", "nation_customers"."data" as "customers" from "nation" "nation" left join lateral (select coalesce(json_agg(json_build_array("nation_customers"."c_name")), '[]'::json) as "data" from (select * from "customer" "nation_customers" where "nation_customers"."c_nationkey" = "nation"."n_nationkey" limit $1) "nation_customers") "nation_customers" on true where ("nation"."n_nationkey" in ($2, $3) and "nation"."n_name" ilike $4)
--;
select "customer"."c_custkey", "customer"."c_name", "customer"."c_nationkey", "customer"."c_acctbal", lower("customer"."c_name") as "low", "customer_of"."data" as "of" from "customer" "customer" left join lateral (select json_build_array("customer_of"."n_nationkey", "customer_of"."n_name", "customer_of"."n_regionkey") as "data" from (select * from "nation" "customer_of" where "customer_of"."n_nationkey" = "customer"."c_nationkey" limit $1) "customer_of") "customer_of" on true order by "customer"."c_custkey" desc limit $2
--;
select count(*) as count from "nation";
--;
select "n_nationkey", "n_name", "n_regionkey" from "nation" where "nation"."n_nationkey" = $1
--;
begin read only
--;
select "n_nationkey", "n_name", "n_regionkey" from "nation" limit $1
--;
commit
--;
