package lex_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/lex"
)

func seeds() []string {
	return []string{
		`SELECT '\'' , ssn FROM secret --'`, `SELECT "A b" FROM t WHERE a<>'x' AND b!=1`, `$$a$$ $1 $t$x$t$`, `1.5e-3..2 0x1f 1_0`, "a/*b/*c*/d*/e--f\ng",
		`a::int[1:2] := => .. << ||/ !~~* @>-`, "U&'a' e'\\'' b'1' n'x'", `'a' 'b'`, "'a'\n'b'", `"a""b"`, "\u00a0\xff", `SELECT "postern_t"."id" FROM "public"."t" AS "postern_t"`,
		`a #b # c`, `#a`, `- -1`, `a--`, `/*`, "0B0\x10", `B'''0'''`,
	}
}

// scanned is what the parser's own scanner says of a text: the bounds of its tokens, comments left out.
func scanned(t *testing.T, sql string) (bounds [][2]int, ok bool) {
	t.Helper()
	result, err := pg.Scan(sql)
	if err != nil {
		return nil, false
	}
	for _, token := range result.Tokens {
		if token.Token != pg.Token_SQL_COMMENT && token.Token != pg.Token_C_COMMENT {
			bounds = append(bounds, [2]int{int(token.Start), int(token.End)})
		}
	}
	return bounds, true
}

// FuzzPostgres holds the scanner with PostgreSQL's rules against the parser's own: whatever both scan has the same tokens. What this one
// refuses and the parser takes is no danger, since nothing is sent that was not scanned.
func FuzzPostgres(f *testing.F) {
	for _, sql := range seeds() {
		f.Add(sql)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		ours, err := lex.Scan(sql, lex.Postgres())
		if err != nil || !utf8.ValidString(sql) || strings.ContainsRune(sql, 0) {
			return
		}
		theirs, ok := scanned(t, sql)
		if !ok {
			return
		}
		compare(t, sql, ours, theirs)
	})
}

func compare(t *testing.T, sql string, ours []lex.Token, theirs [][2]int) {
	t.Helper()
	j := 0
	for i := 0; i < len(ours); i++ {
		if j >= len(theirs) || ours[i].Start != theirs[j][0] {
			t.Fatalf("%q: token %d begins at %d, the parser's are %v", sql, i, ours[i].Start, theirs)
		}
		// The parser joins strings that a line break parts, and gives them the bounds of all.
		for ours[i].End != theirs[j][1] && i+1 < len(ours) && ours[i+1].Kind == lex.String && ours[i].Kind != lex.Name {
			i++
		}
		if ours[i].End != theirs[j][1] {
			t.Fatalf("%q: token %d ends at %d, the parser's at %d", sql, i, ours[i].End, theirs[j][1])
		}
		j++
	}
	if j != len(theirs) {
		t.Fatalf("%q: %d tokens, the parser has %d", sql, j, len(theirs))
	}
}

// FuzzSame holds what the gate promises: what passes it has the same tokens by both rules, and by the parser's own scanner.
func FuzzSame(f *testing.F) {
	for _, sql := range seeds() {
		f.Add(sql)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		if lex.Same(sql) != nil {
			return
		}
		a, errA := lex.Scan(sql, lex.Postgres())
		b, errB := lex.Scan(sql, lex.Redshift())
		if errA != nil || errB != nil || show(a) != show(b) {
			t.Fatalf("%q passes: %v %v\n%s\n%s", sql, errA, errB, show(a), show(b))
		}
		theirs, ok := scanned(t, sql)
		if !ok {
			return
		}
		compare(t, sql, a, theirs)
		for _, token := range a {
			if strings.Contains(sql[token.Start:token.End], `\`) || token.Kind == lex.Quoted && strings.ToLower(token.Value) != token.Value {
				t.Fatalf("%q passes", sql)
			}
		}
	})
}

// FuzzRedshift holds the scanner with Redshift's rules to its bounds: no panic, tokens in order, and none that reads nothing.
func FuzzRedshift(f *testing.F) {
	for _, sql := range seeds() {
		f.Add(sql)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		tokens, err := lex.Scan(sql, lex.Redshift())
		if err != nil {
			return
		}
		end := 0
		for _, token := range tokens {
			if token.Kind == 0 || token.Start < end || token.End <= token.Start || token.End > len(sql) {
				t.Fatalf("%q: %+v", sql, token)
			}
			end = token.End
		}
	})
}
