package control

import (
	"fmt"
	"strings"
	"testing"

	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/sqlgen"
	"github.com/posternsql/postern/warehouse"
)

// TestExampleAnswers asks for the customers as each person of the example, under the service role, and compares with
// what a statement written by hand for that person gives to the superuser.
func TestExampleAnswers(t *testing.T) {
	w := newWorld(t)
	g := w.publish(w.publisher(nil))
	config, _ := g.Connection("tpch")
	service, err := warehouse.Dial(t.Context(), *config, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer service.Close(t.Context())
	program, _ := g.Program("tpch")
	customer, _ := program.Snapshot().Table("public", "customer")
	const regional = ` FROM customer JOIN nation ON n_nationkey = c_nationkey JOIN region ON r_regionkey = n_regionkey WHERE r_name IN (%s) ORDER BY c_custkey`
	for name, byHand := range map[string]string{
		"ann": `SELECT c_custkey, NULL, 'withheld', regexp_replace(c_phone, '[0-9]', '*', 'g'), round(c_acctbal, -3)::numeric(15,2), c_mktsegment, NULL` +
			fmt.Sprintf(regional, "'EUROPE', 'ASIA'"),
		"bob": `SELECT c_custkey, c_name, c_address, c_phone, c_acctbal, c_mktsegment, c_comment FROM customer ORDER BY c_custkey`,
		"cyd": `SELECT c_custkey, c_name, c_address, regexp_replace(c_phone, '[0-9]', '*', 'g'), NULL::numeric, c_mktsegment, NULL` +
			fmt.Sprintf(regional, "'AMERICA'"),
	} {
		t.Run(name, func(t *testing.T) {
			person, err := g.Principal(name)
			if err != nil {
				t.Fatal(err)
			}
			d := program.Decide(policy.BindPrincipal(person), []policy.Want{{Table: customer}})[0]
			view, err := sqlgen.Postgres().View(&d)
			if err != nil {
				t.Fatal(err)
			}
			shown := "c_name"
			if name == "ann" {
				// The key is not the superuser's to know here; what the hash looks like is.
				shown = "CASE WHEN c_name ~ '^[0-9a-f]{25}$' THEN NULL ELSE c_name END"
			}
			got := w.rows(service, "SELECT c_custkey, "+shown+", c_address, c_phone, c_acctbal, c_mktsegment, c_comment FROM ("+view.SQL+") AS v ORDER BY c_custkey")
			want := w.rows(w.conn(), byHand)
			if got != want || strings.Count(got, "\n") < 10 {
				t.Errorf("%s\ngot\n%.600s\nwant\n%.600s", view.SQL, got, want)
			}
		})
	}
	supplier, _ := program.Snapshot().Table("public", "supplier")
	part, _ := program.Snapshot().Table("public", "part")
	for _, name := range g.Users() {
		person, err := g.Principal(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range program.Decide(policy.BindPrincipal(person), []policy.Want{{Table: supplier}, {Table: part}}) {
			if d.Allowed {
				t.Errorf("%s may read %s", name, d.Table.Name)
			}
		}
	}
	// What is registered and nothing else is granted.
	if _, err := service.Exec(t.Context(), "SELECT * FROM public.part").ReadAll(); err == nil {
		t.Error("the service role reads a table that is not registered")
	}
}

// TestCompilerMistakes come with file and line, all at once.
func TestCompilerMistakes(t *testing.T) {
	w := newWorld(t)
	p := w.publisher(nil)
	w.write("more.yaml", `kind: SubscriptionPolicy
name: first
on: {tags: [Sales]}
access: read
effect: grant
allow: {when: "isInGroup('x')"}
---
kind: DataPolicy
name: second
on: {tables: [tpch.public.customer]}
rules:
  - rows: c_nothing = 1
  - mask: {columns: [c_name], regex: {pattern: "(", replace: ""}}
`)
	w.refused(p, `more.yaml:1: policy "first"`, `more.yaml:12: policy "second", rule 1: rows`, `more.yaml:13: policy "second", rule 2`)
}
