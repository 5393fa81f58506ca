package difftest

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/posternsql/postern/internal/difftest/evaluator"
)

// What TestRedshiftGeneratedPolicies has to come to at the least.
const (
	redshiftSets           = 16
	minimumRedshiftTriples = 3_000
)

// redshiftQueries are asked under every generated set; @ is the schema. None of them can fail by a value: a Redshift has no barrier against conditions that do, and what
// push says of it is that it keeps hidden rows from results only.
func redshiftQueries(seed uint64) (out []string) {
	r := rand.New(rand.NewPCG(seed, 0x72))
	region := func() string { return []string{"'EU'", "'US'", "'AS'", "'hidden'"}[r.IntN(4)] }
	number := func() string { return []string{"0", "5", "7", "10", "20", "-20", "25"}[r.IntN(7)] }
	return []string{
		"SELECT * FROM @.a", "SELECT * FROM @.b", "SELECT * FROM @.c", "SELECT * FROM @.d", "SELECT b.* FROM @.b",
		"SELECT count(*), count(amount), sum(amount), min(region), max(code), count(DISTINCT owner) FROM @.a",
		"SELECT region, count(*) FROM @.a GROUP BY region", "SELECT region, sum(amount) FROM @.a GROUP BY region HAVING count(*) > 1",
		"SELECT id FROM @.a WHERE region = " + region(), "SELECT id FROM @.a WHERE region IS NULL", "SELECT id, code FROM @.a WHERE code LIKE '%1%'",
		"SELECT id FROM @.a WHERE amount > " + number(), "SELECT id FROM @.a WHERE amount BETWEEN -20 AND " + number(), "SELECT id FROM @.a WHERE NOT (amount > " + number() + ")",
		"SELECT x.id, y.id AS other FROM @.a AS x JOIN @.b AS y ON y.a_id = x.id", "SELECT x.id, y.note FROM @.a AS x LEFT JOIN @.b AS y ON y.a_id = x.id AND y.region = " + region(),
		"SELECT x.id FROM @.a AS x, @.c AS y WHERE x.region = y.label AND y.id < 3", "SELECT id FROM @.a WHERE id IN (SELECT a_id FROM @.b)",
		"SELECT id, rank() OVER (PARTITION BY region ORDER BY amount, id) FROM @.a", "SELECT id, lag(code) OVER (ORDER BY id) FROM @.a",
		"WITH x AS (SELECT region, count(*) AS n FROM @.a GROUP BY 1) SELECT y.id, x.n FROM @.b AS y LEFT JOIN x ON x.region = y.region",
		"SELECT region FROM @.a UNION SELECT region FROM @.b", "SELECT region FROM @.a EXCEPT SELECT label FROM @.c", "SELECT region FROM @.a MINUS SELECT label FROM @.c",
		"SELECT DISTINCT owner, region FROM @.a", "SELECT TOP 5 id, amount FROM @.a ORDER BY amount DESC, id", "SELECT id FROM @.a ORDER BY code, id LIMIT " + fmt.Sprint(1+r.IntN(9)),
		"SELECT NVL(owner, 'nobody') || ':' || NVL(code, '-') FROM @.a", "SELECT CASE WHEN amount < 0 THEN 'minus' WHEN amount IS NULL THEN 'none' ELSE region END FROM @.a",
		"SELECT LISTAGG(code, ',') WITHIN GROUP (ORDER BY id) FROM @.a", "SELECT max(char_length(note)) FROM @.b", "SELECT note FROM @.b WHERE strpos(note, '0') > 0",
		"SELECT x.region, y.label FROM @.a AS x RIGHT JOIN @.c AS y ON y.label = x.region AND x.amount = " + number(), "SELECT x.id FROM @.a AS x JOIN @.a AS y ON x.code = y.code AND x.id < y.id",
		"SELECT nullif(region, " + region() + ") FROM @.a", "SELECT greatest(amount, 6) FROM @.a", "SELECT y.* FROM (SELECT region, amount FROM @.a) AS y WHERE amount = " + number(),
		"SELECT bool_and(amount > 0), bool_or(region = " + region() + ") FROM @.a", "SELECT upper(code), len(note) FROM @.b AS y LEFT JOIN @.a AS x ON x.id = y.a_id",
		"SELECT count(*) FROM @.a AS x, @.b AS y", "SELECT id FROM @.b WHERE qty = " + number() + " OR note LIKE 'call%'", "SELECT DECODE(region, 'EU', 1, 'US', 2, 0), count(*) FROM @.a GROUP BY 1",
	}
}

var (
	// redshiftTable is a table in redshiftQueries.
	redshiftTable = regexp.MustCompile(`@\.[a-z]+`)
	// redshiftOrdered is a query whose rows come in an order.
	redshiftOrdered = regexp.MustCompile(`ORDER BY [a-z ,]+(LIMIT [0-9]+)?$`)
)

// ask compares all queries for everybody: through the proxy, as the account directly, and on the copy.
func (l *redshiftLaboratory) ask(label string, queries []string, out *tripleTally) {
	var wait sync.WaitGroup
	for name, s := range l.people {
		wait.Go(func() {
			for i, text := range queries {
				at := func(c *client, schema func(table string) string) answer {
					sql := redshiftTable.ReplaceAllStringFunc(text, func(at string) string { return schema(at[2:]) + at[1:] })
					return c.ask(l.t.Context(), protocol(i%2), statement{sql: sql, ordered: redshiftOrdered.MatchString(text)})
				}
				want, proxied := at(s.copied, func(string) string { return "copy_" + name }), at(s.proxied, func(string) string { return "g" })
				direct := at(s.direct, func(table string) string { return map[bool]string{true: "governed_g", false: "g"}[l.views["g."+table]] })
				out.note(want, func(way string, got answer) string {
					if d := redshiftApart(got, want); d != "" {
						return fmt.Sprintf("%s, %s %s: %s\n%s", label, name, way, text, d)
					}
					return ""
				}, proxied, direct)
			}
		})
	}
	wait.Wait()
}

// redshiftApart is apart without what a Redshift tells of types: no row may differ.
func redshiftApart(got, want answer) string {
	for _, a := range []*answer{&got, &want} {
		for i, c := range a.columns {
			a.columns[i], _, _ = strings.Cut(c, ":")
		}
		a.tag = ""
	}
	if strings.Contains(strings.Join(got.rows, " "), "MK hidden") && !strings.Contains(strings.Join(want.rows, " "), "MK hidden") {
		return "LEAK: a hidden value came back"
	}
	return apart(got, want)
}

// TestRedshiftGeneratedPolicies: under each of many generated sets, published and pushed one over the other, everybody has the same answers through the proxy in front of a
// Redshift's stand-in, with their own account from what is pushed into it, and from tables that the independent evaluator filled.
func TestRedshiftGeneratedPolicies(t *testing.T) {
	l := newRedshiftLaboratory(t)
	sets := envCount(t, "POSTERN_REDSHIFT_SETS", redshiftSets)
	var total tripleTally
	start := time.Now()
	refused := 0
	for seed, done := uint64(1), uint64(0); done < sets; seed++ {
		s := evaluator.Generate(seed)
		if !l.sayable(s) {
			refused++
			continue
		}
		done++
		l.force(s, s)
		before := len(total.failures)
		l.ask(fmt.Sprintf("set %d", seed), redshiftQueries(seed), &total)
		if len(total.failures) > before {
			t.Errorf("%s\nof\n%s", strings.Join(total.failures[before:min(len(total.failures), before+3)], "\n"), s.YAML())
		}
	}
	leaks := 0
	for _, f := range total.failures {
		if strings.Contains(f, "LEAK") {
			leaks++
		}
	}
	t.Logf("%d sets on a Redshift's stand-in (%d more refused when they were published), %d comparisons of three: %d with rows, %d denied, %d differing, %d leaks; %d syncs; in %v", sets, refused, total.compared, total.withRows, total.denied,
		len(total.failures), leaks, l.syncs, time.Since(start).Round(time.Second))
	if sets >= redshiftSets && (total.compared < minimumRedshiftTriples || total.withRows < minimumRedshiftTriples/3) {
		t.Errorf("at least %d comparisons are wanted, a third of them with rows", minimumRedshiftTriples)
	}
}
