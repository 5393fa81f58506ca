-- pgpromise 12.7.1, captured from the running client by `make capture`
SELECT * FROM nation WHERE n_nationkey IN (1,2)
--;
begin
--;
SELECT 1
--;
SELECT * FROM nation WHERE n_name = 'FRANCE'
--;
commit
--;
SELECT 2
--;
