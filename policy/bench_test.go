package policy

import (
	"fmt"
	"testing"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/identity"
)

// bigInput is a warehouse of n sources with 40 columns each, and as many policies as asked for.
func bigInput(b *testing.B, sources, policies int) Input {
	b.Helper()
	tables := make([]*catalog.Table, sources)
	for i := range tables {
		t := &catalog.Table{Schema: fmt.Sprintf("s%d", i%20), Name: fmt.Sprintf("t%d", i), Kind: catalog.KindTable, Registered: true, Tags: []string{fmt.Sprintf("Area.A%d", i%100)}}
		for j := range 40 {
			c := catalog.Column{Name: fmt.Sprintf("c%d", j), Type: "character varying(40)", Category: 'S', Reviewed: true}
			if j%8 == 0 {
				c.Tags = []string{fmt.Sprintf("PII.P%d", (i+j)%50)}
			}
			t.Columns = append(t.Columns, c)
		}
		tables[i] = t
	}
	snapshot, err := catalog.New(1, "big", tables)
	if err != nil {
		b.Fatal(err)
	}
	in := Input{Version: 1, Snapshot: snapshot}
	for i := range policies {
		name, area := fmt.Sprintf("p%d", i), fmt.Sprintf("Area.A%d", i%100)
		except := fmt.Sprintf("isInGroups('g%d') || hasAttribute('level', 'l%d')", i%300, i%7)
		switch i % 4 {
		case 0:
			in.Subscriptions = append(in.Subscriptions, SubscriptionPolicy{Name: name, On: Selector{Tags: []string{area}}, Access: AccessRead, Effect: SubscriptionGrant, Allow: Allow{When: except}})
		case 1:
			in.Data = append(in.Data, DataPolicy{Name: name, On: Selector{Tags: []string{area}}, Rules: []Rule{{Rows: "@attributeValuesContains('region', c1)", ExceptFor: except}}})
		default:
			tag := fmt.Sprintf("PII.P%d", i%50)
			in.Data = append(in.Data, DataPolicy{Name: name, On: Selector{ColumnTags: []string{tag}}, Rules: []Rule{{Mask: &Mask{ColumnTags: []string{tag}, Hash: &HashMask{}}, ExceptFor: except}}})
		}
	}
	return in
}

func BenchmarkCompile(b *testing.B) {
	for _, size := range []struct{ sources, policies int }{{500, 200}, {5000, 2000}} {
		b.Run(fmt.Sprintf("%dx%d", size.sources, size.policies), func(b *testing.B) {
			in := bigInput(b, size.sources, size.policies)
			for b.Loop() {
				if _, _, err := Compile(in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDecide(b *testing.B) {
	in := bigInput(b, 5000, 2000)
	p, _, err := Compile(in)
	if err != nil {
		b.Fatal(err)
	}
	wants := make([]Want, 10)
	for i := range wants {
		wants[i] = Want{Table: in.Snapshot.Tables()[i*7]}
	}
	who := func(i int) Binding {
		return BindPrincipal(identity.NewPrincipal(identity.Spec{User: fmt.Sprintf("u%d", i), Groups: []string{"g0", "g4", "g8"}, Attributes: map[string][]string{"region": {"a", "b"}, "level": {"l1", "l4"}}}))
	}
	b.Run("cold/10-tables", func(b *testing.B) {
		people := make([]Binding, 2000)
		for i := range people {
			people[i] = who(i)
		}
		for i := 0; b.Loop(); i++ {
			p.cache.Purge()
			p.Decide(people[i%len(people)], wants)
		}
	})
	b.Run("cached/1-table", func(b *testing.B) {
		one, ann := wants[:1], who(1)
		for b.Loop() {
			p.Decide(ann, one)
		}
	})
	b.Run("cached/10-tables", func(b *testing.B) {
		ann := who(1)
		for b.Loop() {
			p.Decide(ann, wants)
		}
	})
}
