package difftest

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// policyQueries are asked under every generated set. The ones that divide or cast raise an error if, and only if, a row is visible on which they fail.
func policyQueries(seed uint64) (out []statement) {
	r := rand.New(rand.NewPCG(seed, 0x71))
	region := func() string { return []string{"'EU'", "'US'", "'AS'", "'hidden'"}[r.IntN(4)] }
	number := func() string { return []string{"0", "5", "7", "10", "20", "-20", "25"}[r.IntN(7)] }
	texts := []string{
		"SELECT * FROM a", "SELECT * FROM b", "SELECT * FROM c", "SELECT * FROM d", "TABLE a", "SELECT x::text FROM a AS x", "SELECT b.* FROM b",
		"SELECT count(*), count(amount), sum(amount), min(region), max(code), count(DISTINCT owner) FROM a",
		"SELECT region, count(*) FROM a GROUP BY region", "SELECT code, owner, count(*) FROM a GROUP BY GROUPING SETS ((code), (owner), ())",
		"SELECT region, sum(amount) FROM a GROUP BY ROLLUP (region) HAVING count(*) > 1",
		"SELECT id FROM a WHERE region = " + region(), "SELECT id FROM a WHERE region IS NULL", "SELECT id, code FROM a WHERE code LIKE '%1%'",
		"SELECT id FROM a WHERE code ~ '^[0-9]+$'", "SELECT id FROM a WHERE amount > " + number(), "SELECT id FROM a WHERE amount BETWEEN -20 AND " + number(),
		"SELECT count(*) FROM a WHERE 100 / amount > 1", "SELECT id FROM a WHERE code::integer > 1", "SELECT count(*) FROM b WHERE 7 % qty = 0",
		"SELECT id, 100 / amount FROM a WHERE amount <> 0", "SELECT count(*) FROM a WHERE substr(code, id - 30) <> ''", "SELECT sqrt(amount) FROM a",
		"SELECT a.id, b.id FROM a JOIN b ON b.a_id = a.id", "SELECT a.id, b.note FROM a LEFT JOIN b ON b.a_id = a.id AND b.region = " + region(),
		"SELECT count(*) FROM a FULL JOIN b ON b.region = a.region AND a.id = b.id", "SELECT a.id FROM a, c WHERE a.region = c.label AND c.id < 3",
		"SELECT id FROM a WHERE EXISTS (SELECT FROM b WHERE b.a_id = a.id)", "SELECT id FROM a WHERE NOT EXISTS (SELECT FROM b WHERE b.a_id = a.id AND b.qty > 0)",
		"SELECT id FROM a WHERE id IN (SELECT a_id FROM b)", "SELECT id FROM a WHERE id NOT IN (SELECT a_id FROM b)",
		"SELECT id FROM b WHERE region = ANY (SELECT label FROM c)", "SELECT (SELECT max(amount) FROM a WHERE a.region = b.region) FROM b",
		"SELECT id, rank() OVER (PARTITION BY region ORDER BY amount, id) FROM a", "SELECT id, lag(code) OVER (ORDER BY id) FROM a",
		"WITH x AS (SELECT region, count(*) AS n FROM a GROUP BY 1) SELECT b.id, x.n FROM b LEFT JOIN x USING (region)",
		"WITH RECURSIVE w (n) AS (SELECT min(id) FROM a UNION ALL SELECT n + 1 FROM w WHERE n < 9) SELECT * FROM w",
		"SELECT region FROM a UNION SELECT region FROM b", "SELECT region FROM a EXCEPT SELECT label FROM c", "SELECT id FROM a INTERSECT ALL SELECT a_id FROM b",
		"SELECT DISTINCT owner, region FROM a", "SELECT DISTINCT ON (region) region, id FROM a ORDER BY region, id",
		"SELECT id, amount FROM a ORDER BY amount DESC NULLS LAST, id LIMIT 5 OFFSET 2", "SELECT id FROM a ORDER BY code, id LIMIT " + fmt.Sprint(1+r.IntN(9)),
		"SELECT coalesce(owner, 'nobody') || ':' || coalesce(code, '-') FROM a", "SELECT CASE WHEN amount < 0 THEN 'minus' WHEN amount IS NULL THEN 'none' ELSE region END FROM a",
		"SELECT s.id, l.n FROM a AS s, LATERAL (SELECT count(*) AS n FROM b WHERE b.region = s.region) AS l", "SELECT string_agg(code, ',' ORDER BY id) FROM a",
		"SELECT array_agg(amount ORDER BY id) FROM a WHERE region = " + region(), "SELECT jsonb_agg(x.code ORDER BY x.id) FROM a AS x",
		"SELECT count(*) FILTER (WHERE qty = 0), avg(qty) FROM b", "SELECT max(length(note)) FROM b", "SELECT note FROM b WHERE position('0' in note) > 0",
		"SELECT md5(string_agg(coalesce(owner, '~'), '' ORDER BY id)) FROM a", "SELECT id FROM a WHERE owner = current_user", "SELECT id FROM a WHERE (region, amount) IN (('EU', 5), ('US', 0))",
		"SELECT a.region, x.label FROM a RIGHT JOIN c AS x ON x.label = a.region AND a.amount = " + number(), "SELECT a1.id FROM a AS a1 JOIN a AS a2 ON a1.code = a2.code AND a1.id < a2.id",
		"SELECT count(*) FROM a, b", "SELECT id FROM a WHERE NOT (amount > " + number() + ")", "SELECT id FROM a WHERE amount IS DISTINCT FROM " + number(),
		"VALUES ((SELECT count(*) FROM a), (SELECT count(*) FROM b))", "SELECT nullif(region, " + region() + ") FROM a", "SELECT greatest(amount, 6) FROM a",
		"SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY amount) FROM a", "SELECT id FROM a WHERE length(code) > (SELECT avg(length(note)) FROM b)",
		"SELECT generate_series(1, amount) FROM a WHERE amount BETWEEN 1 AND 7", "SELECT y.* FROM (SELECT region, amount FROM a OFFSET 0) AS y WHERE amount = " + number(),
		"SELECT a.* FROM a NATURAL JOIN c AS c (region_id, region)", "SELECT bool_and(amount > 0), bool_or(region = " + region() + ") FROM a",
	}
	for _, sql := range texts {
		out = append(out, statement{sql: sql, ordered: strings.Contains(sql, " LIMIT ")})
	}
	return out
}
