package sqlgen

import (
	"strings"
	"testing"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
)

// FuzzQuote holds that names, constants and types come back from PostgreSQL's own parser as they went in, or are refused.
func FuzzQuote(f *testing.F) {
	for _, seed := range []string{"a", "select", "A b", `a"b`, "o'clock", `\'`, "--", "/*", "é", "", "x\x00", "\xff", "numeric(15,2)", `public."My type"[]`, "text); --", "user", "json"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if name, err := ident(s); err == nil {
			if got := onlyTarget(t, "SELECT 1 AS "+name).GetName(); got != s {
				t.Errorf("name %q came back as %q", s, got)
			}
			ref := onlyTarget(t, "SELECT x."+name).GetVal().GetColumnRef()
			if ref == nil || len(ref.Fields) != 2 || ref.Fields[1].GetString_().GetSval() != s {
				t.Errorf("column %q came back as %v", s, ref)
			}
		}
		if constant, err := literal(s); err == nil {
			if got := onlyTarget(t, "SELECT "+constant).GetVal().GetAConst().GetSval().GetSval(); got != s {
				t.Errorf("constant %q came back as %q", s, got)
			}
		}
		if typ, err := typeName(s); err == nil {
			// Not every name of this form is a type, but it can be nothing else than one.
			if tree, err := pg_query.Parse("SELECT NULL::" + typ); err == nil {
				if len(tree.Stmts) != 1 || tree.Stmts[0].Stmt.GetSelectStmt().TargetList[0].GetResTarget().GetVal().GetTypeCast() == nil {
					t.Errorf("type %q is more than a type", s)
				}
			}
		}
	})
}

// onlyTarget parses a statement that must be one SELECT of one column.
func onlyTarget(t *testing.T, sql string) *pg_query.ResTarget {
	t.Helper()
	tree, err := pg_query.Parse(sql)
	if err != nil {
		t.Fatalf("%v in %s", err, sql)
	}
	if len(tree.Stmts) != 1 || len(tree.Stmts[0].Stmt.GetSelectStmt().GetTargetList()) != 1 {
		t.Fatalf("more than one column or statement in %s", sql)
	}
	return tree.Stmts[0].Stmt.GetSelectStmt().TargetList[0].GetResTarget()
}

// FuzzRule holds that whatever rule is accepted is printed as one SELECT over the one guarded table, with the
// fence where there is a filter.
func FuzzRule(f *testing.F) {
	for _, seed := range []string{
		"a = 1 AND b LIKE '%x' OR @attributeValuesContains('r', b)", "a IN (SELECT x FROM public.u WHERE y IS NULL) AND NOT a IN (1, -2, 3000000000)",
		"CASE WHEN b IS DISTINCT FROM @username THEN a BETWEEN 1 AND 2 ELSE COALESCE(b, 'x') = 'y' END", "c > now() - interval '1 day' AND d::date = '2020-01-01'",
		"lower(b) ~ '^a\\' AND a::text = '--' AND 1.5 < a % 2", "a = ANY (SELECT u.x FROM public.u AS u LEFT JOIN public.t ON t.a = u.x)",
	} {
		f.Add(seed)
	}
	snapshot, err := catalog.New(1, "tpch", []*catalog.Table{
		{Schema: "public", Name: "t", Registered: true, Columns: []catalog.Column{
			{Name: "a", Type: "integer", Category: 'N', Reviewed: true}, {Name: "b", Type: "text", Category: 'S', Reviewed: true},
			{Name: "c", Type: "timestamp with time zone", Category: 'D', Reviewed: true}, {Name: "d", Type: "timestamp without time zone", Category: 'D', Reviewed: true},
		}},
		{Schema: "public", Name: "u", Columns: []catalog.Column{{Name: "x", Type: "integer", Category: 'N'}, {Name: "y", Type: "text", Category: 'S'}}},
	})
	if err != nil {
		f.Fatal(err)
	}
	on := policy.Selector{Tables: []string{"tpch.public.t"}}
	all := policy.SubscriptionPolicy{Name: "all", On: on, Access: policy.AccessRead, Effect: policy.SubscriptionGrant, Allow: policy.Allow{Anyone: true}}
	ann := policy.BindPrincipal(identity.NewPrincipal(identity.Spec{User: "ann'\\", Groups: []string{"g"}, Attributes: map[string][]string{"r": {"'", `\`, "x"}}}))
	f.Fuzz(func(t *testing.T, rule string) {
		program, _, err := policy.Compile(policy.Input{Snapshot: snapshot, Subscriptions: []policy.SubscriptionPolicy{all},
			Data: []policy.DataPolicy{{Name: "r", On: on, Rules: []policy.Rule{{Rows: rule}}}}})
		if err != nil {
			return
		}
		d := program.Decide(ann, []policy.Want{{Table: snapshot.Tables()[0]}})[0]
		view, err := Postgres().View(&d)
		if err != nil {
			t.Fatalf("%v for %q", err, rule)
		}
		checkView(t, view)
	})
}

func checkView(t *testing.T, view View) {
	t.Helper()
	tree, err := pg_query.Parse(view.SQL)
	if err != nil {
		t.Fatalf("%v in %s", err, view.SQL)
	}
	if len(tree.Stmts) != 1 {
		t.Fatalf("%d statements in %s", len(tree.Stmts), view.SQL)
	}
	s := tree.Stmts[0].Stmt.GetSelectStmt()
	if s == nil || len(s.FromClause) != 1 || s.FromClause[0].GetRangeVar().GetRelname() != "t" || s.Op != pg_query.SetOperation_SETOP_NONE {
		t.Fatalf("not a SELECT over one table: %s", view.SQL)
	}
	if fenced := s.LimitOffset != nil; fenced != (view.Fence == FenceOffset0) || fenced != (s.WhereClause != nil) {
		t.Fatalf("filter and fence disagree: %s", view.SQL)
	}
}

// TestKeywordsAreThoseOfTheServer holds our list against that of the server that runs the tests.
func TestKeywordsAreThoseOfTheServer(t *testing.T) {
	rows := fetch(t, connect(t), "SELECT word FROM pg_catalog.pg_get_keywords() WHERE catcode <> 'U'")
	words := strings.Fields(rows)
	if len(words) < 100 {
		t.Fatalf("only %d keywords", len(words))
	}
	for _, w := range words {
		if !keyword(w) {
			t.Errorf("%s is not quoted", w)
		}
	}
}
