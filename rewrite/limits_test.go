package rewrite

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/pgerror"
)

func code(err error) string {
	var pe *pgerror.Error
	if errors.As(err, &pe) {
		return pe.Code
	}
	return fmt.Sprint(err)
}

// deep makes texts whose trees are n levels deep, by every construct that nests.
func deep(n int) map[string]string {
	repeat := strings.Repeat
	return map[string]string{
		"parentheses":      "SELECT " + repeat("(", n) + "1" + repeat(")", n),
		"functions":        "SELECT " + repeat("abs(", n) + "1" + repeat(")", n),
		"arrays":           "SELECT " + repeat("ARRAY[", n) + "1" + repeat("]", n),
		"rows":             "SELECT " + repeat("ROW(", n) + "1" + repeat(")", n),
		"case":             "SELECT " + repeat("CASE WHEN true THEN ", n) + "1" + repeat(" END", n),
		"case in when":     "SELECT " + repeat("CASE WHEN a.when THEN ", n) + "1" + repeat(" END", n),
		"case in end":      "SELECT " + repeat("CASE WHEN a.end THEN ", n) + "1" + repeat(" END", n),
		"labels end":       repeat("SELECT (SELECT 1 AS end, (SELECT 1 end, ", n) + "1" + repeat("))", n),
		"plus":             "SELECT 1" + repeat("+1", n),
		"plus on labels":   "SELECT 1" + repeat("+a.when", n),
		"plus and comment": "SELECT 1" + repeat("+1/*,*/", n),
		"minus":            "SELECT " + repeat("- ", n) + "1",
		"not":              "SELECT " + repeat("NOT ", n) + "true",
		"casts":            "SELECT 1" + repeat("::int", n),
		"is null":          "SELECT 1" + repeat(" IS NULL", n),
		"between":          "SELECT 1" + repeat(" BETWEEN 1 AND 2 IS NULL", n),
		"collate":          "SELECT 'a'" + repeat(` COLLATE "C"`, n),
		"at time zone":     "SELECT now()" + repeat(" AT TIME ZONE 'UTC'", n),
		"subselects":       repeat("SELECT (", n) + "SELECT 1" + repeat(")", n),
		"derived tables":   repeat("SELECT * FROM (", n) + "SELECT 1" + repeat(") x", n),
		"with":             repeat("WITH x AS (", n) + "SELECT 1" + repeat(") SELECT * FROM x", n),
		"unions":           "SELECT 1, 2" + repeat(" UNION SELECT 1, 2", n),
		"union parens":     repeat("(", n) + "SELECT 1" + repeat(" UNION SELECT 1)", n),
		"joins":            "SELECT 1 FROM nation n" + repeat(" JOIN nation n ON true AND true", n),
		"right joins":      "SELECT 1 FROM nation n" + repeat(" JOIN nation n", n) + repeat(" ON true", n),
		"cross joins":      "SELECT 1 FROM nation n" + repeat(" CROSS JOIN nation n", n),
		"join parens":      "SELECT 1 FROM " + repeat("(", n) + "nation" + repeat(" JOIN nation ON true)", n),
		"subscripts":       "SELECT " + repeat("a[", n) + "1" + repeat("]", n),
		"any":              "SELECT " + repeat("1 = ANY (ARRAY[", n) + "1" + repeat("])", n),
		"functions bodies": repeat("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1 end; ", n),
		"exists":           repeat("SELECT EXISTS (", n) + "SELECT 1" + repeat(")", n),
		"grouping sets":    "SELECT 1 GROUP BY " + repeat("GROUPING SETS (", n) + "()" + repeat(")", n),
		"and not":          "SELECT " + repeat("NOT (true AND ", n) + "true" + repeat(")", n),
	}
}

// No text may end the process, whatever it nests; those that nest deeply are refused before the parser sees them.
func TestDeepNesting(t *testing.T) {
	h := newHarness(t, damage{})
	for _, n := range []int{5_000, 60_000} {
		for name, sql := range deep(n) {
			t.Run(fmt.Sprintf("%s %d", name, n), func(t *testing.T) {
				_, err := h.rewrite(sql)
				switch code(err) {
				case pgerror.CodeTooComplex, pgerror.CodeLimitExceeded:
				case pgerror.CodeSyntaxError:
					// The parser's own stack is bounded too.
				default:
					t.Errorf("answered %.200v", err)
				}
			})
		}
	}
}

// What is let to the parser at the largest depth that can be configured must not overrun the C stack, through all that is done
// with a tree: parsing, walking, printing, parsing again.
func TestLargestDepth(t *testing.T) {
	h := newHarness(t, damage{})
	h.rw.config.MaxDepth = largestDepth
	for name, sql := range deep(largestDepth - 10) {
		t.Run(name, func(t *testing.T) {
			tree, err := pg.Parse(sql)
			if err == nil {
				_, _ = pg.Deparse(tree)
			}
			_, _ = h.rewrite(sql)
		})
	}
}

// The bound of the pre-scan is never below the depth of the tree that the parser builds, by our count of nodes.
func TestNestingIsABound(t *testing.T) {
	for _, n := range []int{1, 7, 40} {
		for name, sql := range deep(n) {
			if _, err := pg.Parse(sql); err != nil {
				continue
			}
			bound, err := nesting(sql, 1_000_000)
			if err != nil {
				t.Fatal(err)
			}
			if _, quick := estimate(sql); quick < n || bound < n {
				t.Errorf("%s: %d levels, bound %d, estimate %d", name, n, bound, quick)
			}
		}
	}
}

func TestLargeTexts(t *testing.T) {
	h := newHarness(t, damage{})
	list := func(n int) string { return strings.TrimSuffix(strings.Repeat("12345, ", n), ", ") }
	wide := make([]string, 1_600)
	for i := range wide {
		wide[i] = fmt.Sprintf("id + %d AS c%d", i, i)
	}
	for name, c := range map[string]struct{ sql, want string }{
		"IN list of 10,000":      {"SELECT count(*) FROM orders WHERE id IN (" + list(10_000) + ")", ""},
		"1,600 columns":          {"SELECT " + strings.Join(wide, ", ") + " FROM orders", ""},
		"VALUES of 5,000":        {"VALUES " + strings.TrimSuffix(strings.Repeat("(1, -1), ", 5_000), ", "), ""},
		"1,000 ORs of ANDs":      {"SELECT 1 FROM orders WHERE " + strings.TrimSuffix(strings.Repeat("(id = 1 AND total > 2) OR ", 1_000), " OR "), ""},
		"1 MB literal":           {"SELECT '" + strings.Repeat("(a+b)", 200_000) + "'", "54000"},
		"9 MB word":              {"SELECT '" + strings.Repeat("a", 9<<20) + "'", ""},
		"too long":               {"SELECT '" + strings.Repeat("a", 11<<20) + "'", "54000"},
		"too many tokens":        {"SELECT 1 IN (" + list(300_000) + ")", "54000"},
		"too many statements":    {strings.Repeat("SELECT 1;", 1_001), "54000"},
		"too many relations":     {"SELECT 1 FROM " + strings.TrimSuffix(strings.Repeat("nation, ", 501), ", "), "42712"},
		"too many relations as":  {"SELECT 1 FROM " + aliases(501), "54000"},
		"invalid UTF-8":          {"SELECT '\xff'", "22021"},
		"zero byte":              {"SELECT '\x00'", "22021"},
		"invalid UTF-8 escaped":  {`SELECT E'\xff'`, "22021"},
		"empty":                  {"", ""},
		"only a comment":         {"-- nothing\n/* at all */ ;;", ""},
		"unterminated":           {"SELECT 'abc", "42601"},
		"unterminated comment":   {"SELECT /* abc", "42601"},
		"bad unicode escape":     {`SELECT U&'\ZZZZ'`, "42601"},
		"bad unicode identifier": {`SELECT U&"\D800"`, "42601"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := h.rewrite(c.sql)
			got := ""
			if err != nil {
				got = code(err)
			}
			if got != c.want {
				t.Errorf("answered %.300v, want %q", err, c.want)
			}
		})
	}
}

func aliases(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "nation n%d, ", i)
	}
	return strings.TrimSuffix(b.String(), ", ")
}
