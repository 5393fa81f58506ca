package rewrite

import (
	"context"
	"strings"
	"testing"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/sqlgen"
)

// TestCompiledPolicies goes the whole way without a stand-in: policies are compiled, decided, printed and spliced.
func TestCompiledPolicies(t *testing.T) {
	column := func(name, typ string, category byte) catalog.Column {
		return catalog.Column{Name: name, Type: typ, Category: category, Reviewed: true}
	}
	snapshot, err := catalog.New(1, "db", []*catalog.Table{
		{Schema: "public", Name: "customer", Kind: catalog.KindTable, Registered: true,
			Columns: []catalog.Column{column("id", "integer", 'N'), column("phone", "text", 'S'), column("country", "text", 'S')}},
		{Schema: "public", Name: "secret", Kind: catalog.KindTable, Registered: true, Columns: []catalog.Column{column("s", "text", 'S')}},
	})
	if err != nil {
		t.Fatal(err)
	}
	constant := "***"
	program, _, err := policy.Compile(policy.Input{Version: 1, Snapshot: snapshot,
		Subscriptions: []policy.SubscriptionPolicy{{Name: "s", On: policy.Selector{Tables: []string{"db.public.customer"}},
			Access: policy.AccessRead, Effect: policy.SubscriptionGrant, Allow: policy.Allow{Anyone: true}}},
		Data: []policy.DataPolicy{{Name: "d", On: policy.Selector{Tables: []string{"db.public.customer"}}, Rules: []policy.Rule{
			{Mask: &policy.Mask{Columns: []string{"phone"}, Constant: &constant}},
			{Rows: "country = 'US'"},
		}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	rw, err := New(Config{Dialect: sqlgen.Postgres()})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(sql string) (*Result, error) {
		return rw.Rewrite(context.Background(), Request{SQL: sql, Program: program, Database: "db", SearchPath: []string{"public"},
			Principal: identity.NewPrincipal(identity.Spec{User: "ann"})})
	}
	plain, err := ask("SELECT phone FROM customer WHERE id = 1")
	if err != nil {
		t.Fatal(err)
	}
	if sql := plain.Statements[0].SQL; strings.Contains(sql, "OFFSET 0") || strings.Contains(sql, "COALESCE") {
		t.Errorf("a fence where none is needed: %s", sql)
	}
	result, err := ask("SELECT phone FROM customer GROUP BY phone, country HAVING country LIKE 'U%'")
	if err != nil {
		t.Fatal(err)
	}
	st := result.Statements[0]
	for _, part := range []string{"FROM public.customer postern_t", "'US'", "OFFSET 0) customer", "'***'", "COALESCE(postern_t.country, postern_t.country)"} {
		if !strings.Contains(st.SQL, part) {
			t.Errorf("%s is missing in %s", part, st.SQL)
		}
	}
	if len(st.Decisions) != 1 || len(st.Requested[0]) != 2 || st.Requested[0][0] != "phone" {
		t.Errorf("reported %v of %v", st.Requested, st.Decisions)
	}
	if _, err := ask("SELECT * FROM secret"); code(err) != "42P01" {
		t.Errorf("a table without a subscription: %v", err)
	}
}
