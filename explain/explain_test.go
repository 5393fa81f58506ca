package explain

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/rewrite"
	"github.com/posternsql/postern/sqlgen"
)

var update = flag.Bool("update", false, "rewrite testdata; the difference is for a reviewer to read")

func now() time.Time { return time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC) }

// shop is a small warehouse with every kind of rule that an explanation tells of.
func shop(t *testing.T) *policy.Program {
	t.Helper()
	column := func(name, typ string, oid uint32, category byte, tags ...string) catalog.Column {
		return catalog.Column{Name: name, Type: typ, TypeOID: oid, Category: category, Reviewed: true, Tags: tags}
	}
	unseen := column("c_new", "text", 25, 'S')
	unseen.Reviewed = false
	snapshot, err := catalog.New(3, "tpch", []*catalog.Table{
		{OID: 1, Schema: "public", Name: "customer", Kind: catalog.KindTable, Registered: true, Columns: []catalog.Column{
			column("c_custkey", "integer", 23, 'N'), column("c_phone", "text", 25, 'S', "PII.Phone"), column("c_region", "text", 25, 'S'),
			column("c_acctbal", "numeric", 1700, 'N', "Financial"), unseen}},
		{OID: 2, Schema: "public", Name: "salary", Kind: catalog.KindTable, Registered: true, Columns: []catalog.Column{column("amount", "integer", 23, 'N')}},
		{OID: 3, Schema: "public", Name: "stray", Kind: catalog.KindTable, Columns: []catalog.Column{column("x", "integer", 23, 'N')}},
	})
	if err != nil {
		t.Fatal(err)
	}
	at := func(line int) policy.Pos { return policy.Pos{File: "policies/sales.yaml", Line: line} }
	customer := policy.Selector{Tables: []string{"tpch.public.customer"}}
	salary := policy.Selector{Tables: []string{"tpch.public.salary"}}
	program, _, err := policy.Compile(policy.Input{
		Version: 12, Snapshot: snapshot,
		Projects: []policy.Project{{Name: "churn", Pos: at(90), Sources: customer}},
		Subscriptions: []policy.SubscriptionPolicy{
			{Name: "sales", Pos: at(1), On: customer, Access: policy.AccessRead, Effect: policy.SubscriptionGrant, Allow: policy.Allow{When: "isInGroups('analysts', 'sales')"}},
			{Name: "contractors", Pos: at(8), On: customer, Access: policy.AccessRead, Effect: policy.SubscriptionGrant,
				Allow: policy.Allow{When: "isInGroups('analysts')"}, Expires: "2027-01-01T00:00:00Z"},
			{Name: "trained", Pos: at(16), On: customer, Access: policy.AccessRead, Effect: policy.SubscriptionGuardrail, Allow: policy.Allow{When: "hasAttribute('training', 'done')"}},
			{Name: "hr", Pos: at(24), On: salary, Access: policy.AccessRead, Effect: policy.SubscriptionGrant, Allow: policy.Allow{Users: []string{"hal"}}},
		},
		Data: []policy.DataPolicy{
			{Name: "contact", Pos: at(30), On: customer, Rules: []policy.Rule{
				{Mask: &policy.Mask{ColumnTags: []string{"PII"}, Regex: &policy.RegexMask{Pattern: "[0-9]", Replace: "*"}}, ExceptFor: "hasAttribute('clearance', 'high') || isUsingPurpose('support')"},
				{Mask: &policy.Mask{ColumnTags: []string{"PII"}, Null: true}, OnlyFor: "isInGroups('external')"},
			}},
			{Name: "balances", Pos: at(44), On: customer, Rules: []policy.Rule{{Mask: &policy.Mask{ColumnTags: []string{"Financial"}, Round: &policy.RoundMask{To: "1000"}}}}},
			{Name: "own-region", Pos: at(50), On: customer, Rules: []policy.Rule{{Rows: "@attributeValuesContains('region', c_region)", ExceptFor: "isInGroups('global')"}}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return program
}

func TestGoldenReports(t *testing.T) {
	program := shop(t)
	ann := identity.Spec{User: "ann", Groups: []string{"analysts"}, Attributes: map[string][]string{"region": {"EUROPE", "ASIA"}, "clearance": {"low"}, "training": {"done"}}}
	bob := identity.Spec{User: "bob", Groups: []string{"analysts", "global"}, Attributes: map[string][]string{"clearance": {"high"}}}
	eve := identity.Spec{User: "eve", Groups: []string{"external"}}
	churn := ann
	churn.Project, churn.Purposes, churn.Login = "churn", []string{"support"}, "adm"
	whole := []Table{{"public", "customer"}, {"public", "salary"}, {"public", "stray"}, {"public", "gone"}}
	for name, q := range map[string]Question{
		"statement":      {Principal: identity.NewPrincipal(ann), SQL: "SELECT c_phone, sum(c_acctbal) FROM customer GROUP BY 1"},
		"own":            {Principal: identity.NewPrincipal(ann), SQL: "SELECT c_phone FROM customer", Own: true},
		"tables":         {Principal: identity.NewPrincipal(ann), Tables: whole},
		"own-tables":     {Principal: identity.NewPrincipal(ann), Tables: whole, Own: true},
		"guardrail":      {Principal: identity.NewPrincipal(bob), SQL: "SELECT c_phone FROM customer"},
		"denied":         {Principal: identity.NewPrincipal(eve), SQL: "WITH s AS (SELECT * FROM salary) SELECT * FROM public.customer, s, stray, gone"},
		"hidden-column":  {Principal: identity.NewPrincipal(ann), SQL: "SELECT c_new FROM customer"},
		"not-parsed":     {Principal: identity.NewPrincipal(ann), SQL: "SELECT FROM WHERE"},
		"project":        {Principal: identity.NewPrincipal(churn), SQL: "SELECT c_phone FROM customer; SELECT 1"},
		"project-denied": {Principal: identity.NewPrincipal(churn), Tables: []Table{{"public", "salary"}}},
		"exempt":         {Principal: identity.NewPrincipal(identity.Spec{User: "root", Exempt: true}), SQL: "SELECT 1"},
	} {
		t.Run(name, func(t *testing.T) {
			q.Program, q.Connection, q.SearchPath = program, "tpch", []string{"public"}
			report := ask(t, &q)
			for i, sql := range report.SQL {
				if !strings.HasPrefix(sql, "SELECT") {
					t.Errorf("the SQL that runs is %q", sql)
				}
				report.SQL[i] = "(printed by rewrite, whose tests hold it)"
			}
			golden(t, name, report.Text())
		})
	}
}

func ask(t *testing.T, q *Question) *Report {
	t.Helper()
	rewriter, err := rewrite.New(rewrite.Config{Dialect: sqlgen.Postgres()})
	if err != nil {
		t.Fatal(err)
	}
	e := Explainer{Rewriter: rewriter, Dialect: sqlgen.Postgres(), Now: now}
	r, err := e.Explain(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s: -want +got\n%s", path, diff)
	}
}

// TestOwnTellsNothingOfOthers holds that people who ask about themselves are refused as their statement is, in the same words for a table that
// is denied and for one that is not there.
func TestOwnTellsNothingOfOthers(t *testing.T) {
	who := identity.NewPrincipal(identity.Spec{User: "ann", Groups: []string{"analysts"}, Attributes: map[string][]string{"training": {"done"}}})
	rewriter, err := rewrite.New(rewrite.Config{Dialect: sqlgen.Postgres()})
	if err != nil {
		t.Fatal(err)
	}
	e := Explainer{Rewriter: rewriter, Dialect: sqlgen.Postgres(), Now: now}
	told := map[string]string{}
	for _, table := range []string{"salary", "stray", "gone"} {
		_, err := e.Explain(t.Context(), &Question{Program: shop(t), Principal: who, Connection: "tpch", SearchPath: []string{"public"}, SQL: "SELECT * FROM " + table, Own: true})
		if err == nil {
			t.Fatalf("%s is explained", table)
		}
		told[strings.ReplaceAll(err.Error(), table, "x")] = table
	}
	if len(told) != 1 {
		t.Errorf("refusals differ: %v", told)
	}
}

func TestPlain(t *testing.T) {
	for in, want := range map[string]string{
		`(postern_t.a OPERATOR(pg_catalog.=) 'postern_t.x pg_catalog.y')`: `a = 'postern_t.x pg_catalog.y'`,
		`(postern_t."pg_catalog.b" > 1) AND (c)`:                          `("pg_catalog.b" > 1) AND (c)`,
		`'it''s OPERATOR(pg_catalog.'`:                                    `'it''s OPERATOR(pg_catalog.'`,
		`OPERATOR(pg_catalog.`:                                            `OPERATOR(`,
		`'open`:                                                           `'open`,
		`()`:                                                              ``,
	} {
		if got := Plain(in); got != want {
			t.Errorf("Plain(%s) = %s, want %s", in, got, want)
		}
	}
}
