package redshift_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/posternsql/postern/internal/rsconform"
	"github.com/posternsql/postern/lex"
	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/rewrite/redshift"
)

// FuzzTranslate holds what must be true of any text: no panic; an error is one for the client; what PostgreSQL's parser gets has the same constants as
// the client's text has by Redshift's rules, and nothing that its own rules read otherwise.
func FuzzTranslate(f *testing.F) {
	for _, sql := range clientTexts(f) {
		f.Add(sql)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		statements, err := redshift.Translate(sql)
		if err != nil {
			var e *pgerror.Error
			if !errors.As(err, &e) {
				t.Fatalf("an error that is not for the client: %v", err)
			}
			return
		}
		client, err := lex.Scan(sql, lex.Redshift())
		if err != nil {
			t.Fatal(err)
		}
		constants := map[string]int{}
		for _, token := range client {
			if token.Kind == lex.String {
				constants[token.Value]++
			}
		}
		for _, st := range statements {
			if st.Unload != nil || st.Show != nil {
				continue
			}
			tokens, err := lex.Scan(st.SQL, lex.Postgres())
			if err != nil {
				t.Fatalf("%q becomes %q: %v", sql, st.SQL, err)
			}
			for i, token := range tokens {
				switch token.Kind {
				case lex.Name, lex.Quoted, lex.Number, lex.Parameter, lex.Operator, lex.Sign:
				case lex.String:
					// Date parts and intervals get their full words, and one form of a driver's its answer.
					derived := i > 0 && (tokens[i-1].Is("interval") || tokens[i-1].Sign("("))
					if constants[token.Value] == 0 && !derived && token.Value != "pg_catalog" {
						t.Fatalf("%q becomes %q, with a constant of its own: %q", sql, st.SQL, token.Value)
					}
				case lex.Escaped, lex.Prefixed, lex.Temporary:
					t.Fatalf("%q becomes %q: a token of kind %d", sql, st.SQL, token.Kind)
				}
			}
		}
	})
}

// FuzzPrint holds what must be true of whatever is printed: both engines split it alike, the checker knows each word of it, and it reads back as itself.
func FuzzPrint(f *testing.F) {
	for _, sql := range clientTexts(f) {
		f.Add(sql)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		n, err := redshift.Parse(sql)
		if err != nil || n == nil {
			return
		}
		query := n.GetSelectStmt() != nil
		out, err := redshift.Print(n)
		if err != nil {
			var e *pgerror.Error
			if !errors.As(err, &e) {
				t.Fatalf("an error that is not for the client: %v", err)
			}
			return
		}
		if err := lex.Same(out); err != nil {
			t.Fatalf("%q is printed as %q: %v", sql, out, err)
		}
		again, err := printOf(out)
		if err != nil || again != out {
			t.Fatalf("%q is printed as %q, and that as %q: %v", sql, out, again, err)
		}
		if !query {
			return
		}
		if err := rsconform.Check(out); err != nil && !unqualified(err) {
			t.Fatalf("%q is printed as %q: %v", sql, out, err)
		}
	})
}

// unqualified is what the checker says of a relation without a schema, as there are where nothing was judged.
func unqualified(err error) bool {
	return strings.HasSuffix(err.Error(), "a relation without its schema") || strings.HasSuffix(err.Error(), "runs on the leader node alone")
}

// FuzzUnload holds what must be true of whatever query is unloaded: by the rules of both engines the string in the statement is exactly the printed query, which by
// itself is split alike by both; the checker, which reads by rules of its own, finds the same query; and what was asked for is asked for still.
func FuzzUnload(f *testing.F) {
	for _, sql := range clientTexts(f) {
		f.Add(sql, "s3://bkt/a/b_", "x|y")
	}
	f.Add(`SELECT 'it''s ''''', '\\', '$$', ''''' AS "''"`, "s3://bkt/a'b", "''")
	f.Fuzz(func(t *testing.T, sql, to, null string) {
		n, err := redshift.Parse(sql)
		if err != nil || n.GetSelectStmt() == nil {
			return
		}
		query, err := redshift.Print(n)
		if err != nil {
			return
		}
		u := &redshift.Unload{To: to, Role: "default", Partition: []string{"a"}, Options: []string{"NULL AS '" + strings.ReplaceAll(null, "'", "''") + "'"}}
		out, err := redshift.PrintUnload(u, query)
		if err != nil {
			var e *pgerror.Error
			if !errors.As(err, &e) {
				t.Fatalf("an error that is not for the client: %v", err)
			}
			return
		}
		if err := lex.Same(out); err != nil {
			t.Fatalf("%q is printed as %q: %v", sql, out, err)
		}
		for _, rules := range []lex.Rules{lex.Postgres(), lex.Redshift()} {
			tokens, err := lex.Scan(out, rules)
			if err != nil || tokens[2].Kind != lex.String || tokens[2].Value != query || tokens[5].Value != to || tokens[len(tokens)-1].Value != null {
				t.Fatalf("%q is printed as %q, which does not hold it: %v", query, out, err)
			}
		}
		statements, err := redshift.Translate(out)
		if err != nil || len(statements) != 1 || statements[0].Unload == nil || statements[0].Unload.Query != query {
			t.Fatalf("%q does not read back: %v", out, err)
		}
		if found, err := rsconform.Unload(out); err == nil && found != query {
			t.Fatalf("the checker finds %q in %q", found, out)
		}
	})
}
