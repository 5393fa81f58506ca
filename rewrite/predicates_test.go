package rewrite

import (
	"errors"
	"testing"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/sqlgen"
)

// TestRefusedPredicates: who sees a column masked may show it and nothing else, where its source says so. Who sees it raw, and
// a column whose source does not say so, are not concerned.
func TestRefusedPredicates(t *testing.T) {
	column := func(name string, refused bool) catalog.Column {
		return catalog.Column{Name: name, Type: "text", TypeOID: 25, Category: 'S', Reviewed: true, PredicatesRefused: refused}
	}
	snapshot, err := catalog.New(1, "db", []*catalog.Table{
		{OID: 1, Schema: "public", Name: "people", Kind: catalog.KindTable, Registered: true, Columns: []catalog.Column{column("id", true), column("phone", true), column("mail", false)}},
		{OID: 2, Schema: "public", Name: "calls", Kind: catalog.KindTable, Registered: true, Columns: []catalog.Column{column("phone", false)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	on := policy.Selector{Tables: []string{"db.public.*"}}
	program, _, err := policy.Compile(policy.Input{Version: 1, Snapshot: snapshot,
		Subscriptions: []policy.SubscriptionPolicy{{Name: "all", On: on, Access: policy.AccessRead, Effect: policy.SubscriptionGrant, Allow: policy.Allow{Anyone: true}}},
		Data: []policy.DataPolicy{{Name: "m", On: policy.Selector{Tables: []string{"db.public.people"}}, Rules: []policy.Rule{
			{Mask: &policy.Mask{Columns: []string{"phone", "mail"}, Null: true}, ExceptFor: "isInGroups('care')"}}}}})
	if err != nil {
		t.Fatal(err)
	}
	rw, err := New(Config{Dialect: sqlgen.Postgres()})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(sql string, groups ...string) error {
		_, err := rw.Rewrite(t.Context(), Request{SQL: sql, Program: program, Database: "db", SearchPath: []string{"public"},
			Principal: identity.NewPrincipal(identity.Spec{User: "ann", Groups: groups})})
		return err
	}
	for _, sql := range []string{
		"SELECT phone FROM people", "SELECT * FROM people", "SELECT p.*, c.* FROM people p, calls c", "SELECT phone AS x FROM people ORDER BY x LIMIT 1", "SELECT people.phone FROM people WHERE id = '1'",
		"SELECT id FROM people WHERE mail IS NULL", "SELECT count(*) FROM people", "SELECT id || 'x' FROM people GROUP BY id", "SELECT p.phone FROM people p JOIN calls c ON c.phone = p.id",
		"SELECT phone FROM people WHERE id IN (SELECT id FROM people)",
	} {
		if err := ask(sql); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
	for _, sql := range []string{
		"SELECT id FROM people WHERE phone = '1'", "SELECT id FROM people p WHERE (p).phone = '1'", "SELECT id FROM people WHERE people IS NOT NULL", "SELECT phone IS NULL FROM people", "SELECT CASE WHEN phone = '1' THEN 1 END FROM people",
		"SELECT p.id FROM people p JOIN calls c ON p.phone = c.phone", "SELECT id FROM people JOIN calls USING (phone)", "SELECT * FROM people NATURAL JOIN calls", "SELECT count(*) FROM people GROUP BY id HAVING max(phone) = '1'",
		"SELECT count(*) FILTER (WHERE phone = '1') FROM people", "SELECT count(*) FROM people GROUP BY phone", "SELECT id FROM people ORDER BY phone", "SELECT id, row_number() OVER (ORDER BY phone) FROM people", "SELECT DISTINCT ON (phone) id FROM people",
		"SELECT x FROM (SELECT phone AS x FROM people) s WHERE x = '1'", "SELECT * FROM (SELECT * FROM people) s WHERE phone = '1'", "WITH w AS (SELECT phone FROM people) SELECT * FROM w WHERE phone = '1'",
		"SELECT phone FROM people INTERSECT SELECT '1'", "SELECT 1 WHERE '1' IN (SELECT phone FROM people)", "SELECT id FROM people p WHERE EXISTS (SELECT 1 FROM calls c WHERE c.phone = p.phone)",
		"SELECT id FROM people, LATERAL (SELECT 1 WHERE phone = '1') l", "SELECT id FROM people LIMIT (SELECT count(phone) FROM people)", "SELECT (SELECT phone FROM people LIMIT 1) = '1'",
		"SELECT id FROM people TABLESAMPLE SYSTEM (length((SELECT phone FROM people)))",
	} {
		var told *pgerror.Error
		if err := ask(sql); !errors.As(err, &told) || told.Code != pgerror.CodeInsufficientPrivilege && told.Code != pgerror.CodeFeatureNotSupported {
			t.Errorf("%s: %v", sql, err)
		}
		if err := ask(sql, "care"); err != nil && errors.As(err, &told) && told.Code == pgerror.CodeInsufficientPrivilege {
			t.Errorf("%s, of who sees it raw: %v", sql, err)
		}
	}
}
