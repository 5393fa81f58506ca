package sqlgen_test

// The conformance checker of the texts for Amazon Redshift. It reads what the case files hold and imports nothing of the package that
// prints them, so that the two cannot be wrong together by sharing code.

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// rsToken is one token: kind is one of w (word), q (quoted name), s (string), n (number) and p (punctuation).
type rsToken struct {
	kind byte
	text string
}

// rsLex splits a text into tokens. With escapes, a backslash in a string takes the next character with it, as on Redshift;
// without, it is a character, as for PostgreSQL with standard_conforming_strings.
func rsLex(sql string, escapes bool) ([]rsToken, error) {
	var out []rsToken
	for i := 0; i < len(sql); {
		c := sql[i]
		start := i
		switch {
		case c == ' ':
			i++
			continue
		case c == '\'' || c == '"':
			end, err := rsQuoted(sql, i, escapes && c == '\'')
			if err != nil {
				return nil, err
			}
			i = end
			out = append(out, rsToken{map[byte]byte{'\'': 's', '"': 'q'}[c], sql[start:i]})
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_':
			for i < len(sql) && (sql[i] >= 'a' && sql[i] <= 'z' || sql[i] >= 'A' && sql[i] <= 'Z' || sql[i] == '_' || sql[i] >= '0' && sql[i] <= '9') {
				i++
			}
			out = append(out, rsToken{'w', sql[start:i]})
		case c >= '0' && c <= '9':
			for i < len(sql) && (sql[i] >= '0' && sql[i] <= '9' || sql[i] == '.') {
				i++
			}
			out = append(out, rsToken{'n', sql[start:i]})
		default:
			for _, p := range []string{"||", "<>", "<=", ">="} {
				if strings.HasPrefix(sql[i:], p) {
					i++
					break
				}
			}
			i++
			out = append(out, rsToken{'p', sql[start:i]})
		}
	}
	return out, nil
}

// rsQuoted is the end of what is in quotes at i.
func rsQuoted(sql string, i int, escapes bool) (int, error) {
	quote := sql[i]
	for i++; i < len(sql); i++ {
		switch {
		case escapes && sql[i] == '\\':
			i++
		case sql[i] == quote && i+1 < len(sql) && sql[i+1] == quote:
			i++
		case sql[i] == quote:
			return i + 1, nil
		}
	}
	return 0, errors.New("a quote is not closed")
}

func rsWords(list string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(list) {
		out[w] = true
	}
	return out
}

// The closed lists: each function stands in the Database Developer Guide as one that runs on the compute nodes.
func rsKeywords() map[string]bool {
	return rsWords(`SELECT FROM AS WHERE AND OR NOT IN IS NULL CASE WHEN THEN ELSE END CAST JOIN LEFT CROSS ON LIKE ILIKE OVER PARTITION BY true false`)
}

func rsFunctions() map[string]bool {
	return rsWords(`getdate dateadd datediff timezone date_trunc extract regexp_replace round trunc abs ceil floor lower upper btrim ltrim rtrim
		char_length octet_length reverse md5 strpos translate replace left right substring lpad rpad repeat split_part chr count`)
}

func rsParts() map[string]bool {
	return rsWords("second minute hour day week month quarter year dow doy")
}

func rsKeyed() map[string]bool { return rsWords("keyed_hash keyed_draw protect format_preserving") }

var (
	rsTypes = regexp.MustCompile(`^(smallint|integer|bigint|real|double precision|boolean|date|super|time(stamp)? with(out)? time zone|` +
		`numeric \( ([0-9]+) , ([0-9]+) \)|(character varying|character|varbyte) \( ([0-9]+) \)) \)`)
	rsName = regexp.MustCompile(`^"(?:[^"\\]|"")+"$`)
)

// rsConforms checks one text.
func rsConforms(sql string) error {
	standard, err := rsLex(sql, false)
	if err != nil {
		return err
	}
	escaped, err := rsLex(sql, true)
	if err != nil {
		return fmt.Errorf("with backslashes as escapes: %w", err)
	}
	if !slices.Equal(standard, escaped) {
		return errors.New("the text lexes otherwise where backslashes are escapes")
	}
	if strings.ContainsAny(sql, "\\\x00") || len(sql) > 16<<20 {
		return errors.New("a backslash, a zero byte, or too long")
	}
	for i, t := range standard {
		if err := rsToken1(standard, i); err != nil {
			return fmt.Errorf("at token %d, %s: %w", i, t.text, err)
		}
	}
	return nil
}

func rsToken1(tokens []rsToken, i int) error {
	at := func(j int) string {
		if j < 0 || j >= len(tokens) {
			return ""
		}
		return tokens[j].text
	}
	t := tokens[i]
	called := at(i+1) == "("
	switch t.kind {
	case 'q':
		switch {
		case !rsName.MatchString(t.text), t.text != strings.ToLower(t.text), len(strings.ReplaceAll(t.text, `""`, `"`))-2 > 63:
			return errors.New("a name that is not folded, or too long")
		case called && (at(i-1) != "." || at(i-2) != `"postern_functions"` || !rsKeyed()[strings.Trim(t.text, `"`)]):
			return errors.New("a function that is not one of postern_functions")
		}
	case 's':
		if strings.ContainsRune("eEbBxXnN&", rune((" " + at(i-1))[len(at(i-1))])) && tokens[i-1].kind == 'w' && len(at(i-1)) == 1 {
			return errors.New("a string with a prefix")
		}
	case 'w':
		return rsWord(tokens, i, at, called)
	case 'p':
		if !slices.Contains([]string{"(", ")", ",", ".", "=", "<>", "<", "<=", ">", ">=", "||", "+", "-", "*", "/", "%", "~"}, t.text) ||
			t.text == "-" && at(i+1) == "-" || t.text == "/" && at(i+1) == "*" {
			return errors.New("punctuation that is not allowed")
		}
	}
	return nil
}

func rsWord(tokens []rsToken, i int, at func(int) string, called bool) error {
	word := tokens[i].text
	switch {
	case word == "AS" && tokens[i+1].kind == 'w':
		return rsType(tokens[i+1:])
	case rsInType(tokens, i):
		return nil
	case called && rsFunctions()[word]:
		return nil
	case rsKeywords()[word] && !(called && rsFunctions()[strings.ToLower(word)]):
		return nil
	case rsParts()[word] && at(i-1) == "(" && rsWords("dateadd datediff extract")[at(i-2)]:
		return nil
	}
	return errors.New("a word that is not on the list")
}

// rsType checks the type of a cast, up to its bracket.
func rsType(tokens []rsToken) error {
	words := make([]string, 0, 8)
	for _, t := range tokens[:min(len(tokens), 8)] {
		words = append(words, t.text)
	}
	m := rsTypes.FindStringSubmatch(strings.Join(words, " "))
	if m == nil {
		return fmt.Errorf("the type %v", words)
	}
	precision, _ := strconv.Atoi(m[4])
	scale, _ := strconv.Atoi(m[5])
	length, _ := strconv.Atoi(m[7])
	if precision > 38 || scale > precision || length > 65535 || m[6] != "" && length < 1 {
		return fmt.Errorf("the modifiers of %s", m[1])
	}
	return nil
}

// rsInType reports whether a word belongs to the type behind an AS, which was checked there.
func rsInType(tokens []rsToken, i int) bool {
	for i--; i >= 0 && tokens[i].kind == 'w'; i-- {
		if tokens[i].text == "AS" {
			return true
		}
	}
	return false
}

const rsCases = "../testdata/cases"

// TestRedshiftTextConforms checks every text for Redshift that the case files hold, and that there are as many as there were.
func TestRedshiftTextConforms(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(rsCases, "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	texts, printed, refused, neither := 0, 0, 0, 0
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		has, no := false, false
		for _, f := range archive.Files {
			no = no || f.Name == "redshift.refused"
			if !strings.HasSuffix(f.Name, ".redshift.sql") {
				continue
			}
			has = true
			for _, sql := range strings.Split(strings.TrimSuffix(string(f.Data), "\n"), "\n") {
				texts++
				if err := rsConforms(sql); err != nil {
					t.Errorf("%s, %s: %v in\n%s", filepath.Base(path), f.Name, err, sql)
				}
			}
		}
		switch {
		case has && no:
			t.Errorf("%s is both printed and refused", path)
		case has:
			printed++
		case no:
			refused++
		default:
			neither++ // refused for every warehouse, or nobody sees anything
		}
	}
	t.Logf("%d texts of %d cases, %d cases that Redshift refuses, %d of which nothing is printed anywhere", texts, printed, refused, neither)
	floor, err := os.ReadFile(filepath.Join(rsCases, "redshift.count"))
	if err != nil {
		t.Fatal(err)
	}
	least, err := strconv.Atoi(strings.TrimSpace(string(floor)))
	if err != nil {
		t.Fatal(err)
	}
	if texts < least {
		t.Errorf("%d texts are fewer than the %d of testdata/cases/redshift.count", texts, least)
	}
}

// TestRedshiftCheckerSees feeds the checker what it must refuse.
func TestRedshiftCheckerSees(t *testing.T) {
	if err := rsConforms(`SELECT CAST("postern_t"."a" AS numeric(18,2)) AS "a" FROM "public"."t" AS "postern_t" WHERE ("postern_t"."b" IN ('x', 'it''s'))`); err != nil {
		t.Error(err)
	}
	for _, sql := range []string{
		`SELECT '\'' , ssn FROM secret --'`, `SELECT 'a\\b'`, `SELECT E'a'`, `SELECT "A" FROM "t"`, `SELECT a FROM "t"`, `SELECT "a"::text FROM "t"`,
		`SELECT "a" FROM "t" OFFSET 0`, `SELECT now()`, `SELECT pg_catalog.now()`, `SELECT ("a" OPERATOR(pg_catalog.=) 1)`, `SELECT (ARRAY[1])[1]`,
		`SELECT count(*) FILTER (WHERE true)`, `SELECT DISTINCT ON ("a") "a"`, `SELECT CAST("a" AS text)`, `SELECT CAST("a" AS numeric)`, `SELECT CAST("a" AS numeric(39,0))`,
		`SELECT CAST("a" AS character varying)`, `SELECT CAST("a" AS character varying(65536))`, `SELECT "pg_catalog"."now"()`, `SELECT "postern_functions"."reveal"('a')`,
		`SELECT 1; SELECT 2`, `SELECT 1 -- x`, `SELECT 1 /* x */`, `SELECT "a" FROM "t", LATERAL "x"`, `SELECT $$x$$`, `SELECT current_schema()`, `SELECT 'a`, `SELECT width_bucket(1, 2)`,
		`SELECT date_trunc(day, "x")`, `SELECT day FROM "t"`, "SELECT 1\n", `SELECT (1 IS DISTINCT FROM 2)`,
	} {
		if rsConforms(sql) == nil {
			t.Errorf("the checker lets pass: %s", sql)
		}
	}
}
