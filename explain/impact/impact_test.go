package impact

import (
	"errors"
	"flag"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/rewrite"
	"github.com/posternsql/postern/sqlgen"
)

var update = flag.Bool("update", false, "rewrite testdata; the difference is for a reviewer to read")

func now() time.Time { return time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC) }

// fixed is a state of one connection.
type fixed struct {
	program *policy.Program
	people  map[string]identity.Spec
}

func (f *fixed) Principal(name string) (identity.Principal, error) {
	s, ok := f.people[name]
	if !ok {
		return identity.Principal{}, errors.New("nobody")
	}
	s.User = name
	return identity.NewPrincipal(s), nil
}
func (f *fixed) Program(name string) (*policy.Program, bool) {
	if name != "tpch" {
		return nil, false
	}
	return f.program, true
}
func (f *fixed) Connections() []string { return []string{"tpch"} }
func (f *fixed) Users() []string       { return slices.Sorted(maps.Keys(f.people)) }

// state is a small warehouse; change edits what is compiled.
func state(t *testing.T, change func(in *policy.Input, people map[string]identity.Spec, tables map[string]*catalog.Table)) *fixed {
	t.Helper()
	column := func(name, typ string, oid uint32, category byte, tags ...string) catalog.Column {
		return catalog.Column{Name: name, Type: typ, TypeOID: oid, Category: category, Reviewed: true, Tags: tags}
	}
	tables := map[string]*catalog.Table{
		"customer": {OID: 1, Schema: "public", Name: "customer", Kind: catalog.KindTable, Registered: true, Columns: []catalog.Column{
			column("id", "integer", 23, 'N'), column("phone", "text", 25, 'S', "PII"), column("region", "text", 25, 'S'), column("note", "text", 25, 'S')}},
		"salary": {OID: 2, Schema: "public", Name: "salary", Kind: catalog.KindTable, Registered: true, Columns: []catalog.Column{column("amount", "integer", 23, 'N')}},
		"still":  {OID: 3, Schema: "public", Name: "still", Kind: catalog.KindTable, Registered: true, Columns: []catalog.Column{column("x", "integer", 23, 'N')}},
	}
	on := func(name string) policy.Selector { return policy.Selector{Tables: []string{"tpch.public." + name}} }
	grant := func(name, table, when string, access policy.Access) policy.SubscriptionPolicy {
		return policy.SubscriptionPolicy{Name: name, On: on(table), Access: access, Effect: policy.SubscriptionGrant, Allow: policy.Allow{When: when}}
	}
	in := policy.Input{Version: 1, KnownTags: []string{"PII"},
		Subscriptions: []policy.SubscriptionPolicy{grant("sales", "customer", "isInGroups('sales')", policy.AccessRead), grant("hr", "salary", "isInGroups('hr')", policy.AccessRead),
			grant("all", "still", "true", policy.AccessRead)},
		Data: []policy.DataPolicy{{Name: "care", On: on("customer"), Rules: []policy.Rule{
			{Mask: &policy.Mask{ColumnTags: []string{"PII"}, Null: true}},
			{Rows: "@attributeValuesContains('region', region)", ExceptFor: "isInGroups('global')"},
		}}},
	}
	people := map[string]identity.Spec{
		"ann": {Groups: []string{"sales"}, Attributes: map[string][]string{"region": {"EU"}}},
		"bob": {Groups: []string{"sales", "global"}}, "hal": {Groups: []string{"hr"}}, "eve": {}, "root": {Exempt: true},
	}
	change(&in, people, tables)
	snapshot, err := catalog.New(1, "tpch", slices.Collect(maps.Values(tables)))
	if err != nil {
		t.Fatal(err)
	}
	in.Snapshot = snapshot
	program, _, err := policy.Compile(in)
	if err != nil {
		t.Fatal(err)
	}
	return &fixed{program, people}
}

type edit = func(in *policy.Input, people map[string]identity.Spec, tables map[string]*catalog.Table)

func config(t *testing.T, to edit) Config {
	t.Helper()
	rewriter, err := rewrite.New(rewrite.Config{Dialect: sqlgen.Postgres()})
	if err != nil {
		t.Fatal(err)
	}
	at := func(day int) time.Time { return time.Date(2026, 5, day, 0, 0, 0, 0, time.UTC) }
	events := []audit.Event{
		{Kind: audit.Statement, User: "ann", Connection: "tpch", SQL: "SELECT id FROM customer", Time: at(3)},
		{Kind: audit.Statement, User: "ann", Connection: "tpch", SQL: "SELECT id FROM customer", Time: at(1)},
		{Kind: audit.Statement, User: "hal", Connection: "tpch", SQL: "SELECT sum(amount)\n  FROM salary", Time: at(2)},
		{Kind: audit.Refused, User: "eve", Connection: "tpch", SQL: "SELECT * FROM salary", Time: at(2)},
		{Kind: audit.Statement, User: "eve", Connection: "tpch", SQL: "SELECT x FROM still", Time: at(2)},
		{Kind: audit.Statement, User: "gone", Connection: "tpch", SQL: "SELECT 1", Time: at(2)},
		{Kind: audit.Statement, User: "ann", Connection: "tpch", SQL: "SELECT 'lo", SQLSHA256: "x", Time: at(2)},
		{Kind: audit.End, User: "ann", Connection: "tpch", SQL: "SELECT 2", Time: at(2)},
		{Kind: audit.Statement, User: "root", Connection: "tpch", SQL: "VACUUM", Exempt: true, Time: at(2)},
	}
	return Config{
		Old: state(t, func(*policy.Input, map[string]identity.Spec, map[string]*catalog.Table) {}), New: state(t, to), Rewriter: rewriter, Dialect: sqlgen.Postgres(), Now: now,
		Statements: func(fn func(audit.Event) error) error {
			for _, e := range events {
				if err := fn(e); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func TestGoldenReports(t *testing.T) {
	for name, to := range map[string]edit{
		"nothing": func(*policy.Input, map[string]identity.Spec, map[string]*catalog.Table) {},
		"grant-and-mask": func(in *policy.Input, _ map[string]identity.Spec, _ map[string]*catalog.Table) {
			in.Subscriptions[1].Allow.When = "isInGroups('global') || username() == 'eve'"
			in.Subscriptions[0].Access = policy.AccessWrite
			in.Subscriptions[0].Privileges = []policy.Privilege{policy.PrivilegeInsert}
			in.Data[0].Rules[0] = policy.Rule{Mask: &policy.Mask{ColumnTags: []string{"PII"}, Regex: &policy.RegexMask{Pattern: "[0-9]", Replace: "*"}}, ExceptFor: "isInGroups('global')"}
			in.Data[0].Rules = append(in.Data[0].Rules, policy.Rule{Mask: &policy.Mask{Columns: []string{"note"}, Constant: new(string)}})
		},
		"rows": func(in *policy.Input, _ map[string]identity.Spec, _ map[string]*catalog.Table) {
			in.Data[0].Rules[1] = policy.Rule{Rows: "region = 'US'", ExceptFor: "isInGroups('hr')"}
		},
		"unload": func(in *policy.Input, _ map[string]identity.Spec, _ map[string]*catalog.Table) {
			in.Unload = policy.UnloadSettings{Role: "default"}
			in.Subscriptions = append(in.Subscriptions, policy.SubscriptionPolicy{Name: "export", On: in.Subscriptions[0].On, Access: policy.AccessUnload, Effect: policy.SubscriptionGrant,
				Allow: policy.Allow{When: "isInGroups('global') || isInGroups('hr')"}, Unload: &policy.Unload{To: []string{"s3://exports/sales/"}, Overwrite: true}})
		},
		"people": func(_ *policy.Input, people map[string]identity.Spec, _ map[string]*catalog.Table) {
			people["ann"] = identity.Spec{Groups: []string{"sales"}, Attributes: map[string][]string{"region": {"EU", "US"}}}
			delete(people, "hal")
			people["new"] = identity.Spec{Groups: []string{"hr"}}
			people["eve"] = identity.Spec{Exempt: true}
			people["root"] = identity.Spec{}
		},
		"catalog": func(in *policy.Input, _ map[string]identity.Spec, tables map[string]*catalog.Table) {
			tables["customer"].Columns[3].Reviewed = false
			tables["salary"].Registered = false
			in.Subscriptions = slices.Delete(in.Subscriptions, 1, 2)
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := Compare(t.Context(), config(t, to))
			if err != nil {
				t.Fatal(err)
			}
			path := "testdata/" + name + ".txt"
			if *update {
				if err := os.WriteFile(path, []byte(r.Text()), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), r.Text()); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// TestBounds: what is left out is counted and told.
func TestBounds(t *testing.T) {
	c := config(t, func(in *policy.Input, _ map[string]identity.Spec, _ map[string]*catalog.Table) {
		in.Subscriptions[0].Allow.When = "isInGroups('global')"
	})
	c.MaxPairs, c.MaxTexts = 2, 1
	r, err := Compare(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if r.Pairs != 2 || r.NotCompared != 2 || r.Unchanged != 8 || r.Statements.Texts != 1 || r.Statements.NotJudged != 5 {
		t.Errorf("%+v, %+v", r, r.Statements)
	}
	if text := r.Text(); !strings.Contains(text, "NOT compared for being too many: 2 pairs") || !strings.Contains(text, "NOT judged: 5") {
		t.Error(text)
	}
	if _, err := Compare(t.Context(), Config{MaxPairs: -1}); err == nil || strings.Count(err.Error(), "impact:") != 3 {
		t.Errorf("an empty configuration: %v", err)
	}
}
