-- guarantee: lake.events: rows are hidden from results, not from a determined prober: Redshift's views are no barrier, and what somebody computes of a column may run on rows that the view then hides; the proxy answers without; Redshift's own policies could not say it: row-level security is for tables of the database itself, and it is a foreign table
-- guarantee: sales.orders: values are masked or left out by the view, which is all that a reader can compute with; it hides no rows; Redshift's own policies could not say it: the mask of column total depends on the person, and masking policies know roles
-- guarantee: shop.customer: rows are hidden from results, not from a determined prober: Redshift's views are no barrier, and what somebody computes of a column may run on rows that the view then hides; the proxy answers without; Redshift's own policies could not say it: the mask of column c_phone depends on the person, and masking policies know roles
-- 1 statement in 1 transaction, 1 WIDENS_ACCESS

-- everything at once
BEGIN;
-- WIDENS_ACCESS
-- $1: the profile of bob
CALL postern_procedures.put_profile($1, $2, $3, $4, $5, $6, $7, $8);
COMMIT;
