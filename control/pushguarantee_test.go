package control

import (
	"strings"
	"testing"
	"time"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/policy"
)

// TestGuaranteesTold: publishing names the sources whose hidden rows a Redshift's views keep from results alone, and no others.
func TestGuaranteesTold(t *testing.T) {
	var tables []*catalog.Table
	for i, name := range []string{"raw", "masked", "a_rows", "b_rows", "c_rows", "d_rows", "held"} {
		tables = append(tables, &catalog.Table{OID: uint32(i + 1), Schema: "s", Name: name, Kind: catalog.KindTable, Registered: name != "held",
			Columns: []catalog.Column{{Name: "id", Type: "integer", Reviewed: true}, {Name: "v", Type: "character varying(200)", Reviewed: true}}})
	}
	snapshot, err := catalog.New(1, "lake", tables)
	if err != nil {
		t.Fatal(err)
	}
	on := func(name string) policy.Selector { return policy.Selector{Tables: []string{"lake.s." + name}} }
	data := []policy.DataPolicy{{Name: "m", On: on("masked"), Rules: []policy.Rule{{Mask: &policy.Mask{Columns: []string{"v"}, Null: true}}}}}
	for _, name := range []string{"a_rows", "b_rows", "c_rows", "d_rows"} {
		data = append(data, policy.DataPolicy{Name: name, On: on(name), Rules: []policy.Rule{{Rows: "id > 1"}}})
	}
	program, _, err := policy.Compile(policy.Input{Version: 1, Snapshot: snapshot, Data: data,
		Subscriptions: []policy.SubscriptionPolicy{{Name: "all", On: on("*"), Access: policy.AccessRead, Effect: policy.SubscriptionGrant, Allow: policy.Allow{Anyone: true}}}})
	if err != nil {
		t.Fatal(err)
	}
	b := &builder{now: time.Now()}
	b.guarantees(resource.PushSettings{Connection: "lake"}, program)
	if len(b.warnings) != 1 {
		t.Fatalf("%d warnings", len(b.warnings))
	}
	got := b.warnings[0].String()
	for _, want := range []string{"hidden rows of s.a_rows, s.b_rows, s.c_rows and 1 others from results", "hidden columns alone of 1 sources", "could say 5 of these 5 sources"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in: %s", want, got)
		}
	}
}
