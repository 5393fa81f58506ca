package lex_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/posternsql/postern/lex"
)

// show prints tokens so that a table can hold them.
func show(tokens []lex.Token) string {
	kinds := map[lex.Kind]string{lex.Name: "n", lex.Quoted: "q", lex.String: "s", lex.Escaped: "e", lex.Prefixed: "x", lex.Number: "d",
		lex.Parameter: "p", lex.Operator: "o", lex.Sign: "", lex.Temporary: "t"}
	var out []string
	for _, t := range tokens {
		out = append(out, kinds[t.Kind]+"<"+t.Value+">")
	}
	return strings.Join(out, " ")
}

// TestScan holds the places where the two engines differ, and those where they must not.
func TestScan(t *testing.T) {
	for _, c := range []struct{ sql, postgres, redshift string }{
		{`'\'' , ssn FROM secret --'`, `s<\' , ssn FROM secret -->`, `s<'> <,> n<ssn> n<from> n<secret>`},
		{`'x\' OR 1=1 --'`, `s<x\> n<or> d<1> o<=> d<1>`, `s<x' OR 1=1 -->`},
		{`'a\\b'`, `s<a\\b>`, `s<a\b>`},
		{`"SSN" "a""B"`, `q<SSN> q<a"B>`, `q<ssn> q<a"b>`},
		{`E'a\'b' x`, `e<E'a\'b'> n<x>`, `n<e> s<a'b> n<x>`},
		{`U&'a' B'1' X'f' N'a'`, `x<U&'a'> x<B'1'> x<X'f'> n<n> s<a>`, `n<u> o<&> s<a> n<b> s<1> n<x> s<f> n<n> s<a>`},
		{`a #b`, `n<a> o<#> n<b>`, `n<a> t<b>`},
		{`a # b`, `n<a> o<#> n<b>`, `n<a> o<#> n<b>`},
		{`0x1F`, `d<0x1F>`, `!a number with letters behind it`},
		{`1_000`, `d<1_000>`, `!a number with letters behind it`},
		{`1a`, `!a number with letters behind it`, `!a number with letters behind it`},
		{`1.5e-3 .5 1. 1..2`, `d<1.5e-3> d<.5> d<1.> d<1> <..> d<2>`, `d<1.5e-3> d<.5> d<1.> d<1> <..> d<2>`},
		{"a/* x /* y */ z */b -- c\nd", `n<a> n<b> n<d>`, `n<a> n<b> n<d>`},
		{`a /* b`, `!a comment that is not closed`, `!a comment that is not closed`},
		{`$$it's$$ $t$a$$b$t$ $1`, `s<it's> s<a$$b> p<$1>`, `s<it's> s<a$$b> p<$1>`},
		{`a<-1 a=-1 a@-1 a--b`, `n<a> o<<> o<-> d<1> n<a> o<=> o<-> d<1> n<a> o<@-> d<1> n<a>`,
			`n<a> o<<> o<-> d<1> n<a> o<=> o<-> d<1> n<a> o<@-> d<1> n<a>`},
		{`a::int x:=1 f(a => 1)`, `n<a> <::> n<int> n<x> <:=> d<1> n<f> <(> n<a> o<=>> d<1> <)>`,
			`n<a> <::> n<int> n<x> <:=> d<1> n<f> <(> n<a> o<=>> d<1> <)>`},
		{"a\u00a0FROM t", "n<a\u00a0from> n<t>", "n<a\u00a0from> n<t>"},
		{`'abc`, `!a string that is not closed`, `!a string that is not closed`},
		{`"abc`, `!a name that is not closed`, `!a name that is not closed`},
		{`""`, `!a name of no characters`, `!a name of no characters`},
		{`'abc\`, `!a string that is not closed`, `!a string that is not closed`},
		{"`a`", "o<`> n<a> o<`>", "o<`> n<a> o<`>"},
		{`a{b`, `!a character that begins no token`, `!a character that begins no token`},
	} {
		for rules, want := range map[lex.Rules]string{lex.Postgres(): c.postgres, lex.Redshift(): c.redshift} {
			tokens, err := lex.Scan(c.sql, rules)
			got := show(tokens)
			var e *lex.Error
			if errors.As(err, &e) {
				got = "!" + e.What
			}
			if got != want {
				t.Errorf("%v: %s\n got %s\nwant %s", rules, c.sql, got, want)
			}
		}
	}
}

// TestSame holds the gate against what must not pass it, and what must.
func TestSame(t *testing.T) {
	for _, sql := range []string{
		`SELECT "postern_t"."a" AS "b" FROM "public"."t" AS "postern_t" WHERE ("a" = 'it''s' || chr(92)) LIMIT 5`,
		"SELECT 1 AS \"\u00fcber\"", `SELECT CAST('x' AS character varying(20))`, `SELECT $1`, "SELECT 1\nFROM \"t\"", `SELECT 'a -- b /* c'`,
	} {
		if err := lex.Same(sql); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
	for _, sql := range []string{
		`SELECT '\'' , ssn FROM secret --'`, `SELECT 'a\\b'`, `SELECT E'a'`, `SELECT U&'a'`, `SELECT B'1'`, `SELECT N'a'`, `SELECT X'f'`,
		`SELECT "SSN"`, `SELECT "` + strings.Repeat("a", 64) + `"`, `SELECT ` + strings.Repeat("a", 64), "SELECT \"\u00dcber\"", "SELECT a\u00a0FROM t",
		`SELECT 0x1F`, `SELECT 1_000`, `SELECT 1 -- x`, `SELECT 1 /* x */`, `SELECT $$a$$`, `SELECT 'a' 'b'`, "SELECT 'a'\n'b'", `SELECT a #b`, "SELECT\t1",
		"SELECT '\x00'", "SELECT '\xff'", "SELECT \"a\x01\"", `SELECT "a\"`, `SELECT 1 = -1 =-1`,
	} {
		if lex.Same(sql) == nil {
			t.Errorf("passes: %s", sql)
		}
	}
	if _, err := lex.Scan("SELECT 1", lex.Rules{}); err == nil {
		t.Error("the zero value of Rules scans")
	}
	if _, err := lex.Scan(strings.Repeat(" ", lex.MaxBytes+1), lex.Redshift()); err == nil {
		t.Error("a text of any length is scanned")
	}
}

// TestLinear looks for texts that take more than linear time.
func TestLinear(t *testing.T) {
	for _, part := range []string{"'", `"`, "$a", "$", "/*", "--\n", "+-", "#a", "\\'", "a.", "1.", "0x", "$$", "_1"} {
		sql := strings.Repeat(part, 400_000/len(part))
		_, _ = lex.Scan(sql, lex.Postgres())
		_, _ = lex.Scan(sql, lex.Redshift())
		_ = lex.Same(sql)
	}
}

func ExampleSame() {
	fmt.Println(lex.Same(`SELECT 'x\' OR 1=1 --'`))
	// Output: a backslash or a zero byte at byte 9
}
