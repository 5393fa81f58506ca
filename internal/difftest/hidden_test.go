package difftest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/posternsql/postern/internal/difftest/querygen"
	"github.com/posternsql/postern/internal/difftest/sanitised"
)

// hiding are the columns that are hidden from cyd in TestHiddenColumns: one that a condition of a policy reads, one that views read, one of
// a key's table, and some of no use to anybody else.
const hiding = `
---
kind: DataPolicy
name: hidden-columns
on: {tables: [wh.shop.customer, wh.hr.employee, wh.ref.item, wh.shop.orders, wh.shop.orders_2024, wh.shop.event, wh.shop.event_web]}
rules:
  - mask: {columns: [prefs, code, grade, skills, kind, rate, amount], hide: true}
    onlyFor: "isInGroups('marketing')"
`

// What has to come of TestHiddenColumns: of cyd's questions many are about columns that are not there.
const (
	hiddenQueries         = 1500
	minimumHiddenAccepted = 75.0 // percent
	minimumHiddenWithRows = 20.0
)

// hiddenDatabase is cyd's copy without the hidden columns.
func hiddenDatabase(t testing.TB) string {
	t.Helper()
	const name = "sanitised_hidden"
	drop := `ALTER TABLE shop.customer DROP COLUMN prefs, DROP COLUMN code CASCADE; ALTER TABLE hr.employee DROP COLUMN grade, DROP COLUMN skills;
		ALTER TABLE ref.item DROP COLUMN kind CASCADE; ALTER TABLE shop.orders DROP COLUMN rate CASCADE; ALTER TABLE shop.orders_2024 DROP COLUMN rate;
		ALTER TABLE shop.event DROP COLUMN amount CASCADE; ALTER TABLE shop.event_web DROP COLUMN amount; ANALYZE`
	for _, step := range []struct{ database, sql string }{
		{"postgres", "CREATE DATABASE " + name + " TEMPLATE " + sanitised.Database("cyd")}, {name, drop},
	} {
		if err := shared.cluster.Exec(t.Context(), step.database, step.sql); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if err := shared.cluster.DropDatabase(context.Background(), name); err != nil {
			t.Error(err)
		}
	})
	return name
}

// TestHiddenColumns: with columns hidden from a person, everything is as on a copy whose tables never had them: stars, whole rows, joins by
// common names, errors.
func TestHiddenColumns(t *testing.T) {
	database := hiddenDatabase(t)
	p := startPostern(t, damage{policies: func(name, text string) string {
		if name == "masks.yaml" {
			text += hiding
		}
		return text
	}})
	newHidden := func() *oracle {
		address := fmt.Sprintf("127.0.0.1:%d", shared.cluster.Port)
		return &oracle{person: "cyd", proxied: connect(t, p.address, connectionName, "cyd"), plain: connect(t, address, database, "cyd")}
	}
	o := newHidden()
	var total tally
	ask := func(what string, how protocol, st statement) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		v := o.compare(ctx, how, st)
		total.add(v)
		if (v.outcome == differing || v.outcome == leaking) && total.differing+total.leaking <= shownFailures {
			t.Errorf("%s, %s protocol: %s\n%s", what, how, st.sql, v.detail)
		}
	}
	for i, table := range everyTable() {
		for _, sql := range []string{"SELECT * FROM " + table, "SELECT x::text FROM " + table + " AS x", "SELECT x.code, x.rate FROM " + table + " AS x",
			"SELECT * FROM shop.customer NATURAL JOIN " + table, "SELECT row_to_json(x) FROM " + table + " AS x", "SELECT amount FROM " + table} {
			ask(table, []protocol{simple, extended, binary}[i%3], statement{sql: sql})
		}
	}
	var names []string
	for _, a := range o.proxied.ask(t.Context(), simple, statement{sql: "SELECT attname FROM pg_attribute WHERE attrelid > 16384 UNION ALL SELECT column_name FROM information_schema.columns"}).rows {
		names = append(names, fmt.Sprint(a))
	}
	for _, hidden := range []string{"prefs", "grade", "skills", "rate"} {
		if strings.Contains(strings.Join(names, " ")+" ", hidden+" ") || len(names) < 100 {
			t.Errorf("the catalogue shows %s, among %d columns", hidden, len(names))
		}
	}
	count := envCount(t, "POSTERN_ORACLE_QUERIES", hiddenQueries)
	for i := range min(count, hiddenQueries) {
		q, how := querygen.Generate(generatedSeed+1, i), protocolOf(i)
		ask(fmt.Sprintf("number %d", i), how, render(q, q.Root, how))
	}
	t.Logf("hidden columns: %s", &total)
	if got := percent(total.accepted, total.cases); got < minimumHiddenAccepted {
		t.Errorf("%.1f %% are accepted, at least %.0f %% have to be", got, minimumHiddenAccepted)
	}
	if got := percent(total.withRows, total.cases); got < minimumHiddenWithRows {
		t.Errorf("%.1f %% have rows, at least %.0f %% have to", got, minimumHiddenWithRows)
	}
}
