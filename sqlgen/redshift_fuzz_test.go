package sqlgen_test

import (
	"errors"
	"math/rand/v2"
	"regexp"
	"regexp/syntax"
	"strings"
	"testing"

	"github.com/posternsql/postern/policy/expr"
	"github.com/posternsql/postern/sqlgen"
)

// FuzzRedshiftConstant holds that a constant of anybody's making is text that both rules for backslashes read alike, and as that
// constant.
func FuzzRedshiftConstant(f *testing.F) {
	for _, s := range []string{"", `'`, `\`, `\'`, `'\'' , ssn FROM secret --`, `\\' OR 1=1 --`, "a\nb", "é", "$$x$$", `"`, `/*`, strings.Repeat(`\'`, 50)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		sql, err := sqlgen.Redshift().Expr(expr.Literal{Type: "text", Value: s})
		if err != nil {
			return
		}
		if err := rsConforms(sql); err != nil {
			t.Fatalf("%q: %v in %s", s, err, sql)
		}
		tokens, err := rsLex(sql, true)
		if err != nil {
			t.Fatal(err)
		}
		if got := rsValue(tokens); got != s {
			t.Errorf("%q reads %q by %s", s, got, sql)
		}
	})
}

// rsValue is what the tokens of strings and chr(92) put together.
func rsValue(tokens []rsToken) string {
	var b strings.Builder
	for _, t := range tokens {
		switch {
		case t.kind == 's':
			b.WriteString(strings.ReplaceAll(t.text[1:len(t.text)-1], "''", "'"))
		case t.kind == 'n':
			b.WriteByte('\\')
		}
	}
	return b.String()
}

// FuzzRedshiftName does the same for names.
func FuzzRedshiftName(f *testing.F) {
	for _, s := range []string{"a", "A", `"`, `\`, "select", "größe", "Größe", `a" FROM x --`, "", strings.Repeat(`"`, 63)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		sql, err := sqlgen.Redshift().Expr(expr.Column{Name: s, Type: "integer"})
		if err != nil {
			return
		}
		if err := rsConforms(sql); err != nil {
			t.Errorf("%q: %v in %s", s, err, sql)
		}
	})
}

// TestRedshiftPatternsReadAlike holds that for every pattern that is printed the first match and the longest are the same, so that it does
// not matter which of the two Redshift takes.
func TestRedshiftPatternsReadAlike(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(from ...string) string { return from[random.IntN(len(from))] }
	printed := 0
	for range 20_000 {
		pattern := ""
		for range 1 + random.IntN(5) {
			pattern += pick("a", "b", "[ab]", "[^a]", `\.`, "(", ")", "|", ".") + pick("", "", "*", "+", "?", "{2}", "{1,2}", "{0,1}")
		}
		if _, err := syntax.Parse(pattern, syntax.Perl); err != nil {
			continue
		}
		text := expr.Literal{Type: "text", Value: "x"}
		sql, err := sqlgen.Redshift().Expr(expr.Call{Func: expr.Name{Schema: "pg_catalog", Name: "regexp_replace"}, Args: []expr.Expr{
			text, expr.Literal{Type: "text", Value: pattern}, text, expr.Literal{Type: "text", Value: "g"},
		}})
		if err != nil {
			continue
		}
		if err := errors.Join(rsConforms(sql)); err != nil {
			t.Fatal(err)
		}
		printed++
		first, longest := regexp.MustCompile(pattern), regexp.MustCompile(pattern)
		longest.Longest()
		for range 20 {
			subject := ""
			for range random.IntN(9) {
				subject += pick("a", "b", "c", ".")
			}
			if a, b := first.ReplaceAllString(subject, "x"), longest.ReplaceAllString(subject, "x"); a != b {
				t.Fatalf("%s over %s: the first match gives %s, the longest %s", pattern, subject, a, b)
			}
		}
	}
	t.Logf("%d patterns printed", printed)
	if printed < 2_000 {
		t.Error("too few")
	}
}
