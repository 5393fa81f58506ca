package rslive

// The SHA-256 of the empty text, and of one letter beyond ASCII.
const (
	emptySHA256  = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	umlautSHA256 = "33e6d73fee82904c8d7afb78de1154d1e8dc2a0edb08120e63df5b9385c2d9cc"
)

// sqlPoints are about the words in which statements are printed (docs/redshift-dialect.md, docs/redshift-sql.md).
func sqlPoints() []Point {
	return []Point{
		accepted("backslash-escapes", "a backslash in a string is an escape, which is why none is ever sent", `SELECT '\''`, "'"),
		rejected("no-escape-strings", "E'…' is no string there", `SELECT E'a'`),
		rejected("no-standard-conforming-strings", "there is no such parameter, so that drivers cannot be told by it", "SHOW standard_conforming_strings"),
		accepted("names-are-folded", "names in quotes are folded, so that a policy's name is the one that is read", `SELECT "ID" FROM $s."T" WHERE "Id" = 1`, "1"),
		whether("extract-of-text", "whether EXTRACT takes its field as a string", "SELECT EXTRACT('year' FROM day) FROM $s.t WHERE id = 1"),
		whether("interval-cast", "whether '1 day'::interval is taken beside a user table", "SELECT CAST(day + '1 day'::interval AS date) FROM $s.t WHERE id = 1"),
		whether("quoted-built-ins", "whether built-in functions are found by their names in quotes", `SELECT "substring"(name, 1, 2), "lower"(name) FROM $s.t WHERE id = 1`),
		accepted("like-escape", "LIKE … ESCAPE works on compute nodes", "SELECT id FROM $s.t WHERE name LIKE 'a!!%' ESCAPE '!'", "2"),
		whether("like-escape-function", "whether pg_catalog.like_escape works on compute nodes", "SELECT id FROM $s.t WHERE name LIKE pg_catalog.like_escape('a!!%', '!')"),
		whether("top-in-parentheses", "whether TOP takes its number in parentheses", "SELECT TOP (1) id FROM $s.t ORDER BY id"),
		accepted("trailing-blanks", "comparisons ignore trailing blanks, which is why account names may have none", "SELECT count(*) FROM $s.t WHERE name = 'Ada  '", "1"),
		rejected("leader-only-functions", "leader-node functions are refused beside user tables, and do not run apart", "SELECT current_schema() FROM $s.t"),
		accepted("built-in-functions", "the functions that masks and filters are made of run on compute nodes",
			"SELECT strpos(name, 'd'), replace(name, 'A', 'x'), rtrim(name, ' '), octet_length(name), sha2(name, 256) <> '', regexp_replace(name, '[a-z]', '*'), round(amount, -1), trunc(day) FROM $s.t WHERE id = 1", "*"),
		accepted("built-in-masks", "sha2 is lower-case hex over the bytes of UTF-8, of an empty text too, and NULL of NULL, and strtol and a division by 8 give 53 bits of it, beside a user table (masks: builtin)",
			"SELECT sha2('', 256) = '"+emptySHA256+"', sha2('ä', 256) = '"+umlautSHA256+"', sha2(CAST(NULL AS character varying(9)), 256) IS NULL, (strtol(substring('ffffffffffffffff', 1, 14), 16) / 8), strtol(CAST(NULL AS character varying(9)), 16) IS NULL FROM $s.t WHERE id = 1",
			"t|t|t|9007199254740991|t"),
		accepted("case-and-filters", "an uncorrelated IN under OR and NOT, and a window in CASE, are planned",
			"SELECT id FROM $s.t WHERE NOT (id IN (SELECT id FROM $s.t WHERE amount IS NULL) OR id > 5) AND CASE WHEN id = 1 THEN true ELSE false END ORDER BY id", "1"),
		accepted("having-without-group", "an aggregate with HAVING and without GROUP BY is one row, or none", "SELECT id FROM $s.t, (SELECT max(name) AS m FROM $s.t WHERE owner = current_user HAVING count(*) = 1) AS p WHERE m IS NULL ORDER BY id", ""),
		accepted("having-over-two-tables", "such an aggregate may join two small tables, and asks for the second by conditions of its own",
			"SELECT id FROM $s.t, (SELECT max(p.name) AS m FROM $s.t AS p, $s.t AS a WHERE ((p.id = 1) AND (a.id = 2)) HAVING (count(*) = 1)) AS u WHERE u.m = 'Ada' ORDER BY id", "1;2;3"),
		accepted("null-of-super", "CAST(NULL AS super) is taken", "SELECT CAST(NULL AS super) IS NULL FROM $s.t WHERE id = 1", "t"),
		accepted("getdate-is-utc", "getdate() beside a user table is UTC in a session of UTC", "SELECT abs(datediff(second, getdate(), sysdate)) < 60 FROM $s.t WHERE id = 1", "t"),
		accepted("explain-runs-nothing", "EXPLAIN plans a query without running it, as publishing does", "EXPLAIN SELECT 1 / (id - 1) FROM $s.t", "*"),
	}
}
