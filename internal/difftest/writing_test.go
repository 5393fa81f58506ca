package difftest

import (
	"os"
	"strings"
	"testing"

	"github.com/posternsql/postern/internal/difftest/sanitised"
)

// writable are the tables on which the people of TestWriting may write, in the raw warehouse and in their copies.
var writable = []string{"shop.customer", "shop.orders", "shop.line", "shop.event", `shop."Odd Name"`, "ref.nation", "ref.item", "hr.employee"}

const writers = `
---
kind: SubscriptionPolicy
name: writers
on: {tables: [wh.shop.customer, wh.shop.orders, wh.shop.line, wh.shop.event, "wh.shop.Odd Name", wh.ref.nation, wh.ref.item, wh.hr.employee]}
access: write
effect: grant
allow: {anyone: true}
`

// What has to come of TestWriting.
const (
	minimumWriting        = 1500 // comparisons, of statements and of what is seen after them
	minimumWritingChanges = 120  // statements that changed rows
	maximumWritingRefused = 75   // refused: rows and columns that a copy would take, and what docs/statements.md lists
)

func writeGrants() string {
	return "GRANT INSERT, UPDATE, DELETE, TRUNCATE ON " + strings.Join(writable, ", ") + " TO "
}

// startWriting serves with more policies, and a service role that may write.
func startWriting(t *testing.T, policies string) *postern {
	t.Helper()
	p := startPostern(t, damage{policies: func(name, text string) string {
		if name == "subscriptions.yaml" {
			text += policies
		}
		return text
	}})
	if err := shared.cluster.Exec(t.Context(), sanitised.Raw, writeGrants()+serviceRole); err != nil {
		t.Fatal(err)
	}
	return p
}

// TestWriting: what people write through Postern is what they would write on a copy that holds only what they see: the answer, and what they
// see afterwards.
func TestWriting(t *testing.T) {
	p := startWriting(t, writers)
	text, err := os.ReadFile("testdata/writes/writes.sql")
	if err != nil {
		t.Fatal(err)
	}
	var total tally
	changes := 0
	for _, person := range []string{"ann", "bob", "cyd"} {
		if err := shared.cluster.Exec(t.Context(), sanitised.Database(person), writeGrants()+person); err != nil {
			t.Fatal(err)
		}
		o := newOracle(t, p, person)
		number := 0
		for line := range strings.Lines(string(text)) {
			if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "--") {
				continue
			}
			how := []protocol{simple, extended, binary}[number%3]
			number++
			changes += o.writes(t, how, line, &total)
		}
	}
	t.Logf("writing: %s; %d statements changed something", &total, changes)
	if total.cases < minimumWriting || changes < minimumWritingChanges || total.refused > maximumWritingRefused {
		t.Errorf("%d compared, %d changes, %d refused", total.cases, changes, total.refused)
	}
}

// writes does one line on both sides and looks at all tables afterwards.
func (o *oracle) writes(t *testing.T, how protocol, line string, total *tally) (changes int) {
	t.Helper()
	compare := func(sql string) verdict {
		v := o.compare(t.Context(), how, statement{sql: sql})
		if v.outcome == leaking && strings.Contains(sql, sanitised.Marker(o.person)) {
			v.outcome = equal
		}
		if v.outcome == differing || v.outcome == leaking {
			t.Errorf("%s, %s protocol: %s\nafter %s\n%s %s", o.person, how, sql, line, v.code, v.detail)
		}
		total.add(v)
		return v
	}
	o.both(t, "BEGIN")
	defer func() {
		o.both(t, "ROLLBACK")
		o.both(t, "DEALLOCATE ALL")
	}()
	for sql := range strings.SplitSeq(line, " ;; ") {
		v := compare(sql)
		if v.outcome == refused {
			t.Logf("refused to %s: %s: %s", o.person, sql, v.detail)
		}
		if v.outcome != equal {
			return changes // the transaction has failed, on one side at least
		}
		if !strings.HasPrefix(sql, "SELECT") && !strings.HasPrefix(sql, "PREPARE") && !strings.HasPrefix(sql, "SAVEPOINT") {
			changes++
		}
	}
	for _, table := range writable {
		compare("SELECT * FROM " + table)
	}
	return changes
}

// both sends a statement that says nothing to both sides.
func (o *oracle) both(t *testing.T, sql string) {
	t.Helper()
	for _, c := range []*client{o.proxied, o.plain} {
		if a := c.ask(t.Context(), simple, statement{sql: sql}); a.code != "" {
			t.Fatalf("%s: %s", sql, a.message)
		}
	}
}
