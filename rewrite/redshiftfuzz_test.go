package rewrite

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/posternsql/postern/internal/rsconform"
	"github.com/posternsql/postern/lex"
	"github.com/posternsql/postern/pgerror"
)

// FuzzRewriteForRedshift holds what must be true of any text for a Redshift: no panic; an error is one for the client; what is sent is split alike by
// both engines and conforms; each governed table stands in it only as its View, with its filter; and it takes no longer than seconds.
func FuzzRewriteForRedshift(f *testing.F) {
	paths, err := filepath.Glob(redshiftCases + "/*.txtar")
	if err != nil || len(paths) == 0 {
		f.Fatal(err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, section := range txtar.Parse(text).Files {
			if section.Name == "query" {
				f.Add(strings.TrimSuffix(string(section.Data), "\n"))
			}
		}
	}
	for _, sql := range deep(12) {
		f.Add(sql)
	}
	h := redshiftHarness(f, damage{})
	h.rw.cache = nil
	f.Fuzz(func(t *testing.T, sql string) {
		start := time.Now()
		result, err := h.onRedshift(sql)
		if took := time.Since(start); took > 5*time.Second {
			t.Fatalf("%d bytes took %s", len(sql), took)
		}
		if err != nil {
			var pe *pgerror.Error
			if !errors.As(err, &pe) {
				t.Fatalf("an error that is not for the client: %v", err)
			}
			return
		}
		for _, st := range result.Statements {
			if st.Kind == KindEmpty {
				continue
			}
			if err := lex.Same(st.SQL); err != nil {
				t.Fatalf("%q sends %q: %v", sql, st.SQL, err)
			}
			if st.Kind == KindSelect {
				if err := rsconform.Check(st.SQL); err != nil {
					t.Fatalf("%q sends %q: %v", sql, st.SQL, err)
				}
			}
			text := st.SQL
			if st.Kind == KindUnload {
				if text, err = rsconform.Unload(st.SQL); err != nil {
					t.Fatalf("%q sends %q: %v", sql, st.SQL, err)
				}
			}
			if problem := bareOnRedshift(text); problem != "" {
				t.Fatalf("%q sends %q: %s", sql, st.SQL, problem)
			}
		}
	})
}

// bareOnRedshift looks at the tokens for a relation with a schema that is no View with its filter.
func bareOnRedshift(sql string) string {
	tokens, err := lex.Scan(sql, lex.Redshift())
	if err != nil {
		return err.Error()
	}
	for i := 0; i+2 < len(tokens); i++ {
		from := tokens[i].Is("from") || tokens[i].Is("join") || tokens[i].Sign(",")
		if !from || tokens[i+1].Kind != lex.Quoted || !tokens[i+2].Sign(".") || i+5 >= len(tokens) || !tokens[i+4].Is("as") || tokens[i+1].Value != "sales" && tokens[i+1].Value != "part" {
			continue
		}
		table, rest := tokens[i+3].Value, sql[tokens[i+5].Start:]
		switch {
		case table == "secret":
			return "a denied table"
		case table == "customer" && strings.HasPrefix(rest, `"c" WHERE ("c"."country" =`):
			// The look-up of the filter of orders.
		case tokens[i+5].Value != "postern_t":
			return "a table that is no View"
		case table == "customer" && !strings.HasPrefix(rest, `"postern_t" WHERE ("postern_t"."country" = CAST('US'`),
			table == "orders" && !strings.HasPrefix(rest, `"postern_t" WHERE ("postern_t"."customer_id" IN (SELECT`):
			return "a View without its filter"
		}
	}
	return ""
}

// TestBareOnRedshift shows the look at tokens what it must see.
func TestBareOnRedshift(t *testing.T) {
	for _, sql := range []string{`SELECT 1 FROM "sales"."secret" AS "postern_t"`, `SELECT 1 FROM "sales"."nation" AS "n"`, `SELECT 1 FROM "sales"."customer" AS "postern_t"`,
		`SELECT 1 FROM "sales"."orders" AS "postern_t" WHERE true`} {
		if bareOnRedshift(sql) == "" {
			t.Errorf("it does not see %s", sql)
		}
	}
}
