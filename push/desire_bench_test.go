package push_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/push"
)

// BenchmarkDesire measures what 5,000 tables and 2,000 people should have in a database, as BenchmarkSize has them.
func BenchmarkDesire(b *testing.B) {
	var all []*catalog.Table
	for i := range 5000 {
		all = append(all, &catalog.Table{OID: uint32(20000 + i), Schema: "public", Name: fmt.Sprintf("t%d_%d", i%10, i), Kind: catalog.KindTable, Registered: true, Columns: []catalog.Column{
			{Name: "id", Number: 1, Type: "integer", TypeOID: 23, Category: 'N', Reviewed: true}, {Name: "region", Number: 2, Type: "text", TypeOID: 25, Category: 'S', Reviewed: true},
			{Name: "name", Number: 3, Type: "text", TypeOID: 25, Category: 'S', Reviewed: true}}})
	}
	snapshot, err := catalog.New(1, "tpch", all)
	if err != nil {
		b.Fatal(err)
	}
	in := policy.Input{Version: 1, Snapshot: snapshot}
	for i := range 10 {
		on := tables(fmt.Sprintf("public.t%d_*", i))
		in.Subscriptions = append(in.Subscriptions, grant(fmt.Sprintf("part%d", i), on, policy.Allow{When: fmt.Sprintf("isInGroups('part%d')", i)}))
		if i%2 == 0 {
			in.Data = append(in.Data, policy.DataPolicy{Name: fmt.Sprintf("data%d", i), On: on, Rules: []policy.Rule{
				{Rows: "@attributeValuesContains('region', region)"}, {Mask: &policy.Mask{Columns: []string{"name"}, Null: true}, ExceptFor: "hasAttribute('clearance', 'high')"}}})
		}
	}
	program, _, err := policy.Compile(in)
	if err != nil {
		b.Fatal(err)
	}
	want := push.Input{Settings: push.Settings{Connection: "tpch", Database: "tpch", SystemRole: "s"}.WithDefaults(), Program: program, Now: time.Now()}
	for i := range 2000 {
		want.People = append(want.People, push.Person{Principal: identity.NewPrincipal(person(i, "EUROPE")), Account: fmt.Sprintf("person%d", i)})
	}
	for _, c := range []struct {
		name string
		do   func(push.Input) (*push.Desired, error)
	}{{"anew", push.Desire}, {"again", newSyncerOf(b, want.Settings).Desire}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				want.Program = want.Program.Again(want.Program.Version() + 1)
				if _, err := c.do(want); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// newSyncerOf makes one that never dials.
func newSyncerOf(b testing.TB, set push.Settings) *push.Syncer {
	b.Helper()
	s, err := push.New(push.Config{
		Settings: set, Log: slog.New(slog.DiscardHandler), Dial: func(context.Context) (*pgconn.PgConn, error) { return nil, errors.New("it never dials") },
		Record: func(context.Context, ...audit.Event) error { return nil },
	})
	if err != nil {
		b.Fatal(err)
	}
	return s
}
