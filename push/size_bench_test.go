package push_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/push"
)

// BenchmarkSize measures the first sync, one of nothing, one of a changed attribute, and one of a person who is in another group now. POSTERN_PUSH_TABLES and POSTERN_PUSH_PEOPLE say of how much.
// Half of the tables have a row rule and a mask; ten subscription policies each open a tenth of them to a tenth of the people.
func BenchmarkSize(b *testing.B) {
	tableCount, people := sizeOf(b, "POSTERN_PUSH_TABLES", 100), sizeOf(b, "POSTERN_PUSH_PEOPLE", 20)
	setup := fmt.Sprintf(`DO $$ BEGIN FOR i IN 1..%d LOOP
		EXECUTE format('CREATE TABLE public.t%%s_%%s (id int, region text, name text, amount numeric(10,2))', i %% 10, i); COMMIT; END LOOP; END $$`, tableCount)
	w := newWorld(b, pgtest.Database, setup)
	for i := range people {
		w.person(person(i, "EUROPE"))
	}
	for i := range 10 {
		w.subscriptions = append(w.subscriptions, grant(fmt.Sprintf("part%d", i), tables(fmt.Sprintf("public.t%d_*", i)), policy.Allow{When: fmt.Sprintf("isInGroups('part%d')", i)}))
		if i%2 == 0 {
			w.data = append(w.data, policy.DataPolicy{Name: fmt.Sprintf("data%d", i), On: tables(fmt.Sprintf("public.t%d_*", i)), Rules: []policy.Rule{
				{Rows: "@attributeValuesContains('region', region)"}, {Mask: &policy.Mask{Columns: []string{"name"}, Null: true}, ExceptFor: "hasAttribute('clearance', 'high')"}}})
		}
	}
	w.settings.GroupRoles = push.GroupRolesUsed
	s := w.syncer()
	took := func(name string, run func(context.Context, push.Input) (*push.Report, error)) int {
		in := w.input()
		start := time.Now()
		r, err := run(b.Context(), in)
		if err != nil || !r.Done {
			b.Fatal(name, err)
		}
		b.ReportMetric(float64(time.Since(start).Milliseconds()), name+"-ms")
		b.Logf("%d tables, %d people: %s: %v, %d statements in %d transactions", tableCount, people, name, time.Since(start).Round(time.Millisecond), r.Statements, r.Transactions)
		return r.Statements
	}
	for b.Loop() {
		took("first", s.Sync)
		took("nothing", s.Sync)
		w.person(person(1, "ASIA"))
		if n := took("attribute", s.Quick); n != 1 {
			b.Errorf("a changed attribute takes %d statements", n)
		}
		moved := person(1, "ASIA")
		moved.Groups = []string{"part2"}
		w.person(moved)
		if n := took("group", s.Quick); n > 6 {
			b.Errorf("a changed group takes %d statements", n)
		}
		w.person(person(1, "EUROPE"))
	}
}

// person is in one part of ten.
func person(i int, region string) identity.Spec {
	return identity.Spec{User: fmt.Sprintf("person%d", i), Groups: []string{fmt.Sprintf("part%d", i%10)}, Attributes: map[string][]string{"region": {region}}}
}

func sizeOf(b *testing.B, name string, otherwise int) int {
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		b.Fatal(name, err)
	}
	return n
}
