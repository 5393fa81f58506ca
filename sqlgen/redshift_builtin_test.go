package sqlgen

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/policy/expr"
)

// sqlVectors are those of tokenize/testdata, which were computed by something that knows neither Go nor SQL.
type sqlVectors struct {
	Key, Domain, Inner, Outer string
	Values                    []struct {
		Value, Hash string
		Draw        int64
	}
}

func readSQLVectors(t *testing.T) (out sqlVectors) {
	t.Helper()
	data, err := os.ReadFile("../tokenize/testdata/sqlkeys.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	if key, err := hex.DecodeString(out.Key); err != nil || len(key) != 32 || len(out.Values) < 10 {
		t.Fatalf("%d values", len(out.Values))
	}
	return out
}

// keys has one key, in a table as registration makes it, for each token domain that tests use. They are made on the PostgreSQL beneath.
func (f fakeRedshift) keys(t *testing.T, conn *pgconn.PgConn) {
	t.Helper()
	v := readSQLVectors(t)
	run(t, conn, "CREATE TABLE postern_functions.mask_keys (domain varchar(63) NOT NULL, version integer NOT NULL, inner_key varchar(64) NOT NULL, outer_key varchar(64) NOT NULL)")
	run(t, conn, "GRANT USAGE ON SCHEMA postern_functions TO PUBLIC; GRANT SELECT ON postern_functions.mask_keys TO PUBLIC")
	run(t, conn, fmt.Sprintf("INSERT INTO postern_functions.mask_keys VALUES ('%s', 1, '%s', '%s')", v.Domain, v.Inner, v.Outer))
	run(t, conn, "INSERT INTO postern_functions.mask_keys SELECT domain, 1, inner_key, outer_key FROM (SELECT domain FROM postern_functions.keys WHERE domain <> 'default') AS k, (SELECT inner_key, outer_key FROM postern_functions.mask_keys) AS d")
}

// builtinOnRedshift prints the case as it is where masks are built in, if that makes a difference. What is stored shows what is bound.
func (c *caseFile) builtinOnRedshift(t *testing.T, conn *pgconn.PgConn, program *policy.Program, got map[string]string) {
	t.Helper()
	keyed, refused := false, map[string]bool{}
	look := func(e expr.Expr) {
		_, is := e.(expr.Keyed)
		keyed = keyed || is
	}
	for _, sample := range program.Samples() {
		expr.Walk(sample.Filter, look)
		for _, column := range sample.Columns {
			expr.Walk(column.Mask, look)
		}
		if err := RedshiftBuiltin().Check(&sample); err != nil {
			refused[err.Error()+"\n"] = true
		}
	}
	if !keyed {
		return
	}
	if len(refused) > 0 {
		got["redshift.builtin.refused"] = strings.Join(slices.Sorted(maps.Keys(refused)), "")
		return
	}
	f := newFake(t, conn)
	f.keys(t, conn)
	stored := c.builtinStored(t, program, got)
	for _, p := range c.people {
		var sql strings.Builder
		f.profile(t, program, p.principal(), c.now)
		for _, s := range c.sources {
			d := c.decide(t, program, policy.BindPrincipal(p.principal()), s)
			if !d.Allowed {
				continue
			}
			view, err := RedshiftBuiltin().View(&d)
			if err != nil {
				t.Fatal(err)
			}
			readsAlike(t, view.SQL)
			sql.WriteString(view.SQL + "\n")
			bound := f.read(t, c.clocked(view.SQL))
			if text := stored[s.Name]; text != "" {
				if again := f.read(t, c.clocked(text)); !slices.Equal(bound, again) {
					t.Errorf("%s reads of %s, with masks that are built in,\n%s\nand in what is stored\n%s", p.Name, s.Name, strings.Join(bound, "\n"), strings.Join(again, "\n"))
				}
			}
		}
		got[p.Name+".redshift.builtin.sql"] = sql.String()
	}
	run(t, conn, "DROP SCHEMA postern_system CASCADE; DROP TABLE postern_functions.mask_keys")
}

func (c *caseFile) builtinStored(t *testing.T, program *policy.Program, got map[string]string) map[string]string {
	t.Helper()
	out := map[string]string{}
	if program.Deferrable() != nil {
		return out
	}
	var texts strings.Builder
	for _, s := range c.sources {
		if d := c.decide(t, program, policy.BindDeferred(), s); d.Allowed {
			if view, err := RedshiftBuiltin().StoredView(&d); err == nil {
				storedReadsAlike(t, view.SQL)
				out[s.Name] = view.SQL
				texts.WriteString(view.SQL + "\n")
			}
		}
	}
	got["redshift.builtin.stored.sql"] = texts.String()
	return out
}

// builtinWorld is a table of the vectors' values on the stand-in, with a program of rules on it.
func builtinWorld(t *testing.T, rules ...policy.Rule) (conn *pgconn.PgConn, f fakeRedshift, program *policy.Program, table *catalog.Table) {
	t.Helper()
	v := readSQLVectors(t)
	conn = connect(t)
	run(t, conn, registration(t))
	run(t, conn, "CREATE TABLE public.v (id integer NOT NULL PRIMARY KEY, w varchar(200), yes boolean)")
	for i, value := range v.Values {
		run(t, conn, fmt.Sprintf("INSERT INTO public.v VALUES (%d, '%s', true)", i, strings.ReplaceAll(value.Value, "'", "''")))
	}
	run(t, conn, "INSERT INTO public.v VALUES (1000, NULL, NULL)")
	c := &caseFile{sources: []caseSource{{Name: "public.v"}}}
	snapshot := redshiftSnapshot(t, c.crawl(t, conn))
	on := policy.Selector{Tables: []string{"tpch.public.v"}}
	program, _, err := policy.Compile(policy.Input{
		Version: 1, Snapshot: snapshot,
		Subscriptions: []policy.SubscriptionPolicy{{Name: "all", On: on, Access: policy.AccessRead, Effect: policy.SubscriptionGrant, Allow: policy.Allow{Anyone: true}}},
		Data:          []policy.DataPolicy{{Name: "p", On: on, Rules: rules}},
	})
	if err != nil {
		t.Fatal(err)
	}
	table, _ = program.Snapshot().Table("public", "v")
	f = newFake(t, conn)
	f.keys(t, conn)
	return conn, f, program, table
}

// texts are the bound and the stored view of one person, whose profile is set.
func (f fakeRedshift) builtinTexts(t *testing.T, program *policy.Program, table *catalog.Table) (bound, stored string) {
	t.Helper()
	who := identity.NewPrincipal(identity.Spec{User: "ann"})
	f.profile(t, program, who, deferredNow())
	wants := []policy.Want{{Table: table}}
	d := program.Decide(policy.BindPrincipal(who), wants)[0]
	view, err := RedshiftBuiltin().View(&d)
	if err != nil {
		t.Fatal(err)
	}
	d = program.Decide(policy.BindDeferred(), wants)[0]
	kept, err := RedshiftBuiltin().StoredView(&d)
	if err != nil {
		t.Fatal(err)
	}
	return view.SQL, kept.SQL
}

// TestRedshiftBuiltinVectors: hashes and draws by built-in SQL are those of the shared vectors, in what the proxy sends and in what is stored.
func TestRedshiftBuiltinVectors(t *testing.T) {
	v := readSQLVectors(t)
	_, f, program, table := builtinWorld(t, policy.Rule{Mask: &policy.Mask{Columns: []string{"w"}, Hash: &policy.HashMask{}}})
	bound, stored := f.builtinTexts(t, program, table)
	var want []string
	for i, value := range v.Values {
		want = append(want, fmt.Sprintf(`|"%d"false|%q%t|"t"false`, i, value.Hash, false))
	}
	want = append(want, `|"1000"false|""true|""true`)
	slices.Sort(want)
	for how, sql := range map[string]string{"bound": bound, "stored": stored} {
		readsAlike(t, sql)
		if got := f.read(t, sql); !slices.Equal(got, want) {
			t.Errorf("%s: %s\nand not\n%s", how, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if strings.Contains(sql, v.Inner) || strings.Contains(sql, v.Outer) {
			t.Errorf("%s: the key is in the text", how)
		}
	}
	for _, value := range v.Values {
		sql, err := RedshiftBuiltin().Expr(expr.Keyed{Func: expr.KeyedDraw, Domain: v.Domain, Arg: expr.Literal{Type: "text", Value: value.Value}})
		if err != nil {
			t.Fatal(err)
		}
		got := f.read(t, "SELECT "+sql+` AS "d" FROM (SELECT inner_key, outer_key FROM postern_functions.mask_keys WHERE domain = 'default') AS "postern_k1"`)
		if want := fmt.Sprintf(`|"%d"false`, value.Draw); !slices.Equal(got, []string{want}) {
			t.Errorf("the draw of %q is %v and not %s", value.Value, got, want)
		}
	}
	t.Logf("%d values, hashed by 2 texts and drawn, 0 differing", len(v.Values))
}

// TestRedshiftBuiltinWithoutKey: who has no key sees nothing, nor who has two.
func TestRedshiftBuiltinWithoutKey(t *testing.T) {
	conn, f, program, table := builtinWorld(t,
		policy.Rule{Mask: &policy.Mask{Columns: []string{"yes"}, Randomized: &policy.RandomizedMask{Values: []string{"true", "false"}, Percent: 30}}})
	bound, stored := f.builtinTexts(t, program, table)
	for _, step := range []struct {
		sql  string
		rows bool
	}{{"SELECT 1", true}, {"INSERT INTO postern_functions.mask_keys SELECT * FROM postern_functions.mask_keys WHERE domain = 'default'", false}, {"DELETE FROM postern_functions.mask_keys WHERE domain = 'default'", false}} {
		run(t, conn, step.sql)
		for _, sql := range []string{bound, stored} {
			if got := len(f.read(t, sql)); (got > 0) != step.rows {
				t.Errorf("after %s: %d rows of\n%s", step.sql, got, sql)
			}
		}
	}
}

// TestRedshiftBuiltinRefuses names what needs the Lambda.
func TestRedshiftBuiltinRefuses(t *testing.T) {
	_, _, program, table := builtinWorld(t, policy.Rule{Mask: &policy.Mask{Columns: []string{"w"}, Reversible: &policy.ReversibleMask{}}})
	d := program.Decide(policy.BindPrincipal(identity.NewPrincipal(identity.Spec{User: "ann"})), []policy.Want{{Table: table}})[0]
	if err := RedshiftBuiltin().Check(&d); err == nil || !strings.Contains(err.Error(), "masks: builtin") {
		t.Errorf("%v", err)
	}
	if err := Redshift().Check(&d); err != nil {
		t.Error(err)
	}
	_, _, program, table = builtinWorld(t, policy.Rule{Mask: &policy.Mask{Columns: []string{"w"}, Hash: &policy.HashMask{}}})
	d = program.Decide(policy.BindDeferred(), []policy.Want{{Table: table}})[0]
	if err := RedshiftBuiltin().CheckStored(&d); err != nil {
		t.Error(err)
	}
	outside := *d.Table
	outside.Kind = catalog.KindForeignTable
	d.Table = &outside
	if err := RedshiftBuiltin().CheckStored(&d); err == nil || !strings.Contains(err.Error(), "a key in a view over an external table") {
		t.Errorf("%v", err)
	}
	_, err := RedshiftBuiltin().Expr(expr.Keyed{Func: expr.KeyedFormatPreserving, Domain: "default", Alphabet: "0123456789", Arg: expr.Literal{Type: "text", Value: "x"}})
	if err == nil || !strings.Contains(err.Error(), "masks: builtin") {
		t.Errorf("%v", err)
	}
}
