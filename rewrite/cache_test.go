package rewrite

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/policy/expr"
	"github.com/posternsql/postern/sqlgen"
)

// shop is a rewriter whose decisions depend on everything that a key must hold: the program, the person and the table.
func shop(t testing.TB, entries int) (*Rewriter, []*policy.Program) {
	t.Helper()
	var programs []*policy.Program
	for version := range uint64(3) {
		var tables []*catalog.Table
		for _, name := range [][2]string{{"a", "t"}, {"b", "t"}, {"b", "u"}} {
			tables = append(tables, &catalog.Table{Schema: name[0], Name: name[1], Kind: catalog.KindTable, Registered: true,
				Columns: []catalog.Column{{Name: "x", Number: 1, Type: "text"}}})
		}
		snapshot, err := catalog.New(version+1, "db", tables)
		if err != nil {
			t.Fatal(err)
		}
		// Two programs of one version: the key must not take the number for the program.
		program, _, err := policy.Compile(policy.Input{Version: min(version, 1) + 1, Snapshot: snapshot})
		if err != nil {
			t.Fatal(err)
		}
		programs = append(programs, program)
	}
	rw, err := New(Config{Dialect: sqlgen.Postgres(), CacheEntries: entries})
	if err != nil {
		t.Fatal(err)
	}
	rw.views.decide = func(p *policy.Program, who identity.Principal, wants []policy.Want) []policy.Decision {
		out := make([]policy.Decision, len(wants))
		for i, w := range wants {
			// Bob may not see a.t, so that his unqualified t is b.t.
			out[i] = policy.Decision{Table: w.Table, Allowed: who.User() != "bob" || w.Table.Schema != "a"}
			if out[i].Allowed {
				label := fmt.Sprintf("%d/%s/%v/%s", slices.Index(programs, p), who.User(), who.Groups(), w.Table.QualifiedName())
				out[i].Filter = expr.Op{Name: "=", Left: expr.Column{Name: "x", Type: "text"}, Right: expr.Literal{Type: "text", Value: label}}
				out[i].Columns = []policy.ColumnDecision{{Column: w.Table.Columns[0]}}
			}
		}
		return out
	}
	return rw, programs
}

// TestCachedEqualsFresh interleaves programs, people, paths, databases and settings: what comes from a cache is what a rewriter
// that has none would say.
func TestCachedEqualsFresh(t *testing.T) {
	cached, programs := shop(t, 24)
	hits := 0
	rapid.Check(t, func(t *rapid.T) {
		fresh := *cached
		fresh.cache = nil
		var asked []Request
		for range 20 {
			req := Request{
				SQL: rapid.SampledFrom([]string{"SELECT * FROM t", "SELECT x FROM u", "SELECT current_user, current_database()", "SELECT * FROM nosuch",
					"SHOW search_path", "SET search_path = b; SELECT * FROM t", "ROLLBACK; SELECT * FROM t", "SELECT $1", "select * from t",
					"SELECT nspname FROM pg_namespace", "SELECT current_schemas(true)"}).Draw(t, "sql"),
				Program:     rapid.SampledFrom(programs).Draw(t, "program"),
				Principal:   identity.NewPrincipal(identity.Spec{User: rapid.SampledFrom([]string{"ann", "bob"}).Draw(t, "user"), Groups: rapid.SampledFrom([][]string{nil, {"g"}}).Draw(t, "groups")}),
				SearchPath:  rapid.SampledFrom([][]string{nil, {"a"}, {"b"}, {"a", "b"}, {"b", "a"}}).Draw(t, "path"),
				Database:    rapid.SampledFrom([]string{"db", "other"}).Draw(t, "database"),
				Single:      rapid.Bool().Draw(t, "single"),
				PathSettled: rapid.Bool().Draw(t, "settled"),
				ParamTypes:  rapid.SampledFrom([][]uint32{nil, {23}, {25}, {0, 23}}).Draw(t, "params"),
			}
			// Half of the time something is asked again, with what came between.
			if len(asked) > 0 && rapid.Bool().Draw(t, "again") {
				req = rapid.SampledFrom(asked).Draw(t, "request")
			}
			asked = append(asked, req)
			got, gotErr := cached.Rewrite(context.Background(), req)
			// A fresh rewriter has no views either.
			views, err := newViews(fresh.config)
			if err != nil {
				t.Fatal(err)
			}
			views.decide = cached.views.decide
			fresh.views = views
			want, wantErr := fresh.Rewrite(context.Background(), req)
			if fmt.Sprint(gotErr) != fmt.Sprint(wantErr) {
				t.Fatalf("%q: %v, fresh %v", req.SQL, gotErr, wantErr)
			}
			if gotErr != nil {
				continue
			}
			if got.Cached {
				hits++
			}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(Statement{}), cmpopts.IgnoreFields(Result{}, "Cached"), cmpopts.IgnoreFields(policy.Decision{}, "Table"), cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("%q cached differs from fresh:\n%s", req.SQL, diff)
			}
		}
	})
	t.Logf("%d answers came from the cache", hits)
	if hits < 50 {
		t.Error("next to nothing came from the cache: the property was not tested")
	}
}

// A decision that ends takes the answers that rest on it along, a denial too.
func TestCacheEndsWithDecision(t *testing.T) {
	rw, programs := shop(t, 10)
	now := time.Unix(1000, 0)
	rw.cache.now = func() time.Time { return now }
	rw.views.now = rw.cache.now
	allowed := false
	rw.views.decide = func(_ *policy.Program, _ identity.Principal, wants []policy.Want) []policy.Decision {
		w := wants[0]
		d := policy.Decision{Table: w.Table, Allowed: w.Table.Schema == "b" || allowed, ValidUntil: time.Unix(2000, 0)}
		if now.Unix() >= 2000 {
			d.ValidUntil = time.Time{}
		}
		if d.Allowed {
			d.Columns = []policy.ColumnDecision{{Column: w.Table.Columns[0]}}
		}
		return []policy.Decision{d}
	}
	ask := func() (string, bool) {
		result, err := rw.Rewrite(context.Background(), Request{SQL: "SELECT * FROM t", Program: programs[0],
			Principal: identity.NewPrincipal(identity.Spec{User: "ann"}), SearchPath: []string{"a", "b"}})
		if err != nil {
			t.Fatal(err)
		}
		return result.Statements[0].Decisions[0].Table.Schema, result.Cached
	}
	for i, want := range []string{"b false", "b true"} {
		schema, hit := ask()
		if got := fmt.Sprint(schema, " ", hit); got != want {
			t.Errorf("answer %d: %s, want %s", i+1, got, want)
		}
	}
	// The denial of a.t ends: the same text now means another table.
	now, allowed = time.Unix(2000, 0), true
	if schema, hit := ask(); schema != "a" || hit {
		t.Errorf("after the denial ended: %s, cached %v", schema, hit)
	}
}

func TestCacheIsBounded(t *testing.T) {
	rw, programs := shop(t, 1000)
	rw.cache.most = 100_000
	who := identity.NewPrincipal(identity.Spec{User: "ann"})
	for i := range 500 {
		req := Request{SQL: fmt.Sprintf("SELECT %d FROM u", i), Program: programs[0], Principal: who, SearchPath: []string{"b"}}
		if _, err := rw.Rewrite(context.Background(), req); err != nil {
			t.Fatal(err)
		}
	}
	if n, b := rw.cache.entries.Len(), rw.cache.bytes.Load(); n == 0 || b <= 0 || b > 100_000 {
		t.Errorf("%d entries of %d bytes", n, b)
	}
	// A newer program empties it.
	req := Request{SQL: "SELECT 1", Program: programs[1], Principal: who}
	if _, err := rw.Rewrite(context.Background(), req); err != nil {
		t.Fatal(err)
	}
	if n := rw.cache.entries.Len(); n != 1 {
		t.Errorf("%d entries under a new program", n)
	}
}

func TestRewriteRefusesNobody(t *testing.T) {
	rw, programs := shop(t, 10)
	for name, req := range map[string]Request{
		"no program":   {SQL: "SELECT 1", Principal: identity.NewPrincipal(identity.Spec{User: "ann"})},
		"no principal": {SQL: "SELECT 1", Program: programs[0]},
		"zero":         {},
	} {
		if result, err := rw.Rewrite(context.Background(), req); err == nil {
			t.Errorf("%s: let through as %v", name, result.Statements)
		}
	}
}

func BenchmarkCacheHit(b *testing.B) {
	rw, programs := shop(b, 100)
	req := Request{SQL: "SELECT * FROM t WHERE x = 'a' AND x > 'b' ORDER BY 1", Program: programs[0],
		Principal: identity.NewPrincipal(identity.Spec{User: "ann"}), SearchPath: []string{"a", "b"}, Database: "db"}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := rw.Rewrite(context.Background(), req); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCacheMiss(b *testing.B) {
	rw, programs := shop(b, -1)
	req := Request{SQL: "SELECT * FROM t WHERE x = 'a' AND x > 'b' ORDER BY 1", Program: programs[0],
		Principal: identity.NewPrincipal(identity.Spec{User: "ann"}), SearchPath: []string{"a", "b"}, Database: "db"}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := rw.Rewrite(context.Background(), req); err != nil {
			b.Fatal(err)
		}
	}
}
