package main

import (
	"fmt"
	"strings"
)

// query is one question. text makes it for the i-th run.
type query struct {
	name string
	// leakproof says that nothing in it can tell of a row.
	leakproof bool
	text      func(i int) string
}

// visible is an id that the filter lets through, spread over the table.
func visible(i int) int { return (i*7919%(rows/5))*5 + 5 }

func queries() []query {
	text := func(format string, args ...func(int) any) func(int) string {
		return func(i int) string {
			values := make([]any, len(args))
			for j, a := range args {
				values[j] = a(i)
			}
			return fmt.Sprintf(format, values...)
		}
	}
	id := func(i int) any { return visible(i) }
	outer := func(i int) any { return i*5000%orders + 1 }
	return []query{
		{"point, integer key", true, text("SELECT * FROM t WHERE id = %d", id)},
		{"point, integer key, two columns", true, text("SELECT id, name FROM t WHERE id = %d", id)},
		{"point, integer key, all that is not masked", true, text("SELECT id, code, name, country, k, amount, day FROM t WHERE id = %d", id)},
		{"point, text key", true, text("SELECT id, name FROM t WHERE code = 'c%d'", id)},
		{"IN list of 100 keys", true, func(i int) string {
			list := make([]string, 100)
			for j := range list {
				list[j] = fmt.Sprint(visible(i*100 + j))
			}
			return "SELECT id, name FROM t WHERE id IN (" + strings.Join(list, ", ") + ")"
		}},
		{"range, date, 1,000 rows", true, text("SELECT id, name FROM t WHERE day = date '2020-01-01' + %d", func(i int) any { return i % 1000 })},
		{"join, 1 outer row by key", true, text("SELECT t.id, t.name FROM o JOIN t ON t.id = o.t_id WHERE o.id = %d", outer)},
		{"join, 10 outer rows by key", true, text("SELECT t.id, t.name FROM o JOIN t ON t.id = o.t_id WHERE o.id BETWEEN %[1]d AND %[1]d + 9", outer)},
		{"join, 1,000 outer rows by key", true, text("SELECT t.id, t.name FROM o JOIN t ON t.id = o.t_id WHERE o.id BETWEEN %[1]d AND %[1]d + 999", outer)},
		{"join, 10 outer rows by text key", true, text("SELECT t.id FROM o JOIN t ON t.code = o.code WHERE o.id BETWEEN %[1]d AND %[1]d + 9", outer)},
		{"LEFT JOIN, 10 outer rows", true, text("SELECT o.id, t.name FROM o LEFT JOIN t ON t.id = o.t_id WHERE o.id BETWEEN %[1]d AND %[1]d + 9", outer)},
		{"EXISTS, 10 outer rows", true, text("SELECT o.id FROM o WHERE o.id BETWEEN %[1]d AND %[1]d + 9 AND EXISTS (SELECT 1 FROM t WHERE t.id = o.t_id)", outer)},
		{"below a derived table", true, text("SELECT d.id, d.name FROM (SELECT * FROM t) d WHERE d.id = %d", id)},
		{"below a derived table, two columns", true, text("SELECT d.id, d.name FROM (SELECT id, name FROM t) d WHERE d.id = %d", id)},
		{"plain view, integer key", true, text("SELECT id, name FROM v WHERE id = %d", id)},
		{"plain view, join, 10 outer rows by key", true, text("SELECT v.id, v.name FROM o JOIN v ON v.id = o.t_id WHERE o.id BETWEEN %[1]d AND %[1]d + 9", outer)},
		{"ORDER BY key LIMIT 10", true, text("SELECT id, name FROM t ORDER BY id LIMIT 10")},
		{"count(*)", true, text("SELECT count(*) FROM t")},
		{"GROUP BY", true, text("SELECT day, count(*), max(k) FROM t GROUP BY day")},
		{"point + LIKE '%x%'", false, text("SELECT id, name FROM t WHERE id = %d AND name LIKE '%%1%%'", id)},
		{"LIKE 'prefix%'", false, text("SELECT id, name FROM t WHERE name LIKE 'name %d%%'", id)},
		{"numeric key", false, text("SELECT id, name FROM t WHERE amount = %d", id)},
		{"arithmetic on the key", false, text("SELECT id, name FROM t WHERE id = %d AND k + 1 > 0", id)},
		{"LIKE, ORDER BY key LIMIT 10", false, text("SELECT id, name FROM t WHERE name LIKE '%%9%%' ORDER BY id LIMIT 10")},
		{"SELECT *, LIKE, ORDER BY key LIMIT 10", false, text("SELECT * FROM t WHERE name LIKE '%%9%%' ORDER BY id LIMIT 10")},
		{"range + LIKE", false, text("SELECT id, name FROM t WHERE day = date '2020-01-01' + %d AND name LIKE '%%9%%'", func(i int) any { return i % 1000 })},
		{"join, 1,000 outer rows + LIKE", false, text("SELECT t.id, t.name FROM o JOIN t ON t.id = o.t_id WHERE o.id BETWEEN %[1]d AND %[1]d + 999 AND t.name LIKE '%%9%%'", outer)},
		{"join on a numeric key, 10 outer rows", false, text("SELECT t.id FROM o JOIN t ON t.amount = o.amount WHERE o.id BETWEEN %[1]d AND %[1]d + 9", outer)},
		{"derived table, point + LIKE", false, text("SELECT d.id FROM (SELECT * FROM t) d WHERE d.id = %d AND d.name LIKE '%%1%%'", id)},
		{"plain view, point + LIKE", false, text("SELECT id, name FROM v WHERE id = %d AND name LIKE '%%1%%'", id)},
		{"LIKE over the whole table, count", false, text("SELECT count(*) FROM t WHERE name LIKE '%%99%%'")},
	}
}
